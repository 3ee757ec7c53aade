/* SPDX-License-Identifier: Apache-2.0
 *
 * The plots of an experiment: with names that are long, alike or markup, no two words meet, nothing
 * leaves the picture, tags close, and the same data give the same bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/svg_plots.h"

enum { N = 12, N_DOTS = 8 };

static const char *const names[N] = {
    "python-single",
    "a-name-that-is-a-good-deal-longer-than-any-column-of-labels-has-room-for",
    "a-name-that-is-a-good-deal-longer-than-any-column-of-labels-has-room-FOR",
    "<script>alert(\"x\")</script>",
    "caf\xC3\xA9-\xF0\x9F\x98\x80-\xE6\x9D\xB1\xE4\xBA\xAC-\xE5\xA4\xA7\xE9\x98\xAA-"
    "and-more-letters",
    "",
    "bad\xFF\x01",
    "native-f32",
    "native-int8",
    "native-8proc",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "a & b"};

static const char *text_of(struct sink *m)
{
    assert_int_equal(m->rc, CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&m->bytes, '\0'), CUVEE_OK);
    return m->bytes.ptr;
}

/* ---- the pictures ---- */

static void draw_dots(struct sink *out, const struct svg_heading *h)
{
    static struct svg_dot dots[N][N_DOTS];
    struct svg_dot_row rows[N];
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < N_DOTS; k++)
            dots[i][k] = (struct svg_dot){k * N + (i * 5 + k) % N,
                                          1 + 0.01 * ((i + k * 7) % 5 - 2) + (i == 3 && k == 2),
                                          (enum svg_dot_kind)((i + k) % 3), "a \"run\""};
        rows[i] = (struct svg_dot_row){names[i], "1234 items/s", dots[i], N_DOTS, i};
    }
    cuvee__svg_dots(out, h, rows, N);
}

static void draw_forest(struct sink *out, const struct svg_heading *h)
{
    struct svg_ratio rows[N];
    for (int i = 0; i < N; i++) {
        const double x = pow(10, i / 3.0 - 2);
        rows[i] = (struct svg_ratio){names[i],
                                     "0.0123 (0.0122 to 0.0124)  indistinguishable",
                                     "tip",
                                     x,
                                     x * 0.9,
                                     x * 1.1,
                                     i};
    }
    rows[4].low = 1;
    rows[4].high = 0;
    cuvee__svg_forest(out, h, rows, N, 0.99, 1.01);
}

/* Many in one place: the labels must find room elsewhere. */
static void draw_scatter(struct sink *out, const struct svg_heading *h)
{
    struct svg_place places[N];
    for (int i = 0; i < N; i++) {
        const double x = i < 8 ? 1000 + i : 50 * i, y = i < 8 ? 40 + 0.1 * i : 300 - i;
        places[i] =
            (struct svg_place){names[i], "tip", x, x * 0.9, x, y, y * 0.99, y * 1.01, i > 9, i};
    }
    cuvee__svg_scatter(out, h, places, N, "MiB", "items/s");
}

static void draw_cdf(struct sink *out, const struct svg_heading *h)
{
    static double ms[N][1000];
    struct svg_sample samples[N];
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < 1000; k++) ms[i][k] = (i % 3 + 1) * (5 + k * 0.02) + (k > 990) * 100;
        samples[i] = (struct svg_sample){names[i], ms[i], i == 2 ? 3 : 1000, i};
    }
    cuvee__svg_cdf(out, h, samples, N, "ms");
}

static double parabola(const void *figures, double x)
{
    (void)figures;
    return 40 - x * x;
}

static void draw_curve(struct sink *out, const struct svg_heading *h)
{
    static struct svg_step steps[4][5];
    struct svg_steps curves[4];
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 5; k++)
            steps[i][k] = (struct svg_step){k + 1, 40 - k * 2 - i * 0.1, 38 - k * 2, 42 - k * 2,
                                            k == 2 ? (double)NAN : 1000.0 * k * k};
        curves[i] = (struct svg_steps){.label = names[i],
                                       .steps = steps[i],
                                       .n = 5,
                                       .series = i,
                                       .law = i ? parabola : NULL};
    }
    cuvee__svg_curve(out, h, curves, 4, "workers", "items/s", "involuntary switches");
}

