/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency mode: workers that find nothing to do help with a forward pass of another one.
 *
 * DESIGN
 *   Every pass that is worth it is open to helpers from its start to its end, and the leader waits
 *   for nobody: helpers come when they have woken up and take chunks of what is left (team.h). How
 *   fine a pass is cut depends on how many workers were idle when it began; one that began while
 *   all were busy can still be helped at its end.
 *   Texts go first: a worker that finds some helps nobody, and helpers go as soon as some arrive.
 *   Nobody spins but inside a pass. */
#ifndef CUVEE_POOL_CREW_H
#define CUVEE_POOL_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "model/team.h"

/* One per worker, used again for each pass that it leads. */
struct crew {
    struct team team;

    /* Under the queue's mutex. */
    struct forward_job job; /* while open */
    struct crew *next;
    size_t n_helpers; /* that came */
};

/* A helper's place in somebody else's crew. */
struct seat {
    struct crew *crew; /* NULL: none */
    struct forward_job job;
};

#endif
