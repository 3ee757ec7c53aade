/* SPDX-License-Identifier: Apache-2.0
 *
 * The process host: each caller has a worker process of its own.
 *
 * DESIGN
 *   Whatever a script does, this process lives: a worker that crashes or is too late is killed and
 *   another one takes its place. The batch that it had is tried once more as it was (the crash may
 *   have had nothing to do with it), then in halves, until the text that kills workers is alone;
 *   that row fails and no other.
 *   A worker that dies before it is ready says nothing about a batch. Starting is tried again with
 *   growing pauses, and when that does not help, rows fail at once for a while (an open circuit)
 *   instead of waiting for what will not come. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "os/clock.h"
#include "os/thread.h"
#include "python/host.h"
#include "python/worker_process.h"

enum { STARTS_IN_A_ROW = 3, MAX_PAUSE_EXPONENT = 9 };

static const uint64_t first_pause_ns = 100000000; /* doubles up to 51 s */

struct process_host {
    struct host base;
    struct host_setup setup;
    struct mutex mu;
    /* Under mu. */
    struct worker_process first; /* open() needed one: the first caller's */
    bool has_first;
    struct process_caller *callers; /* open ones, linked by next */
};

struct process_caller {
    struct process_host *host;
    struct worker_process worker;
    bool has_worker;
    unsigned n_failed_starts; /* in a row */
    uint64_t closed_until_ns; /* the circuit is open: no starts before */
    cuvee_error failure;      /* the last start's */
    /* Under the host's mu. */
    struct process_caller *next;
    pid_t running;       /* the worker that starts, or has a call; 0: none */
    bool is_interrupted; /* this call */
};

/* After a start that failed with rc; adds to its error how the process has ended. */
static void drop_unready(struct worker_process *w, int rc, cuvee_error *err)
{
    int status = 0;
    cuvee__worker_process_kill(w, &status);
    if (rc == CUVEE_E_IO && status && err) {
        const cuvee_error said = *err;
        cuvee__fail(err, rc, "%s: status %d", said.msg, status);
    }
}

/* ---- host ---- */

static int process_open(const struct host_setup *setup, struct script_facts *ret_facts,
                        struct host **ret_host, cuvee_error *err)
{
    struct process_host *h = cuvee__calloc(1, sizeof *h);
    if (!h) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a script");
    h->base.ops = &cuvee__host_process;
    h->setup = *setup;
    int rc = cuvee__mutex_init(&h->mu, err);
    if (rc < 0) {
        cuvee__free(h);
        return rc;
    }
    rc = cuvee__worker_process_start(&h->first, setup, err);
    if (rc == CUVEE_OK) rc = cuvee__worker_process_await(&h->first, setup, ret_facts, err);
    if (rc < 0) {
        drop_unready(&h->first, rc, err);
        cuvee__mutex_deinit(&h->mu);
        cuvee__free(h);
        return rc;
    }
    h->has_first = true;
    *ret_host = &h->base;
    return CUVEE_OK;
}

static void process_close(struct host *host)
{
    struct process_host *h = (struct process_host *)host;
    if (h->has_first) cuvee__worker_process_end(&h->first, NULL);
    cuvee__mutex_deinit(&h->mu);
    cuvee__free(h);
}

/* ---- interruption ---- */

static void process_interrupt(struct host *host)
{
    struct process_host *h = (struct process_host *)host;
    cuvee__mutex_lock(&h->mu);
    for (struct process_caller *c = h->callers; c; c = c->next) {
        c->is_interrupted = true;
        /* It is not reaped before `running` is 0, so the number is still its own. */
        if (c->running) cuvee__child_kill(c->running);
    }
    cuvee__mutex_unlock(&h->mu);
}

/* False: the call has been interrupted. */
static bool set_running(struct process_caller *c, pid_t pid)
{
    cuvee__mutex_lock(&c->host->mu);
    c->running = pid;
    const bool goes_on = !c->is_interrupted;
    cuvee__mutex_unlock(&c->host->mu);
    return goes_on;
}

static void set_interrupted(struct process_caller *c, bool is)
{
    cuvee__mutex_lock(&c->host->mu);
    c->is_interrupted = is;
    cuvee__mutex_unlock(&c->host->mu);
}

