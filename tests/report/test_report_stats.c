/* SPDX-License-Identifier: Apache-2.0
 *
 * report/stats against values that are published or worked out by hand, and coverage by trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "report/stats.h"
#include "report/ticks.h"

static void assert_near(double a, double b, double bound)
{
    if (!(fabs(a - b) <= bound)) fail_msg("%.12g is not near %.12g", a, b);
}

static void test_quantiles(void **state)
{
    (void)state;
    double x[] = {4, 1, 3, 2};
    cuvee__stats_sort(x, 4);
    for (int i = 0; i < 4; i++) assert_near(x[i], i + 1, 0);
    assert_near(cuvee__stats_median(x, 4), 2.5, 0);
    assert_near(cuvee__stats_quantile(x, 4, 0), 1, 0);
    assert_near(cuvee__stats_quantile(x, 4, 1), 4, 0);
    assert_near(cuvee__stats_quantile(x, 4, 0.25), 1.75, 1e-12); /* R: quantile(1:4, .25) */
    assert_near(cuvee__stats_quantile(x, 1, 0.9), 1, 0);
}

static void test_mad(void **state)
{
    (void)state;
    const double x[] = {1, 1, 2, 2, 4, 6, 9}; /* distances 1 1 0 0 2 4 7 */
    double mad;
    assert_int_equal(cuvee__stats_mad(x, 7, &mad, NULL), CUVEE_OK);
    assert_near(mad, 1, 0);
}

/* Which order statistics, and how sure: tables of the sign test. */
static void test_median_interval(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double low, high, coverage;
    } cases[] = {{6, 1, 6, 0.96875}, {10, 2, 9, 0.978515625}, {12, 3, 10, 0.9614257812}};
    double x[12];
    struct stats_interval ci;
    for (int i = 0; i < 12; i++) x[i] = i + 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(cuvee__stats_quantile_interval(x, cases[i].n, 0.5, 0.95, &ci));
        assert_near(ci.low, cases[i].low, 0);
        assert_near(ci.high, cases[i].high, 0);
        assert_near(ci.coverage, cases[i].coverage, 1e-9);
    }
    assert_false(cuvee__stats_quantile_interval(x, 5, 0.5, 0.95, &ci)); /* 1 - 2/32 */
}

/* The upper bound of the 99th percentile needs n with 0.99^n <= 2.5 %: 368. */
static void test_tail_interval(void **state)
{
    (void)state;
    static double x[400];
    struct stats_interval ci;
    for (int i = 0; i < 400; i++) x[i] = i + 1;
    assert_false(cuvee__stats_quantile_interval(x, 367, 0.99, 0.95, &ci));
    assert_true(cuvee__stats_quantile_interval(x, 368, 0.99, 0.95, &ci));
    assert_near(ci.high, 368, 0);
    assert_false(cuvee__stats_quantile_interval(x, 400, 0, 0.95, &ci));
}

/* A skewed distribution whose median is known, 400 samples: both intervals hold it about as often
 * as they say. Seeds are fixed, so this is not a matter of luck. */
static void test_coverage(void **state)
{
    (void)state;
    enum { TRIALS = 400, N = 25 };
    uint64_t seed = 1;
    int n_exact = 0, n_bootstrap = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double x[N];
        struct stats_interval exact, bootstrap;
        for (int i = 0; i < N; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            x[i] = -log1p(-(double)(seed >> 11) / 9007199254740992.0); /* exponential */
        }
        assert_int_equal(
            cuvee__stats_bootstrap_median(x, N, 500, 0.95, (uint64_t)trial, &bootstrap, NULL),
            CUVEE_OK);
        cuvee__stats_sort(x, N);
        assert_true(cuvee__stats_quantile_interval(x, N, 0.5, 0.95, &exact));
        n_exact += exact.low <= 0.6931471806 && 0.6931471806 <= exact.high;
        n_bootstrap += bootstrap.low <= 0.6931471806 && 0.6931471806 <= bootstrap.high;
    }
    assert_in_range(n_exact, TRIALS * 93 / 100, TRIALS * 99 / 100);
    assert_in_range(n_bootstrap, TRIALS * 90 / 100, TRIALS * 99 / 100);
}

static void test_bootstrap_repeats(void **state)
{
    (void)state;
    const double x[] = {3, 1, 4, 1, 5, 9, 2, 6};
    struct stats_interval a, b;
    cuvee__stats_bootstrap_median(x, 8, 1000, 0.9, 7, &a, NULL);
    cuvee__stats_bootstrap_median(x, 8, 1000, 0.9, 7, &b, NULL);
    assert_near(a.low, b.low, 0);
    assert_near(a.high, b.high, 0);
    assert_true(1 <= a.low && a.low < 3.5 && 3.5 < a.high && a.high <= 9);
}

static void test_hodges_lehmann(void **state)
{
    (void)state;
    const double x[] = {1, 2, 10}; /* means 1 1.5 5.5 2 6 10 */
    double centre;
    assert_int_equal(cuvee__stats_hodges_lehmann(x, 3, &centre, NULL), CUVEE_OK);
    assert_near(centre, 3.75, 1e-12);
    assert_int_equal(cuvee__stats_hodges_lehmann(x, 5000, &centre, NULL), CUVEE_E_LIMIT);
}

static void test_ticks(void **state)
{
    (void)state;
    static const struct {
        double max, step;
        int most, decimals;
    } cases[] = {{10, 2, 5, 0},    {1, 0.2, 5, 1},      {7, 2, 5, 0},
                 {100, 20, 6, 0},  {0.03, 0.005, 6, 3}, {1234, 500, 4, 0},
                 {999, 200, 6, 0}, {0, 0.2, 5, 1},      {1e300, 2e299, 5, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double step = cuvee__tick_step(cases[i].max, cases[i].most);
        assert_near(step / cases[i].step, 1, 1e-9);
        assert_int_equal(cuvee__tick_decimals(step), cases[i].decimals);
    }
    /* Never more than asked for, never fewer than a fifth. */
    for (double max = 1e-6; max < 1e6; max *= 1.07) {
        const double n = max / cuvee__tick_step(max, 6);
        assert_true(n <= 6 + 1e-6 && n > 1.2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),       cmocka_unit_test(test_mad),
        cmocka_unit_test(test_median_interval), cmocka_unit_test(test_tail_interval),
        cmocka_unit_test(test_coverage),        cmocka_unit_test(test_bootstrap_repeats),
        cmocka_unit_test(test_hodges_lehmann),  cmocka_unit_test(test_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
