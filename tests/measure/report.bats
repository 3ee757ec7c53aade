#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What cuvee measure writes besides its summary, and cuvee measure report.
load common

# A small tree: a parent, a child, two marks; one of them is not kind to a page.
tree() {
    cat >job.sh <<'EOF'
echo 'loaded <b>&"'"'"'' >&"$MEASURE_FD"
sh -c 'sleep 0.2' &
sleep 0.3
echo heap=1048576 >&"$MEASURE_FD"
wait
EOF
    "$CUVEE" measure -q "$@" -- bash job.sh '<script>alert(1)</script>' 'a|b'
}

# A result that is written here.
result() {
    cat >result.json <<'EOF'
{"schema": "measure/1", "tool": {"version": "0.9"}, "cmd": ["job", "two words", "say \"hi\"\\"],
 "started": "2026-01-02T03:04:05Z", "exit": {"code": 0, "signal": null},
 "time": {"wall_leader_s": 2.5, "wall_tree_s": 3, "cpu_s": 1.25, "user_s": 1, "sys_s": 0.25, "cpu_quality": "exact"},
 "memory": {"footprint": {"peak": {"lower": 104857600, "upper": 110100480, "tight": false},
                          "steady_median": 52428800, "integral_MiB_s": 125.5},
            "private_peak": null, "naive": {"sum_rss": 209715200, "uss": 105000000, "parent_rss_peak": 8598323, "reported_heap": null}},
 "membership": {"processes": 3}, "io": {"minflt_majflt": 1000},
 "why": {"private_peak": "no stable anchor, \"none\"", "reported_heap": "the program wrote no mark heap=BYTES"}}
EOF
}

report() {
    run --separate-stderr "$CUVEE" measure report result.json "$@"
    [ "$status" -eq 0 ] && [ -z "$stderr" ] || {
        echo "status $status: $stderr" >&2
        return 1
    }
}

# Nothing from elsewhere, no script, well-formed, small.
self_contained() {
    [ "$(wc -c <"$1")" -le 1572864 ]
    run ! grep -qiE '<(script|link|img|iframe|object|embed|base)|(src|href|action)=|@import|url\([^#]|https?:|javascript:' "$1"
    need python3
    python3 - "$1" <<'EOF'
import sys, xml.etree.ElementTree as tree
page = tree.parse(sys.argv[1])
for element in page.iter():
    for name in element.attrib:
        assert not name.lower().startswith("on"), name
EOF
}

@test "a run writes a page, tables, a result and a series at once" {
    need jq
    tree -o r.json --series s.ndjson --html r.html --md r.md
    self_contained r.html
    grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' r.html
    grep -q '>loaded &lt;b&gt;&amp;&quot;&#39;</title>' r.html # the mark, in the plot
    grep -q 'class="dashed"' r.html
    grep -q 'class="band"' r.html
    grep -q 'class="area c0"' r.html
    grep -q "a|b" r.html
    grep -q "^| bash job.sh '&lt;script>alert(1)&lt;/script>' 'a\\\\|b' | |\$" r.md
    jq -e '.series.footprint.t_s | length > 0' r.json
    jq -e '.started | test("^20[0-9-]{8}T[0-9:]{8}Z$")' r.json
    # The series: JSON a line, the same processes, the marks, an anchor with the peak of the result.
    jq -se '.[0].schema == "measure-series/1"' s.ndjson
    jq -se '[.[] | select(.mark)] | length == 2' s.ndjson
    [ "$(jq -s '[.[] | select(.stable) | .footprint] | max' s.ndjson)" = \
        "$(jq .memory.footprint.peak.lower r.json)" ]
    jq -se '[.[1:][] | .p // [] | .[][0]] | unique | length >= 3' s.ndjson
    [ "$(ls)" = "$(printf '%s\n' job.sh r.html r.json r.md s.ndjson)" ] # no .partial
}

@test "the page of a saved result is the page of the run" {
    tree -o result.json --html run.html --md run.md
    report --html saved.html --md saved.md
    [ -z "$output" ]
    cmp run.html saved.html
    cmp run.md saved.md
}

