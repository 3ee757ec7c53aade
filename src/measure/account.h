/* SPDX-License-Identifier: Apache-2.0
 *
 * From the meter's records to what a tree of processes cost: the footprint, which counts every page
 * once, its peak between two bounds, and beside it what naive methods would have said.
 *
 *   footprint F  = sum over the tree of PSS + swapped PSS + page tables + kernel stacks, at a
 *                  stable anchor
 *   lower bound    the largest F that was read
 *   upper bound    of each tick the least of
 *     rise         F of the last stable anchor, and for each process since then its page faults
 *                  (a copy-on-write fault adds a page without a word in RSS) or its growth of RSS
 *     within       the sum of RSS of the tick before, and what each process added within the tick
 *     charge       the highest charge of the tree's own control group within the tick, and what of
 *                  its mapped files is charged to others. F = charge - all else that is charged +
 *                  PSS of files and shared memory; so F <= charge - file cache in the charge +
 *                  that PSS, which is known at anchors and grows no faster than the `shared` of S
 *     return       F of the next stable anchor, and what may have been given back until then
 *   Faults of what ended between two ticks come to light when it is waited for.
 *   A process's high-water mark may show at an anchor that it was larger than its faults explain
 *   (huge pages come by one fault): that is added to all upper bounds since the anchor before.
 *
 * Everything is in kB and microseconds, as in record.h. */
#ifndef CUVEE_MEASURE_ACCOUNT_H
#define CUVEE_MEASURE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"
#include "measure/series.h"

/* What stays in memory of a command that runs for days. */
enum {
    CUVEE__ACCOUNT_ANCHORS = 16384,
    CUVEE__ACCOUNT_PROCESSES = 8192, /* more than the meter follows at one time */
    CUVEE__ACCOUNT_MARKS = 1024,     /* half of them for heap=BYTES */
};

struct account_parts {
    uint64_t anon, file, shmem, swap, kernel;
};

/* One point of the curve. */
struct account_anchor {
    uint64_t t_us, footprint, private_, sum_rss;
    struct account_parts parts;
    size_t n_processes;
    bool is_stable;
};

struct account_process {
    int pid, ppid;
    uint64_t start;
    uint32_t serial; /* order of birth */
    char comm[16];
    uint64_t born_us, gone_us; /* gone_us 0: not seen */
    uint64_t peak_rss, high_water, cpu_us, max_threads;
    uint64_t wait_us;                   /* of its threads, for a processor */
    uint64_t read_bytes, written_bytes; /* with what it waited for */
    unsigned n_execs;

    /* The tick at hand and the one before. */
    uint64_t rss, shared, faults, minor_faults, waited_faults, threads;
    uint64_t anchor_faults; /* of the last anchor */
    uint64_t base_cpu_us;   /* attached to: used before we came */
    uint64_t rss_most;      /* what the RSS of the last tick may really have been */
    bool is_here, has_sample, was_here_first, is_anchored;
};

/* A source of the meter's: used or not, which one or why not. */
struct account_source {
    bool is_known, is_used;
    char note[160];
};

/* The upper bound of a tick, and what the tree may have given back until it began. */
struct account_bound {
    uint64_t bound, released_before;
};

struct account_mark {
    uint64_t t_us, footprint; /* of the anchor after it; 0: none */
    char text[64];
};

struct account {
    /* As the stream says. */
    unsigned version;
    uint64_t page_bytes, launcher_floor, interval_us;
    uint64_t lag, thread_lag; /* of RSS, of each process and of each thread */
    bool is_complete;         /* the last line came */
    int leader, status;       /* as wait() gives it */
    bool is_attached;         /* the tree was there before us */
    struct account_source group, charge, events, trace, limit, perf;
    bool has_pids;
    uint64_t n_pids, n_pids_foreign; /* that were given; of them seen with somebody else */
    bool has_counts;                 /* of events or ptrace */
    uint64_t n_counted, n_execs, n_exits, n_overruns;
    bool has_status, was_interrupted, was_timeout;
    uint64_t wall_leader_us, wall_tree_us;

    /* All, torn ones too; of very many, the lowest and the highest of each few. */
    struct account_anchor *anchors; /* (n_anchors) */
    size_t n_anchors, room_anchors, n_anchors_taken;
    /* In the order of birth; of very many, small ones that are gone are left out. */
    struct account_process *processes; /* (n_processes) */
    size_t n_processes, room_processes, max_live, max_threads;
    uint32_t n_born, n_here_first;
    uint64_t n_threads_seen; /* at one time, beyond the first of each process; not of those that
                              * were there before us */
    size_t *live;            /* (n_live) which of processes[] are here */
    size_t n_live, room_live;
    struct account_mark *marks; /* (n_marks) the first ones */
    size_t n_marks, room_marks, n_marks_left_out;
    struct series series;

