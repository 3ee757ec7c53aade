# SPDX-License-Identifier: Apache-2.0
#
# What every .bats file starts with: a tiny random model (labels RED and WHITE) as $CUVEE_MODEL, and a
# folder of its own for each test.
bats_require_minimum_version 1.5.0

unset CUVEE_ISA NO_COLOR CUVEE_CACHE
export CUVEE_CACHE_MAX=0 # no test fills the user's cache

setup_file() {
    export CUVEE_MODEL=$BATS_FILE_TMPDIR/model
    "$MAKE_TINY_MODEL" "$CUVEE_MODEL"
}

# bats keeps files of its own in $BATS_TEST_TMPDIR.
enter_folder() {
    mkdir "$BATS_TEST_TMPDIR/work" && cd "$BATS_TEST_TMPDIR/work" || return 1
}

setup() {
    enter_folder
}

# A program that a failed test left behind would keep bats waiting.
teardown() {
    local left
    left=$(jobs -p)
    [ -z "$left" ] || kill -9 $left 2>/dev/null || true
}

# script (bsdutils) plays a terminal; it needs /dev/pts, which a bare chroot lacks.
need_terminal() {
    script -q -c true /dev/null >/dev/null 2>&1 || skip 'no script (bsdutils), or no pseudo-terminals'
}

# cuvee ARGUMENT...: $status, $output (stdout), $stderr, $lines, $stderr_lines.
cuvee() {
    run --separate-stderr "$CUVEE" "$@"
}

# Say what was found when an expectation fails.
fail() {
    printf '%s\nstatus: %s\nstdout: %s\nstderr: %s\n' "$1" "$status" "$output" "$stderr" >&2
    return 1
}

expect_status() {
    [ "$status" -eq "$1" ] || fail "expected status $1"
}

expect_output() {
    [[ $output == *"$1"* ]] || fail "expected on stdout: $1"
}

expect_no_output() {
    [[ $output != *"$1"* ]] || fail "not expected on stdout: $1"
}

expect_stderr() {
    [[ $stderr == *"$1"* ]] || fail "expected on stderr: $1"
}

expect_no_stderr() {
    [[ $stderr != *"$1"* ]] || fail "not expected on stderr: $1"
}

# A usage error: status 2, this message, the way to the help, nothing on stdout.
expect_usage() {
    expect_status 2
    expect_stderr "$1"
    expect_stderr "try 'cuvee"
    [ -z "$output" ] || fail "nothing expected on stdout"
}

# wait_until COMMAND...: until it succeeds; fails after 30 s.
wait_until() {
    local i
    for ((i = 0; i < 1500; i++)); do
        "$@" && return
        sleep 0.02
    done
    echo "gave up waiting until: $*" >&2
    return 1
}

# Options of a subcommand, "--name" a line, sorted: as its help says ...
help_options() {
    "$CUVEE" "$1" --help | sed -n 's/^  \(-., \)\?\(--[a-z-]*\).*/\2/p' | sort
}

# ... and as its man page says.
man_options() {
    sed -n 's/^\.It .*Fl Fl \([a-z-]*\).*/--\1/p' "$SOURCE_DIR/docs/man/cuvee-$1.1" | sort
}
