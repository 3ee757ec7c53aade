#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a row of the output says.
load common

classify() {
    cuvee classify --quiet "$@"
}

label='\("RED"\|"WHITE"\)'
score='[0-9.e-]*'

expect_line() {
    grep -q -x "$2" <<<"${lines[$1]}" || fail "line $1 is not $2"
}

@test "a row is index, text, label, score" {
    echo 'red wine' > f.txt
    classify f.txt
    expect_line 0 "{\"index\":0,\"text\":\"red wine\",\"label\":$label,\"score\":$score}"
    classify f.txt --no-text
    expect_line 0 "{\"index\":0,\"label\":$label,\"score\":$score}"
    classify f.txt --format csv
    [ "${lines[0]}" = index,text,label,score,error ]
    expect_line 1 "0,red wine,[A-Z]*,$score,"
}

@test "--top-k adds scores, best first; more than there are = all" {
    echo 'red wine' > f.txt
    classify f.txt --top-k 1
    expect_line 0 ".*\"scores\":\[{\"label\":$label,\"score\":$score}\]}"
    for k in 2 99 all; do
        classify f.txt --top-k $k
        expect_line 0 ".*\"scores\":\[{[^}]*},{[^}]*}\]}"
        [[ $output =~ \"label\":\"([A-Z]*)\",\"score\":([0-9.e-]*),\"scores\":\[\{\"label\":\"([A-Z]*)\",\"score\":([0-9.e-]*)\} ]]
        [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[3]}" ]
        [ "${BASH_REMATCH[2]}" = "${BASH_REMATCH[4]}" ]
    done
    classify f.txt --top-k all --format csv
    [ "${lines[0]}" = index,text,label,score,score_RED,score_WHITE,error ]
}

@test "--threshold adds labels" {
    echo 'red wine' > f.txt
    classify f.txt --threshold 0
    grep -q '"labels":\["[A-Z]*","[A-Z]*"\]' <<<"$output"
    classify f.txt --threshold 1.5
    expect_output '"labels":[]'
    classify f.txt --threshold 0.5 --top-k all
    expect_output '"labels":["'
    expect_output '"scores":[{'
}

@test "--activation changes the scores, not the label" {
    echo 'red wine' > f.txt
    for a in auto softmax sigmoid none; do
        classify f.txt --activation $a --top-k all
        expect_status 0
        echo "$output" > $a
    done
    cmp auto softmax
    ! cmp -s auto none
    ! cmp -s sigmoid none
    [ "$(grep -o '"label":"[A-Z]*"' auto | head -1)" = "$(grep -o '"label":"[A-Z]*"' none | head -1)" ]
}

@test "--labels-map renames; a label that the model lacks is a usage error" {
    echo 'red wine' > f.txt
    echo '{"RED":"rouge","WHITE":"blanc"}' > both.json
    echo '{"RED":"rouge"}' > one.json
    echo '{"PINK":"rosé"}' > unknown.json
    echo '{"RED":"wine","WHITE":"wine"}' > same.json
    classify f.txt --labels-map both.json --top-k all
    expect_output rouge
    expect_output blanc
    expect_no_output RED
    classify f.txt --labels-map one.json --top-k all
    expect_output rouge
    expect_output WHITE
    classify f.txt --labels-map unknown.json
    expect_status 2
    expect_stderr "unknown.json: the model has no label 'PINK'"
    classify f.txt --labels-map same.json --format json
    expect_output '"label_counts":{"wine":1}'
    classify f.txt --labels-map same.json --format csv --top-k 1
    expect_status 2
    for bad in '[]' '{"RED":1}' '{' '{"RED":"a","RED":"b"}' '{"RED":"a\u0000b"}'; do
        echo "$bad" > bad.json
        classify f.txt --labels-map bad.json
        expect_status 2
        expect_stderr bad.json
    done
    classify f.txt --labels-map no-such-map
    expect_status 2
}

@test "--keep-columns of many columns of one name takes no long time" {
    { printf text && printf ',label%.0s' $(seq 4000) && printf '\nred\n'; } > f.csv
    run --separate-stderr timeout 15 "$CUVEE" classify -q f.csv --keep-columns --format csv
    expect_status 0
    [ ${#lines[@]} -eq 2 ]
}

@test "--keep-columns passes columns through; a clash gets in_" {
    printf 'id,text,label\n7,"red, wine",old\n' > f.csv
    classify f.csv --keep-columns --format csv
    [ "${lines[0]}" = id,in_text,in_label,index,text,label,score,error ] || fail 'header'
    [[ ${lines[1]} == '7,"red, wine",old,0,"red, wine",'* ]]
    classify f.csv --keep-columns
    expect_output '"id":"7"'
    expect_output '"in_label":"old"'
    printf '{"id":7.50,"text":"red","label":null}\n' > f.jsonl
    classify f.jsonl --keep-columns
    expect_output '"id":7.50'
    expect_output '"in_label":null'
    classify f.jsonl --keep-columns --format csv
    expect_status 3
    expect_stderr f.jsonl
}

@test "--keep-columns refuses CSV files with other columns" {
    printf 'text,a\nred,1\n' > a.csv
    printf 'text,b\nred,1\n' > b.csv
    printf 'text\nred\n' > c.csv
    classify a.csv b.csv --keep-columns --format csv -o out.csv
    expect_status 3
    expect_stderr "'b'"
    expect_stderr b.csv
    [ ! -e out.csv ]
    classify a.csv c.csv --keep-columns
    expect_status 3
    expect_stderr c.csv
    classify a.csv a.csv --keep-columns --format csv
    expect_status 0
}

@test "an empty text is scored; so is an escaped NUL" {
    printf '{"text":""}\n{"text":"a\\u0000b"}\n' > f.jsonl
    classify f.jsonl
    expect_status 0
    expect_line 0 "{\"index\":0,\"text\":\"\",\"label\":$label,\"score\":$score}"
    expect_line 1 "{\"index\":1,\"text\":\"a.u0000b\",\"label\":$label,\"score\":$score}"
}

@test "rows without a good text are error rows, told with their line, shifting nothing" {
    printf '%s\n' '{"text":"red"}' '{"other":1}' '{"text":null}' '{"text":5}' \
        '{"text":"\ud800"}' 'no json' '{"text":"white"}' > f.jsonl
    printf '{"text":"\xFF"}\n' >> f.jsonl
    classify f.jsonl
    expect_status 1
    [ ${#lines[@]} -eq 8 ] || fail 'eight rows expected'
    expect_line 0 '{"index":0,"text":"red","label":.*}'
    for i in 1 2 3 4 5 7; do
        [[ ${lines[i]} == "{\"index\":$i,"*'"error":"'* ]] || fail "line $i is no error"
        [[ ${lines[i]} != *'"label"'* && ${lines[i]} != *'"score"'* ]]
        expect_stderr "line $((i + 1))"
    done
    expect_line 6 '{"index":6,"text":"white","label":.*}'
    classify f.jsonl --max-errors 5
    expect_status 1
    classify f.jsonl --max-errors 6
    expect_status 0
    [ ${#lines[@]} -eq 8 ]
    classify f.jsonl --format csv
    [[ ${lines[2]} == '1,,,,'?* ]] || fail 'empty cells expected'
}

@test "many error rows: ten are told, then their number; all are in the output" {
    for i in {1..25}; do echo '{}'; done > f.jsonl
    classify f.jsonl
    expect_status 1
    [ "$(grep -c error <<<"$output")" -eq 25 ]
    [ "$(grep -c 'f.jsonl: line' <<<"$stderr")" -eq 10 ]
    expect_stderr '15 more error rows'
}

@test "ragged CSV rows are error rows" {
    printf 'a,text\n1,red\n2\n3,white,more\n4,rose\n' > f.csv
    classify f.csv
    expect_status 1
    [ ${#lines[@]} -eq 4 ]
    [[ ${lines[1]} == *'"error"'* && ${lines[2]} == *'"error"'* ]]
    [[ ${lines[3]} == *'"text":"rose","label"'* ]]
}

@test "invalid UTF-8 is replaced and counted in text and CSV" {
    printf 'a\xFFb\n' > f.txt
    classify f.txt --format json
    expect_status 0
    expect_output '"text":"a�b"'
    expect_output '"replaced":1'
    printf 'text\na\xFFb\n' > f.csv
    classify f.csv --format json
    expect_status 0
    expect_output '"replaced":1'
}

@test "a text that is too long is cut and counted, or refused" {
    printf 'red %.0s' {1..100} > f.txt
    classify f.txt --format json
    expect_status 0
    expect_output '"truncated":true'
    expect_output '"truncated":1,'
    classify f.txt --truncate left
    expect_status 0
    classify f.txt --max-length 8 --format json
    expect_output '"tokens":8'
    classify f.txt --truncate error
    expect_status 1
    expect_output '"error":"line 1: the text has more than 32 tokens"'
    classify f.txt --max-length 33
    expect_status 2
    expect_stderr 33
    classify f.txt --max-length 2
    expect_status 2
}

@test "scores do not depend on threads, batches or neighbours" {
    for i in {1..300}; do printf 'red wine number %d with some words %d\n' $i $((i % 7)); done > f.txt
    classify f.txt --threads 1 --batch-tokens 1 -o one.jsonl
    expect_status 0
    classify f.txt --threads 3 --batch-tokens 4096 -o three.jsonl
    expect_status 0
    cmp one.jsonl three.jsonl
    sed -n 200p f.txt > alone.txt
    classify alone.txt
    [ "${output#*\"text\"}" = "$(sed -n '200s/.*"text"//p' one.jsonl)" ]
}

@test "sentiment of the shipped model" {
    printf '%s\n' 'A wonderful, ripe and lovely wine.' 'Thin, sour and faulty: a waste of money.' > f.txt
    classify f.txt -m "$SOURCE_DIR/models/sentiment-en"
    [[ ${lines[0]} == *'"label":"POSITIVE"'* ]]
    [[ ${lines[1]} == *'"label":"NEGATIVE"'* ]]
}
