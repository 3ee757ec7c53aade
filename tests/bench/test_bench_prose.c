/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/prose.h"

static json_t *results;

static int set_up(void **state)
{
    (void)state;
    results = json_pack("{s:{s:[{s:s, s:{s:f}, s:{s:f}, s:n}]}, s:[i,i,i], s:i}", "summary", "arms",
                        "arm", "native-8proc <&>", "wall_s", "median", 38.04, "ratio", "median",
                        0.953, "work_s", "runs", 1, 2, 3, "zero", 0);
    return results ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(results);
    return 0;
}

static const char *text_of(struct sink *s)
{
    assert_int_equal(s->rc, CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&s->bytes, '\0'), CUVEE_OK);
    return s->bytes.ptr;
}

static void test_units(void **state)
{
    (void)state;
    static const struct {
        enum prose_unit unit;
        double x;
        const char *text;
    } cases[] = {
        {PROSE_COUNT, 12, "12"},
        {PROSE_COUNT, 1000, "1000"},
        {PROSE_COUNT, 43730, "43,730"},
        {PROSE_COUNT, -3043730, "-3,043,730"},
        {PROSE_SECONDS, 0, "0 s"},
        {PROSE_SECONDS, 0.00042, "420 µs"},
        {PROSE_SECONDS, 0.042, "42.0 ms"},
        {PROSE_SECONDS, 0.9996, "1.00 s"},
        {PROSE_SECONDS, 9.999, "10.0 s"},
        {PROSE_SECONDS, 227, "227 s"},
        {PROSE_SECONDS, 660, "11.0 min"},
        {PROSE_SECONDS, 36000, "10.0 h"},
        {PROSE_MILLIS, 12.34, "12.3 ms"},
        {PROSE_BYTES, 694.0 * 1048576, "694 MiB"},
        {PROSE_BYTES, 4.8 * 1073741824, "4.80 GiB"},
        {PROSE_PER_SECOND, 26.34, "26.3"},
        {PROSE_RATIO, 5.806, "5.81"},
        {PROSE_RATIO, 99.96, "100"},
        {PROSE_RATIO, 0, "0"},
        {PROSE_RATIO, 0.99949, "0.999"},
        {PROSE_RATIO, 0.9996, "1.00"},
        {PROSE_RATIO, 0.1072, "0.107"},
        {PROSE_RATIO, 0.01234, "0.0123"},
        {PROSE_PERCENT, 0.047, "4.7 %"},
        {PROSE_PERCENT, 0.00242, "0.24 %"},
        {PROSE_PERCENT, 0.83, "83.0 %"},
        {PROSE_PERCENT, 0.9996, "100 %"},
        {PROSE_PERCENT_OFF, 0.953, "4.7 %"},
        {PROSE_PERCENT_OFF, 1.047, "4.7 %"},
        {PROSE_SCORE, 0.00041, "0.00041"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CUVEE__PROSE_SHOWN];
        assert_string_equal(
            cuvee__prose_format(cases[i].unit, cases[i].x, text, sizeof text), cases[i].text);
    }
}

