/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables, lists and cards of the page. */
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_files.h"
#include "bench/report_parts.h"
#include "report/html.h"
#include "report/svg_parts.h"

enum { MAX_NAME = 22, HASH_LETTERS = 64 };

/* ---- arms ---- */

static void put_name(struct report *r, struct html_table *t, const struct report_arm *a,
                     bool with_title)
{
    cuvee__html_cell_open(r->out, t);
    sink_put_str(r->out, with_title ? "<span class=\"arm titled\">" : "<span class=\"arm\">");
    sink_put_str(r->out, "<svg class=\"plot\" width=\"16\" height=\"14\" "
                         "viewBox=\"-8 -7 16 14\" aria-hidden=\"true\">");
    cuvee__svg_marker(r->out, a->series, SVG_MARKER_FULL, 0, 0, NULL);
    char shortened[CUVEE__SVG_SHORT];
    cuvee__svg_shorten(a->name, MAX_NAME, shortened);
    sink_put_str(r->out, "</svg> <b title=\"");
    cuvee__markup_text(r->out, a->name);
    sink_put_str(r->out, "\">");
    cuvee__markup_text(r->out, shortened);
    sink_put_str(r->out, "</b>");
    if (with_title && *a->title) {
        sink_put_str(r->out, "<span class=\"soft\">");
        cuvee__markup_text(r->out, a->title);
        sink_put_str(r->out, "</span>");
    }
    sink_put_str(r->out, "</span>");
    cuvee__html_cell_close(r->out, t);
}

static void put_verdict(struct report *r, struct html_table *t, const char *verdict)
{
    static const char *const known[] = {"better", "worse", "reference", "indistinguishable",
                                        "inconclusive"};
    cuvee__html_cell_open(r->out, t);
    const char *class = "";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(verdict, known[i]) == 0) class = known[i];
    cuvee__markup_printf(r->out, "<span class=\"%s\">", class);
    cuvee__markup_text(r->out, verdict);
    sink_put_str(r->out, "</span>");
    cuvee__html_cell_close(r->out, t);
}

/* A figure over a bar of its share of the largest. */
static void put_with_bar(struct report *r, struct html_table *t, const char *text, double share)
{
    cuvee__html_cell_open(r->out, t);
    cuvee__markup_text(r->out, text);
    if (share > 0)
        cuvee__markup_printf(r->out, "<span class=\"bar\" style=\"width:%.1f%%\"></span>",
                             100 * share);
    cuvee__html_cell_close(r->out, t);
}

static double largest(const struct report *r, const char *path)
{
    double most = 0;
    for (size_t i = 0; i < r->n_arms; i++) {
        double x;
        if (r->arms[i].has_runs &&
            cuvee__report_number(r, &x, "summary.arms.%zu.%s", r->arms[i].sum, path) && x > most)
            most = x;
    }
    return most;
}

static void put_arm_row(struct report *r, struct html_table *t, const struct report_arm *a,
                        const enum report_column *columns, size_t n, bool with_title)
{
    static const struct {
        enum report_column column;
        const char *path;
    } bars[] = {{REPORT_ITEMS, "items_per_s.median"}, {REPORT_PEAK, "upper.median"}};
    char text[REPORT_CELL];
    put_name(r, t, a, with_title);
    for (size_t i = 0; i < n; i++) {
        double x = 0;
        cuvee__report_cell(r, a, columns[i], text);
        for (size_t b = 0; b < sizeof bars / sizeof *bars; b++)
            if (bars[b].column == columns[i] && a->has_runs &&
                cuvee__report_number(r, &x, "summary.arms.%zu.%s", a->sum, bars[b].path))
                x /= largest(r, bars[b].path);
        if (columns[i] == REPORT_VERDICT)
            put_verdict(r, t, text);
        else if (x > 0)
            put_with_bar(r, t, text, x);
        else
            cuvee__html_cell(r->out, t, text);
    }
}

static void put_table(struct report *r, const enum report_column *columns, size_t n,
                      bool with_title)
{
    const char *headings[REPORT_COLUMNS + 1] = {"arm"};
    enum report_column used[REPORT_COLUMNS];
    size_t n_used = 0;
    struct html_table t;
    for (size_t i = 0; i < n; i++) {
        if (!cuvee__report_has_column(r, columns[i])) continue;
        used[n_used++] = columns[i];
        headings[n_used] = cuvee__report_headings[columns[i]];
    }
    cuvee__html_table_open(r->out, &t, headings, n_used + 1);
    for (size_t i = 0; i < r->n_arms; i++)
        if (r->arms[i].has_runs) put_arm_row(r, &t, &r->arms[i], used, n_used, with_title);
    cuvee__html_table_close(r->out, &t);
}

