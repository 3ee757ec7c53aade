/* SPDX-License-Identifier: Apache-2.0
 *
 * What is made of results: nothing from elsewhere, no number of the prose that is not in the
 * results, nothing that the results could break. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report.h"
#include "example_results.h"

static const char input[] = SOURCE_DIR "/examples/wine-reviews.csv";
static char dir[EXAMPLE_DIR_ROOM];

static json_t *make_results(int n_blocks)
{
    json_t *results = example_results(7, n_blocks, 1000, input);
    assert_non_null(results);
    return results;
}

static int set_up(void **state)
{
    (void)state;
    return example_directory_make(dir);
}

static int tear_down(void **state)
{
    (void)state;
    return example_directory_remove(dir);
}

static char *text_of(struct sink *out)
{
    assert_int_equal(out->rc, CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&out->bytes, '\0'), CUVEE_OK);
    return out->bytes.ptr;
}

/* Release with free_page(). */
static char *make_page(const json_t *results, const char *from, struct sink *out)
{
    cuvee_error err;
    *out = (struct sink){.rc = CUVEE_OK};
    if (cuvee__report_html(results, from, out, &err) != CUVEE_OK) fail_msg("%s", err.msg);
    return text_of(out);
}

static void free_page(struct sink *out)
{
    cuvee__buffer_deinit(&out->bytes);
}

/* ---- as large as a result may be ---- */

/* A measure/1 document with as much of a series as one may have. */
static json_t *large_measurement(void)
{
    enum { POINTS = 512, PROCESSES = 16 };
    json_t *t = json_array(), *list = json_array();
    for (int i = 0; i < POINTS; i++) json_array_append_new(t, json_real(i * 0.5 + i % 7 * 0.01));
    for (int p = 0; p <= PROCESSES; p++) {
        json_t *bytes = json_array();
        for (int i = 0; i < POINTS; i++)
            json_array_append_new(bytes, json_integer((json_int_t)(i * 31 + p * 17) % 997 << 16));
        json_array_append_new(list, json_pack("{s:i, s:s, s:f, s:o}", "pid", p, "comm", "python3",
                                              "exit_s", 256.0, "bytes", bytes));
    }
    json_t *others = json_incref(json_object_get(json_array_get(list, PROCESSES), "bytes"));
    json_array_remove(list, PROCESSES);
    json_t *curve = json_pack("{s:O, s:O}", "t_s", t, "bytes", others);
    json_t *peak = json_pack("{s:{s:{s:i, s:i}}}", "footprint", "peak", "lower", 900 << 20, "upper",
                             950 << 20);
    json_t *o = json_pack("{s:s, s:{s:f}, s:o, s:{s:O, s:O, s:O, s:O, s:o, s:o}}", "schema",
                          "measure/1", "time", "wall_tree_s", 256.0, "memory", peak, "series",
                          "upper", curve, "sum_rss", curve, "parent_rss", curve, "footprint", curve,
                          "others", others, "processes", list);
    json_decref(curve);
    json_decref(t);
    assert_non_null(o);
    return o;
}

static void write_measurements(const json_t *results)
{
    json_t *measured = large_measurement();
    const json_t *run;
    size_t i;
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", dir, cuvee__json_text_at(run, "files.measure"));
        assert_int_equal(json_dump_file(measured, path, JSON_COMPACT), 0);
    }
    json_decref(measured);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) n++;
    return n;
}

