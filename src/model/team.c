/* SPDX-License-Identifier: Apache-2.0 */
#include "model/team.h"

#include "base/error.h"
#include "os/clock.h"

#define TEAM_SPIN_NS 50000

int cuvee__team_init(struct team *t, cuvee_error *err)
{
    t->n_members = 1;
    atomic_init(&t->n_arrived, 0);
    atomic_init(&t->round, 0);
    atomic_init(&t->n_asleep, 0);
    int rc = cuvee__mutex_init(&t->mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&t->next_round, err);
    if (rc < 0) cuvee__mutex_deinit(&t->mu);
    return rc;
}

void cuvee__team_deinit(struct team *t)
{
    cuvee__cond_deinit(&t->next_round);
    cuvee__mutex_deinit(&t->mu);
}

uint32_t cuvee__team_round(const struct team *t)
{
    return atomic_load_explicit(&t->round, memory_order_acquire);
}

static void sleep_through(struct team *t, uint32_t round)
{
    cuvee__mutex_lock(&t->mu);
    /* Sequentially consistent, as in next_round(): either the round's end sees that somebody is
     * asleep, or we see the round's end. */
    atomic_fetch_add(&t->n_asleep, 1);
    while (atomic_load(&t->round) == round) cuvee__cond_wait(&t->next_round, &t->mu);
    atomic_fetch_sub(&t->n_asleep, 1);
    cuvee__mutex_unlock(&t->mu);
}

void cuvee__team_wait(struct team *t, uint32_t round)
{
    enum { PAUSES_PER_LOOK = 32 }; /* at the clock: about a microsecond */
    uint64_t give_up_ns = 0;
    for (;;) {
        for (int i = 0; i < PAUSES_PER_LOOK; i++) {
            if (cuvee__team_round(t) != round) return;
            cuvee__thread_pause();
        }
        const uint64_t now = cuvee__clock_ns();
        if (!give_up_ns) give_up_ns = now + TEAM_SPIN_NS;
        if (now >= give_up_ns) break;
    }
    sleep_through(t, round);
}

static void next_round(struct team *t)
{
    atomic_fetch_add(&t->round, 1);
    if (atomic_load(&t->n_asleep) == 0) return;
    cuvee__mutex_lock(&t->mu);
    cuvee__cond_broadcast(&t->next_round);
    cuvee__mutex_unlock(&t->mu);
}

void cuvee__team_start(struct team *t, size_t n_members)
{
    t->n_members = n_members;
    next_round(t);
}

void cuvee__team_meet(struct team *t)
{
    const uint32_t round = cuvee__team_round(t);
    /* Read before the others can go on without us: the leader may set it for its next team. */
    const size_t n_members = t->n_members;
    if (atomic_fetch_add_explicit(&t->n_arrived, 1, memory_order_acq_rel) + 1 < n_members) {
        cuvee__team_wait(t, round);
        return;
    }
    atomic_store_explicit(&t->n_arrived, 0, memory_order_relaxed); /* published by the round */
    next_round(t);
}
