/* SPDX-License-Identifier: Apache-2.0
 *
 * The sweep: one arm with more and more workers and threads. Its table, and what explains it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_parts.h"
#include "report/html.h"

enum { MAX_POINTS = 256 };

static const struct {
    const char *heading, *key; /* of a point */
    enum prose_unit unit;
} columns[REPORT_SWEEP_COLUMNS] = {
    {">workers", "workers", PROSE_COUNT},
    {">threads each", "threads", PROSE_COUNT},
    {">items/s", "items_per_s", PROSE_PER_SECOND},
    {">wall", "wall_s", PROSE_SECONDS},
    {">peak, at most", "upper", PROSE_BYTES},
    {">switches", "context_switches", PROSE_COUNT},
    {">of these forced", "involuntary_switches", PROSE_COUNT},
    {">stood in line", "runq_wait_s", PROSE_SECONDS},
    {">page faults", "faults", PROSE_COUNT},
    {">cache misses", "cache_misses", PROSE_COUNT},
    {">read by misses", "missed_bytes", PROSE_BYTES},
};

/* Where a figure of a point is: a number, or the median of several. */
static const char *figure_of(const struct report *r, size_t at, const char *key, char path[96])
{
    double x;
    snprintf(path, 96, "summary.sweep.%zu.%.40s", at, key);
    if (!cuvee__report_number(r, &x, "%s", path))
        snprintf(path, 96, "summary.sweep.%zu.%.40s.median", at, key);
    return path;
}

static bool number_of(const struct report *r, size_t at, const char *key, double *ret)
{
    char path[96];
    return cuvee__report_number(r, ret, "%s", figure_of(r, at, key, path));
}

static size_t n_points(const struct report *r)
{
    const size_t n = json_array_size(cuvee__json_at(r->results, "summary.sweep"));
    return n < MAX_POINTS ? n : MAX_POINTS;
}

/* ---- the table ---- */

size_t cuvee__report_sweep_columns(const struct report *r,
                                   const char *headings[REPORT_SWEEP_COLUMNS],
                                   size_t used[REPORT_SWEEP_COLUMNS])
{
    size_t n = 0;
    for (size_t i = 0; i < REPORT_SWEEP_COLUMNS; i++) {
        bool has_any = false;
        double x;
        for (size_t k = 0; k < n_points(r); k++) has_any |= number_of(r, k, columns[i].key, &x);
        if (!has_any) continue;
        headings[n] = columns[i].heading;
        used[n++] = i;
    }
    return n;
}

void cuvee__report_sweep_cell(const struct report *r, size_t at, size_t column,
                              char text[REPORT_CELL])
{
    double x;
    *text = '\0';
    if (!number_of(r, at, columns[column].key, &x)) return;
    if (strcmp(columns[column].key, "threads") == 0 && !(x > 0))
        snprintf(text, REPORT_CELL, "its own choice");
    else
        cuvee__prose_format(columns[column].unit, x, text, REPORT_CELL);
}

void cuvee__report_put_sweep(struct report *r)
{
    const char *headings[REPORT_SWEEP_COLUMNS];
    size_t used[REPORT_SWEEP_COLUMNS];
    struct html_table t;
    char text[REPORT_CELL];
    const size_t n = cuvee__report_sweep_columns(r, headings, used);
    if (!n) return;
    cuvee__html_table_open(r->out, &t, headings, n);
    for (size_t i = 0; i < n_points(r); i++)
        for (size_t k = 0; k < n; k++) {
            cuvee__report_sweep_cell(r, i, used[k], text);
            cuvee__html_cell(r->out, &t, text);
        }
    cuvee__html_table_close(r->out, &t);
}

/* ---- words ---- */

/* Threads of all workers; 0 of each is what libraries take, all cores. */
static double threads_of(const struct report *r, size_t at, bool of_all)
{
    double workers = 1, threads = 1, cores = 1;
    cuvee__report_number(r, &cores, "machine.cores");
    number_of(r, at, "workers", &workers);
    number_of(r, at, "threads", &threads);
    return (of_all ? workers : 1) * (threads > 0 ? threads : cores);
}

