/* SPDX-License-Identifier: Apache-2.0 */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>

#include "report/style.h"
#include "report/svg_parts.h"
#include "report/ticks.h"

#define LETTER_PX CUVEE__SVG_LETTER_PX
#define LINE_PX   CUVEE__SVG_LINE_PX

enum { MAX_LABEL = 28 }; /* characters */

void cuvee__svg_begin(struct sink *out, const char *title, const char *description, double width,
                      double height, bool is_alone)
{
    if (is_alone) sink_put_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    cuvee__markup_printf(out,
                         "<svg%s class=\"plot\" role=\"img\" viewBox=\"0 0 %.0f %.0f\" "
                         "width=\"%.0f\" height=\"%.0f\">\n<title>",
                         is_alone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", width, height,
                         width, height);
    cuvee__markup_text(out, title);
    sink_put_str(out, "</title>\n");
    if (description) {
        sink_put_str(out, "<desc>");
        cuvee__markup_text(out, description);
        sink_put_str(out, "</desc>\n");
    }
    if (!is_alone) return;
    sink_put_str(out, "<style>\n");
    sink_put_str(out, cuvee__style_plots);
    sink_put_str(out, "</style>\n");
    sink_put_str(out, cuvee__style_patterns);
    sink_put_str(out, "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
}

void cuvee__svg_open(struct svg_plot *p, struct sink *out, const char *title,
                     const char *description, double max_x, double max_y, bool is_alone)
{
    *p = (struct svg_plot){.out = out,
                           .width = 880,
                           .height = 380,
                           .left = 56,
                           .right = 180,
                           .top = 12 + CUVEE__SVG_MARK_ROWS * LINE_PX,
                           .bottom = 36,
                           .max_x = max_x > 0 ? max_x : 1,
                           .max_y = max_y > 0 ? max_y : 1};
    cuvee__svg_begin(out, title, description, p->width, p->height, is_alone);
}

void cuvee__svg_close(struct svg_plot *p)
{
    sink_put_str(p->out, "</svg>\n");
}

static double x_px(const struct svg_plot *p, double x)
{
    return p->left + x / p->max_x * (p->width - p->left - p->right);
}

static double y_px(const struct svg_plot *p, double y)
{
    return p->height - p->bottom - y / p->max_y * (p->height - p->top - p->bottom);
}

static void put_line(const struct svg_plot *p, const char *class, double x1, double y1, double x2,
                     double y2)
{
    const double at[] = {x1, y1, x2, y2};
    static const char *const names[] = {"x1", "y1", "x2", "y2"};
    cuvee__markup_printf(p->out, "<line class=\"%s\"", class);
    for (int i = 0; i < 4; i++) {
        cuvee__markup_printf(p->out, " %s=\"", names[i]);
        cuvee__markup_number(p->out, at[i]);
        sink_put_str(p->out, "\"");
    }
}

void cuvee__svg_text(struct sink *out, const char *class, const char *anchor, double x, double y,
                     const char *text)
{
    sink_put_str(out, "<text");
    if (class) cuvee__markup_printf(out, " class=\"%s\"", class);
    cuvee__markup_printf(out, " text-anchor=\"%s\" x=\"", anchor);
    cuvee__markup_number(out, x);
    sink_put_str(out, "\" y=\"");
    cuvee__markup_number(out, y);
    sink_put_str(out, "\">");
    cuvee__markup_text(out, text);
    sink_put_str(out, "</text>\n");
}

static void put_title(const struct svg_plot *p, const char *title)
{
    sink_put_str(p->out, "<title>");
    cuvee__markup_text(p->out, title);
    sink_put_str(p->out, "</title>");
}

void cuvee__svg_axes(struct svg_plot *p, const char *x_unit, const char *y_unit)
{
    const double right = p->width - p->right, floor_y = p->height - p->bottom;
    char text[400];
    double step = cuvee__tick_step(p->max_y, 6);
    for (int i = 0; i * step <= p->max_y * (1 + 1e-9); i++) {
        const double y = y_px(p, i * step);
        put_line(p, i ? "rule" : "axis", p->left, y, right, y);
        sink_put_str(p->out, "/>\n");
        snprintf(text, sizeof text, "%.*f", cuvee__tick_decimals(step), i * step);
        cuvee__svg_text(p->out, "soft", "end", p->left - 6, y + 4, text);
    }
    step = cuvee__tick_step(p->max_x, 8);
    for (int i = 0; i * step <= p->max_x * (1 + 1e-9); i++) {
        const double x = x_px(p, i * step);
        put_line(p, "axis", x, floor_y, x, floor_y + 4);
        sink_put_str(p->out, "/>\n");
        snprintf(text, sizeof text, "%.*f", cuvee__tick_decimals(step), i * step);
        cuvee__svg_text(p->out, "soft", "middle", x, floor_y + 18, text);
    }
    cuvee__svg_text(p->out, "soft", "end", p->left - 6, p->top - 8, y_unit);
    cuvee__svg_text(p->out, "soft", "start", right + 8, floor_y + 18, x_unit);
}

/* Where a path is, in tenths of a pixel: a curve has thousands of points, and most of its steps
 * are level or upright. */
struct pen {
    double x, y;
    bool is_down;
};

static void pen_to(const struct svg_plot *p, struct pen *pen, double x, double y)
{
    x = round(x_px(p, x) * 10) / 10;
    y = round(y_px(p, y) * 10) / 10;
    const bool same_x = pen->is_down && !(x < pen->x || x > pen->x);
    const bool same_y = pen->is_down && !(y < pen->y || y > pen->y);
    if (same_x && same_y) return;
    sink_put_str(p->out, !pen->is_down ? "M" : same_y ? "H" : same_x ? "V" : "L");
    if (!same_x) cuvee__markup_number(p->out, x);
    if (!same_x && !same_y) sink_put_str(p->out, ",");
    if (!same_y) cuvee__markup_number(p->out, y);
    *pen = (struct pen){x, y, true};
}

/* On a level part of the curve: between its ends, a point says nothing. */
static bool is_level(const double *y, size_t i, size_t n)
{
    return i && i + 1 < n && y[i - 1] == y[i] && y[i] == y[i + 1];
}

static void put_curve(const struct svg_plot *p, struct pen *pen, const double *x, const double *y,
                      size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_level(y, i, n)) pen_to(p, pen, x[i], y[i]);
}

