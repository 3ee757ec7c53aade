/* SPDX-License-Identifier: Apache-2.0
 *
 * report/stats and report/resample against SciPy's answers, which make_stats_vectors.py wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "base/json_at.h"
#include "report/resample.h"
#include "report/scipy_vectors.h"

enum { MAX_VALUES = 128, SEEDS = 60 };

static size_t numbers(const json_t *list, double *ret)
{
    return vector_numbers(list, ret, MAX_VALUES);
}

/* Relative to the size of the values that went in, not to a result that may be near 0. */
static void assert_equal(const char *what, const json_t *from, double ours, double theirs,
                         double size)
{
    if (!(fabs(ours - theirs) <= 1e-12 * fmax(size, fabs(theirs))))
        fail_msg("%s of '%s': %.17g, SciPy says %.17g", what, cuvee__json_text_at(from, "name"),
                 ours, theirs);
}

static double size_of(const double *x, size_t n)
{
    double size = 0;
    for (size_t i = 0; i < n; i++) size = fmax(size, fabs(x[i]));
    return size;
}

static void test_points(void **state)
{
    size_t idx, n_intervals = 0;
    const json_t *sample;
    (void)state;
    json_array_foreach(json_object_get(vectors, "samples"), idx, sample)
    {
        double x[MAX_VALUES], q[MAX_VALUES], theirs[MAX_VALUES], ours;
        const size_t n = numbers(json_object_get(sample, "x"), x);
        const size_t n_q = numbers(json_object_get(vectors, "quantiles"), q);
        const double size = size_of(x, n);
        cuvee__stats_sort(x, n);
        assert_int_equal(numbers(json_object_get(sample, "quantiles"), theirs), n_q);
        for (size_t i = 0; i < n_q; i++)
            assert_equal("quantile", sample, cuvee__stats_quantile(x, n, q[i]), theirs[i], size);
        assert_int_equal(cuvee__stats_mad(x, n, &ours, NULL), CUVEE_OK);
        assert_equal("MAD", sample, ours, vector_number(sample, "mad"), size);
        assert_int_equal(cuvee__stats_hodges_lehmann(x, n, &ours, NULL), CUVEE_OK);
        assert_equal("Hodges-Lehmann", sample, ours, vector_number(sample, "hodges_lehmann"), size);

        struct stats_interval ci;
        const json_t *interval = json_object_get(sample, "interval");
        assert_int_equal(cuvee__stats_quantile_interval(x, n, 0.5, 0.95, &ci),
                         !json_is_null(interval));
        if (json_is_null(interval)) continue;
        assert_equal("interval", sample, ci.low, vector_number(interval, "0"), size);
        assert_equal("interval", sample, ci.high, vector_number(interval, "1"), size);
        n_intervals++;
    }
    assert_true(idx > 5 && n_intervals > 5);
}

static void test_sign_flip(void **state)
{
    size_t idx, n_compared = 0;
    const json_t *sample;
    (void)state;
    json_array_foreach(json_object_get(vectors, "samples"), idx, sample)
    {
        double x[MAX_VALUES];
        const size_t n = numbers(json_object_get(sample, "x"), x);
        if (json_is_null(json_object_get(sample, "sign_flip"))) continue;
        const double p = cuvee__resample_sign_flip(x, n, 0, 0);
        assert_equal("sign-flip p", sample, p, vector_number(sample, "sign_flip"), 1);
        double ranks[MAX_VALUES];
        assert_int_equal(cuvee__stats_signed_ranks(x, n, ranks, NULL), CUVEE_OK);
        assert_equal("p of signed ranks", sample, cuvee__resample_sign_flip(ranks, n, 0, 0),
                     vector_number(sample, "signed_rank"), 1);
        n_compared++;
    }
    assert_true(n_compared > 3);
}

static void test_flipped_median(void **state)
{
    size_t idx;
    const json_t *sample;
    (void)state;
    json_array_foreach(json_object_get(vectors, "samples"), idx, sample)
    {
        double x[MAX_VALUES];
        const size_t n = numbers(json_object_get(sample, "x"), x);
        for (size_t i = 0; i < n; i++) x[i] = fabs(x[i]);
        cuvee__stats_sort(x, n);
        assert_equal("flipped median", sample, cuvee__stats_flipped_median(x, n, 0.95),
                     vector_number(sample, "flipped_median"), 0);
    }
    assert_true(idx > 5);
}

typedef int interval_of(const double *sorted, size_t n, const struct resample_options *options,
                        struct stats_interval *ret, cuvee_error *err);

static int bca(const double *sorted, size_t n, const struct resample_options *options,
               struct stats_interval *ret, cuvee_error *err)
{
    bool is_corrected = false;
    const int rc = cuvee__resample_median_bca(sorted, n, options, ret, &is_corrected, err);
    assert_true(is_corrected);
    return rc;
}

