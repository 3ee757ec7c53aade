#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# installed_tree.sh CMAKE BUILD_DIR CC: what `cmake --install` gives is enough for a stranger. Programs
# are built against it with pkg-config and with find_package, shared and static, and label two texts
# with the installed model. The tree is moved once: nothing in it may depend on where it was put.
set -eu
export CUVEE_CACHE_MAX=0
cmake=$1 build=$2 cc=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset CUVEE_MODEL

fail() {
    echo "installed_tree: $*" >&2
    exit 1
}

"$cmake" --install "$build" --prefix "$tmp/first" >"$tmp/log" ||
    { cat "$tmp/log"; fail "no install"; }
tree=$tmp/tree
mv "$tmp/first" "$tree"
lib=$(dirname "$(find "$tree" -name libcuvee.so)")

for file in include/cuvee/cuvee.h bin/cuvee share/cuvee/models/sentiment-en/model.safetensors \
    share/cuvee/models/sentiment-en/config.json share/cuvee/models/sentiment-en/tokenizer.json \
    share/cuvee/arms/arm.py share/cuvee/arms/onnx_graph.py share/cuvee/arms/openvino_graph.py \
    share/cuvee/arms/oracle-requirements.txt \
    share/cuvee/plans/story.json share/cuvee/plans/quick.json; do
    [ -f "$tree/$file" ] || fail "$file is not installed"
done
for page in "$root"/docs/man/*.1; do
    [ ! -f "$page" ] || [ -f "$tree/share/man/man1/${page##*/}" ] || fail "$page is not installed"
done
for place in bash:bash-completion/completions/cuvee zsh:zsh/site-functions/_cuvee \
    fish:fish/vendor_completions.d/cuvee.fish; do
    [ ! -f "$root/completions/cuvee.${place%%:*}" ] || [ -f "$tree/share/${place#*:}" ] ||
        fail "the completion for ${place%%:*} is not installed"
done
soname=$(readelf -d "$lib/libcuvee.so" | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
[ "$soname" = libcuvee.so.0 ] || fail "soname is $soname"
[ -e "$lib/$soname" ] || fail "$soname is not installed"
[ "$(find "$tree" -name '*.h' | wc -l)" = 1 ] || fail "more than the public header is installed"
! grep -rqF -e "$root" -e "$build" "$lib/cmake" "$lib/pkgconfig" ||
    fail "a path of the build tree is in the CMake package or cuvee.pc"

# labels PROGRAM...: it gives a good and a bad review their labels
labels() {
    out=$("$@" "$tree/share/cuvee/models/sentiment-en" "Ripe, long and lovely." "Thin and sour.") ||
        fail "$1 failed"
    [ "$(printf '%s\n' "$out" | cut -f1 | tr '\n' ' ')" = "POSITIVE NEGATIVE " ] ||
        fail "$1 printed: $out"
}
# dependencies PROGRAM: names of shared libraries
dependencies() {
    readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\].*/\1/p'
}

PKG_CONFIG_PATH=$lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
example=$root/examples/c/classify.c
# shellcheck disable=SC2046 # flags are words
"$cc" -Wall -Wextra -Werror -o "$tmp/shared" "$example" $(pkg-config --cflags --libs cuvee)
dependencies "$tmp/shared" | grep -q '^libcuvee.so.0$' || fail "the program lacks libcuvee.so.0"
! dependencies "$tmp/shared" | grep -q jansson || fail "the shared library lets jansson through"
LD_LIBRARY_PATH=$lib labels "$tmp/shared"

# shellcheck disable=SC2046
"$cc" -static -o "$tmp/static" "$example" $(pkg-config --static --cflags --libs cuvee)
[ -z "$(dependencies "$tmp/static")" ] || fail "the static program needs shared libraries"
labels "$tmp/static"

# The example in the header's first comment, as it stands there.
{
    printf '#include <stdio.h>\n#include <cuvee/cuvee.h>\nint main(void)\n{\n'
    sed -n 's/^ \*     //p; / \*\/$/q' "$tree/include/cuvee/cuvee.h" |
        sed -n '/^cuvee_model \*/,$p'
    printf '}\n'
} >"$tmp/example.c"
# shellcheck disable=SC2046
"$cc" -Wall -Wno-unused-result -Werror -o "$tmp/example" "$tmp/example.c" \
    $(pkg-config --cflags --libs cuvee) || { cat "$tmp/example.c"; fail "the header's example"; }
(cd "$tree/share/cuvee" && mkdir example && mv models example &&
    cd example && LD_LIBRARY_PATH=$lib "$tmp/example") >"$tmp/example.out"
mv "$tree/share/cuvee/example/models" "$tree/share/cuvee/models"
grep -q '^POSITIVE 0\.9' "$tmp/example.out" ||
    fail "the header's example printed: $(cat "$tmp/example.out")"

mkdir "$tmp/project"
cat >"$tmp/project/CMakeLists.txt" <<'PROJECT'
cmake_minimum_required(VERSION 3.25)
project(stranger C)
find_package(cuvee 0.1 REQUIRED COMPONENTS shared static)
foreach(kind cuvee shared static)
  add_executable(with_${kind} ${EXAMPLE})
  target_link_libraries(with_${kind} PRIVATE cuvee::${kind})
endforeach()
PROJECT
"$cmake" -G Ninja -S "$tmp/project" -B "$tmp/project/build" -DCMAKE_PREFIX_PATH="$tree" \
    -DEXAMPLE="$example" -DCMAKE_C_COMPILER="$cc" >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "find_package"; }
"$cmake" --build "$tmp/project/build" >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "its build"; }
for kind in cuvee shared static; do labels "$tmp/project/build/with_$kind"; done
dependencies "$tmp/project/build/with_cuvee" | grep -q '^libcuvee.so.0$' || fail "cuvee::cuvee"
! dependencies "$tmp/project/build/with_static" | grep -q cuvee || fail "cuvee::static is shared"

# The program finds the model that was installed with it.
printf 'Ripe, long and lovely.\n' | "$tree/bin/cuvee" classify --quiet >"$tmp/labels" &&
    grep -q '"label": *"POSITIVE"' "$tmp/labels" ||
    fail "bin/cuvee does not find its model"
"$tree/bin/cuvee" --version >"$tmp/version"
grep -q "$(pkg-config --modversion cuvee)" "$tmp/version" || fail "versions differ"
# So does an experiment its plan, arms, texts and library.
if command -v python3 >/dev/null; then
    (cd "$tmp" && "$tree/bin/cuvee" bench --quick --limit 3 --arms python-ctypes,native-f32 --wait 0 -q -o "$tmp/results") ||
        fail "bench --quick"
    [ "$(grep -c '"status": *"ok"' "$tmp/results/results.json")" -ge 2 ] || fail "bench --quick: an arm failed"
    sh "$tree/share/cuvee/arms/make-venv" --dry-run "$tmp/venv" | grep -q torch== || fail "make-venv finds no list"
fi
echo "installed tree: ok"
