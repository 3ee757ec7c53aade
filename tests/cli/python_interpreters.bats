#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Interpreters that cannot be embedded, or not be used at all: each says so, and `auto` takes what works. They are the
# real python3, but tell something else of themselves.
load common

SCRIPTS=$SOURCE_DIR/tests/python/scripts

setup() {
    enter_folder
    command -v python3 >/dev/null || skip 'no python3'
    real=$(python3 -c 'import sys; print(sys.executable)')
    printf 'one\ntwo\n' > f.txt
    mkdir bin
}

# answers SED-SCRIPT: bin/python3 answers as python3 does, changed by the script.
answers() {
    cat > bin/python3 <<EOF
#!/bin/sh
"$real" "\$@" | sed '$1'
EOF
    chmod +x bin/python3
}

# expect_process WHY: embed says why not; auto takes the process host, and it works.
expect_process() {
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3 --python-host embed
    expect_status 4
    expect_stderr "cannot be embedded: $1"
    [ -z "$output" ]
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3
    expect_status 0
    expect_stderr 'process, Python 3'
    [ "${#lines[@]}" -eq 2 ]
    run --separate-stderr env -u VIRTUAL_ENV PATH="$PWD/bin:$PATH" "$CUVEE" doctor
    expect_output "--python-host auto takes process"
    expect_output "$1"
}

@test "3.8 cannot be embedded" {
    answers 's/"version": "3\.[0-9.]*"/"version": "3.8.20"/; s/"minor": [0-9]*/"minor": 8/'
    expect_process 'Python 3.9 or later can be embedded'
}

@test "without a shared library" {
    answers 's/"library": "[^"]*"/"library": ""/'
    expect_process 'it has no shared library'
}

@test "a shared library that is gone" {
    answers 's/"library": "[^"]*"/"library": "\/no\/libpython3.so"/'
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3 --python-host embed
    expect_status 4
    expect_stderr '/no/libpython3.so'
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3
    expect_status 0
    expect_stderr 'process, Python 3'
}

@test "a build without the GIL" {
    answers 's/"free_threaded": false/"free_threaded": true/'
    expect_process 'a build without the GIL'
}

@test "too old, or no CPython" {
    answers 's/"version": "3\.[0-9.]*"/"version": "3.7.16"/; s/"minor": [0-9]*/"minor": 7/'
    for host in auto embed process; do
        cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3 --python-host $host
        expect_status 4
        expect_stderr 'bin/python3 is Python 3.7.16; scripts need 3.8 or later'
        [ -z "$output" ]
    done
    answers 's/"cpython"/"pypy"/'
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3
    expect_status 4
    expect_stderr 'bin/python3 is pypy, not CPython'
}

@test "no Python at all: says nothing, nonsense, too much, ends, is killed" {
    for does in ':' 'echo cuvee-interpreter:' 'printf "\ncuvee-interpreter:{\n"' 'yes cuvee-interpreter' 'exit 3' \
        'kill -9 $$'; do
        printf '#!/bin/sh\n%s\n' "$does" > bin/python3
        chmod +x bin/python3
        for host in auto process; do
            cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python bin/python3 --python-host $host
            expect_status 4
            expect_stderr bin/python3
            [ -z "$output" ]
        done
    done
}

@test "os.abort() embedded ends the program, and leaves no output that looks whole" {
    printf 'a\nabort\nb\n' > f.txt
    "$CUVEE" doctor --json | jq -e '.python.auto_host == "embed"' >/dev/null || skip 'this Python cannot be embedded'
    run bash -c '"$0" classify -q f.txt -m "$1" --python-host embed -o out.jsonl --max-batch 1 2>/dev/null' \
        "$CUVEE" "$SCRIPTS/crashes.py"
    [ "$status" -eq 134 ]
    [ ! -e out.jsonl ]
}
