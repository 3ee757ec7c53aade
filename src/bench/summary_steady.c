/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary_steady.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/values.h"
#include "report/stats.h"
#include "report/steady.h"

/* Below five runs no order of them is rare enough (2 / 4! is 8.3 %). */
enum { MIN_TREND = 5 };
#define MAX_P 0.05

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
}

/* ---- within runs ---- */

struct within {
    size_t n_judged, n_never;
    struct values after; /* items, of the runs that settled */
    const char *why;     /* of the last run of which nothing is known */
};

static int look_within(const struct run_list *list, struct within *ret)
{
    *ret = (struct within){.why = "its runs were not looked at"};
    for (size_t i = 0; i < list->n; i++) {
        const json_t *settled = json_object_get(list->runs[i], "settled");
        const bool is_never = cuvee__json_text_is(settled, "word", "never");
        ret->n_never += is_never;
        ret->n_judged += is_never || cuvee__json_text_is(settled, "word", "settled");
        const char *why = cuvee__json_text_at(settled, "why");
        if (*why) ret->why = why;
    }
    /* Those that never did have all their items there. */
    return cuvee__values_take(&ret->after, list, "settled.after");
}

/* ---- from block to block ---- */

struct trend {
    bool is_known;
    double tau, p, p_holm, per_block, over_all;
    size_t n;
};

static int find_trend(const struct run_list *list, const char *path, struct trend *ret,
                      cuvee_error *err)
{
    double *x = cuvee__alloc_array(2 * list->n + 1, sizeof *x), *y = x + list->n;
    struct stats_line line = {0};
    bool is_found = false;
    int rc = CUVEE_OK;
    *ret = (struct trend){.p = 1, .p_holm = 1, .per_block = 1, .over_all = 1};
    if (!x) return no_memory(err);
    for (size_t i = 0; i < list->n; i++)
        if (cuvee__json_number_at(list->runs[i], path, &y[ret->n]) && y[ret->n] > 0 &&
            cuvee__json_number_at(list->runs[i], "block", &x[ret->n]))
            ret->n++;
    for (size_t i = 0; i < ret->n; i++) y[i] = log(y[i]);
    if (ret->n >= MIN_TREND) rc = cuvee__stats_theil_sen(x, y, ret->n, &line, &is_found, err);
    if (is_found) {
        const struct steady_trend trend = cuvee__steady_trend(x, y, ret->n);
        ret->is_known = true;
        ret->tau = trend.tau;
        ret->p = trend.p;
        ret->per_block = exp(line.slope);
        cuvee__stats_sort(x, ret->n);
        ret->over_all = exp(line.slope * (x[ret->n - 1] - x[0]));
    }
    cuvee__free(x);
    return rc;
}

/* p as they are when each arm is asked. */
static int correct(struct trend *trends, size_t n, cuvee_error *err)
{
    double *p = cuvee__alloc_array(n + 1, sizeof *p);
    size_t n_asked = 0;
    if (!p) return no_memory(err);
    for (size_t i = 0; i < n; i++)
        if (trends[i].is_known) p[n_asked++] = trends[i].p;
    const int rc = cuvee__stats_holm(p, n_asked, p, err);
    for (size_t i = 0, k = 0; rc == CUVEE_OK && i < n; i++)
        if (trends[i].is_known) trends[i].p_holm = p[k++];
    cuvee__free(p);
    return rc;
}

/* ---- what is said ---- */

static json_t *trend_to_json(const struct trend *t)
{
    if (!t->is_known) return json_null();
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f}", "n", (json_int_t)t->n, "tau", t->tau, "p",
                     t->p, "p_holm", t->p_holm, "per_block", t->per_block, "over_all",
                     t->over_all);
}

static json_t *steady_to_json(const struct within *w, const struct trend *t, double least_effect)
{
    const double after = w->after.n ? cuvee__stats_median(w->after.x, w->after.n) : 0;
    const bool drifts = t->is_known && t->p_holm <= MAX_P &&
                        fabs(log(t->over_all)) > log1p(least_effect);
    const char *word = 2 * w->n_never > w->n_judged ? "unsettled"
                       : drifts                     ? "drifts"
                       : !w->n_judged               ? "unknown"
                       : after > 0                  ? "settles"
                                                    : "steady";
    return json_pack("{s:s, s:I, s:I, s:o, s:s?, s:o}", "word", word, "runs",
                     (json_int_t)w->n_judged, "never", (json_int_t)w->n_never, "after",
                     w->n_judged ? json_real(after) : json_null(), "why",
                     w->n_judged ? NULL : w->why, "trend", trend_to_json(t));
}

static int write_arm(const json_t *results, json_t *arm, const struct trend *trend)
{
    const char *name = cuvee__json_text_at(arm, "arm");
    const json_t *typical;
    struct run_list list;
    struct within within;
    double least_effect = 0;
    cuvee__json_number_at(results, "plan.minimum_effect", &least_effect);
    if (cuvee__runs_counted(results, name, &list) < 0) return -1;
    int rc = look_within(&list, &within) | cuvee__runs_typical(&list, &typical);
    if (rc == 0)
        rc = json_object_set_new(arm, "steady", steady_to_json(&within, trend, least_effect)) |
             json_object_set_new(arm, "typical", typical ? json_copy(json_object_get(typical, "id"))
                                                         : json_null());
    cuvee__values_deinit(&within.after);
    cuvee__runs_deinit(&list);
    return rc;
}

int cuvee__summary_steady(const json_t *results, json_t *summary, cuvee_error *err)
{
    json_t *arms = json_object_get(summary, "arms");
    const char *metric = cuvee__json_text_at(summary, "metric");
    const char *path = strcmp(metric, "footprint") == 0 ? "footprint.upper" : metric;
    const size_t n = json_array_size(arms);
    struct trend *trends = cuvee__calloc(n + 1, sizeof *trends);
    int rc = trends ? CUVEE_OK : no_memory(err);
    for (size_t i = 0; rc == CUVEE_OK && i < n; i++) {
        struct run_list list;
        if (cuvee__runs_counted(results, cuvee__json_text_at(json_array_get(arms, i), "arm"),
                                &list) < 0)
            rc = no_memory(err);
        if (rc == CUVEE_OK) rc = find_trend(&list, path, &trends[i], err);
        cuvee__runs_deinit(&list);
    }
    if (rc == CUVEE_OK) rc = correct(trends, n, err);
    for (size_t i = 0; rc == CUVEE_OK && i < n; i++)
        if (write_arm(results, json_array_get(arms, i), &trends[i]) < 0) rc = no_memory(err);
    cuvee__free(trends);
    return rc;
}
