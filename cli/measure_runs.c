/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_runs.h"

#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/error.h"
#include "console.h"
#include "report/stats.h"

enum { FIRST_RUNS = 16 };

static const double mib = 1048576;

int cli__measure_runs_add(struct measure_runs *r, const struct account *a, int exit_code,
                          cuvee_error *err)
{
    if (r->n == r->room) {
        const size_t room = cuvee__max(FIRST_RUNS, 2 * r->room);
        struct measure_run *grown = cuvee__realloc_array(r->items, room, sizeof *grown);
        if (!grown) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for runs");
        r->items = grown;
        r->room = room;
    }
    r->items[r->n++] = (struct measure_run){
        .wall_leader_s = (double)a->wall_leader_us / 1e6,
        .wall_tree_s = (double)a->wall_tree_us / 1e6,
        .cpu_s = a->has_cpu ? (double)a->cpu_us / 1e6 : (double)NAN,
        .lower = a->has_peak ? (double)a->lower * 1024 : (double)NAN,
        .upper = a->has_peak ? (double)a->upper * 1024 : (double)NAN,
        .exit_code = exit_code,
    };
    return CUVEE_OK;
}

/* ---- JSON ---- */

static json_t *number(double x)
{
    return isnan(x) ? json_null() : json_real(x);
}

static json_t *whole(double x)
{
    return isnan(x) ? json_null() : json_integer((json_int_t)x);
}

json_t *cli__measure_runs_to_json(const struct measure_runs *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n; i++) {
        const struct measure_run *run = &r->items[i];
        json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:i}", "wall_leader_s",
                              number(run->wall_leader_s), "wall_tree_s", number(run->wall_tree_s),
                              "cpu_s", number(run->cpu_s), "footprint_lower", whole(run->lower),
                              "footprint_upper", whole(run->upper), "exit_code", run->exit_code);
        if (json_array_append_new(list, o) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* ---- the table ---- */

/* One figure of all runs, those that have it. Returns how many. */
static size_t collect(const struct measure_runs *r, size_t field, double unit, double *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const double x = *(const double *)((const char *)&r->items[i] + field);
        if (!isnan(x)) ret[n++] = x / unit;
    }
    if (n) cuvee__stats_sort(ret, n);
    return n;
}

static void append_row(struct buffer *out, const struct measure_runs *r, const char *name,
                       size_t field, double unit, double *values)
{
    struct stats_interval of_median;
    const size_t n = collect(r, field, unit, values);
    if (!n) {
        cuvee__buffer_printf(out, "    %-20s not known\n", name);
        return;
    }
    cuvee__buffer_printf(out, "    %-20s %10.3f %10.3f %10.3f", name,
                         cuvee__stats_median(values, n), values[0], values[n - 1]);
    if (cuvee__stats_quantile_interval(values, n, 0.5, 0.95, &of_median))
        cuvee__buffer_printf(out, "   %.3f to %.3f", of_median.low, of_median.high);
    cuvee__buffer_append_char(out, '\n');
}

void cli__measure_runs_summary(const struct measure_runs *r)
{
    struct buffer out = {0};
    double *values = cuvee__alloc_array(r->n + 1, sizeof *values);
    if (!values) return; /* a summary is not worth a failure */
    cuvee__buffer_printf(&out, "  %-5zu run%-16s %8s %10s %10s%s\n", r->n, r->n == 1 ? "" : "s",
                         "median", "least", "most", r->n >= 6 ? "   median at 95 %" : "");
    append_row(&out, r, "time, s", offsetof(struct measure_run, wall_leader_s), 1, values);
    append_row(&out, r, "CPU, s", offsetof(struct measure_run, cpu_s), 1, values);
    append_row(&out, r, "peak at least, MiB", offsetof(struct measure_run, lower), mib, values);
    append_row(&out, r, "peak at most, MiB", offsetof(struct measure_run, upper), mib, values);
    cuvee__buffer_printf(&out, "  the last of them\n");
    cli__console_write(buffer_span(&out));
    cuvee__buffer_deinit(&out);
    cuvee__free(values);
}

void cli__measure_runs_deinit(struct measure_runs *r)
{
    cuvee__free(r->items);
    *r = (struct measure_runs){0};
}
