/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, ROW = 26, LEFT = 206, RIGHT = 600, TOP = 28, BOTTOM = 30, MAX_LABEL = 28 };

static void widen(double x, double *least, double *most)
{
    if (!(x > 0) || !isfinite(x)) return;
    *least = fmin(*least, x);
    *most = fmax(*most, x);
}

static void put_row(struct sink *out, const struct svg_scale *x, const struct svg_ratio *r,
                    double y)
{
    cuvee__svg_label(out, NULL, "end", LEFT - 10, y + 4, r->label, MAX_LABEL);
    cuvee__svg_text(out, NULL, "start", RIGHT + 16, y + 4, r->value);
    if (!(r->median > 0)) return;
    const bool has_interval = r->low <= r->high && r->low > 0;
    if (has_interval) {
        const double low = cuvee__svg_at(x, r->low), high = cuvee__svg_at(x, r->high);
        cuvee__svg_segment(out, "whisker", low, y, high, y);
        cuvee__svg_segment(out, "whisker", low, y - 4, low, y + 4);
        cuvee__svg_segment(out, "whisker", high, y - 4, high, y + 4);
    }
    cuvee__svg_marker(out, r->series, has_interval ? SVG_MARKER_FULL : SVG_MARKER_HOLLOW,
                      cuvee__svg_at(x, r->median), y, r->title);
}

void cuvee__svg_forest(struct sink *out, const struct svg_heading *h, const struct svg_ratio *rows,
                       size_t n, double none_low, double none_high)
{
    const double floor_y = TOP + (double)n * ROW;
    double least = 0.8, most = 1.25;
    for (size_t i = 0; i < n; i++) {
        widen(rows[i].median, &least, &most);
        if (rows[i].low > rows[i].high) continue;
        widen(rows[i].low, &least, &most);
        widen(rows[i].high, &least, &most);
    }
    struct svg_scale x = {.low = least / 1.08,
                          .high = most * 1.08,
                          .px_low = LEFT,
                          .px_high = RIGHT,
                          .is_log = true};
    cuvee__svg_begin(out, h->title, h->description, WIDTH, floor_y + BOTTOM, h->is_alone);
    for (size_t i = 0; i < n; i += 2)
        cuvee__svg_rectangle(out, "stripe", 0, TOP + (double)i * ROW, WIDTH, ROW, NULL);
    cuvee__svg_axis_x(out, &x, TOP, floor_y, "ratio, logarithmic");
    const double one = cuvee__svg_at(&x, 1);
    if (none_low <= none_high && none_low > 0) {
        const double low = cuvee__svg_at(&x, none_low), high = cuvee__svg_at(&x, none_high);
        cuvee__svg_rectangle(out, "band", low, TOP, fmax(high - low, 1), floor_y - TOP,
                             "no difference");
    }
    cuvee__svg_segment(out, "one", one, TOP - 4, one, floor_y);
    cuvee__svg_text(out, "soft", "middle", one, TOP - 10, "as the reference");
    if (one - LEFT > 150) cuvee__svg_text(out, "soft", "start", LEFT, TOP - 10, "worse");
    if (RIGHT - one > 150) cuvee__svg_text(out, "soft", "end", RIGHT, TOP - 10, "better");
    for (size_t i = 0; i < n; i++) put_row(out, &x, &rows[i], TOP + ((double)i + 0.5) * ROW);
    sink_put_str(out, "</svg>\n");
}
