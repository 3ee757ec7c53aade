#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Ctrl-C and SIGTERM. A shell script starts its jobs with SIGINT ignored, which the program respects:
# env gives it back.
load common

setup() {
    enter_folder
    env --default-signal=INT true 2>/dev/null || skip 'env lacks --default-signal'
}

start() {
    env --default-signal=INT "$CUVEE" classify "$@" 2> log 3>&- &
    pid=$!
}

finish() {
    status=0
    wait $pid || status=$?
    output=$(cat ./*.partial 2>/dev/null) stderr=$(< log)
}

@test "Ctrl-C while waiting for input: 130, the rows so far in FILE.partial" {
    for signal in INT TERM; do
        rm -f in ./*.partial
        mkfifo in
        start in -o out.jsonl
        exec 4> in
        printf 'red\nwhite\n' >&4
        wait_until grep -qs white out.jsonl.partial
        kill -$signal $pid
        finish
        exec 4>&-
        expect_status 130
        expect_output '"index":1,"text":"white","label"'
        expect_stderr 'ended early: 2 rows in out.jsonl.partial'
        expect_no_stderr records
        [ ! -e out.jsonl ]
    done
}

@test "Ctrl-C with a link as output: the partial file lies beside its target, and is so named" {
    mkfifo in
    mkdir folder
    ln -s folder/target.jsonl link
    start in -o link
    exec 4> in
    echo red >&4
    wait_until test -s folder/target.jsonl.partial
    kill -INT $pid
    finish
    exec 4>&-
    expect_stderr 'ended early: 1 row in folder/target.jsonl.partial'
}

@test "Ctrl-C in the middle of work: the rows so far, in order, none torn" {
    seq -f 'wine %.0f' 1000000 > f.txt
    start f.txt -o out.jsonl --threads 1
    wait_until test -s out.jsonl.partial
    kill -INT $pid
    finish
    expect_status 130
    [ ! -e out.jsonl ]
    n=$(wc -l < out.jsonl.partial)
    [ "$n" -gt 0 ] && [ "$n" -lt 1000000 ]
    diff <(sed 's/.*"index":\([0-9]*\),.*"label":.*}$/\1/' out.jsonl.partial) <(seq 0 $((n - 1)))
    expect_stderr "ended early: $n row"
}

@test "Ctrl-C before the first row leaves nothing" {
    mkfifo in
    start in -o out.csv --column text
    exec 4> in
    wait_until test -d /proc/$pid/task
    wait_until grep -qs 'SigCgt:.*2$\|SigCgt:.*[2367abef]$' /proc/$pid/status
    kill -INT $pid
    finish
    exec 4>&-
    expect_status 130
    [ ! -e out.csv ] && [ ! -e out.csv.partial ]
}

@test "Ctrl-C while a FIFO as the output has no reader" {
    echo red > f.txt
    mkfifo out
    start f.txt -o out
    wait_until grep -qs "wait_for_partner\|fifo" /proc/$pid/wchan || skip 'the kernel does not tell where a thread waits'
    kill -INT $pid
    finish
    expect_status 130
    [ -z "$stderr" ]
}

@test "a json document that was cut says so" {
    mkfifo in
    start in -o out.json
    exec 4> in
    echo red >&4
    wait_until grep -qs red out.json.partial
    kill -INT $pid
    finish
    exec 4>&-
    expect_status 130
    expect_output '"complete":false'
}

is_stuck() { # a thread waits until somebody reads from a full pipe
    grep -qs pipe_write /proc/$pid/task/*/wchan
}

@test "a second Ctrl-C kills" {
    seq -f 'wine %.0f' 10000 > f.txt
    mkfifo out
    start f.txt -o out
    exec 5<> out
    wait_until is_stuck || skip 'the kernel does not tell where a thread waits'
    kill -INT $pid
    wait_until grep -qs 'SigCgt:.*[014589cd]$' /proc/$pid/status # no handler for SIGINT any more
    kill -INT $pid
    finish
    exec 5>&-
    expect_status 130
}
