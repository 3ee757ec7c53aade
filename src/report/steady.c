/* SPDX-License-Identifier: Apache-2.0 */
#include "report/steady.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "report/stats.h"

/* ---- a change ---- */

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for statistics");
}

/* Median of x[0..n), through room for n. */
static double median_of(const double *x, size_t n, double *room)
{
    for (size_t i = 0; i < n; i++) room[i] = x[i];
    cuvee__stats_sort(room, n);
    return cuvee__stats_median(room, n);
}

/* ranks: of x, which are above 0. U after t values is twice the sum of their ranks less t (n + 1):
 * how many pairs across the cut rise, less how many fall. */
static void find_change(const double *ranks, size_t n, struct steady_change *ret)
{
    double u = 0, most = 0;
    *ret = (struct steady_change){0, 1, 1};
    for (size_t t = 1; t < n; t++) {
        u += 2 * ranks[t - 1] - ((double)n + 1);
        if (fabs(u) > most) {
            most = fabs(u);
            ret->at = t;
        }
    }
    const double dn = (double)n;
    ret->p = fmin(1, 2 * exp(-6 * most * most / (dn * dn * dn + dn * dn)));
}

int cuvee__steady_change(const double *x, size_t n, struct steady_change *ret, cuvee_error *err)
{
    double *ranks = cuvee__alloc_array(n + 1, sizeof *ranks);
    if (!ranks) return no_memory(err);
    const int rc = cuvee__stats_signed_ranks(x, n, ranks, err);
    if (rc == CUVEE_OK) {
        find_change(ranks, n, ret);
        if (ret->at)
            ret->shift = median_of(x + ret->at, n - ret->at, ranks) / median_of(x, ret->at, ranks);
    }
    cuvee__free(ranks);
    return rc;
}

int cuvee__steady_state(const double *x, size_t n, struct steady_state *ret, cuvee_error *err)
{
    *ret = (struct steady_state){STEADY_TOO_FEW, 0, {0, 1, 1}};
    while (n >= STEADY_MIN) {
        const size_t left = n - ret->after;
        if (left < STEADY_MIN || left < n - n / 2) {
            ret->word = STEADY_NEVER;
            ret->after = n;
            return CUVEE_OK;
        }
        const int rc = cuvee__steady_change(x + ret->after, left, &ret->change, err);
        if (rc < 0) return rc;
        ret->word = STEADY_SETTLED;
        if (ret->change.p > STEADY_P || fabs(log(ret->change.shift)) < log1p(STEADY_SHIFT))
            return CUVEE_OK;
        ret->after += ret->change.at;
    }
    return CUVEE_OK;
}

/* ---- a trend ---- */

/* The share of all orders of n in which at most so many pairs are the wrong way round. */
static double share_of_orders(size_t n, size_t n_wrong)
{
    enum { MOST = STEADY_EXACT * (STEADY_EXACT - 1) / 2 };
    double share[MOST + 1] = {1}, next[MOST + 1];
    for (size_t k = 2; k <= n; k++) {
        /* The k-th value stands behind 0 to k - 1 of those before it, all alike. */
        double sum = 0;
        for (size_t i = 0; i <= n_wrong; i++) {
            sum += share[i] - (i >= k ? share[i - k] : 0);
            next[i] = fmax(0, sum) / (double)k;
        }
        for (size_t i = 0; i <= n_wrong; i++) share[i] = next[i];
    }
    double sum = 0;
    for (size_t i = 0; i <= n_wrong; i++) sum += share[i];
    return sum;
}

/* Of values that are the same, t of them: the sum over their groups of f(t), f by which. */
static void count_ties(const double *y, size_t n, double *ret_pairs, double *ret_variance)
{
    *ret_pairs = *ret_variance = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_before = 0, n_same = 0;
        for (size_t k = 0; k < n; k++) {
            const bool is_same = !(y[k] < y[i]) && !(y[k] > y[i]);
            n_same += is_same;
            n_before += is_same && k < i;
        }
        const double t = (double)n_same;
        if (n_before) continue; /* once for each group */
        *ret_pairs += t * (t - 1) / 2;
        *ret_variance += t * (t - 1) * (2 * t + 5);
    }
}

struct steady_trend cuvee__steady_trend(const double *x, const double *y, size_t n)
{
    double n_right = 0, n_wrong = 0, tied, tied_variance;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            const double turn = (x[i] - x[k] > 0 ? 1 : -1) * (y[i] - y[k]);
            n_right += turn > 0;
            n_wrong += turn < 0;
        }
    count_ties(y, n, &tied, &tied_variance);
    const double dn = (double)n, pairs = dn * (dn - 1) / 2;
    if (!(tied < pairs)) return (struct steady_trend){0, 1};
    struct steady_trend trend = {(n_right - n_wrong) / sqrt(pairs * (pairs - tied)), 1};
    if (tied <= 0 && n <= STEADY_EXACT) {
        const double fewer = fmin(n_right, n_wrong);
        if (fewer + 0.5 < pairs / 2)
            trend.p = fmin(1, 2 * share_of_orders(n, (size_t)fewer));
    } else {
        const double variance = (2 * pairs * (2 * dn + 5) - tied_variance) / 18;
        trend.p = erfc(fabs(n_right - n_wrong) / sqrt(variance) / sqrt(2));
    }
    return trend;
}
