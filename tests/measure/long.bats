#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The figures that take long: ten thousand children, a hundred spikes, processor time to half a percent.
load common

setup() {
    enter_folder
    need jq
}

# measure OPTIONS COMMAND...: skips where the machine refuses the source.
measure() {
    local options=$1
    shift
    # shellcheck disable=SC2086
    run --separate-stderr "$CUVEE" measure -q -o out.json $options -- "$@"
    [ "$status" -ne 125 ] || skip "$stderr"
}

@test "ten thousand of ten thousand children: events" {
    measure '--track events' "$TREES" forks 10000
    [ "$(json .membership.counted)" -eq 10001 ]
    [ "$(json .membership.exits)" -eq 10001 ]
    [ "$(json .membership.complete)" = true ]
}

@test "ten thousand of ten thousand children: ptrace" {
    measure --exact "$TREES" forks 10000
    [ "$(json .membership.counted)" -eq 10001 ]
    [ "$(json .membership.exits)" -eq 10001 ]
    [ "$(json .membership.looked_at)" -eq 10001 ]
}

@test "looking misses most of them, and says that it may" {
    measure '--track poll' "$TREES" forks 10000
    [ "$(json .membership.processes)" -lt 5000 ]
    [ "$(json .membership.complete)" = false ]
    [ "$(json .membership.counted)" = null ]
}

@test "a spike is inside the bracket in a hundred of a hundred runs, however the tree is followed" {
    for how in '--track auto' '--track poll' '--track events' --exact; do
        for _ in {1..100}; do
            measure "$how" "$TREES" spike
            [ "$(json '.memory.footprint.peak | .upper >= 104857600 and .upper < 115343360')" = true ] ||
                { echo "$how: $(json '.memory.footprint.peak | tostring')" && false; }
        done
    done
}

# The program ends its loop at 500 ms of its own; what it takes to start and end is 4 ms more.
@test "processor time of the waited, orphaned, ignored and killed" {
    for how in '--track auto' '--track poll' --exact; do
        for kind in waited orphaned ignored killed; do
            measure "$how" "$TREES" cpu $kind 500
            [ "$(json .time.cpu_quality)" = exact ] || continue
            [ "$(json '.time.cpu_s | . >= 0.4975 and . <= 0.5085')" = true ] ||
                { echo "$how $kind: $(json '.time | tostring')" && false; }
        done
    done
}

@test "the meter stays within 4 MiB and its budget, over sixteen processes" {
    measure '--track auto' sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 60 & done; wait'
    [ "$(json '.self.rss <= 4194304')" = true ]
    # 1 % of a core, and 0.5 s of credit at the start.
    [ "$(json '.self.cpu_s <= 0.01 * .time.wall_tree_s + 0.5')" = true ]
}
