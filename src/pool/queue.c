/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/queue.h"

/* Below this a forward pass spends more on fetching weights than on its tokens, so sharing out
 * finer does not end sooner. */
#define MIN_TAKE_TOKENS 64

/* Helpers of one pass: with more, a chunk of a layer is over before the next one has begun. */
#define MAX_HELPERS 7

int cuvee__queue_init(struct queue *q, size_t max_waiting, size_t batch_tokens, size_t n_workers,
                      cuvee_error *err)
{
    *q = (struct queue){
        .max_waiting = max_waiting, .batch_tokens = batch_tokens, .n_workers = n_workers,
        .crew_tokens = SIZE_MAX};
    int rc = cuvee__mutex_init(&q->mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&q->work, err);
    if (rc < 0) cuvee__mutex_deinit(&q->mu);
    return rc;
}

void cuvee__queue_deinit(struct queue *q)
{
    cuvee__cond_deinit(&q->work);
    cuvee__mutex_deinit(&q->mu);
}

/* ---- arrival ---- */

/* What a number of texts, all of a job or a slice of it, counts in n_waiting. */
static size_t weight(size_t n_texts)
{
    return cuvee__max(1, n_texts);
}

/* More than max_waiting fits into an empty queue only: else such a call could never be served. */
static bool has_room(const struct queue *q, const struct job *job)
{
    const size_t n = weight(job->n_texts);
    return q->n_waiting == 0 || (n <= q->max_waiting && q->n_waiting <= q->max_waiting - n);
}

static void append(struct queue *q, struct job *job)
{
    if (q->tail)
        q->tail->next = job;
    else
        q->head = job;
    q->tail = job;
    atomic_store_explicit(&q->has_texts, true, memory_order_relaxed);
    q->n_waiting += weight(job->n_texts);
    q->cost += job->cost;
    /* As many workers as there are shares worth taking; those that are busy look here by
     * themselves. */
    const size_t least = cuvee__min(MIN_TAKE_TOKENS, q->batch_tokens);
    const size_t n_shares = weight((job->cost + least - 1) / least);
    for (size_t i = cuvee__min(n_shares, q->n_idle); i > 0; i--) cuvee__cond_signal(&q->work);
}

bool cuvee__queue_try_push(struct queue *q, struct job *job)
{
    cuvee__mutex_lock(&q->mu);
    const bool accepted = !q->first && has_room(q, job);
    if (accepted) append(q, job);
    cuvee__mutex_unlock(&q->mu);
    return accepted;
}

/* ---- the line for room ---- */

static bool is_served(const struct queue *q, const struct caller *caller)
{
    return q->first == caller && has_room(q, caller->job);
}

static void wake_first_caller(struct queue *q)
{
    if (q->first && has_room(q, q->first->job)) cuvee__cond_signal(&q->first->wake);
}

static void join_line(struct queue *q, struct caller *caller)
{
    if (q->last)
        q->last->next = caller;
    else
        q->first = caller;
    q->last = caller;
}

/* From the front, or from the middle by one whose deadline passed. */
static void leave_line(struct queue *q, struct caller *caller)
{
    struct caller *before = NULL;
    for (struct caller *c = q->first; c != caller; c = c->next) before = c;
    if (before)
        before->next = caller->next;
    else
        q->first = caller->next;
    if (q->last == caller) q->last = before;
    caller->next = NULL;
}

/* False when the deadline passed. */
static bool sleep_until(struct queue *q, struct caller *caller, uint64_t deadline_ns)
{
    if (deadline_ns != QUEUE_NO_DEADLINE)
        return cuvee__cond_wait_until(&caller->wake, &q->mu, deadline_ns);
    cuvee__cond_wait(&caller->wake, &q->mu);
    return true;
}

bool cuvee__queue_push_wait(struct queue *q, struct job *job, struct caller *caller,
                            uint64_t deadline_ns)
{
    cuvee__mutex_lock(&q->mu);
    caller->job = job;
    join_line(q, caller);
    bool in_time = true;
    while (in_time && !is_served(q, caller)) in_time = sleep_until(q, caller, deadline_ns);
    /* Room that came together with the deadline is still taken. */
    const bool accepted = is_served(q, caller);
    leave_line(q, caller);
    if (accepted) append(q, job);
    wake_first_caller(q); /* there may be room for the next one too, or this one stood in its way */
    cuvee__mutex_unlock(&q->mu);
    return accepted;
}

cuvee_result *cuvee__queue_wait_result(struct queue *q, struct caller *caller)
{
    cuvee__mutex_lock(&q->mu);
    while (!caller->result) cuvee__cond_wait(&caller->wake, &q->mu);
    cuvee__mutex_unlock(&q->mu);
    return caller->result;
}

void cuvee__caller_wake(void *user, cuvee_result *result)
{
    struct caller *caller = user;
    struct queue *q = caller->queue; /* the caller's stack is gone once the mutex is released */
    cuvee__mutex_lock(&q->mu);
    caller->result = result;
    cuvee__cond_signal(&caller->wake);
    cuvee__mutex_unlock(&q->mu);
}

/* ---- departure ---- */