static void draw_gantt(struct sink *out, const struct svg_heading *h)
{
    static const char *const phases[] = {"runtime and imports", "model", "first result", "work"};
    struct svg_phases rows[N];
    for (int i = 0; i < N; i++)
        rows[i] = (struct svg_phases){
            names[i], "223 s, ready after 31.0 s",
            {i == 1 ? (double)NAN : 0.1 * i, 0.2 * i, 0.3 * i, i == 5 ? 220 : 0.4 * i}};
    cuvee__svg_gantt(out, h, phases, rows, N);
}

static void draw_groups(struct sink *out, const struct svg_heading *h)
{
    static const char *const methods[] = {"own heap", "RSS of the parent", "ru_maxrss",
                                          "sum of RSS"};
    struct svg_group groups[N];
    for (int i = 0; i < N; i++)
        groups[i] = (struct svg_group){names[i],
                                       "1000 to 1004 MiB",
                                       100.0 * i,
                                       110.0 * i,
                                       {i % 2 ? (double)NAN : 9, 50 * i, 70 * i, 300 * i},
                                       {"9.00 MiB", "123 MiB", "456 MiB", "789 MiB"}};
    cuvee__svg_groups(out, h, methods, groups, N);
}

static void (*const pictures[])(struct sink *, const struct svg_heading *) = {
    draw_dots, draw_forest, draw_scatter, draw_cdf, draw_curve, draw_gantt, draw_groups};
enum { N_PICTURES = sizeof pictures / sizeof *pictures };

/* ---- reading them ---- */

struct word {
    double left, right, top, bottom;
    char text[256];
};

static double attribute(const char *tag, const char *name)
{
    char key[32];
    snprintf(key, sizeof key, " %s=\"", name);
    const char *at = strstr(tag, key);
    return at ? strtod(at + strlen(key), NULL) : NAN;
}

/* Characters, an escape as one. */
static double n_characters(const char *text)
{
    int n = 0;
    for (; *text; text++) {
        if (((unsigned char)*text & 0xC0) == 0x80) continue;
        n++;
        if (*text == '&') text += strcspn(text, ";");
    }
    return n;
}

static size_t read_words(const char *svg, struct word *words, size_t room)
{
    size_t n = 0;
    for (const char *at = svg; (at = strstr(at, "<text")) && n < room; at += 5) {
        const char *text = strchr(at, '>') + 1;
        char tag[256];
        struct word *w = &words[n];
        snprintf(tag, sizeof tag, "%.*s", (int)(text - at), at);
        snprintf(w->text, sizeof w->text, "%.*s", (int)(strstr(text, "</text>") - text), text);
        /* 12 px system-ui letters are 6 px wide on average, those of class small 5. */
        const bool is_small = strstr(tag, "\"small\"") != NULL;
        const double width = n_characters(w->text) * (is_small ? 5 : 6);
        const double x = attribute(tag, "x"), y = attribute(tag, "y");
        w->left = strstr(tag, "\"end\"")      ? x - width
                  : strstr(tag, "\"middle\"") ? x - width / 2
                                              : x;
        w->right = w->left + width;
        w->top = y - (is_small ? 8 : 9);
        w->bottom = y + (is_small ? 1 : 2);
        n++;
    }
    return n;
}

static void test_words_do_not_meet(void **state)
{
    (void)state;
    static struct word words[512];
    for (size_t p = 0; p < N_PICTURES; p++) {
        struct sink m = {0};
        pictures[p](&m, &(struct svg_heading){"title", "description", true});
        const char *svg = text_of(&m);
        const size_t n = read_words(svg, words, 512);
        const double width = attribute(svg, "width"), height = attribute(svg, "height");
        assert_true(n >= 8);
        for (size_t i = 0; i < n; i++) {
            const struct word *a = &words[i];
            if (a->left < -1 || a->right > width + 1 || a->top < -1 || a->bottom > height + 1)
                fail_msg("picture %zu: \"%s\" leaves it", p, a->text);
            for (size_t k = 0; k < i; k++) {
                const struct word *b = &words[k];
                if (*a->text && *b->text && a->left < b->right && b->left < a->right &&
                    a->top < b->bottom && b->top < a->bottom)
                    fail_msg("picture %zu: \"%s\" and \"%s\" meet", p, a->text, b->text);
            }
        }
        cuvee__buffer_deinit(&m.bytes);
    }
}

