#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee bench with arms that are shell scripts: what callers wait, what rates are kept, what is added to an experiment.
load experiment

@test "scenario server: arrivals by chance, and the highest rate that keeps the bound" {
    # Every answer takes 10 ms while fewer than 40 a second arrive, else a second: told by the last arrival.
    cat > slow <<'SH'
#!/bin/sh
awk 'END { ms = NR / $1 > 40 ? 1000 : 10; for (i = 0; i < NR; i++) printf "{\"label\":\"RED\",\"score\":1,\"ms\":%d}\n", ms }' "$1" > "$2"
SH
    chmod +x slow
    { echo text; seq 400; } > items.csv
    plan 1 "$(arm a './slow {schedule} "$0"')"
    jq 'del(.input.gold)' plan.json > more.json && mv more.json plan.json
    bench --scenario server -o results
    expect_usage '--scenario server needs a --rate'
    bench --scenario server --rate 10 --latency-bound 100 -o results
    expect_status 0
    results '.summary.arms[0].max_rate | .rate > 30 and .rate <= 44 and .p99_ms == 10'
    results '[.runs[] | select(.kind == "rate")] | length <= 8 and any(.[]; .met) and any(.[]; .met | not)'
    [ "$(wc -l < results/scratch/schedule.txt)" = 400 ]
    sort -g -c results/scratch/schedule.txt
}

@test "no rate is tried that could not keep the bound, or would take too long" {
    { echo text; seq 400; } > items.csv
    # told SECONDS ITEMS MS LAST_MS: what is said of the answers, and of the last ten of them.
    cat > told <<'SH'
#!/bin/sh
sleep "$1"
awk -v n="$2" -v ms="$3" -v last="$4" 'BEGIN {
    for (i = 0; i < n; i++) printf "{\"label\":\"RED\",\"score\":1,\"ms\":%d}\n", i < n - 10 ? ms : last }' > "$5"
SH
    chmod +x told
    plan 1 "$(arm late './told 0.5 {items} 150 150 "$0"')" "$(arm few './told 0.5 {items} 5 5 "$0"' '{"items": 20}')" \
        "$(arm crash 'case {scenario} in server) exit 9 ;; *) ./told 0.5 {items} 5 5 "$0" ;; esac')" \
        "$(arm tail './told 0.5 {items} 5 500 "$0"')"
    jq 'del(.input.gold)' plan.json > more.json && mv more.json plan.json
    # 300 items at 1 a second take five minutes, at a half ten, at a quarter twenty.
    bench --scenario offline,single,server --rate 1 --latency-bound 100 -o results
    expect_status 1
    results '[.summary.arms[].max_rate] | all(. == null)'
    probes='[.runs[] | select(.kind == "rate") | [.arm, .rate, .status]] | sort'
    results "$probes"' == [["crash", 1, "failed"], ["crash", 1, "failed"], ["few", 1, "ok"],
             ["tail", 0.5, "ok"], ["tail", 1, "ok"]]'
    bench --resume --scenario offline,single,server --rate 1 --latency-bound 100 -o results
    results "$probes | length == 5"
}

# An arm of 400 items: alone an answer takes 5 ms. While fewer than 40 a second arrive 10 ms, else a second: told by the
# last arrival. All at once it does 200 a second.
make_paced() {
    { echo text; seq 400; } > items.csv
    cat > paced <<'SH'
#!/bin/sh
case $1 in
offline) sleep 0.5; ms=1; n=$3 ;;
single) ms=5; n=$3 ;;
server) n=$3; ms=$(head -n "$3" "$2" | awk 'END { print (NR / $1 > 40 ? 1000 : 10) }') ;;
esac
echo "$1 $3" >> "$5"
awk -v n="$n" -v ms="$ms" 'BEGIN { for (i = 0; i < n; i++) printf "{\"label\":\"RED\",\"score\":1,\"ms\":%d}\n", ms }' > "$4"
SH
    chmod +x paced
    paced='./paced {scenario} {schedule} {items} "$0" {scratch}/seen'
    plan 1 "$(arm a "$paced")" "$(arm b "$paced" '{"scenarios": ["offline", "single"]}')"
    jq 'del(.input.gold)' plan.json > more.json && mv more.json plan.json
}