/* ---- a caller's worker ---- */

/* A start that failed with this code says nothing about the worker. */
static bool is_our_own(int rc)
{
    return rc == CUVEE_E_NOMEM || rc == CUVEE_E_CANCELLED;
}

static bool take_first(struct process_caller *c)
{
    struct process_host *h = c->host;
    cuvee__mutex_lock(&h->mu);
    const bool has = h->has_first;
    if (has) c->worker = h->first;
    h->has_first = false;
    cuvee__mutex_unlock(&h->mu);
    return has;
}

static int start_and_await(struct process_caller *c, cuvee_error *err)
{
    const struct host_setup *setup = &c->host->setup;
    int rc = cuvee__worker_process_start(&c->worker, setup, err);
    if (rc < 0) return rc;
    if (set_running(c, c->worker.child.pid))
        rc = cuvee__worker_process_await(&c->worker, setup, NULL, err);
    if (!set_running(c, 0)) rc = cuvee__fail(err, CUVEE_E_CANCELLED, "interrupted");
    return rc;
}

static int start_once(struct process_caller *c)
{
    cuvee_error err = {0};
    const int rc = start_and_await(c, &err);
    if (rc == CUVEE_OK) {
        c->has_worker = true;
        c->n_failed_starts = 0;
        return rc;
    }
    drop_unready(&c->worker, rc, &err);
    c->failure = err;
    if (is_our_own(rc)) return rc;
    const unsigned doublings = (unsigned)cuvee__min(c->n_failed_starts, MAX_PAUSE_EXPONENT);
    c->n_failed_starts++;
    c->closed_until_ns = cuvee__clock_ns() + (first_pause_ns << doublings);
    return rc;
}

/* True when there is a worker; else c->failure says why not. */
static bool ensure_worker(struct process_caller *c)
{
    if (c->has_worker) return true;
    const bool is_open = c->n_failed_starts >= STARTS_IN_A_ROW;
    if (is_open && cuvee__clock_ns() < c->closed_until_ns) return false;
    for (unsigned i = 0; i < STARTS_IN_A_ROW; i++) {
        if (c->n_failed_starts && !is_open) cuvee__clock_sleep_until(c->closed_until_ns);
        const int rc = start_once(c);
        if (rc == CUVEE_OK) return true;
        /* A script that cannot be loaded now will not load in a second; nor when the circuit has
         * just been tried. */
        if (rc == CUVEE_E_SCRIPT || is_our_own(rc) || is_open) return false;
    }
    return false;
}

static void lose_worker(struct process_caller *c, int *ret_status)
{
    cuvee__worker_process_kill(&c->worker, ret_status);
    c->has_worker = false;
}

static void recycle(struct process_caller *c)
{
    const struct host_setup *setup = &c->host->setup;
    const bool is_old = setup->recycle_calls && c->worker.n_calls >= setup->recycle_calls;
    if (!is_old && (!setup->recycle_bytes ||
                    cuvee__child_resident_bytes(&c->worker.child) < setup->recycle_bytes))
        return;
    cuvee__worker_process_end(&c->worker, NULL);
    c->has_worker = false;
}

static int process_open_caller(struct host *host, void **ret_caller, cuvee_error *err)
{
    struct process_caller *c = cuvee__calloc(1, sizeof *c);
    if (!c) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a caller of a script");
    c->host = (struct process_host *)host;
    c->worker = (struct worker_process)CUVEE__NO_WORKER_PROCESS;
    c->has_worker = take_first(c);
    if (!ensure_worker(c)) {
        const int rc = c->failure.code;
        if (err) *err = c->failure;
        cuvee__free(c);
        return rc;
    }
    cuvee__mutex_lock(&c->host->mu);
    c->next = c->host->callers;
    c->host->callers = c;
    cuvee__mutex_unlock(&c->host->mu);
    *ret_caller = c;
    return CUVEE_OK;
}

static void process_close_caller(void *caller)
{
    struct process_caller *c = caller, **link = &c->host->callers;
    cuvee__mutex_lock(&c->host->mu);
    while (*link != c) link = &(*link)->next;
    *link = c->next;
    cuvee__mutex_unlock(&c->host->mu);
    if (c->has_worker) cuvee__worker_process_end(&c->worker, NULL);
    cuvee__free(c);
}

