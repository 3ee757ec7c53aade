/* SPDX-License-Identifier: Apache-2.0
 *
 * What the forms of the report have in common: the arms of the results, and their figures as
 * cells. */
#ifndef CUVEE_BENCH_REPORT_PARTS_H
#define CUVEE_BENCH_REPORT_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "bench/prose.h"
#include "cuvee/cuvee.h"

enum { REPORT_MAX_ARMS = 64, REPORT_CELL = 96 };
#define REPORT_NONE ((size_t)-1)

struct report_arm {
    const char *name, *title, *skipped;   /* skipped: "" = it ran */
    size_t at;                            /* arms.AT of the results */
    size_t sum;                           /* summary.arms.SUM, or REPORT_NONE */
    int series;                           /* its shape and colour in all plots */
    bool is_twin, is_reference, has_runs; /* has_runs: some that count */
};

struct report {
    const json_t *results;
    const char *dir; /* or NULL */
    struct sink *out;
    struct report_arm arms[REPORT_MAX_ARMS];
    size_t n_arms;
};

void cuvee__report_init(struct report *r, const json_t *results, const char *dir, struct sink *out);
/* NULL: there is none of that name. */
const struct report_arm *cuvee__report_find(const struct report *r, const char *name);
/* A number at a path, printed first. */
bool cuvee__report_number(const struct report *r, double *ret, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
const char *cuvee__report_text(const struct report *r, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
struct prose cuvee__report_prose(const struct report *r, enum prose_form form);
/* What went wrong with out, as an error. */
int cuvee__report_end(const struct report *r, cuvee_error *err);

/* "1004 to 1008 MiB", or one number where both are written alike. Returns text. */
const char *cuvee__report_bytes_range(double low, double high, char *text, size_t room);

/* ---- figures of an arm ---- */

enum report_column {
    REPORT_ITEMS,
    REPORT_RATIO,
    REPORT_VERDICT,
    REPORT_WALL,
    REPORT_PEAK,
    REPORT_LOAD,
    REPORT_CORES,
    REPORT_CPU,
    REPORT_P50,
    REPORT_P90,
    REPORT_P99,
    REPORT_DIFFER,
    REPORT_ACCURACY,
    REPORT_RUNS,
    REPORT_STEADY,
    REPORT_TYPICAL,
    REPORT_ASKED,
    REPORT_ALIVE,
    REPORT_PLAN,
    REPORT_FIRST,    /* answer */
    REPORT_MOSTLY,   /* memory, most of the time */
    REPORT_INTEGRAL, /* memory x time */
    REPORT_TOKENS,
    REPORT_SINGLE_P50, /* of callers, one at a time; at the plan's rate; the highest rate */
    REPORT_SINGLE_P99,
    REPORT_SERVED_P50,
    REPORT_SERVED_P99,
    REPORT_RATE,
    REPORT_HOUR,
    REPORT_PRICE,
    REPORT_COLUMNS
};
/* Headings; '>' before one of numbers, as html.h has it. */
extern const char *const cuvee__report_headings[REPORT_COLUMNS];
/* As text; "" when it is not known. Returns text. */
const char *cuvee__report_cell(const struct report *r, const struct report_arm *a,
                               enum report_column column, char text[REPORT_CELL]);

/* Columns of what callers wait. */
enum { REPORT_WAITS = 5 };
extern const enum report_column cuvee__report_waits[REPORT_WAITS];
/* What is said of them, to those who read on: with which rate and which bound. False: no arm has
 * any, and nothing was said. */
bool cuvee__report_put_waits_words(const struct report *r, struct prose *p);

/* Some arm that has runs has a figure in it. */
bool cuvee__report_has_column(const struct report *r, enum report_column column);

/* From its inverse to this ratio, nothing is called a difference. Returns of which arm of the
 * summary it is, the first that has one (with fewer blocks it may be wider), or REPORT_NONE. */
size_t cuvee__report_margin(const struct report *r, double *ret);

/* ---- runs that gave nothing ---- */

/* The next run of an arm, from *at on, with a status that is not "ok" and a reason that no run
 * before it had. False: no more. *at starts at 0 and
 * comes to be the run after that one; status and why are borrowed. */
bool cuvee__report_next_failure(const struct report *r, const struct report_arm *a, size_t *at,
                                const char **ret_status, const char **ret_why);

/* That no run of an arm has begun, though it could have: the experiment ended before. */
bool cuvee__report_is_unreached(const struct report *r, const struct report_arm *a);
#define CUVEE__REPORT_UNREACHED "the experiment ended before its turn"

/* ---- steady, and scaling (report_steady.c) ---- */

void cuvee__report_steady_cell(const struct report *r, const struct report_arm *a,
                               char text[REPORT_CELL]);
/* How an arm was not steady; its name goes before. False: it was, or nothing is known. */
bool cuvee__report_put_unsteady(const struct report *r, const struct report_arm *a,
                                struct prose *p);
/* Which runs of an arm are far from the others; its name goes before. False: none. */
bool cuvee__report_put_outliers(const struct report *r, const struct report_arm *a,
                                struct prose *p);
#define CUVEE__REPORT_OUTLIERS                                                                     \
    "Far from the other runs of the arm (by median absolute deviation); they count"
/* What the column says. False: there is none. */
bool cuvee__report_put_steady_words(const struct report *r, struct prose *p);
/* Workers and threads as the plan wants them. */
void cuvee__report_asked_cell(const struct report *r, const struct report_arm *a,
                              char text[REPORT_CELL]);
/* That an arm used more cores than it was to have threads. False: it did not. */
bool cuvee__report_put_exceeded(const struct report *r, const struct report_arm *a,
                                struct prose *p);
/* The arm of the summary that had least of its weights in memory before a run. False: nobody
 * looked. */
bool cuvee__report_least_cached(const struct report *r, size_t *ret_arm);
/* What fits the sweep, and what does not. */
void cuvee__report_put_scaling(const struct report *r, struct prose *p);

/* ---- naive methods ---- */

struct report_method {
    const char *key, *name, *cause;
    int family; /* those that err alike */
};
enum { REPORT_METHODS = 8 };
extern const struct report_method cuvee__report_methods[REPORT_METHODS];
const struct report_method *cuvee__report_method(const char *key);

/* summary.naive_sum entries that are wrong enough for a card, the worst first; of each arm and of
 * each method few. Returns how many; indexes into summary.naive_sum. */
enum { REPORT_CARDS = 8 };
size_t cuvee__report_cards(const struct report *r, size_t ret[REPORT_CARDS]);

/* ---- the story's claims ---- */

struct report_claim {
    const char *what, *published, *note; /* note: how it came about, or "" */
};
enum { REPORT_CLAIMS = 14 };
extern const struct report_claim cuvee__report_claims[REPORT_CLAIMS];
/* Some arm that ran can tell something of them. */
bool cuvee__report_is_of_story(const struct report *r);
/* What was found of a claim; "not run" where no arm can tell. */
void cuvee__report_put_found(const struct report *r, size_t claim, struct prose *p);

/* What was recommended for which use; what these figures say of it. */
struct report_use {
    const char *what, *published;
};
enum { REPORT_USES = 4, REPORT_USE_COLUMNS = 4 };
extern const struct report_use cuvee__report_uses[REPORT_USES];
extern const char *const cuvee__report_use_columns[REPORT_USE_COLUMNS];
/* Which arm is the best for a use, and its figure. of_published: among those of the story. */
void cuvee__report_put_use(const struct report *r, size_t use, bool of_published, struct prose *p);

/* ---- components of memory (report_components.c) ---- */

enum { REPORT_COMPONENT_COLUMNS = 3 };
extern const char *const cuvee__report_component_columns[REPORT_COMPONENT_COLUMNS];
/* How many there are, and of which arm; 0: none. */
size_t cuvee__report_components(const struct report *r, const struct report_arm **ret_arm);
void cuvee__report_put_component(const struct report *r, const struct report_arm *a, size_t i,
                                 size_t column, struct prose *p);
void cuvee__report_put_components_words(const struct report_arm *a, struct prose *p);

/* ---- the sweep ---- */

enum { REPORT_SWEEP_COLUMNS = 11 };
/* Those of which some point has a figure. Returns how many; used: which they are. */
size_t cuvee__report_sweep_columns(const struct report *r,
                                   const char *headings[REPORT_SWEEP_COLUMNS],
                                   size_t used[REPORT_SWEEP_COLUMNS]);
/* Of the point summary.sweep.AT; "" when it is not known. */
void cuvee__report_sweep_cell(const struct report *r, size_t at, size_t column,
                              char text[REPORT_CELL]);
const char *cuvee__report_sweep_heading(const struct report *r);
void cuvee__report_put_sweep_words(const struct report *r, struct prose *p);

/* ---- parts of the page (report_tables.c, _claims, _components, _plots) ---- */

void cuvee__report_put_arms(struct report *r);
void cuvee__report_put_details(struct report *r);
void cuvee__report_put_sweep(struct report *r); /* its table */
void cuvee__report_put_waits(struct report *r); /* of callers, and the rates that can be kept */
void cuvee__report_put_costs(struct report *r); /* memory over time, throughput of a core, price */
void cuvee__report_put_estimates(struct report *r); /* of the ratios, by other methods */
void cuvee__report_put_second(struct report *r);    /* dramatic ratios, by another method */
void cuvee__report_put_missing(struct report *r);   /* skipped, failed, disturbed */
void cuvee__report_put_cards(struct report *r);
void cuvee__report_put_components(struct report *r);
void cuvee__report_put_claims(struct report *r);
void cuvee__report_put_uses(struct report *r);
void cuvee__report_put_machine(struct report *r);

enum report_plot {
    REPORT_PLOT_FOREST,
    REPORT_PLOT_DOTS,
    REPORT_PLOT_SCATTER,
    REPORT_PLOT_CDF,
    REPORT_PLOT_GANTT,
    REPORT_PLOT_NAIVE,
    REPORT_PLOT_SWEEP
};
/* False: there is nothing to draw, and nothing was. */
bool cuvee__report_draw(struct report *r, enum report_plot which, bool is_alone);
/* The plot of latency is of the scenario in which one caller at a time waits, since its answers are
 * there; in a batch an item waits for its whole batch, which says nothing of a caller. */
bool cuvee__report_shows_callers(const struct report *r);
/* Memory over time of one run for each arm that kept it, as far as a page has room. Returns how
 * many were drawn. */
size_t cuvee__report_draw_memory(struct report *r, size_t *ret_left_out, cuvee_error *err);

#endif
