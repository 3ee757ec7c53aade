/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "report/style.h"
#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, LEFT = 60, RIGHT = 690, MAX_LABEL = 22, MAX_CURVES = 16 };
enum { TOP = 34, BOTTOM = 250, SECOND_TOP = 310, SECOND_BOTTOM = 410, HEIGHT = 446 };

static void put_curve(struct sink *out, const struct svg_scale *x, const struct svg_scale *y,
                      const struct svg_steps *c, bool is_second)
{
    char class[32], title[64];
    bool is_first = true;
    snprintf(class, sizeof class, "curve s%d dash%d", c->series % CUVEE__STYLE_COLOURS,
             c->series / CUVEE__STYLE_COLOURS % 4);
    cuvee__svg_path_begin(out, class);
    for (size_t i = 0; i < c->n; i++) {
        const double value = is_second ? c->steps[i].second : c->steps[i].y;
        if (!isfinite(value)) continue;
        cuvee__svg_path_to(out, is_first, cuvee__svg_at(x, c->steps[i].x), cuvee__svg_at(y, value));
        is_first = false;
    }
    cuvee__svg_path_end(out, c->label);
    for (size_t i = 0; i < c->n; i++) {
        const struct svg_step *s = &c->steps[i];
        const double at = cuvee__svg_at(x, s->x), value = is_second ? s->second : s->y;
        if (!isfinite(value)) continue;
        if (!is_second && s->low <= s->high)
            cuvee__svg_segment(out, "whisker", at, cuvee__svg_at(y, s->low), at,
                               cuvee__svg_at(y, s->high));
        snprintf(title, sizeof title, "%.6g: %.4g", s->x, value);
        cuvee__svg_marker(out, c->series, SVG_MARKER_FULL, at, cuvee__svg_at(y, value), title);
    }
}

/* Dotted, from the first point to the last. */
static void put_law(struct sink *out, const struct svg_scale *x, const struct svg_scale *y,
                    const struct svg_steps *c)
{
    enum { PIECES = 64 };
    char class[16];
    if (!c->law || c->n < 2) return;
    const double first = c->steps[0].x, last = c->steps[c->n - 1].x;
    snprintf(class, sizeof class, "law s%d", c->series % CUVEE__STYLE_COLOURS);
    cuvee__svg_path_begin(out, class);
    for (int i = 0; i <= PIECES; i++) {
        const double at = first + (last - first) * i / PIECES;
        cuvee__svg_path_to(out, i == 0, cuvee__svg_at(x, at),
                           cuvee__svg_at(y, c->law(c->figures, at)));
    }
    cuvee__svg_path_end(out, "the law that fits");
}

/* As if each further worker did as much as the first. */
static void put_ideal(struct sink *out, const struct svg_scale *x, const struct svg_scale *y,
                      const struct svg_steps *c)
{
    if (!c->n || !(c->steps[0].x > 0) || !(c->steps[0].y > 0)) return;
    const double slope = c->steps[0].y / c->steps[0].x;
    const double end = fmin(x->high, y->high / slope);
    const double px = cuvee__svg_at(x, end), py = cuvee__svg_at(y, end * slope);
    cuvee__svg_segment(out, "ideal", cuvee__svg_at(x, 0), cuvee__svg_at(y, 0), px, py);
    cuvee__svg_text(out, "soft", "start", px + 6, py + 12, "if each worker added as much");
}

static void put_labels(struct sink *out, const struct svg_scale *y, const struct svg_steps *curves,
                       size_t n)
{
    size_t order[MAX_CURVES], n_order = 0;
    double at[MAX_CURVES];
    for (size_t i = 0; i < n; i++) {
        if (!curves[i].n) continue;
        const double end = cuvee__svg_at(y, curves[i].steps[curves[i].n - 1].y);
        size_t k = n_order++;
        for (; k && at[k - 1] > end; k--) {
            at[k] = at[k - 1];
            order[k] = order[k - 1];
        }
        at[k] = end;
        order[k] = i;
    }
    cuvee__svg_spread_labels(at, n_order, TOP, BOTTOM);
    for (size_t i = 0; i < n_order; i++)
        cuvee__svg_label(out, NULL, "start", RIGHT + 14, at[i] + 4, curves[order[i]].label,
                         MAX_LABEL);
}

void cuvee__svg_curve(struct sink *out, const struct svg_heading *h, const struct svg_steps *curves,
                      size_t n, const char *x_unit, const char *y_unit, const char *second_unit)
{
    double most_x = 1, most_y = 0, most_second = 0;
    if (n > MAX_CURVES) n = MAX_CURVES;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < curves[i].n; k++) {
            const struct svg_step *s = &curves[i].steps[k];
            most_x = fmax(most_x, s->x);
            most_y = fmax(most_y, fmax(s->y, s->low <= s->high ? s->high : 0));
            most_second = fmax(most_second, isfinite(s->second) ? s->second : 0);
        }
    const bool has_second = most_second > 0;
    struct svg_scale x = cuvee__svg_linear(0, most_x * 1.04, LEFT, RIGHT, 9);
    if (x.step < 1) x.step = 1; /* there are no halves of workers */
    const struct svg_scale y = cuvee__svg_linear(0, most_y * 1.25, BOTTOM, TOP, 5);
    const struct svg_scale second =
        cuvee__svg_linear(0, most_second * 1.1, SECOND_BOTTOM, SECOND_TOP, 3);
    cuvee__svg_begin(out, h->title, h->description, WIDTH, has_second ? HEIGHT : SECOND_TOP - 24,
                     h->is_alone);
    cuvee__svg_axis_x(out, &x, TOP, BOTTOM, x_unit);
    cuvee__svg_axis_y(out, &y, LEFT, RIGHT, y_unit);
    if (n) put_ideal(out, &x, &y, &curves[0]);
    for (size_t i = 0; i < n; i++) put_law(out, &x, &y, &curves[i]);
    for (size_t i = 0; i < n; i++) put_curve(out, &x, &y, &curves[i], false);
    put_labels(out, &y, curves, n);
    if (has_second) {
        cuvee__svg_axis_x(out, &x, SECOND_TOP, SECOND_BOTTOM, x_unit);
        cuvee__svg_axis_y(out, &second, LEFT, RIGHT, second_unit);
        for (size_t i = 0; i < n; i++) put_curve(out, &x, &second, &curves[i], true);
    }
    sink_put_str(out, "</svg>\n");
}