@test "the page of a day of 16 processes that are never still" {
    "$MAKE_LONG_RESULT" >result.json
    [ "$(wc -c <result.json)" -le 524288 ]
    report --html r.html
    self_contained r.html # at most 1.5 MiB
    [ "$(grep -c 'class="area c' r.html)" -eq 16 ]
    [ "$(grep -c 'fill="url(#hatch)" pointer' r.html)" -eq 8 ]
    grep -q '>h</text>' r.html # the axis is in hours
    grep -q '>true peak: [0-9.]* to [0-9.]*</text>' r.html
    python3 -c 'import json
d = json.load(open("result.json"))
assert max(d["series"]["upper"]["bytes"]) <= d["memory"]["footprint"]["peak"]["upper"]'
}

@test "redacted arguments are on no page" {
    tree --redact -o r.json --html r.html --md r.md --series s.ndjson
    for file in r.json r.html r.md s.ndjson; do
        run ! grep -q alert "$file"
    done
    grep -q '\*\*\*' r.html
}

@test "files that cannot be written are told before the command starts" {
    for option in -o --series --html --md; do
        run --separate-stderr "$CUVEE" measure $option missing/file -- touch started
        [ "$status" -eq 125 ]
        [[ "$stderr" == *missing/file* ]]
        [ ! -e started ]
    done
    # One of several: the others are not left behind.
    run "$CUVEE" measure -o r.json --html missing/file -- touch started
    [ "$status" -eq 125 ] && [ -z "$(ls)" ]
}

@test "a full disk is a failure of ours, the command's end is not changed by it" {
    [ -w /dev/full ] || skip 'no /dev/full'
    for option in -o --series --html --md; do
        rm -f started
        run --separate-stderr "$CUVEE" measure -q $option /dev/full -- touch started
        [ "$status" -eq 125 ]
        [[ "$stderr" == */dev/full* ]]
        [ -e started ]
    done
}

@test "no command: no files" {
    run -127 "$CUVEE" measure -o r.json --series s --html h --md m -- ./no-such-command
    [ -z "$(ls)" ]
}

@test "a series outlives whoever measures" {
    need jq
    "$CUVEE" measure -q --series s.ndjson -- sh -c 'echo up >up; exec sleep 60' 3>&- &
    local pid=$! i
    for ((i = 0; i < 500; i++)); do
        [ -s s.ndjson.partial ] && [ "$(wc -l <s.ndjson.partial)" -gt 5 ] && break
        sleep 0.02
    done
    local children
    children=$(cat "/proc/$pid/task/$pid/children")
    kill -9 "$pid"
    wait "$pid" || true
    kill $children 2>/dev/null || true # the meter, which ends its tree
    [ "$(wc -l <s.ndjson.partial)" -gt 5 ]
    jq -se 'length > 5 and .[0].schema == "measure-series/1"' s.ndjson.partial
}

@test "Markdown is what report gives without a word" {
    result
    report
    [ "${lines[0]}" = "| job 'two words' 'say \"hi\"\\\\' | |" ]
    [[ "$output" == *"| time of command | 2.50 s |"* ]]
    [[ "$output" == *"| peak, upper bound | 105.00 MiB |"* ]]
    [[ "$output" == *"| private to the tree | not known |"* ]]
    # A claim is struck through when it is wrong whatever the truth is.
    [[ "$output" == *"| sum of RSS over the tree | ~~200.0 MiB~~ | 190 to 200 % |"* ]]
    [[ "$output" == *"| USS (private pages) | 100.1 MiB | 95 to 100 % |"* ]]
    [[ "$output" == *"| RSS of the parent alone | ~~8.2 MiB~~ | 8 % |"* ]] # of either bound
    [[ "$output" != *heap* ]]
    report -o out.md
    [ -z "$output" ]
    report --format markdown -o again.md
    cmp out.md again.md
}

@test "hyperfine" {
    need jq
    result
    report -f hyperfine
    jq -e '.results | length == 1' <<<"$output"
    jq -e '.results[0] | .command == "job '"'two words'"' '"'say"' \"hi\"\\'"'"'"' <<<"$output"
    jq -e '.results[0] | [.mean, .median, .min, .max, .times[0]] | unique == [2.5]' <<<"$output"
    jq -e '.results[0] | .stddev == null and .user == 1 and .system == 0.25' <<<"$output"
    jq -e '.results[0] | .memory_usage_byte == [104857600] and .exit_codes == [0]' <<<"$output"
}

@test "Google Benchmark" {
    need jq
    result
    report --format google-benchmark
    jq -e '.context.date == "2026-01-02T03:04:05Z"' <<<"$output"
    jq -e '.benchmarks[0] | .real_time == 2500 and .cpu_time == 1250 and .time_unit == "ms"' <<<"$output"
    jq -e '.benchmarks[0] | .name == .run_name and .run_type == "iteration" and .iterations == 1' <<<"$output"
    jq -e '.benchmarks[0].footprint_peak_upper_bytes == 110100480' <<<"$output"
}

@test "github-action-benchmark" {
    need jq
    result
    report -f github
    jq -e 'length == 4 and all(.[]; (.name | type) == "string" and (.unit | type) == "string"
           and (.value | type) == "number")' <<<"$output"
    jq -e '.[2] | .unit == "MiB" and .value == 100 and .range == "at most 105.00"' <<<"$output"
}

@test "CSV: what is missing has a reason" {
    result
    report -f csv
    [ "${lines[0]}" = metric,value,unit,why ]
    grep -qx 'time.wall_leader_s,2.5,s,' <<<"$output"
    grep -qx 'memory.footprint.peak.lower,104857600,byte,' <<<"$output"
    grep -qx 'memory.private_peak,,byte,"no stable anchor, ""none"""' <<<"$output"
    grep -qx 'memory.naive.reported_heap,,byte,the program wrote no mark heap=BYTES' <<<"$output"
}

@test "OpenMetrics" {
    result
    report -f openmetrics
    [ "${lines[-1]}" = '# EOF' ]
    grep -qxF 'cuvee_measure_info{command="job '"'two words' 'say"' \"hi\"\\'"'"'",version="0.9"} 1' <<<"$output"
    grep -qx 'cuvee_measure_wall_seconds{scope="tree"} 3' <<<"$output"
    grep -qx 'cuvee_measure_footprint_integral_byte_seconds 131596288' <<<"$output"
    grep -qx 'cuvee_measure_naive_bytes{method="sum_rss"} 209715200' <<<"$output"
    # What is not known is left out.
    [[ "$output" != *private* && "$output" != *heap* ]]
    need python3
    # The grammar, as far as it goes here: families are whole and once, units end their names.
    python3 - <<EOF
import re
text = r'''$output
'''
families, family = set(), None
for line in text.splitlines()[:-1]:
    meta = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-z_]+) (\S.*)", line)
    if meta and meta[1] == "TYPE":
        family = meta[2]
        assert family not in families, family
        families.add(family)
        assert meta[3] in ("gauge", "info")
    elif meta:
        assert meta[2] == family, line
        assert meta[1] != "UNIT" or family.endswith("_" + meta[3]), line
    else:
        sample = re.fullmatch(r'([a-z_]+)(\{[a-z]+="(?:[^"\\\\]|\\\\.)*"(?:,[a-z]+="(?:[^"\\\\]|\\\\.)*")*\})? ([0-9.e+]+)', line)
        assert sample and sample[1] in (family, family + "_info"), line
assert len(families) > 8
EOF
}

