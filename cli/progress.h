/* SPDX-License-Identifier: Apache-2.0
 *
 * How far the run is: a bar on a terminal, a plain line every 30 s elsewhere. */
#ifndef CUVEE_CLI_PROGRESS_H
#define CUVEE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run_stats.h"

struct progress {
    const struct run_stats *stats;
    uint64_t total_bytes; /* of all inputs; 0 = unknown, then there is no bar and no time left */
    uint64_t max_rows;    /* --limit; UINT64_MAX = none */
    bool use_bar;
    uint64_t start_ns;     /* when reading began */
    uint64_t last_line_ns; /* of the plain line */
};

/* Called some times a second, by one thread. */
void cli__progress_show(struct progress *p, uint64_t now_ns);

/* Seconds as "9.6 s", "3:07" or "2:05:09". Returns out. */
const char *cli__print_seconds(char *out, size_t room, double seconds);
/* A count with thin groups, "12 345". Returns out, which has room for 32. */
const char *cli__print_count(char *out, uint64_t n);

#endif
