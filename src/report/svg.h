/* SPDX-License-Identifier: Apache-2.0
 *
 * Plots as SVG: text stays text, the colours are those of style.h, nothing comes from elsewhere.
 * The same data give the same bytes.
 *
 *   open, axes, what is behind first, close. Both axes begin at 0. Points outside are drawn
 *   outside: max_x and max_y are the caller's.
 *
 * There is no layout engine. Labels that would meet are moved (levels: down; marks: to one of three
 * rows) or, when there is no room, left out; what is labelled has its text as a tooltip too. */
#ifndef CUVEE_REPORT_SVG_H
#define CUVEE_REPORT_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "report/markup.h"

enum { CUVEE__SVG_MARK_ROWS = 3, CUVEE__SVG_LEVELS = 12 };

struct svg_plot {
    struct sink *out;
    double width, height, left, right, top, bottom; /* pixels; the last four are margins */
    double max_x, max_y;                            /* data; 0 counts as 1 */

    /* Where labels are. */
    double mark_ends[CUVEE__SVG_MARK_ROWS];
    double levels[CUVEE__SVG_LEVELS];
    size_t n_levels;
};

/* A plot of 880 x 380 with room for labels at the right. is_alone: it is a file of its own, not
 * part of a page. description may be NULL. */
void cuvee__svg_open(struct svg_plot *p, struct sink *out, const char *title,
                     const char *description, double max_x, double max_y, bool is_alone);
void cuvee__svg_close(struct svg_plot *p);

/* Rules at round numbers, and what they count. */
void cuvee__svg_axes(struct svg_plot *p, const char *x_unit, const char *y_unit);

/* Between two curves; `series` chooses the colour: of its own, or these. */
enum { CUVEE__SVG_BOUND = -1, CUVEE__SVG_OTHERS = -2 };
void cuvee__svg_area(struct svg_plot *p, int series, const char *title, const double *x,
                     const double *low, const double *high, size_t n);

enum svg_stroke { SVG_SOLID, SVG_DASHED, SVG_DOTTED };
void cuvee__svg_line(struct svg_plot *p, enum svg_stroke stroke, const char *title, const double *x,
                     const double *y, size_t n);

/* From one side to the other: what lies between two values; a value with its label. */
void cuvee__svg_band(struct svg_plot *p, const char *title, double low, double high);
void cuvee__svg_level(struct svg_plot *p, const char *label, double y);
/* The label of a level without its line, for a curve. */
void cuvee__svg_level_label(struct svg_plot *p, const char *label, double y);

/* From top to bottom: something happened. In the order of x. */
void cuvee__svg_mark(struct svg_plot *p, const char *label, double x);

/* A bar for each of n values, which lie between low and high. */
struct svg_bar {
    const char *label, *value; /* value: as text, at the end of the bar */
    double low, high;
    bool is_claim; /* grey */
};
void cuvee__svg_bars(struct sink *out, const char *title, const char *description,
                     const struct svg_bar *bars, size_t n, bool is_alone);

/* Words of a picture, for those above. class may be NULL; anchor: start, middle or end. */
void cuvee__svg_text(struct sink *out, const char *class, const char *anchor, double x, double y,
                     const char *text);
/* The tag that begins a picture, for those above. */
void cuvee__svg_begin(struct sink *out, const char *title, const char *description, double width,
                      double height, bool is_alone);

#endif
