/* SPDX-License-Identifier: Apache-2.0
 *
 * DESIGN
 *   One watchdog thread for the process, started with the first caller, asleep until the earliest
 *   deadline. Locks are taken in the order GIL, then the watchdog's mutex: callers hold the GIL
 *   when they come here, so the watchdog, too, takes it before it looks again who is late. */
#include "python/deadline.h"

#include <stddef.h>

#include "os/clock.h"
#include "os/thread.h"
#include "python/embedded.h"

static const uint64_t again_ns = 100000000;

static struct {
    pthread_mutex_t start;
    struct mutex mu;
    struct cond changed;
    bool is_started;
    struct deadline *first;
} watch = {.start = PTHREAD_MUTEX_INITIALIZER};

static uint64_t earliest(void)
{
    uint64_t at = UINT64_MAX;
    for (const struct deadline *d = watch.first; d; d = d->next)
        if (d->at_ns < at) at = d->at_ns;
    return at;
}

static void interrupt_late_ones(void)
{
    const struct libpython *py = cuvee__embedded_api();
    const int gil = py->PyGILState_Ensure();
    cuvee__mutex_lock(&watch.mu);
    const uint64_t now = cuvee__clock_ns();
    for (struct deadline *d = watch.first; d; d = d->next) {
        if (d->at_ns > now) continue;
        py->PyThreadState_SetAsyncExc(d->thread_id, py->timeout_error);
        d->was_late = true;
        d->at_ns = now + again_ns;
    }
    cuvee__mutex_unlock(&watch.mu);
    py->PyGILState_Release(gil);
}

static void *watch_main(void *arg)
{
    (void)arg;
    for (;;) {
        cuvee__mutex_lock(&watch.mu);
        while (earliest() > cuvee__clock_ns()) {
            if (earliest() == UINT64_MAX)
                cuvee__cond_wait(&watch.changed, &watch.mu);
            else
                cuvee__cond_wait_until(&watch.changed, &watch.mu, earliest());
        }
        cuvee__mutex_unlock(&watch.mu);
        interrupt_late_ones();
    }
    return NULL;
}

static int start_watchdog(cuvee_error *err)
{
    struct thread thread;
    int rc = cuvee__mutex_init(&watch.mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&watch.changed, err);
    if (rc == CUVEE_OK) {
        rc = cuvee__thread_start(&thread, "cuvee-deadline", watch_main, NULL, err);
        if (rc == CUVEE_OK) {
            pthread_detach(thread.handle);
            watch.is_started = true;
            return CUVEE_OK;
        }
        cuvee__cond_deinit(&watch.changed);
    }
    cuvee__mutex_deinit(&watch.mu);
    return rc;
}

int cuvee__deadline_init(struct deadline *d, cuvee_error *err)
{
    *d = (struct deadline){0};
    pthread_mutex_lock(&watch.start);
    const int rc = watch.is_started ? CUVEE_OK : start_watchdog(err);
    pthread_mutex_unlock(&watch.start);
    return rc;
}

void cuvee__deadline_set_thread(struct deadline *d)
{
    d->thread_id = (unsigned long)pthread_self(); /* what threading.get_ident() gives */
}

void cuvee__deadline_begin(struct deadline *d, uint64_t at_ns)
{
    cuvee__mutex_lock(&watch.mu);
    d->at_ns = at_ns ? at_ns : UINT64_MAX;
    d->was_late = d->was_interrupted = false;
    d->next = watch.first;
    watch.first = d;
    if (at_ns) cuvee__cond_signal(&watch.changed);
    cuvee__mutex_unlock(&watch.mu);
}

void cuvee__deadline_interrupt(const void *owner)
{
    pthread_mutex_lock(&watch.start);
    const bool is_started = watch.is_started;
    pthread_mutex_unlock(&watch.start);
    if (!is_started) return;
    cuvee__mutex_lock(&watch.mu);
    for (struct deadline *d = watch.first; d; d = d->next) {
        if (d->owner != owner) continue;
        d->was_interrupted = true;
        d->at_ns = 0;
    }
    cuvee__cond_signal(&watch.changed);
    cuvee__mutex_unlock(&watch.mu);
}

bool cuvee__deadline_end(struct deadline *d)
{
    cuvee__mutex_lock(&watch.mu);
    struct deadline **link = &watch.first;
    while (*link != d) link = &(*link)->next;
    *link = d->next;
    cuvee__mutex_unlock(&watch.mu);
    /* One that was raised but not yet seen must not hit the next call. */
    if (d->was_late) cuvee__embedded_api()->PyThreadState_SetAsyncExc(d->thread_id, NULL);
    return d->was_late || d->was_interrupted;
}
