#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee measure self-test: holds with a meter that tells the truth, and not with one that lies.
load common

all_hold() {
    [ "$status" -eq 0 ] || { echo "$output" >&2 && return 1; }
    [ "${lines[-1]}" = '6 of 6 hold' ]
    for word in claimed true cause command; do
        [ "$(grep -c "^   $word  *[^ ]" <<<"$output")" -eq 6 ]
    done
    [[ $output != *WRONG* ]]
}

# copy FILTER: our programs in a folder of their own, whose meter's records go through sed FILTER.
copy() {
    mkdir -p copy
    cp "$CUVEE" "${CUVEE%/*}/cuvee-measure-cases" copy/
    cp "${CUVEE%/*}/cuvee-meter" copy/real-meter
    {
        echo '#!/bin/bash'
        echo 'out=$2; shift 2; set -o pipefail'
        echo "\"\${0%/*}/real-meter\" --out 9 \"\$@\" 9>&1 >/dev/null | sed '$1' >&\$out"
    } >copy/cuvee-meter
    chmod +x copy/cuvee-meter
}

@test "every case holds: naive figure, truth, cause, command" {
    run --separate-stderr "$CUVEE" measure self-test
    all_hold
    [ -z "$stderr" ]
    # The command on a card is one.
    command -v jq >/dev/null || skip 'no jq'
    read -r program name <<<"$(sed -n 's/^   command .* -- \(.* heap\)$/\1/p' <<<"$output")"
    "$CUVEE" measure -q -o out.json -- "$program" "$name"
    [ "$(jq '.memory.footprint.peak.lower > 240000000' out.json)" = true ]
    [ "$(jq '.memory.naive.reported_heap == 33554432' out.json)" = true ]
}

@test "also for somebody who may do little" {
    setpriv --reuid=65534 --regid=65534 --clear-groups "$CUVEE" measure -q -- true 2>/dev/null ||
        skip 'not allowed here'
    run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$CUVEE" measure self-test
    all_hold
}

@test "on a terminal what is claimed is struck through" {
    command -v script >/dev/null || skip 'no script(1)'
    mkdir copy
    cp "$CUVEE" "${CUVEE%/*}/cuvee-measure-cases" copy/
    # Says the same of every case, at once: this is about how it looks.
    cat >copy/cuvee-meter <<'END'
#!/bin/sh
eval "exec >&$2"
echo 'V 1 4096 900 10000 744 0
L 7 0
B 0 7 1 1 cases
S 10 7 1000 0 10 0 1 100 0
M 20 heap=33554432
A 30 1 1 mark 10
P 7 237568 237568 0 0 0 100 1 237568 237568 237568
X 40 0 1000 0 0 1 0 10
Z 50 10 900 1 0 0 1 0 0 0 -1'
END
    chmod +x copy/cuvee-meter
    TERM=xterm script -qec 'copy/cuvee measure self-test' /dev/null </dev/null >said || true
    grep -q $'claimed  \e\[9m32.0 MiB\e\[0m (heap' said
    grep -q 'not measured: a figure is missing' said
    NO_COLOR=1 TERM=xterm script -qec 'copy/cuvee measure self-test' /dev/null </dev/null >said || true
    grep -q 'claimed  32.0 MiB (heap' said
    [ "$(grep -c $'\e' said)" -eq 0 ]
}

@test "an instant that who samples has seen, as on a busy machine, is tried again" {
    mkdir copy
    cp "$CUVEE" "${CUVEE%/*}/cuvee-measure-cases" copy/
    # A spike of 100 MiB at the second sample; when it comes again, between two of them.
    cat >copy/cuvee-meter <<'END'
#!/bin/sh
eval "exec >&$2"
case $* in *spike) echo >>"${0%/*}/spikes" ;; esac
rss=60000
[ ! -e "${0%/*}/spikes" ] || [ "$(wc -l <"${0%/*}/spikes")" -lt 3 ] || rss=1000
echo "V 1 4096 900 10000 744 0
L 7 0
B 0 7 1 1 cases
S 10 7 1000 0 250 0 1 100 0
A 30 1 1 mark 10
P 7 900 900 0 0 0 0 1 900 1000 1000
S 1100000 7 $rss 0 25850 0 1 100 0
S 1200000 7 1000 0 25850 0 1 100 0
X 1300000 0 1000 0 0 1 0 10
Z 1300000 10 900 1 0 0 1 0 0 0 -1"
END
    chmod +x copy/cuvee-meter
    run copy/cuvee measure self-test
    [ "$(wc -l <copy/spikes)" -eq 3 ]
    [[ ${output#*an instant} != *WRONG*'6  '* ]]
    [[ $output == *$'\n1 of 6 hold' ]]
}

@test "a meter that loses memory is found out" {
    copy 's/^P \([0-9]*\) [0-9]* /P \1 1 /'
    run --separate-stderr copy/cuvee measure self-test
    [ "$status" -eq 1 ]
    [[ ${lines[-1]} == [0-5]' of 6 hold' ]]
    [ "$(grep -c '^   WRONG    expected: ' <<<"$output")" -ge 3 ]
}

@test "a meter that counts too much is found out" {
    copy 's/^P \([0-9]*\) /P \1 9/'
    run --separate-stderr copy/cuvee measure self-test
    [ "$status" -eq 1 ]
    [ "$(grep -c '^   WRONG    expected: ' <<<"$output")" -ge 4 ]
}

@test "a machine that has no room for a case fails it, and says why" {
    run --separate-stderr bash -c 'ulimit -v 180000; exec "$CUVEE" measure self-test'
    [ "$status" -eq 1 ]
    [[ $output == *'not measured: there is not enough memory'* ]]
    [ "${lines[-1]}" = '5 of 6 hold' ]
}

@test "without its programs nothing can be measured" {
    mkdir alone
    cp "$CUVEE" alone/cuvee
    run --separate-stderr alone/cuvee measure self-test
    [ "$status" -eq 125 ]
    [[ $stderr == 'cuvee measure self-test: cuvee-measure-cases is not '* ]]
    cp "${CUVEE%/*}/cuvee-measure-cases" alone/
    printf '#!/bin/sh\nexit 125\n' >alone/cuvee-meter
    chmod +x alone/cuvee-meter
    run --separate-stderr alone/cuvee measure self-test
    [ "$status" -eq 125 ]
    [[ $stderr == 'cuvee measure self-test: '* ]]
    run "$CUVEE" measure self-test now
    [ "$status" -eq 125 ]
}
