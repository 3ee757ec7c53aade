/* SPDX-License-Identifier: Apache-2.0 */
#include "report/resample.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/random.h"

/* Medians of resamples, ascending. A resample is kept as how often each value was drawn: the median
 * is then found by one walk instead of by sorting. */
static int draw_medians(const double *sorted, size_t n, const struct resample_options *options,
                        double **ret_medians, cuvee_error *err)
{
    uint64_t seed = options->seed;
    size_t *n_drawn = cuvee__alloc_array(n, sizeof *n_drawn);
    double *medians = cuvee__alloc_array(options->n_resamples, sizeof *medians);
    if (!n_drawn || !medians) {
        cuvee__free(n_drawn);
        cuvee__free(medians);
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for resamples");
    }
    for (size_t r = 0; r < options->n_resamples; r++) {
        for (size_t i = 0; i < n; i++) n_drawn[i] = 0;
        for (size_t i = 0; i < n; i++) n_drawn[random_below(&seed, n)]++;
        size_t low = 0, below = n_drawn[0]; /* values drawn up to `low` */
        while (below <= (n - 1) / 2) below += n_drawn[++low];
        size_t high = low;
        while (below <= n / 2) below += n_drawn[++high];
        medians[r] = (sorted[low] + sorted[high]) / 2;
    }
    cuvee__stats_sort(medians, options->n_resamples);
    cuvee__free(n_drawn);
    *ret_medians = medians;
    return CUVEE_OK;
}

static struct stats_interval between(const double *medians, const struct resample_options *options,
                                     double low, double high)
{
    return (struct stats_interval){cuvee__stats_quantile(medians, options->n_resamples, low),
                                   cuvee__stats_quantile(medians, options->n_resamples, high),
                                   options->confidence};
}

int cuvee__resample_median(const double *sorted, size_t n, const struct resample_options *options,
                           struct stats_interval *ret, cuvee_error *err)
{
    double *medians;
    const int rc = draw_medians(sorted, n, options, &medians, err);
    if (rc < 0) return rc;
    const double tail = (1 - options->confidence) / 2;
    *ret = between(medians, options, tail, 1 - tail);
    cuvee__free(medians);
    return CUVEE_OK;
}

static double normal_below(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

/* The inverse, for p between 0 and 1. By halving: three times per interval, so speed is nothing. */
static double normal_quantile(double p)
{
    double low = -39, high = 39; /* beyond, normal_below is 0 or 1 */
    for (double z = 0; low < z && z < high; z = (low + high) / 2) {
        if (normal_below(z) < p)
            low = z;
        else
            high = z;
    }
    return high;
}

/* The share of resampled medians below the median, those equal to it by half. */
static double share_below(const double *medians, size_t n_medians, double median)
{
    size_t n_below = 0, n_equal = 0;
    while (n_below < n_medians && medians[n_below] < median) n_below++;
    while (n_below + n_equal < n_medians && medians[n_below + n_equal] == median) n_equal++;
    return ((double)n_below + (double)n_equal / 2) / (double)n_medians;
}

static double median_without(const double *sorted, size_t n, size_t left_out)
{
    const size_t low = (n - 2) / 2, high = (n - 1) / 2; /* of n - 1 values */
    return (sorted[low + (low >= left_out)] + sorted[high + (high >= left_out)]) / 2;
}

/* Efron 1987, 6.6: a sixth of the skewness of the jackknife's values. False: they are all equal. */
static bool acceleration(const double *sorted, size_t n, double *ret)
{
    double mean = 0, squares = 0, cubes = 0;
    if (n < 2) return false;
    for (size_t i = 0; i < n; i++) mean += median_without(sorted, n, i) / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double u = mean - median_without(sorted, n, i);
        squares += u * u;
        cubes += u * u * u;
    }
    /* Equal values differ from their mean by rounding. */
    const double least = 1e-12 * fmax(fabs(sorted[0]), fabs(sorted[n - 1]));
    if (!(squares > least * least * (double)n)) return false;
    *ret = cubes / (6 * pow(squares, 1.5));
    return true;
}

int cuvee__resample_median_bca(const double *sorted, size_t n,
                               const struct resample_options *options, struct stats_interval *ret,
                               bool *ret_corrected, cuvee_error *err)
{
    double *medians, a;
    const int rc = draw_medians(sorted, n, options, &medians, err);
    if (rc < 0) return rc;
    const double tail = (1 - options->confidence) / 2;
    const double below = share_below(medians, options->n_resamples, cuvee__stats_median(sorted, n));
    *ret_corrected = below > 0 && below < 1 && acceleration(sorted, n, &a);
    if (*ret_corrected) {
        const double bias = normal_quantile(below), z = normal_quantile(1 - tail);
        *ret = between(medians, options, normal_below(bias + (bias - z) / (1 - a * (bias - z))),
                       normal_below(bias + (bias + z) / (1 - a * (bias + z))));
    } else {
        *ret = between(medians, options, tail, 1 - tail);
    }
    cuvee__free(medians);
    return CUVEE_OK;
}

/* Sums that are equal but for the order of addition count as equal. */
static bool as_far(double sum, double seen, double slack)
{
    return fabs(sum) >= fabs(seen) - slack;
}

/* A pattern and its opposite are equally far, so the last sign stays. From one pattern to the next
 * one sign changes (Gray's code). */
static double flip_all(const double *x, size_t n, double seen, double slack)
{
    const uint64_t n_patterns = UINT64_C(1) << (n - 1);
    uint64_t n_far = 1, flipped = 0;
    double sum = seen;
    for (uint64_t i = 1; i < n_patterns; i++) {
        size_t k = 0;
        while (!(i >> k & 1)) k++;
        flipped ^= UINT64_C(1) << k;
        sum += (flipped >> k & 1 ? -2 : 2) * x[k];
        n_far += as_far(sum, seen, slack);
    }
    return (double)n_far / (double)n_patterns;
}

double cuvee__resample_sign_flip(const double *x, size_t n, size_t n_resamples, uint64_t seed)
{
    double seen = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        seen += x[i];
        all += fabs(x[i]);
    }
    const double slack = 1e-12 * all;
    if (n <= RESAMPLE_MAX_EXACT) return flip_all(x, n, seen, slack);
    size_t n_far = 1;
    for (size_t r = 0; r < n_resamples; r++) {
        uint64_t signs = 0;
        double sum = 0;
        for (size_t i = 0; i < n; i++, signs >>= 1) {
            if (i % 64 == 0) signs = random_next(&seed);
            sum += signs & 1 ? x[i] : -x[i];
        }
        n_far += as_far(sum, seen, slack);
    }
    return (double)n_far / (double)(n_resamples + 1);
}
