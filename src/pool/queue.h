/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs in order of arrival, bounded by the texts that wait in them, and whoever waits at either
 * end: idle workers for texts, callers of cuvee_classify() for room and then for their result.
 *
 * DESIGN
 *   A worker takes consecutive texts from the front, across jobs, so that small calls of many
 *   threads share a forward pass. How much: see take_target() in queue.c.
 *   Room goes to callers in the order in which they came. Without that line, a large call could
 *   wait for ever while small ones slip into every gap. Each caller sleeps on a condition of its
 *   own: room wakes one thread, not all. */
#ifndef CUVEE_POOL_QUEUE_H
#define CUVEE_POOL_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/thread.h"
#include "pool/crew.h"
#include "pool/job.h"

/* Consecutive texts of one job; n is 0 only for a job of no texts. */
struct slice {
    struct job *job;
    size_t first, n;
};

/* One thread inside cuvee_classify(), on its stack. */
struct caller {
    struct queue *queue;
    struct cond wake; /* one waiter, this thread: its turn has come, or its result is there */

    /* Under the queue's mutex. */
    struct caller *next;
    const struct job *job; /* while in line */
    cuvee_result *result;  /* NULL until the job has ended */
};

struct queue {
    size_t max_waiting, batch_tokens, n_workers; /* set by init, then constant: no lock */
    size_t crew_tokens; /* a pass of fewer is not worth sharing; likewise. Init says: none is */

    struct mutex mu;         /* guards all that follows; never held while a model runs */
    struct cond work;        /* idle workers wait: something arrived, or stopping */
    struct job *head, *tail; /* FIFO; a job is here while it has texts that nobody took */
    size_t n_waiting;        /* those texts; a job of none counts as one, to be bounded too */
    size_t cost;             /* sum of their job_text_cost() */
    size_t n_idle;           /* workers that wait on work */
    struct crew *open;       /* passes that idle workers may help with, linked by next */
    _Atomic bool has_texts;  /* head is not NULL; helpers look at it without the mutex */
    struct caller *first, *last; /* the line for room */
    bool stopping;
};

int cuvee__queue_init(struct queue *q, size_t max_waiting, size_t batch_tokens, size_t n_workers,
                      cuvee_error *err);
void cuvee__queue_deinit(struct queue *q);

/* Most texts, and slices, of one take. */
static inline size_t queue_max_take(size_t batch_tokens)
{
    return cuvee__max(1, batch_tokens / JOB_MIN_COST);
}

/* Put a job at the end; false when there is no room or somebody waits for it already. */
bool cuvee__queue_try_push(struct queue *q, struct job *job);

#define QUEUE_NO_DEADLINE UINT64_MAX

/* Wait in line, then put the job at the end; false when the deadline (cuvee__clock_ns()) passed
 * before. */
bool cuvee__queue_push_wait(struct queue *q, struct job *job, struct caller *caller,
                            uint64_t deadline_ns);

/* Sleep until cuvee__caller_wake() has brought the result. */
cuvee_result *cuvee__queue_wait_result(struct queue *q, struct caller *caller);

/* done() of a job whose `user` is a struct caller. */
void cuvee__caller_wake(void *user, cuvee_result *result);

/* What a worker takes from the queue: texts, or else a seat in another one's crew. */
struct take {
    struct slice *slices; /* room for queue_max_take(); the worker's */
    size_t n_slices;
    struct seat seat; /* when n_slices is 0; zero at first */
    bool helps;       /* the worker's: it takes seats */
};

/* Wait for something to do. False when the queue is stopped and empty. */
bool cuvee__queue_take(struct queue *q, struct take *t);

/* Open a pass to helpers, if it is worth it; crew->job then says how it shall be run. */
void cuvee__queue_open_crew(struct queue *q, struct crew *crew, const struct forward_job *job);
/* It has ended. Returns how many helped. */
size_t cuvee__queue_close_crew(struct queue *q, struct crew *crew);

/* Detach all jobs, linked by next; they are the caller's to complete. */
struct job *cuvee__queue_drain(struct queue *q);

/* Workers shall end once the queue is empty. */
void cuvee__queue_stop(struct queue *q);

#endif
