#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee classify with a Python script as the model, in all hosts. $METACALL_STANDIN is the library that plays MetaCall.
load common

SCRIPTS=$SOURCE_DIR/tests/python/scripts

setup() {
    enter_folder
    command -v python3 >/dev/null || skip 'no python3'
    export CUVEE_METACALL_LIBRARY=$METACALL_STANDIN
    printf 'one\ntwo\n\nthree\n' > f.txt
}

# A Python without a shared library can only be a process.
hosts() {
    if [ "$("$CUVEE" doctor --json | jq -r .python.auto_host)" = embed ]; then
        echo embed process metacall
    else
        echo process
    fi
}

@test "plain python and all hosts give the same bytes" {
    cat > plain.py <<EOF
import json, sys
sys.path.insert(0, "$SCRIPTS")
import shapes
texts = open("f.txt").read().split("\n")[:-1]
for i, r in enumerate(shapes.process_batch(texts)):
    print(json.dumps({"index": i, "text": texts[i], **r}, separators=(",", ":")))
EOF
    python3 plain.py > plain.jsonl
    for host in $(hosts); do
        cuvee classify -q f.txt -m "$SCRIPTS/shapes.py" --python-host "$host" -o "$host.jsonl"
        expect_status 0
        cmp plain.jsonl "$host.jsonl"
    done
}

@test "the shipped reviews through a script, each once and in order" {
    for host in $(hosts); do
        cuvee classify "$SOURCE_DIR/examples/wine-reviews.csv" --column description --no-text \
            -m "$SOURCE_DIR/examples/python/standard_library.py" --python-host "$host" -o "$host.csv"
        expect_status 0
        expect_stderr "$host, Python 3"
        [ "$(tail -n +2 "$host.csv" | cut -d, -f1 | tr '\n' ' ')" = "$(seq -s' ' 0 999) " ]
    done
    for host in $(hosts); do
        cmp "$host.csv" process.csv
    done
}

@test "further keys join the row, or stand beside input columns" {
    printf '{"text":"extra","chars":"mine"}\n{"text":"wine"}\n' > in.jsonl
    cuvee classify -q in.jsonl -m "$SCRIPTS/shapes.py" --no-text
    expect_status 0
    [ "$(jq -c '[.index, .chars, .t]' <<<"${lines[1]}")" = '[1,4,"wi"]' ]
    cuvee classify -q in.jsonl -m "$SCRIPTS/shapes.py" --no-text --keep-columns
    expect_status 0
    [ "$(jq -c '[.chars, .extra.chars]' <<<"${lines[0]}")" = '["mine",5]' ]
    cuvee classify -q in.jsonl -m "$SCRIPTS/shapes.py" --no-text --format csv
    expect_status 0
    [ "${lines[0]}" = 'index,label,score,extra,error' ]
    expect_output '"{""chars"": 4, ""t"": ""wi""}"'
}

@test "all scores of a script" {
    printf 'all\nwine\n' > all.txt
    cuvee classify -q all.txt -m "$SCRIPTS/shapes.py" --top-k all
    expect_status 0
    [ "$(jq -c '[.scores[].label] | sort' <<<"${lines[1]}")" = '["no","yes"]' ]
    [ "$(jq -c '.scores[0].score == .score' <<<"${lines[1]}")" = true ]
}

@test "an exception is an error of its rows, with the traceback told once" {
    printf 'raise\nb\n' > f.txt
    for host in $(hosts); do
        cuvee classify f.txt -m "$SCRIPTS/faults.py" --python-host "$host"
        expect_status 1
        [ "$(grep -c '"error":"line [12]: ValueError: no wine today"' <<<"$output")" -eq 2 ]
        expect_stderr 'Traceback (most recent call last):'
        [ "$(grep -c Traceback <<<"$stderr")" -eq 1 ]
    done
}

@test "a silent [] drops nothing" {
    printf 'empty\nb\n' > f.txt
    cuvee classify -q f.txt -m "$SCRIPTS/faults.py"
    expect_status 1
    [ "$(grep -c 'process_batch returned 0 results for 2 texts' <<<"$output")" -eq 2 ]
}

