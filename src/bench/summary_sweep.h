/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_BENCH_SUMMARY_SWEEP_H
#define CUVEE_BENCH_SUMMARY_SWEEP_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* Put `sweep` and `bytes_per_worker` into the summary: one arm at all combinations of workers and
 * threads. Without such runs they are null.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__summary_sweep(const json_t *results, json_t *summary, cuvee_error *err);

#endif
