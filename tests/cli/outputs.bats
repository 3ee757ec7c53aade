#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where rows go: formats, whole files or none, the summary.
load common

setup() {
    enter_folder
    printf 'red\nwhite\n' > f.txt
}

@test "--format beats the suffix, the suffix beats jsonl" {
    cuvee classify f.txt -o out.json
    [[ $(< out.json) == '{"results":['* ]]
    cuvee classify f.txt -o out.csv
    [[ $(< out.csv) == index,* ]]
    cuvee classify f.txt -o OUT.CSV
    [[ $(< OUT.CSV) == index,* ]]
    cuvee classify f.txt -o out.unknown
    [[ $(< out.unknown) == '{"index":0'* ]]
    cuvee classify f.txt -o out.csv --format jsonl
    [[ $(< out.csv) == '{"index":0'* ]]
}

@test "json is one document with metadata" {
    cuvee classify f.txt -o out.json
    expect_status 0
    for key in total_records label_counts model model_sha256 precision isa threads activation \
        processing_time_ms load_time_ms total_batches tokens truncated replaced errors complete version; do
        grep -q "\"$key\":" out.json || fail "$key is missing"
    done
    grep -q '"total_records":2,' out.json
    grep -q '"complete":true' out.json
    grep -q "\"model_sha256\":\"$(sha256sum "$CUVEE_MODEL/model.safetensors" | cut -d' ' -f1)\"" out.json
    command -v python3 >/dev/null || skip 'the rest needs python3'
    python3 -c 'import json; d = json.load(open("out.json"))
assert [r["index"] for r in d["results"]] == [0, 1]
assert sum(d["metadata"]["label_counts"].values()) == 2'
}

@test "the output appears whole, and nothing beside it" {
    echo old > out.jsonl
    cuvee classify f.txt -o out.jsonl
    expect_status 0
    [ "$(wc -l < out.jsonl)" -eq 2 ]
    [ "$(ls)" = $'f.txt\nout.jsonl' ] || fail "left: $(ls)"
    ln -s out.jsonl link
    cuvee classify f.txt --limit 1 -o link
    [ -L link ]
    [ "$(wc -l < out.jsonl)" -eq 1 ]
}

@test "the input may be the output" {
    cuvee classify f.txt -o f.txt --format csv
    expect_status 0
    [ "$(wc -l < f.txt)" -eq 3 ]
}

@test "a full disk is an output error" {
    cuvee classify f.txt -o /dev/full
    expect_status 5
    expect_stderr /dev/full
    expect_no_stderr records
    run --separate-stderr bash -c '"$CUVEE" classify f.txt > /dev/full'
    expect_status 5
    expect_stderr 'standard output'
    cuvee classify f.txt --metrics /dev/full
    expect_status 5
}

@test "rows that a full disk did not take are not counted as there" {
    seq 1000 > f.txt
    run --separate-stderr bash -c 'ulimit -f 4; "$CUVEE" classify -q f.txt -o out.jsonl'
    expect_status 5
    expect_stderr 'what could be written is in out.jsonl.partial'
    expect_no_stderr ' rows in'
}

@test "a limit on the size of files is an output error, not a death by signal" {
    # The rows fit; it is the metadata at the end that does not.
    run --separate-stderr env --default-signal=XFSZ \
        bash -c 'ulimit -f 1; seq 12 | "$CUVEE" classify -q -o out.json'
    expect_status 5
    expect_stderr 'out.json: cannot write: File too large'
    [ ! -e out.json ]
}

@test "an output that cannot be made is known before work begins" {
    cuvee classify f.txt -o no-such-folder/out.jsonl
    expect_status 5
    expect_stderr no-such-folder
    mkdir folder
    cuvee classify f.txt -o folder
    expect_status 5
    expect_stderr folder
}

@test "data on stdout, talk on stderr; --quiet has no talk" {
    cuvee classify f.txt
    expect_status 0
    [ ${#lines[@]} -eq 2 ]
    expect_stderr '2 records in'
    expect_stderr 'texts/s'
    expect_stderr 'tokens/s'
    expect_stderr 'MB at the peak (PSS'
    expect_stderr 'standard output'
    cuvee classify f.txt --quiet
    [ ${#lines[@]} -eq 2 ]
    [ -z "$stderr" ]
    cuvee classify f.txt -o out.json
    [ -z "$output" ]
    expect_stderr out.json
}

@test "the summary counts labels and what was not clean" {
    printf '{"text":"red"}\n{}\n' > f.jsonl
    cuvee classify f.jsonl
    expect_stderr '1 error row'
    grep -q '^  \(RED\|WHITE\)  *1  100.0 %' <<<"$stderr" || fail 'no count'
    expect_no_stderr truncated
}

@test "no escape sequences without a terminal" {
    cuvee classify f.txt
    expect_no_stderr $'\e'
}

@test "on a terminal: bar and colours, and neither with NO_COLOR or TERM=dumb" {
    need_terminal
    export TERM=xterm
    mkfifo in
    # on_terminal VARIABLE COMMAND...: the input stays open until the command succeeds.
    on_terminal() {
        : > log
        script -q -e -f -c "$1 '$CUVEE' classify in -o out.jsonl" log > /dev/null 3>&- &
        exec 4> in
        echo red >&4
        wait_until "${@:2}"
        exec 4>&-
        wait $!
    }
    bar=$'\r1 row.*\e\\[K'
    on_terminal '' grep -q "$bar" log
    grep -q $'\e\\[[0-9]*m' log || fail 'no colour'
    on_terminal NO_COLOR=1 grep -q "$bar" log
    ! grep -q $'\e\\[[0-9]*m' log || fail 'colour'
    on_terminal TERM=dumb test -s out.jsonl.partial
    ! grep -q $'\e' log || fail 'escapes on a dumb terminal'
}

@test "a terminal without FILE gets a hint" {
    need_terminal
    printf 'red wine\n\004' | script -q -e -c "'$CUVEE' classify -o out.jsonl" log > /dev/null
    grep -q 'reading texts from the terminal' log
    grep -q '"text":"red wine"' out.jsonl
    # An option that speaks of columns makes it a table.
    printf 'note,id\nred wine,1\n\004' |
        script -q -e -c "'$CUVEE' classify --column note -o out.jsonl" log > /dev/null
    grep -q '"text":"red wine"' out.jsonl
    [ "$(wc -l < out.jsonl)" -eq 1 ]
}

@test "what is written while it is read is refused" {
    cp f.txt out.jsonl.partial
    cuvee classify f.txt out.jsonl.partial -o out.jsonl
    expect_status 5
    expect_stderr 'out.jsonl.partial is also an input'
    cmp f.txt out.jsonl.partial
    cuvee classify out.jsonl.partial --metrics out.jsonl
    expect_status 5
    cmp f.txt out.jsonl.partial
    run --separate-stderr bash -c '"$CUVEE" classify f.txt >> f.txt'
    expect_status 5
    expect_stderr 'standard output is also an input'
    cmp f.txt out.jsonl.partial
}
