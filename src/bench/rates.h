/* SPDX-License-Identifier: Apache-2.0
 *
 * Scenario server: items arrive by chance at a rate, whether or not the ones before are answered,
 * and what an answer took counts from its arrival. The highest rate at which 99 of 100 answers stay
 * within a bound is found by bisection. */
#ifndef CUVEE_BENCH_RATES_H
#define CUVEE_BENCH_RATES_H

#include <jansson.h>

#include "bench/experiment.h"

enum { CUVEE__RATE_PROBES = 8 };

/* Write the arrivals of the plan's input at a rate to a file below the results' directory. Returns
 * its path, absolute, in path (room).
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cuvee__arrivals_write(const struct bench_setup *setup, double per_second, char *path,
                          size_t room, cuvee_error *err);

/* Search for the highest rate of each arm, where the plan has latency_bound_ms: from the plan's
 * rate (else half of what the arm did in a batch) up or down by factors of two, then between, and
 * never above what it did in a batch. Nothing more is sought of an arm that failed twice, that has
 * fewer than 100 items, that took longer for half of its answers in the scenario single, or of
 * which a probe would take longer than two minutes (ten while no rate kept the bound). Each probe
 * is a run of the kind "rate", with its `rate` and, when it succeeded, whether the bound was `met`.
 * Returns as cuvee__experiment_run(). */
int cuvee__rates_find(struct experiment *e, cuvee_error *err);

/* An arm's probes, as {rate, p99_ms, met}. NULL when out of memory. */
json_t *cuvee__rates_probes(const json_t *results, const char *arm);

/* {rate, p99_ms, bound_ms, n}: of such probes the highest rate that met the plan's bound; JSON
 * null: none did, or none ran. NULL when out of memory. */
json_t *cuvee__rates_summary(const json_t *probes, const json_t *plan);

#endif
