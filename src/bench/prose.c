/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/prose.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "report/markup.h"

/* ---- numbers ---- */

/* Three digits, or as many as stand before the point. */
static const char *three_digits(double x, const char *unit, char *text, size_t room)
{
    static const struct {
        double below;
        int decimals;
    } steps[] = {{0.0009995, 5}, {0.09995, 4}, {0.9995, 3}, {9.995, 2}, {99.95, 1}};
    const double size = fabs(x);
    int decimals = 0;
    for (size_t i = sizeof steps / sizeof *steps; i > 0 && size < steps[i - 1].below; i--)
        decimals = steps[i - 1].decimals;
    if (x == 0) decimals = 0;
    snprintf(text, room, "%.*f%s", decimals, x, unit);
    return text;
}

static const char *format_seconds(double s, char *text, size_t room)
{
    if (s == 0) return three_digits(s, " s", text, room);
    if (fabs(s) < 0.9995e-3) return three_digits(s * 1e6, " µs", text, room);
    if (fabs(s) < 0.9995) return three_digits(s * 1e3, " ms", text, room);
    if (fabs(s) < 600) return three_digits(s, " s", text, room);
    if (fabs(s) < 3 * 3600) return three_digits(s / 60, " min", text, room);
    return three_digits(s / 3600, " h", text, room);
}

/* Groups of three digits where there are more than four. */
static const char *format_count(double x, char *text, size_t room)
{
    char digits[CUVEE__PROSE_SHOWN];
    snprintf(digits, sizeof digits, "%.0f", x);
    const size_t n = strlen(digits), sign = digits[0] == '-';
    size_t to = 0;
    for (size_t i = 0; i < n && to + 2 < room; i++) {
        if (n - sign > 4 && i > sign && (n - i) % 3 == 0) text[to++] = ',';
        text[to++] = digits[i];
    }
    text[to] = '\0';
    return text;
}

static const char *format_bytes(double bytes, char *text, size_t room)
{
    const double mib = bytes / 1048576;
    if (fabs(mib) < 4095.5) return three_digits(mib, " MiB", text, room);
    return three_digits(mib / 1024, " GiB", text, room);
}

static const char *format_percent(double share, char *text, size_t room)
{
    const double percent = 100 * share;
    const double size = fabs(percent);
    snprintf(text, room, "%.*f %%", size < 0.995 ? 2 : size < 99.95 ? 1 : 0, percent);
    return text;
}

const char *cuvee__prose_format(enum prose_unit unit, double x, char *text, size_t room)
{
    switch (unit) {
    case PROSE_COUNT:
        return format_count(x, text, room);
    case PROSE_SECONDS:
        return format_seconds(x, text, room);
    case PROSE_MILLIS:
        return format_seconds(x / 1000, text, room);
    case PROSE_BYTES:
        return format_bytes(x, text, room);
    case PROSE_PER_SECOND:
    case PROSE_RATIO:
        return three_digits(x, "", text, room);
    case PROSE_PERCENT:
        return format_percent(x, text, room);
    case PROSE_PERCENT_OFF:
        return format_percent(fabs(x - 1), text, room);
    case PROSE_SCORE:
        snprintf(text, room, "%.2g", x);
        return text;
    }
    return "";
}

/* A number, or the length of a list. */
static bool plain_value(const json_t *results, const char *path, double *ret)
{
    const json_t *at = cuvee__json_at(results, path);
    if (json_is_array(at)) {
        *ret = (double)json_array_size(at);
        return true;
    }
    return cuvee__json_number_at(results, path, ret) && isfinite(*ret);
}

bool cuvee__prose_value(const json_t *results, const char *path, double *ret)
{
    char first[CUVEE__PROSE_PATH];
    double a, b;
    const char *sign = strchr(path, ' ');
    if (!sign) return plain_value(results, path, ret);
    const size_t n = (size_t)(sign - path);
    if (n >= sizeof first || (sign[1] != '/' && sign[1] != '-') || sign[2] != ' ') return false;
    memcpy(first, path, n);
    first[n] = '\0';
    if (!plain_value(results, first, &a) || !plain_value(results, sign + 3, &b)) return false;
    if (sign[1] == '-')
        *ret = a - b;
    else if (b != 0)
        *ret = a / b;
    else
        return false;
    return true;
}

/* ---- words ---- */

/* A digit after a letter belongs to a word. */
static bool has_number(const char *words)
{
    bool in_word = false;
    for (; *words; words++) {
        const unsigned char c = (unsigned char)*words;
        if (isdigit(c) && !in_word) return true;
        in_word = isalpha(c) || c >= 0x80 || (in_word && (isdigit(c) || c == '-'));
    }
    return false;
}

