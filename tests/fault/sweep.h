/* SPDX-License-Identifier: Apache-2.0
 *
 * A scenario with its first allocation failing, then its second, and so on, until it gets through
 * without meeting a failure. For cmocka tests that are linked with failing_malloc.c. */
#ifndef CUVEE_TESTS_SWEEP_H
#define CUVEE_TESTS_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

/* A sanitizer allocates by ways of its own, so blocks cannot be counted; it finds leaks itself. */
#ifdef CUVEE_SANITIZED
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* CUVEE_OK, or what "out of memory" looks like. */
bool is_out_of_memory(int rc, const cuvee_error *err);

/* How far it is from one failing allocation to the next that is tried; 1 unless it is set. */
extern uint64_t sweep_step;

/* Once with that one allocation failing and once with all later ones too. Each run must end in
 * CUVEE_OK or "out of memory" and free all that it took; what it gives is the scenario's own to
 * check. */
void sweep(const char *name, int (*scenario)(cuvee_error *));

#endif
