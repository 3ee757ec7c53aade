/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/plan.h"
#include "bench/rates.h"
#include "bench/scenarios.h"
#include "bench/sentences.h"
#include "bench/summary_outliers.h"
#include "bench/summary_pairs.h"
#include "bench/summary_scaling.h"
#include "bench/summary_second.h"
#include "bench/summary_steady.h"
#include "bench/summary_sweep.h"
#include "bench/values.h"

/* Where a run has a figure, and what the summary calls it. */
static const struct {
    const char *key, *path;
} figures[] = {
    {"wall_s", "wall_s"},
    {"work_s", "work_s"},
    {"load_s", "load_s"},
    {"first_s", "first_s"},
    {"items_per_s", "items_per_s"},
    {"cpu_s", "cpu_s"},
    {"cores_used", "cores_used"},
    {"steady_median", "footprint.steady_median"},
    {"integral_MiB_s", "footprint.integral_MiB_s"},
    {"upper", "footprint.upper"},
    {"lower", "footprint.lower"},
    {"threads_max", "threads_max"},
    {"processes", "processes"},
    {"runq_wait_s", "runq_wait_s"},
    {"weights_cached", "weights_cached"},
    {"involuntary_switches", "involuntary_switches"},
};

/* ---- one arm ---- */

/* Runs of an arm that did not succeed, and of those that count the ones that were disturbed. */
static void count_runs(const json_t *results, const char *arm, json_int_t *ret_failed,
                       json_int_t *ret_flagged)
{
    const json_t *runs = json_object_get(results, "runs");
    *ret_failed = *ret_flagged = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        if (!cuvee__json_text_is(run, "arm", arm)) continue;
        *ret_failed += !cuvee__json_text_is(run, "status", "ok") &&
                       !cuvee__json_text_is(run, "status", "interrupted");
        *ret_flagged += json_is_true(json_object_get(run, "counts")) &&
                        json_array_size(json_object_get(run, "flags")) > 0;
    }
}

/* The run that says most of an arm's answers: the last that was compared. */
static const json_t *last_answers(const json_t *results, const char *arm)
{
    const json_t *runs = json_object_get(results, "runs"), *found = NULL;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i), *answers = json_object_get(run, "answers");
        if (cuvee__json_text_is(run, "arm", arm) && json_is_object(answers) &&
            !cuvee__json_text_is(run, "kind", "sweep") && !json_object_get(run, "scenario"))
            found = answers;
    }
    return found;
}

static int add_answers(json_t *into, const json_t *results, const char *arm)
{
    static const char *const keys[] = {"labels_differ", "score_max", "accuracy"};
    const json_t *answers = last_answers(results, arm);
    int rc = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(answers, keys[i]);
        rc |= value ? json_object_set(into, keys[i], value)
                    : json_object_set_new(into, keys[i], json_null());
    }
    return rc;
}

/* Medians of what an object of each run has under keys. */
static int add_medians(json_t *into, const char *name, const struct run_list *list,
                       const char *const *keys, size_t n_keys)
{
    json_t *medians = json_object();
    int rc = medians ? 0 : -1;
    bool has_any = false;
    for (size_t i = 0; rc == 0 && i < n_keys; i++) {
        char path[96];
        struct values v;
        snprintf(path, sizeof path, "%s.%s", name, keys[i]);
        if ((rc = cuvee__values_take(&v, list, path)) < 0) break;
        has_any |= v.n > 0;
        rc = json_object_set_new(medians, keys[i], cuvee__values_median(&v));
        cuvee__values_deinit(&v);
    }
    if (rc == 0)
        rc = has_any ? json_object_set(into, name, medians)
                     : json_object_set_new(into, name, json_null());
    json_decref(medians);
    return rc;
}

/* Of an arm's items, as the results have counted them. */
static bool find_tokens(const json_t *results, const json_t *summary_arm, double *ret)
{
    const json_t *entries = json_object_get(results, "arms");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (cuvee__json_text_is(entry, "name", cuvee__json_text_at(summary_arm, "arm")))
            return cuvee__json_number_at(entry, "n_tokens", ret);
    }
    return false;
}

