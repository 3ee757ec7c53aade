/* SPDX-License-Identifier: Apache-2.0
 *
 * What other ways of measuring would have claimed, and why each differs from the footprint. */
#ifndef CUVEE_MEASURE_NAIVE_H
#define CUVEE_MEASURE_NAIVE_H

#include "measure/account.h"

struct naive_figure {
    const char *key;    /* in JSON */
    const char *method; /* for people */
    bool is_known;
    uint64_t bytes;
    const char *reason; /* why it is not the footprint; a sentence */
};

enum { CUVEE__NAIVE_FIGURES = 8 };

void cuvee__naive_figures(const struct account *a, struct naive_figure ret[CUVEE__NAIVE_FIGURES]);

#endif
