#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# No false zero: sources are taken away one by one, in namespaces of this test's own, and every figure that
# came from one is null with a reason. What is bad input: a machine that hides things, and programs that do.
load common

# Nobody may not be allowed into the folder that was built in: the programs go where all may read.
setup_file() {
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_FILE_TMPDIR"
    cp "$CUVEE" "${CUVEE%/*}/cuvee-meter" "$FALLACIES" "$BATS_FILE_TMPDIR"
    export CUVEE=$BATS_FILE_TMPDIR/cuvee FALLACIES=$BATS_FILE_TMPDIR/fallacies
}

setup() {
    enter_folder
    mkdir "$BATS_TEST_TMPDIR/empty"
    need jq
    chmod 755 "$BATS_TEST_TMPDIR" # for nobody, too
    chmod 777 .
}

# hidden OPTIONS SETUP COMMAND...: measures in namespaces where SETUP, a line of sh, has hidden something.
hidden() {
    local options=$1 before=$2
    shift 2
    # shellcheck disable=SC2086
    unshare $options true 2>/dev/null || skip "no namespaces here: unshare $options"
    # shellcheck disable=SC2086
    EMPTY=$BATS_TEST_TMPDIR/empty unshare $options sh -c "$before || exit 99; exec \"\$@\"" sh "$@" || {
        status=$?
        [ $status -ne 99 ] || skip "cannot be hidden here: $before"
        return $status
    }
}

measure() {
    hidden "$1" "$2" "$CUVEE" measure -q -o out.json -- "$FALLACIES" size 20
}

NOBODY='setpriv --reuid 65534 --regid 65534 --clear-groups'

as_nobody() {
    hidden "$1" "$2" $NOBODY "$CUVEE" measure -q -o out.json "${@:3}"
}

