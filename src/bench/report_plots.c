/* SPDX-License-Identifier: Apache-2.0
 *
 * The plots of the report: from results to what report/svg_plots.h draws. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/json_at.h"
#include "bench/report_files.h"
#include "bench/report_parts.h"
#include "report/stats.h"
#include "report/svg_memory.h"
#include "report/svg_plots.h"
#include "report/usl.h"

enum { MAX_RUNS = 4096, MAX_ARM_RUNS = 256, MAX_LATENCIES = 200000, TITLE = 192, VALUE = 96 };

/* Of a page's 1.5 MiB, what the plots of memory over time may take together. */
#define MEMORY_BYTES ((size_t)1200 << 10)

static void no_room(struct report *r)
{
    if (r->out->rc == CUVEE_OK) r->out->rc = CUVEE_E_NOMEM;
}

/* ---- all runs ---- */

struct dots {
    struct svg_dot dots[REPORT_MAX_ARMS][MAX_ARM_RUNS];
    char titles[REPORT_MAX_ARMS][MAX_ARM_RUNS][64];
    char values[REPORT_MAX_ARMS][VALUE];
    struct svg_dot_row rows[REPORT_MAX_ARMS];
    size_t n_rows;
};

static bool is_shown(const json_t *run)
{
    const char *kind = cuvee__json_text_at(run, "kind");
    const char *status = cuvee__json_text_at(run, "status");
    /* Of a run that failed, or gave no answers, items a second mean nothing. */
    return (strcmp(kind, "timed") == 0 || strcmp(kind, "again") == 0) &&
           (strcmp(status, "ok") == 0 || strcmp(status, "wrong") == 0);
}

static void add_dots_of(const struct report *r, const struct report_arm *a, struct dots *d)
{
    const json_t *runs = json_object_get(r->results, "runs"), *run;
    struct svg_dot *dots = d->dots[d->n_rows];
    double rate[MAX_ARM_RUNS], sorted[MAX_ARM_RUNS], place = 0;
    size_t i, n = 0, n_sorted = 0, n_counted = 0;
    json_array_foreach(runs, i, run)
    {
        if (!is_shown(run)) continue;
        const double at = place++;
        if (strcmp(cuvee__json_text_at(run, "arm"), a->name) != 0 || n == MAX_ARM_RUNS ||
            !cuvee__json_number_at(run, "items_per_s", &rate[n]) || !(rate[n] > 0))
            continue;
        const bool counts = json_is_true(json_object_get(run, "counts"));
        char *title = d->titles[d->n_rows][n];
        snprintf(title, sizeof d->titles[0][0], "run %" JSON_INTEGER_FORMAT ": %.4g items/s%s",
                 json_integer_value(json_object_get(run, "id")), rate[n],
                 counts ? "" : ", does not count");
        dots[n] = (struct svg_dot){.at = at, .title = title};
        dots[n].kind = !counts                                          ? SVG_DOT_LEFT_OUT
                       : json_array_size(json_object_get(run, "flags")) ? SVG_DOT_FLAGGED
                                                                        : SVG_DOT_COUNTS;
        n_counted += counts;
        n++;
    }
    if (!n) return;
    for (size_t k = 0; k < n; k++)
        if (!n_counted || dots[k].kind != SVG_DOT_LEFT_OUT) sorted[n_sorted++] = rate[k];
    cuvee__stats_sort(sorted, n_sorted);
    const double median = cuvee__stats_median(sorted, n_sorted);
    for (size_t k = 0; k < n; k++) dots[k].share = rate[k] / median;
    char number[CUVEE__PROSE_SHOWN];
    snprintf(d->values[d->n_rows], VALUE, "%s items/s",
             cuvee__prose_format(PROSE_PER_SECOND, median, number, sizeof number));
    d->rows[d->n_rows] = (struct svg_dot_row){a->name, d->values[d->n_rows], dots, n, a->series};
    d->n_rows++;
}

