/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a run settled, whether an arm was steady, which run is shown of it, and by which law a
 * sweep grows: what goes into the results, and what the report says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_at.h"
#include "base/random.h"
#include "bench/report.h"
#include "bench/settled.h"
#include "bench/summary.h"
#include "example_results.h"

enum { MAX_ITEMS = 1000 };

/* ---- a run ---- */

static struct answers answers;
static double columns[3][MAX_ITEMS];

static void begin(size_t n)
{
    answers = (struct answers){
        .n = n, .ms = columns[0], .batch = columns[1], .worker = columns[2], .room = MAX_ITEMS};
    for (size_t i = 0; i < n; i++)
        answers.ms[i] = answers.batch[i] = answers.worker[i] = (double)NAN;
}

/* Calls of 8 items by turns of so many workers, the first n_slow calls taking three times as long.
 * is_sorted: the items of a call are spread over the input. */
static void fill(size_t n_calls, size_t n_workers, size_t n_slow, bool is_sorted)
{
    uint64_t seed = 5;
    const size_t n = n_calls * 8;
    begin(n);
    for (size_t c = 0; c < n_calls; c++) {
        const double ms = (20 + 10 * random_real(&seed)) * (c < n_slow ? 3 : 1);
        for (size_t i = 0; i < 8; i++) {
            const size_t at = is_sorted ? (c * 8 + i) * 7 % n : c * 8 + i;
            answers.ms[at] = ms;
            answers.batch[at] = (double)c;
            answers.worker[at] = (double)(c % n_workers);
        }
    }
}

/* Release with json_decref(). */
static json_t *settled(const char *word)
{
    json_t *record = json_object();
    assert_int_equal(cuvee__settled_take(record, &answers), 0);
    assert_string_equal(cuvee__json_text_at(record, "settled.word"), word);
    return record;
}

static double number(const json_t *json, const char *path)
{
    double x;
    if (!cuvee__json_number_at(json, path, &x)) fail_msg("no number at %s", path);
    return x;
}

static void test_runs(void **state)
{
    (void)state;
    for (size_t n_workers = 1; n_workers <= 8; n_workers *= 2) {
        fill(120, n_workers, 0, false);
        json_t *record = settled("settled");
        assert_true(number(record, "settled.calls") == 120);
        assert_true(number(record, "settled.after") == 0);
        json_decref(record);
        fill(120, n_workers, 24, false);
        record = settled("settled");
        assert_true(number(record, "settled.after") == 24 * 8);
        json_decref(record);
        fill(120, n_workers, 80, false);
        json_decref(settled("never"));
    }
}

/* Items of one call are one observation: as many of them as one likes prove nothing. */
static void test_unnamed_calls(void **state)
{
    (void)state;
    fill(9, 1, 3, false);
    for (size_t i = 0; i < answers.n; i++) answers.batch[i] = answers.worker[i] = (double)NAN;
    json_t *record = settled("unknown");
    assert_true(number(record, "settled.calls") == 9);
    assert_non_null(strstr(cuvee__json_text_at(record, "settled.why"), "too few calls"));
    json_decref(record);
    fill(72, 8, 40, false); /* nine of each: all of them may be its first */
    record = settled("unknown");
    assert_non_null(strstr(cuvee__json_text_at(record, "settled.why"), "of each worker"));
    json_decref(record);
}

static void test_not_asked(void **state)
{
    (void)state;
    fill(120, 1, 0, true);
    json_t *record = settled("unknown");
    assert_non_null(strstr(cuvee__json_text_at(record, "settled.why"), "order of its own"));
    json_decref(record);
    fill(120, 1, 0, false);
    answers.ms[17] = (double)NAN;
    record = settled("unknown");
    assert_non_null(strstr(cuvee__json_text_at(record, "settled.why"), "does not say"));
    json_decref(record);
}

/* ---- an experiment ---- */

/* Six blocks. native-f32 becomes 2 % slower from block to block; of python-tuned four runs never
 * settle, of embed one, and its others do after 64 items; native-int8 settles at once. */
static json_t *unsteady_results(void)
{
    json_t *results = example_results(7, 6, 1000, "nowhere.csv"), *run;
    size_t i;
    assert_non_null(results);
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        const char *arm = cuvee__json_text_at(run, "arm");
        const double block = number(run, "block");
        if (!json_is_true(json_object_get(run, "counts"))) continue;
        if (strcmp(arm, "native-f32") == 0)
            json_object_set_new(run, "items_per_s", json_real(180 * pow(0.98, block)));
        const bool is_never = strcmp(arm, "python-tuned") == 0 ? block < 4
                              : strcmp(arm, "embed") == 0      ? block < 1
                                                               : false;
        const int after = strcmp(arm, "embed") == 0 ? 64 : 0;
        if (strcmp(arm, "python-tuned") == 0 || strcmp(arm, "embed") == 0 ||
            strcmp(arm, "native-int8") == 0)
            json_object_set_new(run, "settled",
                                json_pack("{s:s, s:i}", "word", is_never ? "never" : "settled",
                                          "after", is_never ? 1000 : after));
    }
    assert_int_equal(cuvee__summary_make(results, NULL), CUVEE_OK);
    return results;
}

