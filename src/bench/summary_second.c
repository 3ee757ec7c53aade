/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary_second.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/values.h"
#include "report/stats.h"

/* What is measured in two ways, and where a run has each. */
static const struct {
    const char *what, *path, *second_path, *method, *instead_of;
} pairs[] = {
    {"time", "wall_s", "harness_s", "the harness's clock", "the meter's"},
    {"cpu", "cpu_s", "cpu_rusage_s", "rusage of the command", "the tree's counter"},
    {"memory", "footprint.upper", "charged", "the control group's charge", "PSS of the tree"},
};

static bool median_of(const struct run_list *runs, const char *path, double *ret, int *rc)
{
    struct values v;
    if (cuvee__values_take(&v, runs, path) < 0) {
        *rc = -1;
        return false;
    }
    const bool has = v.n > 0;
    if (has) *ret = cuvee__stats_median(v.x, v.n);
    cuvee__values_deinit(&v);
    return has && *ret > 0;
}

static bool is_dramatic(double ratio)
{
    return ratio > CUVEE__DRAMATIC_RATIO || ratio < 1 / CUVEE__DRAMATIC_RATIO;
}

/* Add the pair to second, when its ratio is dramatic and both can be had. Returns 0 or -1. */
static int add_pair(json_t *second, size_t k, const struct run_list *own,
                    const struct run_list *reference)
{
    double a = 0, b = 0, a2 = 0, b2 = 0;
    int rc = 0;
    if (!median_of(own, pairs[k].path, &a, &rc) || !median_of(reference, pairs[k].path, &b, &rc) ||
        !is_dramatic(a / b) || !median_of(own, pairs[k].second_path, &a2, &rc) ||
        !median_of(reference, pairs[k].second_path, &b2, &rc))
        return rc;
    return json_object_set_new(second, pairs[k].what,
                               json_pack("{s:f, s:f, s:s, s:s}", "ratio", a / b, "second_ratio",
                                         a2 / b2, "method", pairs[k].method, "instead_of",
                                         pairs[k].instead_of));
}

static int add_second(const json_t *results, json_t *arm, const struct run_list *reference)
{
    struct run_list own;
    json_t *second = json_object();
    if (!second || cuvee__runs_counted(results, cuvee__json_text_at(arm, "arm"), &own) < 0) {
        json_decref(second);
        return -1;
    }
    int rc = 0;
    for (size_t k = 0; rc == 0 && k < sizeof pairs / sizeof *pairs; k++)
        rc = add_pair(second, k, &own, reference);
    cuvee__runs_deinit(&own);
    if (rc == 0)
        rc = json_object_size(second) ? json_object_set(arm, "second", second)
                                      : json_object_set_new(arm, "second", json_null());
    json_decref(second);
    return rc;
}

int cuvee__summary_second(const json_t *results, json_t *summary, cuvee_error *err)
{
    const json_t *arms = json_object_get(summary, "arms");
    struct run_list reference;
    int rc = cuvee__runs_counted(results, cuvee__json_text_at(summary, "reference"), &reference);
    for (size_t i = 0; rc == 0 && i < json_array_size(arms); i++)
        rc = add_second(results, json_array_get(arms, i), &reference);
    cuvee__runs_deinit(&reference);
    return rc == 0 ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
}
