#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_checks.sh [CC]: every rule of scripts/check-* is broken once in a small tree, and must be found at its
# line; the tree without the fault must pass.
set -eu
cc=${1:-cc}
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
spdx='/* SPDX-License-Identifier: Apache-2.0 */'
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# A tree that breaks nothing.
fresh_tree() {
    rm -rf "$tmp/tree"
    mkdir -p "$tmp/tree/src/base" "$tmp/tree/src/os" "$tmp/tree/src/model" "$tmp/tree/cli" \
        "$tmp/tree/include/cuvee" "$tmp/tree/docs" "$tmp/tree/scripts"
    cd "$tmp/tree"
    printf '%s\n' "$spdx" '#include "base/a.h"' '#include <string.h>' \
        'const char *url = "https://x.test/*";' "char quote = '\"', slash = '/';" \
        '/* free(x) // malloc(y) in a comment; é counts once */' >src/base/a.c
    printf '%s\n' "$spdx" '#include "os/b.h"' '#include <unistd.h>' >src/os/b.c
    printf '%s\n' "$spdx" '#include "weights/w.h"' '#include "text/t.h"' >src/model/m.c
    printf '%s\n' "$spdx" '#include "own.h"' '#include "table/t.h"' >cli/c.c
    printf '%s\n' "$spdx" '/* Say yes.' ' * Returns  1.        Threads  any.        Since 0.1 */' \
        'CUVEE_API int cuvee_yes(void);' '' '/* Say no.' ' * Returns  0.' \
        ' * Threads  any.        Since 0.1 */' 'CUVEE_API int' 'cuvee_no(void);' \
        >include/cuvee/cuvee.h
    printf '%s\n' '# comment' 'cuvee_no   since 0.1' 'cuvee_yes  since 0.1' >docs/SYMBOLS
    printf '%s\n' '#!/bin/sh' '# SPDX-License-Identifier: Apache-2.0' 'true' >scripts/ok
}

# finds CHECK AT WORDS: the check fails and prints AT followed by a line with WORDS.
finds() {
    check=$1 at=$2 words=$3
    if out=$("$scripts/check-$check" "$tmp/tree" 2>&1); then
        fail "check-$check passes over: $words"
    elif ! printf '%s\n' "$out" | grep -F "$at: " | grep -F "; fix: " | grep -qF "$words"; then
        fail "check-$check does not say '$at: ... $words', but: $out"
    fi
}

# breaks CHECK FILE WORDS LINE...: with the lines at its end, FILE fails at the last of them.
breaks() {
    check=$1 file=$2 words=$3
    shift 3
    fresh_tree
    [ -f "$file" ] || { mkdir -p "$(dirname "$file")" && echo "$spdx" >"$file"; }
    printf '%s\n' "$@" >>"$file"
    finds "$check" "$file:$(wc -l <"$file")" "$words"
}

fresh_tree
for check in layers style; do
    out=$("$scripts/check-$check" "$tmp/tree" 2>&1) || fail "check-$check refuses a good tree: $out"
done

breaks layers src/base/a.c 'base/ must not see os/' '#include "os/b.h"'
breaks layers src/text/t.c 'text/ must not see weights/' '#include "weights/w.h"'
breaks layers src/kernels/ref/k.c 'kernels/ must not see text/' '#include "text/t.h"'
breaks layers src/model/m.c 'model/ must not see pool/' '  #  include "pool/p.h"'
breaks layers src/table/t.c 'table/ must not see model/' '#include "model/m.h"'
breaks layers cli/c.c 'cli/ must not see api/' '#include "api/a.h"'
breaks layers bench/b.c 'bench/ must not see pool/' '#include "pool/p.h"'
breaks layers src/model/m.c 'include without a folder' '#include "m.h"'
breaks layers src/model/m.c 'climbs' '#include "../base/a.h"'
breaks layers src/model/m.c '<sys/mman.h>' '#include <sys/mman.h>'
breaks layers src/pool/p.c '<pthread.h>' '#include <pthread.h>'
fresh_tree
mkdir src/soup
echo "$spdx" >src/soup/s.c
finds layers src/soup/s.c:1 'folder soup/ has no level'