static const json_t *arm_of(const json_t *results, const char *name)
{
    const json_t *arm;
    size_t i;
    json_array_foreach(cuvee__json_at(results, "summary.arms"), i, arm)
    {
        if (cuvee__json_text_is(arm, "arm", name)) return arm;
    }
    fail_msg("no arm %s", name);
    return NULL;
}

static void test_arms(void **state)
{
    static const struct {
        const char *arm, *word;
    } cases[] = {{"native-f32", "drifts"},
                 {"python-tuned", "unsettled"},
                 {"embed", "settles"},
                 {"native-int8", "steady"},
                 {"onnxruntime", "unknown"}};
    json_t *results = unsteady_results();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(cuvee__json_text_at(arm_of(results, cases[i].arm), "steady.word"),
                            cases[i].word);
    const json_t *drifts = arm_of(results, "native-f32");
    assert_true(fabs(number(drifts, "steady.trend.per_block") - 0.98) < 1e-9);
    assert_true(fabs(number(drifts, "steady.trend.over_all") - pow(0.98, 5)) < 1e-9);
    assert_true(fabs(number(drifts, "steady.trend.p") - 2 / 720.0) < 1e-12);
    assert_true(number(drifts, "steady.trend.p_holm") <= 0.05);
    assert_true(number(arm_of(results, "embed"), "steady.after") == 64);
    assert_true(number(arm_of(results, "embed"), "steady.never") == 1);
    json_decref(results);
}

/* The whole of what a form of the report says. Release with free(). */
static char *written(int (*write)(const json_t *, struct sink *, cuvee_error *),
                     const json_t *results)
{
    struct sink out = {0};
    assert_int_equal(write(results, &out, NULL), CUVEE_OK);
    sink_put_char(&out, '\0');
    char *text = strdup(out.bytes.ptr);
    cuvee__buffer_deinit(&out.bytes);
    return text;
}

static int page(const json_t *results, struct sink *out, cuvee_error *err)
{
    return cuvee__report_html(results, NULL, out, err);
}

static int terminal(const json_t *results, struct sink *out, cuvee_error *err)
{
    const struct report_terminal t = {.width = 400};
    return cuvee__report_terminal(results, &t, out, err);
}

/* A wild run is named, with how far it is from the others, and it counts; runs that are as far as
 * they must be are not, nor those of an arm that ran too rarely. */
static void test_outliers(void **state)
{
    static const double wild[] = {100, 101, 99, 100.5, 99.5, 61},
                        calm[] = {100, 101, 99, 98, 102, 97};
    json_t *results = example_results(7, 6, 1000, "nowhere.csv"), *run;
    size_t i;
    double id = -1;
    (void)state;
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        if (!json_is_true(json_object_get(run, "counts"))) continue;
        const size_t block = (size_t)number(run, "block");
        if (cuvee__json_text_is(run, "arm", "native-f32")) {
            json_object_set_new(run, "items_per_s", json_real(wild[block]));
            if (block == 5) id = number(run, "id");
        }
        if (cuvee__json_text_is(run, "arm", "native-int8"))
            json_object_set_new(run, "items_per_s", json_real(calm[block]));
        if (cuvee__json_text_is(run, "arm", "embed") && block > 3)
            json_object_set_new(run, "counts", json_false());
    }
    assert_int_equal(cuvee__summary_make(results, NULL), CUVEE_OK);
    const json_t *arm = arm_of(results, "native-f32");
    assert_int_equal(json_array_size(json_object_get(arm, "outliers")), 1);
    assert_true(number(arm, "outliers.0.run") == id && number(arm, "n") == 6);
    /* Of the logarithms the median is that of 99.75, their MAD about 0.0075, sd 0.0134. */
    assert_true(fabs(number(arm, "outliers.0.of_median") - 61 / sqrt(99.5 * 100)) < 1e-9);
    assert_true(number(arm, "outliers.0.score") > 30 && number(arm, "outliers.0.score") < 60);
    arm = arm_of(results, "native-int8");
    assert_true(json_is_array(json_object_get(arm, "outliers")));
    assert_int_equal(json_array_size(json_object_get(arm, "outliers")), 0);
    assert_true(json_is_null(json_object_get(arm_of(results, "embed"), "outliers")));
    char said[160], *text = written(cuvee__report_markdown, results);
    snprintf(said, sizeof said,
             "- outliers (they count): native-f32: run %.0f has 0.612 times the median.", id);
    assert_non_null(strstr(text, said));
    assert_non_null(strstr(text, "| 6, 1 outlier |"));
    free(text);
    json_decref(results);
}