static bool draw_dots(struct report *r, bool is_alone)
{
    const struct svg_heading h = {
        "Every run, in the order in which they ran",
        "Of each arm a row; left the first run of the experiment, right the last; above its line: "
        "more items a second than the arm's median. Hollow: does not count. In a dashed square: "
        "something else disturbed it.",
        is_alone};
    struct dots *d = cuvee__calloc(1, sizeof *d);
    if (!d) {
        no_room(r);
        return false;
    }
    for (size_t i = 0; i < r->n_arms; i++) add_dots_of(r, &r->arms[i], d);
    bool is_there = false; /* one run of each arm has no order and no spread */
    for (size_t i = 0; i < d->n_rows; i++) is_there |= d->rows[i].n > 1;
    if (is_there) cuvee__svg_dots(r->out, &h, d->rows, d->n_rows);
    cuvee__free(d);
    return is_there;
}

/* ---- ratios ---- */

/* The twin is not an arm of the summary: its ratio is that of A/A. */
static bool read_ratio(const struct report *r, const struct report_arm *a, struct svg_ratio *row,
                       char value[2 * REPORT_CELL])
{
    char path[96], cell[REPORT_CELL], verdict[REPORT_CELL], number[CUVEE__PROSE_SHOWN];
    *row = (struct svg_ratio){.label = a->name, .series = a->series, .value = value};
    row->title = value;
    if (a->is_twin)
        snprintf(path, sizeof path, "summary.floor");
    else
        snprintf(path, sizeof path, "summary.arms.%zu.ratio", a->sum);
    if (a->is_reference || (!a->is_twin && !a->has_runs) ||
        !cuvee__report_number(r, &row->median, "%s.median", path))
        return false;
    if (!cuvee__report_number(r, &row->low, "%s.low", path) ||
        !cuvee__report_number(r, &row->high, "%s.high", path) || !(row->low < row->high)) {
        row->low = 1;
        row->high = 0;
    }
    if (a->is_twin)
        snprintf(value, 2 * REPORT_CELL, "%s  the reference again",
                 cuvee__prose_format(PROSE_RATIO, row->median, number, sizeof number));
    else
        snprintf(value, 2 * REPORT_CELL, "%s  %s", cuvee__report_cell(r, a, REPORT_RATIO, cell),
                 cuvee__report_cell(r, a, REPORT_VERDICT, verdict));
    return true;
}

static bool draw_forest(struct report *r, bool is_alone)
{
    const struct svg_heading h = {"How many times the reference",
                                  "Of each arm the median ratio of paired runs and its interval, "
                                  "logarithmic. The band is what is no difference.",
                                  is_alone};
    struct svg_ratio rows[REPORT_MAX_ARMS];
    char values[REPORT_MAX_ARMS][2 * REPORT_CELL];
    double low = 1, high = 0;
    size_t n = 0;
    for (size_t i = 0; i < r->n_arms; i++) n += read_ratio(r, &r->arms[i], &rows[n], values[n]);
    if (!n) return false;
    if (cuvee__report_margin(r, &high) != REPORT_NONE) low = 1 / high;
    cuvee__svg_forest(r->out, &h, rows, n, low, high);
    return true;
}

/* ---- memory against speed ---- */

static bool is_on_frontier(const struct report *r, const char *name)
{
    const json_t *list = cuvee__json_at(r->results, "summary.pareto"), *entry;
    size_t i;
    json_array_foreach(list, i, entry)
    {
        if (json_is_string(entry) && strcmp(json_string_value(entry), name) == 0) return true;
    }
    return false;
}

