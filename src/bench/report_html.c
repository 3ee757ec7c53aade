/* SPDX-License-Identifier: Apache-2.0
 *
 * The page: what it says first, and in which order the rest follows. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/report.h"
#include "bench/report_files.h"
#include "bench/report_parts.h"
#include "report/html.h"

static void put_lead(struct report *r)
{
    static const char *const sentences[] = {"question", "verdict", "caveat"};
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    sink_put_str(r->out, "<div class=\"lead\">\n");
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "sentences.%s", sentences[i]);
        if (!cuvee__json_at(r->results, path)) continue;
        cuvee__markup_printf(r->out, "<p class=\"%s\">", sentences[i]);
        cuvee__prose_put_sentence(&p, path);
        sink_put_str(r->out, "</p>\n");
    }
    sink_put_str(r->out, "</div>\n");
    const char *state = cuvee__report_text(r, "state");
    if (strcmp(state, "complete") == 0) return;
    cuvee__html_paragraph(
        r->out, strcmp(state, "interrupted") == 0
                    ? "The experiment was interrupted: this is of the runs until then."
                : strcmp(state, "out of time") == 0
                    ? "The time for the experiment was up: this is of the runs until then."
                    : "The experiment has not ended: this is of the runs so far.");
}

static void open_caption(struct report *r)
{
    sink_put_str(r->out, "<p class=\"caption\">");
}

static void close_caption(struct report *r)
{
    sink_put_str(r->out, "</p>\n");
}

/* The picture within what scrolls; a heading only where there is one. */
static bool put_plot(struct report *r, const char *heading, enum report_plot which)
{
    const size_t begin = r->out->bytes.len;
    cuvee__html_heading(r->out, heading);
    sink_put_str(r->out, "<div class=\"scroll\">\n");
    if (cuvee__report_draw(r, which, false)) {
        sink_put_str(r->out, "</div>\n");
        return true;
    }
    r->out->bytes.len = begin;
    return false;
}

/* ---- sections ---- */

/* The first arm that has an interval, no mere range, and how sure it is. */
static size_t arm_with_coverage(const struct report *r)
{
    for (size_t i = 0; i < r->n_arms; i++) {
        double x;
        const size_t sum = r->arms[i].sum;
        const json_t *arm = json_array_get(cuvee__json_at(r->results, "summary.arms"), sum);
        if (sum != REPORT_NONE && !json_is_true(cuvee__json_at(arm, "ratio.range")) &&
            cuvee__report_number(r, &x, "summary.arms.%zu.ratio.coverage", sum))
            return sum;
    }
    return REPORT_NONE;
}

static bool has_fewer_items(const struct report *r)
{
    double own, all;
    for (size_t i = 0; i < r->n_arms; i++)
        if (r->arms[i].has_runs && cuvee__report_number(r, &all, "input.n_items") &&
            cuvee__report_number(r, &own, "summary.arms.%zu.n_items", r->arms[i].sum) && own < all)
            return true;
    return false;
}

static void put_floor(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    double x;
    open_caption(r);
    if (cuvee__report_number(r, &x, "summary.floor.limit"))
        cuvee__prose_say(&p,
                         "A/A: the reference ran twice in each of {count summary.blocks} blocks, "
                         "and the second time had {ratio summary.floor.median} times the first "
                         "(from {ratio summary.floor.low} to {ratio summary.floor.high}); so an "
                         "interval that comes within {off summary.floor.limit} of equal shows no "
                         "difference. ");
    else
        cuvee__prose_text(&p, "How far the reference is from itself is not known: there are too "
                              "few pairs of its runs. ");
    const size_t margin = cuvee__report_margin(r, &x);
    if (margin != REPORT_NONE)
        cuvee__prose_say(&p,
                         "What lies within a factor of {ratio summary.arms.%zu.ratio.margin} of "
                         "equal with all of its interval is indistinguishable. ",
                         margin);
    cuvee__prose_text(&p, "Ratios are those of runs of the same block; in round brackets the "
                          "interval of their median by order statistics");
    const size_t arm = arm_with_coverage(r);
    if (arm != REPORT_NONE)
        cuvee__prose_say(&p, ", at {percent summary.arms.%zu.ratio.coverage}", arm);
    cuvee__prose_text(&p, "; in square brackets, where there are too few for that, the least and "
                          "the greatest. Peak memory is where the true peak of the whole tree of "
                          "processes lies, each page counted once; what to plan for is "
                          "the largest upper bound of all runs (peak of all runs) and some "
                          "headroom: cuvee advise adds a tenth.");
    if (has_fewer_items(r))
        cuvee__prose_text(&p,
                          " Wall time for a number: the arm was given only so many of the items.");
    if (cuvee__report_number(r, &x, "summary.blocks") && x > 1)
        cuvee__prose_text(&p, " Nothing in this page is from one run alone unless it says so.");
    close_caption(r);
}

