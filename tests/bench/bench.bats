#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee bench with arms that are shell scripts: what the experiment makes of good ones and of bad ones.
load experiment

@test "every arm runs in every block, the reference twice; results, answers and report are there" {
    plan 3 "$(arm first './good "$0"')" "$(arm second './good "$0"')"
    bench -o results
    expect_status 0
    expect_stderr 'block 3'
    expect_stderr 'Which one?'
    results '.state == "complete"'
    results '[.runs[] | select(.kind == "warm-up") | .arm] == ["first", "second"]'
    results '[.runs[] | select(.counts)] | length == 9'
    results '[.runs[] | select(.counts) | [.arm, .block]] | unique | length == 9'
    results 'all(.runs[]; .status == "ok" and .answers.labels_differ == 0 and .answers.accuracy == 1)'
    results '.summary.arms[1].verdict | IN("better", "worse", "indistinguishable", "inconclusive")'
    results '.plan_sha256 | test("^[0-9a-f]{64}$")'
    cmp <(./good /dev/stdout) results/answers/first.jsonl
    [ -s results/report.html ] && [ -s results/report.md ] || fail 'no report'
    ! grep -q '<script' results/report.html
}

@test "of each arm the run nearest to the median is shown, and its answers are those that were kept of it" {
    # Each run says with its answers the how many-eth it was, and takes as long as it likes.
    counted='n=$(cat count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > count; sleep 0.$((n * 37 % 10))
        printf "{{\"label\":\"RED\",\"score\":0.9,\"ms\":$n}\n{{\"label\":\"WHITE\",\"score\":0.8}\n{{\"label\":\"RED\",\"score\":0.7}\n" > "$0"'
    plan 5 "$(arm first './good "$0"')" "$(arm counts "$counted")"
    bench -o results
    expect_status 0
    results '[.runs[] | select(.arm == "counts" and .counts)] as $runs
        | ($runs | map(.wall_s) | sort | .[length / 2 | floor]) as $median
        | .summary.arms[1].typical == ($runs[] | select(.wall_s == $median) | .id)'
    results '.summary.arms[1].typical as $id | .runs[$id].files.answers | test("^answers/runs/[0-9]+-counts.jsonl$")'
    kept=results/$(jq -r '.summary.arms[1].typical as $id | .runs[$id].files.answers' results/results.json)
    nth=$(jq '.summary.arms[1].typical as $id | [.runs[] | select(.arm == "counts") | .id] | index($id) + 1' results/results.json)
    jq -se --argjson nth "$nth" '.[0].ms == $nth' "$kept" > found.json || fail "not the run $nth: $(cat "$kept")"
    jq -e --argjson nth "$nth" '.results[0].time_ms == $nth and (.metadata.chosen | test("median"))' \
        results/answers/counts-detailed.json > found.json || fail 'the shapes are of another run'
    grep -q 'run shown' results/report.html || fail 'the report does not say which'
}

