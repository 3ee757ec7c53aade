/* SPDX-License-Identifier: Apache-2.0
 *
 * Two experiments beside each other: the same arms, another day, machine or version. Runs of two
 * experiments never met in one block, so what drifted between them is in every difference; so each
 * arm is also compared by its ratio to the reference of its own experiment. */
#ifndef CUVEE_BENCH_COMPARE_H
#define CUVEE_BENCH_COMPARE_H

#include <jansson.h>

#include "base/sink.h"
#include "cuvee/cuvee.h"

/* {"differs": ["machine", ...], "arms": [{arm, figure, a, b, ratio, overlap}, ...]}: of each arm
 * that both have: wall_s, cpu_s and upper (medians; `overlap`: their intervals, or ranges where n
 * is too small, have values in common, so a difference is not proven), and to_reference, the ratio
 * of bench/1, if both have the same reference. `differs`: what must be the same for a fair
 * comparison. *ret: release with json_decref(). Returns CUVEE_OK, CUVEE_E_FORMAT (no arm is in
 * both), CUVEE_E_NOMEM. */
int cuvee__compare(const json_t *a, const json_t *b, json_t **ret, cuvee_error *err);

/* The same as a table for people. */
void cuvee__compare_print(const json_t *comparison, struct sink *out);

#endif
