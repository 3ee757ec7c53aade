/* SPDX-License-Identifier: Apache-2.0
 *
 * What the meter says: one record a line, a letter and fields between blanks. Text, so that a
 * stream can be written by hand in a test, and read when something is odd. Times `t` are
 * microseconds since the command was started; sizes are kB unless they say otherwise.
 *
 *   V version page_bytes launcher_floor interval_us lag thread_lag
 *                                                           the first line; lag: by how much RSS of
 *                                                           a tick may differ from what is there,
 *                                                           of each process and of each thread
 *   U what is_used note                                     a source: group, charge, events, trace,
 *                                                           perf; note: which one, or why not. The
 *                                                           last word on it counts
 *   K source                                                where CPU time comes from: cpu.stat |
 *                                                           cpuacct.usage | perf | none
 *   L pid is_attached                                       the command's own process; attached: it
 *                                                           was there before us (0: no one process)
 *   B t pid start ppid comm                                 a process seen for the first time
 *   C t pid comm                                            it has another name: an exec
 *   S t pid rss cpu_us minflt majflt threads shared waited  a tick; shared: of rss, files and
 *                                                           shared memory; waited: faults of
 *                                                           children that it has waited for, and of
 *                                                           theirs
 *   H t charged peak swap_peak file kernel                  what the tree's group is charged, after
 *                                                           the S of a tick; peak: the highest
 *                                                           since the line H before, or ever, 0:
 *                                                           not known; file:
 *                                                           page cache and shared memory in it, at
 *                                                           least so much; kernel: in it, too
 *   R t cpu_us                                              the tree's processor time until then,
 *                                                           exact; after the S of a tick, where
 * known J t pid wait_us                                         its threads waited for a processor
 *   Y t busy_us steal_us                                    all processors since boot
 *   A t n is_stable trigger cost_us                         an anchor; n lines P follow
 *   P pid pss anon file shmem swap page_tables threads private rss high_water
 *   G t pid                                                 it is gone
 *   D t pid high_water cpu_us wait_us minflt majflt         traced: read as it ended; cpu and wait
 *                                                           of its main thread
 *   M t text                                                a mark; "heap=BYTES" is the program's
 *                                                           own figure
 *   O pid read_bytes write_bytes                            of a child of ours and all that it had
 *                                                           waited for: now and then, and before X
 *                                                           or W where that is allowed
 *   X t status max_rss user_us system_us switches involuntary faults
 *                                                           the command ended; status as wait();
 *                                                           all of it with what it had waited for
 *   W t pid status max_rss user_us system_us switches involuntary faults
 *                                                           an orphan ended
 *   Q t why                                                 ended by us: timeout | interrupted
 *   N processes execs exits overruns                        counted by events or traced; overruns:
 *                                                           times that events were lost
 *   F given foreign                                         pids that were given since the command
 *                                                           was started, in its namespace, and of
 *                                                           them those that were seen with somebody
 *                                                           else
 *   T cpu_us wait_us                                        traced: of all threads but main ones
 *   I scope cpu_us memory_us io_us                          something waited (PSI "some"); scope:
 *                                                           tree | machine
 *   Z t cpu_us rss ticks late worst_late_us anchors torn unserved lost tree_cpu_us
 *                                                           the last line; tree_cpu_us -1: unknown
 *
 * Triggers: start, born, gone, grown, mark, time, end. */
#ifndef CUVEE_MEASURE_RECORD_H
#define CUVEE_MEASURE_RECORD_H

enum {
    CUVEE__RECORD_VERSION = 1,
    CUVEE__METER_PROCESSES = 4096, /* seen at one time; more are counted as lost */
    CUVEE__KERNEL_STACK_KB = 16,
};

#endif
