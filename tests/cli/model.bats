#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Which model is taken, what is said about it, and what is wrong with it.
load common

setup() {
    enter_folder
    echo red > f.txt
}

expect_model_error() {
    expect_status 4
    [ -z "$output" ] || fail 'nothing expected on stdout'
    [ "$(grep -c '' <<<"$stderr")" -eq 1 ] || fail 'one line expected'
    expect_stderr "$1"
}

@test "-m beats CUVEE_MODEL, CUVEE_MODEL beats the default" {
    "$MAKE_TINY_MODEL" other bert
    cuvee info -m other
    expect_output 'family      bert'
    cuvee info
    expect_output 'family      distilbert'
    expect_output 'RED, WHITE'
    CUVEE_MODEL= cuvee info
    expect_output NEGATIVE
}

@test "info --json" {
    cuvee info --json
    expect_status 0
    expect_output '"family": "distilbert"'
    expect_output '"weights_dtype": "f32"'
    expect_output "\"model_sha256\": \"$(sha256sum "$CUVEE_MODEL/model.safetensors" | cut -d' ' -f1)\""
}

@test "a path that is no UTF-8 still gives JSON, and is in it" {
    cp -r "$CUVEE_MODEL" $'m\xFF'
    cuvee info --json -m $'m\xFF'
    expect_output $'"path": "m\uFFFD"'
    cuvee classify f.txt --format json -m $'m\xFF'
    expect_output $'"model":"m\uFFFD"'
    CUVEE_MODEL=$'m\xFF' cuvee doctor --json
    expect_output $'"path": "m\uFFFD"'
}

@test "what the user names is taken, and may be missing" {
    cuvee classify f.txt -m no-such-model -o out.jsonl
    expect_model_error no-such-model
    [ "$(ls)" = f.txt ] || fail "left: $(ls)"
    CUVEE_MODEL=no-such-model cuvee tokenize f.txt
    expect_model_error no-such-model
    cuvee info -m no-such-model
    expect_model_error no-such-model
}

@test "a file, a FIFO, an empty directory for a model" {
    touch file
    mkfifo fifo
    mkdir empty
    cuvee classify f.txt -m file
    expect_model_error file
    cuvee classify f.txt -m fifo
    expect_model_error fifo
    cuvee classify f.txt -m empty
    expect_model_error empty
}

@test "an empty, cut, missing or odd weights file" {
    cp -r "$CUVEE_MODEL" m
    cuvee info -m m
    expect_status 0
    truncate -s 100 m/model.safetensors
    cuvee classify f.txt -m m
    expect_model_error model.safetensors
    : > m/model.safetensors
    cuvee classify f.txt -m m
    expect_model_error model.safetensors
    rm m/model.safetensors
    cuvee classify f.txt -m m
    expect_model_error safetensors
    mkfifo m/model.safetensors
    cuvee classify f.txt -m m
    expect_model_error model.safetensors
    rm m/model.safetensors
    mkdir m/model.safetensors
    cuvee classify f.txt -m m
    expect_model_error model.safetensors
}

@test "a config that is no JSON, lies, or is hostile" {
    cp -r "$CUVEE_MODEL" m
    echo '{' > m/config.json
    cuvee classify f.txt -m m
    expect_model_error config.json
    head -c 1000000 /dev/zero | tr '\0' '[' > m/config.json
    cuvee classify f.txt -m m
    expect_model_error config.json
    sed 's/"model_type": *"distilbert"/"model_type":"gpt9"/' "$CUVEE_MODEL/config.json" > m/config.json
    cuvee classify f.txt -m m
    expect_model_error gpt9
}

@test "CUVEE_ISA caps the tier; one that cannot be met is a usage error" {
    CUVEE_ISA=ref cuvee classify f.txt --format json
    expect_status 0
    expect_output '"isa":"ref"'
    CUVEE_ISA=sse9 cuvee classify f.txt
    expect_status 2
    expect_stderr sse9
    CUVEE_ISA=sse9 cuvee doctor
    expect_status 2
    expect_output sse9
    expect_output 'tier        none'
    CUVEE_ISA=sse9 cuvee doctor --json
    expect_status 2
    expect_output '"tier": null'
}

@test "doctor tells tiers, cores, memory and where models are sought" {
    cuvee doctor
    expect_status 0
    for key in cpu built usable tier cores memory models; do
        grep -q "^$key " <<<"$output" || fail "$key is missing"
    done
    expect_output "-> \$CUVEE_MODEL"
    cuvee doctor --json
    expect_status 0
    expect_output '"tiers_usable": ['
    expect_output '"origin": "$CUVEE_MODEL"'
    CUVEE_MODEL=no-such-model cuvee doctor
    expect_output 'no-such-model  (not there)'
}