    /* Set before the first record, or NULL: hears what goes into the series, all of it. */
    void (*on_frame)(void *arg, const struct series_frame *f);
    void (*on_mark)(void *arg, const struct account_mark *m);
    void *on_arg;

    /* Peaks. */
    bool has_peak;
    uint64_t lower, upper, peak_at_us;
    struct account_parts at_peak;
    uint64_t steady_median, private_peak;
    double integral_mib_s;

    /* The control group's. */
    bool has_charge;
    uint64_t charged_peak;

    /* Processor time. */
    bool has_cpu, cpu_is_exact;
    char cpu_source[32];
    uint64_t cpu_us, user_us, system_us; /* user and system: of what was waited for */
    uint64_t busy_us, steal_us;          /* of the machine, meanwhile */
    bool has_machine_cpu;
    uint64_t faults; /* of both kinds */
    bool has_samples, has_leader_samples, has_leader_anchor;
    bool has_switches, has_io, has_wait, has_pressure, pressure_is_of_tree;
    uint64_t switches, involuntary; /* of what was waited for */
    uint64_t read_bytes, written_bytes;
    uint64_t wait_us;
    uint64_t pressure_us[3]; /* cpu, memory, io */

    /* What others would say. */
    uint64_t naive_sum_rss, naive_parent_rss, naive_max_rss, naive_sum_of_peaks, naive_parent_hwm;
    uint64_t naive_sampled; /* the leader's RSS, once a second */
    bool has_heap;
    uint64_t heap_bytes;

    /* The meter itself. */
    uint64_t self_cpu_us, self_rss, ticks, late, worst_late_us, n_torn, n_unserved, n_lost;

    /* While reading. */
    uint64_t rise; /* F of the last stable anchor and what it may have grown by since */
    bool has_rise;
    uint64_t rest; /* of that anchor: what no RSS has, swapped and kernel's */
    uint64_t rest_kernel, rest_swap;
    uint64_t tick_us, tick_rss, tick_rss_most, tick_bound; /* sums of the tick at hand */
    uint64_t before_rss;                                   /* of the tick before */
    uint64_t closed_us, closed_growth; /* the last tick of all lines S, also of anchors */
    uint64_t pass_growth; /* while the anchor at hand was read: may be in its lines P, or not */
    struct account_bound open[256]; /* (n_open) of the ticks since the last stable anchor */
    size_t n_open;
    uint64_t released; /* what may have been given back, all in all */
    uint64_t tick_released_before;
    uint64_t open_excess;  /* of torn anchors since */
    uint64_t mapped;       /* files and shared memory: at the stable anchor, and grown since */
    uint64_t charged_file; /* of the line H before */
    uint64_t charge_before;
    uint64_t tick_charge; /* what the charge allows in this tick; 0: nothing said */
    bool has_charged_file;
    uint64_t excess;   /* of high-water marks over what was seen, this anchor */
    uint64_t claimed;  /* faults of what ended, that somebody waited for, in this tick */
    uint64_t unwaited; /* faults of processes that are gone, and known; not yet waited for */
    uint64_t sampled_us;
    uint64_t seen_us; /* the last line S */
    /* Since the last stable anchor: what stands is its footprint, or the RSS of a tick, if that and
     * what no RSS has is less. */
    uint64_t stands, stands_us;
    double stood_mib_s;
    uint64_t first_busy, first_steal, exited_cpu_us, tree_cpu_us, traced_cpu_us;
    bool has_tree_cpu;
    uint64_t stable_us, stable_footprint; /* the last stable anchor */
    size_t anchor_lines;                  /* still to come */
    struct series_frame tick, anchor;
    bool no_memory; /* for the series */
    char line[512];
    size_t n_line;
};

/* Records come in pieces of any size: {0}, feed, feed, .., end. Lines that it does not know are
 * passed over; the stream may end early. Memory has a limit, however long that is.
 * Returns CUVEE_OK; CUVEE_E_FORMAT (at the end: these were no records), CUVEE_E_NOMEM.
 * account_deinit() is due in any case. */
int cuvee__account_feed(struct account *a, struct span bytes, cuvee_error *err);
int cuvee__account_end(struct account *a, cuvee_error *err);
void cuvee__account_deinit(struct account *a);

/* Where the list of members comes from, and whether none that lives at a look can be missing from
 * it. */
const char *cuvee__account_membership(const struct account *a, bool *ret_is_complete);

/* Processes that there were: looked at, or counted by a source that misses none, however short they
 * lived. A command that was started is one in any case. */
uint64_t cuvee__account_processes(const struct account *a);

/* How many processes may have been there that nobody saw, at most: pids that were given meanwhile
 * and are not known to be anybody's, also of threads, and of others on the machine. None where
 * nothing is missed. False: cannot be known. */
bool cuvee__account_missed(const struct account *a, uint64_t *ret);

/* Within 2 %. */
static inline bool account_is_tight(const struct account *a)
{
    return a->has_peak && (a->upper - a->lower) * 50 <= a->lower;
}

#endif
