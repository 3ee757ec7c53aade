/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/scenarios.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/needs.h"
#include "bench/plan.h"
#include "bench/rates.h"
#include "bench/schedule.h"
#include "bench/values.h"

enum { PATH_ROOM = 4400 };

static const json_t *also_of(const struct experiment *e)
{
    return json_object_get(e->setup.plan, "also");
}

static size_t n_entries(const struct experiment *e)
{
    return json_array_size(json_object_get(e->results, "arms"));
}

static double rate_of(const struct experiment *e)
{
    double rate = 0;
    cuvee__json_number_at(e->setup.plan, "rate", &rate);
    return rate;
}

static bool is_run_of(const json_t *run, const char *arm, const char *scenario)
{
    return cuvee__json_text_is(run, "kind", "scenario") && cuvee__json_text_is(run, "arm", arm) &&
           cuvee__json_text_is(run, "scenario", scenario) &&
           !cuvee__json_text_is(run, "status", "interrupted");
}

/* The first undisturbed success, else the first success; NULL: none. */
static const json_t *find_counted(const json_t *results, const char *arm, const char *scenario)
{
    const json_t *runs = json_object_get(results, "runs"), *found = NULL;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        if (!is_run_of(run, arm, scenario) || !cuvee__json_text_is(run, "status", "ok")) continue;
        if (json_array_size(json_object_get(run, "flags")) == 0) return run;
        if (!found) found = run;
    }
    return found;
}

static bool has_run(const json_t *results, const char *arm, const char *scenario)
{
    const json_t *runs = json_object_get(results, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (is_run_of(json_array_get(runs, i), arm, scenario)) return true;
    return false;
}

/* ---- running ---- */

/* One arm in one scenario, and again while it is disturbed. */
static int run_arm(struct experiment *e, const json_t *arm, const char *scenario,
                   const char *schedule, cuvee_error *err)
{
    struct run_request request = {.arm = arm,
                                  .name = cuvee__json_text_at(arm, "name"),
                                  .kind = "scenario",
                                  .scenario = scenario,
                                  .again_of = -1,
                                  .rate = schedule ? rate_of(e) : 0,
                                  .schedule = schedule};
    return cuvee__experiment_run_quiet(e, &request, request.kind, err);
}

/* All arms, in an order that the seed shuffles. at: which of the plan's scenarios it is. */
static int run_scenario(struct experiment *e, size_t at, const char *scenario, cuvee_error *err)
{
    char path[PATH_ROOM];
    size_t order[CUVEE__PLAN_MAX_ARMS + 1];
    const size_t n = n_entries(e);
    const bool is_server = strcmp(scenario, "server") == 0;
    const json_int_t seed = json_integer_value(json_object_get(e->setup.plan, "seed"));
    if (is_server && rate_of(e) <= 0) return CUVEE_OK; /* rates are sought, none is given */
    int rc =
        is_server ? cuvee__arrivals_write(&e->setup, rate_of(e), path, sizeof path, err) : CUVEE_OK;
    cuvee__schedule_block((uint64_t)seed, CUVEE__PLAN_MAX_BLOCKS + at, order, n);
    for (size_t k = 0; rc == CUVEE_OK && k < n; k++) {
        const json_t *arm;
        if (!cuvee__experiment_takes(e, order[k], &arm) ||
            !cuvee__arm_has_scenario(arm, scenario) ||
            has_run(e->results, cuvee__json_text_at(arm, "name"), scenario))
            continue;
        if (!cuvee__experiment_may_begin(e)) break;
        rc = run_arm(e, arm, scenario, is_server ? path : NULL, err);
    }
    return rc;
}

int cuvee__scenarios_run(struct experiment *e, cuvee_error *err)
{
    const json_t *also = also_of(e);
    const bool is_main = cuvee__json_text_is(e->setup.plan, "scenario", "server");
    bool is_served = is_main;
    int rc = CUVEE_OK;
    e->setup.max_items = cuvee__plan_also_items(e->setup.plan);
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(also); i++) {
        const char *scenario = json_string_value(json_array_get(also, i));
        rc = run_scenario(e, i, scenario, err);
        is_served |= strcmp(scenario, "server") == 0;
    }
    if (is_main) e->setup.max_items = 0; /* as in its blocks */
    if (rc == CUVEE_OK && is_served) rc = cuvee__rates_find(e, err);
    e->setup.max_items = 0;
    return rc;
}

