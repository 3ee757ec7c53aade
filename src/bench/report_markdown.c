/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report.h"
#include "bench/report_parts.h"
#include "report/markup.h"

static void put_cell(struct report *r, const char *text)
{
    sink_put_str(r->out, " ");
    cuvee__markup_markdown(r->out, text);
    sink_put_str(r->out, " |");
}

static void put_table_head(struct report *r, const char *const *columns, size_t n)
{
    sink_put_str(r->out, "\n|");
    for (size_t i = 0; i < n; i++) put_cell(r, columns[i] + (columns[i][0] == '>'));
    sink_put_str(r->out, "\n|");
    for (size_t i = 0; i < n; i++) sink_put_str(r->out, columns[i][0] == '>' ? "---:|" : "---|");
    sink_put_str(r->out, "\n");
}

static void put_sentences(struct report *r)
{
    static const char *const paths[] = {"sentences.question", "sentences.verdict",
                                        "sentences.caveat"};
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    for (size_t i = 0; i < 3; i++) {
        if (!cuvee__json_at(r->results, paths[i])) continue;
        sink_put_str(r->out, i == 1 ? "\n**" : "\n");
        cuvee__prose_put_sentence(&p, paths[i]);
        sink_put_str(r->out, i == 1 ? "**\n" : "\n");
    }
}

static void put_arms(struct report *r, const enum report_column *columns, size_t n)
{
    const char *headings[REPORT_COLUMNS + 1] = {"arm"};
    enum report_column used[REPORT_COLUMNS];
    char text[REPORT_CELL];
    size_t n_used = 0;
    for (size_t i = 0; i < n; i++) {
        if (!cuvee__report_has_column(r, columns[i])) continue;
        used[n_used++] = columns[i];
        headings[n_used] = cuvee__report_headings[columns[i]];
    }
    put_table_head(r, headings, n_used + 1);
    for (size_t i = 0; i < r->n_arms; i++) {
        if (!r->arms[i].has_runs) continue;
        sink_put_str(r->out, "|");
        put_cell(r, r->arms[i].name);
        for (size_t k = 0; k < n_used; k++)
            put_cell(r, cuvee__report_cell(r, &r->arms[i], used[k], text));
        sink_put_str(r->out, "\n");
    }
}

/* Sentences end with a space for the next one, lines do not. */
static void end_line(struct report *r)
{
    struct buffer *bytes = &r->out->bytes;
    while (bytes->len && bytes->ptr[bytes->len - 1] == ' ') bytes->len--;
    sink_put_str(r->out, "\n");
}

static void put_waits(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    const size_t begin = r->out->bytes.len;
    sink_put_str(r->out, "\n## What callers wait\n\n");
    if (!cuvee__report_put_waits_words(r, &p)) {
        r->out->bytes.len = begin;
        return;
    }
    sink_put_str(r->out, "\n");
    put_arms(r, cuvee__report_waits, REPORT_WAITS);
}

static void put_sweep(struct report *r)
{
    const char *headings[REPORT_SWEEP_COLUMNS];
    size_t used[REPORT_SWEEP_COLUMNS];
    char text[REPORT_CELL];
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    const size_t n = cuvee__report_sweep_columns(r, headings, used);
    const size_t n_points = json_array_size(cuvee__json_at(r->results, "summary.sweep"));
    if (!n) return;
    sink_put_str(r->out, "\n## ");
    sink_put_str(r->out, cuvee__report_sweep_heading(r));
    sink_put_str(r->out, "\n\n");
    cuvee__report_put_sweep_words(r, &p);
    end_line(r);
    put_table_head(r, headings, n);
    for (size_t i = 0; i < n_points; i++) {
        sink_put_str(r->out, "|");
        for (size_t k = 0; k < n; k++) {
            cuvee__report_sweep_cell(r, i, used[k], text);
            put_cell(r, text);
        }
        sink_put_str(r->out, "\n");
    }
}