/* What follows from figures of the arm, for n_items and cores. */
static int add_derived(json_t *into, const json_t *results, const struct run_list *list)
{
    double cpu_s, per_s, cores = 1, upper = 0, n_items = 0;
    struct values v;
    cuvee__json_number_at(results, "machine.cores", &cores);
    if (list->n) cuvee__json_number_at(list->runs[0], "n_items", &n_items);
    int rc = json_object_set_new(into, "n_items",
                                 n_items > 0 ? json_integer((json_int_t)n_items) : json_null());
    if (cuvee__json_number_at(into, "cpu_s.median", &cpu_s) && n_items > 0)
        rc |= json_object_set_new(into, "cpu_s_per_1000", json_real(cpu_s / n_items * 1000));
    if (cuvee__json_number_at(into, "items_per_s.median", &per_s))
        rc |= json_object_set_new(into, "items_per_core_hour", json_real(per_s * 3600 / cores));
    double n_tokens, price, per_hour;
    const bool has_tokens = find_tokens(results, into, &n_tokens) && n_items > 0 &&
                            cuvee__json_number_at(into, "items_per_s.median", &per_s);
    rc |= json_object_set_new(into, "tokens_per_s",
                              has_tokens ? json_real(per_s * n_tokens / n_items) : json_null());
    const bool has_price = cuvee__json_number_at(results, "plan.core_hour_price", &price) &&
                           cuvee__json_number_at(into, "items_per_core_hour", &per_hour);
    rc |= json_object_set_new(into, "price_per_million",
                              has_price ? json_real(price * 1e6 / per_hour) : json_null());
    if (cuvee__values_take(&v, list, "footprint.upper") < 0) return -1;
    for (size_t i = 0; i < v.n; i++) upper = fmax(upper, v.x[i]);
    rc |= json_object_set_new(into, "plan_bytes", v.n ? json_real(upper) : json_null());
    cuvee__values_deinit(&v);
    return rc;
}

static json_t *summarise_arm(const json_t *results, const char *arm)
{
    static const char *const quantiles[] = {"p50", "p90", "p99"};
    static const char *const naive[] = {
        "reported_heap",     "parent_rss_peak", "parent_vm_hwm", "sampled_1s",
        "max_single_maxrss", "sum_rss",         "sum_of_peaks",  "uss"};
    json_int_t n_failed, n_flagged;
    struct run_list list;
    if (cuvee__runs_counted(results, arm, &list) < 0) return NULL;
    count_runs(results, arm, &n_failed, &n_flagged);
    json_t *o = json_pack("{s:s, s:I, s:I, s:I}", "arm", arm, "n", (json_int_t)list.n, "n_failed",
                          n_failed, "n_flagged", n_flagged);
    int rc = o ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < sizeof figures / sizeof *figures; i++) {
        struct values v;
        if ((rc = cuvee__values_take(&v, &list, figures[i].path)) < 0) break;
        rc = json_object_set_new(o, figures[i].key, cuvee__values_to_json(&v));
        cuvee__values_deinit(&v);
    }
    if (rc == 0) rc = add_derived(o, results, &list);
    if (rc == 0) rc = add_medians(o, "naive", &list, naive, sizeof naive / sizeof *naive);
    if (rc == 0) rc = add_medians(o, "latency_ms", &list, quantiles, 3);
    if (rc == 0) rc = add_answers(o, results, arm);
    if (rc == 0) rc = json_object_set_new(o, "scenarios", cuvee__scenarios_summary(results, arm));
    if (rc == 0) rc = json_object_set_new(o, "probes", cuvee__rates_probes(results, arm));
    if (rc == 0)
        rc = json_object_set_new(
            o, "max_rate",
            cuvee__rates_summary(json_object_get(o, "probes"), json_object_get(results, "plan")));
    cuvee__runs_deinit(&list);
    if (rc == 0) return o;
    json_decref(o);
    return NULL;
}

/* ---- between arms ---- */

