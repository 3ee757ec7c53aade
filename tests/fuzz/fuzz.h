/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fuzz target defines and may use. A target must come back from any input, with the same
 * memory in use as before, and states with HOLDS() what must be true of an input that was
 * accepted. */
#ifndef CUVEE_TESTS_FUZZ_H
#define CUVEE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's entry, called by it or by driver.c. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define HOLDS(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

#endif