static bool read_place(const struct report *r, const struct report_arm *a, struct svg_place *p)
{
    const double mib = 1.0 / 1048576;
    double x_low, x_high;
    *p = (struct svg_place){.label = a->name, .title = a->title, .series = a->series};
    if (!a->has_runs || a->is_twin ||
        !cuvee__report_number(r, &p->y, "summary.arms.%zu.items_per_s.median", a->sum) ||
        !cuvee__report_number(r, &x_low, "summary.arms.%zu.lower.median", a->sum) ||
        !cuvee__report_number(r, &x_high, "summary.arms.%zu.upper.median", a->sum) || !(p->y > 0) ||
        !(x_low > 0) || x_high < x_low)
        return false;
    p->x_low = x_low * mib;
    p->x = p->x_high = x_high * mib;
    p->y_low = p->y_high = p->y;
    cuvee__report_number(r, &p->y_low, "summary.arms.%zu.items_per_s.min", a->sum);
    cuvee__report_number(r, &p->y_high, "summary.arms.%zu.items_per_s.max", a->sum);
    p->is_best = is_on_frontier(r, a->name);
    return true;
}

static bool draw_scatter(struct report *r, bool is_alone)
{
    const struct svg_heading h = {
        "Speed against memory",
        "Of each arm items a second, and the upper bound of its peak; a line from the lower bound. "
        "The dashed line joins arms that no other one beats in both.",
        is_alone};
    struct svg_place places[REPORT_MAX_ARMS];
    size_t n = 0;
    for (size_t i = 0; i < r->n_arms; i++) n += read_place(r, &r->arms[i], &places[n]);
    if (!n) return false;
    cuvee__svg_scatter(r->out, &h, places, n, "MiB", "items/s");
    return true;
}

/* ---- latency ---- */

struct latencies {
    double *ms;
    size_t n;
};

static int add_latency(void *user, const json_t *answer)
{
    struct latencies *l = user;
    double ms;
    if (l->n < MAX_LATENCIES && cuvee__json_number_at(answer, "ms", &ms) && ms > 0 && isfinite(ms))
        l->ms[l->n++] = ms;
    return CUVEE_OK;
}

/* The run in which one caller at a time waited; NULL: none, or it is that of the blocks. */
static const json_t *single_run(const struct report *r, const struct report_arm *a)
{
    const json_t *runs = json_object_get(r->results, "runs"), *run;
    double wanted, id;
    size_t i;
    if (!a->has_runs || a->is_twin ||
        !cuvee__report_number(r, &wanted, "summary.arms.%zu.scenarios.single.run", a->sum))
        return NULL;
    json_array_foreach(runs, i, run)
    {
        if (cuvee__json_number_at(run, "id", &id) && !(id < wanted) && !(id > wanted)) return run;
    }
    return NULL;
}

bool cuvee__report_shows_callers(const struct report *r)
{
    for (size_t i = 0; i < r->n_arms; i++) {
        struct buffer text = {0};
        const json_t *run = single_run(r, &r->arms[i]);
        const bool is_there =
            run && cuvee__report_read_file(r->dir, run, "answers", &text) == CUVEE_OK;
        cuvee__buffer_deinit(&text);
        if (is_there) return true;
    }
    return false;
}

static void read_latencies(struct report *r, const struct report_arm *a, bool of_callers,
                           struct latencies *l)
{
    struct buffer text = {0};
    const json_t *run = of_callers ? single_run(r, a) : NULL;
    int rc = !of_callers ? cuvee__report_read_answers(r->results, r->dir, a->name, &text)
             : run       ? cuvee__report_read_file(r->dir, run, "answers", &text)
                         : CUVEE_E_IO;
    if (rc == CUVEE_OK) rc = cuvee__report_each_answer(buffer_span(&text), add_latency, l);
    if (rc == CUVEE_E_NOMEM) no_room(r);
    cuvee__buffer_deinit(&text);
}

