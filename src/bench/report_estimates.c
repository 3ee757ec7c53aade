/* SPDX-License-Identifier: Apache-2.0
 *
 * The ratios by other estimates than the one that words depend on, and what p is. */
#include <stdio.h>

#include "base/json_at.h"
#include "bench/report_parts.h"
#include "report/html.h"

static void put_number(struct report *r, struct html_table *t, size_t sum, enum prose_unit unit,
                       const char *key)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    double x;
    cuvee__html_cell_open(r->out, t);
    if (cuvee__report_number(r, &x, "summary.arms.%zu.ratio.%s", sum, key))
        cuvee__prose_number(&p, unit, "summary.arms.%zu.ratio.%s", sum, key);
    cuvee__html_cell_close(r->out, t);
}

static void put_interval(struct report *r, struct html_table *t, size_t sum, const char *low,
                         const char *high)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    char from[96], to[96];
    double x;
    cuvee__html_cell_open(r->out, t);
    snprintf(from, sizeof from, "summary.arms.%zu.ratio.%s", sum, low);
    snprintf(to, sizeof to, "summary.arms.%zu.ratio.%s", sum, high);
    if (cuvee__report_number(r, &x, "%s", from))
        cuvee__prose_range(&p, PROSE_RATIO, false, from, to);
    cuvee__html_cell_close(r->out, t);
}

static void put_arm(struct report *r, struct html_table *t, const struct report_arm *a)
{
    cuvee__html_cell(r->out, t, a->name);
    put_number(r, t, a->sum, PROSE_COUNT, "n");
    put_number(r, t, a->sum, PROSE_RATIO, "median");
    put_interval(r, t, a->sum, "low", "high");
    put_interval(r, t, a->sum, "bootstrap_low", "bootstrap_high");
    cuvee__html_cell(r->out, t, cuvee__report_text(r, "summary.arms.%zu.ratio.bootstrap", a->sum));
    put_number(r, t, a->sum, PROSE_RATIO, "hodges_lehmann");
    put_number(r, t, a->sum, PROSE_SCORE, "p");
    put_number(r, t, a->sum, PROSE_SCORE, "p_holm");
}

void cuvee__report_put_estimates(struct report *r)
{
    static const char *const columns[] = {"arm",        ">pairs", ">median",         ">interval",
                                          ">bootstrap", "by",     ">Hodges-Lehmann", ">p",
                                          ">Holm"};
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    struct html_table t;
    const size_t begin = r->out->bytes.len;
    bool is_there = false;
    double x;
    sink_put_str(r->out, "<details>\n<summary>Ratios, by other estimates</summary>\n");
    cuvee__html_table_open(r->out, &t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        if (!a->has_runs || !cuvee__report_number(r, &x, "summary.arms.%zu.ratio.median", a->sum))
            continue;
        put_arm(r, &t, a);
        is_there = true;
    }
    cuvee__html_table_close(r->out, &t);
    sink_put_str(r->out, "<p class=\"caption\">");
    cuvee__prose_text(&p, "Words depend on the interval by order statistics, and from ten pairs on "
                          "on p as Holm corrects it for all arms; below that p could not get small "
                          "enough. The bootstrap of the median and the Hodges-Lehmann estimate are "
                          "second opinions. Where there is a range, it is the least and the "
                          "greatest.");
    sink_put_str(r->out, "</p>\n</details>\n");
    if (!is_there) r->out->bytes.len = begin;
}
