/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/record.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/json_at.h"
#include "report/stats.h"

/* Where measure/1 has a figure of a record. */
static const struct {
    const char *key, *path;
} figures[] = {
    {"wall_s", "time.wall_leader_s"},
    {"cpu_s", "time.cpu_s"},
    {"processes", "membership.processes"},
    {"threads_max", "membership.threads_max"},
    {"runq_wait_s", "contention.runq_wait_s"},
    {"context_switches", "contention.context_switches"},
    {"involuntary_switches", "contention.involuntary_switches"},
    {"foreign_cpu_s", "contention.foreign_cpu_s"},
    {"steal_s", "contention.steal_s"},
    {"psi_memory_s", "contention.psi_memory_some_s"},
    {"psi_io_s", "contention.psi_io_some_s"},
    {"charged", "memory.charged.peak"}, /* by the control group, page cache too */
};
static const struct {
    const char *key, *path;
} footprint[] = {
    {"lower", "memory.footprint.peak.lower"},
    {"upper", "memory.footprint.peak.upper"},
    {"steady_median", "memory.footprint.steady_median"},
    {"integral_MiB_s", "memory.footprint.integral_MiB_s"},
};

/* A copy of what is there, or null. */
static int copy(json_t *to, const char *key, const json_t *from, const char *path)
{
    const json_t *value = cuvee__json_at(from, path);
    return json_object_set_new(to, key, value ? json_deep_copy(value) : json_null());
}

static int set_number(json_t *to, const char *key, bool is_known, double value)
{
    return json_object_set_new(to, key, is_known ? json_real(value) : json_null());
}

/* When the mark was made. */
static bool find_mark(const json_t *measured, const char *name, double *ret_s)
{
    const json_t *phases = cuvee__json_at(measured, "phases");
    for (size_t i = 0; i < json_array_size(phases); i++) {
        const json_t *phase = json_array_get(phases, i);
        if (strcmp(cuvee__json_text_at(phase, "name"), name) == 0)
            return cuvee__json_number_at(phase, "t_s", ret_s);
    }
    return false;
}

static double faults_of(const json_t *measured)
{
    const json_t *kinds = cuvee__json_at(measured, "io.minflt_majflt");
    double sum = json_is_array(kinds) ? 0 : NAN;
    for (size_t i = 0; i < json_array_size(kinds); i++)
        sum += json_number_value(json_array_get(kinds, i));
    return json_is_number(kinds) ? json_number_value(kinds) : sum;
}

/* The share of the weights that was in memory when the run began; negative: nobody looked. */
static double cached_share(const json_t *measured)
{
    const char *file;
    json_t *share;
    json_object_foreach((json_t *)(uintptr_t)cuvee__json_at(measured, "io.cached_before"), file,
                        share) return json_number_value(share);
    return -1;
}

/* What follows from several figures. */
static int derive(json_t *record, const json_t *measured, size_t n_items)
{
    double wall = 0, cpu = 0, load = 0, first = 0, user = 0, sys = 0;
    const bool has_wall = cuvee__json_number_at(measured, "time.wall_leader_s", &wall) && wall > 0;
    const bool has_cpu = cuvee__json_number_at(measured, "time.cpu_s", &cpu);
    const bool has_load = find_mark(measured, "model-loaded", &load);
    const bool has_first = find_mark(measured, "first-result", &first);
    const double faults = faults_of(measured);
    /* A second way to know CPU time: what the kernel told those who waited. */
    const bool has_rusage = cuvee__json_number_at(measured, "time.user_s", &user) &&
                            cuvee__json_number_at(measured, "time.sys_s", &sys);
    int rc = set_number(record, "cpu_rusage_s", has_rusage, user + sys);
    rc |= set_number(record, "items_per_s", has_wall, (double)n_items / wall);
    rc |= set_number(record, "cores_used", has_wall && has_cpu, cpu / wall);
    rc |= set_number(record, "load_s", has_load, load);
    rc |= set_number(record, "first_s", has_first, first);
    rc |= set_number(record, "work_s", has_wall && has_load, wall - load);
    rc |= set_number(record, "weights_cached", cached_share(measured) >= 0, cached_share(measured));
    return rc | set_number(record, "faults", !isnan(faults), faults);
}

int cuvee__record_take(json_t *record, const json_t *measured, size_t n_items)
{
    json_t *memory = json_object();
    int rc = memory ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < sizeof figures / sizeof *figures; i++)
        rc = copy(record, figures[i].key, measured, figures[i].path);
    for (size_t i = 0; rc == 0 && i < sizeof footprint / sizeof *footprint; i++)
        rc = copy(memory, footprint[i].key, measured, footprint[i].path);
    if (rc == 0) rc = derive(record, measured, n_items);
    if (rc == 0) rc = copy(record, "naive", measured, "memory.naive");
    if (rc == 0) rc = copy(record, "phases", measured, "phases");
    if (rc == 0) rc = json_object_set(record, "footprint", memory);
    json_decref(memory);
    return rc;
}

int cuvee__record_latency(json_t *record, double *ms, size_t n)
{
    static const struct {
        const char *key;
        double q;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};
    json_t *latency = n ? json_object() : json_null();
    int rc = latency ? 0 : -1;
    if (n) {
        cuvee__stats_sort(ms, n);
        rc |= json_object_set_new(latency, "n", json_integer((json_int_t)n));
    }
    for (size_t i = 0; n && rc == 0 && i < 3; i++) {
        const double q = quantiles[i].q;
        rc = set_number(latency, quantiles[i].key, 1 - pow(q, (double)n) >= 0.95,
                        cuvee__stats_quantile(ms, n, q));
    }
    if (rc == 0) rc = json_object_set(record, "latency_ms", latency);
    json_decref(latency);
    return rc;
}
