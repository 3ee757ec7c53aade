/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency mode: a worker that took the last texts while others are idle lets them share its next
 * forward pass.
 *
 * DESIGN
 *   The invitation is open from the take on, so that the others wake up while the leader tokenises.
 *   It waits for those that are still on their way at most CREW_WAIT_NS, less than a stage of the
 *   pass, and starts with whoever has come. Work goes first: a worker that finds texts takes them
 *   and joins nobody. Nobody spins but in a crew, and there for TEAM_SPIN_NS at a time.
 *   After the pass its members go back to the queue. So a text that comes in between waits for one
 *   pass at most, and for one that ends early. */
#ifndef CUVEE_POOL_CREW_H
#define CUVEE_POOL_CREW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "model/team.h"

/* One per worker, used again for each pass that it leads. */
struct crew {
    struct team team;
    struct forward_job job; /* set by the leader before the start */

    size_t n_invited;         /* under the queue's mutex, as writes of the next */
    _Atomic size_t n_joined;  /* read by the waiting leader without it */
};

/* A worker's place in somebody else's crew. */
struct seat {
    struct crew *crew; /* NULL: none */
    size_t member;     /* 1, 2, ... */
    uint32_t round;    /* of the team, before the start */
};

/* Wait for the start, then do this member's share. */
void cuvee__seat_work(const struct seat *seat, struct workspace *own);

#endif
