#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The arms that need Transformers and other engines: $CUVEE_TEST_ARMS, build/venv-arms (bench/arms/make-venv),
# build/venv-peers (bench/peers/make-venv) or what `cuvee bench setup` made is a venv that has them.
load arms

find_venv() {
    for venv in "${CUVEE_TEST_ARMS-}" "$SOURCE_DIR/build/venv-arms" "$SOURCE_DIR/build/venv-peers" \
        "${XDG_DATA_HOME:-$HOME/.local/share}/cuvee/bench-venv"; do
        if [ -x "$venv/bin/python" ]; then return; fi
    done
    skip 'no venv with Transformers: bench/arms/make-venv build/venv-arms makes it'
}

setup() {
    enter_folder
    need_model
    find_venv
}

need_module() {
    "$venv/bin/python" -c "import importlib.util as u, sys; sys.exit(u.find_spec('$1') is None)" || skip "no $1 in $venv"
}

arm() {
    local script=$1
    shift
    TOKENIZERS_PARALLELISM=false measured "$venv/bin/python" "$ARMS/$script.py" --model "$MODEL" --input "$REVIEWS" \
        --column description --answers answers.jsonl --scratch . "$@"
}

marks='runtime-ready script-imported model-loaded first-result'

@test "one process, as published and tuned" {
    need_module transformers
    arm python_single --items 20 --batch 8
    agree 20
    marked $marks
    arm python_tuned --items 60 --batch 16 --threads 2
    agree 60
    marked $marks
    jq -se 'map(.batch) | . != sort' answers.jsonl # sorted by length for itself, and put back
    arm python_tuned --items 9 --scenario single --threads 1
    agree 9
    seq 0 0.05 1 > schedule
    arm python_tuned --items 20 --batch 4 --scenario server --schedule schedule --threads 2
    agree 20
    jq -e '.time.wall_leader_s - [.phases[] | select(.name == "model-loaded")][0].t_s >= 0.95' out.json
}

@test "several processes, each with its model" {
    need_module transformers
    arm python_multi --items 20 --batch 4 --workers 3 --threads 1
    agree 20
    marked $marks
    jq -se 'map(.worker) == [range(20) | . / 7 | floor]' answers.jsonl
    seq 0 0.02 1 > schedule
    arm python_multi --items 20 --batch 4 --workers 2 --threads 1 --scenario server --schedule schedule
    agree 20
    jq -se 'map(.worker) == [range(20) | . % 2]' answers.jsonl
}

@test "processes end with the one that started them, and one that fails ends all" {
    need_module transformers
    seq 0 600 12000 > far
    "$venv/bin/python" "$ARMS/python_multi.py" --model "$MODEL" --input "$REVIEWS" --column description --items 20 \
        --answers answers.jsonl --workers 2 --threads 1 --scenario server --schedule far 3>&- &
    local parent=$! children
    wait_until eval '[ "$(pgrep -c -P $parent)" -eq 2 ]'
    children=$(pgrep -P $parent)
    kill -9 $parent
    for pid in $children; do wait_until eval "! kill -0 $pid 2>/dev/null"; done
    run "$venv/bin/python" "$ARMS/python_multi.py" --model nowhere --input "$REVIEWS" --column description --items 20 \
        --answers answers.jsonl --workers 2 --threads 1
    [ "$status" -eq 1 ]
    [[ $output == *'process '*' ended with 1'* ]]
    [ ! -e answers.jsonl ]
}

@test "several processes over one copy of the weights: another one adds less than the weights" {
    need_module transformers
    local multi_1 multi_3 shared_1 shared_3
    # All have answered, and wait for another item: the meter can look at them at rest.
    { for i in $(seq 9); do echo 0; done; printf "4\n4\n4\n"; } > schedule
    for script in python_multi python_shared; do
        for n in 1 3; do
            arm $script --items 12 --batch 4 --workers $n --threads 1 --scenario server --schedule schedule
            agree 12
            printf -v "${script#python_}_$n" %s "$(jq .memory.footprint.peak.lower out.json)"
        done
    done
    local multi=$(((multi_3 - multi_1) / 2)) shared=$(((shared_3 - shared_1) / 2))
    echo "bytes that a process adds: $multi, and $shared over shared weights" >&2
    # 22.7 million weights of four bytes.
    [ $((multi - shared)) -gt 80000000 ]
}

@test "weights that are not in shared memory end the arm" {
    need_module transformers
    run "$venv/bin/python" -c "
import sys
sys.path.insert(0, '$ARMS')
import python_shared, torch
layer = torch.nn.Linear(64, 64)
layer.share_memory()
python_shared.check_shared(layer)
print('shared')
python_shared.check_shared(torch.nn.Linear(64, 64))"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = shared ]
    [[ $output == *'weight is not in shared memory'* ]]
}

@test "a process for each request" {
    need_module transformers
    arm per_request --items 2 --batch 1
    agree 2
    marked $marks
    [ "$(jq .membership.execs out.json)" -ge 3 ] # this one, and one for each text
}

@test "ONNX Runtime, in f32 and with 8 bits" {
    need_module onnxruntime
    need_module onnx
    arm onnxruntime_arm --items 60 --batch 16 --threads 2
    agree 60
    marked $marks
    arm onnxruntime_arm --items 60 --batch 16 --threads 1 --scenario single
    agree 60
    arm onnxruntime_arm --items 24 --batch 16 --threads 2 --precision int8
    agree 24 0.25
    [ -f fused-int8.onnx ] && [ -f fused-f32.onnx ]
}

@test "OpenVINO" {
    need_module openvino
    arm openvino_arm --items 60 --batch 16 --threads 2
    agree 60
    marked $marks
    arm openvino_arm --items 10 --threads 2 --scenario single
    agree 10
}

@test "the published script behind the pool" {
    need_module transformers
    local hosts=process
    [ "$("$CUVEE" doctor --python "$venv" --json | jq -r .python.auto_host)" = process ] || hosts='process embed'
    for host in $hosts; do
        measured "$CUVEE" bench drive -m "$ARMS/script_transformers.py" --script-args "$MODEL 0" --python "$venv" \
            --python-host $host --input "$REVIEWS" --column description --items 40 --answers answers.jsonl --workers 2
        agree 40
        marked $marks
    done
}

@test "the story's program and its bridge, where MetaCall is" {
    need_module transformers
    [ -n "${METACALL_GO_PORT-}" ] && [ -n "${METACALL_PREFIX-}" ] || skip 'METACALL_GO_PORT and METACALL_PREFIX are not set'
    command -v go >/dev/null || skip 'no go'
    measured "$ARMS/go_metacall/run" "$PWD" --script "$ARMS/script_transformers.py" --python "$venv/bin/python" \
        --model "$MODEL" --input "$REVIEWS" --column description --items 40 --answers answers.jsonl
    agree 40
    marked $marks
    # What it takes for its memory is a hundredth of what it takes.
    jq -e '.memory.naive.reported_heap * 100 < .memory.footprint.peak.lower' out.json
}