static void fail(struct prose *p, int rc)
{
    if (p->out->rc == CUVEE_OK) p->out->rc = rc;
}

static void put_words(struct prose *p, const char *words)
{
    if (p->form == PROSE_HTML)
        cuvee__markup_text(p->out, words);
    else if (p->form == PROSE_MARKDOWN)
        cuvee__markup_markdown(p->out, words);
    else
        sink_put_str(p->out, words);
}

void cuvee__prose_text(struct prose *p, const char *words)
{
    if (has_number(words)) fail(p, CUVEE_E_ARGUMENT);
    put_words(p, words);
}

static void put_number(struct prose *p, const char *path, double x, const char *shown)
{
    if ((p->from && json_array_append_new(p->from, json_string(path)) < 0) ||
        (p->at && json_array_append_new(p->at, json_pack("[i,i]", (int)p->out->bytes.len,
                                                         (int)strlen(shown))) < 0))
        fail(p, CUVEE_E_NOMEM);
    if (p->form == PROSE_HTML) {
        cuvee__markup_printf(p->out, "<data value=\"%.17g\" title=\"", x);
        cuvee__markup_text(p->out, path);
        sink_put_str(p->out, "\">");
    }
    put_words(p, shown);
    if (p->form == PROSE_HTML) sink_put_str(p->out, "</data>");
}

/* False: the path is too long. */
__attribute__((format(printf, 3, 0))) static bool print_path(struct prose *p, char *path,
                                                             const char *fmt, va_list ap)
{
    const int n = vsnprintf(path, CUVEE__PROSE_PATH, fmt, ap);
    if (n >= 0 && n < CUVEE__PROSE_PATH) return true;
    fail(p, CUVEE_E_LIMIT);
    return false;
}

bool cuvee__prose_number(struct prose *p, enum prose_unit unit, const char *path, ...)
{
    char at[CUVEE__PROSE_PATH], shown[CUVEE__PROSE_SHOWN];
    double x;
    va_list ap;
    va_start(ap, path);
    const bool is_whole = print_path(p, at, path, ap);
    va_end(ap);
    if (!is_whole || !cuvee__prose_value(p->results, at, &x)) {
        put_words(p, "not known");
        return false;
    }
    put_number(p, at, x, cuvee__prose_format(unit, x, shown, sizeof shown));
    return true;
}

bool cuvee__prose_range(struct prose *p, enum prose_unit unit, bool between, const char *low,
                        const char *high)
{
    char first[CUVEE__PROSE_SHOWN], second[CUVEE__PROSE_SHOWN];
    double a, b;
    if (cuvee__prose_value(p->results, low, &a) && cuvee__prose_value(p->results, high, &b) &&
        strcmp(cuvee__prose_format(unit, a, first, sizeof first),
               cuvee__prose_format(unit, b, second, sizeof second)) == 0)
        return cuvee__prose_number(p, unit, "%s", high);
    if (between) cuvee__prose_text(p, "between ");
    const bool has_low = cuvee__prose_number(p, unit, "%s", low);
    cuvee__prose_text(p, between ? " and " : " to ");
    return cuvee__prose_number(p, unit, "%s", high) && has_low;
}

bool cuvee__prose_name(struct prose *p, const char *path, ...)
{
    char at[CUVEE__PROSE_PATH];
    va_list ap;
    va_start(ap, path);
    const bool is_whole = print_path(p, at, path, ap);
    va_end(ap);
    const char *name = is_whole ? cuvee__json_text_at(p->results, at) : "";
    if (!*name) return false;
    if (p->form == PROSE_HTML) {
        sink_put_str(p->out, "<span class=\"name\" title=\"");
        cuvee__markup_text(p->out, at);
        sink_put_str(p->out, "\">");
    }
    put_words(p, name);
    if (p->form == PROSE_HTML) sink_put_str(p->out, "</span>");
    return true;
}

void cuvee__prose_published(struct prose *p, const char *figure)
{
    if (p->form == PROSE_HTML) sink_put_str(p->out, "<span class=\"published\">");
    put_words(p, figure);
    if (p->form == PROSE_HTML) sink_put_str(p->out, "</span>");
}

/* ---- templates ---- */

