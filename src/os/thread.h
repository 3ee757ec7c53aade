/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads, mutexes and condition variables: pthreads with the checks made once. Timed waits use the
 * monotonic clock. */
#ifndef CUVEE_OS_THREAD_H
#define CUVEE_OS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

struct mutex {
    pthread_mutex_t handle;
};

struct cond {
    pthread_cond_t handle;
};

int cuvee__mutex_init(struct mutex *m, cuvee_error *err);
void cuvee__mutex_deinit(struct mutex *m);
void cuvee__mutex_lock(struct mutex *m);
void cuvee__mutex_unlock(struct mutex *m);

int cuvee__cond_init(struct cond *c, cuvee_error *err);
void cuvee__cond_deinit(struct cond *c);
void cuvee__cond_wait(struct cond *c, struct mutex *m);
/* Wait until deadline_ns of cuvee__clock_ns(); false when it passed. */
bool cuvee__cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns);
void cuvee__cond_signal(struct cond *c);
void cuvee__cond_broadcast(struct cond *c);

struct thread {
    pthread_t handle;
};

/* Start main(arg) with all signals blocked, so that a host program's handlers run on its own
 * threads. `name` (up to 15 bytes) shows in top and gdb. */
int cuvee__thread_start(struct thread *t, const char *name, void *(*main)(void *), void *arg,
                        cuvee_error *err);
void cuvee__thread_join(struct thread *t);

/* Tells the processor that this thread spins: saves power, and leaves a core's other thread more.
 */
static inline void cuvee__thread_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
