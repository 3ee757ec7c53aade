/* SPDX-License-Identifier: Apache-2.0
 *
 * report/steady and report/usl against SciPy's answers, which make_stats_vectors.py wrote, and how
 * often they are wrong by trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/json_at.h"
#include "base/random.h"
#include "report/scipy_vectors.h"
#include "report/steady.h"
#include "report/usl.h"

enum { MAX_VALUES = 512 };

static size_t numbers(const json_t *list, double *ret)
{
    return vector_numbers(list, ret, MAX_VALUES);
}

static void assert_like(const json_t *from, const char *what, double ours, double relative,
                        double absolute)
{
    const double theirs = vector_number(from, what);
    if (!(fabs(ours - theirs) <= relative * fabs(theirs) + absolute))
        fail_msg("%s of '%s': %.12g, SciPy says %.12g", what, cuvee__json_text_at(from, "name"),
                 ours, theirs);
}

/* ---- steady ---- */

static const char *word_text(enum steady_word word)
{
    return word == STEADY_TOO_FEW ? "too few" : word == STEADY_NEVER ? "never" : "settled";
}

static void test_changes(void **state)
{
    size_t idx;
    const json_t *series;
    (void)state;
    json_array_foreach(json_object_get(vectors, "steady"), idx, series)
    {
        double x[MAX_VALUES];
        struct steady_change change;
        struct steady_state whole;
        const size_t n = numbers(json_object_get(series, "x"), x);
        assert_int_equal(cuvee__steady_change(x, n, &change, NULL), CUVEE_OK);
        assert_like(series, "at", (double)change.at, 0, 0);
        assert_like(series, "p", change.p, 1e-9, 0);
        assert_like(series, "shift", change.shift, 1e-12, 0);
        assert_int_equal(cuvee__steady_state(x, n, &whole, NULL), CUVEE_OK);
        assert_string_equal(word_text(whole.word), cuvee__json_text_at(series, "word"));
        if (whole.word == STEADY_SETTLED) assert_like(series, "after", (double)whole.after, 0, 0);
    }
    assert_true(idx > 8);
}

static double normal(uint64_t *seed)
{
    return sqrt(-2 * log(random_real(seed))) * cos(6.283185307179586 * random_real(seed));
}

/* Times that vary by 30 %, as those of texts of any length do: steady from the first on in 19 of 20
 * runs at least, of any length; a warm-up of three times as long is found, and little after it. */
static void test_change_by_trial(void **state)
{
    enum { TRIALS = 400 };
    (void)state;
    for (size_t n = 16; n <= MAX_VALUES; n *= 2) {
        uint64_t seed = n;
        size_t n_false = 0, n_found = 0;
        for (int t = 0; t < TRIALS; t++) {
            double x[MAX_VALUES];
            struct steady_state whole;
            for (size_t i = 0; i < n; i++) x[i] = exp(0.3 * normal(&seed));
            assert_int_equal(cuvee__steady_state(x, n, &whole, NULL), CUVEE_OK);
            n_false += whole.word == STEADY_NEVER || whole.after > 0;
            for (size_t i = 0; i < n / 4; i++) x[i] *= 3;
            assert_int_equal(cuvee__steady_state(x, n, &whole, NULL), CUVEE_OK);
            n_found += whole.word == STEADY_SETTLED && whole.after >= n / 4 && whole.after < n / 2;
        }
        assert_true(n_false <= TRIALS * 5 / 100);
        if (n >= 64) assert_true(n_found >= TRIALS * 90 / 100);
    }
}

static void test_trends(void **state)
{
    size_t idx;
    const json_t *trend;
    (void)state;
    json_array_foreach(json_object_get(vectors, "trends"), idx, trend)
    {
        double x[MAX_VALUES], y[MAX_VALUES];
        const size_t n = numbers(json_object_get(trend, "y"), y);
        for (size_t i = 0; i < n; i++) x[i] = (double)i;
        struct steady_trend ours = cuvee__steady_trend(x, y, n);
        assert_like(trend, "tau", ours.tau, 1e-12, 0);
        assert_like(trend, "p", ours.p, 1e-9, 0);
        /* In whichever order the points come. */
        for (size_t i = 0; i < n / 2; i++) {
            double kept = x[i];
            x[i] = x[n - 1 - i];
            x[n - 1 - i] = kept;
            kept = y[i];
            y[i] = y[n - 1 - i];
            y[n - 1 - i] = kept;
        }
        ours = cuvee__steady_trend(x, y, n);
        assert_like(trend, "tau", ours.tau, 1e-12, 0);
        assert_like(trend, "p", ours.p, 1e-9, 0);
    }
    assert_true(idx > 8);
}

