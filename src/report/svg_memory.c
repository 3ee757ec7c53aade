/* SPDX-License-Identifier: Apache-2.0 */
#include "report/svg_memory.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/json_at.h"
#include "report/stats.h"
#include "report/svg.h"

/* Our own results have 512 points and 16 processes; others' may have anything. */
enum { MAX_POINTS = 2048, MAX_PROCESSES = 24, MAX_PLOT_MARKS = 64 };

struct curve {
    double *x, *y; /* (n) in units of the plot */
    size_t n;
    double max_y;
};

struct picture {
    const json_t *result;
    struct svg_plot plot;
    const char *x_unit, *y_unit;
    double x_factor, y_factor;     /* from seconds, from bytes */
    double numbers[8][MAX_POINTS]; /* of the curves below, and of the stack */
    struct curve upper, sum_rss, parent_rss, footprint;
};

/* Nothing of a process is as large as this limit; figures beyond it are no figures. */
static bool figure_at(const json_t *result, const char *path, double *ret)
{
    double x;
    if (!cuvee__json_number_at(result, path, &x) || !(x >= 0) || x > 1e18) return false;
    *ret = x;
    return true;
}

static size_t read_numbers(const json_t *list, double factor, double *to)
{
    const size_t n = cuvee__min(json_array_size(list), MAX_POINTS);
    for (size_t i = 0; i < n; i++) {
        const double x = json_number_value(json_array_get(list, i));
        to[i] = x >= 0 && x < 1e18 ? x * factor : 0;
    }
    return n;
}

/* series.NAME of the result. */
static struct curve read_curve(const struct picture *p, const char *name, double *x, double *y)
{
    char path[64];
    struct curve c = {.x = x, .y = y};
    snprintf(path, sizeof path, "series.%s.t_s", name);
    const size_t n_x = read_numbers(cuvee__json_at(p->result, path), p->x_factor, x);
    snprintf(path, sizeof path, "series.%s.bytes", name);
    const size_t n_y = read_numbers(cuvee__json_at(p->result, path), p->y_factor, y);
    c.n = cuvee__min(n_x, n_y);
    for (size_t i = 0; i < c.n; i++) c.max_y = y[i] > c.max_y ? y[i] : c.max_y;
    return c;
}

static double end_of(const struct curve *c)
{
    return c->n ? c->x[c->n - 1] : 0;
}

