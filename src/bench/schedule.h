/* SPDX-License-Identifier: Apache-2.0
 *
 * Which arm runs when. Each block runs every arm once, in an order of its own: so what drifts
 * slowly meets all arms alike, and what follows upon what is chance. */
#ifndef CUVEE_BENCH_SCHEDULE_H
#define CUVEE_BENCH_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

/* The order of n entries in a block: ret_order[i] is the entry that runs i-th. Of the seed and the
 * block alone: an experiment that goes on later has the same order. */
void cuvee__schedule_block(uint64_t seed, uint64_t block, size_t *ret_order, size_t n);

/* Arrivals at a rate, as those of many callers that know nothing of each other (Poisson): ret_s[i]
 * seconds, ascending.
 *   per_second  > 0 */
void cuvee__schedule_arrivals(uint64_t seed, double per_second, double *ret_s, size_t n);

#endif