static void test_said(void **state)
{
    json_t *results = unsteady_results();
    (void)state;
    char *html = written(page, results), *markdown = written(cuvee__report_markdown, results),
         *text = written(terminal, results);
    assert_non_null(strstr(html, "<h3>Not steady</h3>"));
    assert_non_null(strstr(html, "not in 4 of 6 runs"));
    assert_non_null(strstr(html, "after 64 items"));
    assert_null(strstr(markdown, " \n"));
    assert_non_null(strstr(markdown, "- not steady: native-f32: from block to block its "
                                     "throughput fell by 2.0 %"));
    assert_non_null(strstr(text, "python-tuned: not steady: in 4 of 6 runs what a call took did "
                                 "not settle"));
    assert_null(strstr(text, "native-int8: not steady"));
    free(html);
    free(markdown);
    free(text);
    json_decref(results);
}

/* Of runs whose times are known the one in the middle; of an even number, one of the two. */
static void test_typical(void **state)
{
    json_t *results = example_results(7, 5, 1000, "nowhere.csv"), *run;
    double middle = -1, wall = 10;
    size_t i;
    (void)state;
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        if (!cuvee__json_text_is(run, "arm", "native-f32")) continue;
        json_object_set_new(run, "wall_s", json_real(wall)); /* 10, 14, 11, 13, 12 */
        if (wall > 11.5 && wall < 12.5) middle = number(run, "id");
        wall = wall < 10.5 ? 14 : wall > 13.5 ? 11 : wall < 11.5 ? 13 : 12;
    }
    assert_int_equal(cuvee__summary_make(results, NULL), CUVEE_OK);
    assert_true(middle >= 0 && number(arm_of(results, "native-f32"), "typical") == middle);
    json_decref(results);
}

/* An arm of two workers and a thread each has two cores to use, whatever the machine has. */
static void test_more_cores_than_asked(void **state)
{
    (void)state;
    for (int is_more = 0; is_more < 2; is_more++) {
        json_t *results = example_results(7, 3, 1000, "nowhere.csv"), *run;
        size_t i;
        json_array_foreach(json_object_get(results, "runs"), i, run)
        {
            if (cuvee__json_text_is(run, "arm", "native-f32"))
                json_object_set_new(run, "cores_used", json_real(is_more ? 2.3 : 2.05));
            json_object_set_new(run, "weights_cached", json_real(i == 7 ? 0.25 : 1));
        }
        assert_int_equal(cuvee__summary_make(results, NULL), CUVEE_OK);
        char *html = written(page, results);
        assert_true((strstr(html, "<h3>More cores than threads") != NULL) == is_more);
        assert_non_null(strstr(html, "weights_cached.min\">25.0 %<"));
        free(html);
        json_decref(results);
    }
}

/* ---- scaling ---- */

/* The sweep's throughput as given for 1, 2, 4, 8 workers. */
static json_t *swept(const double *per_s)
{
    json_t *results = example_results(7, 2, 1000, "nowhere.csv"), *run;
    size_t i;
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        if (!cuvee__json_text_is(run, "kind", "sweep")) continue;
        const int workers = (int)number(run, "settings.workers");
        const int at = workers == 1 ? 0 : workers == 2 ? 1 : workers == 4 ? 2 : 3;
        json_object_set_new(run, "items_per_s", json_real(per_s[at]));
    }
    assert_int_equal(cuvee__summary_make(results, NULL), CUVEE_OK);
    return results;
}

static void test_scaling(void **state)
{
    double law[4];
    const double steps[] = {50, 90, 20, 85};
    (void)state;
    for (int i = 0; i < 4; i++) {
        const double x = 1 << i;
        law[i] = 50 * x / (1 + 0.1 * (x - 1) + 0.05 * x * (x - 1));
    }
    json_t *results = swept(law);
    assert_true(fabs(number(results, "summary.scaling.0.sigma.value") - 0.1) < 1e-5);
    assert_true(fabs(number(results, "summary.scaling.0.kappa.value") - 0.05) < 1e-6);
    assert_true(fabs(number(results, "summary.scaling.0.peak_workers") - sqrt(0.9 / 0.05)) < 1e-3);
    char *html = written(page, results);
    assert_non_null(strstr(html, "class=\"law s0\""));
    assert_non_null(strstr(html, "Universal Scalability Law"));
    free(html);
    json_decref(results);

    results = swept(steps);
    assert_true(json_is_false(cuvee__json_at(results, "summary.scaling.0.fits")));
    assert_true(json_is_null(cuvee__json_at(results, "summary.scaling.0.peak_workers")));
    html = written(page, results);
    assert_null(strstr(html, "class=\"law s"));
    assert_non_null(strstr(html, "Scalability Law does not fit"));
    free(html);
    json_decref(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),      cmocka_unit_test(test_unnamed_calls),
        cmocka_unit_test(test_not_asked), cmocka_unit_test(test_arms),
        cmocka_unit_test(test_outliers),  cmocka_unit_test(test_said),
        cmocka_unit_test(test_typical),   cmocka_unit_test(test_more_cores_than_asked),
        cmocka_unit_test(test_scaling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
