/* SPDX-License-Identifier: Apache-2.0
 *
 * What is made of results is whole, or there was no memory for it: an allocation that fails never
 * leaves out a plot or an item in silence. Answers are thousands of small values, and files are
 * synced, so there only some of the allocations are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/example_results.h"
#include "bench/report.h"
#include "bench/story_shapes.h"
#include "fault/sweep.h"

enum { ITEMS = 40 };

static json_t *results;
static char dir[EXAMPLE_DIR_ROOM], *whole;

static const struct report_terminal terminal = {100, true, true};

static int html(struct sink *out, cuvee_error *err)
{
    return cuvee__report_html(results, dir, out, err);
}

static int markdown(struct sink *out, cuvee_error *err)
{
    return cuvee__report_markdown(results, out, err);
}

static int table(struct sink *out, cuvee_error *err)
{
    return cuvee__report_terminal(results, &terminal, out, err);
}

static int github(struct sink *out, cuvee_error *err)
{
    return cuvee__report_github(results, out, err);
}

static int (*form)(struct sink *out, cuvee_error *err);

/* The same text as the first time, or no success. */
static int make(cuvee_error *err)
{
    struct sink out = {0};
    const int rc = form(&out, err);
    if (rc == CUVEE_OK && whole) {
        assert_int_equal(out.bytes.len, strlen(whole));
        assert_memory_equal(out.bytes.ptr, whole, out.bytes.len);
    } else if (rc == CUVEE_OK) {
        whole = strndup(out.bytes.ptr, out.bytes.len);
    }
    cuvee__buffer_deinit(&out.bytes);
    return rc;
}

static int shapes(cuvee_error *err)
{
    size_t n = 0;
    return cuvee__story_shapes(results, dir, true, &n, err);
}

static void test_reports(void **state)
{
    (void)state;
    static int (*const forms[])(struct sink *, cuvee_error *) = {html, markdown, table, github};
    static const char *const names[] = {"html", "markdown", "table", "github"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        form = forms[i];
        free(whole);
        whole = NULL;
        assert_int_equal(make(NULL), CUVEE_OK);
        sweep_step = i == 0 ? 11 : 1;
        sweep(names[i], make);
    }
    free(whole);
}

/* A file is there as a whole, since those of success replace it only then. */
static void test_shapes(void **state)
{
    (void)state;
    assert_int_equal(shapes(NULL), CUVEE_OK);
    char *before = example_read_text(dir, "answers/native-f32-detailed.json");
    sweep_step = 97;
    sweep("shapes", shapes);
    char *after = example_read_text(dir, "answers/native-f32-detailed.json");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static int set_up(void **state)
{
    (void)state;
    if (example_directory_make(dir) < 0) return -1;
    results = example_results(5, 2, ITEMS, SOURCE_DIR "/examples/wine-reviews.csv");
    return results ? example_write_answers(results, dir, 5) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(results);
    return example_directory_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reports),
                                       cmocka_unit_test(test_shapes)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