/* The resamples are not SciPy's, so each end is a random number: the mean over our seeds and that
 * over SciPy's differ by less than five standard errors. */
static void compare_bootstrap(const json_t *sample, const char *method, interval_of *interval)
{
    const json_t *theirs = json_object_get(sample, method);
    const double confidence = vector_number(sample, "confidence");
    const double n_theirs = vector_number(vectors, "bootstrap_seeds");
    double x[MAX_VALUES], sum[2] = {0};
    const size_t n = numbers(json_object_get(sample, "x"), x);
    cuvee__stats_sort(x, n);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct resample_options options = {10000, confidence, seed};
        struct stats_interval ci;
        assert_int_equal(interval(x, n, &options, &ci, NULL), CUVEE_OK);
        assert_true(ci.coverage == confidence);
        sum[0] += ci.low;
        sum[1] += ci.high;
    }
    for (int end = 0; end < 2; end++) {
        const double ours = sum[end] / SEEDS;
        const double mean = vector_number(theirs, end ? "mean.1" : "mean.0");
        const double sd = vector_number(theirs, end ? "sd.1" : "sd.0");
        const double bound = 5 * sd * sqrt(1.0 / SEEDS + 1 / n_theirs) + 1e-12 * size_of(x, n);
        if (!(fabs(ours - mean) <= bound))
            fail_msg("%s, end %d of '%s': %.10g, SciPy says %.10g +- %.3g", method, end,
                     cuvee__json_text_at(sample, "name"), ours, mean, bound);
    }
}

static void test_bootstrap(void **state)
{
    size_t idx, n_compared = 0;
    const json_t *sample;
    (void)state;
    json_array_foreach(json_object_get(vectors, "samples"), idx, sample)
    {
        if (json_is_null(json_object_get(sample, "bca"))) continue;
        compare_bootstrap(sample, "percentile", cuvee__resample_median);
        compare_bootstrap(sample, "bca", bca);
        n_compared++;
    }
    assert_true(n_compared > 5);
}

static void test_lines(void **state)
{
    size_t idx;
    const json_t *line;
    (void)state;
    json_array_foreach(json_object_get(vectors, "lines"), idx, line)
    {
        double x[MAX_VALUES], y[MAX_VALUES];
        struct stats_line ours;
        bool is_found;
        const size_t n = numbers(json_object_get(line, "x"), x);
        assert_int_equal(numbers(json_object_get(line, "y"), y), n);
        assert_int_equal(cuvee__stats_theil_sen(x, y, n, &ours, &is_found, NULL), CUVEE_OK);
        assert_true(is_found);
        assert_equal("slope", line, ours.slope, vector_number(line, "slope"), 0);
        assert_equal("intercept", line, ours.intercept, vector_number(line, "intercept"),
                     size_of(y, n));
        assert_equal("low", line, ours.low, vector_number(line, "low"), 0);
        assert_equal("high", line, ours.high, vector_number(line, "high"), 0);
    }
    assert_true(idx > 3);
}

static void test_shares(void **state)
{
    size_t idx;
    const json_t *share;
    (void)state;
    json_array_foreach(json_object_get(vectors, "shares"), idx, share)
    {
        const struct stats_interval ci = cuvee__stats_share_interval(
            (size_t)vector_number(share, "k"), (size_t)vector_number(share, "n"), 0.95);
        /* Logarithms of factorials of a million have ten good digits behind the point. */
        if (!(fabs(ci.low - vector_number(share, "low")) <= 1e-9) ||
            !(fabs(ci.high - vector_number(share, "high")) <= 1e-9))
            fail_msg("%g of %g: %.12g to %.12g", vector_number(share, "k"),
                     vector_number(share, "n"), ci.low, ci.high);
    }
    assert_true(idx > 5);
}

static void test_holm(void **state)
{
    size_t idx;
    const json_t *family;
    (void)state;
    json_array_foreach(json_object_get(vectors, "holm"), idx, family)
    {
        double p[MAX_VALUES], theirs[MAX_VALUES];
        const size_t n = numbers(json_object_get(family, "p"), p);
        assert_int_equal(numbers(json_object_get(family, "adjusted"), theirs), n);
        assert_int_equal(cuvee__stats_holm(p, n, p, NULL), CUVEE_OK);
        for (size_t i = 0; i < n; i++) assert_equal("Holm", family, p[i], theirs[i], 0);
    }
    assert_true(idx > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),         cmocka_unit_test(test_sign_flip),
        cmocka_unit_test(test_flipped_median), cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_shares),
        cmocka_unit_test(test_holm),
    };
    return cmocka_run_group_tests(tests, load_vectors, unload_vectors);
}