@test "print is no data" {
    printf 'print\n' > f.txt
    for host in $(hosts); do
        cuvee classify f.txt -m "$SCRIPTS/faults.py" --python-host "$host"
        expect_status 0
        expect_stderr 'not data'
        expect_no_output 'not data'
    done
}

@test "a deadline ends a loop" {
    printf 'loop\n' > f.txt
    for host in $(hosts); do
        cuvee classify -q f.txt -m "$SCRIPTS/faults.py" --python-host "$host" --deadline 0.3
        expect_status 1
        expect_output '"error":"line 1: '
    done
}

@test "a text that kills workers fails alone" {
    printf 'a\nabort\nb\n' > f.txt
    cuvee classify -q f.txt -m "$SCRIPTS/crashes.py" --python-host process
    expect_status 1
    [ "$(grep -c '"label":"pid"' <<<"$output")" -eq 2 ]
    expect_output '"error":"line 2: the worker process was ended by signal 6"'
}

@test "what does not load says why" {
    cuvee classify f.txt -m "$SCRIPTS/import_error.py"
    expect_status 4
    expect_stderr "ModuleNotFoundError: No module named 'a_package_that_nobody_has' (import_error.py, line 2)"
    cuvee classify f.txt -m missing.py
    expect_status 4
    expect_stderr 'missing.py'
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python /no/such/python
    expect_status 4
    expect_stderr '/no/such/python'
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --precision int8
    expect_status 2
}

@test "MetaCall: where it is missing, and what does not load in it" {
    export CUVEE_METACALL_LIBRARY=/no/libmetacall.so
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python-host metacall
    expect_status 4
    expect_stderr 'MetaCall is not found (/no/libmetacall.so: '
    expect_stderr 'install it (https://github.com/metacall/install)'
    expect_stderr CUVEE_METACALL_LIBRARY
    # Without being asked for it is never taken.
    cuvee classify -q f.txt -m "$SCRIPTS/shapes.py"
    expect_status 0
    export CUVEE_METACALL_LIBRARY=$METACALL_STANDIN
    [[ $(hosts) == *metacall* ]] || skip 'this Python cannot be embedded'
    cuvee classify f.txt -m "$SCRIPTS/import_error.py" --python-host metacall
    expect_status 4
    expect_stderr "No module named 'a_package_that_nobody_has' (import_error.py, line 2)"
    cuvee info "$SCRIPTS/shapes.py" --python-host metacall --json
    [ "$(jq -r .python_host <<<"$output")" = metacall ]
}

@test "doctor shows the Python hosts" {
    cuvee doctor
    expect_status 0
    expect_output "python      $(python3 -c 'import sys; print(sys.executable)'), 3."
    expect_output "metacall    $METACALL_STANDIN"
    expect_output 'scripts     --python-host auto takes '
    export CUVEE_METACALL_LIBRARY=/no/libmetacall.so
    cuvee doctor --json
    expect_status 0
    [ "$(jq -c '.python | [.metacall, .trouble]' <<<"$output")" = '[null,null]' ]
    [[ $(jq -r .python.metacall_trouble <<<"$output") == 'MetaCall is not found'* ]]
    mkdir empty
    run --separate-stderr env -u VIRTUAL_ENV PATH="$PWD/empty" "$CUVEE" doctor
    expect_status 0
    expect_output 'python      none: python3: '
}

@test "recycled workers: new ones, the same results" {
    seq 40 > f.txt
    cat > pids.py <<EOF
import os


def process_batch(texts):
    return [{"label": "x", "pid": os.getpid()} for _ in texts]
EOF
    cuvee classify -q f.txt -m pids.py --python-host process --max-batch 10 --recycle-calls 1 --no-text
    expect_status 0
    [ "$(jq -c .index <<<"$output" | tr '\n' ' ')" = "$(seq -s' ' 0 39) " ]
    [ "$(jq .pid <<<"$output" | uniq | wc -l)" -ge 4 ]
    cuvee classify -q f.txt -m pids.py --python-host process --max-batch 10 --recycle-mb 1 --no-text
    [ "$(jq .pid <<<"$output" | uniq | wc -l)" -ge 4 ]
    cuvee classify -q f.txt -m pids.py --python-host process --max-batch 10 --recycle-mb 100000 --no-text
    [ "$(jq .pid <<<"$output" | uniq | wc -l)" -eq 1 ]
    cuvee classify -q f.txt -m pids.py --recycle-calls 0
    expect_status 2
}

