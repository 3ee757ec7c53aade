#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load common

@test "--metrics has a record per batch and worker, and their sums agree" {
    seq -f 'wine %.0f' 500 > f.txt
    cuvee classify f.txt -o out.json --metrics metrics.json --threads 2 --batch-tokens 64
    expect_status 0
    n=$(grep -c '^{"batch":' metrics.json)
    [ "$n" -gt 10 ]
    [ "$(grep -c '^{"worker":' metrics.json)" -eq 2 ]
    grep -q "\"total_batches\":$n," out.json
    sum() { sed -n "s/^{\"$1\":.*\"$2\":\([0-9]*\).*/\1/p" metrics.json |
        awk '{ total += $1 } END { print total }'; }
    [ "$(sum batch items)" -eq 500 ]
    [ "$(sum worker items)" -eq 500 ]
    [ "$(sum batch tokens)" -eq "$(sed -n 's/.*"tokens":\([0-9]*\).*/\1/p' out.json)" ]
    grep -q '"process":{' metrics.json
    ! grep -q '"peak_pss_bytes":0' metrics.json
    command -v python3 >/dev/null || skip 'the rest needs python3'
    python3 -c 'import json; d = json.load(open("metrics.json"))
assert sorted(b["batch"] for b in d["batches"]) == list(range(len(d["batches"])))'
}

@test "metrics of an empty run" {
    : > f.txt
    cuvee classify f.txt --metrics metrics.json
    expect_status 0
    command -v python3 >/dev/null || skip 'the rest needs python3'
    python3 -c 'import json; assert json.load(open("metrics.json"))["batches"] == []'
}

@test "metrics and results need places of their own" {
    echo red > f.txt
    cuvee classify f.txt --metrics -
    expect_usage 'both go to standard output'
    cuvee classify f.txt --metrics x -o x
    expect_usage 'name the same file'
    cuvee classify f.txt --quiet --metrics - -o out.jsonl
    expect_status 0
    expect_output '{"batches":['
}

@test "metrics of a run that failed stay FILE.partial" {
    echo red > a.txt
    printf 'id,note\n1,white\n' > b.csv
    cuvee classify a.txt b.csv -o out.json --metrics metrics.json
    expect_status 3
    [ ! -e metrics.json ]
    grep -q '"complete":false' metrics.json.partial
}

@test "marks for cuvee measure: loaded, and the first rows" {
    command -v jq >/dev/null || skip 'no jq'
    seq 100 | sed 's/^/wine /' > f.txt
    "$CUVEE" measure -q -o out.json -- "$CUVEE" classify -q f.txt -o labels.csv
    [ "$(jq -c '[.phases[].name]' out.json)" = '["model-loaded","first-result"]' ]
    printf '{"text": 1}\n' > f.jsonl # an error row is no result
    "$CUVEE" measure -q -o out.json -- "$CUVEE" classify -q f.jsonl --max-errors 1 -o labels.csv
    [ "$(jq -c '[.phases[].name]' out.json)" = '["model-loaded"]' ]
}
