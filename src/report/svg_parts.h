/* SPDX-License-Identifier: Apache-2.0
 *
 * What plots are put together from: scales with ticks, strokes, shapes that tell series apart,
 * labels that do not meet. Places are pixels of the picture. A title is a tooltip; NULL: none. */
#ifndef CUVEE_REPORT_SVG_PARTS_H
#define CUVEE_REPORT_SVG_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/markup.h"

/* Of 12 px text, generous: there is nothing here that could measure it. */
#define CUVEE__SVG_LETTER_PX 6.5
#define CUVEE__SVG_LINE_PX   14.0

enum { CUVEE__SVG_SHORT = 128, CUVEE__SVG_TICKS = 24, CUVEE__SVG_BOXES = 512 };

/* ---- words ---- */

/* Cut after so many characters; "..." stands for the rest. Returns how many there are then. */
size_t cuvee__svg_shorten(const char *label, size_t max_characters, char to[CUVEE__SVG_SHORT]);
double cuvee__svg_width(const char *text);

/* As cuvee__svg_text(), shortened; the whole text is the tooltip then. */
void cuvee__svg_label(struct sink *out, const char *class, const char *anchor, double x, double y,
                      const char *text, size_t max_characters);

/* ---- scales ---- */

struct svg_scale {
    double low, high;       /* data; of a logarithmic one above 0 */
    double px_low, px_high; /* where these two are */
    bool is_log;
    double step; /* of a linear one's ticks */
};

/* From 0, or from `low`, to what is at least `high`. */
struct svg_scale cuvee__svg_linear(double low, double high, double px_low, double px_high,
                                   int max_ticks);
/* Logarithmic where the ends are more than `span` apart, else linear from 0. */
struct svg_scale cuvee__svg_log_if(double span, double low, double high, double px_low,
                                   double px_high, int max_ticks);
double cuvee__svg_at(const struct svg_scale *s, double x);
/* The values that are marked. Returns how many. */
size_t cuvee__svg_ticks(const struct svg_scale *s, double ret[CUVEE__SVG_TICKS]);

/* Rules across, numbers below or left, the unit at the end. */
void cuvee__svg_axis_x(struct sink *out, const struct svg_scale *x, double top, double bottom,
                       const char *unit);
void cuvee__svg_axis_y(struct sink *out, const struct svg_scale *y, double left, double right,
                       const char *unit);

/* ---- shapes ---- */

void cuvee__svg_segment(struct sink *out, const char *class, double x1, double y1, double x2,
                        double y2);
void cuvee__svg_rectangle(struct sink *out, const char *class, double x, double y, double width,
                          double height, const char *title);
/* One of a few kinds of areas beside each other: each second is hatched, so colour does not tell
 * alone. class: "phase p" or "claim n", which the number follows. */
void cuvee__svg_kind(struct sink *out, const char *class, int kind, double x, double y,
                     double width, double height, const char *title);
/* Seven shapes and eight colours: the first 56 series differ, neighbours in both. */
enum svg_marker { SVG_MARKER_FULL, SVG_MARKER_HOLLOW };
void cuvee__svg_marker(struct sink *out, int series, enum svg_marker kind, double x, double y,
                       const char *title);

/* A curve through points: begin, points, end. Classes of lines: s0 to s7, and dash0 to dash3. */
void cuvee__svg_path_begin(struct sink *out, const char *class);
void cuvee__svg_path_to(struct sink *out, bool is_first, double x, double y);
void cuvee__svg_path_end(struct sink *out, const char *title);

/* ---- labels that do not meet ---- */

struct svg_boxes {
    struct {
        double left, top, right, bottom;
    } at[CUVEE__SVG_BOXES];
    size_t n;
};

/* False, and nothing is taken: something is there, or there is no room for another box. */
bool cuvee__svg_box_take(struct svg_boxes *b, double left, double top, double right,
                         double bottom);

/* The same for what is there whether others are or not. */
void cuvee__svg_box_put(struct svg_boxes *b, double left, double top, double right,
                        double bottom);

/* A column of labels beside the ends of curves: each as near as can be to where it wants to be,
 * one line apart, in their order, within top and bottom. `wanted` is replaced by where they are. */
void cuvee__svg_spread_labels(double *wanted, size_t n, double top, double bottom);

#endif
