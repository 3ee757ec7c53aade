/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree over time, for plots, in bounded memory: however long a command runs, there are at most
 * 256 stretches of time. When they are full, each two become one and the next ones are twice as
 * long. Of a stretch the lowest and the highest value stay, with their times, so no peak is lost.
 *
 * For the stack of processes the same holds of whole anchors: the one with the smallest footprint
 * and the one with the largest, each with its processes as they were together. The largest value of
 * each process by itself would not do: put upon each other they would be a tree that never was. */
#ifndef CUVEE_MEASURE_SERIES_H
#define CUVEE_MEASURE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CUVEE__SERIES_STRETCHES = 256,
    CUVEE__SERIES_PARTS = 48, /* of an anchor that are told apart: the largest */
};

/* A process as it was seen; kB and microseconds. */
struct series_part {
    uint32_t serial; /* order of birth: pids are used again */
    int pid;
    char comm[16];
    uint64_t rss, cpu_us, minor_faults;
    uint64_t pss, footprint; /* at an anchor */
};

/* All of them: a tick, or an anchor. */
struct series_frame {
    uint64_t t_us;
    bool is_anchor, is_stable;
    bool has_upper;
    uint64_t rss, parent_rss, upper; /* upper: how large the footprint may have been; of a tick */
    uint64_t footprint;              /* of an anchor */
    bool has_charge, has_charge_peak, has_cpu;
    uint64_t charged, charged_peak; /* to the tree's control group: at the tick, and the highest
                                     * since the one before */
    uint64_t cpu_us;                /* of the whole tree until then, exact */
    struct series_part *parts;      /* (n) */
    size_t n, room;
};

/* Room for one more part, cleared, or NULL when out of memory. */
struct series_part *cuvee__series_frame_add(struct series_frame *f);
void cuvee__series_frame_deinit(struct series_frame *f);

struct series_extremes {
    bool is_known;
    uint64_t low, low_us, high, high_us;
};

struct series_share {
    uint32_t serial;
    uint64_t footprint;
};

struct series_stack {
    bool is_known;
    uint64_t t_us, footprint;
    struct series_share *shares; /* (n) the largest first; the rest is what footprint has more */
    size_t n;
};

enum series_curve {
    SERIES_SUM_RSS,
    SERIES_PARENT_RSS,
    SERIES_UPPER,
    SERIES_CHARGED,
    SERIES_CURVES
};

struct series_stretch {
    struct series_extremes curves[SERIES_CURVES];
    struct series_stack low, high; /* low: unknown while there is but one anchor */
};

/* Start with {0}. */
struct series {
    uint64_t width_us;
    struct series_stretch *stretches; /* (CUVEE__SERIES_STRETCHES), NULL before the first frame */
};

/* Torn anchors are passed over. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__series_add(struct series *s, const struct series_frame *f);
void cuvee__series_deinit(struct series *s);

#endif
