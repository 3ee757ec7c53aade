#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The script that the story of one model for many workers was published with, in substance, on the shipped model. It needs
# Transformers: $CUVEE_TEST_TRANSFORMERS, or build/venv (scripts/oracle-venv), names a venv that has it.
load common

MODEL=$SOURCE_DIR/models/sentiment-en
VENV=${CUVEE_TEST_TRANSFORMERS:-$SOURCE_DIR/build/venv}

setup() {
    enter_folder
    [ -f "$MODEL/config.json" ] || skip 'the shipped model is not here'
    "$VENV/bin/python" -c 'import transformers' 2>/dev/null || skip "no Transformers in $VENV"
    export HF_HUB_OFFLINE=1
    ln -s "$MODEL" distilbert-base-uncased-finetuned-sst-2-english
    cat > script.py <<'EOF'
from transformers import pipeline

print("loading the model")
classifier = pipeline("text-classification", model="distilbert-base-uncased-finetuned-sst-2-english", device="cpu")


def process_batch(texts):
    try:
        return classifier(texts)
    except Exception as e:
        print(f"error in process_batch: {e}")
        return []


def get_model_info():
    return {"model": "distilbert-base-uncased-finetuned-sst-2-english", "device": str(classifier.device)}
EOF
    head -n 41 "$SOURCE_DIR/examples/wine-reviews.csv" > reviews.csv
}

hosts() {
    [ "$("$CUVEE" info script.py --python "$VENV" --json | jq -r .python_host)" = embed ] && echo embed
    echo process
}

@test "it runs unchanged, and says what the native engine says" {
    cuvee classify -q reviews.csv --column description --no-text -m "$MODEL" --no-cache -o native.jsonl
    expect_status 0
    for host in $(hosts); do
        cuvee classify -q reviews.csv --column description --no-text -m script.py --python "$VENV" \
            --python-host "$host" -o "$host.jsonl"
        expect_status 0
        expect_stderr 'loading the model'
        [ "$(wc -l < "$host.jsonl")" -eq "$(wc -l < native.jsonl)" ]
        jq -se '.[0:length / 2] as $a | .[length / 2:] as $b | ($a | length) > 9 and
            all(range($a | length); . as $i | $a[$i].index == $b[$i].index and $a[$i].label == $b[$i].label and
                ($a[$i].score - $b[$i].score | fabs) < 1e-4)' native.jsonl "$host.jsonl"
    done
}

@test "its silent [] becomes an error of those rows" {
    yes 'a wine ' | head -n 2000 | tr -d '\n' > long.txt # more tokens than the model has positions
    echo >> long.txt
    for host in $(hosts); do
        cuvee classify long.txt -m script.py --python "$VENV" --python-host "$host" --no-text
        expect_status 1
        expect_output 'process_batch returned 0 results for 1 texts'
        expect_stderr 'error in process_batch: '
    done
}