@test "an arm that crashes, hangs, lies, or leaves something behind is said to, and counts for nothing" {
    local left=600.$BASHPID # so that no other test's is meant
    swapped='printf "%s\n" "{{\"label\":\"RED\",\"score\":0.9}" "{{\"label\":\"RED\",\"score\":0.7}" "{{\"label\":\"WHITE\",\"score\":0.8}" > "$0"'
    plan 1 "$(arm good './good "$0"')" \
        "$(arm crash 'echo the reason >&2; kill -SEGV $$')" \
        "$(arm hang 'exec sleep 600' '{"timeout_s": 0.5}')" \
        "$(arm silent 'true')" \
        "$(arm mute 'exit 4')" \
        "$(arm floods 'yes a line | head -c 20000000; printf "\nthe last words\n"; exit 3')" \
        "$(arm blocks 'mkdir -p "$0/below"')" \
        "$(arm rubbish 'echo rubbish > "$0"')" \
        "$(arm short './good "$0"; sed -i 3d "$0"')" \
        "$(arm swapped "$swapped")" \
        "$(arm near './good "$0"; sed -i s/0.9/0.95/ "$0"')" \
        "$(arm wide './good "$0"; sed -i s/0.9/0.95/ "$0"' '{"score_bound": 0.06}')" \
        "$(arm leaves "./good \"\$0\"; sleep $left & exit 0" '{"timeout_s": 4}')" \
        "$(arm absent 'true' '{"needs": ["program:no-such-program", "library:libnosuch.so.9"]}')"
    bench -o results
    expect_status 1
    results '.state == "complete"'
    for expected in 'good:ok' 'crash:failed' 'hang:timeout' 'silent:no answers' 'mute:failed' 'floods:failed' 'blocks:no answers' 'rubbish:no answers' 'short:no answers' \
        'swapped:wrong' 'near:wrong' 'wide:ok' 'leaves:left children'; do
        results --arg arm "${expected%%:*}" --arg status "${expected#*:}" \
            '[.runs[] | select(.arm == $arm)] | length > 0 and all(.[]; .status == $status)'
    done
    results '.runs[] | select(.arm == "crash") | .why | test("signal 11, .*: the reason")'
    results '.runs[] | select(.arm == "floods") | .why == "exit code 3: the last words"'
    results '.runs[] | select(.arm == "mute") | .why == "exit code 4"'
    results '.arms[] | select(.name == "absent") | .skipped | test("no-such-program") and test("libnosuch")'
    results '[.runs[] | select(.counts) | .arm] | sort == ["good", "wide"]'
    results '.summary.arms[] | select(.arm == "swapped") | .n == 0 and .verdict == null and .labels_differ == 2'
    results '.sentences.caveat.text | test("failed|wrong")'
    ! pgrep -f "sleep $left" || fail 'what an arm left behind still runs'
}

@test "interrupted, the results are valid, and --resume runs the rest and nothing twice" {
    # From the second block on runs wait to be let go.
    waits='while grep -q "block 2" log && [ ! -e go ]; do sleep 0.05; done; ./good "$0"'
    plan 4 "$(arm a "$waits")" "$(arm b "$waits")"
    setsid "$CUVEE" bench --plan plan.json -m model --wait 0 -o results 2> log &
    local pid=$!
    wait_until grep -q 'block 2' log
    kill -TERM $pid # SIGINT is ignored in what a script starts in the background
    status=0
    wait $pid || status=$?
    expect_status 130
    grep -q "'cuvee bench --resume -o results' goes on" log
    results '.state == "interrupted"'
    results '[.runs[] | select(.status == "interrupted")] | length <= 1'
    touch go
    bench -o results
    expect_status 2
    expect_stderr '--resume'
    bench -o results --resume
    expect_status 0
    results '.state == "complete"'
    results '[.runs[] | select(.counts) | [.arm, .block]] | length == 12 and (unique | length == 12)'
    results '[.runs[].id] == [range([.runs[]] | length)]'
}

@test "the time for all of it is kept, whatever an arm does; what is missing is said, and --resume runs it" {
    plan 2 "$(arm a './good "$0"')" "$(arm late '[ -e free ] || exec sleep 600; ./good "$0"')" "$(arm z './good "$0"')"
    local begin=$SECONDS
    bench -o results --within 10
    expect_status 0 # an arm that was not let end has not failed
    [ $((SECONDS - begin)) -lt 60 ] || fail 'it took much longer'
    results '.state == "out of time" and (.sentences.caveat.text | test("time .* was up"))'
    results '[.runs[] | select(.arm == "late")] | length == 1 and all(.[]; .status == "interrupted" and (.why | test("time for the whole")))'
    results '[.runs[] | select(.arm == "z")] == []'
    grep -q '^- z: no run: the experiment ended before its turn' results/report.md
    grep -q 'z.*the experiment ended before its turn' results/report.html
    expect_stderr 'before its turn'
    expect_stderr "'cuvee bench --resume -o results' goes on"
    touch free
    bench -o results --resume
    expect_status 0
    results '.state == "complete"'
    results '[.runs[] | select(.counts) | [.arm, .block]] | length == 8 and (unique | length == 8)'
}

