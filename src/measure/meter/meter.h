/* SPDX-License-Identifier: Apache-2.0
 *
 * The meter: a small static program that starts a command, follows all of its processes, samples
 * them, and says what it saw (record.h). It links libc alone and allocates nothing once the command
 * runs, so that its own size and cost are small and constant: what starts a program is part of what
 * that program's ru_maxrss says.
 *
 * DESIGN
 *   One thread. A tick every interval (10 ms): /proc/PID/stat of each process, or only what the
 * tree's control group is charged, as long as that stays and no process is born.
 *   Who belongs to the tree: a control group of the tree's own lists its members (meter_group.c);
 * else events of the kernel (meter_events.c); else children of those that are there, and every
 * tenth tick a look at all of /proc for whoever escaped that way; all of this only if a pid was
 * given since. Orphans become our children (PR_SET_CHILD_SUBREAPER). With ptrace no process is born
 * or ends unseen (meter_trace.c). PSS costs 10 us for each MiB, so it is read at *anchors* only:
 * when processes came or went, when RSS or page faults grew by 1 % of it, at marks, and once a
 * second where anything moved; when the tree has settled, at the latest after 200 ms. An anchor is
 * stable when no process and hardly a page changed while it was read (a seqlock's rule); others are
 * kept apart, since a sum over a tree in motion was never true. One budget of processor time holds
 * for all of it and starts with some credit: half is for ticks, which come later when that is
 * spent, the rest for anchors; where no processor has time to spare it is a third. All
 * judgement is the reader's. */
#ifndef CUVEE_MEASURE_METER_H
#define CUVEE_MEASURE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "measure/record.h"
#include "os/proc_files.h"

enum meter_track { TRACK_AUTO, TRACK_CGROUP, TRACK_EVENTS, TRACK_POLL };

enum {
    METER_PATH_BYTES = 1024,
    METER_MAX_PIDS = 1 << 22, /* of any Linux */
    METER_KEPT_OPEN = 256,    /* of the processes' files */
    METER_CREDIT_US = 250000, /* of processor time for anchors, at most and at the start */
    METER_TICK_CREDIT_US = 100000,
};

struct process {
    int pid, ppid;
    uint64_t start;
    char comm[CUVEE__COMM_BYTES];
    uint64_t rss_pages, faults, shared_pages; /* as of the last tick */
    uint64_t threads;
    int stat_fd;    /* -1: opened each time */
    bool is_traced; /* has been counted */
};

/* Control groups of the tree's own: directories, "" where there is none. One and the same in v2. */
struct group {
    char tree[METER_PATH_BYTES], memory[METER_PATH_BYTES], cpu[METER_PATH_BYTES];
    char name[32];   /* last part of the directories that we made; "": we made none */
    bool is_used;    /* its list says who belongs to the tree */
    bool is_charged; /* what it is charged is what the tree is charged */
    bool resets;     /* its peak begins anew when we say so */
    int procs, usage, peak, swap_peak, stat, kernel, cpu_time; /* -1: none */
    uint64_t said_usage;                                       /* bytes, in the last line H */
    uint64_t cpu_base_us;                                      /* before we came */
};

struct meter {
    /* Options. */
    uint64_t interval_us, timeout_us; /* 0 = none */
    double budget;                    /* share of a core */
    enum meter_track track;
    bool is_exact;
    const char *cpus;      /* NULL: as ours */
    uint64_t memory_limit; /* bytes; 0: none */
    int wanted_mark_fd;    /* that the command has for marks; 0: any */
    int attached;          /* follow this process, start nothing; 0 = none */
    const char *existing;  /* or all processes of this control group; NULL = none */
    int out;               /* records go here */
    int mark_fd;           /* we read marks here; -1: its writers are gone */

    int leader;
    bool leader_is_gone, is_ending, is_starting;
    uint64_t start_us; /* of the monotonic clock; 0 of all t */
    int perf_fd;       /* counts the tree's processor time; -1: none */
    struct group group;
    int events_fd;                /* process events; -1: none */
    uint64_t pressure_base_us[3]; /* of the machine: cpu, memory, io */

    struct process processes[CUVEE__METER_PROCESSES];
    size_t n; /* of processes[], those that are gone are taken out */
    uint64_t lost;
    size_t n_open, most_open; /* of their files */

    /* The last pid that was given, as of the last looks: for members, and at all processes. */
    int last_pid_fd; /* -1: what it says is not believed */
    int listed_pid, searched_pid;
    int counted_pid, most_pids;  /* n_given is up to this one; the last of all */
    uint64_t n_given, n_foreign; /* pids that were given meanwhile; and seen, with others */

    /* Counted by events or ptrace. */
    uint64_t n_processes, n_execs, n_exits, n_overruns;
    uint64_t thread_cpu_ns, thread_wait_ns;