static void test_page_needs_nothing_else(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    struct sink out, again;
    assert_int_equal(example_write_answers(results, dir, 7), 0);
    write_measurements(results);
    const char *page = make_page(results, dir, &out);
    assert_true(out.bytes.len < (3 << 19)); /* 1.5 MiB */
    static const char *const none[] = {"<script", "javascript:", "http:", "https:", "//",
                                       "src=",    "href=",       "@import", "<link", "<iframe",
                                       " onload", " onclick",    "nan",     "(null)"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (strstr(page, none[i])) fail_msg("the page has '%s'", none[i]);
    assert_int_equal(count(page, "url("), count(page, "url(#hatch)"));
    assert_non_null(strstr(page, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
    /* All plots are there, and some of memory over time, but not more than there is room for. */
    assert_true(count(page, "<title>Memory over time: ") >= 3);
    for (size_t i = 0; i < CUVEE__REPORT_PLOTS; i++) {
        struct sink plot = {0};
        bool is_there = false;
        assert_int_equal(cuvee__report_plot(results, dir, i, &plot, &is_there, NULL), CUVEE_OK);
        assert_true(is_there);
        const char *title = strstr(text_of(&plot), "<title>"), *end = strstr(title, "</title>");
        char expected[256];
        snprintf(expected, sizeof expected, "%.*s", (int)(end - title), title);
        assert_non_null(strstr(page, expected));
        cuvee__buffer_deinit(&plot.bytes);
    }
    assert_string_equal(page, make_page(results, dir, &again));
    free_page(&out);
    free_page(&again);
    json_decref(results);
}

/* ---- every number of the prose ---- */

/* What stands at a path, or at two with an operator; found here without the code that wrote it. */
static bool look_up(const json_t *results, const char *path, double *ret)
{
    char first[300], second[300], sign;
    double a, b;
    const json_t *at;
    if (sscanf(path, "%299s %c %299s", first, &sign, second) == 3) {
        if (!look_up(results, first, &a) || !look_up(results, second, &b)) return false;
        *ret = sign == '/' ? a / b : a - b;
        return sign == '/' || sign == '-';
    }
    at = cuvee__json_at(results, path);
    *ret = json_is_array(at) ? (double)json_array_size(at) : json_number_value(at);
    return json_is_number(at) || json_is_array(at);
}

/* Does what is shown say x, up to rounding? In whatever unit. */
static bool says(const char *shown, double x)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{" MiB", 1048576}, {" GiB", 1073741824}, {" ms", 1e-3}, {" s", 1},
                 {" min", 60},      {" h", 3600},         {" %", 0.01},  {"", 1}};
    char digits[64];
    size_t n = 0;
    for (; *shown && (isdigit((unsigned char)*shown) || strchr(".,-", *shown)); shown++)
        if (*shown != ',' && n + 1 < sizeof digits) digits[n++] = *shown;
    digits[n] = '\0';
    if (!n) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(shown, units[i].unit) != 0) continue;
        const double y = strtod(digits, NULL) * units[i].factor;
        const char *point = strchr(digits, '.');
        const double unit_of_last = pow(10, point ? -(double)strlen(point + 1) : 0);
        const double slack = 0.51 * unit_of_last * units[i].factor;
        /* Milliseconds may be such in the results; a percentage may be of the distance from 1. */
        return fabs(y - x) <= slack || fabs(y * 1000 - x) <= slack * 1000 ||
               (units[i].factor == 0.01 && fabs(y - fabs(x - 1)) <= slack);
    }
    return false;
}

static void copy(char *to, size_t room, const char *from, const char *end)
{
    snprintf(to, room, "%.*s", (int)(end - from), from);
}

/* Each number between from and end is one of the results. Returns how many there are, adding those
 * that are not to *n_wrong. */
static size_t check_numbers(const json_t *results, const char *from, const char *end, bool is_loud,
                            size_t *n_wrong)
{
    size_t n = 0;
    bool in_word = false;
    for (const char *at = from; at < end;) {
        if (strncmp(at, "<data value=\"", 13) == 0) {
            char path[300], shown[64];
            double x, value = strtod(at + 13, NULL);
            const char *title = strstr(at, "title=\"") + 7, *text = strchr(at, '>') + 1;
            copy(path, sizeof path, title, strchr(title, '"'));
            copy(shown, sizeof shown, text, strstr(text, "</data>"));
            const bool is_right = look_up(results, path, &x) && says(shown, x) &&
                                  fabs(value - x) <= 1e-12 * fabs(x);
            if (!is_right && is_loud) print_error("'%s' is not what %s has\n", shown, path);
            *n_wrong += !is_right;
            n++;
            at = strstr(text, "</data>") + 7;
            in_word = false;
        } else if (strncmp(at, "<span class=\"name\"", 18) == 0 ||
                   strncmp(at, "<span class=\"published\"", 23) == 0) {
            at = strstr(at, "</span>") + 7;
        } else if (strncmp(at, "<code>", 6) == 0) {
            at = strstr(at, "</code>") + 7;
        } else if (*at == '<') {
            at = strchr(at, '>') + 1;
            in_word = false;
        } else if (*at == '&') {
            at = strchr(at, ';') + 1;
            in_word = false;
        } else {
            if (isdigit((unsigned char)*at) && !in_word) {
                if (is_loud) print_error("a number from nowhere: '%.40s'\n", at);
                ++*n_wrong;
            }
            in_word = isalnum((unsigned char)*at) || (in_word && *at == '-');
            at++;
        }
    }
    return n;
}