static void test_all_the_same(void **state)
{
    const double x[] = {1, 2, 3}, y[] = {5, 5, 5};
    const struct steady_trend trend = cuvee__steady_trend(x, y, 3);
    (void)state;
    assert_true(fabs(trend.tau) <= 0 && trend.p >= 1);
}

/* ---- scaling ---- */

static void test_t_quantiles(void **state)
{
    size_t idx;
    const json_t *t;
    (void)state;
    json_array_foreach(json_object_get(vectors, "t"), idx, t)
    {
        const size_t df = (size_t)vector_number(t, "df");
        assert_like(t, "t", cuvee__t_quantile(0.975, df), 1e-10, 0);
        assert_like(t, "t_95", cuvee__t_quantile(0.95, df), 1e-10, 0);
    }
    assert_true(idx > 5);
}

static void test_fits(void **state)
{
    size_t idx, n_fitted = 0, n_refused = 0;
    const json_t *curve;
    (void)state;
    json_array_foreach(json_object_get(vectors, "usl"), idx, curve)
    {
        double x[MAX_VALUES], y[MAX_VALUES];
        struct usl_fit fit;
        const size_t n = numbers(json_object_get(curve, "x"), x);
        assert_int_equal(numbers(json_object_get(curve, "y"), y), n);
        const enum usl_outcome outcome = cuvee__usl_fit(x, y, n, &fit);
        assert_like(curve, "lambda", fit.lambda, 1e-5, 0);
        assert_like(curve, "sigma", fit.sigma.value, 1e-5, 1e-6);
        assert_like(curve, "kappa", fit.kappa.value, 1e-5, 1e-7);
        assert_like(curve, "miss", fit.miss, 1e-4, 0);
        assert_like(curve, "sigma_bounds.0", fit.sigma.low, 1e-4, 1e-6);
        assert_like(curve, "sigma_bounds.1", fit.sigma.high, 1e-4, 1e-6);
        assert_like(curve, "kappa_bounds.0", fit.kappa.low, 1e-4, 1e-7);
        assert_like(curve, "kappa_bounds.1", fit.kappa.high, 1e-4, 1e-7);
        assert_int_equal(outcome,
                         vector_number(curve, "miss") > USL_MOST_MISS ? USL_NO_LAW : USL_FITS);
        n_fitted += outcome == USL_FITS;
        n_refused += outcome == USL_NO_LAW;
    }
    assert_true(n_fitted > 3 && n_refused > 1);
}

/* A curve without noise gives its own figures back, and where it turns. */
static void test_exact_curve(void **state)
{
    double x[8], y[8];
    struct usl_fit fit;
    (void)state;
    for (int i = 0; i < 8; i++) {
        x[i] = i + 1;
        y[i] = 50 * x[i] / (1 + 0.1 * i + 0.02 * i * x[i]);
    }
    assert_int_equal(cuvee__usl_fit(x, y, 8, &fit), USL_FITS);
    assert_true(fabs(fit.lambda - 50) < 1e-5 && fabs(fit.sigma.value - 0.1) < 1e-6);
    assert_true(fabs(fit.kappa.value - 0.02) < 1e-7 && fit.miss < 1e-6);
    assert_true(fabs(fit.peak - sqrt(0.9 / 0.02)) < 1e-4);
    assert_true(fit.sigma.high - fit.sigma.low < 1e-5);
    assert_true(fabs(cuvee__usl_at(&fit, 3) - y[2]) < 1e-4);
}

static void test_refusals(void **state)
{
    const double x[] = {1, 2, 4, 4, 2}, y[] = {10, 19, 30, 31, 18}, zero[] = {10, 19, 0, 30};
    const double same[] = {1, 2, 3, 4};
    struct usl_fit fit;
    memset(&fit, 0x55, sizeof fit);
    const struct usl_fit before = fit;
    (void)state;
    assert_int_equal(cuvee__usl_fit(x, y, 5, &fit), USL_TOO_FEW); /* three different x */
    assert_int_equal(cuvee__usl_fit(same, zero, 4, &fit), USL_TOO_FEW);
    assert_int_equal(cuvee__usl_fit(same, y, 3, &fit), USL_TOO_FEW);
    assert_memory_equal(&fit, &before, sizeof fit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),     cmocka_unit_test(test_change_by_trial),
        cmocka_unit_test(test_trends),      cmocka_unit_test(test_all_the_same),
        cmocka_unit_test(test_t_quantiles), cmocka_unit_test(test_fits),
        cmocka_unit_test(test_exact_curve), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, load_vectors, unload_vectors);
}