static bool is_beaten(const json_t *arms, size_t i)
{
    double speed, upper;
    const json_t *own = json_array_get(arms, i);
    if (!cuvee__json_number_at(own, "items_per_s.median", &speed) ||
        !cuvee__json_number_at(own, "upper.median", &upper))
        return true;
    for (size_t k = 0; k < json_array_size(arms); k++) {
        double their_speed, their_upper;
        const json_t *other = json_array_get(arms, k);
        if (k == i || !cuvee__json_number_at(other, "items_per_s.median", &their_speed) ||
            !cuvee__json_number_at(other, "upper.median", &their_upper))
            continue;
        if (their_speed >= speed && their_upper <= upper &&
            (their_speed > speed || their_upper < upper))
            return true;
    }
    return false;
}

static json_t *pareto_of(const json_t *arms)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(arms); i++)
        if (!is_beaten(arms, i) &&
            json_array_append(list, json_object_get(json_array_get(arms, i), "arm")) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* Of what each method said of each arm: the claim, the bracket, the share of its middle. */
static json_t *naive_sum_of(const json_t *arms)
{
    json_t *list = json_array();
    int rc = list ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < json_array_size(arms); i++) {
        const json_t *arm = json_array_get(arms, i);
        double low, high;
        const char *method;
        json_t *claim;
        if (!cuvee__json_number_at(arm, "lower.median", &low) ||
            !cuvee__json_number_at(arm, "upper.median", &high))
            continue;
        json_object_foreach(json_object_get(arm, "naive"), method, claim)
        {
            if (!json_is_number(claim) || rc < 0) continue;
            rc = json_array_append_new(
                list,
                json_pack("{s:O, s:s, s:f, s:f, s:f, s:f}", "arm", json_object_get(arm, "arm"),
                          "method", method, "claimed", json_number_value(claim), "low", low, "high",
                          high, "share", json_number_value(claim) / ((low + high) / 2)));
        }
    }
    if (rc == 0) return list;
    json_decref(list);
    return NULL;
}

static json_t *summarise_arms(const json_t *results)
{
    const json_t *entries = json_object_get(results, "arms");
    json_t *arms = json_array();
    for (size_t i = 0; arms && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (json_is_string(json_object_get(entry, "skipped")) ||
            json_is_true(json_object_get(entry, "twin")))
            continue;
        json_t *arm = summarise_arm(results, cuvee__json_text_at(entry, "name"));
        if (!arm || json_array_append_new(arms, arm) < 0) {
            json_decref(arms);
            return NULL;
        }
    }
    return arms;
}

int cuvee__summary_make(json_t *results, cuvee_error *err)
{
    json_t *plan = json_object_get(results, "plan");
    json_t *arms = summarise_arms(results), *pareto = pareto_of(arms), *naive = naive_sum_of(arms);
    json_t *summary = NULL;
    if (arms && pareto && naive)
        summary =
            json_pack("{s:O, s:O, s:O, s:n, s:O, s:O, s:O, s:n}", "metric",
                      json_object_get(plan, "metric"), "reference",
                      json_object_get(plan, "reference"), "blocks", json_object_get(plan, "blocks"),
                      "floor", "arms", arms, "pareto", pareto, "naive_sum", naive, "sweep");
    json_decref(arms);
    json_decref(pareto);
    json_decref(naive);
    if (!summary || json_object_set_new(results, "summary", summary) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
    int rc = cuvee__summary_second(results, summary, err);
    if (rc == CUVEE_OK) rc = cuvee__summary_compare(results, summary, err);
    if (rc == CUVEE_OK) rc = cuvee__summary_outliers(results, summary, err);
    if (rc == CUVEE_OK) rc = cuvee__summary_sweep(results, summary, err);
    if (rc == CUVEE_OK) rc = cuvee__summary_scaling(summary, err);
    if (rc == CUVEE_OK) rc = cuvee__summary_steady(results, summary, err);
    return rc == CUVEE_OK ? cuvee__sentences_make(results, err) : rc;
}