static size_t check_prose(const json_t *results, const char *page, bool is_loud, size_t *n_wrong)
{
    static const struct {
        const char *begin, *end;
    } blocks[] = {{"<div class=\"lead\">", "</div>"},
                  {"<p class=\"caption\">", "</p>"},
                  {"<div class=\"card\">", "</div>"},
                  {"<p>", "</p>"},
                  {"<li>", "</li>"},
                  {"<th>found here</th>", "</table>"},
                  {"<th>of all, here</th>", "</table>"}};
    size_t n = 0;
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        size_t n_blocks = 0;
        for (const char *at = page; (at = strstr(at, blocks[b].begin)); n_blocks++) {
            const char *end = strstr(at, blocks[b].end);
            assert_non_null(end);
            if (strstr(blocks[b].begin, "<th>")) at = strstr(at, "</tr>");
            n += check_numbers(results, at, end, is_loud, n_wrong);
            at = end;
        }
        assert_true(n_blocks > 0);
    }
    return n;
}

/* The names of claims have numbers of their own ("8 processes"): they are words of the story. */
static void drop_first_cells(char *page)
{
    char *table = strstr(page, "<th>found here</th>"), *end = strstr(table, "</table>");
    for (char *row = table; (row = strstr(row, "<tr><td>")) && row < end; row++)
        for (char *c = row + 8; *c != '<'; c++)
            if (isdigit((unsigned char)*c)) *c = 'x';
}

static void test_numbers_of_prose(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    struct sink out;
    size_t n_wrong = 0, n_after = 0;
    char *page = make_page(results, dir, &out);
    drop_first_cells(page);
    const size_t n = check_prose(results, page, true, &n_wrong);
    assert_int_equal(n_wrong, 0);
    assert_true(n > 60);

    /* This check can fail: the same page is wrong about other results. */
    json_t *other = example_results(8, 6, 1000, input);
    check_prose(other, page, false, &n_after);
    assert_true(n_after > n / 3);
    json_decref(other);
    char *caption = strstr(page, "Peak memory is");
    memcpy(caption, "Peak  125   is", 14);
    n_after = 0;
    check_prose(results, page, false, &n_after);
    assert_int_equal(n_after, 1);
    free_page(&out);
    json_decref(results);
}

/* ---- what some experiments have ---- */

static json_t *summary_of(json_t *results, const char *name)
{
    json_t *arms = json_object_get(json_object_get(results, "summary"), "arms"), *arm;
    size_t i;
    json_array_foreach(arms, i, arm)
    {
        if (strcmp(cuvee__json_text_at(arm, "arm"), name) == 0) return arm;
    }
    fail_msg("no arm %s", name);
    return NULL;
}

static void test_rates_and_prices(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    struct sink out, markdown = {0};
    const char *page = make_page(results, NULL, &out);
    assert_null(strstr(page, ">highest rate<"));
    assert_null(strstr(page, "price of a million"));
    assert_null(strstr(page, "What callers wait"));
    free_page(&out);
    json_object_set_new(json_object_get(results, "plan"), "latency_bound_ms", json_real(50));
    json_object_set_new(summary_of(results, "native-int8"), "scenarios",
                        json_pack("{s:{s:f, s:f}}", "single", "p50", 1.27, "p99", 2.58));
    json_object_set_new(summary_of(results, "native-int8"), "max_rate",
                        json_pack("{s:f, s:f, s:i}", "rate", 321.4, "p99_ms", 48.0, "n", 6));
    json_object_set_new(summary_of(results, "embed"), "price_per_million", json_real(0.4567));
    page = make_page(results, NULL, &out);
    assert_non_null(strstr(page, "<th class=\"n\">highest rate</th>"));
    assert_non_null(strstr(page, ">321</td>"));
    assert_non_null(strstr(page, ">0.457</td>"));
    assert_int_equal(cuvee__report_markdown(results, &markdown, NULL), CUVEE_OK);
    assert_non_null(strstr(text_of(&markdown), "| per core-hour | price of a million |"));
    assert_non_null(strstr(text_of(&markdown), "| native-int8 | 1.27 ms | 2.58 ms | 321 |"));
    assert_non_null(
        strstr(text_of(&markdown), "all but one of a hundred answers came within 50.0 ms."));
    cuvee__buffer_deinit(&markdown.bytes);
    const struct report_terminal narrow = {.width = 60};
    markdown = (struct sink){0};
    assert_int_equal(cuvee__report_terminal(results, &narrow, &markdown, NULL), CUVEE_OK);
    assert_non_null(strstr(text_of(&markdown), "alone: p50  alone: p99  highest rate"));
    assert_non_null(strstr(text_of(&markdown), "1.27 ms     2.58 ms           321"));
    cuvee__buffer_deinit(&markdown.bytes);
    free_page(&out);
    json_decref(results);
}

