/* SPDX-License-Identifier: Apache-2.0
 *
 * report/markup, svg and html: what is escaped, where labels go, bytes that stay the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "report/html.h"
#include "report/svg.h"

static const char *text_of(struct sink *m)
{
    assert_int_equal(m->rc, CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&m->bytes, '\0'), CUVEE_OK);
    return m->bytes.ptr;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) n++;
    return n;
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *from, *xml, *markdown;
    } cases[] = {
        {"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;", "a&lt;b>&amp;\"'"},
        {"]]>", "]]&gt;", "\\]\\]>"},
        {"x|y\\`z*_~\n", "x|y\\`z*_~\n", "x\\|y\\\\\\`z\\*\\_\\~ "},
        {"caf\xC3\xA9 \xF0\x9F\x98\x80", "caf\xC3\xA9 \xF0\x9F\x98\x80",
         "caf\xC3\xA9 \xF0\x9F\x98\x80"},
        {"bad\xFF\x01\x7F", "bad\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
         "bad\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xEF\xBF\xBF\xED\xA0\x80!", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD!",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD!"},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sink xml = {0}, markdown = {0};
        cuvee__markup_text(&xml, cases[i].from);
        cuvee__markup_markdown(&markdown, cases[i].from);
        assert_string_equal(text_of(&xml), cases[i].xml);
        assert_string_equal(text_of(&markdown), cases[i].markdown);
        cuvee__buffer_deinit(&xml.bytes);
        cuvee__buffer_deinit(&markdown.bytes);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    struct sink m = {0};
    static const double numbers[] = {0, -0.001, 1, 10, 0.5, 123.456, -7.10, 1e6};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cuvee__markup_number(&m, numbers[i]);
        sink_put_str(&m, " ");
    }
    assert_string_equal(text_of(&m), "0 0 1 10 0.5 123.46 -7.1 1000000 ");
    cuvee__buffer_deinit(&m.bytes);
}

/* The first failure stays, whatever comes after. */
static void test_failure_sticks(void **state)
{
    (void)state;
    struct sink m = {.bytes = {.cap_bytes = 8}};
    sink_put_str(&m, "1234");
    sink_put_str(&m, "56789");
    assert_int_equal(m.rc, CUVEE_E_LIMIT);
    sink_put_str(&m, "5");
    cuvee__markup_text(&m, "6");
    cuvee__markup_printf(&m, "7");
    assert_int_equal(m.bytes.len, 4);
    cuvee__buffer_deinit(&m.bytes);
}

static void draw(struct sink *m, bool is_alone)
{
    struct svg_plot p;
    const double x[] = {0, 1, 2}, low[] = {0, 0, 0}, high[] = {1, 3, 2};
    cuvee__svg_open(&p, m, "t <1>", "d & e", 2, 4, is_alone);
    cuvee__svg_axes(&p, "s", "MiB");
    cuvee__svg_area(&p, -1, "bound", x, low, high, 3);
    cuvee__svg_area(&p, 9, "ninth", x, low, high, 3);
    cuvee__svg_line(&p, SVG_DASHED, "naive", x, high, 3);
    cuvee__svg_band(&p, "peak", 3, 3.5);
    cuvee__svg_level(&p, "a \"level\"", 3);
    cuvee__svg_mark(&p, "mark", 1);
    cuvee__svg_close(&p);
}

/* The picture as it was looked at: a change of it is meant. */
static void test_plot_is_the_same(void **state)
{
    (void)state;
    struct sink m = {0}, again = {0};
    draw(&m, false);
    draw(&again, false);
    const char *text = text_of(&m);
    assert_string_equal(text, text_of(&again));
    static const char *const parts[] = {
        "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 880 380\" width=\"880\" height=\"380\">\n"
        "<title>t &lt;1&gt;</title>\n<desc>d &amp; e</desc>\n",
        /* 644 px for 2 s, 290 px for 4 MiB, the origin at 56, 344 */
        "<path class=\"bound\" d=\"M56,271.5L378,126.5L700,199V344H56Z\">"
        "<title>bound</title></path>\n",
        "<path class=\"area c1\" d=\"M56,271.5L",
        "<path fill=\"url(#hatch)\" pointer-events=\"none\" d=\"M56,271.5L",
        "<path class=\"dashed\" d=\"M56,271.5L378,126.5L700,199\"><title>naive</title></path>\n",
        "<rect class=\"band\" x=\"56\" y=\"90.25\" width=\"644\" height=\"36.25\">",
        "<title>a &quot;level&quot;</title></line>\n",
        "<line class=\"mark\" x1=\"378\" y1=\"50\" x2=\"378\" y2=\"344\"><title>mark</title>",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i])) fail_msg("missing: %s", parts[i]);
    assert_null(strstr(text, "xmlns"));
    cuvee__buffer_deinit(&m.bytes);
    cuvee__buffer_deinit(&again.bytes);
}

static void test_plot_alone(void **state)
{
    (void)state;
    struct sink m = {0};
    draw(&m, true);
    const char *text = text_of(&m);
    assert_true(strncmp(text, "<?xml ", 6) == 0);
    assert_int_equal(count(text, "xmlns=\"http://www.w3.org/2000/svg\""), 1);
    assert_int_equal(count(text, "<style>"), 1);
    cuvee__buffer_deinit(&m.bytes);
}

