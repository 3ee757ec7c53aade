# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: library, headers, cuvee.pc, CMake package, program, man pages, model.
