/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the machine ours? Waiting until others are quiet, a spin of known work before and after each
 * run, and what of a measured run says that it was disturbed. A disturbed run is repeated and kept;
 * nothing is thrown away because of what it showed. */
#ifndef CUVEE_BENCH_QUIET_H
#define CUVEE_BENCH_QUIET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Wait until others use less than 2 % of n_cores for a second, at most max_s. Returns the share
 * that they used in the last look; NaN: /proc/stat cannot be read. *stop set: ends at once. */
double cuvee__quiet_wait(size_t n_cores, double max_s, const volatile int *stop);

/* Milliseconds for the same work, about 50 ms of it on a machine of our day: the median of five
 * pieces, times five, so that an interrupt does not count. */
double cuvee__quiet_spin_ms(void);

/* What a run is judged by. */
struct quiet_signs {
    const json_t *measured; /* measure/1 */
    double spin_before_ms, spin_after_ms;
    size_t n_cores;
    bool is_oversubscribed; /* it has more threads than cores by its settings: a late meter is its
                               own doing */
};

/* A list of phrases, one for each sign that the run was disturbed: others and the hypervisor took
 * more than 3 % of the processors, the spin became slower by more than 3 %, it stood still for
 * memory or storage for more than 1 % of the time, more than 1 % of the meter's looks were late.
 * NULL when out of memory. */
json_t *cuvee__quiet_flags(const struct quiet_signs *s);

#endif