/* The time of an arm that was given a few of the items is not that of the others. */
static void test_fewer_items(void **state)
{
    (void)state;
    json_t *results = make_results(2);
    struct sink out, markdown = {0};
    json_object_set_new(summary_of(results, "native-int8"), "n_items", json_integer(5));
    const char *page = make_page(results, NULL, &out);
    assert_int_equal(count(page, " s for 5</td>"), 1);
    assert_int_equal(count(page, "only so many of the items"), 1);
    assert_int_equal(cuvee__report_markdown(results, &markdown, NULL), CUVEE_OK);
    assert_int_equal(count(text_of(&markdown), " s for 5 |"), 1);
    cuvee__buffer_deinit(&markdown.bytes);
    free_page(&out);
    json_decref(results);
}

/* A ratio above 3 is shown by a second method; others are not. */
static void test_dramatic_ratios(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    struct sink out;
    const char *page = make_page(results, NULL, &out);
    const char *table = strstr(page, "Dramatic ratios, by a second method");
    assert_non_null(table);
    char *section = strndup(table, (size_t)(strstr(table, "</details>") - table));
    assert_non_null(strstr(section, "native-int8</b>"));
    assert_non_null(strstr(section, "the harness&#39;s clock"));
    assert_null(strstr(section, "python-tuned</b>"));
    free(section);
    free_page(&out);
    json_decref(results);
}

/* One run of each has no spread: no range, no plot of all runs. */
static void test_one_block(void **state)
{
    (void)state;
    json_t *results = make_results(1);
    struct sink out, table = {0};
    const char *page = make_page(results, NULL, &out);
    assert_null(strstr(page, "from one run alone"));
    const struct report_terminal t = {200, true, false};
    assert_int_equal(cuvee__report_terminal(results, &t, &table, NULL), CUVEE_OK);
    assert_null(strchr(text_of(&table), '['));
    cuvee__buffer_deinit(&table.bytes);
    free_page(&out);
    json_decref(results);
}

/* ---- Markdown, terminal, GitHub ---- */

static void test_markdown(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    struct sink out = {0};
    size_t columns = 0, n_tables = 0;
    assert_int_equal(cuvee__report_markdown(results, &out, NULL), CUVEE_OK);
    assert_null(strstr(text_of(&out), " \n"));
    char *text = text_of(&out);
    assert_null(strstr(text, "<script"));
    assert_non_null(strstr(text, "| native-int8 | 414 | 9.75 (9.69 to 9.96) | better |"));
    assert_non_null(strstr(text, "- metacall: skipped: needs library:metacall"));
    assert_non_null(strstr(text, "- openvino: failed: signal 11"));
    assert_non_null(strstr(text, "## Where the 220 seconds come from"));
    assert_non_null(strstr(text, "| 8 | 2 |"));
    assert_non_null(strstr(text, "| host heap | 94.0 MiB | yes |"));
    assert_non_null(strstr(text, "| bridge | within the others | no |"));
    assert_non_null(strstr(text, "least memory | orchestrator and one Python | python-single: "));
    assert_non_null(strstr(text, "needs --scenario offline,single,server"));
    for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text)) {
        size_t n = 0;
        for (const char *c = line; *c; c++) n += *c == '|' && (c == line || c[-1] != '\\');
        if (*line != '|') continue;
        if (strncmp(line, "|---", 4) == 0)
            n_tables++;
        else if (strstr(line, "| arm |") || strstr(line, "| claim |") ||
                 strstr(line, "| workers |") || strstr(line, "| component |") ||
                 strstr(line, "| use |"))
            columns = n;
        assert_int_equal(n, columns);
    }
    assert_int_equal(n_tables, 8);
    cuvee__buffer_deinit(&out.bytes);
    json_decref(results);
}

