#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Exit codes of what is wrong before anything runs, as docs/man say: 2 wrong use, 3 input, plan, interpreter or results, 4 model,
# 5 output. Every option that takes a value is here with a wrong one, and is refused in words that name it.
load experiment

# ends COMMAND...: lines of "CODE | WORDS ON STDERR | ARGUMENTS", what is common to them in front. Nothing is left behind.
ends() {
    local code words arguments wanted
    while IFS='|' read -r code words arguments; do
        wanted=$(echo $words)
        eval "cuvee $* $arguments </dev/null"
        [ "$status" -eq $code ] || fail "expected status $code of: $* $arguments"
        [[ $stderr == *"$wanted"* ]] || fail "expected '$wanted' of: $* $arguments"
        [ $code -ne 2 ] || [[ $stderr == *"try 'cuvee "*"--help'"* ]] || fail "no way to the help: $* $arguments"
        [ -z "$output" ] || fail "nothing expected on stdout of: $* $arguments"
        [ ! -e out ] || fail "a directory was made by: $* $arguments"
    done
}

# Every option of `cuvee $1` that takes a value is among the arguments of the table in the test of that name.
names_all() {
    local option table
    table=$(sed -n "/^@test \"$1:/,/^}/p" "$BATS_TEST_FILENAME")
    while read -r option; do
        [[ $table == *"$option "* ]] || fail "the table of '$1' has no $option"
    done < <("$CUVEE" $1 --help | sed -n 's/^  \(-., \)\?\(--[a-z0-9-]*\) [A-Z].*/\2/p')
}

@test "bench: wrong arguments" {
    plan 1 "$(arm a './good "$0"')" "$(arm b './good "$0"')"
    jq '.arms[0].command = ["{nothing}"]' plan.json > slip.json
    echo '{"schema": "bench-plan/1", "arm": []}' > key.json
    printf 'one\ntwo\n' > lines.txt
    mkdir no-venv
    touch file
    names_all bench
    ends bench --plan plan.json -m model --wait 0 -o out <<'TABLE'
2 | unexpected argument 'nonsense'        | nonsense
2 | unknown option '--nonsense'           | --nonsense
2 | did you mean '--scenario'             | --scenaro single
2 | --output needs a value                | --output ''
2 | there is no arm 'z'; there are a, b   | --arms a,z
2 | arm 'a' is named twice                | --arms a,a
2 | no arm                                | --arms ,
2 | --scenario needs offline, single or server | --scenario nonsense
2 | not 'offline,nonsense'                | --scenario offline,nonsense
2 | not 'offline,'                        | --scenario offline,
2 | names 'single' twice                  | --scenario single,single
2 | --scenario server needs a --rate      | --scenario server
2 | --rate needs a number above 0         | --scenario server --rate 0
2 | --rate needs a number                 | --scenario server --rate many
2 | --rate is for --scenario server       | --rate 5
2 | --latency-bound needs a number above 0 | --scenario offline,server --latency-bound -1
2 | --latency-bound is for --scenario server | --latency-bound 5
2 | --core-hour-price needs a number above 0 | --core-hour-price 0
2 | --core-hour-price needs a number      | --core-hour-price free
2 | --sweep: there is no arm 'z'; there are a, b | --sweep z
2 | --sweep: there is no arm 'b'; there are a | --arms a --sweep b
2 | --sweep and --no-sweep                | --sweep a --no-sweep
2 | --blocks needs a whole number         | --blocks 0
2 | --blocks needs a whole number         | --blocks 1001
2 | --limit needs a whole number          | --limit 0
2 | --cpus 70000                          | --cpus 70000
2 | --cpus all                            | --cpus all
2 | --limit-mem needs a size              | --limit-mem much
2 | --limit-mem needs a size              | --limit-mem 0
2 | --limit-mem needs a size              | --limit-mem -1G
2 | --timeout needs a number above 0      | --timeout 0
2 | --timeout needs a number              | --timeout 1m
2 | --timeout needs less than             | --timeout 1e10
2 | --within needs a number above 0       | --within 0
2 | --within needs less than              | --within 1e10
2 | --wait needs a number of 0 or more    | --wait -1
2 | --wait needs a number                 | --wait long
2 | --quick has a plan of its own         | --quick
2 | --model-shape needs one of            | --model-shape gpt
2 | --model and --model-shape             | --model-shape bert-base
2 | plain text has no columns             | --input lines.txt
3 | nowhere.csv                           | --input nowhere.csv
3 | none                                  | --column none
3 | none                                  | --gold none
3 | nowhere.json                          | --plan nowhere.json
3 | 'arm'                                 | --plan key.json
3 | nothing is known of '{nothing}'       | --plan slip.json
3 | --python nowhere: neither an interpreter nor a venv | --python nowhere
3 | --python ./no-venv: neither           | --python ./no-venv --dry-run
4 | nowhere                               | --model nowhere
5 | file                                  | --output file
TABLE
    ends bench --plan plan.json <<'TABLE'
2 | -o DIR                                | -m model
2 | --gold                                | --model-shape bert-base --gold truth -o out
TABLE
}

