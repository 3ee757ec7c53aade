/* SPDX-License-Identifier: Apache-2.0
 *
 * The three sentences above all: what was asked, what came out, and what most speaks against it. */
#ifndef CUVEE_BENCH_SENTENCES_H
#define CUVEE_BENCH_SENTENCES_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* Put `sentences` into results, which have their summary.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__sentences_make(json_t *results, cuvee_error *err);

#endif