@test "the whole program takes little more memory than a bare Python with the same script" {
    [ -r /proc/self/smaps_rollup ] || skip 'this kernel does not tell the PSS'
    ! grep -q __asan_init "$CUVEE" || skip 'a sanitizer takes more'
    echo one > f.txt
    bare=$(PYTHONPATH=$SCRIPTS python3 -Bc 'import pss; print(pss.process_batch("a")[0][1])')
    for host in $(hosts); do
        [ $host != metacall ] || continue # its stand-in is no measure
        cuvee classify -q f.txt -m "$SCRIPTS/pss.py" --python-host "$host"
        expect_status 0
        more=$(($(jq .score <<<"$output") - bare))
        # 2 and 3 MB were seen; what else runs here makes a difference.
        [ $more -lt 8192 ] || fail "$host: $more kB more than $bare"
    done
}

@test "marks for cuvee measure: a line for each phase" {
    for host in $(hosts); do
        mkfifo marks
        cat marks > said &
        exec 9> marks
        MEASURE_FD=9 "$CUVEE" classify -q f.txt -m "$SCRIPTS/shapes.py" --python-host "$host" -o out.jsonl
        exec 9>&-
        wait $!
        [ "$(tr '\n' ' ' < said)" = 'runtime-ready script-imported model-loaded first-result ' ]
        rm marks
    done
}

@test "marks go to a pipe alone, and not to what took its number" {
    for host in $(hosts); do
        MEASURE_FD=9 "$CUVEE" classify -q f.txt -m "$SCRIPTS/shapes.py" --python-host "$host" 9> file > out.jsonl
        [ ! -s file ]
        # Closed, so that the number may become that of anything we open.
        mkfifo fifo
        for fd in 5 6 7 8 9; do
            cat fifo > "again$fd.jsonl" &
            MEASURE_FD=$fd "$CUVEE" classify -q f.txt -m "$SCRIPTS/shapes.py" --python-host "$host" -o fifo \
                5>&- 6>&- 7>&- 8>&- 9>&-
            wait $!
            cmp out.jsonl "again$fd.jsonl"
        done
        rm fifo
    done
}

@test "arguments of the script, and info about it" {
    cuvee classify -q f.txt -m "$SCRIPTS/lifecycle.py" --script-args '--threshold 0.5' --no-text
    expect_status 0
    [ "$(jq -c .args <<<"${lines[0]}")" = '["--threshold","0.5"]' ]
    cuvee info "$SCRIPTS/shapes.py"
    expect_status 0
    expect_output 'labels      no, yes'
    expect_output '64 texts a call, 1 call at a time'
    cuvee info "$SCRIPTS/shapes.py" --json
    [ "$(jq -c '[.labels, .max_batch, .info.model]' <<<"$output")" = '[["no","yes"],64,"hash"]' ]
    cuvee tokenize f.txt -m "$SCRIPTS/shapes.py"
    [ "$status" -ne 0 ]
}

@test "labels that come up on the way" {
    seq 100 > f.txt
    cuvee classify f.txt -m "$SCRIPTS/lifecycle.py" --max-batch 10 --no-text --format json -o out.json
    expect_status 0
    # Ten rows a call at most; how many come together is a matter of timing.
    [ "$(jq -c '.metadata | [([.label_counts[]] | add), ([.label_counts[]] | max), .python_host != null]' \
        out.json)" = '[100,10,true]' ]
    cuvee classify -q f.txt -m "$SCRIPTS/lifecycle.py" --top-k all --format csv
    expect_status 5
    expect_stderr 'CSV columns of scores must be known at the start'
}