static size_t n_arms_with(const struct experiment *e, const char *scenario)
{
    const json_t *arm;
    size_t n = 0;
    for (size_t i = 0; i < n_entries(e); i++)
        n += cuvee__experiment_takes(e, i, &arm) && cuvee__arm_has_scenario(arm, scenario);
    return n;
}

size_t cuvee__scenarios_n_runs(const struct experiment *e)
{
    double bound_ms = 0;
    bool is_served = cuvee__json_text_is(e->setup.plan, "scenario", "server");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(also_of(e)); i++) {
        const char *scenario = json_string_value(json_array_get(also_of(e), i));
        const bool is_server = strcmp(scenario, "server") == 0;
        if (!is_server || rate_of(e) > 0) n += n_arms_with(e, scenario);
        is_served |= is_server;
    }
    cuvee__json_number_at(e->setup.plan, "latency_bound_ms", &bound_ms);
    return is_served && bound_ms > 0 ? n + CUVEE__RATE_PROBES * n_arms_with(e, "server") : n;
}

/* ---- what came of it ---- */

static const char *const quantiles[] = {"p50", "p90", "p99"};
enum { N_QUANTILES = 3 };

static int copy(json_t *to, const char *key, const json_t *from, const char *path)
{
    json_t *value = (json_t *)(uintptr_t)cuvee__json_at(from, path); /* is counted, not changed */
    return value ? json_object_set(to, key, value) : json_object_set_new(to, key, json_null());
}

static json_t *waits_of_run(const json_t *run)
{
    char path[24] = "latency_ms.";
    json_t *waits =
        json_pack("{s:b}", "disturbed", json_array_size(json_object_get(run, "flags")) > 0);
    int rc = waits ? copy(waits, "n", run, "latency_ms.n") | copy(waits, "run", run, "id") : -1;
    for (size_t i = 0; rc == 0 && i < N_QUANTILES; i++) {
        memcpy(path + 11, quantiles[i], 4);
        rc = copy(waits, quantiles[i], run, path);
    }
    if (rc == 0) rc = copy(waits, "items_per_s", run, "items_per_s");
    if (rc == 0 && json_object_get(run, "rate")) rc = copy(waits, "rate", run, "rate");
    if (rc == 0) return waits;
    json_decref(waits);
    return NULL;
}

/* Of the scenario whose blocks are compared: medians over the runs that count. */
static json_t *waits_of_blocks(const struct run_list *list)
{
    char path[24] = "latency_ms.";
    json_t *waits = waits_of_run(list->runs[0]);
    int rc = waits ? 0 : -1;
    json_object_del(waits, "run"); /* it is of all of them */
    for (size_t i = 0; rc == 0 && i < N_QUANTILES; i++) {
        struct values v;
        memcpy(path + 11, quantiles[i], 4);
        if ((rc = cuvee__values_take(&v, list, path)) < 0) break;
        rc = json_object_set_new(waits, quantiles[i], cuvee__values_median(&v));
        cuvee__values_deinit(&v);
    }
    if (rc == 0) return waits;
    json_decref(waits);
    return NULL;
}

static int add_main(json_t *by_name, const json_t *results, const char *arm)
{
    struct run_list list;
    const char *scenario = cuvee__json_text_at(results, "plan.scenario");
    if (!*scenario || strcmp(scenario, "offline") == 0) return 0;
    if (cuvee__runs_counted(results, arm, &list) < 0) return -1;
    const int rc = list.n ? json_object_set_new(by_name, scenario, waits_of_blocks(&list)) : 0;
    cuvee__runs_deinit(&list);
    return rc;
}

json_t *cuvee__scenarios_summary(const json_t *results, const char *arm)
{
    const json_t *also = cuvee__json_at(results, "plan.also");
    json_t *by_name = json_object();
    int rc = by_name ? add_main(by_name, results, arm) : -1;
    for (size_t i = 0; rc == 0 && i < json_array_size(also); i++) {
        const char *scenario = json_string_value(json_array_get(also, i));
        const json_t *run = scenario && strcmp(scenario, "offline") != 0
                                ? find_counted(results, arm, scenario)
                                : NULL;
        if (run) rc = json_object_set_new(by_name, scenario, waits_of_run(run));
    }
    if (rc == 0) return by_name;
    json_decref(by_name);
    return NULL;
}