static bool draw_cdf(struct report *r, bool is_alone)
{
    const bool of_callers = cuvee__report_shows_callers(r);
    const struct svg_heading h = {
        of_callers ? "Latency of one caller at a time, and its tail" : "Latency, and its tail",
        "Of each arm the share of items that took at most so long; each tenth of what is left gets "
        "as much room. Bars: between which values a quantile lies.",
        is_alone};
    struct svg_sample samples[REPORT_MAX_ARMS];
    double *all[REPORT_MAX_ARMS] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        if (!a->has_runs || a->is_twin) continue;
        struct latencies l = {cuvee__alloc_array(MAX_LATENCIES, sizeof *l.ms), 0};
        if (!l.ms) {
            no_room(r);
            break;
        }
        read_latencies(r, a, of_callers, &l);
        if (l.n < 2) {
            cuvee__free(l.ms);
            continue;
        }
        cuvee__stats_sort(l.ms, l.n);
        all[n] = l.ms;
        samples[n++] = (struct svg_sample){a->name, l.ms, l.n, a->series};
    }
    if (n) cuvee__svg_cdf(r->out, &h, samples, n, "ms");
    for (size_t i = 0; i < n; i++) cuvee__free(all[i]);
    return n > 0;
}

/* ---- phases ---- */

static double mark_of(const json_t *run, const char *name)
{
    const json_t *phases = json_object_get(run, "phases"), *phase;
    double t_s;
    size_t i;
    json_array_foreach(phases, i, phase)
    {
        if (strcmp(cuvee__json_text_at(phase, "name"), name) == 0 &&
            cuvee__json_number_at(phase, "t_s", &t_s))
            return t_s;
    }
    return NAN;
}

static bool draw_gantt(struct report *r, bool is_alone)
{
    const struct svg_heading h = {"What the time goes to",
                                  "Of each arm the run whose time is nearest to the median: what "
                                  "it did until each of its marks, and until its end.",
                                  is_alone};
    static const char *const names[CUVEE__SVG_PHASES] = {"runtime and imports", "model",
                                                         "first result", "work"};
    struct svg_phases rows[REPORT_MAX_ARMS];
    char values[REPORT_MAX_ARMS][VALUE];
    size_t n = 0;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        const json_t *run =
            a->has_runs && !a->is_twin ? cuvee__report_typical(r->results, a->name) : NULL;
        double wall, load;
        if (!run || !cuvee__json_number_at(run, "wall_s", &wall)) continue;
        struct svg_phases *p = &rows[n];
        p->label = a->name;
        p->ends[0] = mark_of(run, "script-imported");
        if (!isfinite(p->ends[0])) p->ends[0] = mark_of(run, "runtime-ready");
        p->ends[1] = mark_of(run, "model-loaded");
        p->ends[2] = mark_of(run, "first-result");
        p->ends[3] = wall;
        char first[CUVEE__PROSE_SHOWN], second[CUVEE__PROSE_SHOWN];
        cuvee__prose_format(PROSE_SECONDS, wall, second, sizeof second);
        if (cuvee__json_number_at(run, "load_s", &load))
            snprintf(values[n], VALUE, "%s, ready after %s", second,
                     cuvee__prose_format(PROSE_SECONDS, load, first, sizeof first));
        else
            snprintf(values[n], VALUE, "%s", second);
        p->value = values[n];
        n++;
    }
    if (!n) return false;
    cuvee__svg_gantt(r->out, &h, names, rows, n);
    return true;
}

/* ---- claims ---- */

static bool draw_naive(struct report *r, bool is_alone)
{
    static const char *const keys[CUVEE__SVG_CLAIMS] = {"reported_heap", "parent_rss_peak",
                                                        "max_single_maxrss", "sum_rss"};
    static const char *const names[CUVEE__SVG_CLAIMS] = {"own heap", "RSS of the parent",
                                                         "ru_maxrss", "sum of RSS"};
    const struct svg_heading h = {"What naive meters claim, and what is true",
                                  "Of each arm the bracket of its peak above what four other "
                                  "methods say of it.",
                                  is_alone};
    struct svg_group groups[REPORT_MAX_ARMS];
    char values[REPORT_MAX_ARMS][VALUE];
    char texts[REPORT_MAX_ARMS][CUVEE__SVG_CLAIMS][CUVEE__PROSE_SHOWN];
    size_t n = 0;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        struct svg_group *g = &groups[n];
        if (!a->has_runs || a->is_twin ||
            !cuvee__report_number(r, &g->low, "summary.arms.%zu.lower.median", a->sum) ||
            !cuvee__report_number(r, &g->high, "summary.arms.%zu.upper.median", a->sum))
            continue;
        g->label = a->name;
        g->value = cuvee__report_bytes_range(g->low, g->high, values[n], VALUE);
        for (size_t k = 0; k < CUVEE__SVG_CLAIMS; k++) {
            g->claims[k] = NAN;
            cuvee__report_number(r, &g->claims[k], "summary.arms.%zu.naive.%s", a->sum, keys[k]);
            g->texts[k] = isfinite(g->claims[k])
                              ? cuvee__prose_format(PROSE_BYTES, g->claims[k], texts[n][k],
                                                    sizeof texts[n][k])
                              : "";
        }
        n++;
    }
    if (!n) return false;
    cuvee__svg_groups(r->out, &h, names, groups, n);
    return true;
}