# interrupted OPTION...: classify, and Ctrl-C once the script says that it is stuck.
interrupted() {
    cat > run.py <<EOF
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # bats runs us with it ignored
p = subprocess.Popen(["$CUVEE", "classify", "f.txt"] + sys.argv[1:], stderr=subprocess.PIPE, text=True)
while "stuck now" not in p.stderr.readline():
    pass
p.send_signal(signal.SIGINT)
try:
    sys.exit(p.wait(timeout=60))
finally:
    p.kill()
EOF
    run python3 run.py "$@"
}

@test "Ctrl-C ends a script that is stuck" {
    for host in $(hosts); do
        interrupted -m "$SCRIPTS/stuck.py" --python-host "$host"
        [ "$status" -eq 130 ]
    done
}

@test "Ctrl-C ends a script that does not get ready, and leaves nothing behind" {
    for host in $(hosts); do
        for arg in import warmup; do
            interrupted -m "$SCRIPTS/loads_forever.py" --python-host "$host" --script-args $arg -o out.jsonl \
                --metrics metrics.json
            [ "$status" -eq 130 ] || fail "$host, $arg"
            [ "$(echo *)" = 'f.txt run.py' ]
        done
    done
}

@test "standard input is for rows: a script finds it empty" {
    for host in $(hosts); do
        seq 20000 | "$CUVEE" classify -q - -m "$SCRIPTS/reads_stdin.py" --python-host "$host" --no-text -o out.jsonl
        [ "$(jq -r .label out.jsonl | sort | uniq -c | tr -s ' ')" = ' 20000 nothing' ]
        # Also where it comes second.
        seq 10 | "$CUVEE" classify -q f.txt - -m "$SCRIPTS/reads_stdin.py" --python-host "$host" --no-text -o out.jsonl
        [ "$(jq -r .label out.jsonl | sort | uniq -c | tr -s ' ')" = ' 14 nothing' ]
    done
}

@test "modules of the current folder are not taken for Python's own" {
    for name in json struct mmap os sysconfig ctypes; do
        echo 'raise SystemExit("not this one")' > $name.py
    done
    for host in $(hosts); do
        cuvee classify -q f.txt -m "$SCRIPTS/shapes.py" --python-host "$host"
        expect_status 0
        expect_no_stderr 'not this one'
    done
}

@test "in a program that is Python: its own one joins, another one is a process" {
    local library=${CUVEE%/*}/libcuvee.so
    [ -e "$library" ] || skip 'no shared library'
    ! grep -q __asan_init "$CUVEE" || skip 'this Python knows nothing of sanitizers'
    [[ $(hosts) == *embed* ]] || skip 'this Python cannot be embedded'
    cat > says.py <<EOF
import os, sys
LABELS = [sys.prefix, str(os.getpid())]
def process_batch(texts): return texts
print("loaded")
EOF
    cat > program.py <<EOF
import ctypes, os, sys
cuvee = ctypes.CDLL("$library")
cuvee.cuvee_model_label.restype = ctypes.c_char_p
cuvee.cuvee_model_label.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
stdout, model = sys.stdout, ctypes.c_void_p()
assert cuvee.cuvee_model_open(b"says.py", None, ctypes.byref(model), None) == 0
assert sys.stdout is stdout
prefix, pid = (cuvee.cuvee_model_label(model, i).decode() for i in range(2))
print("mine" if pid == str(os.getpid()) else "another", prefix)
cuvee.cuvee_model_close(model)
EOF
    run --separate-stderr env -u VIRTUAL_ENV python3 program.py
    expect_output "$(printf 'loaded\nmine %s' "$(python3 -c 'import sys; print(sys.prefix)')")"
    python3 -m venv --without-pip venv
    run --separate-stderr env VIRTUAL_ENV="$PWD/venv" "$(python3 -c 'import sys; print(sys.executable)')" program.py
    [ "$output" = "another $PWD/venv" ] || fail 'not in a process of the venv'
}