/* ---- calls ---- */

/* One call of the pool's, and the texts of it that are being tried. */
struct work {
    struct process_caller *caller;
    const cuvee_text *texts;
    uint64_t timeout_ns;
    struct external_rows *rows;
};

static void fail_range(const struct work *w, size_t first, size_t n, int status, const char *why)
{
    cuvee__external_rows_fail_range(w->rows, first, n, status, span_of(why));
}

/* What a worker that died half way has left. */
static void clear_range(const struct work *w, size_t first, size_t n)
{
    struct external_rows *rows = w->rows;
    for (size_t i = first; i < first + n; i++) {
        rows->status[i] = CUVEE_OK;
        rows->extras[i] = rows->messages[i] = rows->n_row_all[i] = 0;
    }
}

enum outcome { ANSWERED, DIED, LATE };

static enum outcome cancelled(const struct work *w, size_t first, size_t n)
{
    fail_range(w, first, n, CUVEE_E_CANCELLED, "interrupted");
    return ANSWERED;
}

/* One try. After DIED and LATE why says what happened. */
static enum outcome try_range(const struct work *w, size_t first, size_t n, char *why, size_t room)
{
    struct process_caller *c = w->caller;
    int status = 0;
    if (!ensure_worker(c)) {
        const int rc = c->failure.code;
        fail_range(w, first, n, is_our_own(rc) ? rc : CUVEE_E_SCRIPT, c->failure.msg);
        return ANSWERED;
    }
    clear_range(w, first, n);
    if (!set_running(c, c->worker.child.pid)) {
        set_running(c, 0);
        return cancelled(w, first, n);
    }
    const enum worker_answer answer = cuvee__worker_process_call(
        &c->worker, c->host->setup.labels, w->texts + first, n, w->timeout_ns, w->rows, first);
    const bool goes_on = set_running(c, 0);
    if (answer == WORKER_DIED && !goes_on) {
        lose_worker(c, NULL);
        return cancelled(w, first, n);
    }
    switch (answer) {
    case WORKER_DONE:
        recycle(c);
        return ANSWERED;
    case WORKER_NO_MEMORY:
        fail_range(w, first, n, CUVEE_E_NOMEM, "out of memory");
        return ANSWERED;
    case WORKER_NOT_ASKED:
        fail_range(w, first, n, CUVEE_E_SCRIPT, "too many bytes for one call");
        return ANSWERED;
    case WORKER_LATE:
        lose_worker(c, NULL);
        snprintf(why, room, "no answer within %llu ms; the worker process was killed",
                 (unsigned long long)(w->timeout_ns / CUVEE__NS_PER_MS));
        return LATE;
    default:
        lose_worker(c, &status);
        if (status > 128)
            snprintf(why, room, "the worker process was ended by signal %d", status - 128);
        else
            snprintf(why, room, "the worker process ended with exit status %d", status);
        return DIED;
    }
}

static void run_range(const struct work *w, size_t first, size_t n, bool is_whole)
{
    char why[128];
    enum outcome outcome = DIED;
    for (int tries = is_whole || n == 1 ? 2 : 1; tries > 0 && outcome != ANSWERED; tries--)
        outcome = try_range(w, first, n, why, sizeof why);
    if (outcome == ANSWERED) return;
    if (n == 1) {
        fail_range(w, first, 1, outcome == LATE ? CUVEE_E_TIMEOUT : CUVEE_E_SCRIPT, why);
        return;
    }
    run_range(w, first, n / 2, false);
    run_range(w, first + n / 2, n - n / 2, false);
}

static void process_call(void *caller, const cuvee_text *texts, size_t n, uint64_t timeout_ns,
                         struct external_rows *rows)
{
    if (cuvee__external_rows_begin(rows, n) < 0) return;
    const struct work w = {caller, texts, timeout_ns, rows};
    set_interrupted(caller, false);
    run_range(&w, 0, n, true);
}

const struct host_ops cuvee__host_process = {
    .name = "process",
    .open = process_open,
    .close = process_close,
    .open_caller = process_open_caller,
    .call = process_call,
    .close_caller = process_close_caller,
    .interrupt = process_interrupt,
};
