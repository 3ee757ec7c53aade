#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee measure mark: what scripts say of their phases.
load common

mark() {
    run --separate-stderr "$CUVEE" measure mark "$@"
}

@test "a script's marks are in the result, in order" {
    command -v jq >/dev/null || skip 'no jq'
    "$CUVEE" measure -q -o out.json -- sh -c '"$CUVEE" measure mark "tables loaded"
        "$CUVEE" measure mark heap=94371840; "$CUVEE" measure mark done'
    [ "$(jq -c '[.phases[].name]' out.json)" = '["tables loaded","heap=94371840","done"]' ]
    [ "$(jq .memory.naive.reported_heap out.json)" -eq 94371840 ]
}

@test "one line for each, whole" {
    mkfifo marks
    cat marks >said &
    exec 9>marks
    MEASURE_FD=9 mark "$(printf '%063d' 7)"
    [ "$status" -eq 0 ]
    MEASURE_FD=9 mark -- --odd
    [ "$status" -eq 0 ]
    exec 9>&-
    wait $!
    diff said <(printf '%063d\n--odd\n' 7)
}

@test "a script runs unmeasured, too: no word, no error" {
    unset MEASURE_FD
    mark loaded
    [ "$status" -eq 0 ] && [ -z "$output$stderr" ]
    for fd in 9 -1 x '' 1000000000000 1; do # 9: not open
        MEASURE_FD=$fd mark loaded 9>&-
        [ "$status" -eq 0 ] && [ -z "$output$stderr" ]
    done
    MEASURE_FD=9 mark loaded 9>file # no pipe
    [ "$status" -eq 0 ] && [ -z "$output$stderr" ] && [ ! -s file ]
}

@test "whoever measured is gone" {
    mkfifo marks
    : <marks &
    exec 9>marks
    wait $!
    MEASURE_FD=9 mark loaded
    exec 9>&-
    [ "$status" -eq 0 ] && [ -z "$output$stderr" ]
}

@test "names that are none are refused" {
    for name in '' ' ' "$(printf '%064d' 0)" $'two\nlines' $'a\tb' $'\x7f'; do
        mark "$name"
        [ "$status" -eq 125 ]
        [[ $stderr == *'name'* ]]
    done
    mark
    [ "$status" -eq 125 ]
    mark one two
    [ "$status" -eq 125 ]
    mark --no-such
    [ "$status" -eq 125 ]
}

@test "a command of that name is measured after --" {
    run -127 --separate-stderr "$CUVEE" measure -q -- mark
    run --separate-stderr "$CUVEE" measure mark --help
    [ "$status" -eq 0 ]
    [[ $output == *'cuvee measure mark NAME'* ]]
}
