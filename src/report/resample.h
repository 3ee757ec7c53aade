/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sample says of itself when it is drawn anew: intervals of the median, and how likely its
 * centre is zero. By a generator that starts from a seed: the same figures for the same seed.
 * Arrays are of finite numbers, n at least 1; `sorted` ones ascend (cuvee__stats_sort). */
#ifndef CUVEE_REPORT_RESAMPLE_H
#define CUVEE_REPORT_RESAMPLE_H

#include "report/stats.h"

struct resample_options {
    size_t n_resamples; /* at least 1; 10,000 for a report */
    double confidence;  /* such as 0.95 */
    uint64_t seed;
};

/* Percentile bootstrap of the median: resamples of n with replacement.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__resample_median(const double *sorted, size_t n, const struct resample_options *options,
                           struct stats_interval *ret, cuvee_error *err);

/* The same, corrected for bias and acceleration (BCa; Efron 1987). *ret_corrected false: there is
 * no acceleration, since the median stays where it is whichever value is left out, or no bias,
 * since all resamples lie on one side; then *ret is the percentile interval.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__resample_median_bca(const double *sorted, size_t n,
                               const struct resample_options *options, struct stats_interval *ret,
                               bool *ret_corrected, cuvee_error *err);

#define RESAMPLE_MAX_EXACT 20 /* a million patterns of signs take about 5 ms */

/* How likely a mean at least as far from 0 is, either side, if every difference could as well have
 * had the other sign. All patterns up to n = RESAMPLE_MAX_EXACT, so p is 2 / 2^n at least; above,
 * n_resamples of them and the one that was seen. */
double cuvee__resample_sign_flip(const double *x, size_t n, size_t n_resamples, uint64_t seed);

#endif
