/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/compare.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "report/markup.h"

struct figure {
    const char *name, *key, *title, *unit;
    double scale;
};

static const struct figure figures[] = {
    {"wall_s", "wall_s", "time", "s", 1},
    {"cpu_s", "cpu_s", "CPU", "s", 1},
    {"upper", "upper", "peak memory, at most", "MiB", 1.0 / 1048576},
    {"to_reference", "ratio", "speed of the reference", "x", 1},
};
enum { N_FIGURES = sizeof figures / sizeof *figures, TO_REFERENCE = N_FIGURES - 1 };

static const json_t *find_arm(const json_t *results, const char *name)
{
    const json_t *arms = cuvee__json_at(results, "summary.arms");
    for (size_t i = 0; i < json_array_size(arms); i++)
        if (strcmp(cuvee__json_text_at(json_array_get(arms, i), "arm"), name) == 0)
            return json_array_get(arms, i);
    return NULL;
}

/* A median with what is known of where it lies. */
struct spread {
    double median, low, high;
};

static bool read_spread(const json_t *of_arm, struct spread *ret)
{
    if (!cuvee__json_number_at(of_arm, "median", &ret->median)) return false;
    if (cuvee__json_number_at(of_arm, "low", &ret->low) &&
        cuvee__json_number_at(of_arm, "high", &ret->high))
        return true;
    ret->low = ret->high = ret->median;
    cuvee__json_number_at(of_arm, "min", &ret->low);
    cuvee__json_number_at(of_arm, "max", &ret->high);
    return true;
}

static int add_figure(json_t *rows, const struct figure *f, const json_t *a, const json_t *b)
{
    struct spread x, y;
    if (!read_spread(json_object_get(a, f->key), &x) ||
        !read_spread(json_object_get(b, f->key), &y) || x.median <= 0)
        return 0;
    return json_array_append_new(
        rows, json_pack("{s:O, s:s, s:f, s:f, s:f, s:b}", "arm", json_object_get(a, "arm"),
                        "figure", f->name, "a", x.median, "b", y.median, "ratio",
                        y.median / x.median, "overlap", x.low <= y.high && y.low <= x.high));
}

static int add_rows(json_t *rows, const json_t *a, const json_t *b)
{
    const json_t *arms = cuvee__json_at(a, "summary.arms");
    const bool same_reference = strcmp(cuvee__json_text_at(a, "summary.reference"),
                                       cuvee__json_text_at(b, "summary.reference")) == 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(arms); i++) {
        const json_t *own = json_array_get(arms, i);
        const json_t *other = find_arm(b, cuvee__json_text_at(own, "arm"));
        for (size_t k = 0; other && rc == 0 && k < N_FIGURES; k++)
            if (k != TO_REFERENCE || same_reference) rc = add_figure(rows, &figures[k], own, other);
    }
    return rc;
}

static int add_differences(json_t *differs, const json_t *a, const json_t *b)
{
    static const struct {
        const char *path, *what;
    } same[] = {{"machine.id", "machine"},
                {"tool.version", "version"},
                {"plan_sha256", "plan"},
                {"input.sha256", "input"},
                {"model.sha256", "model"}};
    int rc = 0;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(cuvee__json_text_at(a, same[i].path), cuvee__json_text_at(b, same[i].path)) != 0)
            rc |= json_array_append_new(differs, json_string(same[i].what));
    return rc;
}

int cuvee__compare(const json_t *a, const json_t *b, json_t **ret, cuvee_error *err)
{
    json_t *differs = json_array(), *rows = json_array();
    json_t *comparison = NULL;
    if (differs && rows && add_differences(differs, a, b) == 0 && add_rows(rows, a, b) == 0)
        comparison = json_pack("{s:O, s:O}", "differs", differs, "arms", rows);
    const bool has_rows = json_array_size(rows) > 0;
    json_decref(differs);
    json_decref(rows);
    if (!comparison) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a comparison");
    if (has_rows) {
        *ret = comparison;
        return CUVEE_OK;
    }
    json_decref(comparison);
    return cuvee__fail(err, CUVEE_E_FORMAT, "no arm has figures in both");
}

static const struct figure *find_figure(const char *name)
{
    const struct figure *f = figures;
    while (strcmp(f->name, name) != 0) f++;
    return f;
}

void cuvee__compare_print(const json_t *comparison, struct sink *out)
{
    const json_t *rows = json_object_get(comparison, "arms"),
                 *differs = json_object_get(comparison, "differs");
    const char *arm_before = "";
    cuvee__markup_printf(out, "%-22s %-22s %10s %10s    %7s\n", "arm", "figure", "A", "B", "B / A");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *arm = cuvee__json_text_at(row, "arm");
        const struct figure *f = find_figure(cuvee__json_text_at(row, "figure"));
        double a = 0, b = 0, ratio = 0;
        cuvee__json_number_at(row, "a", &a);
        cuvee__json_number_at(row, "b", &b);
        cuvee__json_number_at(row, "ratio", &ratio);
        cuvee__markup_printf(out, "%-22s %-22s %10.2f %10.2f %-3s %7.3f%s\n",
                             strcmp(arm, arm_before) ? arm : "", f->title, a * f->scale,
                             b * f->scale, f->unit, ratio,
                             json_is_true(json_object_get(row, "overlap"))
                                 ? "  intervals meet: no difference is proven"
                                 : "");
        arm_before = arm;
    }
    for (size_t i = 0; i < json_array_size(differs); i++)
        cuvee__markup_printf(out,
                             "The two are of different %ss: what differs above may come from "
                             "that.\n",
                             json_string_value(json_array_get(differs, i)));
}
