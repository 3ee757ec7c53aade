/* SPDX-License-Identifier: Apache-2.0
 *
 * What the report says of arms that were not steady, and of the law by which throughput grows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_parts.h"

/* More processor time than so many threads have is more threads; the share over it that is not yet
 * called more is what the clocks may be off, and loading by another thread. */
#define MOST_OVER 1.1

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

bool cuvee__report_put_unsteady(const struct report *r, const struct report_arm *a, struct prose *p)
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
    cuvee__prose_text(p, " Steady: what the calls of a run took, in their order, shows no change "
                         "of level (Pettitt), or none after the items that are named, in the "
                         "median run; nothing is said of arms that take items in an order of "
                         "their own, or make few calls. All figures are of whole runs, warm-up "
                         "included. ");
    return true;
}

/* ---- outliers ---- */

bool cuvee__report_put_outliers(const struct report *r, const struct report_arm *a, struct prose *p)
{
    if (a->sum == REPORT_NONE) return false;
    const json_t *arm = json_array_get(cuvee__json_at(r->results, "summary.arms"), a->sum);
    const size_t n = json_array_size(json_object_get(arm, "outliers"));
    for (size_t i = 0; i < n; i++) {
        cuvee__prose_text(p, i ? "; " : "");
        cuvee__prose_say(p,
                         "run {count summary.arms.%zu.outliers.%zu.run} has {ratio "
                         "summary.arms.%zu.outliers.%zu.of_median} times the median",
                         a->sum, i, a->sum, i);
    }
    cuvee__prose_text(p, n ? ". " : "");
    return n > 0;
}

/* ---- threads, and what was in memory before ---- */

void cuvee__report_asked_cell(const struct report *r, const struct report_arm *a,
                              char text[REPORT_CELL])
{
    double workers = 1, threads;
    *text = '\0';
    if (!cuvee__report_number(r, &threads, "arms.%zu.settings.threads", a->at)) return;
    cuvee__report_number(r, &workers, "arms.%zu.settings.workers", a->at);
    if (threads > 0)
        snprintf(text, REPORT_CELL, "%.0f x %.0f", workers, threads);
    else
        snprintf(text, REPORT_CELL, "%.0f x any", workers);
}

bool cuvee__report_put_exceeded(const struct report *r, const struct report_arm *a, struct prose *p)
{
    double workers = 1, threads = 0, cores = 0;
    if (a->sum == REPORT_NONE || !a->has_runs ||
        !cuvee__report_number(r, &threads, "arms.%zu.settings.threads", a->at) ||
        !cuvee__report_number(r, &cores, "summary.arms.%zu.cores_used.max", a->sum))
        return false;
    cuvee__report_number(r, &workers, "arms.%zu.settings.workers", a->at);
    if (!(threads > 0) || cores <= MOST_OVER * workers * threads) return false;
    cuvee__prose_say(p,
                     "it used {ratio summary.arms.%zu.cores_used.max} cores, though it was to have "
                     "workers: {count arms.%zu.settings.workers}, threads of each: {count "
                     "arms.%zu.settings.threads}.",
                     a->sum, a->at, a->at);
    return true;
}

bool cuvee__report_least_cached(const struct report *r, size_t *ret_arm)
{
    double least = INFINITY, x;
    for (size_t i = 0; i < r->n_arms; i++)
        if (r->arms[i].has_runs &&
            cuvee__report_number(r, &x, "summary.arms.%zu.weights_cached.min", r->arms[i].sum) &&
            x < least) {
            least = x;
            *ret_arm = r->arms[i].sum;
        }
    return isfinite(least);
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
        cuvee__prose_say(p,
                         " The most is reached with {ratio summary.scaling.%zu.peak_workers} "
                         "workers.",
                         at);
}

void cuvee__report_put_scaling(const struct report *r, struct prose *p)
{
    const size_t n = json_array_size(cuvee__json_at(r->results, "summary.scaling"));
    for (size_t i = 0; i < n; i++) {
        double threads = 0;
        cuvee__report_number(r, &threads, "summary.scaling.%zu.threads", i);
        cuvee__prose_text(p, i ? " With " : "With ");
        if (threads > 0)
            cuvee__prose_say(p, "threads of each: {count summary.scaling.%zu.threads}", i);
        else
            cuvee__prose_text(p, "as many threads as each likes");
        cuvee__prose_text(p, ", the Universal Scalability Law ");
        cuvee__prose_text(p, fits(r, i) ? "fits (dotted): " : "does not fit: ");
        if (fits(r, i))
            put_law(r, i, p);
        else
            cuvee__prose_say(p,
                             "its best curve misses a point by {percent "
                             "summary.scaling.%zu.miss}, and is not drawn.",
                             i);
    }
    if (n) cuvee__prose_text(p, " ");
}