static void put_floor(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    double x;
    if (!cuvee__report_number(r, &x, "summary.floor.limit")) return;
    sink_put_str(r->out, "\n");
    cuvee__prose_say(&p, "A/A: the reference's second run of a block has {ratio "
                         "summary.floor.median} times what its first has (from {ratio "
                         "summary.floor.low} to {ratio summary.floor.high}, {count summary.blocks} "
                         "blocks); an interval that comes within {off summary.floor.limit} of "
                         "equal shows no difference.");
    sink_put_str(r->out, "\n");
}

static void put_reason(struct report *r, bool *is_open, const char *name, const char *status,
                       const char *why)
{
    if (!*is_open) sink_put_str(r->out, "\n");
    *is_open = true;
    sink_put_str(r->out, "- ");
    cuvee__markup_markdown(r->out, name);
    sink_put_str(r->out, ": ");
    cuvee__markup_markdown(r->out, status);
    sink_put_str(r->out, *why ? ": " : "");
    cuvee__markup_markdown(r->out, why);
    sink_put_str(r->out, "\n");
}

static void put_missing(struct report *r)
{
    bool is_open = false;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        const char *status, *why;
        if (*a->skipped) put_reason(r, &is_open, a->name, "skipped", a->skipped);
        if (cuvee__report_is_unreached(r, a))
            put_reason(r, &is_open, a->name, "no run", CUVEE__REPORT_UNREACHED);
        for (size_t at = 0; cuvee__report_next_failure(r, a, &at, &status, &why);)
            put_reason(r, &is_open, a->name, status, why);
    }
}

/* A list of the arms of which there is something to say. */
static void put_said(struct report *r, const char *what,
                     bool (*say)(const struct report *, const struct report_arm *, struct prose *))
{
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    bool is_open = false;
    for (size_t i = 0; i < r->n_arms; i++) {
        const size_t before = r->out->bytes.len;
        sink_put_str(r->out, is_open ? "- " : "\n- ");
        sink_put_str(r->out, what);
        sink_put_str(r->out, ": ");
        cuvee__markup_markdown(r->out, r->arms[i].name);
        sink_put_str(r->out, ": ");
        const bool is_said = say(r, &r->arms[i], &p);
        if (is_said)
            end_line(r);
        else
            r->out->bytes.len = before;
        is_open |= is_said;
    }
}

static void put_cards(struct report *r)
{
    static const char *const columns[] = {"arm", "naive meter", ">claims", ">true", "cause"};
    size_t cards[REPORT_CARDS];
    const size_t n = cuvee__report_cards(r, cards);
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    if (!n) return;
    sink_put_str(r->out, "\n## What the naive meters would have said\n");
    put_table_head(r, columns, 5);
    for (size_t i = 0; i < n; i++) {
        const size_t at = cards[i];
        char low[64], high[64];
        const struct report_method *m =
            cuvee__report_method(cuvee__report_text(r, "summary.naive_sum.%zu.method", at));
        sink_put_str(r->out, "| ");
        cuvee__prose_name(&p, "summary.naive_sum.%zu.arm", at);
        sink_put_str(r->out, " |");
        put_cell(r, m->name);
        sink_put_str(r->out, " ~~");
        cuvee__prose_number(&p, PROSE_BYTES, "summary.naive_sum.%zu.claimed", at);
        sink_put_str(r->out, "~~ | ");
        snprintf(low, sizeof low, "summary.naive_sum.%zu.low", at);
        snprintf(high, sizeof high, "summary.naive_sum.%zu.high", at);
        cuvee__prose_range(&p, PROSE_BYTES, false, low, high);
        sink_put_str(r->out, " |");
        put_cell(r, m->cause);
        sink_put_str(r->out, "\n");
    }
}

static void put_claims(struct report *r)
{
    static const char *const columns[] = {"claim", "published", "found here"};
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    sink_put_str(r->out, "\n## What was published, and what was found\n");
    put_table_head(r, columns, 3);
    for (size_t i = 0; i < REPORT_CLAIMS; i++) {
        const struct report_claim *c = &cuvee__report_claims[i];
        char published[256];
        snprintf(published, sizeof published, *c->note ? "%s (%s)" : "%s", c->published, c->note);
        sink_put_str(r->out, "|");
        put_cell(r, c->what);
        put_cell(r, published);
        sink_put_str(r->out, " ");
        cuvee__report_put_found(r, i, &p);
        sink_put_str(r->out, " |\n");
    }
}

