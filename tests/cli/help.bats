#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load common

commands='classify tokenize info pack cache measure bench advise doctor'

@test "help goes to stdout, examples first, at most 80 columns" {
    for c in $commands; do
        cuvee "$c" --help
        expect_status 0
        [ -z "$stderr" ]
        [ "${lines[1]}" = Examples ] || fail "examples come first"
        ! grep -q '.\{81\}' <<<"$output" || fail "a line of more than 80 columns"
        cuvee help "$c"
        expect_status 0
        expect_output "cuvee $c"
        cuvee "$c" -h
        expect_status 0
    done
    cuvee --help
    expect_status 0
    for c in $commands; do expect_output "  $c "; done
    expect_no_output completions
}

@test "without arguments the help is a usage error" {
    cuvee
    expect_status 2
    [ -z "$output" ]
    expect_stderr Examples
}

@test "version" {
    for arguments in --version -V 'classify --version' 'info -V'; do
        cuvee $arguments
        expect_status 0
        [[ $output == "cuvee "[0-9]*.* ]] || fail "no version"
    done
}

@test "help into a full disk fails with the exit code for output" {
    run --separate-stderr bash -c '"$CUVEE" classify --help > /dev/full'
    expect_status 5
    expect_stderr 'standard output'
}

@test "did you mean, for commands and options" {
    cuvee clasify
    expect_usage "did you mean 'classify'?"
    cuvee classify --colunm x
    expect_usage "did you mean '--column'?"
    cuvee classify --colum=x
    expect_usage "did you mean '--column'?"
    cuvee tokenize --modle x
    expect_usage "did you mean '--model'?"
    cuvee --versoin
    expect_usage "did you mean '--version'?"
    cuvee classify --nothing-like-it
    expect_usage "unknown option '--nothing-like-it'"
    expect_no_stderr 'did you mean'
    cuvee help clasify
    expect_usage "did you mean 'classify'?"
}

@test "usage errors" {
    cuvee classify --t 1
    expect_usage "could be any of --truncate, --top-k, --threshold, --threads"
    cuvee classify -z
    expect_usage "unknown option '-z'"
    cuvee classify --quiet=1
    expect_usage '--quiet takes no value'
    cuvee classify --limit
    expect_usage '--limit needs a value: N'
    cuvee classify -o ''
    expect_usage '--output needs a value'
    cuvee doctor model
    expect_usage "unexpected argument 'model'"
    cuvee info one -m two
    expect_usage "two models: 'one' and --model 'two'"
    cuvee info ''
    expect_usage 'the name of the model is empty'
    cuvee classify --no-cache --cache x
    expect_usage '--no-cache and --cache contradict'
    cuvee tokenize one two
    expect_usage "unexpected argument 'two'"
}

@test "numbers are read strictly, ranges are told" {
    for value in 0 -1 1x x '' ' 1' +1 0x10 1.5 99999999999999999999; do
        cuvee classify --top-k "$value"
        expect_usage '--top-k needs'
    done
    for value in 0 1025; do
        cuvee classify --threads "$value"
        expect_usage '--threads needs a whole number from 1 to 1024'
    done
    for value in 0 65537; do
        cuvee classify --batch-tokens "$value"
        expect_usage '--batch-tokens needs a whole number from 1 to 65536'
    done
    for value in x nan inf 0x1 1e999 ''; do
        cuvee classify --threshold "$value"
        expect_usage '--threshold needs a number'
    done
    cuvee classify --max-errors -1
    expect_usage '--max-errors needs a whole number, 0 or more'
    cuvee classify --limit -1
    expect_usage '--limit needs a whole number, 0 or more'
    for value in ';;' '"' é $'\n'; do
        cuvee classify --delimiter "$value"
        expect_usage '--delimiter needs one ASCII character'
    done
}

@test "choices are listed" {
    cuvee classify --format xml
    expect_usage "--format needs one of json, jsonl, csv, not 'xml'"
    cuvee classify --input-format xml
    expect_usage 'one of auto, csv, jsonl, text'
    cuvee classify --activation relu
    expect_usage 'one of auto, softmax, sigmoid, none'
    cuvee classify --precision f64
    expect_usage "--precision needs one of auto, f32, bf16, int8, not 'f64'"
    cuvee pack -o x --precision auto
    expect_usage "--precision needs one of f32, bf16, int8, not 'auto'"
    cuvee classify --truncate middle
    expect_usage 'one of right, left, error'
}

@test "the man page of a command has the options of its help" {
    for c in $commands; do
        [ -n "$(help_options "$c")" ]
        diff <(help_options "$c") <(man_options "$c")
    done
}

@test "man pages are well formed" {
    command -v mandoc >/dev/null || skip 'mandoc is missing'
    for page in "$SOURCE_DIR"/docs/man/*.1; do
        mandoc -T lint -W warning "$page"
    done
}
