# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the experiment share: arms that are shell scripts, plans of them, a look at the results.
load ../cli/common

setup() {
    enter_folder
    command -v jq >/dev/null || skip 'no jq'
    printf 'id,text,truth\n1,one,RED\n2,two,WHITE\n3,three,RED\n' > items.csv
    cat > good <<'SH'
#!/bin/sh
cat > "$1" <<'LINES'
{"label":"RED","score":0.9}
{"label":"WHITE","score":0.8}
{"label":"RED","score":0.7}
LINES
SH
    chmod +x good
    mkdir model && echo '{}' > model/config.json
}

# arm NAME SCRIPT [MORE]: an arm of the plan that is a shell script.
arm() {
    jq -nc --arg name "$1" --arg script "$2" --argjson more "${3:-{\}}" \
        '{$name, title: ("the arm " + $name), command: ["sh", "-c", $script, "{answers}"]} + $more'
}

# plan BLOCKS ARM...: plan.json; the first arm is the reference.
plan() {
    local blocks=$1
    shift
    printf '%s\n' "$@" | jq -s --argjson blocks "$blocks" \
        '{schema: "bench-plan/1", name: "a plan", question: "Which one?", reference: .[0].name, $blocks,
          input: {path: "items.csv", column: "text", gold: "truth"}, arms: .}' > plan.json
}

bench() {
    cuvee bench --plan plan.json -m model --wait 0 "$@"
}

results() {
    jq -e "$@" results/results.json > found.json || fail "not so: $1 ($(head -c 500 found.json))"
}