static size_t columns_of(const char *line, const char *end)
{
    size_t n = 0;
    for (; line < end; line++) {
        if (*line == '\033') line = strchr(line, 'm');
        else n += ((unsigned char)*line & 0xC0) != 0x80;
    }
    return n;
}

static void test_terminal(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    for (size_t width = 40; width <= 240; width += 4)
        for (int mode = 0; mode < 4; mode++) {
            const struct report_terminal t = {width, mode % 2, mode / 2};
            struct sink out = {0};
            assert_int_equal(cuvee__report_terminal(results, &t, &out, NULL), CUVEE_OK);
            const char *text = text_of(&out);
            for (const char *line = text, *end; *line; line = end + 1) {
                end = strchr(line, '\n');
                assert_non_null(end);
                if (columns_of(line, end) > width)
                    fail_msg("at %zu: %.*s", width, (int)(end - line), line);
            }
            assert_non_null(strstr(text, "native-int8"));
            assert_non_null(strstr(text, t.is_utf8 ? "██████████" : "##########"));
            assert_true(t.has_colour == (strchr(text, '\033') != NULL));
            if (!t.is_utf8)
                for (const char *c = text; *c; c++) assert_true((unsigned char)*c < 0x80);
            cuvee__buffer_deinit(&out.bytes);
        }
    json_decref(results);
}

/* Blanks in a row are one: how wide a column is depends on what is in it. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *c = text; *c; c++)
        if (*c != ' ' || to == text || to[-1] != ' ') *to++ = *c;
    *to = '\0';
}

static void test_table(void **state)
{
    (void)state;
    json_t *results = make_results(6);
    const struct report_terminal t = {80, false, false};
    struct sink out = {0};
    assert_int_equal(cuvee__report_terminal(results, &t, &out, NULL), CUVEE_OK);
    char *text = text_of(&out);
    squeeze(text);
    static const char *const lines[] = {
        "\narm items/s peak memory verdict\n",
        "\npython-single 42.4 # 1002 to 1006 MiB reference\n",
        "\npython-multi 4.39 4.69 to 4.97 GiB worse\n",
        "\nnative-f32 178 #### 128 MiB better\n",
        "\nnative-int8 414 ########## 61.0 to 61.2 MiB better\n",
        "~ 43.6 # 639 to 830 MiB ",
        "\nonnxruntime: others disturbed a run that counts\n",
        "\nmetacall: skipped: needs library:metacall, which is not installed\n",
        "\nopenvino: failed: signal 11 ended the command\n",
        "\nout-of-order: wrong: 41 labels are others than the reference's, from line 17\n on\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text, lines[i])) fail_msg("missing: %s in:\n%s", lines[i], text);
    cuvee__buffer_deinit(&out.bytes);
    json_decref(results);
}

static void test_github(void **state)
{
    (void)state;
    json_t *results = make_results(6), *list, *entry;
    struct sink out = {0};
    size_t i, n = 0;
    assert_int_equal(cuvee__report_github(results, &out, NULL), CUVEE_OK);
    list = json_loads(text_of(&out), 0, NULL);
    assert_true(json_is_array(list));
    json_array_foreach(list, i, entry)
    {
        double value = 0, expected = 0;
        assert_true(*cuvee__json_text_at(entry, "name") && *cuvee__json_text_at(entry, "unit"));
        assert_true(cuvee__json_number_at(entry, "value", &value) && value > 0);
        if (strcmp(cuvee__json_text_at(entry, "name"), "native-int8: time") != 0) continue;
        const json_t *arm;
        size_t k;
        json_array_foreach(cuvee__json_at(results, "summary.arms"), k, arm)
        {
            if (strcmp(cuvee__json_text_at(arm, "arm"), "native-int8") == 0)
                cuvee__json_number_at(arm, "wall_s.median", &expected);
        }
        assert_true(fabs(value - expected) < 1e-9);
        n++;
    }
    assert_int_equal(n, 1);
    json_decref(list);
    cuvee__buffer_deinit(&out.bytes);
    json_decref(results);
}

/* ---- results that are not as they should be ---- */

static void make_all(const json_t *results)
{
    struct sink out;
    cuvee_error err;
    make_page(results, NULL, &out);
    free_page(&out);
    out = (struct sink){.rc = CUVEE_OK};
    assert_int_equal(cuvee__report_markdown(results, &out, &err), CUVEE_OK);
    assert_int_equal(cuvee__report_github(results, &out, &err), CUVEE_OK);
    const struct report_terminal t = {80, true, true};
    assert_int_equal(cuvee__report_terminal(results, &t, &out, &err), CUVEE_OK);
    cuvee__buffer_deinit(&out.bytes);
}

