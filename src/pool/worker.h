/* SPDX-License-Identifier: Apache-2.0
 *
 * One thread that takes texts from the queue until it is stopped and empty. */
#ifndef CUVEE_POOL_WORKER_H
#define CUVEE_POOL_WORKER_H

#include "os/thread.h"
#include "pool/batcher.h"
#include "pool/queue.h"

/* On cache lines of its own: its neighbours in the pool's array are written by other cores. */
struct worker {
    _Alignas(64) struct take take;
    struct crew crew;
    struct batcher batcher;
    struct thread thread;
    bool is_pinned; /* set before the start: stays on core batcher.worker */
    bool is_started, has_team;
};

/* Allocate and start; batcher's constants and is_pinned must be set, the rest zero. After a failure
 * deinit is due all the same. */
int cuvee__worker_start(struct worker *w, cuvee_error *err);

/* Wait for the thread to end, if it was started; stop the queue first. */
void cuvee__worker_join(struct worker *w);
/* Release its memory. Join all workers of the queue first: one may still be about to leave another
 * one's crew. */
void cuvee__worker_deinit(struct worker *w);

#endif
