/* SPDX-License-Identifier: Apache-2.0 */
#include "python/owner.h"

#include <stddef.h>

#include "os/clock.h"

static const uint64_t late_again_ns = 100000000;

/* Never ends. */
static void *owner_main(void *arg)
{
    struct owner *o = arg;
    cuvee_error err = {0};
    const int rc = o->start(o->start_arg, &err);
    cuvee__mutex_lock(&o->mu);
    o->failure = err;
    o->failure.code = rc;
    o->state = rc == CUVEE_OK ? OWNER_STARTED : OWNER_FAILED;
    cuvee__cond_broadcast(&o->changed);
    for (;;) {
        while (!o->job || o->job_is_done) cuvee__cond_wait(&o->changed, &o->mu);
        const struct owner_job *job = o->job;
        cuvee__mutex_unlock(&o->mu);
        job->run(job->arg);
        cuvee__mutex_lock(&o->mu);
        o->job_is_done = true;
        cuvee__cond_broadcast(&o->changed);
    }
    return NULL;
}

static int make_sync(struct owner *o, cuvee_error *err)
{
    if (o->has_sync) return CUVEE_OK;
    int rc = cuvee__mutex_init(&o->mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&o->changed, err);
    if (rc < 0) cuvee__mutex_deinit(&o->mu);
    o->has_sync = rc == CUVEE_OK;
    return rc;
}

static int start_locked(struct owner *o, cuvee_error *err)
{
    struct thread thread;
    int rc = make_sync(o, err);
    if (rc < 0) return rc;
    o->state = OWNER_STARTING;
    rc = cuvee__thread_start(&thread, "cuvee-python", owner_main, o, err);
    if (rc < 0) {
        o->state = OWNER_NOT_STARTED;
        return rc;
    }
    pthread_detach(thread.handle);
    cuvee__mutex_lock(&o->mu);
    while (o->state == OWNER_STARTING) cuvee__cond_wait(&o->changed, &o->mu);
    cuvee__mutex_unlock(&o->mu);
    return CUVEE_OK;
}

int cuvee__owner_start(struct owner *o, int (*start)(void *arg, cuvee_error *err), void *arg,
                       cuvee_error *err)
{
    int rc = CUVEE_OK;
    pthread_mutex_lock(&o->turn);
    if (o->state == OWNER_NOT_STARTED) {
        o->start = start;
        o->start_arg = arg;
        rc = start_locked(o, err);
    }
    if (rc == CUVEE_OK && o->state == OWNER_FAILED) {
        if (err) *err = o->failure;
        rc = o->failure.code;
    }
    pthread_mutex_unlock(&o->turn);
    return rc;
}

void cuvee__owner_run(struct owner *o, const struct owner_job *job)
{
    pthread_mutex_lock(&o->turn);
    cuvee__mutex_lock(&o->mu);
    o->job_is_done = o->job_is_urgent = false;
    o->job = job;
    cuvee__cond_broadcast(&o->changed);
    uint64_t late_ns = job->timeout_ns ? cuvee__clock_ns() + job->timeout_ns : UINT64_MAX;
    while (!o->job_is_done) {
        if (o->job_is_urgent) late_ns = 0;
        o->job_is_urgent = false;
        if (!job->late || late_ns == UINT64_MAX) {
            cuvee__cond_wait(&o->changed, &o->mu);
        } else if (cuvee__clock_ns() < late_ns) {
            cuvee__cond_wait_until(&o->changed, &o->mu, late_ns);
        } else {
            job->late(job->arg);
            late_ns = cuvee__clock_ns() + late_again_ns;
        }
    }
    o->job = NULL;
    cuvee__mutex_unlock(&o->mu);
    pthread_mutex_unlock(&o->turn);
}

void cuvee__owner_hurry(struct owner *o, const void *arg)
{
    cuvee__mutex_lock(&o->mu);
    if (o->job && o->job->arg == arg) {
        o->job_is_urgent = true;
        cuvee__cond_broadcast(&o->changed);
    }
    cuvee__mutex_unlock(&o->mu);
}
