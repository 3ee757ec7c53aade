#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where rows come from: files, formats, columns.
load common

classify() {
    cuvee classify --quiet "$@"
}

@test "CSV: the column is named, or called text, or the only one" {
    printf 'id,note\n1,red wine\n' > two.csv
    printf 'id,text\n1,red wine\n' > text.csv
    printf 'note\nred wine\n' > one.csv
    classify two.csv --column note
    expect_status 0
    expect_output '"index":0,"text":"red wine","label":"'
    classify two.csv --column 1
    expect_output '"text":"red wine"'
    classify text.csv
    expect_output '"text":"red wine"'
    classify one.csv
    expect_output '"text":"red wine"'
}

@test "CSV: names beat indexes" {
    printf '1,0\nzero,one\n' > f.csv
    classify f.csv --column 1
    expect_output '"text":"zero"'
}

@test "a missing column is an input error that lists the columns, and leaves no output" {
    printf 'id,note\n1,red wine\n' > two.csv
    classify two.csv --column nothing -o out.csv
    expect_status 3
    expect_stderr two.csv
    expect_stderr nothing
    expect_stderr id
    expect_stderr note
    [ "$(ls)" = two.csv ] || fail "left: $(ls)"
    classify two.csv
    expect_status 3
    expect_stderr note
}

@test "CSV: quotes, newlines, delimiter, tab, no header, byte-order mark" {
    printf 'text;n\r\n"a ""b""\nc; d";1\r\n' > semicolon.csv
    classify semicolon.csv --delimiter ';'
    expect_status 0
    expect_output '"text":"a \"b\"\nc; d"'
    printf 'n\ttext\n1\tred\n' > tab.tsv
    classify tab.tsv
    expect_output '"text":"red"'
    printf 'n\ttext\n1\tred\n' > tab.csv
    classify tab.csv --delimiter '\t'
    expect_output '"text":"red"'
    printf 'red,1\nwhite,2\n' > bare.csv
    classify bare.csv --no-header --column 0
    [ ${#lines[@]} -eq 2 ] || fail 'two rows expected'
    printf '\xEF\xBB\xBFtext,n\nred,1\n' > bom.csv
    classify bom.csv
    expect_output '"text":"red"'
}

@test "JSON Lines: key text, or --column" {
    printf '{"text":"red","other":"white"}\n' > f.jsonl
    classify f.jsonl
    expect_output '"text":"red"'
    classify f.jsonl --column other
    expect_output '"text":"white"'
    run --separate-stderr bash -c '"$CUVEE" classify --quiet < f.jsonl'
    expect_output '"text":"red"'
}

@test "text: every line is a row, empty ones too" {
    printf 'red\n\nwhite' > f.txt
    classify f.txt
    expect_status 0
    [ ${#lines[@]} -eq 3 ] || fail 'three rows expected'
    [[ ${lines[1]} == '{"index":1,"text":"","label":"'* ]]
}

@test "--input-format beats the suffix" {
    printf '{"text":"red"}\n' > f.txt
    classify f.txt
    expect_output '"text":"{\"text\":\"red\"}"'
    classify f.txt --input-format jsonl
    expect_output '"text":"red"'
}

@test "--encoding; an unknown one is a usage error" {
    printf 'ros\xE9\n' > latin1.txt
    classify latin1.txt --encoding ISO-8859-1
    expect_output '"text":"rosé"'
    classify latin1.txt --encoding no-such-encoding
    expect_status 2
    expect_stderr no-such-encoding
}

@test "text pairs" {
    printf 'a,b\nred,white\n' > f.csv
    classify f.csv --column a --pair-column b
    expect_status 0
    expect_output '"text":"red","text_pair":"white"'
    classify f.csv --column a --pair-column c
    expect_status 3
    expect_stderr c
}

@test "several files: the index runs on, source names the file" {
    printf 'red\nwhite\n' > a.txt
    printf '{"text":"rose"}\n' > b.jsonl
    classify a.txt b.jsonl
    expect_status 0
    [[ ${lines[0]} == '{"index":0,"source":"a.txt","text":"red",'* ]]
    [[ ${lines[2]} == '{"index":2,"source":"b.jsonl","text":"rose",'* ]]
    classify a.txt
    expect_no_output source
}

@test "- is standard input, also among files" {
    printf 'red\n' > a.txt
    run --separate-stderr bash -c 'echo white | "$CUVEE" classify --quiet a.txt -'
    expect_status 0
    expect_output '"source":"-","text":"white"'
}

@test "a file that cannot be opened is known before work begins" {
    printf 'red\n' > a.txt
    classify a.txt no-such-file -o out.jsonl
    expect_status 3
    expect_stderr no-such-file
    mkdir folder
    classify folder -o out.jsonl
    expect_status 3
    expect_stderr 'folder is a directory'
    [ ! -e out.jsonl ] && [ ! -e out.jsonl.partial ]
}

@test "--limit counts over all files" {
    printf 'a\nb\nc\n' > a.txt
    printf 'd\ne\n' > b.txt
    classify a.txt b.txt --limit 4
    [ ${#lines[@]} -eq 4 ] || fail 'four rows expected'
    classify a.txt b.txt --limit 2
    [ ${#lines[@]} -eq 2 ] || fail 'two rows expected'
    classify a.txt --limit 0
    expect_status 0
    [ -z "$output" ]
}

@test "empty inputs" {
    : > empty.txt
    : > empty.csv
    printf 'text\n' > header.csv
    classify empty.txt
    expect_status 0
    [ -z "$output" ]
    classify empty.csv
    expect_status 3
    expect_stderr empty.csv
    classify header.csv
    expect_status 0
    [ -z "$output" ]
    classify header.csv --format csv
    [ "$output" = index,text,label,score,error ]
    classify empty.txt --format json
    expect_output '"results":['
    expect_output '"total_records":0'
}

@test "more rows than are in flight at once keep their order" {
    seq -f 'wine %.0f' 20000 > f.txt
    classify f.txt -o out.jsonl
    expect_status 0
    diff <(sed 's/.*"text":"\([^"]*\)".*/\1/' out.jsonl) f.txt
    diff <(sed 's/.*"index":\([0-9]*\),.*/\1/' out.jsonl) <(seq 0 19999)
}
