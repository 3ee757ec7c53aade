/* SPDX-License-Identifier: Apache-2.0
 *
 * report/stats against values that are published or worked out by hand, and coverage by trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "report/resample.h"
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
    int n_bca = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        const struct resample_options options = {500, 0.95, (uint64_t)trial};
        double x[N];
        bool is_corrected;
        struct stats_interval exact, bootstrap, bca;
        for (int i = 0; i < N; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            x[i] = -log1p(-(double)(seed >> 11) / 9007199254740992.0); /* exponential */
        }
        cuvee__stats_sort(x, N);
        assert_int_equal(cuvee__resample_median(x, N, &options, &bootstrap, NULL), CUVEE_OK);
        assert_int_equal(cuvee__resample_median_bca(x, N, &options, &bca, &is_corrected, NULL),
                         CUVEE_OK);
        assert_true(cuvee__stats_quantile_interval(x, N, 0.5, 0.95, &exact));
        n_exact += exact.low <= 0.6931471806 && 0.6931471806 <= exact.high;
        n_bootstrap += bootstrap.low <= 0.6931471806 && 0.6931471806 <= bootstrap.high;
        n_bca += bca.low <= 0.6931471806 && 0.6931471806 <= bca.high;
    }
    assert_in_range(n_exact, TRIALS * 93 / 100, TRIALS * 99 / 100);
    assert_in_range(n_bootstrap, TRIALS * 90 / 100, TRIALS * 99 / 100);
    assert_in_range(n_bca, TRIALS * 90 / 100, TRIALS * 99 / 100);
}

static void test_bootstrap_repeats(void **state)
{
    (void)state;
    const double x[] = {1, 1, 2, 3, 4, 5, 6, 9};
    const struct resample_options options = {1000, 0.9, 7};
    struct stats_interval a, b;
    cuvee__resample_median(x, 8, &options, &a, NULL);
    cuvee__resample_median(x, 8, &options, &b, NULL);
    assert_near(a.low, b.low, 0);
    assert_near(a.high, b.high, 0);
    assert_true(1 <= a.low && a.low < 3.5 && 3.5 < a.high && a.high <= 9);
}

/* All resamples of three: 27. Their medians are 1 in 7, 2 in 13 and 3 in 7 of them. */
static void test_bootstrap_of_three(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3};
    struct stats_interval wide, narrow;
    const struct resample_options most = {20000, 1 - 2 * 0.24, 1}, some = {20000, 1 - 2 * 0.28, 1};
    cuvee__resample_median(x, 3, &most, &wide, NULL);
    cuvee__resample_median(x, 3, &some, &narrow, NULL);
    assert_near(wide.low, 1, 0); /* 7/27 is 0.259, with an sd of 0.003 */
    assert_near(wide.high, 3, 0);
    assert_near(narrow.low, 2, 0);
    assert_near(narrow.high, 2, 0);
}

/* Nothing to correct by: the percentile interval, and it is said. */
static void test_bca_without_acceleration(void **state)
{
    (void)state;
    const double same[] = {2, 2, 2, 2}, one[] = {5}, inner[] = {1, 3, 3, 3, 3, 8};
    const struct resample_options options = {1000, 0.95, 1};
    struct stats_interval bca, percentile;
    bool is_corrected = true;
    cuvee__resample_median_bca(same, 4, &options, &bca, &is_corrected, NULL);
    assert_false(is_corrected);
    assert_true(bca.low == 2 && bca.high == 2);
    is_corrected = true;
    cuvee__resample_median_bca(one, 1, &options, &bca, &is_corrected, NULL);
    assert_false(is_corrected);
    assert_true(bca.low == 5 && bca.high == 5);
    is_corrected = true;
    cuvee__resample_median_bca(inner, 6, &options, &bca, &is_corrected, NULL);
    cuvee__resample_median(inner, 6, &options, &percentile, NULL);
    assert_false(is_corrected);
    assert_true(bca.low == percentile.low && bca.high == percentile.high);
}

/* By hand: of the eight patterns of 1, 2, 4 only all plus and all minus reach 7. */
static void test_sign_flip(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4}, y[] = {1, -2, 4}, zero[] = {0, 0, 0};
    assert_near(cuvee__resample_sign_flip(x, 3, 0, 0), 2 / 8.0, 0);
    assert_near(cuvee__resample_sign_flip(y, 3, 0, 0), 6 / 8.0, 0); /* 7, 5, 3, 1: below 3 is 1 */
    assert_near(cuvee__resample_sign_flip(zero, 3, 0, 0), 1, 0);
}

/* Sampled above RESAMPLE_MAX_EXACT. With zeros at the end the exact p is that of the others. */
static void test_sampled_sign_flip(void **state)
{
    (void)state;
    const double x[RESAMPLE_MAX_EXACT + 60] = {3, -1, 2, 4, -2, 5, 1, 2, -3, 4};
    const double exact = cuvee__resample_sign_flip(x, 10, 0, 0);
    const size_t n = sizeof x / sizeof *x;
    const double sampled = cuvee__resample_sign_flip(x, n, 40000, 1);
    assert_true(exact > 0.05 && exact < 0.5);
    assert_near(sampled, exact, 5 * sqrt(exact * (1 - exact) / 40000));
    assert_near(cuvee__resample_sign_flip(x, n, 40000, 1), sampled, 0);
    double far[64];
    for (int i = 0; i < 64; i++) far[i] = 1;
    assert_near(cuvee__resample_sign_flip(far, 64, 999, 1), 1 / 1000.0, 0); /* never 0 */
}

static void test_line_without_slope(void **state)
{
    (void)state;
    const double x[] = {2, 2, 2}, y[] = {1, 5, 9};
    struct stats_line line = {.slope = 7};
    bool is_found = true;
    assert_int_equal(cuvee__stats_theil_sen(x, y, 3, &line, &is_found, NULL), CUVEE_OK);
    assert_false(is_found);
    assert_true(line.slope == 7);
    assert_int_equal(cuvee__stats_theil_sen(x, y, 5000, &line, &is_found, NULL), CUVEE_E_LIMIT);
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
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_mad),
        cmocka_unit_test(test_median_interval),
        cmocka_unit_test(test_tail_interval),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_bootstrap_repeats),
        cmocka_unit_test(test_bootstrap_of_three),
        cmocka_unit_test(test_bca_without_acceleration),
        cmocka_unit_test(test_sign_flip),
        cmocka_unit_test(test_sampled_sign_flip),
        cmocka_unit_test(test_line_without_slope),
        cmocka_unit_test(test_hodges_lehmann),
        cmocka_unit_test(test_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
