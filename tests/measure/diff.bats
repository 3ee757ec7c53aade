#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee measure diff, on results that are written here.
bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# result FILE WALL LOWER UPPER
result() {
    printf '{"schema": "measure/1", "time": {"wall_leader_s": %s},\n' "$2" >"$1"
    printf ' "memory": {"footprint": {"peak": {"lower": %s, "upper": %s}}}}\n' "$3" "$4" >>"$1"
}

row() {
    grep "^$1 " <<<"$output" | tr -s ' '
}

@test "two results, and what changed" {
    result a.json 2.0 104857600 115343360
    result b.json 3.0 209715200 220200960
    run --separate-stderr "$CUVEE" measure diff a.json b.json
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
    [ "$(row 'time of command')" = "time of command 2.00 3.00 +50.0 % s" ]
    [ "$(row 'peak, lower bound')" = "peak, lower bound 100.00 200.00 +100.0 % MiB" ]
    [ "$(row CPU)" = "CPU - - - s" ]
    [[ "$output" != *overlap* ]]
}

@test "bounds that overlap prove no difference" {
    result a.json 1 104857600 115343360
    result b.json 1 110100480 125829120
    run "$CUVEE" measure diff a.json b.json
    [ "$status" -eq 0 ]
    [[ "$output" == *"overlap"* ]]
}

@test "what could not be had is a dash" {
    result a.json 1 null null
    result b.json null 110100480 null
    run "$CUVEE" measure diff a.json b.json
    [ "$status" -eq 0 ]
    [ "$(row 'peak, lower bound')" = "peak, lower bound - 105.00 - MiB" ]
}

@test "files that are no results" {
    result a.json 1 1 1
    echo '{"schema": "measure/2"}' >other.json
    echo 'not JSON' >text.json
    for file in other.json text.json missing.json .; do
        run --separate-stderr "$CUVEE" measure diff a.json "$file"
        [ "$status" -eq 125 ] && [ -z "$output" ]
        [[ "$stderr" == *"$file"* ]]
    done
    run "$CUVEE" measure diff a.json
    [ "$status" -eq 125 ]
    run "$CUVEE" measure diff a.json a.json a.json
    [ "$status" -eq 125 ]
    run bash -c '"$CUVEE" measure diff a.json a.json >/dev/full'
    [ "$status" -eq 125 ]
}

@test "diff(1) can be measured" {
    echo same >a && cp a b
    run "$CUVEE" measure -q -- diff a b
    [ "$status" -eq 0 ] && [ -z "$output" ]
    echo other >b
    run "$CUVEE" measure -q -- diff a b
    [ "$status" -eq 1 ]
}
