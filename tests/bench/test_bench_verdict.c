/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts by cases that can be worked out by hand, and their errors by trial. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/json_at.h"
#include "base/random.h"
#include "bench/verdict.h"

enum { MAX_BLOCKS = 16 };

static void assert_near(double a, double b, double bound)
{
    if (!(fabs(a - b) <= bound)) fail_msg("%.12g is not near %.12g", a, b);
}

/* Per cent that the twin and the arm are off, in each block; the reference drifts. */
static const double WOBBLE[] = {0.3, -0.4, 0.1,  0.2, -0.3, 0.4, -0.1, 0.3,
                                0.5, -0.2, -0.5, 0.1, -0.3, 0.2, 0.4,  -0.2};

/* n blocks in which the arm does `ratio` times what the reference does. The arm wobbles opposite
 * to the twin. */
static void fill(struct verdict_block *blocks, size_t n, double ratio)
{
    for (size_t i = 0; i < n; i++) {
        const double reference = 100 + (double)i;
        blocks[i].reference = reference;
        blocks[i].twin = reference * (1 + WOBBLE[i] / 100);
        blocks[i].arm = reference * ratio * (1 - WOBBLE[n - 1 - i] / 100);
    }
}

static struct verdict verdict_of(const struct verdict_block *blocks, size_t n, double least_effect)
{
    const struct verdict_options options = {.least_effect = least_effect, .n_resamples = 1000};
    struct verdict v;
    assert_int_equal(cuvee__verdict(blocks, n, &options, &v, NULL), CUVEE_OK);
    return v;
}