void cuvee__report_put_arms(struct report *r)
{
    static const enum report_column columns[] = {REPORT_ITEMS, REPORT_RATIO, REPORT_VERDICT,
                                                 REPORT_WALL,  REPORT_PEAK,  REPORT_DIFFER};
    put_table(r, columns, sizeof columns / sizeof *columns, true);
}

void cuvee__report_put_details(struct report *r)
{
    static const enum report_column costs[] = {REPORT_LOAD, REPORT_FIRST,  REPORT_CORES,
                                               REPORT_CPU,  REPORT_TOKENS, REPORT_P50,
                                               REPORT_P90,  REPORT_P99},
                                    runs[] = {REPORT_ASKED,   REPORT_ALIVE, REPORT_ACCURACY,
                                              REPORT_TYPICAL, REPORT_RUNS,  REPORT_STEADY};
    put_table(r, costs, sizeof costs / sizeof *costs, false);
    put_table(r, runs, sizeof runs / sizeof *runs, false);
}

void cuvee__report_put_waits(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    const size_t begin = r->out->bytes.len;
    cuvee__html_heading(r->out, "What callers wait");
    sink_put_str(r->out, "<p>");
    if (!cuvee__report_put_waits_words(r, &p)) {
        r->out->bytes.len = begin;
        return;
    }
    sink_put_str(r->out, "</p>\n");
    put_table(r, cuvee__report_waits, REPORT_WAITS, false);
}

void cuvee__report_put_costs(struct report *r)
{
    static const enum report_column columns[] = {REPORT_MOSTLY, REPORT_PLAN, REPORT_INTEGRAL,
                                                 REPORT_HOUR, REPORT_PRICE};
    put_table(r, columns, sizeof columns / sizeof *columns, false);
}

/* ---- dramatic ratios ---- */

static void put_pair(struct report *r, struct html_table *t, const struct report_arm *a,
                     const char *what)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    double x;
    if (!cuvee__report_number(r, &x, "summary.arms.%zu.second.%s.ratio", a->sum, what)) return;
    put_name(r, t, a, false);
    cuvee__html_cell(r->out, t, what);
    cuvee__html_cell_open(r->out, t);
    cuvee__prose_number(&p, PROSE_RATIO, "summary.arms.%zu.second.%s.ratio", a->sum, what);
    cuvee__html_cell_close(r->out, t);
    cuvee__html_cell(r->out, t,
                     cuvee__report_text(r, "summary.arms.%zu.second.%s.instead_of", a->sum, what));
    cuvee__html_cell_open(r->out, t);
    cuvee__prose_number(&p, PROSE_RATIO, "summary.arms.%zu.second.%s.second_ratio", a->sum, what);
    cuvee__html_cell_close(r->out, t);
    cuvee__html_cell(r->out, t,
                     cuvee__report_text(r, "summary.arms.%zu.second.%s.method", a->sum, what));
}

void cuvee__report_put_second(struct report *r)
{
    static const char *const columns[] = {"arm", "of the reference's", ">times", "by", ">times",
                                          "by"};
    static const char *const what[] = {"time", "cpu", "memory"};
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    struct html_table t;
    const size_t begin = r->out->bytes.len;
    bool is_there = false;
    sink_put_str(r->out, "<details>\n"
                         "<summary>Dramatic ratios, by a second method</summary>\n");
    cuvee__html_table_open(r->out, &t, columns, 6);
    for (size_t i = 0; i < r->n_arms; i++)
        for (size_t k = 0; r->arms[i].has_runs && k < 3; k++) {
            const size_t before = r->out->bytes.len;
            put_pair(r, &t, &r->arms[i], what[k]);
            is_there |= r->out->bytes.len > before;
        }
    cuvee__html_table_close(r->out, &t);
    if (!is_there) {
        r->out->bytes.len = begin;
        return;
    }
    sink_put_str(r->out, "<p class=\"caption\">");
    cuvee__prose_text(&p, "Where a ratio is dramatic, the same by a method that shares nothing "
                          "with the first. The charge of a control group has page cache in it, so "
                          "for memory they need not agree.");
    sink_put_str(r->out, "</p>\n</details>\n");
}

/* ---- what is not in the table ---- */

static void open_item(struct report *r, const char *name)
{
    sink_put_str(r->out, "<li><b>");
    cuvee__markup_text(r->out, name);
    sink_put_str(r->out, "</b>: ");
}

static void put_skipped(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    bool is_open = false;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        if (!*a->skipped && !cuvee__report_is_unreached(r, a)) continue;
        if (!is_open) sink_put_str(r->out, "<h3>Not run</h3>\n<ul>\n");
        is_open = true;
        open_item(r, a->name);
        if (*a->skipped)
            cuvee__prose_say(&p, "skipped: {name arms.%zu.skipped}", a->at);
        else
            cuvee__prose_text(&p, "no run: " CUVEE__REPORT_UNREACHED);
        sink_put_str(r->out, "</li>\n");
    }
    if (is_open) sink_put_str(r->out, "</ul>\n");
}