/* Does the plot of latency show another run than the one that is shown elsewhere? */
static bool is_other_run(const struct report *r, const struct report_arm *a)
{
    const json_t *run =
        a->has_runs && !a->is_twin ? cuvee__report_answered(r->results, r->dir, a->name) : NULL;
    return run && run != cuvee__report_typical(r->results, a->name);
}

/* Of which run plots of one run are. */
static void put_shown(struct report *r, struct prose *p)
{
    size_t n_others = 0, n_arms = 0, n = 0;
    cuvee__prose_text(p, "Of each arm one run, of those that count the one nearest to their median "
                         "time; its number is in the table above (run shown).");
    for (size_t i = 0; i < r->n_arms; i++) {
        n_arms += r->arms[i].has_runs && !r->arms[i].is_twin;
        n_others += is_other_run(r, &r->arms[i]);
    }
    if (n_others)
        cuvee__prose_text(p, " Where answers of that run were not kept, it is the first that "
                             "succeeded: of ");
    if (n_others && n_others == n_arms) cuvee__prose_text(p, "all arms here");
    for (size_t i = 0; n_others < n_arms && i < r->n_arms; i++)
        if (is_other_run(r, &r->arms[i]))
            cuvee__prose_say(p,
                             n++ ? ", {name summary.arms.%zu.arm}" : "{name summary.arms.%zu.arm}",
                             r->arms[i].sum);
    cuvee__prose_text(p, n_others ? ". " : " ");
}

static void put_details_words(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    const size_t begin = r->out->bytes.len;
    open_caption(r);
    const bool has_asked = cuvee__report_has_column(r, REPORT_ASKED);
    if (has_asked)
        cuvee__prose_text(&p, "Workers x threads of each: as the plan sets them (any: as many as "
                              "the library likes). Alive: the most that one process had at once, "
                              "helpers that sleep included.");
    const bool is_said = cuvee__report_put_steady_words(r, &p);
    close_caption(r);
    if (!is_said && !has_asked) r->out->bytes.len = begin;
}

static void put_costs_words(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    open_caption(r);
    cuvee__prose_text(&p, "Memory: what the tree holds most of the time, its largest upper bound "
                          "of all runs, and memory times time, which is what holding it costs. Per "
                          "core-hour: items, when one core works for an hour.");
    close_caption(r);
}

static void put_first(struct report *r)
{
    cuvee__html_heading(r->out, "What was found");
    cuvee__report_put_arms(r);
    put_floor(r);
    cuvee__report_put_details(r);
    put_details_words(r);
    cuvee__report_put_costs(r);
    put_costs_words(r);
    cuvee__report_put_estimates(r);
    cuvee__report_put_second(r);
    cuvee__report_put_missing(r);
    cuvee__report_put_waits(r);
}

static void put_speed(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    if (put_plot(r, "How many times the reference", REPORT_PLOT_FOREST)) {
        open_caption(r);
        cuvee__prose_say(&p, "Reference: {name summary.reference}. The shaded band is what is no "
                             "difference. An arm is better or worse when its interval leaves out "
                             "the line and lies outside of that of A/A, indistinguishable when it "
                             "lies within the band, else inconclusive.");
        close_caption(r);
    }
    if (put_plot(r, "Every run", REPORT_PLOT_DOTS)) {
        open_caption(r);
        cuvee__prose_text(&p, "Each row is an arm, each mark a run, from left to right in the "
                              "order in which they ran. A drift of the machine would bend all rows "
                              "alike. Hollow: does not count; in a dashed square: disturbed, and "
                              "counts; with an arrow: farther off than the row has room for.");
        close_caption(r);
    }
    if (put_plot(r, "Speed against memory", REPORT_PLOT_SCATTER)) {
        open_caption(r);
        cuvee__prose_text(&p, "Up and to the left is better. Beside the dashed line, because no "
                              "other one beats them in both: ");
        for (size_t i = 0; i < json_array_size(cuvee__json_at(r->results, "summary.pareto")); i++)
            cuvee__prose_say(&p, i ? ", {name summary.pareto.%zu}" : "{name summary.pareto.%zu}",
                             i);
        cuvee__prose_text(&p, ".");
        close_caption(r);
    }
    if (put_plot(r, "Latency of an item", REPORT_PLOT_CDF)) {
        open_caption(r);
        if (cuvee__report_shows_callers(r)) {
            cuvee__prose_text(&p, "What one caller waits who asks for the next when the one before "
                                  "is answered; one run of each arm that can be asked so. ");
        } else {
            cuvee__prose_text(&p, "What an item's answer took: of its whole batch where batches "
                                  "are large, so offline arms look slow here. ");
            put_shown(r, &p);
        }
        cuvee__prose_text(&p, "Short bars show between which values a quantile itself lies.");
        close_caption(r);
    }
    if (put_plot(r, "What the time goes to", REPORT_PLOT_GANTT)) {
        open_caption(r);
        cuvee__prose_text(&p, "Of each arm one run, the one nearest to its median.");
        close_caption(r);
    }
}

