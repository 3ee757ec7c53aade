#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# header_alone.sh CC INCLUDE_DIR: the public header compiles alone, without a warning, as C and C++.
set -eu
cc=$1 include=$2
source=$(dirname "$0")/header_alone.c

compile() { # compiler language standard
    "$1" -x "$2" -std="$3" -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror \
        -I "$include" -fsyntax-only "$source"
    echo "$3: ok"
}
for std in c99 c11 c17; do compile "$cc" c $std; done
if cxx=$(command -v c++); then
    for std in c++11 c++17 c++20; do compile "$cxx" c++ $std; done
else
    echo "no C++ compiler: C++ not checked"
fi
