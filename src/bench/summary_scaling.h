/* SPDX-License-Identifier: Apache-2.0
 *
 * How the sweep's throughput grows with its workers: the Universal Scalability Law (report/usl). */
#ifndef CUVEE_BENCH_SUMMARY_SCALING_H
#define CUVEE_BENCH_SUMMARY_SCALING_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* Add `scaling` to a summary that has its `sweep`: of each number of threads what fits, or why
 * nothing does; null where no number of threads has enough points. Returns CUVEE_OK,
 * CUVEE_E_NOMEM. */
int cuvee__summary_scaling(json_t *summary, cuvee_error *err);

#endif