@test "several scenarios in one experiment: the first in blocks, the others after it, on fewer items" {
    make_paced
    bench --scenario offline,single,server --latency-bound 100 -o results
    expect_status 0
    # Answers of the scenario are kept beside those of the blocks, and the plot of latency is of them.
    results '.summary.arms[0].scenarios.single.run as $id | .runs[$id] | .scenario == "single" and (.files.answers | test("^answers/runs/[0-9]+-a.jsonl$"))'
    kept=results/$(jq -r '.summary.arms[0].scenarios.single.run as $id | .runs[$id].files.answers' results/results.json)
    jq -se 'length == 300 and all(.[]; .ms == 5)' "$kept" > found.json || fail 'not the answers of the scenario'
    [ "$(wc -l < results/answers/a.jsonl)" = 400 ]
    grep -q 'Latency of one caller at a time' results/report.html
    grep -q 'Latency of one caller at a time' results/latency.svg
    expect_stderr 'How long a caller waits'
    results '.plan.scenario == "offline" and .plan.also == ["single", "server"]'
    results '[.runs[] | select(.counts) | .n_items] | unique == [400]'
    results '[.runs[] | select(.kind == "scenario") | [.arm, .scenario, .n_items]] | unique ==
             [["a", "single", 300], ["b", "single", 300]]'
    results '.summary.arms[0] | .scenarios.single == {n: 300, run: .scenarios.single.run, p50: 5, p90: 5, p99: 5,
             items_per_s: .scenarios.single.items_per_s, disturbed: .scenarios.single.disturbed}'
    results '.summary.arms[0].max_rate | .rate > 30 and .rate <= 44 and .p99_ms == 10 and .bound_ms == 100'
    results '.summary.arms[1] | .max_rate == null and .probes == [] and .scenarios.single.p99 == 5'
    # None above what it did in a batch.
    results '[.summary.arms[0].items_per_s.max, (.summary.arms[0].probes | map(.rate) | max)] | .[1] < .[0]'
    grep -q 'What callers wait' results/report.html && grep -q '| a | 5.00 ms | 5.00 ms |' results/report.md
    cuvee advise --results results --latency-p99 50 --rate 30
    expect_status 0
    expect_output 'Recommended    a'
    cuvee advise --results results --latency-p99 50 --rate 60
    expect_status 1
    cuvee advise --results results --latency-p99 4
    expect_status 1
    expect_output 'one answer of a hundred takes longer than 5.00 ms'
}

@test "what is measured after the blocks can be added to them, and nothing else can" {
    make_paced
    bench -o results
    expect_status 0
    cp results/results.json before.json
    # Plan and model are those of the directory.
    cuvee bench --resume --wait 0 -o results --scenario offline,single
    expect_status 0
    cuvee bench --resume --wait 0 -o results --scenario offline,server
    expect_status 0
    cuvee bench --resume --wait 0 -o results --sweep b
    expect_status 0
    results '.plan.also == ["single", "server"] and .plan.latency_bound_ms == 200 and .state == "complete"'
    results --slurpfile old before.json '.runs[:($old[0].runs | length)] == $old[0].runs'
    results '([.runs[].kind] | unique) - ["again"] == ["rate", "scenario", "sweep", "timed", "warm-up"]'
    results '[.runs[] | select(.kind == "sweep") | [.settings.workers, .settings.threads]] | sort ==
             [[1,0],[1,1],[2,0],[2,1],[4,0],[4,1],[8,0],[8,1]]'
    results '.plan_sha256 | test("^[0-9a-f]{64}$")'
    results --slurpfile old before.json '.plan_sha256 != $old[0].plan_sha256'
    cuvee bench --resume --wait 0 -o results --sweep a
    expect_status 2
    expect_stderr "another 'sweep' already"
    cuvee bench --resume --wait 0 -o results --blocks 5
    expect_status 2
    expect_stderr 'another plan'
}
