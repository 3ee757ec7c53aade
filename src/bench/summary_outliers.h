/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs that are far from the others of their arm. They are named and they count: a wild run is what
 * the machine does, and medians hold it. */
#ifndef CUVEE_BENCH_SUMMARY_OUTLIERS_H
#define CUVEE_BENCH_SUMMARY_OUTLIERS_H

#include <jansson.h>

#include "cuvee/cuvee.h"

/* As intervals want them. */
enum { CUVEE__OUTLIERS_MIN_RUNS = 6 };
/* Distance from the median in terms of sd as the median absolute deviation estimates it. The usual
 * 3.5 would name a run in one of ten arms with normal noise; this does in one of 25 (6 runs) to
 * one of 50 (12 runs). */
#define CUVEE__OUTLIERS_SCORE 5.0

/* Add to each arm of the summary `outliers`: of each run that counts and lies farther from the
 * median of the metric than that, and than the least effect of interest, both as ratios, its id as
 * `run`, `of_median` and `score`; null with fewer runs.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__summary_outliers(const json_t *results, json_t *summary, cuvee_error *err);

#endif
