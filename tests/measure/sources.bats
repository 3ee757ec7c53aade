#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where the list of processes comes from: control group, events, ptrace, looking. Machines differ in what
# they allow; a source that is refused here has to say why, and what is measured has to be right without it.
load common

setup() {
    enter_folder
    need jq
}

# with SOURCE COMMAND...: skips where the machine refuses it, if it says why.
with() {
    local how=(--track "$1")
    [ "$1" = exact ] && how=(--exact)
    shift
    run --separate-stderr "$CUVEE" measure -q -o out.json "${how[@]}" -- "$@"
    if [ "$status" -eq 125 ]; then
        [[ $stderr == 'cuvee measure: '*': '?* ]]
        skip "$stderr"
    fi
}

# Groups of the last run that are still there. Their name has the meter's pid: others' meters run meanwhile,
# and are killed.
leaves() {
    find /sys/fs/cgroup -name "cuvee-measure.$(json '.processes[0].ppid // "no process"')" -type d
}

leaves_nothing() {
    [[ $(json '.processes[0].ppid') =~ ^[0-9]+$ ]] && [ -z "$(leaves)" ]
}

complete() {
    [ "$(json .membership.source)" = "$1" ]
    [ "$(json .membership.complete)" = true ]
    [ "$(json .membership.lost)" -eq 0 ]
}

