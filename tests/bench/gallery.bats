#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The gallery goes on where tests/measure/gallery.bats ends: comparisons that naive figures get wrong. Each test asserts
# what they claim and what is true. F25 and F26, which are statistics, are in test_bench_gallery.c.
#
#   F19  items a second, where batches are padded       F24  latency of a caller who waits for the answer before
#   F21  loading left out                               F27  equal counts of labels
load ../cli/common

setup() {
    enter_folder
    for program in jq python3; do
        command -v $program >/dev/null || skip "no $program"
    done
}

# arm NAME COMMAND [MORE]: an arm that is a line of shell; $0 is its answers, $1 the items.
arm() {
    jq -nc --arg name "$1" --arg line "$2" --argjson more "${3:-{\}}" \
        '{$name, title: $name, command: ["sh", "-c", $line, "{answers}", "{items}"]} + $more'
}

# experiment ARM...: once, over items.csv.
experiment() {
    mkdir -p model && echo '{}' > model/config.json
    printf '%s\n' "$@" | jq -s '{schema: "bench-plan/1", name: "a fallacy", question: "Which one?", blocks: 1,
        reference: .[0].name, input: {path: "items.csv", column: "text"}, arms: .}' > plan.json
    rm -rf results
    cuvee bench --plan plan.json -m model --wait 0 -q -o results
}

# runs NAME KEY: of the arm's run that counts, or failed.
of_run() {
    jq "[.runs[] | select(.arm == \"$1\" and .kind == \"timed\")][0].$2" results/results.json
}

# holds EXPRESSION: of jq.
holds() {
    jq -ne "$1" >/dev/null || {
        echo "it does not hold: $1" >&2
        return 1
    }
}

@test "F19: items a second: 1.86 times as fast claimed, the same engine" {
    # An engine that pads takes as long as its padded tokens do. What it takes is counted here, not timed: tokens of the
    # shipped reviews (tests/golden), 32 a batch, as they come and sorted by length.
    cat > padded.py <<'PY'
import csv, json, sys

lines = open(sys.argv[1], encoding="utf-8").read().splitlines()[2:]
tokens = [int(row["tokens"]) for row in csv.DictReader(lines)]
found = {}
for name, order in (("as_they_come", tokens), ("sorted", sorted(tokens))):
    batches = [order[i:i + 32] for i in range(0, len(order), 32)]
    padded = sum(max(b) * len(b) for b in batches)
    seconds = padded / 10000  # 10,000 padded tokens a second, whatever the order
    found[name] = {"items_per_s": len(tokens) / seconds, "padded_per_s": padded / seconds,
                   "real_per_s": sum(tokens) / seconds, "padding": 1 - sum(tokens) / padded}
print(json.dumps(found))
PY
    python3 padded.py "$SOURCE_DIR/tests/golden/logits/sentiment-en.csv" > found.json
    # Claimed: an engine that is faster by this much.
    jq -e '.sorted.items_per_s / .as_they_come.items_per_s | . > 1.85 and . < 1.87' found.json
    # True: the same work a second; what differs is the share of it that is padding.
    jq -e '.sorted.padded_per_s == .as_they_come.padded_per_s' found.json
    jq -e '.as_they_come.padding > 0.47 and .sorted.padding < 0.04' found.json
    # So the ratio that was claimed is that of the shares, to the digit: nothing is left for the engine.
    jq -e '(.sorted.items_per_s / .as_they_come.items_per_s) * (1 - .as_they_come.padding) / (1 - .sorted.padding)
           - 1 | fabs < 1e-9' found.json
}

