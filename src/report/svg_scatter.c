/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, HEIGHT = 440, LEFT = 60, RIGHT = 770, TOP = 34, BOTTOM = 396, MAX_LABEL = 24 };
enum { MAX_PLACES = 64 };

struct scatter {
    struct sink *out;
    struct svg_scale x, y;
    struct svg_boxes taken;
};

static void choose_scales(struct scatter *s, const struct svg_place *places, size_t n)
{
    double x[2] = {INFINITY, 0}, y[2] = {INFINITY, 0};
    for (size_t i = 0; i < n; i++) {
        x[0] = fmin(x[0], places[i].x_low);
        x[1] = fmax(x[1], places[i].x_high);
        y[0] = fmin(y[0], places[i].y_low);
        y[1] = fmax(y[1], places[i].y_high);
    }
    if (!n) x[0] = y[0] = x[1] = y[1] = 1;
    s->x = cuvee__svg_log_if(10, x[0] / 1.15, x[1] * 1.15, LEFT, RIGHT, 8);
    s->y = cuvee__svg_log_if(10, y[0] / 1.3, y[1] * 1.4, BOTTOM, TOP, 7);
}

/* From the left: nothing with less x has more y. */
static void put_frontier(struct scatter *s, const struct svg_place *places, size_t n)
{
    size_t best[MAX_PLACES], n_best = 0;
    for (size_t i = 0; i < n; i++) {
        if (!places[i].is_best) continue;
        size_t at = n_best++;
        for (; at && places[best[at - 1]].x > places[i].x; at--) best[at] = best[at - 1];
        best[at] = i;
    }
    if (!n_best) return;
    cuvee__svg_path_begin(s->out, "frontier");
    double y = BOTTOM;
    for (size_t i = 0; i < n_best; i++) {
        const double x = cuvee__svg_at(&s->x, places[best[i]].x);
        const double next = i + 1 < n_best ? cuvee__svg_at(&s->x, places[best[i + 1]].x) : RIGHT;
        const double y_new = cuvee__svg_at(&s->y, places[best[i]].y);
        cuvee__svg_path_to(s->out, i == 0, x, y);
        cuvee__svg_path_to(s->out, false, x, y_new);
        if (i + 1 == n_best) cuvee__svg_path_to(s->out, false, next, y_new);
        cuvee__svg_box_put(&s->taken, x - 1, fmin(y, y_new), x + 1, fmax(y, y_new));
        cuvee__svg_box_put(&s->taken, fmin(x, next), y_new - 1, fmax(x, next), y_new + 1);
        y = y_new;
    }
    cuvee__svg_path_end(s->out, "nothing measured is above and left of this line");
}

/* A line that no label is put upon. */
static void put_whisker(struct scatter *s, double x1, double y1, double x2, double y2)
{
    cuvee__svg_segment(s->out, "whisker", x1, y1, x2, y2);
    cuvee__svg_box_put(&s->taken, fmin(x1, x2) - 1, fmin(y1, y2) - 1, fmax(x1, x2) + 1,
                       fmax(y1, y2) + 1);
}

static void put_place(struct scatter *s, const struct svg_place *p)
{
    const double x = cuvee__svg_at(&s->x, p->x), y = cuvee__svg_at(&s->y, p->y);
    if (p->x_low < p->x_high)
        put_whisker(s, cuvee__svg_at(&s->x, p->x_low), y, cuvee__svg_at(&s->x, p->x_high), y);
    if (p->y_low < p->y_high)
        put_whisker(s, x, cuvee__svg_at(&s->y, p->y_low), x, cuvee__svg_at(&s->y, p->y_high));
    cuvee__svg_marker(s->out, p->series, SVG_MARKER_FULL, x, y, p->title);
    cuvee__svg_box_put(&s->taken, x - 6, y - 6, x + 6, y + 6);
}

/* Beside the point, else further up or down with a line to it; where all is full, left out. */
static void put_label(struct scatter *s, const struct svg_place *p)
{
    static const double offsets[] = {0, -13, 13, -26, 26, -39, 39, -52, 52, -65, 65};
    const double x = cuvee__svg_at(&s->x, p->x), y = cuvee__svg_at(&s->y, p->y);
    char text[CUVEE__SVG_SHORT];
    cuvee__svg_shorten(p->label, MAX_LABEL, text);
    const double width = cuvee__svg_width(text);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        for (int side = 1; side >= -1; side -= 2) {
            const double from = side > 0 ? x + 10 : x - 10 - width;
            const double middle = y + offsets[i];
            if (from < LEFT + 2 || from + width > WIDTH - 4 || middle < TOP + 8 ||
                middle > BOTTOM - 8 ||
                !cuvee__svg_box_take(&s->taken, from, middle - 7, from + width, middle + 7))
                continue;
            if (fabs(offsets[i]) > 20)
                cuvee__svg_segment(s->out, "leader", x, y, side > 0 ? x + 8 : x - 8, middle);
            cuvee__svg_text(s->out, p->is_best ? "strong" : NULL, side > 0 ? "start" : "end",
                            side > 0 ? from : from + width, middle + 4, text);
            return;
        }
}

void cuvee__svg_scatter(struct sink *out, const struct svg_heading *h,
                        const struct svg_place *places, size_t n, const char *x_unit,
                        const char *y_unit)
{
    struct scatter s = {.out = out};
    if (n > MAX_PLACES) n = MAX_PLACES;
    choose_scales(&s, places, n);
    cuvee__svg_begin(out, h->title, h->description, WIDTH, HEIGHT, h->is_alone);
    cuvee__svg_axis_x(out, &s.x, TOP, BOTTOM, x_unit);
    cuvee__svg_axis_y(out, &s.y, LEFT, RIGHT, y_unit);
    cuvee__svg_text(out, "soft", "end", RIGHT, TOP - 8, "better: up and to the left");
    put_frontier(&s, places, n);
    for (size_t i = 0; i < n; i++) put_place(&s, &places[i]);
    /* Those of the frontier matter most, so they choose first. */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++)
            if (places[i].is_best == (pass == 0)) put_label(&s, &places[i]);
    sink_put_str(out, "</svg>\n");
}