static void read_curves(struct picture *p)
{
    p->upper = read_curve(p, "upper", p->numbers[0], p->numbers[1]);
    p->sum_rss = read_curve(p, "sum_rss", p->numbers[2], p->numbers[3]);
    p->parent_rss = read_curve(p, "parent_rss", p->numbers[4], p->numbers[5]);
    p->footprint = read_curve(p, "footprint", p->numbers[6], p->numbers[7]);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Read once to see how far things go, again in the units that suit. */
static void choose_units(struct picture *p, double *ret_max_x, double *ret_max_y)
{
    double wall = 0, upper = 0;
    p->x_factor = 1;
    p->y_factor = 1.0 / 1048576;
    p->x_unit = "s";
    p->y_unit = "MiB";
    read_curves(p);
    double max_x = larger(larger(end_of(&p->upper), end_of(&p->sum_rss)), end_of(&p->footprint));
    if (figure_at(p->result, "time.wall_tree_s", &wall))
        max_x = larger(max_x, wall);
    double max_y = larger(larger(p->upper.max_y, p->sum_rss.max_y), p->footprint.max_y);
    if (figure_at(p->result, "memory.footprint.peak.upper", &upper))
        max_y = larger(max_y, upper * p->y_factor);
    if (figure_at(p->result, "memory.naive.reported_heap", &upper))
        max_y = larger(max_y, upper * p->y_factor);
    if (max_x > 3 * 3600) {
        p->x_unit = "h";
        p->x_factor = 1.0 / 3600;
    } else if (max_x > 180) {
        p->x_unit = "min";
        p->x_factor = 1.0 / 60;
    }
    *ret_max_x = max_x * p->x_factor;
    if (max_y > 4096) {
        p->y_unit = "GiB";
        p->y_factor /= 1024;
        max_y /= 1024;
    }
    *ret_max_y = max_y * 1.04;
    read_curves(p);
}

/* ---- the stack ---- */

/* What was read at an anchor stands until the next one, of each process until its end at most. So
 * the stack is nowhere higher than an anchor was; straight lines between anchors would be, where
 * one process goes and others get its share of their pages. */
struct stack {
    double x[2 * MAX_POINTS + 2 * MAX_PROCESSES + 1];
    size_t anchor[2 * MAX_POINTS + 2 * MAX_PROCESSES + 1]; /* the last one at or before x */
    double below[2 * MAX_POINTS + 2 * MAX_PROCESSES + 1];
    double above[2 * MAX_POINTS + 2 * MAX_PROCESSES + 1];
    size_t n;
};

/* In units of the plot. */
static double end_of_process(const struct picture *p, const json_t *process)
{
    double t_s;
    return figure_at(process, "exit_s", &t_s) ? t_s * p->x_factor : p->plot.max_x;
}

/* The times at which the stack changes. */
static void make_grid(const struct picture *p, const json_t *list, double until, struct stack *s)
{
    const struct curve *f = &p->footprint;
    const double moment = p->plot.max_x * 1e-6;
    if (!f->n) return;
    for (size_t i = 0; i < f->n; i++) {
        if (i) s->x[s->n++] = f->x[i] - moment;
        s->x[s->n++] = f->x[i];
    }
    for (size_t i = 0; i < cuvee__min(json_array_size(list), MAX_PROCESSES); i++) {
        const double end = end_of_process(p, json_array_get(list, i));
        if (end < f->x[0] || end + moment > until) continue;
        s->x[s->n++] = end;
        s->x[s->n++] = end + moment;
    }
    s->x[s->n++] = until;
    cuvee__stats_sort(s->x, s->n);
    for (size_t i = 0, at = 0; i < s->n; i++) {
        while (at + 1 < f->n && f->x[at + 1] <= s->x[i]) at++;
        s->anchor[i] = at;
    }
}

static double bytes_at(const struct picture *p, const json_t *bytes, size_t anchor)
{
    const double x = json_number_value(json_array_get(bytes, anchor));
    return x >= 0 && x < 1e18 ? x * p->y_factor : 0;
}

static void draw_process(struct picture *p, struct stack *s, const json_t *process,
                         const json_t *bytes, int series)
{
    const double end = end_of_process(p, process);
    char title[160];
    double most = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double own = s->x[i] <= end ? bytes_at(p, bytes, s->anchor[i]) : 0;
        most = larger(most, own);
        s->above[i] = s->below[i] + own;
    }
    if (series == CUVEE__SVG_OTHERS)
        snprintf(title, sizeof title, "other processes: at most %.1f %s", most, p->y_unit);
    else
        snprintf(title, sizeof title, "%.64s (%" JSON_INTEGER_FORMAT "): at most %.1f %s",
                 cuvee__json_text_at(process, "comm"),
                 json_integer_value(json_object_get(process, "pid")), most, p->y_unit);
    if (most > 0) cuvee__svg_area(&p->plot, series, title, s->x, s->below, s->above, s->n);
    memcpy(s->below, s->above, s->n * sizeof *s->below);
}

static int draw_stack(struct picture *p, cuvee_error *err)
{
    const json_t *list = cuvee__json_at(p->result, "series.processes");
    struct stack *s = cuvee__calloc(1, sizeof *s);
    if (!s) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a plot");
    /* The tree was there until its last tick, and so was what the last anchor saw. */
    const double until = larger(end_of(&p->footprint), end_of(&p->sum_rss));
    make_grid(p, list, until, s);
    for (size_t i = 0; i < cuvee__min(json_array_size(list), MAX_PROCESSES); i++) {
        const json_t *process = json_array_get(list, i);
        draw_process(p, s, process, json_object_get(process, "bytes"), (int)i);
    }
    draw_process(p, s, NULL, cuvee__json_at(p->result, "series.others"),
                 CUVEE__SVG_OTHERS);
    cuvee__free(s);
    return CUVEE_OK;
}

