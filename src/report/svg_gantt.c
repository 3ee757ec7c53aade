/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, ROW = 26, LEFT = 206, RIGHT = 660, TOP = 32, BOTTOM = 30, MAX_LABEL = 28 };

static void put_row(struct sink *out, const struct svg_scale *x, const struct svg_phases *r,
                    const char *const names[CUVEE__SVG_PHASES], double y)
{
    double begin = 0;
    cuvee__svg_label(out, NULL, "end", LEFT - 10, y + 12, r->label, MAX_LABEL);
    for (int i = 0; i < CUVEE__SVG_PHASES; i++) {
        char title[96];
        if (!(r->ends[i] >= begin)) continue;
        snprintf(title, sizeof title, "%.48s: %.3g s", names[i], r->ends[i] - begin);
        const double from = cuvee__svg_at(x, begin);
        cuvee__svg_kind(out, "phase p", i, from, y, cuvee__svg_at(x, r->ends[i]) - from, ROW - 10,
                        title);
        begin = r->ends[i];
    }
    cuvee__svg_text(out, NULL, "start", cuvee__svg_at(x, begin) + 8, y + 12, r->value);
}

static void put_legend(struct sink *out, const char *const names[CUVEE__SVG_PHASES])
{
    double at = LEFT;
    for (int i = 0; i < CUVEE__SVG_PHASES; i++) {
        cuvee__svg_kind(out, "phase p", i, at, 8, 14, 12, NULL);
        cuvee__svg_text(out, NULL, "start", at + 20, 18, names[i]);
        at += 20 + cuvee__svg_width(names[i]) + 16;
    }
}

void cuvee__svg_gantt(struct sink *out, const struct svg_heading *h,
                      const char *const names[CUVEE__SVG_PHASES], const struct svg_phases *rows,
                      size_t n)
{
    const double floor_y = TOP + (double)n * ROW;
    double most = 0;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < CUVEE__SVG_PHASES; k++)
            if (isfinite(rows[i].ends[k])) most = fmax(most, rows[i].ends[k]);
    const struct svg_scale x = cuvee__svg_linear(0, most, LEFT, RIGHT, 8);
    cuvee__svg_begin(out, h->title, h->description, WIDTH, floor_y + BOTTOM, h->is_alone);
    cuvee__svg_axis_x(out, &x, TOP, floor_y, "s");
    put_legend(out, names);
    for (size_t i = 0; i < n; i++)
        put_row(out, &x, &rows[i], names, TOP + (double)i * ROW + 5);
    sink_put_str(out, "</svg>\n");
}
