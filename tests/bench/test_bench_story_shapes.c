/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers in the story's shapes: read back, every item with its own text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/story_shapes.h"
#include "example_results.h"

enum { N = 100 };

static char dir[EXAMPLE_DIR_ROOM], input[96];
static json_t *results;

static const char tricky[] = "a \"quoted\", <b>bold</b>\nsecond line; caf\xC3\xA9";

static void write_input(const char *last)
{
    FILE *f = fopen(input, "w");
    assert_non_null(f);
    fprintf(f, "id,description,sentiment\n");
    for (int i = 0; i < N - 1; i++) {
        if (i == 3)
            fprintf(f, "3,\"a \"\"quoted\"\", <b>bold</b>\nsecond line; caf\xC3\xA9\",POSITIVE\n");
        else
            fprintf(f, "%d,text %d,POSITIVE\n", i, i);
    }
    fprintf(f, "%d,%s,NEGATIVE\n%d,beyond,NEGATIVE\n", N - 1, last, N);
    assert_int_equal(fclose(f), 0);
}

/* By a program that is not ours. */
static void set_hash(void)
{
    char command[160], hex[65] = "";
    snprintf(command, sizeof command, "sha256sum '%s'", input);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%64s", hex), 1);
    pclose(f);
    json_object_set_new(json_object_get(results, "input"), "sha256", json_string(hex));
}

static int set_up(void **state)
{
    (void)state;
    if (example_directory_make(dir) < 0) return -1;
    snprintf(input, sizeof input, "%s/input.csv", dir);
    results = example_results(3, 2, N, input);
    return results ? example_write_answers(results, dir, 3) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(results);
    return example_directory_remove(dir);
}

static json_t *read_json(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/answers/%s", dir, name);
    json_t *json = json_load_file(path, 0, NULL);
    if (!json) fail_msg("%s cannot be read", path);
    return json;
}

static double number(const json_t *json, const char *path)
{
    double x = -1;
    if (!cuvee__json_number_at(json, path, &x)) fail_msg("no number at %s", path);
    return x;
}

static void check_detailed(const json_t *detailed)
{
    const json_t *list = json_object_get(detailed, "results"), *item;
    size_t i, n_positive = 0;
    assert_int_equal(json_array_size(list), N);
    json_array_foreach(list, i, item)
    {
        char expected[128];
        snprintf(expected, sizeof expected, "text %zu", i);
        if (i == 3) snprintf(expected, sizeof expected, "%s", tricky);
        if (i == N - 1) snprintf(expected, sizeof expected, "the last one");
        assert_true(number(item, "index") == (double)i);
        assert_string_equal(cuvee__json_text_at(item, "text"), expected);
        n_positive += strcmp(cuvee__json_text_at(item, "label"), "POSITIVE") == 0;
        assert_true(number(item, "batch") == (double)(i / 32));
        assert_true(number(item, "time_ms") > 0 && number(item, "score") >= 0.5);
    }
    assert_true(number(detailed, "metadata.positive_count") == (double)n_positive);
    assert_true(number(detailed, "metadata.negative_count") == (double)(N - n_positive));
    assert_true(n_positive > 0 && n_positive < N);
    assert_true(number(detailed, "metadata.total_records") == N);
    assert_true(number(detailed, "metadata.batches") == 4);
}

static void test_shapes(void **state)
{
    (void)state;
    size_t n = 0;
    double items = 0;
    char *text;
    write_input("the last one");
    set_hash();
    assert_int_equal(cuvee__story_shapes(results, dir, true, &n, NULL), CUVEE_OK);
    assert_int_equal(n, 12); /* skipped, failed and wrong arms have no answers that count */

    json_t *detailed = read_json("native-f32-detailed.json");
    check_detailed(detailed);
    json_decref(detailed);

    json_t *batches = read_json("native-f32-batches.json");
    const json_t *batch;
    size_t i;
    json_array_foreach(json_object_get(batches, "batches"), i, batch)
    {
        items += number(batch, "items");
        assert_true(number(batch, "number") == (double)i && number(batch, "time_ms") > 0);
    }
    assert_true(items == N);
    json_decref(batches);

    json_t *process = read_json("native-f32-process.json");
    assert_string_equal(cuvee__json_text_at(process, "operations.2.operation"), "model-loaded");
    assert_string_equal(cuvee__json_text_at(process, "operations.4.operation"), "work");
    assert_true(number(process, "operations.4.duration_s") > 0);
    json_decref(process);

    text = example_read_text(dir, "answers/native-f32.csv");
    static const char head[] = "index,text,label,score,batch,worker,time_ms\n0,text 0,";
    assert_int_equal(strncmp(text, head, sizeof head - 1), 0);
    assert_non_null(
        strstr(text, "\n3,\"a \"\"quoted\"\", <b>bold</b>\nsecond line; caf\xC3\xA9\","));
    assert_non_null(strstr(text, "\n99,the last one,"));
    free(text);
    text = example_read_text(dir, "answers/native-f32-summary.txt");
    assert_non_null(strstr(text, "records                     100\n"));
    assert_non_null(strstr(text, "workers                     2\n"));
    free(text);
}

