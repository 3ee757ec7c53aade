/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/values.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_at.h"
#include "report/stats.h"

int cuvee__runs_counted(const json_t *results, const char *arm, struct run_list *ret)
{
    const json_t *runs = json_object_get(results, "runs");
    const size_t n = json_array_size(runs);
    *ret = (struct run_list){.runs = cuvee__alloc_array(n + 1, sizeof *ret->runs)};
    if (!ret->runs) return -1;
    for (size_t i = 0; i < n; i++) {
        const json_t *run = json_array_get(runs, i);
        if (strcmp(cuvee__json_text_at(run, "arm"), arm) == 0 &&
            json_is_true(json_object_get(run, "counts")))
            ret->runs[ret->n++] = run;
    }
    return 0;
}

void cuvee__runs_deinit(struct run_list *list)
{
    cuvee__free(list->runs);
    *list = (struct run_list){0};
}

int cuvee__runs_typical(const struct run_list *list, const json_t **ret)
{
    struct values walls;
    double least = INFINITY;
    *ret = NULL;
    if (cuvee__values_take(&walls, list, "wall_s") < 0) return -1;
    const double median = walls.n ? cuvee__stats_median(walls.x, walls.n) : 0;
    for (size_t i = 0; i < list->n; i++) {
        double wall;
        if (!cuvee__json_number_at(list->runs[i], "wall_s", &wall) ||
            fabs(wall - median) >= least)
            continue;
        least = fabs(wall - median);
        *ret = list->runs[i];
    }
    cuvee__values_deinit(&walls);
    return 0;
}

int cuvee__values_take(struct values *ret, const struct run_list *list, const char *path)
{
    *ret = (struct values){.x = cuvee__alloc_array(list->n + 1, sizeof *ret->x)};
    if (!ret->x) return -1;
    for (size_t i = 0; i < list->n; i++)
        ret->n += cuvee__json_number_at(list->runs[i], path, &ret->x[ret->n]);
    if (ret->n) cuvee__stats_sort(ret->x, ret->n);
    return 0;
}

void cuvee__values_deinit(struct values *v)
{
    cuvee__free(v->x);
    *v = (struct values){0};
}

json_t *cuvee__values_median(const struct values *v)
{
    return v->n ? json_real(cuvee__stats_median(v->x, v->n)) : json_null();
}

json_t *cuvee__values_to_json(const struct values *v)
{
    struct stats_interval of_median;
    if (!v->n) return json_null();
    const bool has = cuvee__stats_quantile_interval(v->x, v->n, 0.5, 0.95, &of_median);
    return json_pack("{s:f, s:f, s:f, s:o, s:o}", "median", cuvee__stats_median(v->x, v->n), "min",
                     v->x[0], "max", v->x[v->n - 1], "low",
                     has ? json_real(of_median.low) : json_null(), "high",
                     has ? json_real(of_median.high) : json_null());
}
