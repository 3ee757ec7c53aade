#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The gallery: programs whose cost naive methods get wrong. Each test asserts what they claim and what is
# true: sizes, counts, what is in the page cache; no durations, so a busy machine changes nothing.
#
#   F1  F2       one heap; the parent alone           F12 F13  the main thread's children; who has left
#   F3  F4       sum of RSS; USS                      F14      processor time by rusage
#   F5  F6  F7   ru_maxrss: the largest one, what     F16 F17  the page cache: who pays; who was second
#                started it, all before it            F20      more workers than processors
#   F8  F10 F15  sum of peaks; samples; VmHWM         F22      pauses that count as work
#   F9  F18      RSS after a fork; a torn sum of PSS  F28      the observer
#   F11          looking for children
#
# F19, F21 and F23 to F27 are about comparisons: tests/bench (F23: test_bench_plan.c; F25, F26:
# test_bench_gallery.c). That anchors which were torn are no peak: test_account.c.
load common

setup() {
    enter_folder
    need jq
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

# as_it_is NAME OPTION...: a tree that was there before, and stays as it is.
as_it_is() {
    "$FALLACIES" "$1" >ready 3>&- &
    shift
    while [ ! -s ready ] && kill -0 $!; do sleep 0.01; done
    "$CUVEE" measure attach -q -o out.json --timeout 0.5 "$@" $!
    kill $!
    wait $! || true
}

# phase NAME: what was true at a mark, in whole MiB.
phase() {
    mib "[.phases[] | select(.name == \"$1\")][0].footprint"
}

@test "F1: a heap is not a program: 90 claimed, 490 true" {
    measure heap
    between 90 "$(mib $NAIVE.reported_heap)" 90
    between 490 "$(mib $PEAK.lower)" 496
}

@test "F2: the parent alone: 90 claimed, 490 true" {
    measure heap
    between 90 "$(mib $NAIVE.parent_rss_peak)" 93
    between 490 "$(mib $PEAK.lower)" 496
}

@test "F3: the sum of RSS counts shared pages for each process: 1000 claimed, 200 true" {
    measure cow
    between 1000 "$(mib $NAIVE.sum_rss)" 1012
    between 200 "$(mib $PEAK.lower)" 206
}

@test "F4: USS counts shared pages not at all: 2 claimed, 200 true" {
    # From the start on, they would have been private until the first fork.
    as_it_is cow
    [ "$(jq .membership.max_live out.json)" -eq 5 ]
    between 0 "$(mib $NAIVE.uss)" 3
    between 200 "$(mib $PEAK.lower)" 206
}

@test "F5: ru_maxrss is the largest process, not the tree: 250 claimed, 400 true" {
    measure tree
    between 200 "$(mib $NAIVE.max_single_maxrss)" 256
    between 400 "$(mib $PEAK.lower)" 408
    between 1 "$(jq .memory.footprint.parts_at_peak.shmem/209715200 out.json | cut -c1)" 1
}

@test "F6: ru_maxrss begins with what started the command: 200 claimed, 1 true" {
    read -r claimed _ < <("$FALLACIES" launch 200 true)
    between 200 $((claimed / 1024)) 206
    "$FALLACIES" launch 200 "$CUVEE" measure -q -o out.json -- true
    [ "$(jq .tool.launcher_floor out.json)" -le 1572864 ]
    between 0 "$(mib $NAIVE.max_single_maxrss)" 4
    between 0 "$(mib '.memory.footprint.peak.upper // 0')" 4
}

@test "F7: RUSAGE_CHILDREN is the largest of all arms so far: 100 claimed for the second, 1 true" {
    for order in '100 1' '1 100'; do
        # shellcheck disable=SC2086
        "$FALLACIES" arms $order >claimed
        between 100 $(($(tail -n 1 claimed) / 1024)) 104
    done
    between 1 $(($(head -n 1 claimed) / 1024)) 4 # first, it has its own
    measure size 1
    between 1 "$(mib $NAIVE.max_single_maxrss)" 4
    between 1 "$(mib $PEAK.lower)" 4
}

@test "F8: peaks at different times do not add up: 240 claimed, 80 true" {
    measure in-turn
    between 240 "$(mib $NAIVE.sum_of_peaks)" 250
    between 80 "$(mib $PEAK.lower)" 84
}

@test "F9: copies on write leave RSS as it was: 300 before and after, 100 then 300 true" {
    measure cow-broken >claimed
    between 300 $(($(head -n 1 claimed) / 1024)) 306
    between 300 $(($(tail -n 1 claimed) / 1024)) 306
    between 100 "$(phase shared)" 104
    between 300 "$(phase broken)" 306
    between 300 "$(mib $PEAK.lower)" 306
}

@test "F10: a spike between two looks is inside the bracket: 2 claimed, 100 true" {
    measure spike
    # The marks are looked at, so the next sample is a second after the first of them at the earliest.
    [ "$(jq '.phases[-1].t_s - .phases[0].t_s < 1' out.json)" = true ] || skip 'it takes longer than a second here'
    between 0 "$(mib $NAIVE.sampled_1s)" 4
    between 100 "$(mib $PEAK.upper)" 215 # grown and faulted both
    between 0 "$(mib $PEAK.lower)" 102
}

@test "F11: looking for children finds few of 200 that live for an instant" {
    "$CUVEE" measure -q -o out.json --track poll --interval 100 -- "$FALLACIES" short-lived
    between 1 "$(jq .membership.processes out.json)" 100
    [ "$(jq .membership.complete out.json)" = false ]
    "$CUVEE" measure -q -o out.json --exact -- "$FALLACIES" short-lived || skip 'no ptrace here'
    [ "$(jq .membership.processes out.json)" -eq 201 ]
    [ "$(jq .membership.complete out.json)" = true ]
}

@test "F12: the main thread's list has no child of another thread: 0 claimed, 1 true" {
    measure by-thread >claimed
    [ "$(cat claimed)" -eq 0 ]
    between 60 "$(mib $PEAK.lower)" 64
    [ "$(jq .membership.processes out.json)" -eq 2 ]
}

@test "F13: an orphan is a member, also after the command: nothing claimed, 100 true" {
    measure orphan
    between 0 "$(mib $NAIVE.parent_rss_peak)" 2
    between 0 "$(mib $NAIVE.parent_vm_hwm)" 2
    between 100 "$(mib $PEAK.lower)" 104
    between 100 "$(phase orphan)" 104
    [ "$(jq '.time as $t | .phases[] | select(.name == "orphan").t_s | $t.wall_leader_s < . and . < $t.wall_tree_s' \
        out.json)" = true ]
}

@test "F14: a child that nobody waits for used its time: 0.0 by rusage, 0.4 true" {
    measure not-waited
    [ "$(jq '.time.user_s + .time.sys_s < 0.2' out.json)" = true ]
    [ "$(jq '.time.cpu_s > 0.35' out.json)" = true ]
}

@test "F15: exec forgets the high-water mark: 2 claimed, 120 true" {
    measure exec
    between 0 "$(mib $NAIVE.parent_vm_hwm)" 4
    between 120 "$(mib $PEAK.lower)" 124
}

# file_of_32_mib: in `file`, out of the page cache.
file_of_32_mib() {
    head -c 33554432 /dev/zero | tr '\0' x >file
    [ "$("$FALLACIES" drop file)" -eq 0 ] || skip 'a file stays in the page cache here'
}

@test "F16: the page cache is charged to who was first: 32 or 0 claimed for the same, both true; 32 when mapped" {
    file_of_32_mib
    measure read file
    [ "$(jq .memory.charged out.json)" != null ] || skip "$(jq -r .why.charged out.json)"
    between 32 "$(mib .memory.charged.peak)" 40
    between 0 "$(mib $PEAK.lower)" 3
    measure read file
    between 0 "$(mib .memory.charged.peak)" 8
    between 0 "$(mib $PEAK.lower)" 3
    measure map file
    between 0 "$(mib .memory.charged.peak)" 8
    between 32 "$(mib $PEAK.lower)" 36
    between 32 "$(mib .memory.footprint.parts_at_peak.file)" 34
}

@test "F17: the second one is no better, it was second: 0 read, because 32 were there" {
    file_of_32_mib
    for _ in first again; do
        [ "$("$FALLACIES" drop file)" -eq 0 ]
        measure read file
        [ "$(jq .io.read_bytes out.json)" != null ] || skip "$(jq -r .why.read_bytes out.json)"
        between 32 "$(mib .io.read_bytes)" 40
        [ "$("$FALLACIES" resident file)" -eq 8192 ]
        measure read file
        between 0 "$(mib .io.read_bytes)" 4
    done
}

@test "F18: PSS read one after the other while a child is born: 150 claimed, 100 true" {
    measure torn >claimed
    between 150 $(($(cat claimed) / 1024)) 156
    between 100 "$(mib $PEAK.lower)" 104
}

@test "F20: more workers than processors: all busy, with waiting for each other" {
    measure work 40 1
    alone=$(jq .contention.involuntary_switches out.json)
    measure work 40 4
    [ "$(jq .membership.threads_max out.json)" -eq 5 ]
    [ "$(jq .contention.involuntary_switches out.json)" -ge $((alone + 60)) ]
    # Each of four runs a quarter of the time, and all of it is paid.
    [ "$(jq '.contention.runq_wait_s > .time.cpu_s' out.json)" = true ]
}

@test "F22: pauses are no work: 0.4 claimed, next to nothing used" {
    measure staggered
    [ "$(jq '.time.wall_leader_s >= 0.4' out.json)" = true ] # a pause is never shorter
    [ "$(jq '.time.cpu_s < 0.2' out.json)" = true ]
    [ "$(jq '.contention.context_switches - .contention.involuntary_switches >= 4' out.json)" = true ]
}

@test "F28: the observer is not the observed: its time is said apart" {
    read -r _ claimed < <("$FALLACIES" launch 1 "$CUVEE" measure -q -o out.json -- "$FALLACIES" spin 200)
    [ "$(jq -r .time.cpu_quality out.json)" = exact ] || skip 'processor time is a lower bound here'
    [ "$(jq '.time.cpu_s >= 0.2 and .time.cpu_s < 0.22 and .self.cpu_s > 0' out.json)" = true ]
    [ "$(jq "$claimed / 1e6 > .time.cpu_s + .self.cpu_s" out.json)" = true ]
}

@test "two hundred processes, none lost" {
    measure many
    [ "$(jq .membership.processes out.json)" -eq 201 ]
    [ "$(jq .membership.max_live out.json)" -eq 201 ]
    [ "$(jq .membership.lost out.json)" -eq 0 ]
}

@test "the meter is small" {
    "$CUVEE" measure -q -o out.json -- true
    [ "$(jq .self.rss out.json)" -le 4194304 ]
}

@test "output, exit codes and signals of the command are its own" {
    run --separate-stderr "$CUVEE" measure -- sh -c 'echo out; echo err >&2; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = out ]
    [[ $stderr == err* ]]
    run "$CUVEE" measure -q -- sh -c 'kill -9 $$'
    [ "$status" -eq 137 ]
    run -127 "$CUVEE" measure -q -- ./nothing-here
    run -127 "$CUVEE" measure -- reprot cost.json
    [ "$output" = "cuvee measure: reprot: not found; did you mean 'cuvee measure report'?" ]
    touch file
    run -126 "$CUVEE" measure -q -- ./file
    run "$CUVEE" measure
    [ "$status" -eq 125 ]
    run "$CUVEE" measure -o /no/such/folder/x -- touch ran
    [ "$status" -eq 125 ]
    [ ! -e ran ]
}

@test "a summary is as wide as the terminal, and says nothing twice" {
    run --separate-stderr "$CUVEE" measure --explain -- "$FALLACIES" spike
    grep -qx '  footprint  .*' <<<"$stderr"
    [ "$(grep -c '^      [A-Z]' <<<"$stderr")" -ge 6 ]
    run ! grep -E '.{81}' <<<"$stderr"
    run --separate-stderr "$CUVEE" measure -- "$FALLACIES" small
    run ! grep -E ' ([0-9.]+) MiB at the peak, at most \1;|  ([0-9]+) to \2 %' <<<"$stderr"
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
