/* SPDX-License-Identifier: Apache-2.0
 *
 * The plots of an experiment. Each function draws one whole picture of 880 pixels; the same data
 * give the same bytes. `series` chooses shape and colour, and is best the same for the same thing
 * in all pictures. Names may be long or the same: they are shortened, never trusted to differ.
 * Every picture has a title and a description, every shape its figures as a tooltip. */
#ifndef CUVEE_REPORT_SVG_PLOTS_H
#define CUVEE_REPORT_SVG_PLOTS_H

#include "base/sink.h"
#include "report/svg_parts.h"

struct svg_heading {
    const char *title, *description;
    bool is_alone; /* a file of its own, not part of a page */
};

/* ---- every run, in the order in which they ran: drift is seen (svg_dots.c) ---- */

enum svg_dot_kind { SVG_DOT_COUNTS, SVG_DOT_FLAGGED, SVG_DOT_LEFT_OUT };
struct svg_dot {
    double at;    /* 0, 1, ...: its place in the order of all runs */
    double share; /* of its row's median */
    enum svg_dot_kind kind;
    const char *title;
};
struct svg_dot_row {
    const char *label, *value; /* value: the median, as text */
    const struct svg_dot *dots;
    size_t n;
    int series;
};
void cuvee__svg_dots(struct sink *out, const struct svg_heading *h, const struct svg_dot_row *rows,
                     size_t n);

/* ---- ratios with their intervals beside what is no difference (svg_forest.c) ---- */

struct svg_ratio {
    const char *label, *value, *title; /* value: the figures as text, at the right */
    double median, low, high;          /* low above high: no interval */
    int series;
};
/* Between none_low and none_high is no difference; the first above the second: not known. */
void cuvee__svg_forest(struct sink *out, const struct svg_heading *h, const struct svg_ratio *rows,
                       size_t n, double none_low, double none_high);

/* ---- one figure against another (svg_scatter.c) ---- */

struct svg_place {
    const char *label, *title;
    double x, x_low, x_high, y, y_low, y_high;
    bool is_best; /* on the frontier: no other is better in both */
    int series;
};
/* Less x and more y is better. */
void cuvee__svg_scatter(struct sink *out, const struct svg_heading *h,
                        const struct svg_place *places, size_t n, const char *x_unit,
                        const char *y_unit);

/* ---- how many took at most so long (svg_cdf.c) ---- */

struct svg_sample {
    const char *label;
    const double *sorted; /* (n) ascending, above 0 */
    size_t n;
    int series;
};
/* Each tenth of what is left gets as much room as all before: 50, 90, 99, 99.9 %. */
void cuvee__svg_cdf(struct sink *out, const struct svg_heading *h, const struct svg_sample *samples,
                    size_t n, const char *unit);

/* ---- how it grows with the number of workers (svg_curve.c) ---- */

struct svg_step {
    double x, y, low, high; /* low above high: no interval */
    double second;          /* NaN: not known */
};
struct svg_steps {
    const char *label;
    const struct svg_step *steps; /* in order of x */
    size_t n;
    int series;
    double (*law)(const void *figures, double x); /* what they follow; NULL: nothing is known */
    const void *figures;
};
/* second_unit: of a second, smaller panel below. */
void cuvee__svg_curve(struct sink *out, const struct svg_heading *h, const struct svg_steps *curves,
                      size_t n, const char *x_unit, const char *y_unit, const char *second_unit);

/* ---- what the time went to (svg_gantt.c) ---- */

enum { CUVEE__SVG_PHASES = 4 };
struct svg_phases {
    const char *label, *value;
    double ends[CUVEE__SVG_PHASES]; /* ascending, from 0; NaN: that phase is not known */
};
void cuvee__svg_gantt(struct sink *out, const struct svg_heading *h,
                      const char *const names[CUVEE__SVG_PHASES], const struct svg_phases *rows,
                      size_t n);

/* ---- claims beside the truth, in groups (svg_groups.c) ---- */

enum { CUVEE__SVG_CLAIMS = 4 };
struct svg_group {
    const char *label, *value;        /* value: the truth, as text */
    double low, high;                 /* the truth */
    double claims[CUVEE__SVG_CLAIMS]; /* NaN: none */
    const char *texts[CUVEE__SVG_CLAIMS];
};
void cuvee__svg_groups(struct sink *out, const struct svg_heading *h,
                       const char *const names[CUVEE__SVG_CLAIMS], const struct svg_group *groups,
                       size_t n);

#endif