/* ---- sweep ---- */

enum { MAX_STEPS = 64, MAX_THREADS = 8 };

/* A number, or the median of several. */
static bool median_at(const json_t *point, const char *key, const char *part, double *ret)
{
    char path[64];
    snprintf(path, sizeof path, "%s.%s", key, part);
    return cuvee__json_number_at(point, path, ret) ||
           (strcmp(part, "median") == 0 && cuvee__json_number_at(point, key, ret));
}

static bool read_step(const json_t *point, double threads, struct svg_step *s)
{
    double own_threads = 1;
    *s = (struct svg_step){.low = 1, .high = 0, .second = NAN};
    cuvee__json_number_at(point, "threads", &own_threads);
    if (own_threads < threads || own_threads > threads ||
        !cuvee__json_number_at(point, "workers", &s->x) ||
        !median_at(point, "items_per_s", "median", &s->y))
        return false;
    if (!median_at(point, "items_per_s", "min", &s->low) ||
        !median_at(point, "items_per_s", "max", &s->high)) {
        s->low = 1;
        s->high = 0;
    }
    median_at(point, "involuntary_switches", "median", &s->second);
    return true;
}

static double law_at(const void *figures, double x)
{
    return cuvee__usl_at(figures, x);
}

/* What the summary says of so many threads. */
static bool read_law(const struct report *r, double threads, struct usl_fit *ret)
{
    const json_t *list = cuvee__json_at(r->results, "summary.scaling"), *fit;
    size_t i;
    json_array_foreach(list, i, fit)
    {
        double own;
        if (json_is_true(json_object_get(fit, "fits")) &&
            cuvee__json_number_at(fit, "threads", &own) && !(own < threads) && !(own > threads))
            return cuvee__json_number_at(fit, "lambda", &ret->lambda) &&
                   cuvee__json_number_at(fit, "sigma.value", &ret->sigma.value) &&
                   cuvee__json_number_at(fit, "kappa.value", &ret->kappa.value);
    }
    return false;
}

static void insert_step(struct svg_step *steps, size_t *n, struct svg_step s)
{
    size_t at = (*n)++;
    for (; at && steps[at - 1].x > s.x; at--) steps[at] = steps[at - 1];
    steps[at] = s;
}

