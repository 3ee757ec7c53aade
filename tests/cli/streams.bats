#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Pipes and FIFOs. FIFOs are also how these tests know where the program is: no test waits for a time.
load common

@test "a FIFO is an input like any other" {
    mkfifo in
    printf 'red\nwhite\n' > in 3>&- &
    cuvee classify --quiet in
    wait
    expect_status 0
    [ ${#lines[@]} -eq 2 ]
}

@test "when input pauses, what is there is processed and flushed" {
    mkfifo in out
    "$CUVEE" classify --quiet in > out 3>&- &
    exec 5< out 4> in
    echo red >&4
    read -r -t 60 line <&5
    [[ $line == '{"index":0,"text":"red"'* ]]
    echo white >&4
    read -r -t 60 line <&5
    [[ $line == '{"index":1,"text":"white"'* ]]
    exec 4>&-
    ! read -r -t 60 line <&5
    exec 5<&-
    wait $!
}

@test "CSV and JSON Lines flush at a pause too" {
    for format in csv jsonl; do
        mkfifo in.$format out.$format
        "$CUVEE" classify --quiet in.$format > out.$format 3>&- &
        exec 5< out.$format 4> in.$format
        case $format in
            csv) printf 'text\nred\n' >&4 ;;
            jsonl) printf '{"text":"red"}\n{"te' >&4 ;; # half a row stays behind
        esac
        read -r -t 60 line <&5
        [[ $line == '{"index":0,"text":"red"'* ]]
        [ $format = csv ] || printf 'xt":"white"}\n' >&4
        exec 4>&-
        while read -r -t 60 line <&5; do last=$line; done
        [ $format = csv ] || [[ $last == '{"index":1,"text":"white"'* ]]
        exec 5<&-
        wait $!
    done
}

@test "a FIFO as the output is written directly" {
    echo red > f.txt
    mkfifo out.csv
    cat out.csv > copy 3>&- &
    cuvee classify --quiet f.txt -o out.csv
    expect_status 0
    wait
    [ "$(head -1 copy)" = index,text,label,score,error ]
    [ -p out.csv ]
}

@test "a closed pipe ends quietly" {
    seq 50000 > f.txt
    run --separate-stderr bash -c '"$CUVEE" classify f.txt | head -1; echo ${PIPESTATUS[0]} >&2'
    [[ $output == '{"index":0,'* ]]
    [ "$stderr" = 0 ] || fail 'status 0 and not a word expected'
}

@test "a closed pipe ends the program also while it waits for input" {
    mkfifo in out
    "$CUVEE" classify in > out 2> log 3>&- &
    pid=$!
    exec 5< out 4> in
    echo red >&4
    read -r -t 60 line <&5
    exec 5<&-
    echo white >&4 # this one meets the closed pipe; no end of input follows
    status=0
    wait $pid || status=$?
    exec 4>&-
    [ "$status" -eq 0 ]
    [ ! -s log ]
}

@test "an input that breaks in the middle leaves FILE.partial" {
    printf 'red\n' > a.txt
    printf 'id,note\n1,white\n' > b.csv # has no column text
    cuvee classify a.txt b.csv -o out.json
    expect_status 3
    expect_stderr b.csv
    expect_stderr 'ended early: 1 row in out.json.partial'
    [ ! -e out.json ]
    grep -q '"text":"red"' out.json.partial
    grep -q '"complete":false' out.json.partial
}

@test "a closed standard descriptor goes to no file that is opened" {
    run --separate-stderr bash -c 'echo red | "$CUVEE" classify -q --metrics m.json >&-'
    expect_status 5
    expect_stderr 'standard output: cannot write'
    ! grep -qs '"text":"red"' m.json m.json.partial || fail 'rows in the metrics'
    run --separate-stderr bash -c 'echo red | "$CUVEE" classify -o out.jsonl 2>&-'
    expect_status 0
    [ "$(wc -l < out.jsonl)" -eq 1 ] || fail 'messages in the rows'
    run --separate-stderr bash -c '"$CUVEE" classify -q -o out.jsonl <&-'
    expect_status 3
    expect_stderr 'standard input'
}
