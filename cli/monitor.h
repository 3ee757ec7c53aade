/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread that wakes ten times a second: it samples the memory of the process and shows
 * progress. */
#ifndef CUVEE_CLI_MONITOR_H
#define CUVEE_CLI_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "os/thread.h"
#include "progress.h"

struct monitor {
    struct mutex mutex; /* guards all below; never held while something is printed */
    struct cond stop_asked;
    bool stopping;
    bool shows_progress;
    struct progress progress; /* the thread's own once shows_progress is set */
    uint64_t peak_pss_bytes;
    struct thread thread;
};

/* Start with memory alone. Returns CUVEE_OK or CUVEE_E_*. */
int cli__monitor_open(struct monitor *m, cuvee_error *err);
/* Show progress from now on; copies *progress. */
void cli__monitor_show(struct monitor *m, const struct progress *progress);
/* Peak of the samples, one of now included, in bytes; 0 = unknown. */
uint64_t cli__monitor_peak(struct monitor *m);
/* Stop, and take the bar away. */
void cli__monitor_close(struct monitor *m);

#endif