/* What stands within braces. */
static bool put_field(struct prose *p, const char *unit, const char *path)
{
    static const char *const units[] = {
        [PROSE_COUNT] = "count",         [PROSE_SECONDS] = "s",       [PROSE_MILLIS] = "ms",
        [PROSE_BYTES] = "bytes",         [PROSE_PER_SECOND] = "per_s", [PROSE_RATIO] = "ratio",
        [PROSE_PERCENT] = "percent",     [PROSE_PERCENT_OFF] = "off", [PROSE_SCORE] = "score"};
    if (strcmp(unit, "name") == 0) return cuvee__prose_name(p, "%s", path);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i]) == 0)
            return cuvee__prose_number(p, (enum prose_unit)i, "%s", path);
    fail(p, CUVEE_E_ARGUMENT);
    return false;
}

bool cuvee__prose_say(struct prose *p, const char *template, ...)
{
    char text[2048];
    bool is_known = true;
    va_list ap;
    va_start(ap, template);
    const int n = vsnprintf(text, sizeof text, template, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text) {
        fail(p, CUVEE_E_LIMIT);
        return false;
    }
    for (char *at = text; *at;) {
        char *open = strchr(at, '{'), *end = open ? strchr(open, '}') : NULL;
        char *path = end ? strchr(open, ' ') : NULL;
        if (open && (!path || path > end)) fail(p, CUVEE_E_ARGUMENT);
        if (!path || path > end) {
            cuvee__prose_text(p, at);
            break;
        }
        *open = *path = *end = '\0';
        cuvee__prose_text(p, at);
        is_known &= put_field(p, open + 1, path + 1);
        at = end + 1;
    }
    return is_known;
}

/* ---- sentences ---- */

int cuvee__prose_begin(struct prose_sentence *s, const json_t *results, cuvee_error *err)
{
    *s = (struct prose_sentence){.prose = {.results = results, .form = PROSE_PLAIN}};
    s->prose.out = &s->sink;
    s->prose.from = json_array();
    s->prose.at = json_array();
    if (s->prose.from && s->prose.at) return CUVEE_OK;
    cuvee__prose_deinit(s);
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a sentence");
}

void cuvee__prose_deinit(struct prose_sentence *s)
{
    json_decref(s->prose.from);
    json_decref(s->prose.at);
    cuvee__buffer_deinit(&s->sink.bytes);
    *s = (struct prose_sentence){.prose = {.form = PROSE_PLAIN}};
}

int cuvee__prose_end(struct prose_sentence *s, json_t **ret, cuvee_error *err)
{
    const int rc = s->sink.rc;
    json_t *sentence =
        rc == CUVEE_OK
            ? json_pack("{s:s%, s:O, s:O}", "text", s->sink.bytes.len ? s->sink.bytes.ptr : "",
                        s->sink.bytes.len, "from", s->prose.from, "at", s->prose.at)
            : NULL;
    cuvee__prose_deinit(s);
    if (rc == CUVEE_E_ARGUMENT)
        return cuvee__fail(err, rc, "a sentence has a number that is not from the results");
    if (!sentence)
        return cuvee__fail(err, rc < 0 ? rc : CUVEE_E_NOMEM, "a sentence could not be written");
    *ret = sentence;
    return CUVEE_OK;
}

/* A piece of a text as words. */
static void put_piece(struct prose *p, const char *text, size_t n)
{
    char *copy = cuvee__strndup(text, n);
    if (copy)
        put_words(p, copy);
    else
        fail(p, CUVEE_E_NOMEM);
    cuvee__free(copy);
}

/* Between the places of the numbers are words. The places may be anything: the document is read. */
bool cuvee__prose_put_sentence(struct prose *p, const char *path)
{
    const json_t *sentence = cuvee__json_at(p->results, path);
    const json_t *from = json_object_get(sentence, "from"), *at = json_object_get(sentence, "at");
    const char *text = json_string_value(json_object_get(sentence, "text"));
    if (!text) return false;
    size_t done = 0;
    const size_t len = strlen(text);
    for (size_t i = 0; i < json_array_size(at); i++) {
        const json_t *place = json_array_get(at, i);
        const json_int_t begin = json_integer_value(json_array_get(place, 0));
        const json_int_t n = json_integer_value(json_array_get(place, 1));
        const char *number_from = json_string_value(json_array_get(from, i));
        char shown[CUVEE__PROSE_SHOWN];
        double x;
        if (begin < (json_int_t)done || begin > (json_int_t)len || n <= 0 ||
            n > (json_int_t)len - begin || n >= (json_int_t)sizeof shown || !number_from ||
            !cuvee__prose_value(p->results, number_from, &x))
            continue;
        put_piece(p, text + done, (size_t)begin - done);
        memcpy(shown, text + begin, (size_t)n);
        shown[n] = '\0';
        put_number(p, number_from, x, shown);
        done = (size_t)(begin + n);
    }
    put_piece(p, text + done, len - done);
    return true;
}
