/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the kernel tests: the tier under test beside the oracle, random data, buffers that end
 * at an unreadable page, and comparisons that name what differs. */
#ifndef TESTS_KERNELS_KERNEL_TEST_H
#define TESTS_KERNELS_KERNEL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernels/kernels.h"

/* u: one rounding of x errs by at most u |x|. */
#define UNIT 0x1p-24

extern struct kernels tier, oracle;

/* The tests of check_rows.c, check_matrix.c and check_types.c, ending in {0}. */
extern const struct CMUnitTest row_tests[], matrix_tests[], type_tests[];

uint32_t random_bits(void);
size_t random_below(size_t n);
/* Uniform in -1 .. 1, then times `size`. */
float random_float(float size);
void random_fill(float *x, size_t n, float size);

/* n floats (up to EDGE_FLOATS) whose last byte is the last before an unreadable page, so that
 * reading or writing past them ends the test. Bytes before them are a pattern that edge_check()
 * verifies. One buffer per slot; asking again gives the same memory. */
enum { N_EDGE_SLOTS = 6, EDGE_FLOATS = 20000 };
void *edge_bytes(size_t slot, size_t n_bytes);
float *edge_floats(size_t slot, size_t n);
void edge_check(size_t slot);

/* 64-byte aligned scratch, n floats, freed by the caller with cuvee__free. */
float *aligned_floats(size_t n);

/* got and want equal within bound, or both NaN, or both the same infinity. */
void check_near(double got, double want, double bound, const char *what, size_t index);
/* Bit for bit, but any NaN equals any NaN. */
void check_same(const float *got, const float *want, size_t n, const char *what);

/* Microkernels prefetch what comes after; these tests have nothing there. */
static const struct ahead nothing_ahead = {NULL, 0};

#endif