static void put_memory(struct report *r, cuvee_error *err)
{
    const size_t begin = r->out->bytes.len;
    size_t n_left_out;
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    cuvee__html_heading(r->out, "Memory over time");
    if (!cuvee__report_draw_memory(r, &n_left_out, err)) {
        r->out->bytes.len = begin;
        return;
    }
    open_caption(r);
    cuvee__prose_text(&p, "One run of each arm that kept it. The processes upon each other, each "
                          "page counted once; grey: what it may have been between two looks; the "
                          "band is where the true peak lies; dashed: the sum of RSS; dotted: the "
                          "parent alone.");
    if (n_left_out)
        cuvee__prose_text(&p, " Others are left out for want of room: \"cuvee measure report\" "
                              "shows the files in runs/.");
    close_caption(r);
}

static void put_naive(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    if (put_plot(r, "What the naive meters would have said", REPORT_PLOT_NAIVE)) {
        open_caption(r);
        cuvee__prose_text(&p, "The first bar of each group is the bracket of the true peak; the "
                              "others are what people quote instead.");
        close_caption(r);
    }
    cuvee__report_put_cards(r);
    cuvee__report_put_components(r);
}

static void put_sweep(struct report *r)
{
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    if (!put_plot(r, cuvee__report_sweep_heading(r), REPORT_PLOT_SWEEP)) return;
    open_caption(r);
    cuvee__report_put_sweep_words(r, &p);
    close_caption(r);
    cuvee__report_put_sweep(r);
}

static void put_story(struct report *r)
{
    if (!cuvee__report_is_of_story(r)) return;
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    cuvee__html_heading(r->out, "What was published, and what was found");
    cuvee__report_put_claims(r);
    open_caption(r);
    cuvee__prose_text(&p, "Published with a larger model and on another machine: absolute figures "
                          "need not agree, ratios and order should. \"Not run\": no arm of this "
                          "experiment can tell.");
    close_caption(r);
    cuvee__html_heading(r->out, "What was recommended, and what these figures say");
    cuvee__report_put_uses(r);
    open_caption(r);
    cuvee__prose_text(&p, "Best by medians, whatever the labels; what is no difference is said "
                          "above. What speaks for which arm beyond speed and memory, \"cuvee "
                          "advise\" weighs: parts to run, what breaks alone, who knows it.");
    close_caption(r);
}

static void put_repeat(struct report *r)
{
    cuvee__html_heading(r->out, "The machine, and how to repeat this");
    cuvee__report_put_machine(r);
    cuvee__html_paragraph(r->out, "The plan is in results.json under its key \"plan\"; saved as a "
                                  "file of its own, it repeats the experiment, and the page can be "
                                  "made anew from the results alone:");
    cuvee__html_code(r->out, "cuvee bench --plan plan.json -o DIR");
    cuvee__html_code(r->out, "cuvee bench report DIR");
}

int cuvee__report_html(const json_t *results, const char *dir, struct sink *out, cuvee_error *err)
{
    struct report r;
    char footer[160];
    cuvee__report_init(&r, results, dir, out);
    const char *name = cuvee__report_text(&r, "plan.name");
    cuvee__html_open(out, *name ? name : "An experiment");
    put_lead(&r);
    put_first(&r);
    put_speed(&r);
    put_memory(&r, err);
    put_naive(&r);
    put_sweep(&r);
    put_story(&r);
    put_repeat(&r);
    snprintf(footer, sizeof footer, "cuvee bench %.32s, %.40s",
             cuvee__report_text(&r, "tool.version"), cuvee__report_text(&r, "started"));
    cuvee__html_close(out, footer);
    return cuvee__report_end(&r, err);
}

/* ---- plots alone ---- */

const char *const cuvee__report_plot_names[CUVEE__REPORT_PLOTS] = {
    [REPORT_PLOT_FOREST] = "ratios",        [REPORT_PLOT_DOTS] = "runs",
    [REPORT_PLOT_SCATTER] = "memory-speed", [REPORT_PLOT_CDF] = "latency",
    [REPORT_PLOT_GANTT] = "phases",         [REPORT_PLOT_NAIVE] = "naive",
    [REPORT_PLOT_SWEEP] = "workers"};

int cuvee__report_plot(const json_t *results, const char *dir, size_t which, struct sink *out,
                       bool *ret_is_there, cuvee_error *err)
{
    struct report r;
    if (which >= CUVEE__REPORT_PLOTS)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "there is no plot %zu", which);
    cuvee__report_init(&r, results, dir, out);
    *ret_is_there = cuvee__report_draw(&r, (enum report_plot)which, true);
    return cuvee__report_end(&r, err);
}
