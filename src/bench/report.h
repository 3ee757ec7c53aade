/* SPDX-License-Identifier: Apache-2.0
 *
 * What people read of an experiment, made of its results (bench/1) alone, and of the files that its
 * runs name; so it can be made again at any time, and a figure that is not in the results cannot be
 * in it. Files that are not there leave out the plots that need them. */
#ifndef CUVEE_BENCH_REPORT_H
#define CUVEE_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "cuvee/cuvee.h"

/* dir: the directory of the results, for the files of the runs; NULL: none.
 * All return CUVEE_OK, CUVEE_E_NOMEM, CUVEE_E_LIMIT; out may have grown on failure. */

/* One page: no script, nothing from elsewhere, light or dark as the reader's system is. */
int cuvee__report_html(const json_t *results, const char *dir, struct sink *out, cuvee_error *err);

/* Tables for a README. */
int cuvee__report_markdown(const json_t *results, struct sink *out, cuvee_error *err);

struct report_terminal {
    size_t width; /* columns; lines are never longer unless it is below 40 */
    bool is_utf8; /* bars of eighths of a block; else of '#' */
    bool has_colour;
};
int cuvee__report_terminal(const json_t *results, const struct report_terminal *t,
                           struct sink *out, cuvee_error *err);

/* A list for github-action-benchmark's customSmallerIsBetter: seconds, CPU seconds, peaks. */
int cuvee__report_github(const json_t *results, struct sink *out, cuvee_error *err);

/* The plots, each as a file of its own: name 0 to n - 1; false: the results have nothing for it. */
enum { CUVEE__REPORT_PLOTS = 7 };
extern const char *const cuvee__report_plot_names[CUVEE__REPORT_PLOTS];
int cuvee__report_plot(const json_t *results, const char *dir, size_t which, struct sink *out,
                       bool *ret_is_there, cuvee_error *err);

#endif
