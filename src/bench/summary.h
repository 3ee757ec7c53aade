/* SPDX-License-Identifier: Apache-2.0
 *
 * From all runs, what the report says (docs/formats.md, `summary` of bench/1). */
#ifndef CUVEE_BENCH_SUMMARY_H
#define CUVEE_BENCH_SUMMARY_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* Put `summary` and `sentences` into results, in the place of what was there.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__summary_make(json_t *results, cuvee_error *err);

#endif