/* As an XML reader would: tags close in order, attributes have quotes, nothing raw. */
static void check_tags(const char *at)
{
    char open[32][16];
    int depth = 0;
    at = strstr(at, "<svg");
    assert_non_null(at);
    while (*at) {
        if (*at == '&') assert_true(strspn(at + 1, "abcdefghijklmnopqrstuvwxyz#0123456789") > 1);
        if (*at != '<') {
            at++;
            continue;
        }
        const char *end = strchr(at, '>');
        assert_non_null(end);
        size_t quotes = 0;
        for (const char *q = at; q < end; q++) {
            quotes += *q == '"';
            assert_true(q == at || *q != '<');
        }
        assert_true(quotes % 2 == 0);
        char name[16];
        const bool closes = at[1] == '/';
        const char *begin = at + 1 + closes;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, " />\n"), begin);
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
        } else if (end[-1] != '/') {
            assert_true(depth < 32);
            snprintf(open[depth++], sizeof open[0], "%s", name);
        }
        at = end + 1;
    }
    assert_int_equal(depth, 0);
}

static void test_markup(void **state)
{
    (void)state;
    for (size_t p = 0; p < N_PICTURES; p++) {
        struct sink m = {0}, again = {0};
        const struct svg_heading h = {"<title> & \"more\"", "what is <seen>", false};
        pictures[p](&m, &h);
        pictures[p](&again, &h);
        const char *svg = text_of(&m);
        assert_string_equal(svg, text_of(&again));
        assert_non_null(strstr(svg, "<title>&lt;title&gt; &amp; &quot;more&quot;</title>"));
        assert_non_null(strstr(svg, "<desc>what is &lt;seen&gt;</desc>"));
        assert_null(strstr(svg, "<script"));
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "inf\""));
        assert_null(strstr(svg, "http"));
        check_tags(svg);
        cuvee__buffer_deinit(&m.bytes);
        cuvee__buffer_deinit(&again.bytes);
    }
}

/* Series differ in shape or colour as long as there are at most 56. */
static void test_series_differ(void **state)
{
    (void)state;
    static char seen[56][160];
    for (int i = 0; i < 56; i++) {
        struct sink m = {0};
        cuvee__svg_marker(&m, i, SVG_MARKER_FULL, 0, 0, NULL);
        snprintf(seen[i], sizeof seen[0], "%s", text_of(&m));
        for (int k = 0; k < i; k++) assert_string_not_equal(seen[i], seen[k]);
        cuvee__buffer_deinit(&m.bytes);
    }
}

static void test_scales(void **state)
{
    (void)state;
    double ticks[CUVEE__SVG_TICKS];
    struct svg_scale s = cuvee__svg_linear(0, 223, 100, 200, 8);
    assert_true(cuvee__svg_at(&s, 0) == 100 && cuvee__svg_at(&s, 223) == 200);
    assert_int_equal(cuvee__svg_ticks(&s, ticks), 5);
    assert_true(ticks[0] == 0 && !signbit(ticks[0]) && ticks[4] == 200);
    s = cuvee__svg_log_if(10, 40, 5000, 0, 100, 8);
    assert_true(s.is_log && cuvee__svg_at(&s, 40) == 0 && cuvee__svg_at(&s, 5000) == 100);
    assert_int_equal(cuvee__svg_ticks(&s, ticks), 7); /* 50 100 200 500 1000 2000 5000 */
    assert_true(fabs(ticks[0] - 50) < 1e-9 && fabs(ticks[6] - 5000) < 1e-6);
    s = cuvee__svg_log_if(10, 40, 300, 0, 100, 8);
    assert_true(!s.is_log && s.low == 0);
    s = cuvee__svg_log_if(10, 0, 300, 0, 100, 8);
    assert_false(s.is_log);
    /* What no scale can show is at its beginning, not anywhere. */
    s = cuvee__svg_linear(0, NAN, 0, 100, 8);
    assert_true(isfinite(cuvee__svg_at(&s, 1)) && isfinite(cuvee__svg_at(&s, NAN)));
}

static void test_spread(void **state)
{
    (void)state;
    double at[] = {10, 11, 12, 90, 99};
    cuvee__svg_spread_labels(at, 5, 0, 100);
    for (int i = 1; i < 5; i++) assert_true(at[i] - at[i - 1] >= CUVEE__SVG_LINE_PX - 1e-9);
    assert_true(at[0] == 10 && at[4] <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_do_not_meet), cmocka_unit_test(test_markup),
        cmocka_unit_test(test_series_differ),     cmocka_unit_test(test_scales),
        cmocka_unit_test(test_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
