/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads that run one forward pass together: all execute the same stages, claim chunks of the
 * current one until none is left, and go on when all chunks are done.
 *
 * DESIGN
 *   Nobody waits for a member, only for chunks: one that has lost its processor to another program
 *   delays the others by the chunk that it holds, if any, and not at every stage. So threads may
 *   come at any time, walk through the stages that are over, and help from there; and they may
 *   leave at any stage.
 *   Stages are numbered over all passes of a team and their numbers never come again, so a thread
 *   that is late can never take a chunk of another stage, or pass, for one of its own.
 *   Chunks take 0.05 to 1 ms, so whoever finds none left spins; being woken up by the operating
 *   system would take as long. But only for TEAM_SPIN_NS, then it sleeps. */
#ifndef CUVEE_MODEL_TEAM_H
#define CUVEE_MODEL_TEAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/thread.h"

#define TEAM_MAX_CHUNKS 65535 /* of a stage */

struct team {
    _Alignas(64) _Atomic uint64_t ticket; /* stage << 16 | its first chunk that nobody has */
    _Atomic size_t n_done;                /* chunks of the stage */
    _Atomic size_t n_asleep;

    struct mutex mu; /* for sleeping only */
    struct cond next_stage;
};

int cuvee__team_init(struct team *t, cuvee_error *err);
void cuvee__team_deinit(struct team *t);

/* The stage that comes next, or runs. */
uint64_t cuvee__team_stage(const struct team *t);

/* Take a chunk of this stage, which has n of them, 1 .. TEAM_MAX_CHUNKS; false when none is left. A
 * chunk that was taken must be done. */
bool cuvee__team_claim(struct team *t, uint64_t stage, size_t n, size_t *ret_chunk);
void cuvee__team_done(struct team *t, uint64_t stage, size_t n);

/* Until the stage is over. What members wrote in it is then seen. */
void cuvee__team_wait(struct team *t, uint64_t stage);

#endif