@test "what --resume refuses: another machine, plan, input, model" {
    plan 1 "$(arm a './good "$0"')"
    bench -o results
    expect_status 0
    cp results/results.json whole.json
    for what in machine.id:machine plan_sha256:plan input.sha256:input model.sha256:model; do
        jq "setpath(\"${what%%:*}\" | split(\".\"); \"another\")" whole.json > results/results.json
        bench -o results --resume
        expect_usage "another ${what#*:}"
    done
    # In what the machine differs.
    jq '.machine.id = "x" | .machine.kernel = "2.6.32"' whole.json > results/results.json
    bench -o results --resume
    expect_usage "it began on another machine, with the kernel '2.6.32'; this one has"
    jq '.machine.id = "x" | .machine.cores = 640' whole.json > results/results.json
    bench -o results --resume
    expect_usage 'arms had 640 of the processors, and now'
    echo rubbish > results/results.json
    bench -o results --resume
    expect_status 3
}

@test "one core: arms get one worker and one processor, also when it goes on; the limits are in the results" {
    plan 2 "$(arm a './good "$0"; echo "$(nproc) {workers} {cores}" >> {scratch}/seen' '{"settings": {"workers": "cores"}}')"
    bench -o results --cpus 0
    expect_status 0
    results '.state == "complete" and .limits == {cpus: "0", memory: null} and .machine.cores == 1'
    results '.plan.arms[0].settings.workers == 1'
    grep -q 'processors of arms</td><td>0</td>' results/report.html || fail 'the report does not say it'
    jq '.runs |= map(select(.block < 1))' results/results.json > fewer.json && cp fewer.json results/results.json
    bench -o results --resume
    expect_status 0
    results '[.runs[] | select(.counts)] | length == 4'
    [ "$(sort -u results/scratch/seen)" = '1 1 1' ] || fail "it had more: $(cat results/scratch/seen)"
    cp fewer.json results/results.json
    bench -o results --resume --limit-mem 1G
    expect_status 2
    expect_stderr 'another limit of memory'
    [ "$(nproc)" -gt 1 ] || skip 'there is one processor'
    bench -o results --resume --cpus 1
    expect_status 2
    expect_stderr 'another list of processors'
}

@test "a single processor that somebody else takes is seen in every run" {
    plan 1 "$(arm a 'i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; ./good "$0"')"
    local hogs=() i
    for i in $(seq 0 $(($(nproc) / 32))); do # of more processors, one is less than 3 %
        sh -c 'while :; do :; done' &
        hogs+=($!)
    done
    bench -o results
    kill "${hogs[@]}"
    expect_status 0
    results 'all(.runs[]; any(.flags[]; test("taken by others")))'
    results '[.runs[] | select(.kind == "again")] | length > 0'
    results '[.runs[] | select(.counts)] | length == 1'
    results '.summary.arms[0].n_flagged == 1'
}

@test "a dry run, and the plan as it would run" {
    plan 1 "$(arm a './good "$0"')"
    bench --dry-run
    expect_status 0
    expect_output 'the arm a'
    expect_output 'Nothing is downloaded.'
    expect_no_output 'Most memory'
    bench --print-plan
    expect_status 0
    jq -e '.blocks == 1 and .scenario == "offline"' <<< "$output"
    [ ! -e results ] || fail 'a directory was made'
    printf '#!/bin/sh\ntouch called\n' > interpreter && chmod +x interpreter
    XDG_DATA_HOME=$PWD/data cuvee bench --plan plan.json --python ./interpreter --dry-run --model-shape bert-base
    expect_status 0
    expect_output 'bert-base, of random weights: it would be made first'
    [ ! -e data ] && [ ! -e called ] || fail 'a dry run has made something'
}

