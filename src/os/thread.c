/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pthread_setname_np */
#include "os/thread.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/error.h"

int cuvee__mutex_init(struct mutex *m, cuvee_error *err)
{
    const int e = pthread_mutex_init(&m->handle, NULL);
    return e ? cuvee__fail_os(err, e, "cannot create a mutex") : CUVEE_OK;
}

void cuvee__mutex_deinit(struct mutex *m)
{
    pthread_mutex_destroy(&m->handle);
}

void cuvee__mutex_lock(struct mutex *m)
{
    const int e = pthread_mutex_lock(&m->handle);
    assert(e == 0);
    (void)e;
}

void cuvee__mutex_unlock(struct mutex *m)
{
    const int e = pthread_mutex_unlock(&m->handle);
    assert(e == 0);
    (void)e;
}

int cuvee__cond_init(struct cond *c, cuvee_error *err)
{
    pthread_condattr_t attr;
    int e = pthread_condattr_init(&attr);
    if (e) return cuvee__fail_os(err, e, "cannot create a condition variable");
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    e = pthread_cond_init(&c->handle, &attr);
    pthread_condattr_destroy(&attr);
    return e ? cuvee__fail_os(err, e, "cannot create a condition variable") : CUVEE_OK;
}

void cuvee__cond_deinit(struct cond *c)
{
    pthread_cond_destroy(&c->handle);
}

void cuvee__cond_wait(struct cond *c, struct mutex *m)
{
    pthread_cond_wait(&c->handle, &m->handle);
}

bool cuvee__cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns)
{
    const struct timespec t = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                               .tv_nsec = (long)(deadline_ns % 1000000000u)};
    return pthread_cond_timedwait(&c->handle, &m->handle, &t) != ETIMEDOUT;
}

void cuvee__cond_signal(struct cond *c)
{
    pthread_cond_signal(&c->handle);
}

void cuvee__cond_broadcast(struct cond *c)
{
    pthread_cond_broadcast(&c->handle);
}

int cuvee__thread_start(struct thread *t, const char *name, void *(*main)(void *), void *arg,
                        cuvee_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int e = pthread_create(&t->handle, NULL, main, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e) return cuvee__fail_os(err, e, "cannot start thread %s", name);
    pthread_setname_np(t->handle, name);
    return CUVEE_OK;
}

void cuvee__thread_join(struct thread *t)
{
    pthread_join(t->handle, NULL);
}
