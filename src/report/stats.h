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

/* How far from 0 the median of values of these sizes lies at most, in a share `confidence` of all
 * ways to give them signs: as where of each pair chance says which is subtracted from which. Of an
 * even n both middle values lie so near. sorted: sizes. */
double cuvee__stats_flipped_median(const double *sorted, size_t n, double confidence);

/* Median of the means of all pairs, each with itself too: an estimate of the centre that uses more
 * of the sample than the median does. n at most 4096.
 * Returns CUVEE_OK, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__stats_hodges_lehmann(const double *x, size_t n, double *ret, cuvee_error *err);

/* Ranks of the sizes of x, ties sharing the mean of theirs, with the signs of x; 0 stays 0, though
 * it is counted (Wilcoxon 1945, Pratt 1959). A wild value counts by its rank only. Returns
 * CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__stats_signed_ranks(const double *x, size_t n, double *ret, cuvee_error *err);

struct stats_line {
    double slope, intercept;
    double low, high; /* of the slope at 95 %, by the normal approximation of Kendall's S (Sen
                         1968): with four points or fewer that is all of their slopes */
};

/* The line whose slope is the median of the slopes through all pairs of points of different x, and
 * which passes through the medians of x and y (Theil 1950, Sen 1968): a wild point in five does not
 * turn it. n at most 4096; false in *ret_found: all x are the same.
 * Returns CUVEE_OK, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__stats_theil_sen(const double *x, const double *y, size_t n, struct stats_line *ret,
                           bool *ret_found, cuvee_error *err);

/* What share is likely where k of n were seen (Clopper and Pearson 1934): exact, so it holds the
 * true share at least as often as it says. k at most n. */
struct stats_interval cuvee__stats_share_interval(size_t k, size_t n, double confidence);

/* p-values as they are when n questions were asked (Holm 1979): ret[i] belongs to p[i]; they may be
 * the same array.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__stats_holm(const double *p, size_t n, double *ret, cuvee_error *err);

#endif