    /* Sampling. */
    uint64_t ticks, late, worst_late_us, anchors, torn, unserved;
    uint64_t page_kb;
    struct proc_rss_lag rss_lag;
    const char *pending;            /* an anchor's trigger, or NULL */
    uint64_t pending_us;            /* since when */
    uint64_t anchor_us;             /* the last one */
    double anchor_cost_us_per_page; /* 0: none yet */
    bool anchor_is_stable;
    uint64_t anchor_rss, anchor_pss, anchor_faults; /* sums as of then, pages */
    uint64_t tick_us;                               /* the last one */
    bool is_calm;                                   /* RSS hardly changed since the one before */
    double moved_per_us; /* pages that came, went or were faulted in since the one before */
    uint64_t due_us;     /* the next tick */
    double credit_us, tick_credit_us; /* of processor time, for anchors and for ticks */
    uint64_t credit_at_us, paid_us;
    struct cpu_list cpus_of_ours; /* that we may use */
    uint64_t idle_us, idle_at_us; /* of them, as of then */
    bool is_crowded;              /* they have no time to spare */
};

uint64_t meter_now_us(const struct meter *m);
/* Processor time that the meter itself has used. */
uint64_t meter_cpu_us(void);

/* meter_out.c: buffered; a reader that went away ends nothing. */
void meter_say(struct meter *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void meter_flush(struct meter *m);

/* meter_tree.c */
void meter_add(struct meter *m, int pid);
struct process *meter_find(struct meter *m, int pid);
/* It ended: taken out. */
void meter_drop(struct meter *m, struct process *p);
/* Before a fork; and then with its pid: if that is among those that were given meanwhile, what is
 * last can be believed, and pids are counted from there. */
void meter_open_last_pid(struct meter *m);
void meter_test_last_pid(struct meter *m, int pid);
/* The pids that were given so far; false: cannot be known here. */
bool meter_count_pids(struct meter *m);
/* No process was born since the last look, as far as can be known. */
bool meter_is_listed(const struct meter *m);
/* All processes were looked at since the last one of them was born. */
bool meter_has_searched(const struct meter *m);
/* New members of the tree, if processes were born since the last look; with a look at all, whoever
 * has one of ours as parent. */
enum meter_look { LOOK_IF_BORN, LOOK_AT_MEMBERS, LOOK_EVERYWHERE };
void meter_discover(struct meter *m, enum meter_look look);
/* Children of those that we know, and theirs, of all of their threads; whatever the source. */
void meter_discover_below(struct meter *m);
/* Processes that are gone, or whose pid is somebody else's now, are taken out. Read anew. */
void meter_refresh(struct meter *m);
/* Is any process left? Looks everywhere before it says no. */
bool meter_is_empty(struct meter *m);
/* Send a signal to all. */
void meter_signal_all(struct meter *m, int signal);

/* meter_group.c. Make groups for the command, before it is forked; false: none can be made, which
 * has been said. */
bool meter_group_make(struct meter *m);
/* Its memory, page cache included, may not pass this; the kernel ends what does. False, and said,
 * where there is no control group of the tree's own for it. Before a process is in it. */
bool meter_group_limit(struct meter *m, uint64_t bytes);
/* Use a group that is there. False: it is none. */
bool meter_group_use(struct meter *m, const char *directory);
/* Before its exec, the command is moved in. False: it could not be moved. */
bool meter_group_enter(struct meter *m, int pid);
size_t meter_group_pids(const struct meter *m, int *pids, size_t room);
/* Is it in our group, or in one below? False when it has moved itself elsewhere. */
bool meter_group_has(const struct meter *m, int pid);
void meter_group_say_charge(struct meter *m);
/* Since then it was charged nothing, and nothing was given back, but what the kernel counts later.
 */
bool meter_group_is_still(const struct meter *m);
/* Processor time since the group was made, or since we came; false: unknown. */
bool meter_group_cpu_us(const struct meter *m, uint64_t *ret_us);
const char *meter_group_cpu_source(const struct meter *m);
/* All members at once, where the kernel can. */
void meter_group_kill(struct meter *m);
void meter_group_remove(struct meter *m);

/* meter_events.c. Listen, before the command is forked: afterwards events would be missing. False:
 * not allowed, which has been said. */
bool meter_events_open(struct meter *m);
/* The command has been forked: has that been heard? Where events are silent, as in containers, they
 * are closed. */
bool meter_events_test(struct meter *m, int pid);
/* Those that are followed already are members. */
void meter_events_know(struct meter *m);
/* What has come in is counted; processes that were born are added. */
void meter_events_drain(struct meter *m);

/* meter_trace.c */
bool meter_trace_seize(struct meter *m, int pid);
/* A thread of the tree has stopped; it goes on. */
void meter_trace_stopped(struct meter *m, int tid, int status);

/* meter_sample.c */
void meter_tick(struct meter *m);
/* How busy the machine is. */
void meter_say_machine(struct meter *m);
void meter_want_anchor(struct meter *m, const char *trigger);
/* Take the pending anchor if it is due; with force at once, on credit as long as there is as
 * much to be had as at the start. */
void meter_anchor_if_due(struct meter *m, bool force);

/* meter_ends.c: what is said when processes, and when the tree, have ended. */
void meter_reap(struct meter *m);
void meter_say_io(struct meter *m, int pid);
/* Processor time of the whole tree, exact; -1: nothing here counts it. */
int64_t meter_tree_cpu_us(const struct meter *m);
void meter_start_pressure(struct meter *m);
void meter_say_end(struct meter *m);

#endif
