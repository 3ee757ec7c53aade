#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cuvee pack, and packed files as models.
load common

setup() {
    enter_folder
    unset CUVEE_CACHE_MAX
    export CUVEE_CACHE=$BATS_TEST_TMPDIR/cache
    printf 'red\nwhite, long and lovely\n\n' > f.txt
}

# One line of error, nothing on stdout.
expect_error() {
    expect_status "$1"
    [ -z "$output" ] || fail 'nothing expected on stdout'
    [ "$(grep -c '' <<<"$stderr")" -eq 1 ] || fail 'one line expected'
    expect_stderr "$2"
}

# flip FILE OFFSET: one byte becomes another.
flip() {
    local byte
    byte=$(od -An -tu1 -j"$2" -N1 "$1")
    printf "\\x$(printf %02x $((255 - byte)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a packed file gives the same bytes as its directory" {
    cuvee pack "$CUVEE_MODEL" -o m.cuvee
    expect_status 0
    [ -z "$output" ]
    expect_stderr 'into m.cuvee: f32, '
    for format in jsonl csv; do
        cuvee classify f.txt --top-k all --no-cache --format $format -o memory
        cuvee classify f.txt --top-k all --format $format -o first
        cuvee classify f.txt --top-k all --format $format -o second
        cuvee classify f.txt --top-k all -m m.cuvee --format $format -o packed
        expect_status 0
        for other in first second packed; do cmp memory $other; done
    done
    "$CUVEE" tokenize f.txt > ids
    "$CUVEE" tokenize f.txt -m m.cuvee > ids.packed
    cmp ids ids.packed
    rm -r "$CUVEE_CACHE"
    cuvee classify f.txt -m m.cuvee
    expect_status 0
    [ ! -e "$CUVEE_CACHE" ] || fail 'a packed file needs no cache'
}

@test "info of a packed file" {
    cuvee pack -q -o m.cuvee
    [ -z "$stderr" ]
    cuvee info m.cuvee
    expect_status 0
    expect_output 'family      distilbert'
    expect_output 'precision   f32'
    expect_output 'packed      m.cuvee, '
    expect_output ' bytes, layout '
    grep -q '^source      [0-9a-f]\{64\}$' <<<"$output" || fail 'no hash of the source'
    expect_output "sha256      $(sha256sum "$CUVEE_MODEL/model.safetensors" | cut -d' ' -f1)"
    cuvee info --json -m m.cuvee
    expect_output '"precision": "f32"'
    expect_output '"packed_path": "m.cuvee"'
    expect_output "\"packed_bytes\": $(stat -c %s m.cuvee)"
    expect_output '"packed_layout": '
    expect_output '"cache_note": null'
    cuvee info --no-cache --json
    expect_output '"packed_path": null'
}

@test "--verify finds a damaged byte" {
    cuvee pack -o m.cuvee
    cuvee info m.cuvee --verify
    expect_status 0
    expect_output 'verified'
    cuvee info --verify
    expect_output 'verified' # of the cached file
    cuvee info --no-cache --verify
    expect_error 4 'in memory'
    flip m.cuvee $(($(stat -c %s m.cuvee) / 2))
    cuvee info m.cuvee --verify
    expect_error 4 m.cuvee
}

@test "a cut or odd packed file is a model error" {
    cuvee pack -o m.cuvee
    n=$(stat -c %s m.cuvee)
    for size in 0 1 8 511 512 $((n / 2)) $((n - 1)); do
        head -c "$size" m.cuvee > cut.cuvee
        cuvee classify f.txt -m cut.cuvee
        expect_error 4 cut.cuvee
        cuvee info cut.cuvee --verify
        expect_error 4 cut.cuvee
    done
    for offset in 0 9 13 17 40 100 $((n - 10)); do
        cp m.cuvee odd.cuvee
        flip odd.cuvee "$offset"
        cuvee classify f.txt -m odd.cuvee
        expect_error 4 odd.cuvee
    done
    cuvee info f.txt
    expect_error 4 f.txt
}

@test "another precision than asked for is a model error that says so" {
    cuvee pack -o m.cuvee
    cuvee classify f.txt --quiet -m m.cuvee --precision f32
    expect_status 0
    for precision in bf16 int8; do
        cuvee classify f.txt -m m.cuvee --precision $precision
        expect_error 4 f32
        expect_stderr $precision
    done
}

@test "precisions: size and metadata" {
    missing=
    cuvee pack -q -o f32.cuvee
    for precision in bf16 int8; do
        cuvee pack -q -o $precision.cuvee --precision $precision
        if [[ $stderr == *'is not there yet'* ]]; then
            missing+=" $precision"
            continue
        fi
        expect_status 0
        [ "$(stat -c %s $precision.cuvee)" -lt "$(stat -c %s f32.cuvee)" ]
        cuvee info --json $precision.cuvee
        expect_output "\"precision\": \"$precision\""
        cuvee pack -o fitted.cuvee --precision $precision --calibrate f.txt
        expect_status 0
        expect_stderr 'of 3 texts have another label than in f32'
        cuvee classify f.txt -m $precision.cuvee -o file.json
        grep -q "\"precision\":\"$precision\"" file.json
        cuvee classify f.txt --top-k all -m $precision.cuvee -o file.jsonl
        cuvee classify f.txt --top-k all --precision $precision -o directory.jsonl
        cmp file.jsonl directory.jsonl
        cuvee classify f.txt -m $precision.cuvee --precision f32
        expect_error 4 $precision
    done
    [ -z "$missing" ] || skip "not built:$missing"
}

@test "what is no regular file is not replaced" {
    [ -c /dev/full ] && [ -c /dev/null ]
    for file in /dev/full /dev/null; do
        cuvee pack -o $file
        expect_error 5 $file
        [ -c $file ]
    done
    mkdir folder
    mkfifo fifo
    for file in folder fifo no-folder/m.cuvee f.txt/m.cuvee /proc/m.cuvee; do
        cuvee pack -o $file
        expect_error 5 $file
    done
    [ -p fifo ]
}

@test "a full disk is an output error, and the old file stays" {
    echo old > m.cuvee
    run --separate-stderr bash -c 'ulimit -f 2; exec "$CUVEE" pack -o m.cuvee'
    expect_error 5 m.cuvee
    [ "$(< m.cuvee)" = old ]
    [ "$(ls)" = $'f.txt\nm.cuvee' ] || fail "left: $(ls)"
}

@test "a link is followed, an older file replaced" {
    echo old > target
    ln -s target link.cuvee
    cuvee pack -o link.cuvee
    expect_status 0
    [ -L link.cuvee ]
    cuvee info target
    expect_status 0
    [ "$(ls)" = $'f.txt\nlink.cuvee\ntarget' ] || fail "left: $(ls)"
}

@test "the model itself is not overwritten" {
    cp -r "$CUVEE_MODEL" m
    cuvee pack m -o m/model.safetensors
    expect_error 5 'a part of the model'
    ln -s m/config.json link
    cuvee pack m -o link
    expect_error 5 'a part of the model'
    diff -r m "$CUVEE_MODEL"
    cuvee pack m -o m/m.cuvee
    cuvee pack m -o m/m.cuvee
    expect_status 0
}

@test "usage of pack" {
    cuvee pack
    expect_usage '--output FILE is missing'
    cuvee pack -o -
    expect_usage 'standard output'
    cuvee pack one -m two -o x
    expect_usage 'two models'
    cuvee pack -o x --column text
    expect_usage '--column is for --calibrate'
    cuvee pack -o x --limit 0
    expect_usage '--limit needs'
    [ "$(ls)" = f.txt ] || fail "left: $(ls)"
}

@test "a model that cannot be packed leaves nothing" {
    cuvee pack no-such-model -o m.cuvee
    expect_error 4 no-such-model
    cp -r "$CUVEE_MODEL" m
    truncate -s 100 m/model.safetensors
    cuvee pack m -o m.cuvee
    expect_error 4 model.safetensors
    rm -r m
    [ "$(ls)" = f.txt ] || fail "left: $(ls)"
    cuvee pack -q -o m.cuvee
    cuvee pack m.cuvee -o n.cuvee
    expect_error 4 m.cuvee
    [ ! -e n.cuvee ]
}

@test "a file that is replaced while it is mapped" {
    cuvee pack -q -o m.cuvee
    mkfifo in
    "$CUVEE" classify --quiet -m m.cuvee --input-format text - < in > out &
    exec 7> in
    echo red >&7
    wait_until test -s out
    cuvee pack -q -o m.cuvee
    expect_status 0
    echo red >&7
    exec 7>&-
    wait $!
    [ "$(cut -d, -f2- out | uniq | wc -l)" -eq 1 ] || fail "$(cat out)"
}

@test "calibration tells what differs from f32" {
    printf 'id,note\n1,red\n2,\n3,"white\nand long"\n' > c.csv
    cuvee pack -o m.cuvee --calibrate c.csv --column note
    expect_status 0
    expect_stderr '0 of 3 texts have another label than in f32'
    printf '{"text":"red"}\n{}\n{"text":"white"}\n' > c.jsonl
    cuvee pack -o m.cuvee --calibrate c.jsonl
    expect_stderr '0 of 2 texts have'
    cuvee pack -o m.cuvee --calibrate c.jsonl --limit 1
    expect_stderr '0 of 1 texts have'
    cuvee pack -q -o m.cuvee --calibrate c.jsonl
    [ -z "$stderr" ] || fail 'quiet'
}

@test "calibration texts that cannot be read are an input error" {
    printf 'id,note\n1,red\n' > c.csv
    cuvee pack -o m.cuvee --calibrate c.csv --column text
    expect_error 3 c.csv
    cuvee pack -o m.cuvee --calibrate no-such-file
    expect_error 3 no-such-file
    : > empty.txt
    cuvee pack -o m.cuvee --calibrate empty.txt
    expect_error 3 'no text'
    [ ! -e m.cuvee ]
}
