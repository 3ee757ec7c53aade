#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# How often verdicts are wrong, and how often they find what is there: 20,000 experiments from recorded noise. $POWER is
# bench/verdict_power; its seeds are fixed, so it says the same each time.
load ../cli/common

# row BLOCKS SLOWER: its columns, without the intervals.
row() {
    sed 's/([^)]*)//g' power.txt | awk -v blocks="$1" -v slower="$2" '$1 == blocks && $2 == slower && $3 == "%"'
}

@test "of equal programs at most 5 % are called different, 3 % slower is found in 90 % at 12 blocks" {
    "$POWER" "$SOURCE_DIR/bench/results/noise-amd-epyc-f32.json" > power.txt
    grep -q '20000 simulations' power.txt
    local blocks
    for blocks in 3 4 5 6 8 10 12 16; do
        row "$blocks" 3.0 | awk '$4 > 5 || $10 > 0 { print "too often wrong: " $0; bad = 1 } END { exit bad || NR != 1 }'
    done
    row 12 3.0 | awk '$7 < 90 || $9 < 95 { print "too rarely found, or held: " $0; bad = 1 } END { exit bad }'
}

@test "on noise of 1 % too; and what is found is more than what is there by chance" {
    "$POWER" --normal 0.01 > power.txt
    row 12 3.0 | awk '$4 > 5 || $7 < 90 || $9 < 95 { print; bad = 1 } END { exit bad || NR != 1 }'
    row 12 1.0 | awk '$7 > 50 { print "1 % is below what is looked for: " $0; bad = 1 } END { exit bad || NR != 1 }'
}
