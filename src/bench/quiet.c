/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/quiet.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json_at.h"
#include "base/random.h"
#include "os/clock.h"
#include "os/proc_files.h"
#include "report/stats.h"

enum { LOOK_MS = 100, LOOKS = 10, PIECES = 5, PIECE_STEPS = 15000000 };
#define QUIET_SHARE  0.02
#define MIN_OTHERS_S 0.025 /* /proc/stat counts in ticks of 10 ms */

/* Share of n_cores that everybody used for LOOK_MS; this process sleeps meanwhile. */
static double look(size_t n_cores)
{
    struct proc_cpu_times before, after;
    const uint64_t begin = cuvee__clock_ns();
    if (!cuvee__proc_cpu_times_read(NULL, &before)) return NAN;
    cuvee__clock_sleep_until(begin + LOOK_MS * CUVEE__NS_PER_MS);
    if (!cuvee__proc_cpu_times_read(NULL, &after)) return NAN;
    const double wall_us = (double)(cuvee__clock_ns() - begin) / 1000;
    return (double)(after.busy_us + after.steal_us - before.busy_us - before.steal_us) /
           (wall_us * (double)n_cores);
}

/* A look counts clock ticks of 10 ms, so that a single tick is 5 % of two cores: ten looks
 * together are judged. */
double cuvee__quiet_wait(size_t n_cores, double max_s, const volatile int *stop)
{
    const uint64_t deadline = cuvee__clock_ns() + (uint64_t)(max_s * 1e9);
    double looks[LOOKS], sum = 0;
    for (size_t i = 0;; i++) {
        const double share = look(n_cores);
        if (isnan(share)) return NAN;
        sum += share - (i >= LOOKS ? looks[i % LOOKS] : 0);
        looks[i % LOOKS] = share;
        const size_t n = i + 1 < LOOKS ? i + 1 : LOOKS;
        const bool is_quiet = n == LOOKS && sum / LOOKS < QUIET_SHARE;
        if (is_quiet || *stop || cuvee__clock_ns() >= deadline) return sum / (double)n;
    }
}

double cuvee__quiet_spin_ms(void)
{
    double pieces[PIECES];
    volatile uint64_t sink = 0;
    uint64_t state = 1;
    for (int i = 0; i < PIECES; i++) {
        const uint64_t begin = cuvee__clock_ns();
        uint64_t sum = 0;
        for (int k = 0; k < PIECE_STEPS; k++) sum += random_next(&state);
        sink = sum;
        pieces[i] = (double)(cuvee__clock_ns() - begin) / 1e6;
    }
    (void)sink;
    cuvee__stats_sort(pieces, PIECES);
    return PIECES * cuvee__stats_median(pieces, PIECES);
}

/* ---- what a measured run says ---- */

static double number(const json_t *measured, const char *path)
{
    double x = 0;
    cuvee__json_number_at(measured, path, &x);
    return x;
}

/* Append a phrase when share is above most. */
static int flag(json_t *flags, double share, double most, const char *what)
{
    char phrase[96];
    if (!(share > most)) return 0;
    snprintf(phrase, sizeof phrase, "%s: %.1f %%", what, 100 * share);
    return json_array_append_new(flags, json_string(phrase));
}

json_t *cuvee__quiet_flags(const struct quiet_signs *s)
{
    json_t *flags = json_array();
    const json_t *m = s->measured;
    const double wall = number(m, "time.wall_tree_s"), cores = (double)s->n_cores;
    const double others = number(m, "contention.foreign_cpu_s") + number(m, "contention.steal_s");
    const double ticks = number(m, "self.ticks"), late = number(m, "self.late_ticks");
    int rc = flags ? 0 : -1;
    if (wall > 0) {
        /* Of a short run a single tick of the kernel's clock would be too much. */
        if (others > MIN_OTHERS_S)
            rc |= flag(flags, others / (wall * cores), 0.03, "processors taken by others");
        rc |= flag(flags, number(m, "contention.psi_memory_some_s") / wall, 0.01,
                   "stood still for memory");
        rc |= flag(flags, number(m, "contention.psi_io_some_s") / wall, 0.01,
                   "stood still for storage");
    }
    if (ticks > 0 && !s->is_oversubscribed)
        rc |= flag(flags, late / (ticks + late), 0.01, "looks of the meter that were late");
    rc |= flag(flags, fabs(s->spin_after_ms / s->spin_before_ms - 1), 0.03,
               "speed of the processor changed");
    if (rc == 0) return flags;
    json_decref(flags);
    return NULL;
}