static void put_area(const struct svg_plot *p, const double *x, const double *low,
                     const double *high, size_t n)
{
    struct pen pen = {.is_down = false};
    put_curve(p, &pen, x, high, n);
    for (size_t i = n; i > 0; i--)
        if (!is_level(low, i - 1, n)) pen_to(p, &pen, x[i - 1], low[i - 1]);
    sink_put_str(p->out, "Z\">");
}

void cuvee__svg_area(struct svg_plot *p, int series, const char *title, const double *x,
                     const double *low, const double *high, size_t n)
{
    if (!n) return;
    if (series < 0)
        cuvee__markup_printf(p->out, "<path class=\"%s\" d=\"",
                             series == CUVEE__SVG_BOUND ? "bound" : "area others");
    else
        cuvee__markup_printf(p->out, "<path class=\"area c%d\" d=\"",
                             series % CUVEE__STYLE_COLOURS);
    put_area(p, x, low, high, n);
    put_title(p, title);
    sink_put_str(p->out, "</path>\n");
    if (series < CUVEE__STYLE_COLOURS) return;
    sink_put_str(p->out, "<path fill=\"url(#hatch)\" pointer-events=\"none\" d=\"");
    put_area(p, x, low, high, n);
    sink_put_str(p->out, "</path>\n");
}

void cuvee__svg_line(struct svg_plot *p, enum svg_stroke stroke, const char *title, const double *x,
                     const double *y, size_t n)
{
    static const char *const classes[] = {
        [SVG_SOLID] = "line", [SVG_DASHED] = "dashed", [SVG_DOTTED] = "dotted"};
    if (!n) return;
    cuvee__markup_printf(p->out, "<path class=\"%s\" d=\"", classes[stroke]);
    put_curve(p, &(struct pen){.is_down = false}, x, y, n);
    sink_put_str(p->out, "\">");
    put_title(p, title);
    sink_put_str(p->out, "</path>\n");
}

void cuvee__svg_band(struct svg_plot *p, const char *title, double low, double high)
{
    const double x = p->left, y = y_px(p, high);
    sink_put_str(p->out, "<rect class=\"band\" x=\"");
    cuvee__markup_number(p->out, x);
    sink_put_str(p->out, "\" y=\"");
    cuvee__markup_number(p->out, y);
    sink_put_str(p->out, "\" width=\"");
    cuvee__markup_number(p->out, p->width - p->right - x);
    sink_put_str(p->out, "\" height=\"");
    cuvee__markup_number(p->out, y_px(p, low) - y);
    sink_put_str(p->out, "\">");
    put_title(p, title);
    sink_put_str(p->out, "</rect>\n");
}

void cuvee__svg_level_label(struct svg_plot *p, const char *label, double y)
{
    char text[CUVEE__SVG_SHORT];
    if (p->n_levels == CUVEE__SVG_LEVELS) return;
    double at = y_px(p, y) + 4;
    for (bool is_free = false; !is_free;) {
        is_free = true;
        for (size_t i = 0; i < p->n_levels; i++)
            if (fabs(p->levels[i] - at) < LINE_PX - 1e-9) {
                at = p->levels[i] + LINE_PX;
                is_free = false;
            }
    }
    if (at > p->height - p->bottom + 4) return;
    p->levels[p->n_levels++] = at;
    cuvee__svg_shorten(label, MAX_LABEL, text);
    cuvee__svg_text(p->out, "soft", "start", p->width - p->right + 6, at, text);
}

void cuvee__svg_level(struct svg_plot *p, const char *label, double y)
{
    put_line(p, "dashed", p->left, y_px(p, y), p->width - p->right, y_px(p, y));
    sink_put_str(p->out, ">");
    put_title(p, label);
    sink_put_str(p->out, "</line>\n");
    cuvee__svg_level_label(p, label, y);
}

void cuvee__svg_mark(struct svg_plot *p, const char *label, double x)
{
    char text[CUVEE__SVG_SHORT];
    const double at = x_px(p, x);
    put_line(p, "mark", at, p->top - 4, at, p->height - p->bottom);
    sink_put_str(p->out, ">");
    put_title(p, label);
    sink_put_str(p->out, "</line>\n");
    const size_t n = cuvee__svg_shorten(label, MAX_LABEL, text);
    for (int row = 0; row < CUVEE__SVG_MARK_ROWS; row++) {
        /* The unit of the axis stands left of the lowest row. */
        if (at < p->mark_ends[row]) continue;
        p->mark_ends[row] = at + (double)(n + 1) * LETTER_PX;
        cuvee__svg_text(p->out, "soft", "start", at + 2, p->top - 8 - row * LINE_PX, text);
        return;
    }
}
