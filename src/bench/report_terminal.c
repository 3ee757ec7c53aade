/* SPDX-License-Identifier: Apache-2.0
 *
 * A table for a terminal: columns that matter most first, as many as there is room for; names are
 * shortened before a column is left out. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/json_at.h"
#include "base/utf8.h"
#include "bench/report.h"
#include "bench/report_parts.h"

enum { BAR = 10, MIN_NAME = 12, GOOD_NAME = 20, MAX_NAME = 28, GAP = 2 };
enum { MAX_COLUMNS = REPORT_COLUMNS };

struct table {
    struct report r;
    const struct report_terminal *t;
    size_t rows[REPORT_MAX_ARMS], n_rows; /* indexes of arms */
    enum report_column columns[MAX_COLUMNS];
    size_t widths[MAX_COLUMNS], n_columns, name_width;
    bool has_bar; /* after the first column */
    double most;  /* of the bars */
};

/* ---- text ---- */

/* Columns, of characters that take one each. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void put_spaces(struct sink *out, size_t n)
{
    while (n--) sink_put_char(out, ' ');
}

/* Exactly so wide; what is longer ends in "~" or an ellipsis. Control characters become '?'. */
static void put_fitted(struct table *t, const char *text, size_t width, bool at_right)
{
    struct sink *out = t->r.out;
    const size_t n = width_of(text);
    if (at_right && n < width) put_spaces(out, width - n);
    size_t put = 0;
    for (const char *at = text; *at && put < width;) {
        size_t len;
        const uint32_t c = cuvee__utf8_decode(at, strlen(at), &len);
        if (n > width && put + 1 == width)
            sink_put_str(out, t->t->is_utf8 ? "\xE2\x80\xA6" : "~");
        else if (c < 0x20 || c == 0x7F || c == CUVEE__INVALID_UTF8 || (!t->t->is_utf8 && c > 0x7F))
            sink_put_char(out, '?');
        else
            sink_put(out, at, len);
        at += len;
        put++;
    }
    if (!at_right && put < width) put_spaces(out, width - put);
}

static void put_style(struct table *t, const char *code)
{
    if (t->t->has_colour) sink_put_str(t->r.out, code);
}

/* Words of as many lines as they need. */
static void put_wrapped(struct table *t, const char *text, size_t indent)
{
    struct sink *out = t->r.out;
    const size_t width = t->t->width > indent + 10 ? t->t->width - indent : 10;
    size_t at_column = 0;
    while (*text) {
        const size_t len = strcspn(text, " \n");
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)cuvee__min(len, sizeof word - 1), text);
        const size_t n = cuvee__min(width_of(word), width);
        if (at_column && at_column + 1 + n > width) {
            sink_put_char(out, '\n');
            put_spaces(out, indent);
            at_column = 0;
        } else if (at_column) {
            sink_put_char(out, ' ');
            at_column++;
        }
        put_fitted(t, word, n, false);
        at_column += n;
        text += len + strspn(text + len, " \n");
    }
    sink_put_char(out, '\n');
}

/* Of a share of the largest, in eighths of a block. */
static void put_bar(struct table *t, double share)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (!(share > 0)) share = 0;
    size_t n = (size_t)(share * BAR * 8 + 0.5);
    n = cuvee__min(n, BAR * 8);
    size_t put = n / 8;
    put_style(t, "\033[36m");
    for (size_t i = 0; i < n / 8; i++) sink_put_str(t->r.out, t->t->is_utf8 ? "█" : "#");
    if (t->t->is_utf8 && n % 8) {
        sink_put_str(t->r.out, eighths[n % 8]);
        put++;
    }
    put_style(t, "\033[0m");
    put_spaces(t->r.out, BAR - put);
}

/* ---- which columns ---- */

static const char *heading_of(enum report_column column)
{
    const char *heading = cuvee__report_headings[column];
    return heading + (*heading == '>');
}

static size_t width_of_column(const struct table *t, enum report_column column)
{
    char text[REPORT_CELL];
    size_t width = width_of(heading_of(column));
    for (size_t i = 0; i < t->n_rows; i++)
        width = cuvee__max(
            width, width_of(cuvee__report_cell(&t->r, &t->r.arms[t->rows[i]], column, text)));
    return width;
}