@test "a plot that is a file of its own" {
    result
    report -f svg -o plot.svg
    grep -q 'xmlns="http://www.w3.org/2000/svg"' plot.svg
    grep -q 'true peak: 100.0 to 105.0' plot.svg
    need python3
    python3 -c 'import xml.etree.ElementTree as t; t.parse("plot.svg")'
}

@test "a result that lacks everything is a page nevertheless" {
    echo '{"schema": "measure/1"}' >result.json
    report --html r.html --md r.md -f openmetrics
    [[ "$output" == *'# EOF' ]]
    self_contained r.html
    grep -q 'not known' r.html
    grep -q 'Nothing was seen' r.html # instead of axes without a curve
    run ! grep -qi 'nan\|inf,' r.html
    for format in hyperfine google-benchmark; do
        run --separate-stderr "$CUVEE" measure report result.json -f $format
        [ "$status" -eq 125 ] && [ -z "$output" ]
        [[ "$stderr" == *"$format needs the time"* ]]
    done
}

# Wrong kinds, numbers out of all measure, lists of different lengths: a page, or an error; no crash.
@test "results that somebody made up" {
    cat >result.json <<'EOF'
{"schema": "measure/1", "cmd": [1, null, "x", {}], "time": [], "memory": {"footprint": {"peak": {"lower": 5, "upper": 1e300}}},
 "phases": [1, {"name": 3, "t_s": "x"}, {"name": "neg", "t_s": -5}, {"name": "far", "t_s": 1e17}], "processes": [null, {"comm": 5}],
 "why": {"a": 1, "b": [1e400000]}, "host": [], "series": {}}
EOF
    run --separate-stderr "$CUVEE" measure report result.json --html r.html
    [ "$status" -eq 125 ] && [[ "$stderr" == *result.json* ]] # 1e400000 is no number of JSON's
    sed -i 's/1e400000/7/' result.json
    report --html r.html
    self_contained r.html
    cat >result.json <<'EOF'
{"schema": "measure/1", "series": {"footprint": {"t_s": [3, 1, 1, 1e17], "bytes": [-1, 1e300, "x"]}, "others": {},
 "processes": [{"pid": "p", "comm": [], "exit_s": -1, "bytes": [1]}, 7, {"bytes": {}}],
 "sum_rss": {"t_s": [], "bytes": [1]}, "upper": {"t_s": 5}, "parent_rss": [{}]}}
EOF
    report --html r.html
    self_contained r.html
    run ! grep -qi '[^a-z]nan[^a-z]\|[^a-z]inf[^a-z]' r.html
}

