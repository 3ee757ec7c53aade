/* SPDX-License-Identifier: Apache-2.0 */
#include "model/team.h"

#include "base/error.h"
#include "os/clock.h"

#define TEAM_SPIN_NS 50000

enum { CHUNK_BITS = 16 };

int cuvee__team_init(struct team *t, cuvee_error *err)
{
    atomic_init(&t->ticket, 0);
    atomic_init(&t->n_done, 0);
    atomic_init(&t->n_asleep, 0);
    int rc = cuvee__mutex_init(&t->mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&t->next_stage, err);
    if (rc < 0) cuvee__mutex_deinit(&t->mu);
    return rc;
}

void cuvee__team_deinit(struct team *t)
{
    cuvee__cond_deinit(&t->next_stage);
    cuvee__mutex_deinit(&t->mu);
}

uint64_t cuvee__team_stage(const struct team *t)
{
    return atomic_load_explicit(&t->ticket, memory_order_acquire) >> CHUNK_BITS;
}

bool cuvee__team_claim(struct team *t, uint64_t stage, size_t n, size_t *ret_chunk)
{
    uint64_t ticket = atomic_load_explicit(&t->ticket, memory_order_acquire);
    for (;;) {
        const size_t chunk = ticket & TEAM_MAX_CHUNKS;
        if (ticket >> CHUNK_BITS != stage || chunk >= n) return false;
        if (atomic_compare_exchange_weak_explicit(&t->ticket, &ticket, ticket + 1,
                                                  memory_order_acq_rel, memory_order_acquire)) {
            *ret_chunk = chunk;
            return true;
        }
    }
}

void cuvee__team_done(struct team *t, uint64_t stage, size_t n)
{
    if (atomic_fetch_add_explicit(&t->n_done, 1, memory_order_acq_rel) + 1 < n) return;
    atomic_store_explicit(&t->n_done, 0, memory_order_relaxed); /* published by the ticket */
    /* Sequentially consistent, as in sleep_through(): either we see that somebody is asleep, or it
     * sees the new stage. */
    atomic_store(&t->ticket, (stage + 1) << CHUNK_BITS);
    if (atomic_load(&t->n_asleep) == 0) return;
    cuvee__mutex_lock(&t->mu);
    cuvee__cond_broadcast(&t->next_stage);
    cuvee__mutex_unlock(&t->mu);
}

static void sleep_through(struct team *t, uint64_t stage)
{
    cuvee__mutex_lock(&t->mu);
    atomic_fetch_add(&t->n_asleep, 1);
    while (atomic_load(&t->ticket) >> CHUNK_BITS == stage)
        cuvee__cond_wait(&t->next_stage, &t->mu);
    atomic_fetch_sub(&t->n_asleep, 1);
    cuvee__mutex_unlock(&t->mu);
}

void cuvee__team_wait(struct team *t, uint64_t stage)
{
    enum { PAUSES_PER_LOOK = 32 }; /* at the clock: about a microsecond */
    uint64_t give_up_ns = 0;
    for (;;) {
        for (int i = 0; i < PAUSES_PER_LOOK; i++) {
            if (cuvee__team_stage(t) != stage) return;
            cuvee__thread_pause();
        }
        const uint64_t now = cuvee__clock_ns();
        if (!give_up_ns) give_up_ns = now + TEAM_SPIN_NS;
        if (now >= give_up_ns) break;
    }
    sleep_through(t, stage);
}