@test "whatever is allowed: a source, and a reason for each that is not" {
    "$CUVEE" measure -q -o out.json -- true
    [[ $(json .membership.source) =~ ^(cgroup|events|poll)$ ]]
    [ "$(json '[.membership.counted, .why.counted] | map(values) | length')" -eq 1 ]
    [ "$(json '[.memory.charged, .why.charged] | map(values) | length')" -eq 1 ]
    [ "$(json '[.time.cpu_s, .why.cpu_s] | map(values) | length')" -eq 1 ]
    # Every figure is there, or null with its reason.
    [ "$(json '. as $all | [.contention, .io | to_entries[] | select((.value == null) != ($all.why[.key] != null))]
        | length')" -eq 0 ]
    [ "$(json '.contention | has("runq_wait_s") and has("involuntary_switches") and has("psi_io_some_s")')" = true ]
    [ "$(json '.io | has("read_bytes") and has("write_bytes")')" = true ]
}

@test "nothing but looking: no figure is a false zero" {
    "$CUVEE" measure -q -o out.json --track poll -- true
    [ "$(json .membership.source)" = poll ]
    [ "$(json .membership.complete)" = false ]
    for key in .membership.counted .membership.execs .membership.exits .memory.charged; do
        [ "$(json $key)" = null ]
        [ -n "$(json ".why.${key##*.} // empty")" ]
    done
}

@test "a control group: no escape, exact time, a charge" {
    with cgroup "$TREES" escapes
    complete cgroup
    # Two of them live for less than a tick and may be missed where nothing counts them.
    [ "$(json .membership.looked_at)" -ge 5 ]
    [ "$(json .time.cpu_quality)" = exact ]
    leaves_nothing
}

@test "a control group: its charges over time, also of what nobody saw" {
    run --separate-stderr "$CUVEE" measure -q -o out.json --track cgroup --series s.ndjson -- "$TREES" spike
    [ "$status" -ne 125 ] || skip "$stderr"
    [ "$(json .memory.charged)" != null ] || skip "$(json .why.charged)"
    # 100 MiB came and went between two looks.
    [ "$(jq -s '[.[].charged_peak | values] | max >= 104857600' s.ndjson)" = true ]
    [ "$(jq -s '[.[] | select(.charged_peak) | .charged_peak >= .charged] | all' s.ndjson)" = true ]
    [ "$(json '.series.charged.bytes | length > 0')" = true ]
    # Processor time only grows, to what the result says.
    [ "$(jq -s '[.[].cpu_s | values] | length > 0 and . == sort' s.ndjson)" = true ]
    [ "$(jq -s --slurpfile r out.json '[.[].cpu_s | values] | max <= $r[0].time.cpu_s' s.ndjson)" = true ]
}

# It has moved back to the groups of the test, and its parent has gone: both ways out at once.
@test "an orphan that left the control group is a member, and what it is charged is not the tree's" {
    [ -w /sys/fs/cgroup ] || skip 'no group may be written'
    cat >leave.sh <<'END'
sh -c '
    while IFS=: read -r _ _ path; do
        for mount in $(sed -n "s/^[^ ]* \([^ ]*\) cgroup2\{0,1\} .*/\1/p" /proc/mounts); do
            [ ! -w "$mount$path/cgroup.procs" ] || echo 0 >"$mount$path/cgroup.procs"
        done
    done </proc/'"$1"'/cgroup
    exec 3<&-
    sleep 2.7 &
' 2>/dev/null
END
    with cgroup sh leave.sh $$
    [ "$(json '[.processes[] | select(.comm == "sleep")] | length')" -eq 1 ]
    [ "$(json .memory.charged)" = null ]
    [ "$(json .why.charged)" != 'the control group has no figures of memory' ] || skip 'no figures to be lost'
    [[ $(json .why.charged) == *'has moved itself out of the control group' ]]
}

@test "events: no escape" {
    with events "$TREES" escapes
    complete events
    [ "$(json .membership.counted)" -eq 8 ]
    [ "$(json .membership.exits)" -eq 8 ]
    [ "$(json .membership.execs)" -eq 5 ]
}

@test "ptrace: no escape" {
    with exact "$TREES" escapes
    complete ptrace
    [ "$(json .membership.counted)" -eq 8 ]
    [ "$(json .membership.looked_at)" -eq 8 ]
    [ "$(json .membership.execs)" -eq 5 ]
    [ "$(json '[.processes[] | select(.rss_peak == 0)] | length')" -eq 0 ]
}

@test "a thousand children that live for an instant: events" {
    with events "$TREES" forks 1000
    [ "$(json .membership.processes)" -eq 1001 ]
    [ "$(json .membership.overruns)" -eq 0 ]
}

@test "a thousand children that live for an instant: ptrace" {
    with exact "$TREES" forks 1000
    [ "$(json .membership.processes)" -eq 1001 ]
    [ "$(json '.processes | length')" -eq 1001 ]
}

# The machine's others take pids as well; where there are none, in a namespace of the test's own, it is exact.
@test "looking: at most so many were missed, and no fewer" {
    with poll "$TREES" forks 1000
    [ "$(json '1001 - .membership.processes <= .membership.missed_at_most')" = true ]
    unshare -pf --mount-proc true 2>/dev/null || skip 'no namespaces here'
    unshare -pf --mount-proc "$CUVEE" measure -q -o out.json --track poll -- "$TREES" forks 1000
    [ "$(json '.membership | 1001 - .processes == .missed_at_most')" = true ]
    # Who else is there, and is seen, is none of them.
    unshare -pf --mount-proc sh -c 'sleep 2 & exec "$@"' sh \
        "$CUVEE" measure -q -o out.json --track poll -- sleep 0.3
    [ "$(json .membership.missed_at_most)" -eq 0 ]
}

@test "a spike of an instant, also in a child that lives no longer, is inside the bracket" {
    for how in '--track auto' '--track poll' --exact; do
        for tree in spike spike-child; do
            # shellcheck disable=SC2086
            run --separate-stderr "$CUVEE" measure -q -o out.json $how -- "$TREES" $tree
            [ "$status" -eq 0 ] || skip "$stderr"
            [ "$(json '.memory.footprint.peak.upper >= 104857600')" = true ] ||
                { echo "$how $tree: $(json '.memory.footprint.peak|tostring')" && false; }
            [ "$(json '.memory.footprint.peak.upper < 125829120')" = true ]
        done
    done
}

@test "ptrace: signals arrive, who is stopped stays stopped, codes are the command's" {
    with exact sh -c 'trap "echo got it" USR1; kill -USR1 $$; exit 7'
    [ "$status" -eq 7 ]
    [ "$output" = 'got it' ]
    with exact sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    with exact sh -c 'sleep 60 & kill -STOP $!; sleep 0.2; cut -d" " -f3 /proc/$!/stat
        kill -CONT $!; sleep 0.2; cut -d" " -f3 /proc/$!/stat; kill $!'
    [[ ${lines[0]} == [Tt] ]]
    [ "${lines[1]}" = S ]
    run -127 --separate-stderr "$CUVEE" measure -q --exact -- ./nothing-here
    run -124 "$CUVEE" measure -q --exact -o out.json --timeout 0.3 -- sh -c 'sleep 60 & sleep 60'
    for pid in $(json '.processes[].pid'); do ! kill -0 "$pid" 2>/dev/null; done
}

@test "no group is left behind: by a timeout, a signal, a command that is not there" {
    run -124 "$CUVEE" measure -q -o out.json --timeout 0.2 -- \
        sh -c 'trap "" TERM; setsid sleep 60 & sleep 60; sleep 60'
    leaves_nothing
    # Here nobody says which meter it was: all that came meanwhile and are alone.
    find /sys/fs/cgroup -name 'cuvee-measure.*' -type d | sort >before
    run -127 --separate-stderr "$CUVEE" measure -q -- ./nothing-here
    for group in $(find /sys/fs/cgroup -name 'cuvee-measure.*' -type d | sort | comm -13 before -); do
        [ -e "/proc/${group##*.}" ] || [ ! -d "$group" ]
    done
    "$CUVEE" measure -q -o out.json -- sh -c 'touch ready; sleep 60' &
    while [ ! -e ready ]; do sleep 0.02; done
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ]
    [ "$(json .exit.interrupted)" = true ]
    leaves_nothing
}

# Nobody else knows what they are. One that is young may be of somebody whose processes are not seen from here.
@test "groups of a killed meter go when the next ones are made, if they are old" {
    with cgroup true
    "$CUVEE" measure -q --track cgroup -- sh -c 'echo $PPID $$ >pids; exec sleep 60' 3>&- &
    while [ ! -s pids ] && kill -0 $!; do sleep 0.02; done
    read -r meter command <pids
    kill -KILL "$meter" "$command"
    ! wait $!
    mapfile -t groups < <(find /sys/fs/cgroup -name "cuvee-measure.$meter" -type d)
    [ "${#groups[@]}" -gt 0 ]
    for group in "${groups[@]}"; do
        while [ -n "$(cat "$group/cgroup.procs")" ]; do sleep 0.02; done
    done
    with cgroup true
    [ -d "${groups[0]}" ]
    touch -d '2 minutes ago' "${groups[@]}"
    with cgroup true
    for group in "${groups[@]}"; do
        [ ! -e "$group" ]
    done
}

@test "attach: a process and what it starts, which goes on" {
    sh -c 'sleep 60 & echo $! >child; wait' &
    parent=$!
    while [ ! -s child ]; do sleep 0.02; done
    "$CUVEE" measure attach -q -o out.json --timeout 0.3 $parent
    [ "$(json .attached)" = true ]
    [ "$(json .membership.processes)" -eq 2 ]
    [ "$(json .exit.timeout)" = true ]
    [ "$(json .exit.code)" = null ]
    [ "$(json '.memory.footprint.peak.upper > 0')" = true ]
    kill -0 $parent && kill -0 "$(cat child)"
    # And to its end.
    "$CUVEE" measure attach -q -o out.json $parent 3>&- &
    sleep 0.2
    kill "$(cat child)" $parent
    wait $!
    [ "$(json .exit.timeout)" = false ]
    [ "$(json .complete)" = true ]
}

@test "attach: a control group, by its directory and as a unit" {
    group=/sys/fs/cgroup/cuvee-test-$$.service
    [ -d /sys/fs/cgroup/unified ] && group=/sys/fs/cgroup/unified/cuvee-test-$$.service
    mkdir "$group" 2>/dev/null || skip 'no control group can be made here'
    sleep 60 &
    if ! echo $! 2>/dev/null >"$group/cgroup.procs"; then
        rmdir "$group"
        skip 'no process can be moved here'
    fi
    "$CUVEE" measure attach -q -o out.json --timeout 0.2 "$group"
    "$CUVEE" measure attach -q -o unit.json --timeout 0.2 "cuvee-test-$$"
    kill $!
    wait $! || true
    rmdir "$group"
    for file in out.json unit.json; do
        [ "$(jq -r .membership.source $file)" = cgroup ]
        [ "$(jq -r '.processes[0].comm' $file)" = sleep ]
    done
}

@test "attach: what cannot be followed is said" {
    for target in 4194303 /no/such/group no-such-unit 0; do
        run -125 --separate-stderr "$CUVEE" measure attach "$target"
        [[ $stderr == 'cuvee measure: '* ]]
    done
    run -125 "$CUVEE" measure attach
    run -125 "$CUVEE" measure attach 1 2
    run -125 "$CUVEE" measure attach --exact $$
    run -125 "$CUVEE" measure --track nothing -- true
}

@test "a command that is too short to be looked at is a process all the same" {
    with poll true
    [ "$(json .membership.processes)" -ge 1 ]
}

@test "processors and memory may be limited" {
    [ "$("$CUVEE" measure -q --cpus 0 -- grep Cpus_allowed_list /proc/self/status | tr -dc 0-9,-)" = 0 ] ||
        ! grep -qE 'Cpus_allowed_list:.(0|0[-,].*)$' /proc/self/status
    for list in x 3- 2-1 0,, -1 99999; do
        run -125 "$CUVEE" measure --cpus "$list" -- true
    done
    for size in x 0 -1 5Q ''; do
        run -125 "$CUVEE" measure --limit-mem "$size" -- true
    done
    run -125 "$CUVEE" measure attach --cpus 0 $$
    run --separate-stderr "$CUVEE" measure -q -o out.json --limit-mem 48M -- sh -c 'head -c 200M /dev/zero | tail >/dev/null'
    if [ "$status" -eq 125 ]; then
        [[ $stderr == 'cuvee measure: --limit-mem: no control group'* ]]
    else
        [ "$status" -eq 137 ] # tail, by the kernel
        leaves_nothing
        run -0 "$CUVEE" measure -q --limit-mem 48M -- true
    fi
}

@test "a file may be warm or cold" {
    head -c 8M /dev/urandom >data
    "$CUVEE" measure -q -o out.json --cache warm:data -- true
    [ "$(json .io.cached_before.data)" = 1 ]
    "$CUVEE" measure -q -o out.json --cache cold:data -- true
    # Some file systems live in memory, and drop nothing.
    [ "$(stat -f -c %T .)" = tmpfs ] || [ "$(json '.io.cached_before.data < 0.5')" = true ]
    "$CUVEE" measure -q --redact -o out.json --cache warm:data -- true
    [ "$(json '.io.cached_before | keys[0]')" = '***' ]
    run -125 "$CUVEE" measure --cache warm:/no/such/file -- touch started
    [ ! -e started ]
    for mode in hot warm: cold; do
        run -125 "$CUVEE" measure --cache "$mode" -- true
    done
}

@test "marks go to the descriptor that was asked for" {
    for fd in 3 4 5 6 7 8 9 12 30; do # some of them are the meter's own
        "$CUVEE" measure -q -o out.json --mark-fd $fd -- \
            bash -c "[ \$MEASURE_FD = $fd ] && echo here >&$fd"
        [ "$(json '.phases[0].name')" = here ]
        run -127 "$CUVEE" measure -q --mark-fd $fd -- /no/such/program
    done
}

@test "the meter allocates nothing while the command runs" {
    need strace
    strace -o calls -e trace=brk,mmap,mremap,munmap,clone,clone3,fork,vfork "${CUVEE%/*}/cuvee-meter" --out 9 -- \
        "$TREES" escapes 9>records || skip 'no ptrace here'
    [ "$(grep -c '^A ' records)" -ge 1 ]
    # The last one is the fork of the command.
    tail -n 2 calls | head -n 1 | grep -E '^v?(fork|clone)'
    tail -n 1 calls | grep -F 'exited with 0'
}

@test "a limit that cannot be checked is said" {
    run --separate-stderr "$CUVEE" measure -q -o out.json --track poll --fail-if 'footprint>1G' -- true
    [ "$status" -eq 0 ]
    if [ "$(json .memory.footprint.peak.upper)" = null ]; then
        [[ $stderr == *'not known, so --fail-if was not checked'* ]]
    else
        [ -z "$stderr" ]
    fi
}

@test "who marks every step does not have PSS read at every step" {
    "$CUVEE" measure -q -o out.json -- "$TREES" marks 4000 200
    [ "$(json '.phases | length')" -eq 1024 ]
    [ "$(json .phases_left_out)" -eq 2976 ]
    # Each costs 1 ms or more; half a second of them is on credit.
    [ "$(json '.memory.anchors.n < 600')" = true ]
    [ "$(json '.memory.footprint.peak.lower >= 209715200')" = true ]
}
