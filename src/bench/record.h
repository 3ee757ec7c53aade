/* SPDX-License-Identifier: Apache-2.0
 *
 * The record of a run: what is taken from the result of `cuvee measure`, and under which names. */
#ifndef CUVEE_BENCH_RECORD_H
#define CUVEE_BENCH_RECORD_H

#include <jansson.h>
#include <stddef.h>

/* Add to record what measured (measure/1; NULL: there is none) says of a run of n_items. Returns 0,
 * or -1 when out of memory. */
int cuvee__record_take(json_t *record, const json_t *measured, size_t n_items);

/* Add latency_ms: quantiles of what each of n answers took, as far as n allows: a quantile q needs
 * so many that one is beyond it with 95 % (1 - q^n). ms is sorted here. Returns 0 or -1. */
int cuvee__record_latency(json_t *record, double *ms, size_t n);

#endif
