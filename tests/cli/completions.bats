#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load common

@test "the files in completions/ are what the program prints" {
    for pair in bash:cuvee.bash zsh:_cuvee fish:cuvee.fish; do
        diff <("$CUVEE" completions "${pair%%:*}") "$SOURCE_DIR/completions/${pair#*:}"
    done
}

@test "every option of every command is there" {
    for shell in bash zsh fish; do
        cuvee completions $shell
        expect_status 0
        for c in classify tokenize info pack cache measure doctor; do
            for option in $(help_options $c); do
                if [ $shell = fish ]; then
                    grep -q "subcommand_from $c' -l ${option#--}\b" <<<"$output" ||
                        fail "$c $option is missing in $shell"
                else
                    expect_output "$option"
                fi
            done
        done
    done
}

@test "bash completes commands, options and choices" {
    source <("$CUVEE" completions bash)
    COMP_WORDS=(cuvee cl) COMP_CWORD=1
    _cuvee
    [ "${COMPREPLY[*]}" = classify ]
    COMP_WORDS=(cuvee classify --top) COMP_CWORD=2
    _cuvee
    [ "${COMPREPLY[*]}" = --top-k ]
    COMP_WORDS=(cuvee classify --format j) COMP_CWORD=3
    _cuvee
    [ "${COMPREPLY[*]}" = 'json jsonl' ]
    mkdir folder && touch file
    COMP_WORDS=(cuvee classify --cache f) COMP_CWORD=3
    _cuvee
    [ "${COMPREPLY[*]}" = folder ]
    COMP_WORDS=(cuvee classify -m f) COMP_CWORD=3
    _cuvee
    [[ " ${COMPREPLY[*]} " == *' file '* && " ${COMPREPLY[*]} " == *' folder '* ]]
    COMP_WORDS=(cuvee cache cl) COMP_CWORD=2
    _cuvee
    [ "${COMPREPLY[*]}" = clear ]
    COMP_WORDS=(cuvee measure report --format h) COMP_CWORD=4
    _cuvee
    [ "${COMPREPLY[*]}" = 'html hyperfine' ]
    COMP_WORDS=(cuvee measure --exp) COMP_CWORD=2
    _cuvee
    [ "${COMPREPLY[*]}" = --explain ]
}

@test "the scripts parse" {
    for shell in bash zsh fish; do
        command -v $shell >/dev/null || continue
        "$CUVEE" completions $shell > script
        $shell -n script
    done
}

@test "an unknown shell is a usage error" {
    cuvee completions tcsh
    expect_usage 'bash, zsh or fish'
    cuvee completions
    expect_usage 'bash, zsh or fish'
}
