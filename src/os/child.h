/* SPDX-License-Identifier: Apache-2.0
 *
 * A child process that serves this one: short messages both ways, and it ends when we do.
 *
 * The child finds its ends as file descriptors from CUVEE__CHILD_FD on: messages to it, messages
 * from it, a pipe that hangs up when this process is gone, and the descriptors that were passed. */
#ifndef CUVEE_OS_CHILD_H
#define CUVEE_OS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cuvee/cuvee.h"

/* High, since a caller's environment may name low ones (MEASURE_FD). */
enum { CUVEE__CHILD_FD = 200, CUVEE__CHILD_PASSED_FD = 203, CUVEE__CHILD_MAX_PASSED = 4 };

struct child {
    pid_t pid; /* 0: none */
    int to, from, life;
};

struct child_setup {
    const char *const *argv;      /* NULL-terminated; argv[0] is looked up on PATH */
    const char *const *variables; /* "NAME=value", NULL-terminated: added to our environment unless
                                     it has NAME */
    const int *passed;            /* (n_passed) descriptors of ours */
    int n_passed;                 /* at most CUVEE__CHILD_MAX_PASSED */
};

/* Start it: standard input empty, standard output ours of errors (a library's data goes to our own
 * standard output), no signal blocked.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cuvee__child_start(struct child *child, const struct child_setup *setup, cuvee_error *err);

/* A message of n bytes, at most PIPE_BUF. False: the child is gone. */
bool cuvee__child_send(const struct child *child, const void *message, size_t n);

/* Wait for a message of n bytes.
 *   deadline_ns  of cuvee__clock_ns(); UINT64_MAX: none.
 * Returns CUVEE_OK, CUVEE_E_TIMEOUT, CUVEE_E_IO (it is gone). */
int cuvee__child_receive(const struct child *child, void *message, size_t n, uint64_t deadline_ns);

/* No more messages to it: a child that waits for one goes. Wait until deadline_ns, then kill it.
 * ret_status: exit status, or 128 + n when signal n ended it; may be NULL. Without a child nothing
 * happens. */
void cuvee__child_end(struct child *child, uint64_t deadline_ns, int *ret_status);

/* Kill a child that has not been waited for. */
void cuvee__child_kill(pid_t pid);

/* Resident memory of the child in bytes; 0 when the kernel does not tell. */
uint64_t cuvee__child_resident_bytes(const struct child *child);

#endif
