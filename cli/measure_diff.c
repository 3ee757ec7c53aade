/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_diff.h"

#include <stdio.h>

#include "measure_result.h"

static void print_value(bool is_known, double value, const struct measure_scale *scale)
{
    if (is_known)
        printf(" %14.*f", scale->decimals, value * scale->factor);
    else
        printf(" %14s", "-");
}

/* Two true peaks may be equal when their brackets overlap. */
static void print_overlap(const json_t *a, const json_t *b)
{
    double a_lower, a_upper, b_lower, b_upper;
    if (cli__measure_result_peak(a, &a_lower, &a_upper) &&
        cli__measure_result_peak(b, &b_lower, &b_upper) && a_lower <= b_upper && b_lower <= a_upper)
        printf("the bounds of the peaks overlap: they may be the same\n");
}

static void print_figure(const struct measure_figure *f, const json_t *a, const json_t *b)
{
    const struct measure_scale scale = cli__measure_scale(f->unit);
    double x = 0, y = 0;
    const bool has_x = cli__measure_result_number(a, f->path, &x);
    const bool has_y = cli__measure_result_number(b, f->path, &y);
    printf("%-19s", f->name);
    print_value(has_x, x, &scale);
    print_value(has_y, y, &scale);
    if (has_x && has_y && x > 0)
        printf(" %+7.1f %%", 100 * (y / x - 1));
    else
        printf(" %9s", "-");
    printf("%s%s\n", *scale.name ? "  " : "", scale.name);
}

int cli__measure_diff(const char *path_a, const char *path_b, cuvee_error *err)
{
    json_t *a = NULL, *b = NULL;
    int rc = cli__measure_result_read(path_a, &a, err);
    if (rc == CUVEE_OK) rc = cli__measure_result_read(path_b, &b, err);
    if (rc == CUVEE_OK) {
        printf("%-19s %14s %14s %9s\n", "", "A", "B", "change");
        for (size_t i = 0; i < cli__measure_n_figures; i++)
            print_figure(&cli__measure_figures[i], a, b);
        print_overlap(a, b);
    }
    json_decref(a);
    json_decref(b);
    return rc;
}