/* ---- around it ---- */

static void draw_naive(struct picture *p)
{
    char label[64];
    double heap;
    if (p->sum_rss.n) {
        snprintf(label, sizeof label, "sum of RSS: %.1f", p->sum_rss.max_y);
        cuvee__svg_line(&p->plot, SVG_DASHED, label, p->sum_rss.x, p->sum_rss.y, p->sum_rss.n);
        cuvee__svg_level_label(&p->plot, label, p->sum_rss.max_y);
    }
    if (p->parent_rss.n) {
        snprintf(label, sizeof label, "RSS of parent: %.1f", p->parent_rss.max_y);
        cuvee__svg_line(&p->plot, SVG_DOTTED, label, p->parent_rss.x, p->parent_rss.y,
                        p->parent_rss.n);
        cuvee__svg_level_label(&p->plot, label, p->parent_rss.max_y);
    }
    if (figure_at(p->result, "memory.naive.reported_heap", &heap)) {
        snprintf(label, sizeof label, "reported heap: %.1f", heap * p->y_factor);
        cuvee__svg_level(&p->plot, label, heap * p->y_factor);
    }
}

static void draw_peak(struct picture *p)
{
    char label[128];
    double low, high;
    if (!figure_at(p->result, "memory.footprint.peak.lower", &low) ||
        !figure_at(p->result, "memory.footprint.peak.upper", &high) || high < low)
        return;
    low *= p->y_factor;
    high *= p->y_factor;
    snprintf(label, sizeof label, high - low < 0.05 ? "true peak: %.1f" : "true peak: %.1f to %.1f",
             low, high);
    cuvee__svg_band(&p->plot, label, low, high);
    cuvee__svg_level_label(&p->plot, label, (low + high) / 2);
}

static void draw_marks(struct picture *p)
{
    const json_t *list = cuvee__json_at(p->result, "phases"), *mark;
    size_t i, n = 0;
    json_array_foreach(list, i, mark)
    {
        const char *name = cuvee__json_text_at(mark, "name");
        double t_s;
        if (strncmp(name, "heap=", 5) == 0 || n == MAX_PLOT_MARKS ||
            !figure_at(mark, "t_s", &t_s))
            continue;
        cuvee__svg_mark(&p->plot, name, t_s * p->x_factor);
        n++;
    }
}

int cuvee__svg_memory(struct sink *out, const json_t *result, const char *title, bool is_alone,
                      cuvee_error *err)
{
    static const char description[] =
        "The processes upon each other: PSS, swap, page tables and kernel stacks; what was "
        "read at an anchor stands until the next one. Grey: what it may have been meanwhile. The "
        "band: where the peak lies. Dashed: what naive methods see.";
    double max_x, max_y;
    struct picture *p = cuvee__calloc(1, sizeof *p);
    if (!p) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a plot");
    p->result = result;
    choose_units(p, &max_x, &max_y);
    cuvee__svg_open(&p->plot, out, title, description, max_x, max_y, is_alone);
    cuvee__svg_axes(&p->plot, p->x_unit, p->y_unit);
    if (p->upper.n) {
        static const double zero[MAX_POINTS];
        cuvee__svg_area(&p->plot, CUVEE__SVG_BOUND, "what it may have been between two anchors",
                        p->upper.x, zero, p->upper.y, p->upper.n);
    }
    const int rc = draw_stack(p, err);
    draw_peak(p);
    draw_naive(p);
    draw_marks(p);
    cuvee__svg_close(&p->plot);
    cuvee__free(p);
    return rc;
}

