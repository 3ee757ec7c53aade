/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process costs that serves a model: time until its first answer, and memory. Measured from
 * outside, on children, with nothing of the model open in the parent. */
#ifndef BENCH_PROCESSES_H
#define BENCH_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

/* Run argv (NULL-terminated, argv[0] is the path) with `input` on its standard input.
 * Returns nanoseconds from before the start to the first byte of its output; 0 when it gives none
 * or ends with a failure. */
uint64_t bench_first_byte_ns(const char *const *argv, const char *input);

/* Bytes, added up over the processes; from /proc/PID/smaps_rollup. */
struct footprint {
    uint64_t pss; /* shared pages divided by the number of processes that map them */
    uint64_t
        private_bytes; /* pages that no other process maps; of a file, when it is alone with it */
    uint64_t private_dirty; /* those that it wrote: its own in any case */
    uint64_t rss;
    uint64_t arena_bytes; /* as the pools say, per process: all workers */
    uint64_t model_bytes; /* the packed file, as the model says; 0 = none */
};

/* Start n (1 to 64) children of argv at once (they run bench_serve_child()), wait until each has
 * classified a text, and look at their memory while all are there. False when one fails. */
bool bench_footprint(const char *const *argv, unsigned n, struct footprint *ret);

/* The child: open the model, make a pool, classify one text, say so, wait for the end of standard
 * input. Returns an exit code. */
int bench_serve_child(const char *model_dir, const char *precision);

#endif