static void put_failed(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    bool is_open = false;
    for (size_t i = 0; i < r->n_arms; i++) {
        const char *status, *why;
        for (size_t at = 0; cuvee__report_next_failure(r, &r->arms[i], &at, &status, &why);) {
            if (!is_open)
                sink_put_str(r->out, "<h3>Failed: such runs count for nothing</h3>\n<ul>\n");
            is_open = true;
            open_item(r, r->arms[i].name);
            cuvee__prose_name(&p, "runs.%zu.status", at - 1);
            if (*why) cuvee__prose_say(&p, ": {name runs.%zu.why}", at - 1);
            sink_put_str(r->out, "</li>\n");
        }
    }
    if (is_open) sink_put_str(r->out, "</ul>\n");
}

/* A list of the arms of which there is something to say. */
static void put_said(struct report *r, const char *heading,
                     bool (*say)(const struct report *, const struct report_arm *, struct prose *))
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    const size_t begin = r->out->bytes.len;
    bool has_any = false;
    cuvee__markup_printf(r->out, "<h3>%s</h3>\n<ul>\n", heading);
    for (size_t i = 0; i < r->n_arms; i++) {
        const size_t before = r->out->bytes.len;
        sink_put_str(r->out, "<li><b>");
        cuvee__markup_text(r->out, r->arms[i].name);
        sink_put_str(r->out, "</b>: ");
        if (say(r, &r->arms[i], &p)) {
            sink_put_str(r->out, "</li>\n");
            has_any = true;
        } else {
            r->out->bytes.len = before;
        }
    }
    sink_put_str(r->out, "</ul>\n");
    if (!has_any) r->out->bytes.len = begin;
}

/* Warm-ups do not count whatever happens, and sweeps are there to be crowded. */
static bool is_worth_telling(const json_t *run)
{
    const char *kind = cuvee__json_text_at(run, "kind");
    return json_array_size(json_object_get(run, "flags")) && strcmp(kind, "warm-up") != 0 &&
           strcmp(kind, "sweep") != 0;
}

static void put_flags(struct report *r, size_t at)
{
    const json_t *run = json_array_get(json_object_get(r->results, "runs"), at);
    const size_t n = json_array_size(json_object_get(run, "flags"));
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    sink_put_str(r->out, "<li>");
    cuvee__prose_say(&p, "run {count runs.%zu.id}, {name runs.%zu.arm}: ", at, at);
    for (size_t i = 0; i < n; i++)
        cuvee__prose_say(&p, i ? "; {name runs.%zu.flags.%zu}" : "{name runs.%zu.flags.%zu}", at,
                         i);
    cuvee__prose_text(&p, json_is_true(json_object_get(run, "counts")) ? " (it counts)"
                                                                       : " (it does not count)");
    sink_put_str(r->out, "</li>\n");
}

/* There may be many, so they are folded. */
static void put_disturbed(struct report *r)
{
    const json_t *run;
    bool is_open = false;
    size_t i;
    json_array_foreach(json_object_get(r->results, "runs"), i, run)
    {
        if (!is_worth_telling(run)) continue;
        if (!is_open)
            sink_put_str(r->out, "<details>\n<summary>Runs that something else on the machine "
                                 "disturbed</summary>\n<ul>\n");
        is_open = true;
        put_flags(r, i);
    }
    if (is_open) sink_put_str(r->out, "</ul>\n</details>\n");
}

void cuvee__report_put_missing(struct report *r)
{
    put_skipped(r);
    put_failed(r);
    put_said(r, "Not steady", cuvee__report_put_unsteady);
    put_said(r, CUVEE__REPORT_OUTLIERS, cuvee__report_put_outliers);
    put_said(r, "More cores than threads were asked for", cuvee__report_put_exceeded);
    put_disturbed(r);
}

/* ---- cards ---- */

/* What repeats it: the arm's command, measured; where that is not known, the arm. */
static void put_command(struct report *r, const struct report_arm *a)
{
    const json_t *words =
        json_object_get(json_array_get(json_object_get(r->results, "arms"), a->at), "command");
    const json_t *word;
    size_t i;
    bool is_known = json_array_size(words) > 0;
    /* A word with a brace stands for one that is not known until the experiment runs. */
    json_array_foreach(words, i, word) is_known &=
        json_is_string(word) && !strchr(json_string_value(word), '{');
    sink_put_str(r->out, is_known ? "<p><code>cuvee measure --explain --"
                                  : "<p><code>cuvee bench -o again --arms ");
    if (!is_known) cuvee__markup_text(r->out, a->name);
    if (is_known) json_array_foreach(words, i, word)
        {
            sink_put_str(r->out, " ");
            cuvee__markup_text(r->out, json_string_value(word));
        }
    sink_put_str(r->out, "</code></p>\n");
}

