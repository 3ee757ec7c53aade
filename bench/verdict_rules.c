/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict_rules.h"

#include <math.h>
#include <string.h>

enum { MAX_N = 24, MAX_WALSH = MAX_N * (MAX_N + 1) / 2 };

struct range {
    double low, high;
};

static bool leaves_out_1(struct range x)
{
    return x.low > 0 || x.high < 0;
}

/* All of it, on one side. */
static bool is_beyond(struct range x, struct range of)
{
    return leaves_out_1(x) && (x.low > of.high || x.high < of.low);
}

static double farther_end(struct range x)
{
    return fmax(fabs(x.low), fabs(x.high));
}

/* ---- logarithms of ratios and their intervals ---- */

static void twins(const struct verdict_block *b, size_t n, double *ret)
{
    for (size_t i = 0; i < n; i++) ret[i] = log(b[i].reference / b[i].twin);
}

static struct range logs_of(const struct verdict_ratio *r)
{
    return (struct range){log(r->interval.low), log(r->interval.high)};
}

/* The most signed ranks that the sum of those above 0 may have for a share of 2.5 % below. */
static size_t signed_rank_limit(size_t n)
{
    double share[MAX_WALSH + 1] = {1}, sum = 0;
    for (size_t rank = 1; rank <= n; rank++)
        for (size_t at = rank * (rank + 1) / 2 + 1; at-- > 0;)
            share[at] = share[at] / 2 + (at >= rank ? share[at - rank] / 2 : 0);
    size_t k = 0;
    while ((sum += share[k]) <= 0.025) k++;
    return k;
}

/* Between two means of pairs (Hodges and Lehmann 1963): exact where noise is symmetric. */
static struct range by_signed_ranks(const double *x, size_t n)
{
    double means[MAX_WALSH];
    size_t n_means = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) means[n_means++] = (x[i] + x[j]) / 2;
    cuvee__stats_sort(means, n_means);
    const size_t k = signed_rank_limit(n) - 1;
    return (struct range){means[k], means[n_means - 1 - k]};
}

static struct range twins_by_signed_ranks(const struct verdict_block *b, size_t n)
{
    double x[MAX_N] = {0};
    twins(b, n, x);
    return by_signed_ranks(x, n);
}

static struct range ratio_by_signed_ranks(const struct verdict_block *b, size_t n, double slower)
{
    double x[MAX_N];
    for (size_t i = 0; i < n; i++)
        x[i] = (log(b[i].reference) + log(b[i].twin)) / 2 - log(b[i].arm * (1 + slower));
    return by_signed_ranks(x, n);
}

static struct range half(struct range x)
{
    return (struct range){x.low / 2, x.high / 2};
}

static struct range flipped_twins(const struct verdict_block *b, size_t n)
{
    double x[MAX_N] = {0};
    twins(b, n, x);
    for (size_t i = 0; i < n; i++) x[i] = fabs(x[i]);
    cuvee__stats_sort(x, n);
    const double limit = cuvee__stats_flipped_median(x, n, 0.95);
    return (struct range){-limit, limit};
}

/* Also each entry with each of the next block, as if all these pairs were independent. */
static struct range pooled_twins(const struct verdict_block *b, size_t n)
{
    double x[5 * MAX_N];
    struct stats_interval ci = {0, 0, 0};
    size_t m = n;
    twins(b, n, x);
    for (size_t i = 0; i + 1 < n; i++) {
        const double own[] = {b[i].reference, b[i].twin},
                     next[] = {b[i + 1].reference, b[i + 1].twin};
        for (int k = 0; k < 4; k++) x[m++] = log(own[k / 2] / next[k % 2]);
    }
    cuvee__stats_sort(x, m);
    cuvee__stats_quantile_interval(x, m, 0.5, 0.95, &ci);
    return (struct range){ci.low, ci.high};
}

/* ---- rules ---- */

#define RULE(name)                                                                                 \
    static bool name(const struct verdict_block *b, size_t n, double slower,                       \
                     const struct verdict *v)

RULE(bare)
{
    (void)b, (void)n, (void)slower;
    return leaves_out_1(logs_of(&v->ratio));
}

RULE(half_width)
{
    const struct range floor = logs_of(&v->floor);
    const double limit = leaves_out_1(floor) ? farther_end(floor) : (floor.high - floor.low) / 2;
    return bare(b, n, slower, v) && fabs(log(v->ratio.median)) > limit;
}

RULE(beyond_farther_end)
{
    return bare(b, n, slower, v) && fabs(log(v->ratio.median)) > farther_end(logs_of(&v->floor));
}

RULE(all_beyond_farther_end)
{
    const double limit = farther_end(logs_of(&v->floor));
    (void)b, (void)n, (void)slower;
    return is_beyond(logs_of(&v->ratio), (struct range){-limit, limit});
}

RULE(order_outside_order)
{
    (void)b, (void)n, (void)slower;
    return is_beyond(logs_of(&v->ratio), logs_of(&v->floor));
}

RULE(ranks_outside_ranks)
{
    (void)v;
    return is_beyond(ratio_by_signed_ranks(b, n, slower), twins_by_signed_ranks(b, n));
}

RULE(order_outside_pooled)
{
    (void)slower;
    return is_beyond(logs_of(&v->ratio), pooled_twins(b, n));
}

RULE(order_outside_flipped)
{
    (void)slower;
    return is_beyond(logs_of(&v->ratio), flipped_twins(b, n));
}

RULE(ranks_outside_half_ranks)
{
    (void)v;
    return is_beyond(ratio_by_signed_ranks(b, n, slower), half(twins_by_signed_ranks(b, n)));
}

RULE(ranks_outside_half_flipped)
{
    (void)v;
    return is_beyond(ratio_by_signed_ranks(b, n, slower), half(flipped_twins(b, n)));
}

RULE(taken)
{
    const double limit = log(v->limit);
    (void)b, (void)n, (void)slower;
    return is_beyond(logs_of(&v->ratio), (struct range){-limit, limit});
}

const struct verdict_rule verdict_rules[VERDICT_RULES] = {
    {"leaves out 1", bare},
    {"and the ratio beyond half the A/A width", half_width},
    {"and the ratio beyond A/A's farther end", beyond_farther_end},
    {"all of it beyond A/A's farther end", all_beyond_farther_end},
    {"outside A/A", order_outside_order},
    {"outside A/A, both by signed ranks", ranks_outside_ranks},
    {"outside A/A of pairs of neighbouring blocks too", order_outside_pooled},
    {"outside A/A of the median, signs flipped", order_outside_flipped},
    {"outside half A/A, both by signed ranks", ranks_outside_half_ranks},
    {"by signed ranks, outside half A/A, flipped", ranks_outside_half_flipped},
    {"outside half A/A of the median, flipped: taken", taken}};
