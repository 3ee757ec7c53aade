#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What is recommended is tested in tests/bench/test_bench_advise.c; here: options, output, exit codes.
load common

# arm NAME SCRIPTS-PER-SECOND PEAK-BYTES LABELS-THAT-DIFFER: its entry in the summary.
arm() {
    printf '{"arm": "%s", "n": 6, "n_flagged": 0, "labels_differ": %s, "plan_bytes": %s,' "$1" "$4" "$3"
    printf '"items_per_core_hour": %s, "items_per_s": {"median": %s, "min": %s, "max": %s, "low": null,' \
        $((1800 * $2)) "$2" "$2" "$2"
    printf '"high": null}, "load_s": {"median": 1.0}}'
}

# Results that were never measured, in ./results. Python 20 a second and 1 GB, native 200 and 100 MB.
make_results() {
    mkdir results
    cat >results/results.json <<EOF
{"schema": "bench/1", "state": "complete", "plan": {"scenario": "offline"},
 "machine": {"cores": 2, "id": "somewhere else"}, "input": {"path": "it's.csv", "column": "description"},
 "model": {"path": "sentiment"}, "runs": [],
 "arms": [
  {"name": "python-single", "title": "one pipeline", "command": ["python3", "single.py"], "skipped": null,
   "settings": {"workers": 1, "threads": 2, "precision": "f32"}},
  {"name": "native-f32", "title": "cuvee", "command": ["cuvee"], "skipped": null,
   "settings": {"workers": 2, "threads": 1, "precision": "f32"}}],
 "summary": {"arms": [$(arm python-single 20 1000000000 0), $(arm native-f32 200 100000000 0)]}}
EOF
}

@test "a recommendation with its reasons and the command, which a shell can read" {
    make_results
    cuvee advise --results results --rows 1000000 --finish-within 2h
    expect_status 0
    expect_output 'Recommended    native-f32, f32, 2 workers of 1 thread, 1 part to run'
    expect_output '1,000,000 rows take'
    expect_output "Run
  cuvee classify 'it'\\''s.csv' --column description -m sentiment --precision f32 --threads 2 -o labels.jsonl"
    expect_output 'What would change it'
    expect_output 'Plain Python is not enough: python-single takes too long for the rows.'
    expect_output 'another machine than this one'
    ! grep -q '.\{81\}' <<<"$(grep -v '^  cuvee' <<<"$output")" || fail 'a line of more than 80 columns'
}

@test "plain Python where it is enough and known" {
    make_results
    cuvee advise --results results --rows 10000 --finish-within 1h --team python
    expect_status 0
    expect_output 'Recommended    python-single'
    expect_output 'Runner-up      native-f32'
    expect_output 'Plain Python is the right choice'
    expect_output 'python3 single.py'
}

@test "a script leaves out what runs none" {
    make_results
    cuvee advise --results results -m classify.py
    expect_status 0
    expect_output 'Recommended    python-single'
    expect_output 'native-f32 does not run a Python script'
    cuvee advise --results results -m classify.py --memory 900M
    expect_status 1
}

@test "nothing fits: exit 1 and the nearest miss" {
    make_results
    cuvee advise --results results --memory 100M
    expect_status 1
    expect_output 'Nothing fits'
    expect_output 'The nearest miss is native-f32: it takes 105 MiB, 1.05 times the 100 MiB'
    cuvee advise --results results --memory 100M --json
    expect_status 1
    [ "$(python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["fits"], d["nearest_miss"]["arm"])' \
        <<<"$output")" = 'False native-f32' ]
}

@test "--json is the whole of it" {
    make_results
    cuvee advise --results results --rate 100 --core-hour-price 0.04 --json
    expect_status 0
    python3 - "$output" <<'EOF'
import json, sys
d = json.loads(sys.argv[1])
assert d["schema"] == "advice/1" and d["fits"] is True
assert d["limits"]["items_per_s"] == 100 and d["limits"]["memory_bytes"] is None
best = d["recommended"]
assert best["arm"] == "native-f32" and best["from"] == "summary.arms.1"
assert abs(best["figures"]["price_per_million"] - 0.04 * 1e6 / 360000) < 1e-12
assert abs(best["use"]["rate"] - 100 / 140) < 1e-12

def at(path):
    value = d
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value

# Every number of every sentence can be looked up.
for sentence in d["reasons"] + d["changes"] + d["others"] + d["warnings"] + [d["plain_python"]]:
    for path in sentence["from"]:
        for one in path.split(" / "):
            assert isinstance(at(one), (int, float)), path
EOF
}

@test "mistakes" {
    make_results
    cuvee advise --results results --memory much
    expect_usage "--memory needs a size such as 512M, not 'much'"
    cuvee advise --results results --rows 5 --finish-within soon
    expect_usage "--finish-within needs a time such as 30m, not 'soon'"
    cuvee advise --results results --finish-within 1h
    expect_usage '--finish-within needs --rows'
    cuvee advise --results results --rate 0
    expect_usage '--rate needs a number above 0'
    cuvee advise --results results --team cobol
    expect_usage '--team needs one of any, python, c, go'
    # Without results it measures, if there is something to measure.
    cuvee advise -m no-such-model
    expect_status 4
    expect_stderr 'figures go to /tmp/cuvee-advise-'
    expect_stderr 'cuvee bench: '
    [ ! -e "$(sed -n 's,.*\(/tmp/cuvee-advise-[^,]*\).*,\1,p' <<<"$stderr")" ] || fail 'an empty directory is left'
    cuvee advise --results nowhere
    expect_status 3
    expect_stderr 'nowhere/results.json'
    mkdir other && echo '{"schema": "measure/1"}' >other/results.json
    cuvee advise --results other
    expect_status 3
    echo '{"schema": "bench/1", "summary": {"arms": []}}' >other/results.json
    cuvee advise --results other
    expect_status 3
    expect_stderr 'no arm of these results has a run that counts'
}
