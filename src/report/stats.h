/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be said of a sample without assuming a distribution. Arrays are of finite numbers, n at
 * least 1; `sorted` ones ascend (cuvee__stats_sort). */
#ifndef CUVEE_REPORT_STATS_H
#define CUVEE_REPORT_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

void cuvee__stats_sort(double *x, size_t n);

/* q from 0 to 1, linear between order statistics (Hyndman and Fan 1996, type 7: as R and NumPy). */
double cuvee__stats_quantile(const double *sorted, size_t n, double q);

static inline double cuvee__stats_median(const double *sorted, size_t n)
{
    return cuvee__stats_quantile(sorted, n, 0.5);
}

/* Median of the distances from the median; times 1.4826 it estimates a normal sd.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__stats_mad(const double *sorted, size_t n, double *ret, cuvee_error *err);

struct stats_interval {
    double low, high;
    double coverage; /* at least; of a bootstrap: as asked for */
};

/* Exact for any continuous distribution: between which order statistics the q-quantile lies, by the
 * binomial distribution; each side errs with at most half of 1 - confidence. False when n is too
 * small for that. */
bool cuvee__stats_quantile_interval(const double *sorted, size_t n, double q, double confidence,
                                    struct stats_interval *ret);

/* Percentile bootstrap of the median: resamples of n with replacement, by a generator that starts
 * from seed: the same numbers for the same seed.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__stats_bootstrap_median(const double *x, size_t n, size_t n_resamples, double confidence,
                                  uint64_t seed, struct stats_interval *ret, cuvee_error *err);

/* Median of the means of all pairs, each with itself too: an estimate of the centre that uses more
 * of the sample than the median does. n at most 4096.
 * Returns CUVEE_OK, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__stats_hodges_lehmann(const double *x, size_t n, double *ret, cuvee_error *err);

#endif
