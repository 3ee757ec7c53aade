/* SPDX-License-Identifier: Apache-2.0
 *
 * What the meter says: one record a line, a letter and fields between blanks. Text, so that a
 * stream can be written by hand in a test, and read when something is odd. Times `t` are
 * microseconds since the command was started; sizes are kB unless they say otherwise.
 *
 *   V version page_bytes launcher_floor interval_us         the first line
 *   K source note                                           where CPU time comes from: perf | none
 *   L pid                                                   the command's own process
 *   B t pid start ppid comm                                 a process seen for the first time
 *   C t pid comm                                            it has another name: an exec
 *   S t pid rss cpu_us minflt majflt threads shared         a tick; shared: of rss, files and
 *                                                           shared memory
 *   Y t busy_us steal_us                                    all processors since boot
 *   A t n is_stable trigger cost_us                         an anchor; n lines P follow
 *   P pid pss anon file shmem swap page_tables threads private rss high_water
 *   G t pid                                                 it is gone
 *   M t text                                                a mark; "heap=BYTES" is the program's
 *                                                           own figure
 *   X t status max_rss user_us system_us                    the command ended; status as wait()
 *   W t pid status max_rss user_us system_us                an orphan ended
 *   Q t why                                                 ended by us: timeout | interrupted
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