static void put_card(struct report *r, size_t at)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    const struct report_method *method =
        cuvee__report_method(cuvee__report_text(r, "summary.naive_sum.%zu.method", at));
    const struct report_arm *a =
        cuvee__report_find(r, cuvee__report_text(r, "summary.naive_sum.%zu.arm", at));
    if (!method || !a) return;
    sink_put_str(r->out, "<div class=\"card\">\n<p>");
    cuvee__prose_say(&p, "{name summary.naive_sum.%zu.arm}, by %s", at, method->name);
    sink_put_str(r->out, "</p>\n<p><s>");
    cuvee__prose_say(&p, "{bytes summary.naive_sum.%zu.claimed}", at);
    sink_put_str(r->out, "</s></p>\n<p class=\"true\">");
    char low[64], high[64];
    snprintf(low, sizeof low, "summary.naive_sum.%zu.low", at);
    snprintf(high, sizeof high, "summary.naive_sum.%zu.high", at);
    cuvee__prose_range(&p, PROSE_BYTES, false, low, high);
    sink_put_str(r->out, "</p>\n<p>");
    cuvee__prose_text(&p, method->cause);
    sink_put_str(r->out, "</p>\n");
    put_command(r, a);
    sink_put_str(r->out, "</div>\n");
}

void cuvee__report_put_cards(struct report *r)
{
    size_t cards[REPORT_CARDS];
    const size_t n = cuvee__report_cards(r, cards);
    if (!n) return;
    sink_put_str(r->out, "<div class=\"cards\">\n");
    for (size_t i = 0; i < n; i++) put_card(r, cards[i]);
    sink_put_str(r->out, "</div>\n");
}

/* ---- machine ---- */

static void put_fact(struct report *r, struct html_table *t, const char *name, const char *path)
{
    const json_t *x = cuvee__json_at(r->results, path);
    char text[64];
    if (!x || json_is_null(x)) return;
    const bool is_hash = json_is_string(x) && strlen(json_string_value(x)) == HASH_LETTERS;
    cuvee__html_cell(r->out, t, name);
    snprintf(text, sizeof text, "%.10g", json_number_value(x));
    cuvee__html_cell_open(r->out, t);
    if (is_hash) sink_put_str(r->out, "<code>"); /* which may be broken anywhere */
    cuvee__markup_text(r->out, json_is_string(x) ? json_string_value(x) : text);
    if (is_hash) sink_put_str(r->out, "</code>");
    cuvee__html_cell_close(r->out, t);
}

void cuvee__report_put_machine(struct report *r)
{
    static const char *const columns[] = {"", ""};
    static const struct {
        const char *name, *path;
    } facts[] = {{"processor", "machine.model"},
                 {"cores allowed", "machine.cores"},
                 {"processors of arms", "limits.cpus"},
                 {"limit of memory", "limits.memory"},
                 {"kernels for", "machine.isa"},
                 {"system", "machine.kernel"},
                 {"virtual machine", "machine.virt"},
                 {"control groups", "machine.cgroup"},
                 {"huge pages", "machine.thp"},
                 {"machine's id", "machine.id"},
                 {"began", "started"},
                 {"ended", "ended"},
                 {"scenario", "plan.scenario"},
                 {"plan, SHA-256", "plan_sha256"},
                 {"seed", "plan.seed"},
                 {"input", "input.path"},
                 {"its SHA-256", "input.sha256"},
                 {"items", "input.n_items"},
                 {"model", "model.path"},
                 {"its SHA-256", "model.sha256"}};
    struct html_table t;
    char text[CUVEE__PROSE_SHOWN];
    double bytes;
    cuvee__html_table_open(r->out, &t, columns, 2);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        put_fact(r, &t, facts[i].name, facts[i].path);
    size_t arm;
    if (cuvee__report_least_cached(r, &arm)) {
        struct prose p = cuvee__report_prose(r, PROSE_HTML);
        cuvee__html_cell(r->out, &t, "cache");
        cuvee__html_cell_open(r->out, &t);
        cuvee__prose_say(&p,
                         "warm: the weights are read before each run; the least that was in memory "
                         "then is {percent summary.arms.%zu.weights_cached.min}",
                         arm);
        cuvee__html_cell_close(r->out, &t);
    }
    if (cuvee__report_number(r, &bytes, "machine.memory")) {
        cuvee__html_cell(r->out, &t, "memory");
        cuvee__html_cell(r->out, &t, cuvee__prose_format(PROSE_BYTES, bytes, text, sizeof text));
    }
    cuvee__html_table_close(r->out, &t);
}
