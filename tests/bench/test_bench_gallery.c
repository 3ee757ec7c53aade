/* SPDX-License-Identifier: Apache-2.0
 *
 * The gallery (tests/measure/gallery.bats), what of it is about comparisons: each test asserts what
 * a common way to compare claims, and what the verdicts say of the same runs. By trial, from seeds,
 * on recorded noise (bench/record-noise) and on noise whose truth is known.
 *
 *   F25  one run of each; or all runs of one and then all of the other
 *   F26  mean and standard deviation of times, which are skewed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "base/json_at.h"
#include "base/random.h"
#include "bench/verdict.h"

enum { TRIALS = 2000, BLOCKS = 12, MAX_RUNS = 256 };

/* Wall times of one and the same command, neighbours in time. */
static size_t recorded(double *ret)
{
    json_t *document =
        json_load_file(SOURCE_DIR "/bench/results/noise-amd-epyc-int8.json", 0, NULL);
    const json_t *runs = json_array_get(json_object_get(document, "pieces"), 0), *run;
    size_t n = json_array_size(runs), idx;
    assert_in_range(n, 3 * BLOCKS, MAX_RUNS);
    json_array_foreach(runs, idx, run)
    {
        assert_true(cuvee__json_number_at(run, "wall_s", &ret[idx]));
    }
    json_decref(document);
    return n;
}

static bool claims(const struct verdict_block *blocks)
{
    const struct verdict_options options = {.less_is_better = true, .n_resamples = 1000};
    struct verdict v;
    assert_int_equal(cuvee__verdict(blocks, BLOCKS, &options, &v, NULL), CUVEE_OK);
    assert_int_equal(cuvee__verdict_correct(&v, 1, NULL), CUVEE_OK);
    return v.word == VERDICT_BETTER || v.word == VERDICT_WORSE;
}

/* The same program is called faster or slower by 2 %: once in so many comparisons of one run with
 * the next. */
static void test_f25_one_run(void **state)
{
    double runs[MAX_RUNS];
    const size_t n = recorded(runs);
    size_t n_claims = 0;
    (void)state;
    for (size_t i = 1; i < n; i++) n_claims += fabs(log(runs[i] / runs[i - 1])) > log(1.02);
    assert_true(n_claims * 4 > n); /* more than a quarter of them */
}

/* A machine that becomes 4 % slower while the experiment runs, as one does that grows warm. All
 * runs of one arm and then all of the other: intervals that do not meet, for one and the same
 * program. In blocks: nothing. */
static void test_f25_one_after_the_other(void **state)
{
    double recording[MAX_RUNS];
    const size_t n = recorded(recording), n_drawn = 3 * BLOCKS;
    size_t n_blocked = 0, n_interleaved = 0;
    uint64_t seed = 25;
    (void)state;
    for (int t = 0; t < TRIALS; t++) {
        const size_t at = (size_t)random_below(&seed, n - n_drawn + 1);
        double runs[3 * BLOCKS], first[BLOCKS], last[BLOCKS];
        struct verdict_block blocks[BLOCKS];
        for (size_t i = 0; i < n_drawn; i++) {
            const double drift = 1 + 0.04 * (double)i / (double)n_drawn;
            /* Neighbours change places, so that the drift is ours alone. */
            const size_t near = at + i / 3 * 3 + (size_t)random_below(&seed, 3);
            runs[i] = recording[near] * drift;
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            first[i] = runs[i];
            last[i] = runs[n_drawn - BLOCKS + i];
            blocks[i] = (struct verdict_block){runs[3 * i], runs[3 * i + 1], runs[3 * i + 2]};
            if (random_next(&seed) & 1) { /* of the orders within a block, two will do */
                blocks[i].arm = runs[3 * i];
                blocks[i].reference = runs[3 * i + 2];
            }
        }
        cuvee__stats_sort(first, BLOCKS);
        cuvee__stats_sort(last, BLOCKS);
        n_blocked +=
            fabs(log(cuvee__stats_median(last, BLOCKS) / cuvee__stats_median(first, BLOCKS))) >
            log(1.02);
        n_interleaved += claims(blocks);
    }
    assert_true(n_blocked * 2 > TRIALS);
    assert_true(n_interleaved * 100 <= TRIALS * 5);
}

static double normal(uint64_t *seed)
{
    return sqrt(-2 * log(random_real(seed))) * cos(6.283185307179586 * random_real(seed));
}

/* Mostly within 1 %, but one run of sixteen waits for something, long. */
static double skewed_time(uint64_t *seed)
{
    const double late = random_real(seed) < 0.0625 ? -log(random_real(seed)) : 0;
    return 1 + 0.01 * fabs(normal(seed)) + late;
}

static struct stats_interval mean_interval(const double *x, size_t n)
{
    const double t_975_of_11 = 2.200985;
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    const double half = t_975_of_11 * sqrt(squares / (double)(n - 1) / (double)n);
    return (struct stats_interval){mean - half, mean + half, 0.95};
}

/* An arm that takes 10 % longer. Means and standard deviations see it in fewer than half of the
 * experiments, and their intervals hold the true mean in as few, though they say 95 %; ratios
 * within blocks and their median see it in three of four, and hold what they say. */
static void test_f26_mean_of_skewed_times(void **state)
{
    const double true_mean = 1 + 0.01 * sqrt(2 / 3.14159265358979) + 0.0625;
    size_t n_held = 0, n_seen_by_means = 0, n_seen = 0, n_false = 0, n_ratio_held = 0;
    uint64_t seed = 26;
    (void)state;
    for (int t = 0; t < TRIALS; t++) {
        double reference[BLOCKS], arm[BLOCKS], ratios[BLOCKS];
        struct verdict_block same[BLOCKS], slower[BLOCKS];
        struct stats_interval ratio;
        for (int i = 0; i < BLOCKS; i++) {
            reference[i] = skewed_time(&seed);
            arm[i] = 1.1 * skewed_time(&seed);
            ratios[i] = arm[i] / reference[i];
            slower[i] = (struct verdict_block){reference[i], skewed_time(&seed), arm[i]};
            same[i] = slower[i];
            same[i].arm /= 1.1;
        }
        const struct stats_interval a = mean_interval(reference, BLOCKS),
                                    b = mean_interval(arm, BLOCKS);
        n_held += a.low <= true_mean && true_mean <= a.high;
        n_seen_by_means += a.high < b.low;
        cuvee__stats_sort(ratios, BLOCKS);
        assert_true(cuvee__stats_quantile_interval(ratios, BLOCKS, 0.5, 0.95, &ratio));
        n_ratio_held += ratio.low <= 1.1 && 1.1 <= ratio.high;
        n_seen += claims(slower);
        n_false += claims(same);
    }
    assert_true(n_held * 100 < TRIALS * 60); /* says 95 */
    assert_true(n_seen_by_means * 100 < TRIALS * 50);
    assert_true(n_ratio_held * 100 > TRIALS * 94);
    assert_true(n_seen * 100 > TRIALS * 70);
    assert_true(n_false * 100 <= TRIALS * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f25_one_run),
        cmocka_unit_test(test_f25_one_after_the_other),
        cmocka_unit_test(test_f26_mean_of_skewed_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
