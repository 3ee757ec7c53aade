#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The cache of packed models, each test in one of its own.
load common

setup() {
    enter_folder
    printf 'red\nwhite\n' > f.txt
    unset CUVEE_CACHE_MAX XDG_CACHE_HOME
    export CUVEE_CACHE=$PWD/cache
    "$CUVEE" classify f.txt --quiet --no-cache > expected
}

# The rows are right, and nothing is said but what $1 tells.
expect_rows() {
    expect_status 0
    [ "$output" = "$(< expected)" ] || fail 'other rows'
    [ -z "$1" ] || expect_stderr "$1"
}

# Packed files in the cache, by inode.
packed_files() {
    find "$CUVEE_CACHE" -name '*.cuvee' -printf '%i\n' | sort
}

@test "the first start packs, the second does not" {
    cuvee classify f.txt --quiet
    expect_rows
    first=$(packed_files)
    [ "$(wc -l <<<"$first")" -eq 1 ]
    cuvee classify f.txt --quiet
    expect_rows
    cuvee info
    expect_output "packed      $CUVEE_CACHE/"
    [ "$(packed_files)" = "$first" ]
    ! find "$CUVEE_CACHE" -name '*.tmp' | grep . || fail 'something is left'
}

@test "list, list --json, path, clear" {
    cuvee cache list
    expect_status 0
    [ -z "$output" ]
    expect_stderr '0 packed models, 0 bytes in'
    cuvee cache path
    [ "$output" = "$CUVEE_CACHE" ]
    [ ! -e "$CUVEE_CACHE" ] || fail 'looking must not make it'

    cuvee info
    cuvee cache list
    expect_status 0
    [ ${#lines[@]} -eq 1 ]
    [[ $output =~ ^f32\ +[0-9\ ]+\ \ 2[0-9-]+\ [0-9:]+\ \ /.*/model$ ]] || fail 'not as expected'
    expect_stderr '1 packed model, '
    cuvee cache list --json
    bytes=$(stat -c %s "$CUVEE_CACHE"/*.cuvee)
    expect_output "\"bytes\": $bytes"
    expect_output "\"path\": \"$CUVEE_CACHE\""
    expect_output '"precision": "f32"'

    cuvee cache clear
    expect_status 0
    [ -z "$output" ]
    expect_stderr 'removed 1 packed model, '
    [ -z "$(packed_files)" ]
    cuvee cache clear
    expect_status 0
    expect_stderr 'removed 0 packed models, 0 bytes'
    cuvee classify f.txt --quiet
    expect_rows
}

@test "where it is: --cache, CUVEE_CACHE, XDG_CACHE_HOME, HOME" {
    export HOME=$PWD/h XDG_CACHE_HOME=$PWD/xdg
    cuvee cache path --cache there
    [[ $output == *there ]]
    cuvee cache path
    [ "$output" = "$CUVEE_CACHE" ]
    CUVEE_CACHE= cuvee cache path
    [ "$output" = "$PWD/xdg/cuvee" ]
    CUVEE_CACHE= XDG_CACHE_HOME= cuvee cache path
    [ "$output" = "$PWD/h/.cache/cuvee" ]
    CUVEE_CACHE= XDG_CACHE_HOME= HOME= cuvee cache path
    expect_status 4
    CUVEE_CACHE= XDG_CACHE_HOME= HOME= cuvee cache clear
    expect_status 4

    cuvee classify f.txt --quiet --cache there
    expect_rows
    [ -n "$(find there -name '*.cuvee')" ]
    cuvee tokenize f.txt
    expect_status 0
    [ -n "$(packed_files)" ]
    [ ! -e h ] && [ ! -e xdg ] || fail 'the home directory was touched'
    CUVEE_CACHE= XDG_CACHE_HOME= cuvee classify f.txt --quiet
    expect_rows
    [ -n "$(find h/.cache/cuvee -name '*.cuvee')" ]
}

@test "no cache: --no-cache, CUVEE_CACHE_MAX=0" {
    cuvee classify f.txt --no-cache
    expect_rows
    expect_no_stderr cached
    CUVEE_CACHE_MAX=0 cuvee classify f.txt
    expect_rows
    expect_no_stderr cached
    cuvee info --no-cache
    expect_output 'packed      in memory, '
    [ ! -e "$CUVEE_CACHE" ]
}

@test "CUVEE_CACHE_MAX" {
    CUVEE_CACHE_MAX=1K cuvee classify f.txt
    expect_rows 'cuvee classify: not cached: '
    [ -z "$(packed_files)" ]
    CUVEE_CACHE_MAX=many cuvee classify f.txt
    expect_status 2
    expect_stderr CUVEE_CACHE_MAX
    "$MAKE_TINY_MODEL" other bert
    cuvee info
    n=$(du -b "$CUVEE_CACHE"/*.cuvee | cut -f1)
    first=$(packed_files)
    # Room for one and a half: the older one goes.
    CUVEE_CACHE_MAX=$((n * 3 / 2)) cuvee info -m other
    expect_status 0
    [ "$(packed_files | wc -l)" -eq 1 ]
    [ "$(packed_files)" != "$first" ]
}

@test "a cache that cannot be written: one warning, the same rows" {
    for place in f.txt/cache /proc/no-such-folder/cache; do
        CUVEE_CACHE=$place cuvee classify f.txt
        expect_rows 'cuvee classify: not cached: '
        [ "$(grep -c 'not cached' <<<"$stderr")" -eq 1 ] || fail 'one warning expected'
        CUVEE_CACHE=$place cuvee classify f.txt --quiet
        expect_rows
        [ -z "$stderr" ] || fail 'nothing expected on stderr'
        CUVEE_CACHE=$place cuvee tokenize f.txt
        expect_status 0
        expect_stderr 'cuvee tokenize: not cached: '
        CUVEE_CACHE=$place cuvee info
        expect_status 0
        expect_output 'cache       not cached: '
    done
}

@test "a read-only cache" {
    # A user's own name space may mount one; root may write where permissions forbid it.
    unshare -rm true 2>/dev/null || skip 'no user name spaces here'
    mkdir cache
    read_only='mount -t tmpfs -o ro none cache && exec "$CUVEE" classify f.txt'
    run --separate-stderr unshare -rm sh -c "$read_only"
    expect_rows 'cuvee classify: not cached: '
    # One that has the model is as good as any.
    cuvee classify f.txt
    run --separate-stderr unshare -rm sh -c \
        'mount --bind cache cache && mount -o remount,ro,bind cache && exec "$CUVEE" classify f.txt'
    expect_rows
    expect_no_stderr 'not cached'
}

@test "a full cache: one warning, the same rows" {
    run --separate-stderr bash -c 'ulimit -f 2; exec "$CUVEE" classify f.txt'
    expect_rows 'cuvee classify: not cached: '
    [ -z "$(packed_files)" ]
}

@test "a model that has changed is packed anew" {
    cp -r "$CUVEE_MODEL" m
    cuvee classify f.txt --quiet -m m
    expect_rows
    sed -i 's/"RED"/"RUBY"/' m/config.json
    cuvee info -m m
    expect_output RUBY
}

@test "damaged and foreign files in the cache are packed anew" {
    cuvee info
    file=$(echo "$CUVEE_CACHE"/*.cuvee)
    cp "$file" whole
    for size in 0 100 512 $(($(stat -c %s whole) / 2)); do
        head -c "$size" whole > "$file"
        cuvee cache list
        expect_output '(damaged, or made by another version)'
        cuvee classify f.txt --quiet
        expect_rows
        [ -z "$stderr" ] || fail 'nothing to say'
        cmp "$file" whole
    done
    cp f.txt "$file"
    cuvee classify f.txt --quiet
    expect_rows
    cmp "$file" whole
}

@test "many first starts at once pack once" {
    pids=
    for i in 1 2 3 4 5 6 7 8; do
        "$CUVEE" classify f.txt > out$i 2> err$i &
        pids+=" $!"
    done
    for pid in $pids; do wait "$pid"; done
    for i in 1 2 3 4 5 6 7 8; do
        cmp out$i expected
        ! grep 'not cached' err$i || fail 'not all could use the cache'
    done
    [ "$(packed_files | wc -l)" -eq 1 ]
}

@test "doctor looks at the cache" {
    cuvee doctor
    expect_output "cache       $CUVEE_CACHE, not there yet, can be made"
    cuvee info
    cuvee doctor
    expect_output "cache       $CUVEE_CACHE, 1 packed model, "
    expect_output ', writable'
    CUVEE_CACHE_MAX=2G cuvee doctor
    expect_output '; CUVEE_CACHE_MAX is 2G'
    cuvee doctor --json
    expect_output '"writable": true'
    expect_output '"models": 1'
    CUVEE_CACHE=$PWD/f.txt/cache cuvee doctor
    expect_status 0
    expect_output "cache       none: $PWD/f.txt/cache: "
    CUVEE_CACHE= HOME= cuvee doctor
    expect_status 0
    expect_output 'cache       none: '
}

@test "usage of cache" {
    cuvee cache
    expect_usage 'list, clear or path'
    cuvee cache lsit
    expect_usage "did you mean 'list'?"
    cuvee cache remove
    expect_usage "unknown action 'remove'"
    cuvee cache clear --json
    expect_usage '--json is for list'
    cuvee cache clear now
    expect_usage "unexpected argument 'now'"
}