/* Labels that would meet go to another row; when all are full, only the line is drawn. */
static void test_marks_do_not_meet(void **state)
{
    (void)state;
    struct sink m = {0};
    struct svg_plot p;
    cuvee__svg_open(&p, &m, "t", NULL, 100, 1, false);
    for (int i = 0; i < 5; i++) cuvee__svg_mark(&p, "a name of some length", 50 + i);
    cuvee__svg_mark(&p, "a name that is so long that nobody would want to read all of it", 90);
    cuvee__svg_close(&p);
    const char *text = text_of(&m);
    assert_int_equal(count(text, "<line class=\"mark\""), 6);
    assert_int_equal(count(text, ">a name of some length</text>"), 3);
    for (int row = 0; row < 3; row++) {
        char y[16];
        snprintf(y, sizeof y, "y=\"%d\"", 46 - 14 * row);
        assert_true(count(text, y) >= 1);
    }
    assert_int_equal(count(text, ">a name that is so long that ...</text>"), 1);
    assert_int_equal(count(text, "read all of it</title>"), 1);
    cuvee__buffer_deinit(&m.bytes);
}

static void test_levels_do_not_meet(void **state)
{
    (void)state;
    struct sink m = {0};
    struct svg_plot p;
    cuvee__svg_open(&p, &m, "t", NULL, 1, 100, false);
    for (int i = 0; i < 40; i++) cuvee__svg_level(&p, "level", 50);
    for (size_t i = 0; i < p.n_levels; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(p.levels[i] - p.levels[j] >= 14 || p.levels[j] - p.levels[i] >= 14);
    assert_int_equal(p.n_levels, 11); /* down to the axis */
    cuvee__svg_close(&p);
    assert_int_equal(count(text_of(&m), "</line>"), 40);
    cuvee__buffer_deinit(&m.bytes);
}

static void test_nothing_to_draw(void **state)
{
    (void)state;
    struct sink m = {0};
    struct svg_plot p;
    cuvee__svg_open(&p, &m, "t", NULL, 0, 0, false);
    cuvee__svg_axes(&p, "s", "MiB");
    cuvee__svg_area(&p, 0, "none", NULL, NULL, NULL, 0);
    cuvee__svg_line(&p, SVG_SOLID, "none", NULL, NULL, 0);
    cuvee__svg_close(&p);
    cuvee__svg_bars(&m, "t", NULL, NULL, 0, false);
    const struct svg_bar nil = {.label = "l", .value = "v"};
    cuvee__svg_bars(&m, "t", NULL, &nil, 1, false);
    const char *text = text_of(&m);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_null(strstr(text, "<path"));
    cuvee__buffer_deinit(&m.bytes);
}

static void test_bars(void **state)
{
    (void)state;
    struct sink m = {0};
    const struct svg_bar bars[] = {
        {.label = "a<b", .value = "1 to 2", .low = 1, .high = 2},
        {.label = "c", .value = "4", .low = 4, .high = 4, .is_claim = true}};
    cuvee__svg_bars(&m, "t", NULL, bars, 2, false);
    const char *text = text_of(&m); /* 480 px for 4 */
    assert_non_null(strstr(text, ">a&lt;b</text>"));
    assert_non_null(strstr(text, "class=\"true\" height=\"16\" x=\"270\" y=\"6\" width=\"120\""));
    assert_non_null(strstr(text, "class=\"band\" height=\"16\" x=\"390\" y=\"6\" width=\"120\""));
    assert_non_null(strstr(text, "class=\"claim\" height=\"16\" x=\"270\" y=\"30\" width=\"480\""));
    assert_int_equal(count(text, "class=\"band\""), 1);
    cuvee__buffer_deinit(&m.bytes);
}

static void test_page(void **state)
{
    (void)state;
    static const char *const columns[] = {"name", ">size"};
    struct sink m = {0};
    struct html_table t;
    cuvee__html_open(&m, "<script>alert(1)</script>");
    cuvee__html_table_open(&m, &t, columns, 2);
    cuvee__html_cell_with_colour(&m, &t, 8, "a & b");
    cuvee__html_cell(&m, &t, "12");
    cuvee__html_cell(&m, &t, "half a row");
    cuvee__html_table_close(&m, &t);
    cuvee__html_close(&m, "end");
    const char *text = text_of(&m);
    static const char *const never[] = {
        "<script", "href=", "src=", "http", "@import", "javascript"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(text, never[i])) fail_msg("a page has %s", never[i]);
    assert_int_equal(count(text, "<tr>"), 3);
    assert_int_equal(count(text, "</tr>"), 3);
    assert_int_equal(count(text, "<td"), 4);
    assert_int_equal(count(text, "<td class=\"n\">12</td>"), 1);
    assert_int_equal(count(text, "<th class=\"n\">size</th>"), 1);
    assert_non_null(strstr(text, "prefers-color-scheme:dark"));
    cuvee__buffer_deinit(&m.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_plot_is_the_same),
        cmocka_unit_test(test_plot_alone),
        cmocka_unit_test(test_marks_do_not_meet),
        cmocka_unit_test(test_levels_do_not_meet),
        cmocka_unit_test(test_nothing_to_draw),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