@test "F21: loading left out: several times as fast claimed, slower true" {
    # One loads for 1.6 s and takes 1 ms an item, the other loads nothing and takes 40. They sleep for as long, once for
    # all items: a busy machine adds to each of them what it takes to start a few small programs, and nothing to an item.
    cat > loader <<'SH'
#!/bin/sh
answers=$1 n=$2 load_s=$3 work_s=$4
sleep "$load_s"
"$CUVEE" measure mark model-loaded
sleep "$work_s"
yes '{"label": "RED", "score": 0.5}' | head -n "$n" > "$answers"
SH
    chmod +x loader
    measure_both() { # ITEMS LIGHT_WORK_S HEAVY_WORK_S
        { echo text; seq "$1"; } > items.csv
        experiment "$(arm light "./loader \"\$0\" \"\$1\" 0 $2")" "$(arm heavy "./loader \"\$0\" \"\$1\" 1.6 $3")"
        expect_status 0
        light=$(of_run light wall_s) heavy=$(of_run heavy wall_s)
        light_work=$(of_run light work_s) heavy_work=$(of_run heavy work_s)
    }
    measure_both 20 0.8 0.02
    # Claimed, from the time after loading:
    holds "$light_work / $heavy_work > 2"
    # True, from the whole time:
    holds "$light < $heavy * 0.8"
    # Where they meet: (load - load) / (item - item), 41 items. Fewer and more show that it is true.
    local meet
    meet=$(jq -n "($(of_run heavy load_s) - $(of_run light load_s)) / (($light_work - $heavy_work) / 20)")
    holds "$meet > 20 and $meet < 80"
    measure_both 80 3.2 0.08
    holds "$light > $heavy * 1.3"
}

@test "F24: a caller who waits: a few ms at p99 claimed, hundreds true" {
    # A server that takes a millisecond, and once stands still: for so long that a busy machine hides nothing of it.
    cat > stalls.py <<'PY'
import time

MAX_BATCH = 1
calls = 0


def process_batch(texts):
    global calls
    calls += 1
    time.sleep(1.2 if calls == 60 else 0.001)
    return [{"label": "RED", "score": 0.5} for _ in texts]
PY
    { echo text; seq 150; } > items.csv
    seq 0 0.03 4.47 > schedule # 33 a second
    p99() {
        cuvee bench drive -m stalls.py --python-host process --input items.csv --column text --answers answers.jsonl "$@"
        expect_status 0
        p99=$(jq -s 'map(.ms) | sort | .[(length * 0.99 | floor)]' answers.jsonl)
    }
    # Claimed: the next one is sent when the answer is there, so the stall delays one of 150.
    p99 --scenario single
    holds "$p99 < 400"
    # True for those who come when they come: some forty wait.
    p99 --scenario server --schedule schedule
    holds "$p99 > 800"
    holds "[$(jq .ms answers.jsonl | paste -sd,)] | map(select(. > 400)) | length | . >= 20 and . <= 100"
}

@test "F27: the same counts of labels claimed, no item right" {
    { echo text; seq 40; } > items.csv
    # As a program whose index comes from a counter that workers race for: all answers are there, in another order.
    cat > answers.py <<'PY'
import json, sys

n, shift = int(sys.argv[2]), int(sys.argv[3])
labels = [["RED", "WHITE"][i % 2] for i in range(n)]
with open(sys.argv[1], "w") as f:
    for i in range(n):
        f.write(json.dumps({"index": i, "label": labels[(i + shift) % n], "score": 0.9}) + "\n")
PY
    experiment "$(arm right 'python3 answers.py "$0" "$1" 0')" "$(arm raced 'python3 answers.py "$0" "$1" 1; cp "$0" raced.jsonl')"
    counts() { jq -sc 'group_by(.label) | map([.[0].label, length])' "$1"; }
    # Claimed: nothing differs.
    [ "$(counts raced.jsonl)" = "$(counts results/answers/right.jsonl)" ]
    [ "$(counts raced.jsonl)" = '[["RED",20],["WHITE",20]]' ]
    # True: everything does, and such a run is no success.
    [ "$(of_run raced status)" = '"wrong"' ]
    [ "$(of_run raced answers.labels_differ)" -eq 40 ]
    [ "$(of_run raced counts)" = false ]
    [ "$(of_run right status)" = '"ok"' ]
}