/* The bar comes with the first column if there is room for two more and it is the speed. */
static void choose(struct table *t, const enum report_column *wanted, size_t n_wanted)
{
    size_t longest = 3, used = 0;
    t->n_columns = 0;
    t->has_bar = false;
    for (size_t i = 0; i < t->n_rows; i++)
        longest = cuvee__max(longest, width_of(t->r.arms[t->rows[i]].name));
    longest = cuvee__min(longest, MAX_NAME);
    const size_t least = cuvee__min(longest, t->t->width < 80 ? MIN_NAME : GOOD_NAME);
    for (size_t i = 0; i < n_wanted; i++) {
        if (!cuvee__report_has_column(&t->r, wanted[i])) continue;
        const size_t width = width_of_column(t, wanted[i]);
        const size_t bar = wanted[i] == REPORT_ITEMS ? GAP + BAR : 0;
        if (least + used + GAP + width + bar > t->t->width) {
            if (bar) continue;
            break;
        }
        t->columns[t->n_columns] = wanted[i];
        t->widths[t->n_columns++] = width;
        used += GAP + width + bar;
        t->has_bar |= bar > 0;
    }
    const size_t left = t->t->width > used ? t->t->width - used : least;
    t->name_width = cuvee__max(least, cuvee__min(longest, left));
}

/* ---- the parts ---- */

static void put_row(struct table *t, const char *name, const struct report_arm *a)
{
    put_fitted(t, name, t->name_width, false);
    for (size_t i = 0; i < t->n_columns; i++) {
        char text[REPORT_CELL];
        double x = 0;
        const enum report_column c = t->columns[i];
        put_spaces(t->r.out, GAP);
        const char *cell = a ? cuvee__report_cell(&t->r, a, c, text) : heading_of(c);
        const bool is_verdict = a && c == REPORT_VERDICT;
        if (is_verdict && strcmp(cell, "better") == 0) put_style(t, "\033[32m");
        if (is_verdict && strcmp(cell, "worse") == 0) put_style(t, "\033[31m");
        put_fitted(t, cell, t->widths[i], c != REPORT_VERDICT);
        if (is_verdict) put_style(t, "\033[0m");
        if (i || !t->has_bar) continue;
        put_spaces(t->r.out, GAP);
        if (a) cuvee__report_number(&t->r, &x, "summary.arms.%zu.items_per_s.median", a->sum);
        if (a)
            put_bar(t, t->most > 0 ? x / t->most : 0);
        else
            put_spaces(t->r.out, BAR);
    }
    /* No blanks at the end of a line. */
    struct buffer *b = &t->r.out->bytes;
    while (b->len && b->ptr[b->len - 1] == ' ') b->len--;
    sink_put_char(t->r.out, '\n');
}

static void put_table(struct table *t, const enum report_column *wanted, size_t n_wanted)
{
    choose(t, wanted, n_wanted);
    put_style(t, "\033[1m");
    put_row(t, "arm", NULL);
    put_style(t, "\033[0m");
    for (size_t i = 0; i < t->n_rows; i++)
        put_row(t, t->r.arms[t->rows[i]].name, &t->r.arms[t->rows[i]]);
}

/* What callers wait, where that was measured. */
static void put_waits(struct table *t)
{
    struct sink words = {0};
    struct prose p = {.results = t->r.results, .out = &words, .form = PROSE_PLAIN};
    if (cuvee__report_put_waits_words(&t->r, &p)) {
        sink_put_char(&words, '\0');
        sink_put_char(t->r.out, '\n');
        if (words.rc == CUVEE_OK)
            put_wrapped(t, words.bytes.ptr, 0);
        else if (t->r.out->rc == CUVEE_OK)
            t->r.out->rc = words.rc;
        put_table(t, cuvee__report_waits, REPORT_WAITS);
    }
    cuvee__buffer_deinit(&words.bytes);
}

static void put_sentences(struct table *t)
{
    static const char *const paths[] = {"sentences.question.text", "sentences.verdict.text",
                                        "sentences.caveat.text"};
    for (size_t i = 0; i < 3; i++) {
        const char *text = cuvee__report_text(&t->r, "%s", paths[i]);
        if (!*text) continue;
        if (i == 1) put_style(t, "\033[1m");
        put_wrapped(t, text, 0);
        if (i == 1) put_style(t, "\033[0m");
    }
    sink_put_char(t->r.out, '\n');
}

