/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread that owns an interpreter: it starts it, does jobs in it, one at a time, and never
 * ends. Interpreters and packages care which thread is the main one. */
#ifndef CUVEE_PYTHON_OWNER_H
#define CUVEE_PYTHON_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "os/thread.h"

struct owner_job {
    void (*run)(void *arg); /* on the owner's thread */
    void *arg;
    uint64_t timeout_ns; /* from the start of run(); 0: none */
    /* When the time is over, and again and again until run() returns; on the thread that waits.
     * Must not block. NULL: nothing is done about it. */
    void (*late)(void *arg);
};

/* One per kind of interpreter, static, since it is never taken down. */
struct owner {
    pthread_mutex_t turn; /* one job, or the start, at a time */
    struct mutex mu;      /* guards what follows */
    struct cond changed;
    bool has_sync; /* mu and changed are made */
    enum { OWNER_NOT_STARTED, OWNER_STARTING, OWNER_STARTED, OWNER_FAILED } state;
    cuvee_error failure;
    int (*start)(void *arg, cuvee_error *err); /* while starting */
    void *start_arg;
    const struct owner_job *job; /* NULL: none */
    bool job_is_done, job_is_urgent;
};

#define CUVEE__OWNER                                                                               \
    {                                                                                              \
        .turn = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

/* Start the thread, unless it runs, and call start(arg) on it. What that returned is returned now
 * and ever after: there is no second try. */
int cuvee__owner_start(struct owner *o, int (*start)(void *arg, cuvee_error *err), void *arg,
                       cuvee_error *err);

/* After a good start. Waits for its turn, then until the job is done. */
void cuvee__owner_run(struct owner *o, const struct owner_job *job);

/* The job with this arg, if it runs now, is late at once. Any thread. */
void cuvee__owner_hurry(struct owner *o, const void *arg);

#endif
