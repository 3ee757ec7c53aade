/* SPDX-License-Identifier: Apache-2.0
 *
 * A claim of more than three times is looked at twice: the same ratio by a method that has nothing
 * in common with the first. */
#ifndef CUVEE_BENCH_SUMMARY_SECOND_H
#define CUVEE_BENCH_SUMMARY_SECOND_H

#include <jansson.h>

#include "cuvee/cuvee.h"

#define CUVEE__DRAMATIC_RATIO 3.0

/* Put `second` into each arm of the summary: where time, CPU or memory differ from the reference's
 * by more than CUVEE__DRAMATIC_RATIO, either way, the ratio by both methods; null where none does.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__summary_second(const json_t *results, json_t *summary, cuvee_error *err);

#endif