tab=$(printf '\t')
hundred=$(printf '%0100d' 0)
breaks style src/base/a.c '// comment' 'int x; // note'
breaks style src/base/a.c '// comment' '/* a */ int y; /* b */ // note'
breaks style src/base/a.c 'tab' "${tab}int x;"
breaks style scripts/ok 'tab' "${tab}true"
breaks style src/base/a.c 'white space' 'int x; '
breaks style docs/a.md 'white space' "$spdx" 'text '
breaks style src/base/a.c '101 columns' "/*é$(printf '%096d' 0)*/"
breaks style src/base/a.c '104 columns' "/*$hundred*/"
for name in strcpy strcat sprintf strtok atoi gets gmtime localtime rand signal alloca; do
    breaks style src/base/a.c "banned function $name()" "x = $name (y);"
    breaks style tests/t.c "banned function $name()" "x = ($name(y));"
done
for name in malloc calloc realloc free; do
    breaks style src/base/a.c "$name() outside base/alloc.c" "x = $name(y);"
    breaks style cli/c.c "$name() outside base/alloc.c" "x = $name(y);"
done
breaks style cli/c.c 'getenv() outside base/env.c' 'x = getenv("HOME");'
breaks style src/base/a.c 'unfinished work' "/* TO""DO: later */"
breaks style scripts/ok 'unfinished work' "# FIX""ME"
breaks style src/base/a.c 'absolute path' "/* see /ho""me/me/notes */"
breaks style include/cuvee/cuvee.h 'without Returns' '' '/* Threads any. */' 'CUVEE_API int cuvee_x(void);'
breaks style include/cuvee/cuvee.h 'without Threads' '' '/* Returns 1. */' 'CUVEE_API int cuvee_x(void);'
breaks style include/cuvee/cuvee.h 'without Returns' '' 'CUVEE_API int cuvee_x(void);'

fresh_tree
echo 'int x;' >src/base/b.c
finds style src/base/b.c:1 'no SPDX'
fresh_tree
printf '#!/bin/sh\ntrue\n' >scripts/bare
finds style scripts/bare:1 'no SPDX'
fresh_tree
{ echo 'void f(void)'; echo '{'; yes '    g();' | head -n 149; echo '}'; } >>src/base/a.c
finds style src/base/a.c:8 'function of 151 lines'
fresh_tree
yes 'int x;' | head -n 1000 >>src/base/a.c
finds style src/base/a.c:1006 'file of 1006 lines'

# Libraries: as they should be, then with one fault each.
libraries() {
    "$cc" -c -fPIC -o "$tmp/l.o" -x c - && ar rcs "$tmp/l.a" "$tmp/l.o" && rm "$tmp/l.o"
    "$cc" -shared -o "$tmp/l.so" -Wl,--whole-archive "$tmp/l.a" -Wl,--no-whole-archive
}
symbols() { "$scripts/check-symbols" "$tmp/l.a" "$tmp/l.so" "$tmp/tree" 2>&1; }
symbols_find() {
    if out=$(symbols); then
        fail "check-symbols passes over: $1"
    elif ! printf '%s\n' "$out" | grep -F "; fix: " | grep -qF "$1"; then
        fail "check-symbols does not say '$1', but: $out"
    fi
    rm -f "$tmp/l.a"
}
good='int cuvee_yes(void); int cuvee_no(void); int cuvee_yes(void) { return 1; } int cuvee_no(void) { return 0; }
__attribute__((visibility("hidden"))) int cuvee__inner; static int own(void) { return 2; } int (*cuvee__p)(void) __attribute__((visibility("hidden"))) = own;'
fresh_tree
echo "$good" | libraries
out=$(symbols) || fail "check-symbols refuses good libraries: $out"
echo 'cuvee_maybe  since 0.1' >>docs/SYMBOLS
symbols_find 'cuvee_maybe is listed but not exported'
fresh_tree
echo "$good int cuvee_more;" | libraries
symbols_find 'cuvee_more is exported by'
echo "$good __attribute__((visibility(\"hidden\"))) int helper;" | libraries
symbols_find 'exports helper'
echo "$good" | libraries
sed -i 's/no   since 0.1/no   since 0.2/' docs/SYMBOLS
symbols_find 'cuvee_no 0.2 is listed but not so in cuvee.h'
echo "$good" | libraries
fresh_tree
printf '%s\n' '/* Since 0.2 */' 'CUVEE_API int cuvee_late(void);' >>include/cuvee/cuvee.h
symbols_find 'cuvee_late 0.2 is so in cuvee.h but not listed'

[ "$failures" -eq 0 ] && echo "every rule was seen failing"
exit "$((failures > 0))"
