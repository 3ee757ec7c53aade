/* SPDX-License-Identifier: Apache-2.0
 *
 * SciPy's answers, which make_stats_vectors.py wrote, for the tests that compare ours with them. */
#ifndef CUVEE_TESTS_REPORT_SCIPY_VECTORS_H
#define CUVEE_TESTS_REPORT_SCIPY_VECTORS_H

#include <jansson.h>
#include <stddef.h>

/* All of them, from load_vectors() to unload_vectors(), which are a group's set-up and tear-down.
 */
extern json_t *vectors;
int load_vectors(void **state);
int unload_vectors(void **state);

/* That has to be there; else the test fails. */
double vector_number(const json_t *json, const char *path);
/* At least one, at most `room`. Returns how many. */
size_t vector_numbers(const json_t *list, double *ret, size_t room);

#endif
