/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, ROW = 30, LEFT = 206, RIGHT = 776, TOP = 10, BOTTOM = 48, MAX_LABEL = 28 };

/* How far from its median a row shows: what nearly all need, in round steps. */
static double limit_of(const struct svg_dot_row *rows, size_t n)
{
    static const double limits[] = {0.02, 0.05, 0.1, 0.2};
    enum { N_LIMITS = sizeof limits / sizeof *limits };
    for (size_t l = 0; l < N_LIMITS; l++) {
        size_t n_all = 0, n_outside = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < rows[i].n; k++, n_all++)
                n_outside += fabs(rows[i].dots[k].share - 1) > limits[l];
        if (n_outside * 20 <= n_all) return limits[l];
    }
    return 0.5;
}

static void put_row(struct sink *out, const struct svg_dot_row *r, double middle, double step_px,
                    double limit)
{
    const double reach = ROW / 2.0 - 5;
    cuvee__svg_label(out, NULL, "end", LEFT - 10, middle + 4, r->label, MAX_LABEL);
    cuvee__svg_segment(out, "rule", LEFT, middle, RIGHT, middle);
    cuvee__svg_text(out, NULL, "start", RIGHT + 10, middle + 4, r->value);
    for (size_t i = 0; i < r->n; i++) {
        const struct svg_dot *d = &r->dots[i];
        const double x = LEFT + (d->at + 0.5) * step_px;
        const double off = d->share - 1;
        const double y = middle - fmax(-1, fmin(1, off / limit)) * reach;
        if (d->kind == SVG_DOT_FLAGGED)
            cuvee__svg_rectangle(out, "flagged", x - 8, y - 8, 16, 16, d->title);
        cuvee__svg_marker(out, r->series,
                          d->kind == SVG_DOT_LEFT_OUT ? SVG_MARKER_HOLLOW : SVG_MARKER_FULL, x, y,
                          d->title);
        if (fabs(off) > limit) /* it lies further out than there is room */
            cuvee__svg_text(out, "soft", "start", x + 9, y + 4,
                            off > 0 ? "\xE2\x86\x91" : "\xE2\x86\x93");
    }
}

void cuvee__svg_dots(struct sink *out, const struct svg_heading *h, const struct svg_dot_row *rows,
                     size_t n)
{
    const double limit = limit_of(rows, n);
    const double floor_y = TOP + (double)n * ROW, height = floor_y + BOTTOM;
    double last = 0;
    char text[96];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rows[i].n; k++) last = fmax(last, rows[i].dots[k].at);
    cuvee__svg_begin(out, h->title, h->description, WIDTH, height, h->is_alone);
    for (size_t i = 0; i < n; i++) {
        if (i % 2 == 0)
            cuvee__svg_rectangle(out, "stripe", 0, TOP + (double)i * ROW, WIDTH, ROW, NULL);
    }
    for (size_t i = 0; i < n; i++)
        put_row(out, &rows[i], TOP + ((double)i + 0.5) * ROW, (RIGHT - LEFT) / (last + 1), limit);
    cuvee__svg_segment(out, "axis", LEFT, floor_y, RIGHT, floor_y);
    cuvee__svg_text(out, "soft", "start", LEFT, floor_y + 16, "first run");
    cuvee__svg_text(out, "soft", "end", RIGHT, floor_y + 16, "last run");
    cuvee__svg_text(out, "soft", "start", RIGHT + 10, floor_y + 16, "median");
    snprintf(text, sizeof text, "from the middle of a row to its edge: %.0f %% off its median",
             100 * limit);
    cuvee__svg_text(out, "soft", "middle", (LEFT + RIGHT) / 2.0, floor_y + 34, text);
    sink_put_str(out, "</svg>\n");
}
