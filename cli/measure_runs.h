/* SPDX-License-Identifier: Apache-2.0
 *
 * --repeat: what several runs of one command have in common. */
#ifndef CUVEE_CLI_MEASURE_RUNS_H
#define CUVEE_CLI_MEASURE_RUNS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/account.h"

#define MEASURE_MAX_RUNS 10000

struct measure_run {
    double wall_leader_s, wall_tree_s, cpu_s;
    double lower, upper; /* bytes; NaN: not known */
    int exit_code;
};

/* Start with {0}. */
struct measure_runs {
    struct measure_run *items; /* (n) */
    size_t n, room;
};

/* a: ended. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cli__measure_runs_add(struct measure_runs *r, const struct account *a, int exit_code,
                          cuvee_error *err);

/* The list `runs` of a result. NULL when out of memory. */
json_t *cli__measure_runs_to_json(const struct measure_runs *r);

/* A table on standard error: median, least and most of each figure, and between which values the
 * median of all such runs lies at 95 %, from six runs on. */
void cli__measure_runs_summary(const struct measure_runs *r);

void cli__measure_runs_deinit(struct measure_runs *r);

#endif
