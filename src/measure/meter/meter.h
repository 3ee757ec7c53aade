/* SPDX-License-Identifier: Apache-2.0
 *
 * The meter: a small static program that starts a command, follows all of its processes, samples
 * them, and says what it saw (record.h). It links libc alone and allocates nothing once the command
 * runs, so that its own size and cost are small and constant: what starts a program is part of what
 * that program's ru_maxrss says.
 *
 * DESIGN
 *   One thread. A tick every interval (10 ms): /proc/PID/stat of each process, children of those
 *   that are there; every tenth tick a look at all of /proc, for whoever escaped that way. Orphans
 *   become our children (PR_SET_CHILD_SUBREAPER).
 *   PSS costs 10 us for each MiB, so it is read at *anchors* only: when processes came or went,
 * when memory or page faults grew by 2 %, at marks, and once a second; when the tree has settled,
 * at the latest after 200 ms; under a budget of processor time that starts with some credit. An
 * anchor is stable when no process and hardly a page changed while it was read (a seqlock's rule);
 * others are kept apart, since a sum over a tree in motion was never true. All judgement is the
 * reader's. */
#ifndef CUVEE_MEASURE_METER_H
#define CUVEE_MEASURE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "measure/record.h"
#include "os/proc_files.h"

struct process {
    int pid, ppid;
    uint64_t start;
    bool is_here;
    char comm[CUVEE__COMM_BYTES];
    uint64_t rss_pages, faults; /* as of the last tick */
    uint64_t threads;
};

struct meter {
    /* Options. */
    uint64_t interval_us, timeout_us; /* 0 = none */
    double budget;                    /* share of a core */
    int out;                          /* records go here */
    int mark_fd;                      /* we read marks here; -1: its writers are gone */

    int leader;
    bool leader_is_gone, is_ending;
    uint64_t start_us; /* of the monotonic clock; 0 of all t */
    int perf_fd;       /* counts the tree's processor time; -1: none */

    struct process processes[CUVEE__METER_PROCESSES];
    size_t n; /* of processes[], those that are gone are taken out */
    uint64_t lost;

    /* Sampling. */
    uint64_t ticks, late, worst_late_us, anchors, torn, unserved;
    uint64_t page_kb;
    const char *pending;                /* an anchor's trigger, or NULL */
    uint64_t pending_us;                /* since when */
    uint64_t anchor_us;                 /* the last one */
    uint64_t anchor_rss, anchor_faults; /* sums as of then, pages */
    uint64_t tick_rss;                  /* sum of the tick before */
    double credit_us;                   /* of processor time for anchors */
    uint64_t credit_at_us;
};

uint64_t meter_now_us(const struct meter *m);

/* meter_out.c: buffered; a reader that went away ends nothing. */
void meter_say(struct meter *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void meter_flush(struct meter *m);

/* meter_tree.c */
void meter_add(struct meter *m, int pid);
struct process *meter_find(struct meter *m, int pid);
/* New children of those that we know; with a look at all processes, whoever has one of ours as
 * parent. */
void meter_discover(struct meter *m, bool look_everywhere);
/* Processes that are gone, or whose pid is somebody else's now, are taken out. Read anew. */
void meter_refresh(struct meter *m);
/* Send a signal to all. */
void meter_signal_all(struct meter *m, int signal);

/* meter_sample.c */
void meter_tick(struct meter *m);
void meter_want_anchor(struct meter *m, const char *trigger);
/* Take the pending anchor if it is due; with force at once, whatever the budget. */
void meter_anchor_if_due(struct meter *m, bool force);

#endif
