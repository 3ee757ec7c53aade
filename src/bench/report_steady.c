/* SPDX-License-Identifier: Apache-2.0
 *
 * What the report says of arms that were not steady, and of the law by which throughput grows. */
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_parts.h"

/* ---- steady ---- */

void cuvee__report_steady_cell(const struct report *r, const struct report_arm *a,
                               char text[REPORT_CELL])
{
    const char *word = cuvee__report_text(r, "summary.arms.%zu.steady.word", a->sum);
    double x = 0, runs = 0;
    *text = '\0';
    cuvee__report_number(r, &runs, "summary.arms.%zu.steady.runs", a->sum);
    if (strcmp(word, "settles") == 0 &&
        cuvee__report_number(r, &x, "summary.arms.%zu.steady.after", a->sum))
        snprintf(text, REPORT_CELL, "after %.0f items", x);
    else if (strcmp(word, "unsettled") == 0 &&
             cuvee__report_number(r, &x, "summary.arms.%zu.steady.never", a->sum))
        snprintf(text, REPORT_CELL, "not in %.0f of %.0f runs", x, runs);
    else if (strcmp(word, "drifts") == 0)
        snprintf(text, REPORT_CELL, "drifts");
    else if (strcmp(word, "steady") == 0)
        snprintf(text, REPORT_CELL, "yes");
}

/* More a block, or less: of the metric. */
static void put_drift(const struct report *r, const struct report_arm *a, struct prose *p)
{
    double per_block = 1;
    cuvee__report_number(r, &per_block, "summary.arms.%zu.steady.trend.per_block", a->sum);
    cuvee__prose_text(p, "from block to block its ");
    cuvee__prose_text(p, strcmp(cuvee__report_text(r, "summary.metric"), "items_per_s") == 0
                             ? "throughput "
                             : "cost ");
    cuvee__prose_text(p, per_block > 1 ? "rose by " : "fell by ");
    cuvee__prose_say(p,
                     "{off summary.arms.%zu.steady.trend.per_block} (by chance with p = {score "
                     "summary.arms.%zu.steady.trend.p_holm}, corrected for all arms). Where the "
                     "reference drifts alike, ratios do not. ",
                     a->sum, a->sum);
}

bool cuvee__report_put_unsteady(const struct report *r, const struct report_arm *a,
                                struct prose *p)
{
    double never = 0;
    const char *word = cuvee__report_text(r, "summary.arms.%zu.steady.word", a->sum);
    const bool drifts = strcmp(word, "drifts") == 0;
    if (a->sum == REPORT_NONE || !a->has_runs) return false;
    cuvee__report_number(r, &never, "summary.arms.%zu.steady.never", a->sum);
    if (drifts) put_drift(r, a, p);
    if (never > 0)
        cuvee__prose_say(p,
                         "in {count summary.arms.%zu.steady.never} of {count "
                         "summary.arms.%zu.steady.runs} runs what a call took did not settle: its "
                         "last change came when less than half of the run was left. ",
                         a->sum, a->sum);
    return drifts || never > 0;
}

bool cuvee__report_put_steady_words(const struct report *r, struct prose *p)
{
    if (!cuvee__report_has_column(r, REPORT_STEADY)) return false;
    cuvee__prose_text(p, "Steady: what the calls of a run took, in their order, shows no change "
                         "of level (Pettitt), or none after the items that are named, in the "
                         "median run; nothing is said of arms that take items in an order of "
                         "their own, or make few calls. All figures are of whole runs, warm-up "
                         "included. ");
    return true;
}

/* ---- scaling ---- */

static bool fits(const struct report *r, size_t at)
{
    const json_t *fit = json_array_get(cuvee__json_at(r->results, "summary.scaling"), at);
    return json_is_true(json_object_get(fit, "fits"));
}

static void put_law(const struct report *r, size_t at, struct prose *p)
{
    double peak;
    cuvee__prose_say(p,
                     "one worker alone does {per_s summary.scaling.%zu.lambda} items a second; of "
                     "the work {percent summary.scaling.%zu.sigma.value} (between {percent "
                     "summary.scaling.%zu.sigma.low} and {percent summary.scaling.%zu.sigma.high}) "
                     "can be done by one at a time only (sigma), ",
                     at, at, at, at);
    cuvee__prose_say(p,
                     "and each worker costs each other {score summary.scaling.%zu.kappa.value} of "
                     "it (between {score summary.scaling.%zu.kappa.low} and {score "
                     "summary.scaling.%zu.kappa.high}; kappa). No point is missed by more than "
                     "{percent summary.scaling.%zu.miss}.",
                     at, at, at, at);
    if (cuvee__report_number(r, &peak, "summary.scaling.%zu.peak_workers", at))
        cuvee__prose_say(p, " The most is reached with {ratio summary.scaling.%zu.peak_workers} "
                            "workers.",
                         at);
}

void cuvee__report_put_scaling(const struct report *r, struct prose *p)
{
    const size_t n = json_array_size(cuvee__json_at(r->results, "summary.scaling"));
    if (n) cuvee__prose_text(p, "Universal Scalability Law, dotted where it fits; ");
    for (size_t i = 0; i < n; i++) {
        cuvee__prose_say(p, "%sthreads of each worker {count summary.scaling.%zu.threads}: ",
                         i ? " " : "", i);
        if (fits(r, i))
            put_law(r, i, p);
        else
            cuvee__prose_say(p,
                             "it does not fit, for its best curve misses a point by {percent "
                             "summary.scaling.%zu.miss}; so none is drawn.",
                             i);
    }
    if (n) cuvee__prose_text(p, " ");
}
