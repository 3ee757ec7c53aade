#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee measure doctor: says what a real run will say, with sources there and with sources taken away.
load common

setup() {
    enter_folder
    need jq
}

doctor() {
    jq -r "$1" doctor.json
}

result() {
    jq -r "$1" out.json
}

# agree WRAPPER...: doctor and a run of half a second name the same sources.
agree() {
    "$@" "$CUVEE" measure doctor --json >doctor.json
    "$@" "$CUVEE" measure -q -o out.json -- sleep 0.5
    [ "$(doctor .schema)" = measure-doctor/1 ]
    [ "$(doctor .figures.membership.source)" = "$(result .membership.source)" ]
    [ "$(doctor '.figures.membership.quality == "complete"')" = "$(result .membership.complete)" ]
    [ "$(doctor '.figures.counted.source != null')" = "$(result '.membership.counted != null')" ]
    [ "$(doctor '.figures.counted.missing.events // ""')" = "$(result '.why.counted // ""')" ]
    [ "$(doctor .figures.charged.source)" = "$(result '.memory.charged.source // null')" ]
    [ "$(doctor '.figures.cpu.quality == "exact"')" = "$(result '.time.cpu_quality == "exact"')" ]
    [ "$(doctor .figures.cpu.quality)" != exact ] ||
        [ "$(doctor .figures.cpu.source)" = "$(result .time.cpu_source)" ]
    [ "$(doctor '.figures.runq_wait.source != null')" = "$(result '.contention.runq_wait_s != null')" ]
    [ "$(doctor '.figures.io.source != null')" = "$(result '.io.read_bytes != null')" ]
    [ "$(doctor '.figures.switches.source != null')" = "$(result '.contention.context_switches != null')" ]
    [ "$(doctor '.figures.steal.source != null')" = "$(result '.contention.steal_s != null')" ]
    local scope
    scope=$(doctor .figures.pressure.source)
    [ "${scope/cgroup/tree}" = "$(result .contention.psi_scope)" ]
    # No source without a word on what it is worth, nothing missing without a reason.
    [ "$(doctor '[.figures[] | select((.source == null) != (.quality == null))] | length')" -eq 0 ]
    [ "$(doctor '[.figures[] | select(.source == null and .missing == {})] | length')" -eq 0 ]
    [ "$(doctor '[.figures[].missing[] | select(length == 0 or . == "nothing was said of it")] | length')" -eq 0 ]
}

can() {
    "$@" true 2>/dev/null || skip "not allowed here: $*"
}

@test "what a run will do here" {
    agree env
    [ "$(doctor .figures.footprint.source)" = smaps_rollup ]
    [ "$(doctor '.launcher_floor > 0')" = true ]
}

@test "by somebody who may do little" {
    can setpriv --reuid=65534 --regid=65534 --clear-groups "$CUVEE" measure -q --
    chmod 777 .
    agree setpriv --reuid=65534 --regid=65534 --clear-groups
    if [ "$(doctor .figures.membership.source)" != cgroup ]; then
        [ "$(doctor .figures.upper_bound.source)" = faults ]
        [[ $(doctor .figures.membership.missing.cgroup) == *'group'* ]]
    fi
}

@test "where the kernel's events are silent, as in a container" {
    local container=(unshare -r -U -p -f --mount-proc)
    can "${container[@]}"
    agree "${container[@]}"
    [ "$(doctor .figures.counted.source)" = null ]
    # A kernel that has no such events says so.
    [[ $(doctor .figures.counted.missing.events) == *'not supported'* ]] && skip 'no events in this kernel'
    [[ $(doctor .figures.counted.missing.events) == *'silent'* ]]
}

@test "--exact is what ptrace allows" {
    "$CUVEE" measure doctor --json >doctor.json
    run "$CUVEE" measure -q --exact -- true
    [ "$(doctor '.figures.exact.source == "ptrace"')" = "$([ "$status" -eq 0 ] && echo true || echo false)" ]
}

@test "text: a line a figure, and why not more" {
    run --separate-stderr "$CUVEE" measure doctor
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    "$CUVEE" measure doctor --json >doctor.json
    [ "$(grep -o '^[a-z_]\+' <<<"$output")" = "$(doctor '.figures | keys_unsorted[]')" ]
    [ "$(grep -c '^ \+not [a-z_]\+: .' <<<"$output" || true)" -eq "$(doctor '[.figures[].missing | length] | add')" ]
}

@test "where nothing can be measured it fails, and says so" {
    mkdir -p alone
    cp "$CUVEE" alone/cuvee
    run --separate-stderr alone/cuvee measure doctor
    [ "$status" -eq 125 ]
    [ -z "$output" ]
    [[ $stderr == 'cuvee measure doctor: '*' is not beside this program' ]]
    cp "${CUVEE%/*}/cuvee-measure-cases" alone/
    printf '#!/bin/sh\nexit 1\n' >alone/cuvee-meter
    chmod +x alone/cuvee-meter
    run --separate-stderr alone/cuvee measure doctor
    [ "$status" -eq 125 ]
    [ -z "$output" ]
    [[ $stderr == 'cuvee measure doctor: '* ]]
    run "$CUVEE" measure doctor what
    [ "$status" -eq 125 ]
    run --separate-stderr bash -c '"$CUVEE" measure doctor >/dev/full'
    [ "$status" -eq 125 ]
}