# null KEY...: each is null, and `why` has a reason under its last name.
null() {
    for key; do
        [ "$(json "$key")" = null ] || { echo "$key is $(json "$key")" >&2 && return 1; }
        [ -n "$(json ".why.${key##*.} // empty")" ] || { echo "no reason for $key" >&2 && return 1; }
    done
}

# Whatever is null, anywhere but in curves, has a reason: under its name, or below the name of its list.
all_have_reasons() {
    local without
    without=$(json '. as $all | [paths(. == null)] | map(select(.[0] != "series" and .[-1] != "exit_s"))
        | map(select($all.why[.[-1]] == null and $all.why[.[0] + "." + .[-1]] == null))
        | map(map(tostring) | join(".")) | join(" ")')
    [ -z "$without" ] || { echo "without a reason: $without" >&2 && return 1; }
}

@test "without control groups: no charge" {
    measure -m 'mount --bind "$EMPTY" /sys/fs/cgroup'
    null .memory.charged
    [[ $(json .membership.source) =~ ^(events|poll)$ ]]
    [ "$(json '.memory.footprint.peak.upper >= 20971520')" = true ]
    all_have_reasons
}

@test "without process events: no counts" {
    run --separate-stderr hidden -n true "$CUVEE" measure --track events -- touch ran
    [ "$status" -ne 0 ] || skip 'events are heard here, also in namespaces'
    [ "$status" -eq 125 ] && [ ! -e ran ]
    [[ $stderr == 'cuvee measure: events: process events are '* ]]
    measure -n true
    null .membership.counted .membership.execs .membership.exits .membership.overruns
    all_have_reasons
}

@test "without a control group and perf: processor time is a lower bound, and says so" {
    [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -ge 2 ] || skip 'perf is allowed to all'
    as_nobody -m 'mount --bind "$EMPTY" /sys/fs/cgroup' -- "$FALLACIES" spin 100
    [ "$(json .time.cpu_quality)" = 'lower bound' ]
    [ "$(json '.time.cpu_s > 0.09')" = true ]
    null .memory.charged
    all_have_reasons
}

@test "without pressure files: no pressure of the machine" {
    as_nobody -m 'mount --bind "$EMPTY" /proc/pressure && mount --bind "$EMPTY" /sys/fs/cgroup' -- \
        "$FALLACIES" size 20
    null .contention.psi_cpu_some_s .contention.psi_memory_some_s .contention.psi_io_some_s .contention.psi_scope
    all_have_reasons
}

@test "without /proc/stat: neither steal nor foreign time" {
    measure -m 'mount --bind /dev/null /proc/stat'
    null .contention.steal_s .contention.foreign_cpu_s
    all_have_reasons
}

@test "without /proc/loadavg: nobody knows how many were missed" {
    hidden -m 'mount --bind /dev/null /proc/loadavg' "$CUVEE" measure -q -o out.json --track poll -- \
        "$FALLACIES" size 20
    null .membership.missed_at_most
    # One that does not move, as some containers have.
    hidden -m 'cp /proc/loadavg frozen && mount --bind frozen /proc/loadavg' \
        "$CUVEE" measure -q -o out.json --track poll -- "$FALLACIES" size 20
    null .membership.missed_at_most
    [ "$(json .membership.looked_at)" -ge 1 ]
    all_have_reasons
}

@test "a tree that was there before: nothing that only its parent is told" {
    "$FALLACIES" size 20 >ready 3>&- &
    while [ ! -s ready ] && kill -0 $!; do sleep 0.01; done
    "$CUVEE" measure attach -q -o out.json --timeout 0.3 $!
    kill $!
    null .time.user_s .time.sys_s .contention.context_switches .contention.involuntary_switches \
        .memory.naive.max_single_maxrss .exit.code .time.wall_leader_s
    all_have_reasons
}

@test "a process that does not let its memory be read: no footprint, and nobody's zero" {
    as_nobody -m true -- "$FALLACIES" private 20
    null .memory.footprint.peak.lower .memory.footprint.peak.upper .memory.footprint.peak.value \
        .memory.footprint.steady_median .memory.footprint.parts_at_peak .memory.footprint.integral_MiB_s \
        .memory.private_peak .memory.naive.uss .memory.naive.parent_vm_hwm
    [ "$(json '.memory.naive.parent_rss_peak >= 20971520')" = true ] # that anybody may read
    all_have_reasons
}

@test "all of it at once" {
    as_nobody -mn 'mount --bind "$EMPTY" /proc/pressure && mount --bind "$EMPTY" /sys/fs/cgroup &&
        mount --bind /dev/null /proc/stat' -- "$FALLACIES" private 20
    [ "$(json .membership.source)" = poll ]
    [ "$(json .membership.complete)" = false ]
    null .memory.charged .membership.counted .contention.psi_cpu_some_s .contention.steal_s \
        .memory.footprint.peak.upper
    all_have_reasons
}

@test "processes of others are hidden: ours are not" {
    as_nobody '-mpf --mount-proc' 'mount -o remount,hidepid=2 /proc' -- "$FALLACIES" heap
    [ "$(json .membership.processes)" -eq 2 ]
    [ "$(json '.memory.footprint.peak.lower >= 490 * 1048576')" = true ]
    all_have_reasons
}

@test "/proc is not there: said, and nothing is started" {
    run --separate-stderr hidden -m 'mount -t tmpfs none /proc' "$CUVEE" measure -o out.json -- touch ran
    [ "$status" -eq 125 ]
    [[ $stderr == *'/proc'* ]]
    [ ! -e ran ]
}

@test "five hundred processes" {
    "$CUVEE" measure -q -o out.json -- "$FALLACIES" five-hundred
    [ "$(json .membership.processes)" -eq 501 ]
    [ "$(json .membership.max_live)" -eq 501 ]
    [ "$(json .membership.lost)" -eq 0 ]
    [ "$(json '.memory.footprint.peak.lower > 0')" = true ]
    [ "$(json '.processes | length')" -eq 501 ]
}

@test "a name that looks like fields" {
    "$CUVEE" measure -q -o out.json -- "$FALLACIES" odd-name
    [ "$(json .membership.processes)" -eq 2 ]
    [ "$(json '[.processes[] | select(.comm == ")?R?1?(")] | length')" -eq 1 ]
    [ "$(json '.processes[1].ppid == .processes[0].pid')" = true ]
    [ "$(json '.memory.footprint.peak.lower >= 31457280 and .memory.footprint.peak.lower < 36700160')" = true ]
}

@test "a file that cannot be written: before the command starts, each of them" {
    for option in -o --series --html --md; do
        for file in /no/such/folder/x . /proc/version; do
            run -125 --separate-stderr "$CUVEE" measure -q $option $file -- touch ran
            [[ $stderr == 'cuvee measure: '*"$file"* ]]
            [ ! -e ran ]
        done
    done
}

@test "a full disk is said" {
    [ -c /dev/full ] || skip 'no /dev/full'
    run -125 --separate-stderr "$CUVEE" measure -q -o /dev/full -- true
    [[ $stderr == 'cuvee measure: '*full* ]]
}

# A terminal's Ctrl-C: the kernel sends it to the whole foreground group. Shells let what they start in the
# background ignore it, and that is inherited.
@test "Ctrl-C: the tree has it, the result is complete" {
    command -v script >/dev/null && script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip 'no script(1)'
    cat >tree.sh <<'EOF'
trap 'echo caught >caught; exit 3' INT
: >ready
sleep 60
EOF
    mkfifo keys
    script -qec "exec env --default-signal=INT $CUVEE measure -q -o out.json -- sh tree.sh" /dev/null <keys >/dev/null 3>&- &
    exec 4>keys
    while [ ! -e ready ] && kill -0 $!; do sleep 0.02; done
    printf '\003' >&4
    while [ ! -e caught ] && kill -0 $!; do sleep 0.02; done
    exec 4>&-
    wait $! || true
    [ "$(cat caught)" = caught ]
    [ "$(json .exit.interrupted)" = true ]
    [ "$(json .complete)" = true ]
    [ "$(json .exit.code)" -eq 3 ]
}