/* How many tokens, by estimate, a worker takes: a full batch while there is plenty, else an equal
 * share of the rest, so that shares shrink towards the end and all workers finish together (guided
 * self-scheduling, Polychronopoulos and Kuck 1987). */
static size_t take_target(const struct queue *q)
{
    const size_t share = (q->cost + q->n_workers - 1) / q->n_workers;
    return cuvee__min(q->batch_tokens, cuvee__max(share, MIN_TAKE_TOKENS));
}

/* Take texts of the first job while they fit the target; the very first one always does. */
static struct slice take_slice(struct queue *q, size_t target, size_t *taken)
{
    struct job *job = q->head;
    struct slice s = {.job = job, .first = job->n_taken};
    size_t cost = 0;
    for (; job->n_taken < job->n_texts; job->n_taken++, s.n++) {
        const size_t c = job_text_cost(job, job->n_taken);
        if (*taken + cost && *taken + cost + c > target) break;
        cost += c;
    }
    q->cost -= cost;
    *taken += s.n ? cost : JOB_MIN_COST; /* a job of no texts takes up a slice too */
    return s;
}

/* The first job gave its last text: from now on it belongs to the workers that hold slices of it.
 * */
static void pop_job(struct queue *q)
{
    q->head = q->head->next;
    if (q->head) return;
    q->tail = NULL;
    atomic_store_explicit(&q->has_texts, false, memory_order_relaxed);
}

static void take_texts(struct queue *q, struct take *t)
{
    const size_t target = take_target(q);
    size_t taken = 0;
    while (q->head && taken < target && t->n_slices < queue_max_take(q->batch_tokens)) {
        const struct slice s = take_slice(q, target, &taken);
        if (s.n == 0 && s.job->n_texts > 0) break; /* its next text does not fit */
        t->slices[t->n_slices++] = s;
        q->n_waiting -= weight(s.n);
        if (s.job->n_taken == s.job->n_texts) pop_job(q);
    }
}

/* A seat in the crew with the fewest helpers. Not in the pass that this worker helped with last: it
 * is over, but its leader has not said so yet. */
static bool take_seat(struct queue *q, struct take *t)
{
    struct crew *best = NULL;
    for (struct crew *c = q->open; c; c = c->next) {
        const bool again = c == t->seat.crew && c->job.first_stage == t->seat.job.first_stage;
        if (!again && c->n_helpers < (best ? best->n_helpers : MAX_HELPERS)) best = c;
    }
    if (!t->helps || !best) return false;
    best->n_helpers++;
    t->seat = (struct seat){best, best->job};
    return true;
}

bool cuvee__queue_take(struct queue *q, struct take *t)
{
    bool has_seat = false;
    t->n_slices = 0;
    cuvee__mutex_lock(&q->mu);
    while (!q->head && !q->stopping && !(has_seat = take_seat(q, t))) {
        q->n_idle++;
        cuvee__cond_wait(&q->work, &q->mu);
        q->n_idle--;
    }
    if (!has_seat) {
        take_texts(q, t);
        wake_first_caller(q);
    }
    cuvee__mutex_unlock(&q->mu);
    return t->n_slices || has_seat;
}

/* ---- crews ---- */

void cuvee__queue_open_crew(struct queue *q, struct crew *crew, const struct forward_job *job)
{
    crew->job = *job;
    crew->job.team = NULL;
    crew->job.n_expected = 1;
    if (job->batch.n_tokens < q->crew_tokens) return;
    cuvee__mutex_lock(&q->mu);
    /* Texts that wait are for the idle ones. */
    const size_t n_helpers = q->head ? 0 : cuvee__min(q->n_idle, MAX_HELPERS);
    crew->job.team = &crew->team;
    crew->job.first_stage = cuvee__team_stage(&crew->team);
    crew->job.n_expected = 1 + n_helpers;
    crew->n_helpers = 0;
    crew->next = q->open;
    q->open = crew;
    for (size_t i = 0; i < n_helpers; i++) cuvee__cond_signal(&q->work);
    cuvee__mutex_unlock(&q->mu);
}

size_t cuvee__queue_close_crew(struct queue *q, struct crew *crew)
{
    if (!crew->job.team) return 0;
    cuvee__mutex_lock(&q->mu);
    struct crew **link = &q->open;
    while (*link != crew) link = &(*link)->next;
    *link = crew->next;
    const size_t n_helpers = crew->n_helpers;
    cuvee__mutex_unlock(&q->mu);
    return n_helpers;
}

struct job *cuvee__queue_drain(struct queue *q)
{
    cuvee__mutex_lock(&q->mu);
    struct job *jobs = q->head;
    q->head = q->tail = NULL;
    atomic_store_explicit(&q->has_texts, false, memory_order_relaxed);
    q->n_waiting = q->cost = 0;
    wake_first_caller(q);
    cuvee__mutex_unlock(&q->mu);
    return jobs;
}

void cuvee__queue_stop(struct queue *q)
{
    cuvee__mutex_lock(&q->mu);
    q->stopping = true;
    cuvee__cond_broadcast(&q->work);
    cuvee__mutex_unlock(&q->mu);
}