@test "files that are no results" {
    echo '{"schema": "measure/2"}' >other.json
    echo 'not JSON' >text.json
    echo '{"schema": "measure/1"' >cut.json
    for file in other.json text.json cut.json missing.json .; do
        run --separate-stderr "$CUVEE" measure report "$file" --html r.html
        [ "$status" -eq 125 ] && [ -z "$output" ]
        [[ "$stderr" == *"$file"* ]]
        [ ! -e r.html ]
    done
}

@test "use" {
    result
    for arguments in '' 'result.json other.json' 'result.json -f xml' 'result.json --nothing' 'result.json -o'; do
        run --separate-stderr "$CUVEE" measure report $arguments
        [ "$status" -eq 125 ] && [ -z "$output" ]
        [[ "$stderr" == *"try 'cuvee measure report --help'"* ]]
    done
    run --separate-stderr "$CUVEE" measure report --help
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
    [ "${lines[1]}" = Examples ]
    run ! grep -q '.\{81\}' <<<"$output"
    diff <("$CUVEE" measure report --help | sed -n 's/^  \(-., \)\?\(--[a-z-]*\).*/\2/p' | sort) \
        <(sed -n 's/^\.It .*Fl Fl \([a-z-]*\).*/--\1/p' "$SOURCE_DIR/docs/man/cuvee-measure-report.1" | sort)
    run --separate-stderr "$CUVEE" measure report result.json -o missing/file
    [ "$status" -eq 125 ] && [[ "$stderr" == *missing/file* ]]
    # Who reads may have read enough.
    run -0 bash -c '(sleep 0.3; exec "$CUVEE" measure report result.json) | true; exit ${PIPESTATUS[0]}'
    [ -z "$output" ]
    if [ -w /dev/full ]; then
        run --separate-stderr bash -c '"$CUVEE" measure report result.json >/dev/full'
        [ "$status" -eq 125 ]
    fi
}

@test "several runs: all of them are in the result" {
    run --separate-stderr "$CUVEE" measure --repeat 6 -o result.json -- sh -c 'sleep 0.05'
    [ "$status" -eq 0 ]
    [[ $stderr == *'6     runs '*'median at 95 %'*'the last of them'* ]]
    report -f hyperfine
    echo "$output" >hyperfine.json
    need python3
    python3 -c 'import json, statistics
runs = json.load(open("result.json"))["runs"]
r = json.load(open("hyperfine.json"))["results"][0]
assert len(runs) == 6 and r["times"] == [x["wall_leader_s"] for x in runs]
assert r["min"] == min(r["times"]) and r["max"] == max(r["times"])
assert abs(r["stddev"] - statistics.stdev(r["times"])) < 1e-9
assert abs(r["median"] - statistics.median(r["times"])) < 1e-9
assert r["exit_codes"] == [0] * 6'
    # Repetitions, as compare.py of Google Benchmark tests them; a median and its spread for a dashboard.
    report -f google-benchmark
    jq -e --slurpfile r result.json '.benchmarks | length == 6 and all(.repetitions == 6)
        and map(.repetition_index) == [range(6)] and (map(.name) | unique | length) == 1
        and ([map(.real_time), ($r[0].runs | map(.wall_leader_s * 1000))] | transpose
             | all((.[0] - .[1]) | fabs < 1e-6))' <<<"$output"
    report -f github
    jq -e --slurpfile r result.json '.[0] | (.range | test("^\u00b1 [0-9.]+$"))
        and (.value - ($r[0].runs | map(.wall_leader_s) | sort | (.[2] + .[3]) / 2) | fabs < 1e-9)' <<<"$output"
}

@test "several runs: the first that fails is the last" {
    run -3 "$CUVEE" measure -q --repeat 5 -o result.json -- sh -c 'echo run >>runs; [ $(wc -l <runs) -lt 3 ] || exit 3'
    [ "$(wc -l <runs)" -eq 3 ]
    run -125 "$CUVEE" measure --repeat 2 --series s.ndjson -- true
    run -125 "$CUVEE" measure attach --repeat 2 $$
}