/* Of the points with the most threads, those with the fewest and the most workers. */
static bool find_ends(const struct report *r, size_t *ret_first, size_t *ret_last)
{
    double most_threads = 0, least = 0, most = 0;
    bool has_any = false;
    for (size_t i = 0; i < n_points(r); i++) {
        double workers, rate;
        const double threads = threads_of(r, i, false);
        if (!number_of(r, i, "workers", &workers) || !number_of(r, i, "items_per_s", &rate) ||
            threads < most_threads)
            continue;
        const bool is_new = !has_any || threads > most_threads;
        if (is_new || workers < least) *ret_first = i;
        if (is_new || workers > most) *ret_last = i;
        least = is_new || workers < least ? workers : least;
        most = is_new || workers > most ? workers : most;
        most_threads = threads;
        has_any = true;
    }
    return has_any && *ret_first != *ret_last;
}

/* More workers and threads than processors, and less is done. */
static bool is_crowded(const struct report *r, size_t first, size_t last)
{
    double rate[2], cores;
    return number_of(r, first, "items_per_s", &rate[0]) &&
           number_of(r, last, "items_per_s", &rate[1]) &&
           cuvee__report_number(r, &cores, "machine.cores") && threads_of(r, last, true) > cores &&
           rate[1] < rate[0];
}

static void put_ends(const struct report *r, struct prose *p, size_t first, size_t last)
{
    char wait[2][96], forced[2][96], rate[2][96];
    double threads = 0;
    number_of(r, last, "threads", &threads);
    cuvee__prose_say(p,
                     "From {count summary.sweep.%zu.workers} to {count summary.sweep.%zu.workers} "
                     "workers, ",
                     first, last);
    if (threads > 0)
        cuvee__prose_say(p, "with threads of each: {count summary.sweep.%zu.threads}, ", last);
    else
        cuvee__prose_text(p, "each with as many threads as its library likes, ");
    cuvee__prose_say(p,
                     "on {count machine.cores} cores, {name plan.sweep.arm} went from {per_s %s} "
                     "to {per_s %s} items a second. ",
                     figure_of(r, first, "items_per_s", rate[0]),
                     figure_of(r, last, "items_per_s", rate[1]));
    cuvee__prose_say(p,
                     "The time for which its threads stood in line for a processor, all together, "
                     "went from {s %s} to {s %s}; how often one was put off a processor that it "
                     "still wanted, from {count %s} to {count %s}. ",
                     figure_of(r, first, "runq_wait_s", wait[0]),
                     figure_of(r, last, "runq_wait_s", wait[1]),
                     figure_of(r, first, "involuntary_switches", forced[0]),
                     figure_of(r, last, "involuntary_switches", forced[1]));
    if (is_crowded(r, first, last))
        cuvee__prose_text(p, "So this is what comes of a library that starts a thread for each "
                             "core when several processes do it at once: more work is begun, none "
                             "is done faster, and all wait for each other. ");
}

const char *cuvee__report_sweep_heading(const struct report *r)
{
    size_t first = 0, last = 0;
    return find_ends(r, &first, &last) && is_crowded(r, first, last)
               ? "Where the 220 seconds come from"
               : "More workers, more threads";
}

void cuvee__report_put_sweep_words(const struct report *r, struct prose *p)
{
    size_t first = 0, last = 0;
    double x;
    if (find_ends(r, &first, &last)) put_ends(r, p, first, last);
    cuvee__report_put_scaling(r, p);
    if (cuvee__report_number(r, &x, "summary.bytes_per_worker"))
        cuvee__prose_say(p, "Each further worker holds {bytes summary.bytes_per_worker} more (from "
                            "{bytes summary.bytes_per_worker_low} to {bytes "
                            "summary.bytes_per_worker_high}); {bytes "
                            "summary.bytes_without_workers} are there however many there are. ");
    if (*cuvee__report_text(r, "summary.counters_why")) {
        cuvee__prose_text(p, "What the caches of the processor missed was not counted: ");
        cuvee__prose_name(p, "summary.counters_why");
        cuvee__prose_text(p, ".");
    }
}
