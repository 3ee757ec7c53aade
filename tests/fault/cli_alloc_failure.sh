#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cli_alloc_failure.sh CUVEE FAILING_MALLOC.so MAKE_TINY_MODEL [STEP]
# `cuvee classify` with its N-th allocation failing (alone, then with all later ones), N = 1, 1 + STEP, ...,
# until a run meets no failure. A run must end by itself with one of the documented exit codes; a code other
# than 0 or 1 has a message on stderr and leaves no output file; code 0 gives the same bytes as ever.
set -eu
cuvee=$1 preload=$2 make_tiny_model=$3 step=${4:-1}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$make_tiny_model" "$tmp/model"
cat >"$tmp/in.csv" <<'END'
id,text,other
1,"Ripe, red and ""lovely""",x
2,,y
3,"a wine
of two lines, long and sour",z
END
export CUVEE_MODEL="$tmp/model" CUVEE_CACHE_MAX=0
status=0

# run N AFTER: leaves its exit code in $code, and in $tmp/hit a byte if a failure was met.
run() {
    rm -f "$tmp/out.csv" "$tmp/out.csv.partial"
    code=0
    FAULT_AT=$1 FAULT_AFTER=$2 FAULT_FD=9 LD_PRELOAD=$preload timeout 20 "$cuvee" classify \
        "$tmp/in.csv" --threads 2 --top-k all --keep-columns -o "$tmp/out.csv" \
        9>"$tmp/hit" >"$tmp/stdout" 2>"$tmp/stderr" || code=$?
}

complain() {
    echo "allocation $n${after_words}: $1; repeat: FAULT_AT=$n FAULT_AFTER=$after LD_PRELOAD=$preload" \
        "CUVEE_MODEL=<tiny model> $cuvee classify <in.csv> --threads 2 --top-k all --keep-columns -o <out.csv>"
    sed 's/^/    stderr: /' "$tmp/stderr" | head -n 5
    status=1
}

run 0 0
[ "$code" -eq 0 ] || { echo "without a failure: exit code $code"; cat "$tmp/stderr"; exit 1; }
cp "$tmp/out.csv" "$tmp/reference.csv"

for after in 0 1; do
    after_words=
    [ "$after" -eq 0 ] || after_words=' and later'
    n=1
    while :; do
        run "$n" "$after"
        case $code in
        0) cmp -s "$tmp/out.csv" "$tmp/reference.csv" || complain "exit code 0, but other output" ;;
        1) ;; # error rows: out of memory for some texts; the file is whole
        3 | 4 | 5)
            [ -s "$tmp/stderr" ] || complain "exit code $code without a message"
            [ ! -e "$tmp/out.csv" ] || complain "exit code $code, but there is an output file"
            ;;
        124) complain "hangs" ;;
        *) complain "exit code $code" ;;
        esac
        [ -s "$tmp/hit" ] || break
        n=$((n + step))
    done
    [ "$code" -eq 0 ] || complain "no failure was met, but exit code $code"
    [ "$n" -gt 1 ] || { echo "no allocation was seen: $preload does not work"; status=1; }
    echo "cuvee classify: about $n allocations, each failed$after_words"
done
exit $status
