/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary_outliers.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/values.h"
#include "report/stats.h"

#define NORMAL_MAD 0.6744897501960817 /* of a normal distribution with sd 1 */

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
}

/* The deviation of few values is too small on average, by this factor (Croux and Rousseeuw 1992).
 */
static double small_sample_factor(size_t n)
{
    static const double of_few[] = {1.200, 1.140, 1.129, 1.107}; /* 6 to 9 */
    return n < 10 ? of_few[n - CUVEE__OUTLIERS_MIN_RUNS] : (double)n / ((double)n - 0.8);
}

/* On logarithms: half and twice are equally far. logs[i] is of runs[i], NAN where it has none. */
static size_t take_logs(const struct run_list *list, const char *path, double *logs, double *sorted)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        double x = 0;
        cuvee__json_number_at(list->runs[i], path, &x);
        logs[i] = x > 0 ? log(x) : (double)NAN;
        if (x > 0) sorted[n++] = logs[i];
    }
    if (n) cuvee__stats_sort(sorted, n);
    return n;
}

static int add_far(json_t *outliers, const json_t *run, double distance, double sd)
{
    return json_array_append_new(outliers, json_pack("{s:O, s:f, s:f}", "run",
                                                     json_object_get(run, "id"), "of_median",
                                                     exp(distance), "score", fabs(distance) / sd));
}

static int find_outliers(const struct run_list *list, const char *path, double least_effect,
                         json_t *outliers, bool *ret_known, cuvee_error *err)
{
    double mad = 0, *logs = cuvee__alloc_array(2 * list->n + 1, sizeof *logs);
    double *sorted = logs + list->n;
    int rc = logs ? CUVEE_OK : no_memory(err);
    const size_t n = logs ? take_logs(list, path, logs, sorted) : 0;
    *ret_known = n >= CUVEE__OUTLIERS_MIN_RUNS;
    if (*ret_known) rc = cuvee__stats_mad(sorted, n, &mad, err);
    const double median = n ? cuvee__stats_median(sorted, n) : 0;
    const double sd = *ret_known ? mad / NORMAL_MAD * small_sample_factor(n) : 0;
    for (size_t i = 0; rc == CUVEE_OK && mad > 0 && i < list->n; i++) {
        const double distance = logs[i] - median; /* false below for NAN */
        if (fabs(distance) > CUVEE__OUTLIERS_SCORE * sd && fabs(distance) > least_effect &&
            add_far(outliers, list->runs[i], distance, sd) < 0)
            rc = no_memory(err);
    }
    cuvee__free(logs);
    return rc;
}

static int add_outliers(const json_t *results, json_t *arm, const char *path, double least_effect,
                        cuvee_error *err)
{
    struct run_list list;
    bool is_known = false;
    json_t *outliers = json_array();
    if (!outliers || cuvee__runs_counted(results, cuvee__json_text_at(arm, "arm"), &list) < 0) {
        json_decref(outliers);
        return no_memory(err);
    }
    int rc = find_outliers(&list, path, least_effect, outliers, &is_known, err);
    cuvee__runs_deinit(&list);
    if (rc == CUVEE_OK &&
        json_object_set_new(arm, "outliers", is_known ? json_incref(outliers) : json_null()) < 0)
        rc = no_memory(err);
    json_decref(outliers);
    return rc;
}

int cuvee__summary_outliers(const json_t *results, json_t *summary, cuvee_error *err)
{
    const json_t *arms = json_object_get(summary, "arms");
    const char *metric = cuvee__json_text_at(summary, "metric");
    const char *path = strcmp(metric, "footprint") == 0 ? "footprint.upper" : metric;
    double effect = 0;
    int rc = CUVEE_OK;
    cuvee__json_number_at(results, "plan.minimum_effect", &effect);
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(arms); i++)
        rc = add_outliers(results, json_array_get(arms, i), path, log1p(effect), err);
    return rc;
}
