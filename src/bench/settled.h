/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a run of an arm came to a steady state: what its calls took, in the order in which they
 * were made, by report/steady. */
#ifndef CUVEE_BENCH_SETTLED_H
#define CUVEE_BENCH_SETTLED_H

#include <jansson.h>

#include "bench/answers.h"

/* Add `settled` to the record (docs/formats.md, "bench/1"). Returns 0, or -1 when out of memory. */
int cuvee__settled_take(json_t *record, const struct answers *answers);

#endif
