# SPDX-License-Identifier: Apache-2.0
#
# What the .bats files of this folder share.
bats_require_minimum_version 1.5.0

# bats keeps files of its own in $BATS_TEST_TMPDIR.
enter_folder() {
    mkdir "$BATS_TEST_TMPDIR/work" && cd "$BATS_TEST_TMPDIR/work" || return 1
}

need() {
    command -v "$1" >/dev/null || skip "no $1"
}

setup() {
    enter_folder
}

# json FILTER: of the result at hand.
json() {
    jq -r "$1" out.json
}
