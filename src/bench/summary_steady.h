/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether each arm was steady: within its runs, and from block to block. */
#ifndef CUVEE_BENCH_SUMMARY_STEADY_H
#define CUVEE_BENCH_SUMMARY_STEADY_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* Give each arm of the summary `typical` and `steady`. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__summary_steady(const json_t *results, json_t *summary, cuvee_error *err);

#endif
