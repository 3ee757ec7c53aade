/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary_scaling.h"

#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/json_at.h"
#include "report/usl.h"

/* Medians of the points with so many threads of each worker. */
struct curve {
    json_int_t threads;
    double x[USL_MAX_POINTS], y[USL_MAX_POINTS], most_x;
    size_t n;
};

static void take_curve(const json_t *points, json_int_t threads, struct curve *ret)
{
    *ret = (struct curve){.threads = threads};
    for (size_t i = 0; i < json_array_size(points) && ret->n < USL_MAX_POINTS; i++) {
        const json_t *point = json_array_get(points, i);
        if (json_integer_value(json_object_get(point, "threads")) != threads ||
            !cuvee__json_number_at(point, "workers", &ret->x[ret->n]) ||
            !cuvee__json_number_at(point, "items_per_s.median", &ret->y[ret->n]))
            continue;
        ret->most_x = fmax(ret->most_x, ret->x[ret->n]);
        ret->n++;
    }
}

static json_t *bounded_to_json(const struct usl_bounded *b)
{
    return json_pack("{s:f, s:f, s:f}", "value", b->value, "low", b->low, "high", b->high);
}

/* The peak is told where the sweep reached it: beyond, the curve is a guess. */
static json_t *curve_to_json(const struct curve *c)
{
    struct usl_fit fit;
    const enum usl_outcome outcome = cuvee__usl_fit(c->x, c->y, c->n, &fit);
    if (outcome == USL_TOO_FEW) return json_null();
    const bool has_peak = outcome == USL_FITS && fit.peak >= 1 && fit.peak <= c->most_x;
    return json_pack("{s:I, s:I, s:b, s:f, s:f, s:o, s:o, s:o}", "threads", c->threads, "n",
                     (json_int_t)c->n, "fits", outcome == USL_FITS, "miss", fit.miss, "lambda",
                     fit.lambda, "sigma", bounded_to_json(&fit.sigma), "kappa",
                     bounded_to_json(&fit.kappa), "peak_workers",
                     has_peak ? json_real(fit.peak) : json_null());
}

static bool is_first(const json_t *points, size_t at)
{
    const json_t *threads = json_object_get(json_array_get(points, at), "threads");
    for (size_t i = 0; i < at; i++)
        if (json_equal(json_object_get(json_array_get(points, i), "threads"), threads))
            return false;
    return true;
}

int cuvee__summary_scaling(json_t *summary, cuvee_error *err)
{
    const json_t *points = json_object_get(summary, "sweep");
    json_t *list = json_array();
    int failed = list ? 0 : -1;
    for (size_t i = 0; !failed && i < json_array_size(points); i++) {
        struct curve curve;
        if (!is_first(points, i)) continue;
        take_curve(points,
                   json_integer_value(json_object_get(json_array_get(points, i), "threads")),
                   &curve);
        json_t *fit = curve_to_json(&curve);
        failed = !fit || (json_is_object(fit) && json_array_append(list, fit) < 0);
        json_decref(fit);
    }
    if (!failed)
        failed = json_array_size(list) ? json_object_set(summary, "scaling", list)
                                       : json_object_set_new(summary, "scaling", json_null());
    json_decref(list);
    return failed ? cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary") : CUVEE_OK;
}
