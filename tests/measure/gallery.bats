#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Trees whose cost naive methods get wrong: each test asserts what they claim and what is true.
bats_require_minimum_version 1.5.0

setup() {
    mkdir "$BATS_TEST_TMPDIR/work" && cd "$BATS_TEST_TMPDIR/work" || return 1
    command -v jq >/dev/null || skip 'no jq'
}

measure() {
    "$CUVEE" measure -q -o out.json -- "$FALLACIES" "$@"
}

# mib FILTER: a figure of the result, in whole MiB.
mib() {
    jq "($1) / 1048576 | floor" out.json
}

# between LOW VALUE HIGH
between() {
    [ "$1" -le "$2" ] && [ "$2" -le "$3" ] || {
        echo "$2 is not within $1 .. $3" >&2
        jq -c '.memory, .membership, .time' out.json >&2
        return 1
    }
}

PEAK=.memory.footprint.peak
NAIVE=.memory.naive

@test "a heap is not a program: 90 claimed, 490 true" {
    measure heap
    between 90 "$(mib $NAIVE.reported_heap)" 90
    between 490 "$(mib $PEAK.lower)" 496
}

@test "the parent alone: 90 claimed, 490 true" {
    measure heap
    between 90 "$(mib $NAIVE.parent_rss_peak)" 93
    between 490 "$(mib $PEAK.lower)" 496
}

@test "the sum of RSS counts shared pages for each process: 1000 claimed, 200 true" {
    measure cow
    between 1000 "$(mib $NAIVE.sum_rss)" 1012
    between 200 "$(mib $PEAK.lower)" 206
}

@test "USS counts shared pages not at all: 2 claimed, 200 true" {
    measure cow
    between 0 "$(mib $NAIVE.uss)" 3
    between 200 "$(mib $PEAK.lower)" 206
}

@test "ru_maxrss is the largest process, not the tree: 250 claimed, 400 true" {
    measure tree
    between 200 "$(mib $NAIVE.max_single_maxrss)" 256
    between 400 "$(mib $PEAK.lower)" 408
    between 1 "$(jq .memory.footprint.parts_at_peak.shmem/209715200 out.json | cut -c1)" 1
}

@test "copies on write leave RSS as it was: 300 before and after, 100 then 300 true" {
    measure cow-broken
    between 300 "$(mib $NAIVE.sum_rss)" 306
    between 300 "$(mib $PEAK.lower)" 306
}

@test "an orphan is a member: nothing claimed, 100 true" {
    measure orphan
    between 0 "$(mib $NAIVE.parent_rss_peak)" 2
    between 100 "$(mib $PEAK.lower)" 104
    [ "$(jq '.time.wall_tree_s > .time.wall_leader_s + 0.3' out.json)" = true ]
}

@test "a child forked by a thread is a member" {
    measure by-thread
    between 60 "$(mib $PEAK.lower)" 64
    [ "$(jq .membership.processes out.json)" -eq 2 ]
}

@test "a spike between two looks is inside the bracket: 2 claimed, 100 true" {
    measure spike
    between 0 "$(mib $NAIVE.sampled_1s)" 4
    between 100 "$(mib $PEAK.upper)" 215 # grown and faulted both
    between 0 "$(mib $PEAK.lower)" 102
}

@test "peaks at different times do not add up: 240 claimed, 80 true" {
    measure in-turn
    between 240 "$(mib $NAIVE.sum_of_peaks)" 250
    between 80 "$(mib $PEAK.lower)" 84
}

@test "exec forgets the high-water mark: 2 claimed, 120 true" {
    measure exec
    between 0 "$(mib $NAIVE.parent_vm_hwm)" 4
    between 120 "$(mib $PEAK.lower)" 124
}

@test "a child that nobody waits for used its time: 0.0 by rusage, 0.4 true" {
    measure not-waited
    [ "$(jq '.time.user_s + .time.sys_s < 0.2' out.json)" = true ]
    [ "$(jq '.time.cpu_s > 0.35' out.json)" = true ]
}

@test "two hundred processes, none lost" {
    measure many
    [ "$(jq .membership.processes out.json)" -eq 201 ]
    [ "$(jq .membership.max_live out.json)" -eq 201 ]
    [ "$(jq .membership.lost out.json)" -eq 0 ]
}

@test "what starts a command is small, whatever started it" {
    # The shell of this test is larger; a parent of 300 MiB would be seen in ru_maxrss otherwise.
    "$CUVEE" measure -q -o out.json -- /bin/true
    [ "$(jq .tool.launcher_floor out.json)" -le 1572864 ]
    [ "$(jq .self.rss out.json)" -le 4194304 ]
    [ "$(jq .memory.naive.max_single_maxrss out.json)" -le 4194304 ]
}

@test "output, exit codes and signals of the command are its own" {
    run --separate-stderr "$CUVEE" measure -- sh -c 'echo out; echo err >&2; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = out ]
    [[ $stderr == err* ]]
    run "$CUVEE" measure -q -- sh -c 'kill -9 $$'
    [ "$status" -eq 137 ]
    run -127 "$CUVEE" measure -q -- ./nothing-here
    touch file
    run -126 "$CUVEE" measure -q -- ./file
    run "$CUVEE" measure
    [ "$status" -eq 125 ]
    run "$CUVEE" measure -o /no/such/folder/x -- touch ran
    [ "$status" -eq 125 ]
    [ ! -e ran ]
}

@test "a timeout ends the whole tree" {
    run "$CUVEE" measure -q -o out.json --timeout 0.3 -- sh -c 'sleep 60 & sleep 60'
    [ "$status" -eq 124 ]
    [ "$(jq .exit.timeout out.json)" = true ]
    for pid in $(jq '.processes[].pid' out.json); do ! kill -0 "$pid" 2>/dev/null; done
}

@test "--fail-if, --redact" {
    run "$CUVEE" measure -q -o out.json --redact --fail-if 'footprint>50M' -- "$FALLACIES" by-thread
    [ "$status" -eq 1 ]
    [ "$(jq -c '.cmd[1]' out.json)" = '"***"' ]
    run "$CUVEE" measure -q --fail-if 'footprint>500M' -- "$FALLACIES" by-thread
    [ "$status" -eq 0 ]
    run "$CUVEE" measure -q --fail-if 'nothing' -- true
    [ "$status" -eq 125 ]
}