@test "where arms lack something: it is said before, and when none can run there is no report" {
    lacks='{"needs": ["program:no-such-program"]}'
    plan 2 "$(arm a './good "$0"' "$lacks")" "$(arm b './good "$0"')"
    jq '.sweep = {arm: "a", workers: [1, 2], threads: [0, 3], blocks: 2}' plan.json > more.json && mv more.json plan.json
    said='the reference a cannot run, so nothing will be compared: there is no program no-such-program'
    bench --dry-run
    expect_status 0
    expect_stderr "$said"
    expect_stderr 'of --arms NAMES the first is the reference, as b'
    expect_output 'runs      3,' # no sweep of what cannot run
    bench -q -o results
    expect_status 0
    expect_stderr "$said"
    bench --arms b -q -o other
    expect_status 0
    [ -z "$stderr" ] || fail 'it is not quiet'
    bench --arms a -o none
    expect_status 3
    expect_stderr 'no arm can run here; a: there is no program no-such-program'
    [ ! -e none ] || fail 'a directory was made'
    bench --arms a --dry-run
    expect_status 0
    expect_output 'skipped: there is no program no-such-program'
}

@test "a dry run estimates time, memory and downloads" {
    plan 4 "$(arm a './good "$0"' '{"expect": {"load_s": 2, "item_s": 1, "memory_MiB": 1000, "models": 2}}')" \
        "$(arm b './good "$0"' '{"needs": ["python:no_such_module"], "expect": {"memory_MiB": 9e9}}')"
    head -c 52428800 /dev/zero > model/model.safetensors # 50 MiB
    bench --dry-run
    expect_status 0
    [[ $output =~ \ \ a\ +5(\.0*)?\ s\ +1100\ MiB\ \ the\ arm\ a ]] || fail 'what a run takes'
    expect_output 'Time: about 45' # warm-up, four blocks, the reference twice in each
    expect_output 'Most memory: about 1100 MiB, for a; this machine has'
    # Of packages that are missing, what their installation says of itself.
    command -v python3 >/dev/null || skip 'no python3'
    expect_output "b                    skipped: 'cuvee bench setup' installs what is missing: no_such_module"
    expect_no_output 'Nothing is downloaded'
    if python3 -c 'import venv, ensurepip' 2>/dev/null; then
        XDG_DATA_HOME=$PWD/data bench --dry-run
        expect_output "Into $PWD/data/cuvee/bench-venv"
        expect_output 'to download'
    fi
    [ ! -e data ] || fail 'a dry run has made something'
    jq '.arms[0].expect.memory_MiB = 1e9' plan.json > more.json && mv more.json plan.json
    bench --dry-run
    expect_output 'which is too little: leave it out with --arms'
}

@test "a disk that is full ends the experiment with an error, not with half a file" {
    plan 1 "$(arm a './good "$0"')"
    run --separate-stderr sh -c 'ulimit -f 2; exec "$0" bench --plan plan.json -m model --wait 0 -o results' "$CUVEE"
    expect_status 5
    [ ! -e results/results.json ] || jq -e . results/results.json
}

@test "a sweep runs one arm at all combinations" {
    plan 1 "$(arm a './good "$0"; echo {workers}x{threads} >> "{scratch}/seen"' '{"settings": {"workers": 1, "threads": 1}}')"
    jq '.sweep = {arm: "a", workers: [1, 2], threads: [0, 3], blocks: 2}' plan.json > more.json && mv more.json plan.json
    bench -o results
    expect_status 0
    results '[.runs[] | select(.kind == "sweep") | [.settings.workers, .settings.threads]] | sort ==
             [[1,0],[1,0],[1,3],[1,3],[2,0],[2,0],[2,3],[2,3]]'
    results '.summary.sweep | length == 4 and all(.[]; .n == 2)'
    for at in 1x0 2x3; do [ "$(grep -cx $at results/scratch/seen)" = 2 ] || fail "not twice: $at"; done
    # What the processor does not count has a reason, and is no zero.
    results '.summary.counters_why as $why | all(.runs[] | select(.kind == "sweep");
             if $why then .cache_misses == null and .missed_bytes == null and .counters_why == $why
             else .cache_misses > 0 and .missed_bytes == .cache_misses * 64 end)'
    grep -q '| workers | threads each | items/s |' results/report.md
    grep -q '| 2 | its own choice |' results/report.md
}