@test "bench setup: wrong arguments" {
    touch file
    ends bench setup <<'TABLE'
2 | unexpected argument 'two'             | one two
2 | unknown option '--nonsense'           | --nonsense
2 | --dry-run takes no value              | --dry-run=1
5 | file                                  | file
TABLE
}

@test "bench report: wrong arguments" {
    plan 1 "$(arm a './good "$0"')"
    bench -q -o results
    mkdir none other
    echo '{"schema": "measure/1"}' > other/results.json
    names_all 'bench report'
    ends bench report <<'TABLE'
2 | name a directory                      |
2 | unexpected argument 'two'             | results two
2 | --format needs one of                 | results --format pdf
2 | --output needs a --format             | results --output file
2 | unknown option '--nonsense'           | results --nonsense
3 | nowhere                               | nowhere
3 | none                                  | none
3 | no results of 'cuvee bench'           | other
5 | /nowhere/report.md                    | results -f markdown --output /nowhere/report.md
TABLE
}

@test "bench compare: wrong arguments" {
    plan 1 "$(arm a './good "$0"')"
    bench -q -o one
    plan 1 "$(arm b './good "$0"')"
    bench -q -o two
    names_all 'bench compare'
    ends bench compare <<'TABLE'
2 | name two directories                  |
2 | name two directories                  | one
2 | unexpected argument 'three'           | one two three
2 | unknown option '--nonsense'           | one two --nonsense
3 | nowhere                               | one nowhere
3 | arm                                   | one two
TABLE
}

@test "bench drive: wrong arguments" {
    printf 'text\n' > empty.csv
    printf '0\n' > short
    echo 'def process_batch(texts): return []' > script.py
    names_all 'bench drive'
    ends bench drive --input items.csv --column text --answers answers.jsonl <<'TABLE'
2 | unexpected argument 'nonsense'        | nonsense
2 | --precision needs one of              | --precision f64
2 | --cache                               | --cache x --no-cache
2 | --items needs a whole number          | --items 0
2 | --scenario needs one of               | --scenario nonsense
2 | --scenario server needs a --schedule  | --scenario server
2 | --batch needs a whole number          | --batch 0
2 | --workers needs a whole number        | --workers 0
2 | --processes needs a whole number      | --processes 0
2 | one item at a time                    | --processes 2 --scenario single
2 | not for scripts                       | --processes 2 -m script.py
2 | --part is one of --processes          | --part 2
2 | --python-host needs one of            | --python-host perl
2 | --max-batch needs a whole number      | -m script.py --script-args x --max-batch 0
2 | --concurrency needs a whole number    | -m script.py --concurrency 0
3 | nowhere.csv                           | --input nowhere.csv
3 | none                                  | --column none
3 | no items                              | --input empty.csv
3 | nowhere                               | --scenario server --schedule nowhere
3 | short: line 2                         | --scenario server --schedule short
4 | nowhere                               | --model nowhere
4 | nowhere                               | -m script.py --python nowhere
5 | /nowhere/answers                      | --answers /nowhere/answers.jsonl
TABLE
    ends bench drive <<'TABLE'
2 | --input, --column and --answers       | --input items.csv --column text
TABLE
}

@test "advise: wrong arguments" {
    plan 1 "$(arm a './good "$0"')"
    bench -q -o results
    mkdir none
    names_all advise
    ends advise --results results <<'TABLE'
2 | unexpected argument 'nonsense'        | nonsense
2 | --results needs a value               | --results ''
2 | --memory needs a size                 | --memory much
2 | --memory needs a size                 | --memory 0
2 | --latency-p99 needs a number above 0  | --latency-p99 0
2 | --latency-p99 needs a number          | --latency-p99 soon
2 | --rows needs a whole number           | --rows 0
2 | --finish-within needs --rows          | --finish-within 1h
2 | --finish-within needs a time          | --finish-within soon --rows 5
2 | --finish-within needs a time          | --finish-within 0 --rows 5
2 | --rate needs a number above 0         | --rate -2
2 | --core-hour-price needs a number above 0 | --core-hour-price 0
2 | --model needs a value                 | --model ''
2 | --team needs one of                   | --team cobol
3 | nowhere                               | --results nowhere
3 | none                                  | --results none
TABLE
}
