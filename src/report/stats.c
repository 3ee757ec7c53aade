/* SPDX-License-Identifier: Apache-2.0 */
#include "report/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define NORMAL_975 1.959963984540054 /* quantile of the normal distribution */

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

/* P(B >= k) for B binomial with n and a half. */
static double heads(size_t n, size_t k)
{
    double sum = 0;
    for (size_t i = k; i <= n; i++) sum += binomial(n, i, 0.5);
    return sum;
}

double cuvee__stats_flipped_median(const double *sorted, size_t n, double confidence)
{
    /* A middle value is beyond x when half of all are, with that sign: of the m sizes beyond x so
     * many must have got it. */
    const size_t half = (n + 1) / 2;
    size_t m = 0;
    while (m + 1 < n && 2 * heads(m + 1, half) <= 1 - confidence + 1e-12) m++;
    return sorted[n - 1 - m];
}

static int too_many(size_t n, cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_LIMIT, "%zu values are too many for all their pairs", n);
}

int cuvee__stats_hodges_lehmann(const double *x, size_t n, double *ret, cuvee_error *err)
{
    if (n > MAX_PAIRED) return too_many(n, err);
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

struct ranked {
    double value;
    size_t idx;
};

static int by_value(const void *x, const void *y)
{
    return compare(&((const struct ranked *)x)->value, &((const struct ranked *)y)->value);
}

int cuvee__stats_signed_ranks(const double *x, size_t n, double *ret, cuvee_error *err)
{
    struct ranked *ranked = cuvee__alloc_array(n, sizeof *ranked);
    if (!ranked) return no_memory(err);
    for (size_t i = 0; i < n; i++) ranked[i] = (struct ranked){fabs(x[i]), i};
    qsort(ranked, n, sizeof *ranked, by_value);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && ranked[end].value == ranked[i].value; end++) {
        }
        const double rank = (double)(i + 1 + end) / 2;
        for (size_t k = i; k < end; k++) {
            const double value = x[ranked[k].idx];
            ret[ranked[k].idx] = value > 0 ? rank : value < 0 ? -rank : 0;
        }
    }
    cuvee__free(ranked);
    return CUVEE_OK;
}

static int median_of(const double *x, size_t n, double *ret, cuvee_error *err)
{
    double *sorted = cuvee__alloc_array(n, sizeof *sorted);
    if (!sorted) return no_memory(err);
    for (size_t i = 0; i < n; i++) sorted[i] = x[i];
    cuvee__stats_sort(sorted, n);
    *ret = cuvee__stats_median(sorted, n);
    cuvee__free(sorted);
    return CUVEE_OK;
}

/* Of how many values are the same, what it takes from the variance of Kendall's S. */
static double ties_of(const double *values, size_t n, double *sorted)
{
    double sum = 0;
    memcpy(sorted, values, n * sizeof *sorted);
    cuvee__stats_sort(sorted, n);
    for (size_t i = 0, k; i < n; i += k) {
        for (k = 1; i + k < n && sorted[i + k] <= sorted[i]; k++) {
        }
        sum += (double)k * (double)(k - 1) * (double)(2 * k + 5);
    }
    return sum;
}

/* slopes: sorted, all of them; room: n. */
static void bound_slope(const double *x, const double *y, size_t n, const double *slopes,
                        size_t n_slopes, double *room, struct stats_line *ret)
{
    const double all = (double)n * (double)(n - 1) * (double)(2 * n + 5);
    const double sd = sqrt((all - ties_of(x, n, room) - ties_of(y, n, room)) / 18);
    const double middle = (double)n_slopes / 2, half = NORMAL_975 * sd / 2;
    const double low = nearbyint(middle - half) - 1, high = nearbyint(middle + half);
    ret->low = slopes[low > 0 ? (size_t)low : 0];
    ret->high = slopes[high < (double)n_slopes - 1 ? (size_t)high : n_slopes - 1];
}

int cuvee__stats_theil_sen(const double *x, const double *y, size_t n, struct stats_line *ret,
                           bool *ret_found, cuvee_error *err)
{
    int rc;
    size_t n_slopes = 0;
    double x_median, y_median;
    if (n > MAX_PAIRED) return too_many(n, err);
    if ((rc = median_of(x, n, &x_median, err)) < 0 || (rc = median_of(y, n, &y_median, err)) < 0)
        return rc;
    double *slopes = cuvee__alloc_array(n * (n - 1) / 2 + n + 1, sizeof *slopes);
    if (!slopes) return no_memory(err);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            if (x[i] != x[j]) slopes[n_slopes++] = (y[j] - y[i]) / (x[j] - x[i]);
    *ret_found = n_slopes > 0;
    if (n_slopes > 0) {
        cuvee__stats_sort(slopes, n_slopes);
        ret->slope = cuvee__stats_median(slopes, n_slopes);
        ret->intercept = y_median - ret->slope * x_median;
        bound_slope(x, y, n, slopes, n_slopes, slopes + n_slopes, ret);
    }
    cuvee__free(slopes);
    return CUVEE_OK;
}

/* P(B >= k) for B binomial with n and q, where k > n q: so each term is smaller than the one before
 * it, and the sum can stop. */
static double upper_tail(size_t n, size_t k, double q)
{
    double term = binomial(n, k, q), sum = term;
    for (size_t i = k; i < n && term > sum * 1e-17; i++)
        sum += term *= (double)(n - i) / (double)(i + 1) * (q / (1 - q));
    return sum;
}

/* The share below k / n under which k or more of n happen with just that probability. */
static double least_share(size_t k, size_t n, double probability)
{
    if (k == 0) return 0;
    double low = 0, high = (double)k / (double)n;
    for (double middle = high / 2; low < middle && middle < high; middle = (low + high) / 2) {
        if (upper_tail(n, k, middle) < probability)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct stats_interval cuvee__stats_share_interval(size_t k, size_t n, double confidence)
{
    const double tail = (1 - confidence) / 2;
    return (struct stats_interval){least_share(k, n, tail), 1 - least_share(n - k, n, tail),
                                   confidence};
}

int cuvee__stats_holm(const double *p, size_t n, double *ret, cuvee_error *err)
{
    struct ranked *ranked = cuvee__alloc_array(n, sizeof *ranked);
    if (!ranked) return no_memory(err);
    for (size_t i = 0; i < n; i++) ranked[i] = (struct ranked){p[i], i};
    qsort(ranked, n, sizeof *ranked, by_value);
    double least = 0; /* no question is answered more surely than one with a smaller p */
    for (size_t i = 0; i < n; i++) {
        least = fmax(least, fmin(1, ranked[i].value * (double)(n - i)));
        ret[ranked[i].idx] = least;
    }
    cuvee__free(ranked);
    return CUVEE_OK;
}
