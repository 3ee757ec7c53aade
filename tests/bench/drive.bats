#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee bench drive: an arm for everything that libcuvee runs. What it answers is what `cuvee classify` says.
load ../cli/common

setup() {
    enter_folder
    command -v jq >/dev/null || skip 'no jq'
    for i in $(seq 0 40); do echo "$i,\"wine number $i, $((i * 7919 % 13)) points\""; done | sed '1i id,description' > items.csv
    "$CUVEE" classify -q items.csv --column description --no-text -o expected.jsonl
}

drive() {
    cuvee bench drive --input items.csv --column description --answers answers.jsonl "$@"
}

# expect_answers N: the first N items, in order, as classify has them.
expect_answers() {
    expect_status 0
    [ -z "$output$stderr" ] || fail 'it says nothing when all is well'
    [ "$(wc -l < answers.jsonl)" -eq "$1" ] || fail "not $1 answers"
    cmp <(jq -c '[.index, .label, (.score * 1e6 | round)]' answers.jsonl) \
        <(head -n "$1" expected.jsonl | jq -c '[.index, .label, (.score * 1e6 | round)]')
}

@test "all scenarios, one process or several, give the answers of classify" {
    seq 0 0.001 0.04 > schedule
    drive
    expect_answers 41
    jq -se 'map(.batch) == [range(41) | if . < 32 then 0 else 1 end]' answers.jsonl
    drive --items 7 --batch 3 --workers 3
    expect_answers 7
    jq -se 'map(.batch) == [0, 0, 0, 1, 1, 1, 2]' answers.jsonl
    drive --scenario single
    expect_answers 41
    drive --scenario server --schedule schedule
    expect_answers 41
    drive --processes 4 --workers 1
    expect_answers 41
    jq -se 'map(.worker) == [range(41) | . % 4]' answers.jsonl
    drive --processes 3 --scenario server --schedule schedule
    expect_answers 41
    drive --processes 8 --items 5 # three have nothing to do
    expect_answers 5
    [ "$(ls)" = "$(printf '%s\n' answers.jsonl expected.jsonl items.csv schedule)" ] || fail 'files are left behind'
}

@test "in scenario server no item starts before its time, and its time counts from there" {
    command -v python3 >/dev/null || skip 'no python3'
    cat > slow.py <<'PY'
import time

MAX_BATCH = 1


def process_batch(texts):
    time.sleep(0.01)
    return [{"label": "RED", "score": 0.5} for _ in texts]
PY
    for i in $(seq 41); do echo 0; done > at_once
    drive --scenario server --schedule at_once -m slow.py --python-host process --items 10
    expect_status 0
    # All were due at the start, and are answered one after the other.
    jq -se '[range(10) as $i | .[$i].ms >= 10 * ($i + 1)] | all' answers.jsonl
    drive --scenario single -m slow.py --python-host process --items 10
    expect_status 0
    jq -se '(map(.ms) | add) >= 100 and (map(.ms) | min) < 50' answers.jsonl
    { seq 40 | sed 's/.*/0/'; echo 2; } > late
    "$CUVEE" measure -q -o out.json -- "$CUVEE" bench drive --input items.csv --column description \
        --answers answers.jsonl --scenario server --schedule late
    jq -e '[.phases[] | select(.name == "model-loaded")][0].t_s as $loaded | .time.wall_leader_s - $loaded >= 2' out.json
    jq -se '.[40].ms < 1900' answers.jsonl # not since the start
}

@test "marks: each once, in order, also with several processes" {
    for options in '' '--processes 3 --workers 1' '--scenario single'; do
        "$CUVEE" measure -q -o out.json -- "$CUVEE" bench drive --input items.csv --column description \
            --answers answers.jsonl $options
        [ "$(jq -c '[.phases[].name]' out.json)" = '["model-loaded","first-result"]' ] || fail "marks: $(jq -c .phases out.json)"
    done
}

@test "a script as the model: its host writes the marks" {
    command -v python3 >/dev/null || skip 'no python3'
    script=$SOURCE_DIR/examples/python/standard_library.py
    "$CUVEE" classify -q items.csv --column description --no-text -m "$script" --python-host process -o expected.jsonl
    drive -m "$script" --python-host process
    expect_answers 41
    "$CUVEE" measure -q -o out.json -- "$CUVEE" bench drive --input items.csv --column description \
        --answers answers.jsonl -m "$script" --python-host process --scenario single --items 3
    [ "$(jq -c '[.phases[].name]' out.json)" = '["runtime-ready","script-imported","model-loaded","first-result"]' ]
    expect_usage_of --processes 2 -m "$script"
}

expect_usage_of() {
    drive "$@"
    expect_status 2
}

@test "what is wrong is said, and there are no answers" {
    expect_usage_of --scenario server
    expect_usage_of --scenario single --processes 2
    expect_usage_of --part 2
    cuvee bench drive --input items.csv --column description
    expect_status 2
    cuvee bench drive --input items.csv --column nothing --answers answers.jsonl
    expect_status 3
    expect_stderr "'nothing'"
    drive -m nowhere
    expect_status 4
    drive -m nowhere --processes 2
    expect_status 4
    expect_stderr 'ended before it began'
    printf '0\n0\n' > short
    drive --scenario server --schedule short
    expect_status 3
    expect_stderr 'short: line 3'
    drive --scenario server --schedule short --processes 2
    expect_status 4
    { seq 40 | sed 's/.*/0/'; echo soon; } > words
    drive --scenario server --schedule words
    expect_status 3
    expect_stderr 'words: line 41'
    printf 'description\n' > empty.csv
    cuvee bench drive --input empty.csv --column description --answers answers.jsonl
    expect_status 3
    cuvee bench drive --input items.csv --column description --answers /nowhere/answers.jsonl
    expect_status 5
    [ ! -e answers.jsonl ] || fail 'answers of a run that failed'
}

@test "an item without an answer fails the run" {
    command -v python3 >/dev/null || skip 'no python3'
    cat > broken.py <<'PY'
def process_batch(texts):
    return [{"label": "RED", "score": 0.5} if "number 17" not in t else {"label": "RED"} for t in texts]
PY
    drive -m broken.py --python-host process
    expect_status 4
    expect_stderr 'item 17: no score'
    cat > broken.py <<'PY'
def process_batch(texts):
    raise ValueError("no wine")
PY
    drive -m broken.py --python-host process
    expect_status 4
    expect_stderr 'no wine'
    [ ! -e answers.jsonl ]
}

@test "parts end with the one that started them" {
    for i in $(seq 41); do echo 600; done > far
    "$CUVEE" bench drive --input items.csv --column description --answers answers.jsonl --scenario server \
        --schedule far --processes 3 3>&- &
    local parent=$! parts
    wait_until eval '[ "$(pgrep -c -P $parent)" -eq 3 ]'
    parts=$(pgrep -P $parent)
    kill -9 $parent
    for pid in $parts; do wait_until eval "! kill -0 $pid 2>/dev/null"; done
}
