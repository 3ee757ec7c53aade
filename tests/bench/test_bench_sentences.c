/* SPDX-License-Identifier: Apache-2.0
 *
 * What the report says first: which arm is named, what of it is added, and which caveat is taken
 * for the biggest. That each number is in the results, test_bench_report sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/summary.h"
#include "example_results.h"

static json_t *make(void)
{
    json_t *results = example_results(7, 6, 1000, "nowhere.csv");
    assert_non_null(results);
    return results;
}

static void expect(json_t *results, const char *sentence, const char *words)
{
    assert_int_equal(cuvee__summary_make(results, NULL), CUVEE_OK);
    const char *text = cuvee__json_text_at(results, sentence);
    if (!strstr(text, words)) fail_msg("not '%s' in: %s", words, text);
}

/* All runs of an arm that did not succeed. */
static void drop_failures(json_t *results)
{
    json_t *runs = json_object_get(results, "runs");
    for (size_t i = json_array_size(runs); i > 0; i--)
        if (!cuvee__json_text_is(json_array_get(runs, i - 1), "status", "ok"))
            json_array_remove(runs, i - 1);
}

static void drop_flags(json_t *results)
{
    json_t *run;
    size_t i;
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        json_array_clear(json_object_get(run, "flags"));
    }
}

static void add_failed_warm_up(json_t *results, const char *arm)
{
    json_array_append_new(json_object_get(results, "runs"),
                          json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:[], s:i}", "arm", arm,
                                    "block", -1, "kind", "warm-up", "status", "failed", "why",
                                    "exit code 1", "counts", 0, "flags", "id", 9999));
}

static void test_verdict(void **state)
{
    (void)state;
    json_t *results = make(), *run;
    size_t i;
    expect(results, "sentences.verdict.text", "native-int8 has 9.");
    expect(results, "sentences.verdict.text", ", though 9 of its labels are others than");
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        json_t *answers = json_object_get(run, "answers");
        if (cuvee__json_text_is(run, "arm", "native-int8"))
            json_object_set_new(answers, "labels_differ", json_integer(1));
    }
    expect(results, "sentences.verdict.text", ", though 1 of its labels is another than");
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        if (cuvee__json_text_is(run, "arm", "native-int8"))
            json_object_set_new(json_object_get(run, "answers"), "labels_differ", json_integer(0));
    }
    expect(results, "sentences.verdict.text", "; that is better.");
    json_decref(results);
}

/* From what leaves something out of the figures to what is true of any experiment. */
static void test_caveat(void **state)
{
    (void)state;
    json_t *results = make();
    add_failed_warm_up(results, "native-f32");
    json_object_set_new(results, "state", json_string("interrupted"));
    expect(results, "sentences.caveat.text", "was interrupted");
    json_object_set_new(results, "state", json_string("out of time"));
    expect(results, "sentences.caveat.text", "The time for the experiment was up");
    json_object_set_new(results, "state", json_string("complete"));
    expect(results, "sentences.caveat.text", "openvino has 6 runs that failed");
    drop_failures(results);
    add_failed_warm_up(results, "native-f32");
    expect(results, "sentences.caveat.text", "The machine was not quiet: of onnxruntime, 1 of 6");
    drop_flags(results);
    expect(results, "sentences.caveat.text", "native-f32 has 1 run that failed");
    drop_failures(results);
    expect(results, "sentences.caveat.text", "All this is one machine");
    json_decref(results);
    results = example_results(7, 3, 1000, "nowhere.csv");
    drop_failures(results);
    expect(results, "sentences.caveat.text", "Each arm ran 3 times: too few");
    json_decref(results);
}

/* A slow arm that runs in three blocks has lost none. */
static void test_slow_arm(void **state)
{
    (void)state;
    json_t *results = make(), *runs = json_object_get(results, "runs"), *arm;
    size_t k;
    drop_failures(results);
    drop_flags(results);
    for (size_t i = json_array_size(runs); i > 0; i--) {
        const json_t *run = json_array_get(runs, i - 1);
        if (cuvee__json_text_is(run, "arm", "python-multi") &&
            json_is_true(json_object_get(run, "counts")) &&
            json_integer_value(json_object_get(run, "block")) > 2)
            json_array_remove(runs, i - 1);
    }
    json_array_foreach(json_object_get(results, "arms"), k, arm)
    {
        if (cuvee__json_text_is(arm, "name", "python-multi"))
            json_object_set_new(arm, "blocks", json_integer(3));
    }
    add_failed_warm_up(results, "python-multi");
    drop_flags(results);
    json_array_append_new(json_object_get(json_array_get(runs, 0), "flags"), json_string("a hog"));
    expect(results, "sentences.caveat.text", "The machine was not quiet");
    json_decref(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_caveat),
        cmocka_unit_test(test_slow_arm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
