/* SPDX-License-Identifier: Apache-2.0 */
#include "report/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/random.h"

enum { MAX_PAIRED = 4096 };

static int compare(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

void cuvee__stats_sort(double *x, size_t n)
{
    qsort(x, n, sizeof *x, compare);
}

double cuvee__stats_quantile(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1), below = floor(at);
    const size_t i = (size_t)below;
    if (i + 1 >= n) return sorted[n - 1];
    return sorted[i] + (at - below) * (sorted[i + 1] - sorted[i]);
}

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for statistics");
}

int cuvee__stats_mad(const double *sorted, size_t n, double *ret, cuvee_error *err)
{
    const double centre = cuvee__stats_median(sorted, n);
    double *distance = cuvee__alloc_array(n, sizeof *distance);
    if (!distance) return no_memory(err);
    for (size_t i = 0; i < n; i++) distance[i] = fabs(sorted[i] - centre);
    cuvee__stats_sort(distance, n);
    *ret = cuvee__stats_median(distance, n);
    cuvee__free(distance);
    return CUVEE_OK;
}

/* P(B = k) for B binomial with n and q; by logarithms, for n of many thousands. */
static double binomial(size_t n, size_t k, double q)
{
    const double dn = (double)n, dk = (double)k;
    return exp(lgamma(dn + 1) - lgamma(dk + 1) - lgamma(dn - dk + 1) + dk * log(q) +
               (dn - dk) * log1p(-q));
}

bool cuvee__stats_quantile_interval(const double *sorted, size_t n, double q, double confidence,
                                    struct stats_interval *ret)
{
    if (!(q > 0 && q < 1)) return false;
    /* X(l) <= quantile < X(u) when at least l and fewer than u of n are at or below it. */
    const double most = (1 - confidence) / 2 + 1e-12;
    double below = 0, above = 0;
    size_t l = 0, u = n + 1;
    for (double sum = binomial(n, 0, q); l < n && sum <= most; sum += binomial(n, l, q)) {
        below = sum;
        l++;
    }
    for (double sum = binomial(n, n, q); u > 1 && sum <= most; sum += binomial(n, u - 1, q)) {
        above = sum;
        u--;
    }
    if (l < 1 || u > n || l >= u) return false;
    *ret = (struct stats_interval){sorted[l - 1], sorted[u - 1], 1 - below - above};
    return true;
}

int cuvee__stats_bootstrap_median(const double *x, size_t n, size_t n_resamples, double confidence,
                                  uint64_t seed, struct stats_interval *ret, cuvee_error *err)
{
    double *sample = cuvee__alloc_array(n, sizeof *sample);
    double *medians = cuvee__alloc_array(n_resamples, sizeof *medians);
    const bool has_room = sample && medians;
    for (size_t r = 0; has_room && r < n_resamples; r++) {
        for (size_t i = 0; i < n; i++) sample[i] = x[random_below(&seed, n)];
        cuvee__stats_sort(sample, n);
        medians[r] = cuvee__stats_median(sample, n);
    }
    if (has_room) {
        cuvee__stats_sort(medians, n_resamples);
        const double tail = (1 - confidence) / 2;
        ret->low = cuvee__stats_quantile(medians, n_resamples, tail);
        ret->high = cuvee__stats_quantile(medians, n_resamples, 1 - tail);
        ret->coverage = confidence;
    }
    cuvee__free(sample);
    cuvee__free(medians);
    return has_room ? CUVEE_OK : no_memory(err);
}

int cuvee__stats_hodges_lehmann(const double *x, size_t n, double *ret, cuvee_error *err)
{
    if (n > MAX_PAIRED)
        return cuvee__fail(err, CUVEE_E_LIMIT, "%zu values are too many for all their pairs", n);
    double *means = cuvee__alloc_array(n * (n + 1) / 2, sizeof *means);
    if (!means) return no_memory(err);
    size_t n_means = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) means[n_means++] = (x[i] + x[j]) / 2;
    cuvee__stats_sort(means, n_means);
    *ret = cuvee__stats_median(means, n_means);
    cuvee__free(means);
    return CUVEE_OK;
}
