/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processor counts while programs run: references to its last cache, and misses of it.
 * Many virtual machines have no such counters, and many systems do not allow them; then there is a
 * reason in the place of a number. */
#ifndef CUVEE_OS_PERF_COUNTERS_H
#define CUVEE_OS_PERF_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

enum perf_counter { PERF_CACHE_REFERENCES, PERF_CACHE_MISSES, PERF_N_COUNTERS };

struct perf_counters {
    int fds[PERF_N_COUNTERS]; /* -1: not counted */
};

/* Count from now on what this thread does and all that it starts from now on, whatever that starts;
 * in user mode only.
 *   why  filled with the reason when the cache is not counted, else ""
 * Threads: count is of the calling thread. cuvee__perf_counters_close() in any case. */
void cuvee__perf_counters_open(struct perf_counters *c, char *why, size_t room);

/* What was counted. When more is counted than the processor can at once, it takes turns, and this
 * is scaled up. What was started must have ended. False: not counted, or never its turn. */
bool cuvee__perf_counters_read(const struct perf_counters *c, enum perf_counter which, double *ret);

void cuvee__perf_counters_close(struct perf_counters *c);

#endif