@test "the report is made anew from the directory alone" {
    plan 2 "$(arm a './good "$0"')" "$(arm b './good "$0"')"
    bench -o results -q
    expect_status 0
    [ -z "$stderr" ] || fail 'it is not quiet'
    cp results/report.md before.md
    rm results/report.*
    cuvee bench report results
    expect_status 0
    cmp before.md results/report.md
    cuvee bench report results -f github
    jq -e 'length > 0 and all(.[]; has("name") and has("unit") and has("value"))' <<< "$output"
    cuvee bench report results -f text
    expect_output 'Which one?'
    cuvee bench report nowhere
    expect_status 3
    cuvee bench report
    expect_status 2
}

@test "two experiments beside each other" {
    plan 2 "$(arm a './good "$0"')" "$(arm b './good "$0"')"
    bench -q -o one
    plan 2 "$(arm a 'sleep 1.5; ./good "$0"')" "$(arm c './good "$0"')"
    bench -q -o two
    cuvee bench compare one two
    expect_status 0
    expect_output 'different plans'
    cuvee bench compare --json one two
    jq -e '.differs == ["plan"] and ([.arms[].arm] | unique == ["a"])' <<< "$output"
    jq -e '.arms[] | select(.figure == "wall_s") | .ratio > 2 and (.overlap | not)' <<< "$output"
    cuvee bench compare one one
    expect_output 'no difference is proven'
    cuvee bench compare one
    expect_status 2
    cuvee bench compare one none
    expect_status 3
}

@test "what can be shared has neither texts nor the home directory, and the experiment goes on" {
    export HOME=$BATS_TEST_TMPDIR/people/ann
    mkdir -p "$HOME/results" && mv model items.csv good "$HOME" && ln -s "$HOME/results"
    found() { grep -rlF "$HOME" results/ --exclude-dir=scratch; }
    plan 2 "$(arm a 'echo in $HOME; $HOME/good "$0"')" "$(arm fails 'echo $HOME/x is not there >&2; exit 1')"
    shared() { cuvee bench --wait 0 -q --plan plan.json -m "$HOME/model" --input "$HOME/items.csv" --gold truth "$@"; }
    shared -o results
    expect_status 1
    # It is there: in the results, the report, the measurement of each run, and logs.
    [ "$(found | sed 's,results/,,; s,/.*,,' | sort -u | paste -sd ' ')" = 'answers logs report.html report.md results.json runs' ] ||
        fail "the home directory is in $(found)"
    grep -rqw three results/answers/
    cuvee bench report results -f markdown --no-texts
    expect_status 0
    expect_output '~/x is not there'
    expect_no_output "$HOME"
    cuvee bench report results --no-texts
    expect_status 0
    ! found || fail 'the home directory is told'
    ! grep -rqw three results/answers/ || fail 'a text is told'
    results '.model.path == "~/model" and .input.path == "~/items.csv" and .plan.input.path == "~/items.csv"'
    results '.runs[] | select(.arm == "fails") | .why | test("1: ~/x is not there")'
    results '.runs[0].files.measure' && jq -e '.cmd | any(test("^~/"))' "results/$(jq -r . found.json)"
    # What is written without the option says it again, and what goes on finds its files.
    rm -r results/*
    shared --no-texts -o results
    expect_status 1
    ! found || fail 'the home directory is told'
    cuvee bench --resume --wait 0 -q --scenario offline,single -o results
    expect_status 1
    results '[.runs[] | select(.kind == "scenario")] | length > 0 and all(.[]; .status == "ok")'
}

@test "what goes on in another directory takes its files from there" {
    mkdir data && mv items.csv data
    plan 1 "$(arm a "test -f {input} && '$PWD/good' \"\$0\"")"
    bench --input data/items.csv --gold truth -q -o results
    expect_status 0
    cd data
    cuvee bench --resume --wait 0 -q -m ../model --scenario offline,single -o ../results
    expect_status 0
    jq -e '[.runs[].status] | unique == ["ok"]' ../results/results.json
}