static void test_paths(void **state)
{
    (void)state;
    double x = -1;
    assert_true(cuvee__prose_value(results, "summary.arms.0.wall_s.median", &x));
    assert_true(x == 38.04);
    assert_true(cuvee__prose_value(results, "runs", &x));
    assert_true(x == 3);
    assert_true(cuvee__prose_value(results, "runs.1 / runs", &x));
    assert_true(x == 2.0 / 3);
    assert_true(cuvee__prose_value(results, "runs - runs.2", &x));
    assert_true(x == 0);
    static const char *const none[] = {"summary.arms.1.wall_s.median",
                                       "summary.arms.0.work_s",
                                       "summary.arms.0.arm",
                                       "runs / zero",
                                       "runs + runs",
                                       "runs /runs",
                                       "runs / ",
                                       "runs ",
                                       ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(cuvee__prose_value(results, none[i], &x));
}

static void say(struct prose *p)
{
    assert_true(cuvee__prose_name(p, "summary.arms.%d.arm", 0));
    cuvee__prose_text(p, " took ");
    assert_true(cuvee__prose_number(p, PROSE_SECONDS, "summary.arms.%d.wall_s.median", 0));
    cuvee__prose_text(p, " in ");
    assert_true(cuvee__prose_number(p, PROSE_COUNT, "runs"));
    cuvee__prose_text(p, " runs (p99 & int8).");
}

static void test_forms(void **state)
{
    (void)state;
    struct sink plain = {0}, html = {0}, markdown = {0};
    say(&(struct prose){.results = results, .out = &plain, .form = PROSE_PLAIN});
    say(&(struct prose){.results = results, .out = &html, .form = PROSE_HTML});
    say(&(struct prose){.results = results, .out = &markdown, .form = PROSE_MARKDOWN});
    assert_string_equal(text_of(&plain),
                        "native-8proc <&> took 38.0 s in 3 runs (p99 & int8).");
    assert_string_equal(
        text_of(&html),
        "<span class=\"name\" title=\"summary.arms.0.arm\">native-8proc &lt;&amp;&gt;</span> took "
        "<data value=\"38.039999999999999\" title=\"summary.arms.0.wall_s.median\">38.0 s</data> "
        "in <data value=\"3\" title=\"runs\">3</data> runs (p99 &amp; int8).");
    assert_string_equal(text_of(&markdown),
                        "native-8proc &lt;&amp;> took 38.0 s in 3 runs (p99 &amp; int8).");
    cuvee__buffer_deinit(&plain.bytes);
    cuvee__buffer_deinit(&html.bytes);
    cuvee__buffer_deinit(&markdown.bytes);
}

static void test_template(void **state)
{
    (void)state;
    struct sink one = {0}, other = {0};
    struct prose p = {.results = results, .out = &one, .form = PROSE_HTML};
    say(&(struct prose){.results = results, .out = &other, .form = PROSE_HTML});
    assert_true(cuvee__prose_say(&p,
                                 "{name summary.arms.%d.arm} took {s "
                                 "summary.arms.%d.wall_s.median} in {count runs} runs (p99 & "
                                 "int8).",
                                 0, 0));
    assert_string_equal(text_of(&one), text_of(&other));
    cuvee__buffer_deinit(&one.bytes);
    cuvee__buffer_deinit(&other.bytes);
    /* A number among the words, a unit that is none, braces that do not close. */
    static const char *const refused[] = {"5 of {count runs}", "{lengths runs}", "{count runs",
                                          "{runs}"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct sink s = {0};
        cuvee__prose_say(&(struct prose){.results = results, .out = &s}, "%s", refused[i]);
        assert_int_equal(s.rc, CUVEE_E_ARGUMENT);
        cuvee__buffer_deinit(&s.bytes);
    }
    struct sink s = {0};
    assert_false(cuvee__prose_say(&(struct prose){.results = results, .out = &s},
                                  "took {s summary.arms.0.work_s}"));
    assert_string_equal(text_of(&s), "took not known");
    cuvee__buffer_deinit(&s.bytes);
}

/* A number that is not from the results cannot be written. */
static void test_no_number_among_words(void **state)
{
    (void)state;
    static const char *const refused[] = {"5", "about 38 s", "(95 %)", "-3", "x 2", "v1.5 2"};
    static const char *const fine[] = {"", "p99", "int8-f32", "native-8proc", "x-2"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct sink s = {0};
        cuvee__prose_text(&(struct prose){.results = results, .out = &s}, refused[i]);
        assert_int_equal(s.rc, CUVEE_E_ARGUMENT);
        cuvee__buffer_deinit(&s.bytes);
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        struct sink s = {0};
        cuvee__prose_text(&(struct prose){.results = results, .out = &s}, fine[i]);
        assert_int_equal(s.rc, CUVEE_OK);
        cuvee__buffer_deinit(&s.bytes);
    }
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    struct sink s = {0};
    struct prose p = {.results = results, .out = &s};
    assert_false(cuvee__prose_number(&p, PROSE_SECONDS, "summary.arms.0.work_s"));
    assert_false(cuvee__prose_name(&p, "summary.arms.0.wall_s"));
    assert_string_equal(text_of(&s), "not known");
    cuvee__buffer_deinit(&s.bytes);
}

static void test_sentence(void **state)
{
    (void)state;
    struct prose_sentence s;
    json_t *sentence = NULL;
    assert_int_equal(cuvee__prose_begin(&s, results, NULL), CUVEE_OK);
    say(&s.prose);
    assert_int_equal(cuvee__prose_end(&s, &sentence, NULL), CUVEE_OK);
    json_t *expected =
        json_pack("{s:s, s:[s,s], s:[[i,i],[i,i]]}", "text",
                  "native-8proc <&> took 38.0 s in 3 runs (p99 & int8).", "from",
                  "summary.arms.0.wall_s.median", "runs", "at", 22, 6, 32, 1);
    assert_true(json_equal(sentence, expected));
    json_decref(expected);
    /* From a results document it comes out as it was said, but for the name, which is words now. */
    assert_int_equal(json_object_set(results, "sentence", sentence), 0);
    struct sink html = {0};
    assert_true(cuvee__prose_put_sentence(
        &(struct prose){.results = results, .out = &html, .form = PROSE_HTML}, "sentence"));
    assert_string_equal(
        text_of(&html),
        "native-8proc &lt;&amp;&gt; took "
        "<data value=\"38.039999999999999\" title=\"summary.arms.0.wall_s.median\">38.0 s</data> "
        "in <data value=\"3\" title=\"runs\">3</data> runs (p99 &amp; int8).");
    cuvee__buffer_deinit(&html.bytes);
    json_decref(sentence);

    assert_int_equal(cuvee__prose_begin(&s, results, NULL), CUVEE_OK);
    cuvee__prose_text(&s.prose, "about 7 times");
    assert_int_equal(cuvee__prose_end(&s, &sentence, NULL), CUVEE_E_ARGUMENT);
}

/* Places that are none lose their marks, never the text. */
static void test_broken_places(void **state)
{
    (void)state;
    static const char *const places[] = {
        "[[-1,2]]", "[[3,-2]]", "[[90,2]]", "[[4,99]]", "[[4,9223372036854775807]]",
        "[7]",      "[[]]",     "{}",       "[[2,2],[0,3]]"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct sink s = {0};
        json_t *at = json_loads(places[i], JSON_DECODE_ANY, NULL);
        assert_non_null(at);
        json_object_set_new(results, "sentence",
                            json_pack("{s:s, s:[s,s], s:o}", "text", "all of 38 s", "from", "runs",
                                      "runs", "at", at));
        assert_true(cuvee__prose_put_sentence(
            &(struct prose){.results = results, .out = &s, .form = PROSE_PLAIN}, "sentence"));
        assert_string_equal(text_of(&s), "all of 38 s");
        cuvee__buffer_deinit(&s.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_template),
        cmocka_unit_test(test_no_number_among_words),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_sentence),
        cmocka_unit_test(test_broken_places),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