/* Of the run nearest to the median where its answers were kept; it is said which one it is. */
static void test_which_run(void **state)
{
    (void)state;
    static const char answer[] = "{\"label\":\"ODD\",\"score\":0.75,\"ms\":3}\n";
    json_t *run = NULL, *summary = json_object_get(results, "summary"), *each;
    char path[160];
    size_t n = 0, i;
    json_array_foreach(json_object_get(results, "runs"), i, each)
    {
        if (cuvee__json_text_is(each, "arm", "embed")) run = each; /* the last, not the first */
    }
    assert_non_null(run);
    const double id = number(run, "id");
    json_array_foreach(json_object_get(summary, "arms"), i, each)
    {
        if (cuvee__json_text_is(each, "arm", "embed"))
            json_object_set(each, "typical", json_object_get(run, "id"));
    }
    json_object_set_new(json_object_get(run, "files"), "answers",
                        json_string("answers/typical.jsonl"));
    assert_int_equal(cuvee__story_shapes(results, dir, false, &n, NULL), CUVEE_OK);
    json_t *detailed = read_json("embed-detailed.json");
    assert_non_null(strstr(cuvee__json_text_at(detailed, "metadata.chosen"), "first"));
    json_decref(detailed);

    snprintf(path, sizeof path, "%s/answers/typical.jsonl", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (i = 0; i < N; i++) fputs(answer, f);
    fclose(f);
    assert_int_equal(cuvee__story_shapes(results, dir, false, &n, NULL), CUVEE_OK);
    detailed = read_json("embed-detailed.json");
    assert_non_null(strstr(cuvee__json_text_at(detailed, "metadata.chosen"), "median"));
    assert_true(number(detailed, "metadata.run") == id);
    assert_true(number(detailed, "metadata.total_time_s") == number(run, "wall_s"));
    assert_string_equal(cuvee__json_text_at(detailed, "results.7.label"), "ODD");
    json_decref(detailed);
    char *text = example_read_text(dir, "answers/embed-summary.txt");
    assert_non_null(strstr(text, "nearest to the arm's median time\n"));
    free(text);
    json_object_del(json_object_get(run, "files"), "answers");
}

static void test_without_texts(void **state)
{
    (void)state;
    size_t n = 0;
    write_input("the last one");
    set_hash();
    assert_int_equal(cuvee__story_shapes(results, dir, false, &n, NULL), CUVEE_OK);
    json_t *detailed = read_json("native-f32-detailed.json");
    assert_true(json_is_null(cuvee__json_at(detailed, "results.0.text")));
    assert_non_null(strstr(cuvee__json_text_at(detailed, "metadata.texts_note"), "left out"));
    json_decref(detailed);
    static const char *const suffixes[] = {".csv", "-detailed.json", "-batches.json",
                                           "-process.json", "-summary.txt"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[64];
        snprintf(name, sizeof name, "answers/native-f32%s", suffixes[i]);
        char *text = example_read_text(dir, name);
        assert_null(strstr(text, "the last one"));
        assert_null(strstr(text, "text 5"));
        free(text);
    }
}

/* Texts of another file would stand beside answers that are not theirs. */
static void test_input_has_changed(void **state)
{
    (void)state;
    size_t n = 0;
    write_input("the last one");
    set_hash();
    write_input("another one");
    assert_int_equal(cuvee__story_shapes(results, dir, true, &n, NULL), CUVEE_OK);
    json_t *detailed = read_json("native-f32-detailed.json");
    assert_true(json_is_null(cuvee__json_at(detailed, "results.0.text")));
    const char *note = cuvee__json_text_at(detailed, "metadata.texts_note");
    assert_non_null(strstr(note, "not what it was"));
    json_decref(detailed);
}

static void test_names_that_are_paths(void **state)
{
    (void)state;
    size_t n = 0;
    cuvee_error err;
    json_t *arm = json_array_get(json_object_get(results, "arms"), 0);
    json_t *name = json_incref(json_object_get(arm, "name"));
    json_object_set_new(arm, "name", json_string("../../escape"));
    assert_int_equal(cuvee__story_shapes(results, dir, false, &n, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "../../escape"));
    json_object_set_new(arm, "name", name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_which_run),
        cmocka_unit_test(test_without_texts),
        cmocka_unit_test(test_input_has_changed),
        cmocka_unit_test(test_names_that_are_paths),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