/* Each value in turn is something else; of long lists the first. */
static size_t replace_each(json_t *root, json_t *at, int depth)
{
    static const char *const others[] = {"null", "-1", "1e300", "\"9\"", "[]", "{}", "[[1]]"};
    enum { N_OTHERS = sizeof others / sizeof *others };
    size_t n = 0;
    const bool is_list = json_is_array(at);
    const char *key;
    json_t *value;
    if (depth > 7) return 0;
    const size_t n_members = is_list ? json_array_size(at) : 0;
    for (size_t i = 0; i < n_members && i < 2; i++) {
        json_t *old = json_incref(json_array_get(at, i));
        const char *other = others[(i + (size_t)depth) % N_OTHERS];
        json_array_set_new(at, i, json_loads(other, JSON_DECODE_ANY, NULL));
        make_all(root);
        json_array_set(at, i, old);
        n += 1 + replace_each(root, old, depth + 1);
        json_decref(old);
    }
    if (!json_is_object(at)) return n;
    json_t *keys = json_array();
    json_object_foreach(at, key, value) json_array_append_new(keys, json_string(key));
    for (size_t i = 0; i < json_array_size(keys); i++) {
        key = json_string_value(json_array_get(keys, i));
        json_t *old = json_incref(json_object_get(at, key));
        json_object_set_new(
            at, key, json_loads(others[(i + strlen(key)) % N_OTHERS], JSON_DECODE_ANY, NULL));
        make_all(root);
        json_object_set(at, key, old);
        n += 1 + replace_each(root, old, depth + 1);
        json_decref(old);
    }
    json_decref(keys);
    return n;
}

static void test_any_value_may_be_wrong(void **state)
{
    (void)state;
    json_t *results = make_results(2);
    assert_true(replace_each(results, results, 0) > 400);
    json_t *nothing = json_object();
    make_all(nothing);
    json_decref(nothing);
    json_decref(results);
}

/* A results document says which files are read; none of them is elsewhere. */
static void test_files_elsewhere(void **state)
{
    (void)state;
    json_t *results = make_results(2), *run;
    char path[160];
    struct sink out;
    size_t i;
    snprintf(path, sizeof path, "%s/elsewhere.json", dir);
    json_t *measured = large_measurement();
    assert_int_equal(json_dump_file(measured, path, JSON_COMPACT), 0);
    json_decref(measured);
    static const char *const names[] = {"%s/elsewhere.json", "series/../elsewhere.json", "../x",
                                        "..", ""};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char name[160];
        snprintf(name, sizeof name, names[k], dir);
        json_array_foreach(json_object_get(results, "runs"), i, run) json_object_set_new(
            json_object_get(run, "files"), "measure", json_string(name));
        assert_null(strstr(make_page(results, dir, &out), "Memory over time: "));
        free_page(&out);
    }
    json_array_foreach(json_object_get(results, "runs"), i, run) json_object_set_new(
        json_object_get(run, "files"), "measure", json_string("elsewhere.json"));
    assert_non_null(strstr(make_page(results, dir, &out), "Memory over time: "));
    free_page(&out);
    json_decref(results);
}

/* What was interrupted says so; what cannot be known is not made up. */
static void test_unfinished(void **state)
{
    (void)state;
    json_t *results = make_results(1);
    struct sink out;
    json_object_set_new(results, "state", json_string("interrupted"));
    const char *page = make_page(results, dir, &out);
    assert_non_null(strstr(page, "The experiment was interrupted"));
    assert_non_null(strstr(page, "How far the reference is from itself is not known"));
    assert_null(strstr(page, "its ratio to itself"));
    free_page(&out);
    json_decref(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_needs_nothing_else),
        cmocka_unit_test(test_numbers_of_prose),
        cmocka_unit_test(test_rates_and_prices),
        cmocka_unit_test(test_fewer_items),
        cmocka_unit_test(test_dramatic_ratios),
        cmocka_unit_test(test_one_block),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_github),
        cmocka_unit_test(test_any_value_may_be_wrong),
        cmocka_unit_test(test_files_elsewhere),
        cmocka_unit_test(test_unfinished),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
