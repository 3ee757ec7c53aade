/* SPDX-License-Identifier: Apache-2.0
 *
 * For github-action-benchmark's tool customSmallerIsBetter: [{name, unit, value, range, extra}]. */
#include <stdio.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/report.h"
#include "bench/report_parts.h"

static const struct {
    const char *name, *unit, *path; /* of summary.arms.N */
    double factor;
} figures[] = {{"time", "s", "wall_s", 1},
               {"CPU", "s", "cpu_s", 1},
               {"peak of memory, upper bound", "MiB", "upper", 1.0 / 1048576}};

static int put_figure(json_t *list, const struct report *r, const struct report_arm *a, size_t f)
{
    char name[160], range[64], extra[160];
    double median, least, most;
    if (!cuvee__report_number(r, &median, "summary.arms.%zu.%s.median", a->sum, figures[f].path))
        return 0;
    snprintf(name, sizeof name, "%.100s: %s", a->name, figures[f].name);
    snprintf(extra, sizeof extra, "%.150s", a->title);
    json_t *o = json_pack("{s:s, s:s, s:f, s:s}", "name", name, "unit", figures[f].unit, "value",
                          median * figures[f].factor, "extra", extra);
    int rc = o ? 0 : -1;
    if (rc == 0 &&
        cuvee__report_number(r, &least, "summary.arms.%zu.%s.min", a->sum, figures[f].path) &&
        cuvee__report_number(r, &most, "summary.arms.%zu.%s.max", a->sum, figures[f].path)) {
        snprintf(range, sizeof range, "%.6g to %.6g", least * figures[f].factor,
                 most * figures[f].factor);
        rc = json_object_set_new(o, "range", json_string(range));
    }
    if (rc == 0) return json_array_append_new(list, o);
    json_decref(o);
    return -1;
}

static int put_bytes(const char *bytes, size_t n, void *user)
{
    sink_put(user, bytes, n);
    return 0;
}

int cuvee__report_github(const json_t *results, struct sink *out, cuvee_error *err)
{
    struct report r;
    json_t *list = json_array();
    int rc = list ? 0 : -1;
    cuvee__report_init(&r, results, NULL, out);
    for (size_t i = 0; i < r.n_arms; i++)
        for (size_t f = 0; rc == 0 && f < sizeof figures / sizeof *figures; f++)
            if (r.arms[i].has_runs && !r.arms[i].is_twin) rc = put_figure(list, &r, &r.arms[i], f);
    if (rc == 0)
        rc = json_dump_callback(list, put_bytes, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(list);
    sink_put_str(out, "\n");
    if (rc < 0) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for the report");
    return cuvee__report_end(&r, err);
}
