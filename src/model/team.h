/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads that run one forward pass together: all execute the same stages, each its share, and meet
 * between stages.
 *
 * DESIGN
 *   Stages are short (0.1 to 1 ms), so whoever is early spins; an operating system's wake-up would
 *   cost a stage. But only for TEAM_SPIN_NS: a member that lost its processor to another program
 *   must not make the others burn theirs, so then they sleep.
 *   `round` counts meetings and only ever grows, so a member that is late to leave one meeting
 *   cannot mistake the next one for it. A team is used again and again by its leader. */
#ifndef CUVEE_MODEL_TEAM_H
#define CUVEE_MODEL_TEAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "os/thread.h"

struct team {
    size_t n_members; /* set by the leader while nobody is in a meeting */

    _Alignas(64) _Atomic size_t n_arrived;
    _Alignas(64) _Atomic uint32_t round;
    _Atomic uint32_t n_asleep;

    struct mutex mu; /* for sleeping only */
    struct cond next_round;
};

int cuvee__team_init(struct team *t, cuvee_error *err);
void cuvee__team_deinit(struct team *t);

/* Until as many as n_members have come. What a member wrote before is seen by all after. */
void cuvee__team_meet(struct team *t);

/* The same in two halves, for a start: those who wait for it do not know yet how many they are. */
uint32_t cuvee__team_round(const struct team *t);
void cuvee__team_wait(struct team *t, uint32_t round); /* until the round is another one */
void cuvee__team_start(struct team *t, size_t n_members);

#endif
