/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary_sweep.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/values.h"
#include "report/stats.h"

static bool is_of(const json_t *run, json_int_t workers, json_int_t threads)
{
    return strcmp(cuvee__json_text_at(run, "kind"), "sweep") == 0 &&
           strcmp(cuvee__json_text_at(run, "status"), "ok") == 0 &&
           json_integer_value(cuvee__json_at(run, "settings.workers")) == workers &&
           json_integer_value(cuvee__json_at(run, "settings.threads")) == threads;
}

static int select_runs(const json_t *results, json_int_t workers, json_int_t threads,
                       struct run_list *ret)
{
    const json_t *runs = json_object_get(results, "runs");
    *ret =
        (struct run_list){.runs = cuvee__alloc_array(json_array_size(runs) + 1, sizeof *ret->runs)};
    if (!ret->runs) return -1;
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (is_of(json_array_get(runs, i), workers, threads))
            ret->runs[ret->n++] = json_array_get(runs, i);
    return 0;
}

/* One combination; null when none of its runs succeeded. NULL when out of memory. */
static json_t *make_point(const json_t *results, json_int_t workers, json_int_t threads)
{
    static const struct {
        const char *key, *path;
    } figures[] = {{"items_per_s", "items_per_s"},
                   {"wall_s", "wall_s"},
                   {"upper", "footprint.upper"},
                   {"context_switches", "context_switches"},
                   {"involuntary_switches", "involuntary_switches"},
                   {"runq_wait_s", "runq_wait_s"},
                   {"faults", "faults"},
                   {"cache_references", "cache_references"},
                   {"cache_misses", "cache_misses"},
                   {"missed_bytes", "missed_bytes"}};
    struct run_list list;
    if (select_runs(results, workers, threads, &list) < 0) return NULL;
    json_t *point = list.n ? json_pack("{s:I, s:I, s:I}", "workers", workers, "threads", threads,
                                       "n", (json_int_t)list.n)
                           : json_null();
    int rc = point ? 0 : -1;
    for (size_t i = 0; rc == 0 && list.n && i < sizeof figures / sizeof *figures; i++) {
        struct values v;
        if ((rc = cuvee__values_take(&v, &list, figures[i].path)) < 0) break;
        rc = json_object_set_new(point, figures[i].key, cuvee__values_to_json(&v));
        cuvee__values_deinit(&v);
    }
    cuvee__runs_deinit(&list);
    if (rc == 0) return point;
    json_decref(point);
    return NULL;
}

/* How memory grows with each worker, over all points. */
static int add_slope(json_t *summary, const json_t *points, cuvee_error *err)
{
    const size_t n = json_array_size(points);
    double *x = cuvee__alloc_array(2 * n + 1, sizeof *x), *y = x + n;
    struct stats_line line = {0};
    bool is_found = false;
    size_t n_known = 0;
    int rc = x ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
    for (size_t i = 0; x && i < n; i++) {
        const json_t *point = json_array_get(points, i);
        if (!cuvee__json_number_at(point, "upper.median", &y[n_known])) continue;
        n_known += cuvee__json_number_at(point, "workers", &x[n_known]);
    }
    if (n_known > 1) rc = cuvee__stats_theil_sen(x, y, n_known, &line, &is_found, err);
    const struct {
        const char *key;
        double value;
    } figures[] = {{"bytes_per_worker", line.slope},
                   {"bytes_per_worker_low", line.low},
                   {"bytes_per_worker_high", line.high},
                   {"bytes_without_workers", line.intercept}};
    int failed = 0;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        failed |= json_object_set_new(summary, figures[i].key,
                                      is_found ? json_real(figures[i].value) : json_null());
    if (rc == CUVEE_OK && failed)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
    cuvee__free(x);
    return rc;
}

/* Why the sweep has no counters of caches; null: it has, or there is none. */
static json_t *why_not_counted(const json_t *results)
{
    const json_t *runs = json_object_get(results, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        json_t *why = json_object_get(json_array_get(runs, i), "counters_why");
        if (json_is_string(why)) return json_incref(why);
    }
    return json_null();
}

int cuvee__summary_sweep(const json_t *results, json_t *summary, cuvee_error *err)
{
    const json_t *workers = cuvee__json_at(results, "plan.sweep.workers"),
                 *threads = cuvee__json_at(results, "plan.sweep.threads");
    json_t *points = json_array();
    int failed = points ? 0 : -1;
    for (size_t w = 0; !failed && w < json_array_size(workers); w++)
        for (size_t t = 0; !failed && t < json_array_size(threads); t++) {
            json_t *point = make_point(results, json_integer_value(json_array_get(workers, w)),
                                       json_integer_value(json_array_get(threads, t)));
            failed = !point || (json_is_object(point) && json_array_append(points, point) < 0);
            json_decref(point);
        }
    if (!failed) failed = json_object_set_new(summary, "counters_why", why_not_counted(results));
    if (!failed)
        failed = json_array_size(points) ? json_object_set(summary, "sweep", points)
                                         : json_object_set_new(summary, "sweep", json_null());
    const int rc = failed ? cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary")
                          : add_slope(summary, points, err);
    json_decref(points);
    return rc;
}
