/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting the meter and hearing it out, for all of `cuvee measure`. */
#ifndef CUVEE_CLI_MEASURE_METER_H
#define CUVEE_CLI_MEASURE_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "measure/account.h"
#include "measure_attach.h"

/* Exit codes, as timeout(1), env(1) and time(1) have them; a usage error is 125 too. */
enum {
    MEASURE_EXIT_TIMEOUT = 124,
    MEASURE_EXIT_FAILED = 125,
    MEASURE_EXIT_CANNOT = 126,
    MEASURE_EXIT_NOT_FOUND = 127
};

/* Of the meter itself: the source that was asked for cannot be had. */
enum { METER_CANNOT_TRACK = 124 };

struct meter_setup {
    double interval_ms, budget_percent;
    double timeout_s;  /* 0: none */
    const char *track; /* auto, cgroup, events or poll */
    bool exact;
    const char *cpus;                     /* NULL: as ours */
    uint64_t memory_limit;                /* bytes, of the whole tree; 0: none */
    int mark_fd;                          /* for marks; 0: any */
    const struct attach_target *attached; /* NULL: a command is started */
};

/* What `cuvee measure` takes when nothing is said. */
#define METER_SETUP_DEFAULT                                                                        \
    {                                                                                              \
        .interval_ms = 10, .budget_percent = 1, .track = "auto"                                    \
    }

/* A meter at work. */
struct meter_run {
    pid_t pid;
    int records; /* its records come here */
};

/* Find a program that is installed with this one, by its name. False: it is not there. */
bool cli__meter_find_program(const char *name, char *path, size_t room);

/* Start the meter on a command (n_command arguments; none when attached).
 * Returns CUVEE_OK, CUVEE_E_IO (the meter is not there, or does not start), CUVEE_E_NOMEM. */
int cli__meter_start(const struct meter_setup *setup, char *const *command, size_t n_command,
                     struct meter_run *ret_run, cuvee_error *err);

/* Read what it says until it has ended, into a. ret_status: the meter's own exit status.
 * Returns CUVEE_OK, or as account_feed(); account_end() is left to the caller. */
int cli__meter_hear(struct meter_run *run, struct account *a, int *ret_status, cuvee_error *err);

/* A case of cuvee-measure-cases, which is installed with this program.
 * start: returns as cli__meter_start(). hear: to the end; returns CUVEE_OK, CUVEE_E_IO when the
 * meter could not follow it, or as account_end(). */
int cli__meter_start_case(const struct meter_setup *setup, const char *name,
                          struct meter_run *ret_run, cuvee_error *err);
int cli__meter_hear_case(struct meter_run *run, struct account *a, cuvee_error *err);

#endif