static bool draw_sweep(struct report *r, bool is_alone)
{
    const struct svg_heading h = {"How it grows with the number of workers",
                                  "Items a second by workers, one curve for each number of threads "
                                  "of a worker; below, how often the system took a processor away "
                                  "from a thread that still wanted it.",
                                  is_alone};
    const json_t *points = cuvee__json_at(r->results, "summary.sweep"), *point;
    struct svg_step steps[MAX_THREADS][MAX_STEPS];
    struct svg_steps curves[MAX_THREADS];
    struct usl_fit laws[MAX_THREADS] = {{0}};
    char labels[MAX_THREADS][64];
    double threads[MAX_THREADS];
    size_t n = 0, i;
    json_array_foreach(points, i, point)
    {
        double x = 1;
        size_t k = 0;
        cuvee__json_number_at(point, "threads", &x);
        while (k < n && (threads[k] < x || threads[k] > x)) k++;
        if (k == n && n < MAX_THREADS) threads[n++] = x;
    }
    for (size_t k = 0; k < n; k++) {
        size_t n_steps = 0;
        json_array_foreach(points, i, point)
        {
            struct svg_step s;
            if (n_steps < MAX_STEPS && read_step(point, threads[k], &s))
                insert_step(steps[k], &n_steps, s);
        }
        if (threads[k] > 0)
            snprintf(labels[k], sizeof labels[k], "%.0f thread%s each", threads[k],
                     threads[k] > 1 ? "s" : "");
        else
            snprintf(labels[k], sizeof labels[k], "as many as each likes");
        curves[k] = (struct svg_steps){labels[k], steps[k], n_steps, (int)k, NULL, &laws[k]};
        if (read_law(r, threads[k], &laws[k])) curves[k].law = law_at;
    }
    if (!n) return false;
    cuvee__svg_curve(r->out, &h, curves, n, "workers", "items/s", "involuntary switches");
    return true;
}

/* ---- all of them ---- */

bool cuvee__report_draw(struct report *r, enum report_plot which, bool is_alone)
{
    static bool (*const draw[])(struct report *, bool) = {
        [REPORT_PLOT_FOREST] = draw_forest,   [REPORT_PLOT_DOTS] = draw_dots,
        [REPORT_PLOT_SCATTER] = draw_scatter, [REPORT_PLOT_CDF] = draw_cdf,
        [REPORT_PLOT_GANTT] = draw_gantt,     [REPORT_PLOT_NAIVE] = draw_naive,
        [REPORT_PLOT_SWEEP] = draw_sweep};
    return draw[which](r, is_alone);
}

/* Of an arm the run nearest to the median whose file is there; NULL: none, or no memory. */
static json_t *read_measured(struct report *r, const struct report_arm *a)
{
    const json_t *runs = json_object_get(r->results, "runs"),
                 *run = cuvee__report_typical(r->results, a->name);
    json_t *measured = NULL;
    if (run && cuvee__report_read_json(r->dir, run, "measure", &measured) < 0) no_room(r);
    for (size_t i = 0; !measured && r->out->rc == CUVEE_OK && i < json_array_size(runs); i++) {
        run = json_array_get(runs, i);
        if (strcmp(cuvee__json_text_at(run, "arm"), a->name) == 0 &&
            json_is_true(json_object_get(run, "counts")) &&
            cuvee__report_read_json(r->dir, run, "measure", &measured) < 0)
            no_room(r);
    }
    return measured;
}

static void draw_memory_of(struct report *r, const struct report_arm *a, const json_t *measured,
                           bool is_open, cuvee_error *err)
{
    char title[TITLE];
    snprintf(title, sizeof title, "Memory over time: %.100s", a->name);
    sink_put_str(r->out, is_open ? "<details open>\n<summary>" : "<details>\n<summary>");
    cuvee__markup_text(r->out, a->name);
    sink_put_str(r->out, "</summary>\n<div class=\"scroll\">\n");
    if (cuvee__svg_memory(r->out, measured, title, false, err) < 0) no_room(r);
    sink_put_str(r->out, "</div>\n</details>\n");
}

size_t cuvee__report_draw_memory(struct report *r, size_t *ret_left_out, cuvee_error *err)
{
    const size_t begin = r->out->bytes.len;
    size_t n = 0;
    *ret_left_out = 0;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        json_t *measured = a->has_runs && !a->is_twin ? read_measured(r, a) : NULL;
        if (!measured) continue;
        const size_t before = r->out->bytes.len;
        draw_memory_of(r, a, measured, n == 0, err);
        json_decref(measured);
        if (r->out->bytes.len - begin > MEMORY_BYTES) {
            r->out->bytes.len = before;
            ++*ret_left_out;
        } else {
            n++;
        }
    }
    return n;
}
