/* SPDX-License-Identifier: Apache-2.0
 *
 * Arms against the reference, block by block. */
#ifndef CUVEE_BENCH_SUMMARY_PAIRS_H
#define CUVEE_BENCH_SUMMARY_PAIRS_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* Put `floor` into the summary, and `ratio` and `verdict` into each of its arms.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__summary_compare(const json_t *results, json_t *summary, cuvee_error *err);

#endif
