/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker in front of a model that is not ours (model/external.h): takes texts from the queue,
 * across jobs, up to the model's batch; calls it; fills rows. */
#ifndef CUVEE_POOL_DISPATCHER_H
#define CUVEE_POOL_DISPATCHER_H

#include <stdbool.h>

#include "model/external.h"
#include "os/thread.h"
#include "pool/batcher.h"
#include "pool/queue.h"

struct dispatcher {
    /* Set by the pool, then constant. */
    struct external_model *external;
    struct queue *queue;
    uint32_t worker;
    struct batch_counters *counters;
    void (*on_batch)(void *user, const cuvee_batch_record *record); /* NULL = none */
    void *on_batch_user;

    /* The thread's own. */
    void *caller;
    struct external_rows rows;
    struct take take;
    cuvee_text *texts; /* (max_batch) */
    struct place *places;
    size_t n_texts;
    int64_t deadline_ms; /* of the texts so far */

    struct thread thread;
    bool is_started, has_sync;
    /* Under mu: whether the caller could be opened. */
    struct mutex mu;
    struct cond opened;
    bool is_opened;
    int open_rc;
    cuvee_error open_error;
};

/* Start the thread and wait until its way into the model is open. After a failure end() is due all
 * the same. */
int cuvee__dispatcher_start(struct dispatcher *d, cuvee_error *err);

/* Wait for the thread to end, if it was started; stop the queue first. Releases its memory. */
void cuvee__dispatcher_end(struct dispatcher *d);

#endif
