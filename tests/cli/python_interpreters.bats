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

# A real one: $CUVEE_TEST_FREE_THREADED, or by its usual names.
find_free_threaded() {
    local name
    for name in "${CUVEE_TEST_FREE_THREADED:-}" python3.{13..19}t "$HOME"/.pyenv/versions/*t/bin/python3; do
        free_threaded=$(command -v "$name") && [ "$("$free_threaded" -c \
            'import sysconfig; print(sysconfig.get_config_var("Py_GIL_DISABLED"))')" = 1 ] && return
    done
    return 1
}

@test "a build without the GIL, a real one" {
    find_free_threaded || skip 'none is here; CUVEE_TEST_FREE_THREADED names one'
    cuvee classify -q f.txt -m "$SCRIPTS/shapes.py" --python "$real"
    local want=$output
    cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python "$free_threaded" --python-host embed
    expect_status 4
    expect_stderr 'cannot be embedded: a build without the GIL'
    [ -z "$output" ]
    for host in auto process; do
        cuvee classify f.txt -m "$SCRIPTS/shapes.py" --python "$free_threaded" --python-host $host
        expect_status 0
        expect_stderr 'process, Python 3'
        [ "$output" = "$want" ]
        cuvee classify -q f.txt -m "$SCRIPTS/lifecycle.py" --python "$free_threaded" --python-host $host --max-batch 1
        expect_status 0
        [ "$(jq .score <<<"${lines[1]}")" = 1 ]
    done
    # MetaCall has a Python of its own, with the GIL.
    CUVEE_METACALL_LIBRARY=$METACALL_STANDIN cuvee classify f.txt -m "$SCRIPTS/shapes.py" \
        --python "$free_threaded" --python-host metacall
    expect_status 4
    [[ $stderr == *'packages of'*'do not fit'* || $stderr == *'does not start'* ]] || fail 'why not?'
}

@test "a program that is a Python without the GIL is not joined" {
    local library=${CUVEE%/*}/libcuvee.so
    find_free_threaded || skip 'none is here; CUVEE_TEST_FREE_THREADED names one'
    [ -e "$library" ] || skip 'no shared library'
    ! grep -q __asan_init "$CUVEE" || skip 'this Python knows nothing of sanitizers'
    cat > says.py <<EOF
import os
LABELS = [str(os.getpid())]
def process_batch(texts): return texts
EOF
    # What is chosen is the ordinary one.
    run --separate-stderr env -u VIRTUAL_ENV PATH="${real%/*}:$PATH" "$free_threaded" - <<EOF
import ctypes, os
cuvee = ctypes.CDLL("$library")
cuvee.cuvee_model_label.restype = ctypes.c_char_p
cuvee.cuvee_model_label.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
model = ctypes.c_void_p()
assert cuvee.cuvee_model_open(b"says.py", None, ctypes.byref(model), None) == 0
print("joined" if cuvee.cuvee_model_label(model, 0).decode() == str(os.getpid()) else "a process")
cuvee.cuvee_model_close(model)
EOF
    [ "$output" = 'a process' ] || fail 'joined'
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