static void put_uses(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    sink_put_str(r->out, "\n## What was recommended, and what these figures say\n");
    put_table_head(r, cuvee__report_use_columns, REPORT_USE_COLUMNS);
    for (size_t i = 0; i < REPORT_USES; i++) {
        sink_put_str(r->out, "|");
        put_cell(r, cuvee__report_uses[i].what);
        put_cell(r, cuvee__report_uses[i].published);
        for (int of_published = 1; of_published >= 0; of_published--) {
            sink_put_str(r->out, " ");
            cuvee__report_put_use(r, i, of_published, &p);
            sink_put_str(r->out, " |");
        }
        sink_put_str(r->out, "\n");
    }
}

static void put_components(struct report *r)
{
    const struct report_arm *a;
    const size_t n = cuvee__report_components(r, &a);
    struct prose p = cuvee__report_prose(r, PROSE_MARKDOWN);
    if (!n) return;
    put_table_head(r, cuvee__report_component_columns, REPORT_COMPONENT_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        sink_put_str(r->out, "|");
        for (size_t column = 0; column < REPORT_COMPONENT_COLUMNS; column++) {
            sink_put_str(r->out, " ");
            cuvee__report_put_component(r, a, i, column, &p);
            sink_put_str(r->out, " |");
        }
        sink_put_str(r->out, "\n");
    }
    sink_put_str(r->out, "\n");
    cuvee__report_put_components_words(a, &p);
    sink_put_str(r->out, "\n");
}

int cuvee__report_markdown(const json_t *results, struct sink *out, cuvee_error *err)
{
    static const enum report_column first[] = {REPORT_ITEMS,   REPORT_RATIO, REPORT_VERDICT,
                                               REPORT_WALL,    REPORT_PEAK,  REPORT_DIFFER,
                                               REPORT_ACCURACY};
    static const enum report_column second[] = {
        REPORT_LOAD, REPORT_FIRST, REPORT_CORES, REPORT_CPU,  REPORT_TOKENS,
        REPORT_P50,  REPORT_P90,   REPORT_P99,   REPORT_RUNS, REPORT_STEADY};
    static const enum report_column third[] = {REPORT_MOSTLY, REPORT_PLAN, REPORT_INTEGRAL,
                                               REPORT_HOUR, REPORT_PRICE};
    struct report r;
    struct prose p;
    cuvee__report_init(&r, results, NULL, out);
    p = cuvee__report_prose(&r, PROSE_MARKDOWN);
    sink_put_str(out, "# ");
    cuvee__markup_markdown(out, cuvee__report_text(&r, "plan.name"));
    sink_put_str(out, "\n");
    put_sentences(&r);
    put_arms(&r, first, sizeof first / sizeof *first);
    put_floor(&r);
    put_arms(&r, second, sizeof second / sizeof *second);
    put_arms(&r, third, sizeof third / sizeof *third);
    put_waits(&r);
    put_missing(&r);
    put_said(&r, "not steady", cuvee__report_put_unsteady);
    put_said(&r, "outliers (they count)", cuvee__report_put_outliers);
    put_said(&r, "more cores than threads", cuvee__report_put_exceeded);
    put_cards(&r);
    put_components(&r);
    put_sweep(&r);
    if (cuvee__report_is_of_story(&r)) {
        put_claims(&r);
        put_uses(&r);
    }
    sink_put_str(out, "\n");
    cuvee__prose_name(&p, "machine.model");
    cuvee__prose_say(&p, ", {count machine.cores} cores, ");
    cuvee__prose_name(&p, "machine.kernel");
    cuvee__prose_text(&p, "; plan ");
    cuvee__prose_name(&p, "plan_sha256");
    cuvee__prose_text(&p, "; ");
    cuvee__prose_name(&p, "started");
    sink_put_str(out, "\n");
    return cuvee__report_end(&r, err);
}
