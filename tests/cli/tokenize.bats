#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load common

@test "one JSON object a line" {
    printf 'red\n\n' > f.txt
    cuvee tokenize f.txt
    expect_status 0
    [ ${#lines[@]} -eq 2 ]
    grep -q -x '{"ids":\[[0-9]*,[0-9]*,[0-9]*\],"tokens":\["\[CLS\]","red","\[SEP\]"\],"truncated":false}' <<<"${lines[0]}"
    [[ ${lines[1]} == *'"tokens":["[CLS]","[SEP]"],"truncated":false}' ]]
}

@test "standard input, JSON Lines, columns" {
    run --separate-stderr bash -c 'echo red | "$CUVEE" tokenize'
    expect_output '"red"'
    run --separate-stderr bash -c 'echo "{\"a\":\"red\"}" | "$CUVEE" tokenize - --column a'
    expect_output '"tokens":["[CLS]","red","[SEP]"]'
    run --separate-stderr bash -c 'echo "{\"a\":\"red\"}" | "$CUVEE" tokenize --input-format text'
    expect_output '"{"'
}

@test "a long text is cut" {
    printf 'red %.0s' {1..100} > f.txt
    cuvee tokenize f.txt
    expect_output '"truncated":true'
}

@test "a row without a text is an error" {
    printf '{"text":"red"}\n{}\n{"text":"white"}\n' > f.jsonl
    cuvee tokenize f.jsonl
    expect_status 1
    [ ${#lines[@]} -eq 3 ]
    [[ ${lines[1]} == '{"error":"'* ]]
}

@test "exit codes" {
    cuvee tokenize no-such-file
    expect_status 3
    run --separate-stderr bash -c 'echo red | "$CUVEE" tokenize > /dev/full'
    expect_status 5
    run --separate-stderr bash -c 'seq 100000 | "$CUVEE" tokenize | head -1; echo ${PIPESTATUS[1]} >&2'
    [ "$stderr" = 0 ]
}

@test "what is there is shown when input pauses" {
    mkfifo in out
    "$CUVEE" tokenize in > out 3>&- &
    exec 5< out 4> in
    echo red >&4
    read -r -t 60 line <&5
    [[ $line == *'"red"'* ]]
    exec 4>&-
    wait $!
}