static void test_words(void **state)
{
    static const struct {
        size_t n;
        double ratio, least_effect;
        enum verdict_word word;
    } cases[] = {
        {12, 1.1, 0.03, VERDICT_BETTER},
        {12, 0.9, 0.03, VERDICT_WORSE},
        {12, 1.0, 0.03, VERDICT_INDISTINGUISHABLE},
        {12, 1.0005, 0, VERDICT_INCONCLUSIVE},       /* where any effect counts */
        {12, 1.01, 0.03, VERDICT_INDISTINGUISHABLE}, /* a difference, of which nobody cares */
        {12, 1.01, 0, VERDICT_BETTER},
        {12, 1.03, 0.03, VERDICT_BETTER},     /* certainly; perhaps by less than is of interest */
        {12, 1.004, 0, VERDICT_INCONCLUSIVE}, /* above 1, but reaches into the floor */
        {6, 1.1, 0.03, VERDICT_BETTER},
        {5, 1.1, 0.03, VERDICT_BETTER},        /* all five, far from 1 and near each other */
        {5, 1.0, 0.03, VERDICT_INCONCLUSIVE},  /* too few to say that nothing is there */
        {5, 1.006, 0, VERDICT_INCONCLUSIVE},   /* as far from each other as from 1 */
        {5, 1.02, 0.03, VERDICT_INCONCLUSIVE}, /* all five, but not of interest */
        {3, 0.2, 0.03, VERDICT_WORSE},
        {2, 0.2, 0.03, VERDICT_INCONCLUSIVE},
        {1, 0.2, 0.03, VERDICT_INCONCLUSIVE},
        {0, 1, 0.03, VERDICT_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verdict_block blocks[MAX_BLOCKS];
        fill(blocks, cases[i].n, cases[i].ratio);
        const struct verdict v = verdict_of(blocks, cases[i].n, cases[i].least_effect);
        if (v.word != cases[i].word)
            fail_msg("case %zu: '%s' (%g to %g, floor %g to %g)", i, cuvee__verdict_text(v.word),
                     v.ratio.interval.low, v.ratio.interval.high, v.floor.interval.low,
                     v.floor.interval.high);
    }
}

/* Twelve ratios of which the third and the tenth are known. */
static void test_figures(void **state)
{
    struct verdict_block blocks[12];
    const struct verdict_options options = {.use_bootstrap = true, .n_resamples = 10000, .seed = 1};
    struct verdict v;
    (void)state;
    for (int i = 0; i < 12; i++)
        blocks[i] = (struct verdict_block){50, NAN, 50 * exp(0.01 * (i + 1))};
    assert_int_equal(cuvee__verdict(blocks, 12, &options, &v, NULL), CUVEE_OK);
    assert_int_equal(v.ratio.n, 12);
    assert_near(v.ratio.median, exp(0.065), 1e-12);
    assert_near(v.ratio.interval.low, exp(0.03), 1e-12);
    assert_near(v.ratio.interval.high, exp(0.10), 1e-12);
    assert_near(v.ratio.interval.coverage, 0.9614257812, 1e-9);
    assert_false(v.ratio.is_range);
    assert_near(v.hodges_lehmann, exp(0.065), 1e-12);
    assert_near(v.p, 2 / 4096.0, 1e-15);
    assert_true(v.has_bootstrap && v.is_bca && isnan(v.p_holm));
    assert_true(v.bootstrap.low > exp(0.02) && v.bootstrap.low < v.ratio.median);
    assert_true(v.bootstrap.high < exp(0.11) && v.bootstrap.high > v.ratio.median);
    /* Nothing is known of how far the reference is from itself. */
    assert_int_equal(v.floor.n, 0);
    assert_int_equal(v.word, VERDICT_INCONCLUSIVE);

    const struct verdict few = verdict_of(blocks, 4, 0.03);
    assert_true(few.ratio.is_range && !few.has_bootstrap);
    assert_near(few.ratio.interval.low, exp(0.01), 1e-12);
    assert_near(few.ratio.interval.high, exp(0.04), 1e-12);
    assert_near(few.ratio.interval.coverage, 1 - 2 / 16.0, 1e-15);
}

/* The reference of a block is the geometric mean of its two entries. */
static void test_reference_of_two(void **state)
{
    const struct verdict_block both = {100, 121, 220}, twin = {NAN, 100, 150}, zero = {100, 0, 150};
    struct verdict v = verdict_of(&both, 1, 0);
    (void)state;
    assert_near(v.ratio.median, 2, 1e-12);
    assert_near(v.floor.median, 1.21, 1e-12);
    v = verdict_of(&twin, 1, 0);
    assert_near(v.ratio.median, 1.5, 1e-12);
    assert_int_equal(v.floor.n, 0);
    v = verdict_of(&zero, 1, 0);
    assert_near(v.ratio.median, 1.5, 1e-12);
}

/* Blocks in which something did not run do not count; the others stay pairs. */
static void test_missing_runs(void **state)
{
    struct verdict_block blocks[12], whole[10];
    (void)state;
    fill(blocks, 12, 1.2);
    blocks[3].arm = NAN;
    blocks[7].reference = blocks[7].twin = NAN;
    for (size_t i = 0, k = 0; i < 12; i++)
        if (i != 3 && i != 7) whole[k++] = blocks[i];
    const struct verdict v = verdict_of(blocks, 12, 0.03), w = verdict_of(whole, 10, 0.03);
    assert_int_equal(v.ratio.n, 10);
    assert_int_equal(v.floor.n, 11);
    assert_near(v.ratio.median, w.ratio.median, 0);
    assert_near(v.ratio.interval.low, w.ratio.interval.low, 0);
    assert_near(v.p, w.p, 0);
    assert_int_equal(v.word, VERDICT_BETTER);
}

/* Seconds instead of items per second: the same verdict from the inverse numbers. */
static void test_less_is_better(void **state)
{
    struct verdict_block rates[12], times[12];
    struct verdict t;
    const struct verdict_options options = {
        .less_is_better = true, .least_effect = 0.03, .n_resamples = 1000};
    (void)state;
    fill(rates, 12, 1.15);
    for (int i = 0; i < 12; i++)
        times[i] = (struct verdict_block){1000 / rates[i].reference, 1000 / rates[i].twin,
                                          1000 / rates[i].arm};
    const struct verdict r = verdict_of(rates, 12, 0.03);
    assert_int_equal(cuvee__verdict(times, 12, &options, &t, NULL), CUVEE_OK);
    assert_int_equal(t.word, VERDICT_BETTER);
    assert_near(t.ratio.median, r.ratio.median, 1e-12);
    assert_near(t.ratio.interval.low, r.ratio.interval.low, 1e-12);
    assert_near(t.floor.interval.high, r.floor.interval.high, 1e-12);
    assert_near(t.margin, 1.03, 1e-12);
}

/* A twin that is always 2 % faster: 2 % are noise then, and on either side. */
static void test_floor_has_two_sides(void **state)
{
    struct verdict_block blocks[12];
    (void)state;
    fill(blocks, 12, 0.995);
    for (int i = 0; i < 12; i++) blocks[i].twin *= 1.02;
    const struct verdict v = verdict_of(blocks, 12, 0);
    assert_true(v.floor.interval.low > 1.015);
    assert_true(v.margin > 1.02 && v.margin < 1.03);
    assert_true(v.ratio.interval.high < 1);
    assert_int_equal(v.word, VERDICT_INDISTINGUISHABLE);
}

/* Ten A/A ratios; with other signs their median is within 4 % in 19 of 20 cases, so that an entry
 * is within half of that of the mean of both: what reaches into it is not seen. */
static void test_outside_of_a_a(void **state)
{
    static const double twins[] = {0.96, 0.98, 1.04, 1.01, 0.99, 1.04, 0.95, 1.02, 1.05, 0.96};
    static const struct {
        double ratio;
        enum verdict_word word;
    } cases[] = {{1.01, VERDICT_INDISTINGUISHABLE}, {1.0185, VERDICT_INCONCLUSIVE},
                 {1.02, VERDICT_BETTER},            {0.973, VERDICT_INCONCLUSIVE},
                 {0.9725, VERDICT_WORSE}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct verdict_block blocks[10];
        for (int i = 0; i < 10; i++)
            blocks[i] = (struct verdict_block){
                100, 100 * twins[i], 100 * cases[c].ratio * sqrt(twins[i]) * (1 + 0.001 * i)};
        const struct verdict v = verdict_of(blocks, 10, 0);
        assert_near(v.limit, sqrt(1.04), 1e-12);
        assert_near(v.margin, v.limit, 0);
        assert_near(v.ratio.interval.low, cases[c].ratio * 1.001, 1e-12);
        assert_near(v.ratio.interval.high, cases[c].ratio * 1.008, 1e-12);
        if (v.word != cases[c].word)
            fail_msg("%g is '%s'", cases[c].ratio, cuvee__verdict_text(v.word));
    }
}

/* Three pairs on one side of 1, but the arm's own noise is as large as what it seems to gain. */
static void test_noisy_arm(void **state)
{
    const struct verdict_block blocks[] = {{100, 100.5, 120}, {100, 99.5, 160}, {100, 100, 135}};
    (void)state;
    assert_int_equal(verdict_of(blocks, 3, 0.03).word, VERDICT_INCONCLUSIVE);
}

/* One wild run in twelve changes neither word nor p much. */
static void test_wild_run(void **state)
{
    struct verdict_block blocks[12];
    (void)state;
    fill(blocks, 12, 0.9);
    blocks[5].arm *= 10;
    const struct verdict v = verdict_of(blocks, 12, 0.03);
    assert_int_equal(v.word, VERDICT_WORSE);
    assert_true(v.p < 0.05);
    assert_near(v.hodges_lehmann, 0.9, 0.01);
}

static void test_holm(void **state)
{
    struct verdict_block blocks[12];
    struct verdict v[5];
    (void)state;
    fill(blocks, 12, 1.2);
    v[0] = verdict_of(blocks, 12, 0.03);
    fill(blocks, 9, 1.2);
    v[1] = verdict_of(blocks, 9, 0.03); /* too few: left out and left alone */
    fill(blocks, 12, 1.2);
    v[2] = verdict_of(blocks, 12, 0.03);
    v[2].p = 0.03; /* twice that does not do */
    v[3] = v[2];
    v[3].word = VERDICT_INDISTINGUISHABLE;
    v[4] = verdict_of(blocks, 0, 0.03);
    assert_int_equal(cuvee__verdict_correct(v, 5, NULL), CUVEE_OK);
    assert_near(v[0].p_holm, 3 * 2 / 4096.0, 1e-15);
    assert_int_equal(v[0].word, VERDICT_BETTER);
    assert_true(isnan(v[1].p_holm) && v[1].word == VERDICT_BETTER);
    assert_near(v[2].p_holm, 0.06, 1e-15);
    assert_int_equal(v[2].word, VERDICT_INCONCLUSIVE);
    assert_int_equal(v[3].word, VERDICT_INDISTINGUISHABLE);
    assert_true(isnan(v[4].p_holm) && v[4].word == VERDICT_NONE);
    assert_int_equal(cuvee__verdict_correct(NULL, 0, NULL), CUVEE_OK);
}

static void assert_number(const json_t *json, const char *key, double x)
{
    double found;
    if (!cuvee__json_number_at(json, key, &found)) fail_msg("no number '%s'", key);
    assert_near(found, x, 0);
}

static void test_json(void **state)
{
    struct verdict_block blocks[12];
    const struct verdict_options options = {
        .use_bootstrap = true, .n_resamples = 1000, .seed = 3, .least_effect = 0.03};
    struct verdict v;
    (void)state;
    fill(blocks, 12, 1.2);
    assert_int_equal(cuvee__verdict(blocks, 12, &options, &v, NULL), CUVEE_OK);
    json_t *ratio = cuvee__verdict_to_json(&v), *floor = cuvee__verdict_floor_to_json(&v);
    assert_number(ratio, "n", 12);
    assert_number(ratio, "median", v.ratio.median);
    assert_number(ratio, "low", v.ratio.interval.low);
    assert_number(ratio, "high", v.ratio.interval.high);
    assert_number(ratio, "coverage", v.ratio.interval.coverage);
    assert_number(ratio, "bootstrap_low", v.bootstrap.low);
    assert_number(ratio, "bootstrap_high", v.bootstrap.high);
    assert_number(ratio, "hodges_lehmann", v.hodges_lehmann);
    assert_number(ratio, "p", v.p);
    assert_number(ratio, "margin", 1.03);
    assert_true(json_is_null(json_object_get(ratio, "p_holm")));
    assert_true(json_is_false(json_object_get(ratio, "range")));
    assert_string_equal(cuvee__json_text_at(ratio, "bootstrap"), "BCa");
    assert_number(floor, "n", 12);
    assert_number(floor, "low", v.floor.interval.low);
    assert_number(floor, "high", v.floor.interval.high);
    assert_number(floor, "limit", v.limit);
    json_decref(ratio);
    json_decref(floor);

    v = verdict_of(blocks, 3, 0.03);
    ratio = cuvee__verdict_to_json(&v);
    assert_true(json_is_true(json_object_get(ratio, "range")));
    assert_true(json_is_null(json_object_get(ratio, "bootstrap_low")));
    assert_true(json_is_null(json_object_get(ratio, "bootstrap")));
    assert_number(ratio, "coverage", 0.75);
    json_decref(ratio);

    v = verdict_of(blocks, 0, 0.03);
    ratio = cuvee__verdict_to_json(&v);
    floor = cuvee__verdict_floor_to_json(&v);
    assert_true(json_is_null(ratio) && json_is_null(floor));
    json_decref(ratio);
    json_decref(floor);
    assert_null(cuvee__verdict_text(v.word));
}

static double normal(uint64_t *seed)
{
    return sqrt(-2 * log(random_real(seed))) * cos(6.283185307179586 * random_real(seed));
}

/* Noise of 1 %: an arm like the reference gets a word in fewer than 5 % of experiments of any size,
 * the interval holds the true ratio as often as it says, and 10 % slower is found from three
 * blocks on. Seeds are fixed. */
static void test_by_trial(void **state)
{
    enum { TRIALS = 2000 };
    (void)state;
    for (size_t n = 2; n <= 13; n++) {
        uint64_t seed = n;
        size_t n_false = 0, n_found = 0, n_held = 0;
        double coverage = 0;
        for (int t = 0; t < TRIALS; t++) {
            struct verdict_block blocks[MAX_BLOCKS], slower[MAX_BLOCKS];
            for (size_t i = 0; i < n; i++) {
                const double drift = 100 + 5 * normal(&seed);
                blocks[i].reference = drift * exp(0.01 * normal(&seed));
                blocks[i].twin = drift * exp(0.01 * normal(&seed));
                blocks[i].arm = drift * exp(0.01 * normal(&seed));
                slower[i] = blocks[i];
                slower[i].arm /= 1.1;
            }
            const struct verdict v = verdict_of(blocks, n, 0), w = verdict_of(slower, n, 0);
            n_false += v.word == VERDICT_BETTER || v.word == VERDICT_WORSE;
            n_held += v.ratio.interval.low <= 1 && 1 <= v.ratio.interval.high;
            coverage = v.ratio.interval.coverage;
            n_found += w.word == VERDICT_WORSE;
            assert_int_not_equal(w.word, VERDICT_BETTER);
        }
        assert_true(n_false <= TRIALS * 5 / 100);
        const double sd = sqrt(coverage * (1 - coverage) / TRIALS);
        assert_near((double)n_held / TRIALS, coverage, 5 * sd);
        if (n >= 3) assert_true(n_found >= TRIALS * 90 / 100);
        if (n < VERDICT_MIN_RANGE) assert_int_equal(n_false + n_found, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_reference_of_two),
        cmocka_unit_test(test_missing_runs),
        cmocka_unit_test(test_less_is_better),
        cmocka_unit_test(test_floor_has_two_sides),
        cmocka_unit_test(test_outside_of_a_a),
        cmocka_unit_test(test_noisy_arm),
        cmocka_unit_test(test_wild_run),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_by_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
