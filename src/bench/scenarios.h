/* SPDX-License-Identifier: Apache-2.0
 *
 * What is measured besides the blocks: the other scenarios of the plan (`also`), once for each arm
 * that has them, on fewer items; and in scenario server the highest rate (rates.h). How long a
 * caller waits has no verdict: it is there for the report and for advice. */
#ifndef CUVEE_BENCH_SCENARIOS_H
#define CUVEE_BENCH_SCENARIOS_H

#include <jansson.h>

#include "bench/experiment.h"

/* Runs of the kind "scenario", then the probes.
 * Returns as cuvee__experiment_run(). */
int cuvee__scenarios_run(struct experiment *e, cuvee_error *err);

/* Runs that there will be, at most, without those again. */
size_t cuvee__scenarios_n_runs(const struct experiment *e);

/* Of an arm, by scenario, what its callers waited: {n, p50, p90, p99, items_per_s, disturbed}, of
 * server also the rate. Of offline nothing: nobody waits for an item of a batch. NULL when out of
 * memory. */
json_t *cuvee__scenarios_summary(const json_t *results, const char *arm);

#endif