static void put_note(struct table *t, const char *name, const char *status, const char *why)
{
    char text[1024];
    snprintf(text, sizeof text, "%.128s: %.64s%s%.700s", name, status, *why ? ": " : "", why);
    put_wrapped(t, text, 2);
}

static void put_unsteady(struct table *t, const struct report_arm *a)
{
    struct sink text = {0};
    struct prose p = {.results = t->r.results, .out = &text, .form = PROSE_PLAIN};
    if (cuvee__report_put_unsteady(&t->r, a, &p)) {
        while (text.bytes.len && text.bytes.ptr[text.bytes.len - 1] == ' ') text.bytes.len--;
        sink_put_char(&text, '\0');
        if (text.rc == CUVEE_OK) put_note(t, a->name, "not steady", text.bytes.ptr);
    }
    if (text.rc < 0 && t->r.out->rc == CUVEE_OK) t->r.out->rc = text.rc;
    cuvee__buffer_deinit(&text.bytes);
}

static void put_notes(struct table *t)
{
    double low, high, limit;
    if (cuvee__report_number(&t->r, &low, "summary.floor.low") &&
        cuvee__report_number(&t->r, &high, "summary.floor.high") &&
        cuvee__report_number(&t->r, &limit, "summary.floor.limit")) {
        char text[240], a[CUVEE__PROSE_SHOWN], b[CUVEE__PROSE_SHOWN], c[CUVEE__PROSE_SHOWN];
        snprintf(text, sizeof text,
                 "A/A: the reference against itself is between %s and %s; an interval that comes "
                 "within %s of equal shows no difference",
                 cuvee__prose_format(PROSE_RATIO, low, a, sizeof a),
                 cuvee__prose_format(PROSE_RATIO, high, b, sizeof b),
                 cuvee__prose_format(PROSE_PERCENT_OFF, limit, c, sizeof c));
        sink_put_char(t->r.out, '\n');
        put_wrapped(t, text, 0);
    }
    for (size_t i = 0; i < t->r.n_arms; i++) {
        const struct report_arm *a = &t->r.arms[i];
        const char *status, *why;
        double n = 0;
        if (*a->skipped) put_note(t, a->name, "skipped", a->skipped);
        if (cuvee__report_is_unreached(&t->r, a))
            put_note(t, a->name, "no run", CUVEE__REPORT_UNREACHED);
        for (size_t at = 0; cuvee__report_next_failure(&t->r, a, &at, &status, &why);)
            put_note(t, a->name, status, why);
        if (a->has_runs && cuvee__report_number(&t->r, &n, "summary.arms.%zu.n_flagged", a->sum) &&
            n > 0)
            put_note(t, a->name, "others disturbed a run that counts", "");
        put_unsteady(t, a);
    }
}

int cuvee__report_terminal(const json_t *results, const struct report_terminal *terminal,
                           struct sink *out, cuvee_error *err)
{
    static const enum report_column wanted[] = {
        REPORT_ITEMS, REPORT_PEAK,  REPORT_VERDICT, REPORT_RATIO,  REPORT_WALL,
        REPORT_CORES, REPORT_PRICE, REPORT_LOAD,    REPORT_DIFFER, REPORT_ACCURACY,
        REPORT_P99,   REPORT_CPU,   REPORT_P50,     REPORT_TOKENS, REPORT_HOUR};
    struct table t = {.t = terminal};
    cuvee__report_init(&t.r, results, NULL, out);
    for (size_t i = 0; i < t.r.n_arms; i++) {
        const struct report_arm *a = &t.r.arms[i];
        double x;
        if (!a->has_runs) continue;
        t.rows[t.n_rows++] = i;
        if (cuvee__report_number(&t.r, &x, "summary.arms.%zu.items_per_s.median", a->sum) &&
            x > t.most)
            t.most = x;
    }
    put_sentences(&t);
    put_table(&t, wanted, sizeof wanted / sizeof *wanted);
    put_waits(&t);
    put_notes(&t);
    return cuvee__report_end(&t.r, err);
}
