#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The arms that need no download, and what all arms share. $CUVEE_LIBRARY is libcuvee.so.
load arms

setup() {
    enter_folder
    need_model
    command -v python3 >/dev/null || skip 'no python3'
}

arm() {
    local script=$1
    shift
    measured python3 "$ARMS/$script.py" --model "$MODEL" --input "$REVIEWS" --column description \
        --answers answers.jsonl "$@"
}

@test "the reference answers are the golden ones" {
    python3 "$SOURCE_DIR/bench/plans/make-reference" --check
}

@test "both plans can run: every arm's keys, settings and placeholders are known" {
    for options in '' --quick; do
        cuvee bench $options --dry-run
        expect_status 0
    done
    # What an arm may be skipped for is a missing package, nothing else.
    cuvee bench --dry-run
    ! grep skipped <<<"$output$stderr" | grep -v "setup\|no library libmetacall\|no program go" || fail 'skipped'
    # The quick one skips nothing.
    cuvee bench --quick --dry-run
    expect_no_stderr skipped
    expect_no_output skipped
}

@test "a Python program over libcuvee: all scenarios, answers, marks" {
    arm python_ctypes --items 60 --threads 2
    agree 60
    marked runtime-ready script-imported model-loaded first-result
    jq -se 'map(.batch) == [range(60) | . / 8 | floor]' answers.jsonl
    arm python_ctypes --items 12 --scenario single --threads 1
    agree 12
    jq -se 'map(.batch) == [range(12)]' answers.jsonl
    { for i in $(seq 11); do echo 0; done; echo 3; } > schedule
    arm python_ctypes --items 12 --scenario server --schedule schedule --threads 1
    agree 12
    jq -e '[.phases[] | select(.name == "model-loaded")][0].t_s as $loaded | .time.wall_leader_s - $loaded >= 3' out.json
    jq -se '.[11].ms < 2900' answers.jsonl # since it was due, not since the start
}

@test "scripts behind the pool: the host writes the marks" {
    local hosts=process
    [ "$("$CUVEE" doctor --json | jq -r .python.auto_host)" = process ] || hosts='process embed'
    for host in $hosts; do
        measured "$CUVEE" bench drive -m "$ARMS/script_ctypes.py" --script-args "$MODEL 2" --python-host $host \
            --input "$REVIEWS" --column description --items 70 --answers answers.jsonl --workers 2
        agree 70
        marked runtime-ready script-imported model-loaded first-result
    done
}

@test "native arms: three precisions within their bounds, and eight processes over one copy of the weights" {
    for pair in f32:1e-3 bf16:0.02 int8:0.1; do
        measured "$CUVEE" bench drive -m "$MODEL" --precision "${pair%:*}" --input "$REVIEWS" --column description \
            --items 24 --answers answers.jsonl
        agree 24 "${pair#*:}"
    done
    local peak_1 peak_8
    for n in 1 8; do
        measured "$CUVEE" bench drive -m "$MODEL" --input "$REVIEWS" --column description --items 24 \
            --answers answers.jsonl --processes $n --workers 1
        agree 24
        marked model-loaded first-result
        printf -v "peak_$n" %s "$(jq .memory.footprint.peak.lower out.json)"
    done
    # Seven more processes cost less than one more copy of the weights (91 MB): they are shared.
    [ $((peak_8 - peak_1)) -lt 91000000 ] || fail "$peak_1 bytes of one process, $peak_8 of eight"
}

