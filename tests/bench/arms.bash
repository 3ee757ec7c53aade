# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the arms share: the shipped model and reviews, and what Transformers says of them.
load ../cli/common
unset CUVEE_CACHE_MAX # packed once, as outside of tests, and in a cache of their own

ARMS=$SOURCE_DIR/bench/arms
MODEL=$SOURCE_DIR/models/sentiment-en
REVIEWS=$SOURCE_DIR/examples/wine-reviews.csv
REFERENCE=$SOURCE_DIR/bench/plans/reference-sentiment-en.jsonl

setup_file() {
    export CUVEE_CACHE=$BATS_FILE_TMPDIR/cache PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1
}

need_model() {
    command -v jq >/dev/null || skip 'no jq'
    [ -f "$MODEL/config.json" ] || skip 'the shipped model is not here'
}

# agree N [SCORE]: answers.jsonl has the first N reviews, in order, as Transformers labels them; scores within SCORE.
agree() {
    jq -ne --argjson n "$1" --argjson bound "${2:-1e-3}" --slurpfile a answers.jsonl --slurpfile r "$REFERENCE" '
        ($a | length) == $n and all(range($n); $a[.].index == . and $a[.].label == $r[.].label and
            ($a[.].score - $r[.].score | fabs) <= $bound and $a[.].ms >= 0 and ($a[.].batch | type) == "number")' \
        >/dev/null || {
        echo "they do not agree: $(head -c 300 answers.jsonl)" >&2
        return 1
    }
}

# marked NAME...: these phases, once each, in this order.
marked() {
    [ "$(jq -r '[.phases[].name | select(startswith("heap=") | not)] | join(" ")' out.json)" = "$*" ] || {
        echo "marks: $(jq -c .phases out.json)" >&2
        return 1
    }
}

# measured COMMAND...: with its marks; what it says is shown when it fails.
measured() {
    rm -f answers.jsonl
    "$CUVEE" measure -q -o out.json -- "$@" > said 2>&1 || {
        cat said >&2
        return 1
    }
}