@test "what arms share refuses what is wrong" {
    cd "$ARMS"
    run python3 -c '
import arm
answers = arm.Answers(3)
answers.put_all([2, 0], [("RED", 0.5), ("WHITE", 0.5)], 0, 1.0)
try:
    answers.write("/dev/null")
except RuntimeError as e:
    print(e)
try:
    answers.put(2, ("RED", 0.5), 0, 1.0)
except RuntimeError as e:
    print(e)
try:
    answers.put_all([1], [], 0, 1.0)
except RuntimeError as e:
    print(e)
'
    [ "$output" = "1 items have no answer
item 2 has two answers
0 answers for 1 items" ]
    # A library that does not do what it is told ends the arm.
    run python3 -c '
import arm
class Torch:
    def set_num_threads(self, n): pass
    def get_num_threads(self): return 8
arm.set_threads(0, Torch())
arm.set_threads(2, Torch())
'
    [ "$status" -eq 1 ]
    [ "$output" = 'torch runs 8 threads, not 2' ]
    run python3 python_ctypes.py --model x --input x --column x --answers x --scenario server
    [ "$status" -eq 2 ]
}

@test "an item that is due while the arm looks at the clock twice" {
    printf "0.0005\n0.0005\n" > schedule
    PYTHONPATH=$ARMS run python3 -c '
import itertools, types, arm
clock, slept = itertools.count(), []
arm.time.monotonic = lambda: next(clock) * 1e-3  # each look is a millisecond later
arm.time.sleep = lambda s: (slept.append(s), 1 / (s >= 0))
args = types.SimpleNamespace(scenario="server", schedule="schedule", batch=1)
contender = types.SimpleNamespace(classify=lambda texts: [("x", 1.0) for _ in texts])
print(sum(len(indexes) for indexes, _, _ in arm.pace(args, ["a", "b"], [0, 1], contender, start=0.0)))'
    [ "$status" -eq 0 ] && [ "$output" = 2 ]
}

@test "the quick plan: every arm says what Transformers says" {
    cuvee bench --quick --limit 20 --wait 0 -o results
    expect_status 0
    jq -e '[.arms[] | select(.skipped)] == []' results/results.json
    # All have answered something; how many came to all items within the two minutes is for the machine to say.
    jq -e '([.arms[].name] - [.runs[] | select(.status == "ok") | .arm] | map(select(endswith("-again") | not))) == [] and
        all(.runs[]; .status == "interrupted" or .status == "ok" and (.kind == "warm-up" or (.answers.agree and .answers.n == 20))) and
        any(.runs[]; .kind == "timed")' results/results.json ||
        fail "$(jq -c '.runs[] | [.arm, .kind, .status, .why, .answers]' results/results.json)"
    # Tokens of the items, without padding, are those that the tokenizer gives; the report made anew counts them too.
    local tokens
    tokens=$("$CUVEE" tokenize -m "$MODEL" --column description "$REVIEWS" | head -n 20 | jq -s 'map(.ids | length) | add')
    jq -e --argjson n "$tokens" 'all(.arms[]; .n_tokens == $n) and
        all(.summary.arms[] | select(.n > 0); (.tokens_per_s / .items_per_s.median * 20 - $n | fabs) < 1e-6)' results/results.json
    cp results/report.md before.md
    jq 'del(.arms[].n_tokens) | del(.summary)' results/results.json > bare.json && mv bare.json results/results.json
    "$CUVEE" bench report results
    cmp before.md results/report.md
    grep -q '| tokens/s |' results/report.md
    # The command that advice gives does what was measured: also of an arm that is no command of cuvee.
    jq '.summary.arms |= map(select(.arm == "python-ctypes"))' results/results.json > one.json && mv one.json results/results.json
    "$CUVEE" advise --results results > advice.txt
    grep -A1 '^Run$' advice.txt | tail -n 1 > command.sh
    ! grep -q '[{}]' command.sh || fail "$(cat command.sh)"
    rm -f labels.jsonl
    sh command.sh
    mv labels.jsonl answers.jsonl
    agree 20
}

@test "the story's Go program is in order" {
    command -v go >/dev/null || skip 'no go'
    [ -z "$(gofmt -l "$ARMS/go_metacall")" ] || fail 'gofmt would change it'
    [ -n "${METACALL_GO_PORT-}" ] || skip 'no Go port of MetaCall: METACALL_GO_PORT and METACALL_PREFIX name it'
    "$ARMS/go_metacall/build" "$PWD/program"
}
