/* SPDX-License-Identifier: Apache-2.0
 *
 * What the stages of a forward pass share: one thread's view of it, and how the work of a stage is
 * cut into chunks.
 *
 * DESIGN
 *   Many rows are cut by rows: a chunk of them goes through several layers without meeting others.
 *   Few rows are cut by output columns: a chunk reads its share of the weights only, for all rows,
 *   and each layer is a stage. Which way is a matter of speed alone (choose_cut): every output is a
 *   function of its own row, so the bits are the same.
 *   Threads come late and walk through stages that are over, while the leader may already be in
 *   another pass. So outside of chunks nothing is read but what this struct holds, and constants of
 *   model and workspaces. */
#ifndef CUVEE_MODEL_PASS_H
#define CUVEE_MODEL_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/checked.h"
#include "model/forward.h"
#include "model/model_parts.h"
#include "model/team.h"

struct pass {
    const struct config *config;
    const struct model_weights *weights;
    const struct kernels *kernels;
    struct ragged_batch batch;
    struct workspace *w;   /* what all share: x, qkv, context; y and wide when cut by columns */
    struct workspace *own; /* this thread's: scratch; y and wide when cut by rows */
    size_t n_expected;
    size_t n_types;        /* token types that the model gets to see */
    bool by_rows;          /* how the current stages are cut */
    const void *converted_for; /* panels whose inputs are converted already; or NULL */
    uint64_t lap_ns;       /* end of the last stage that was timed */

    struct team *team;          /* NULL: alone */
    const _Atomic bool *leave;  /* NULL: never */
    uint64_t stage;
    size_t n_taken;             /* chunks of the stage, when alone */
    bool has_chunk, has_left;
};

struct share {
    size_t first, n;
};

/* A linear layer in its place. */
struct step {
    enum stage stage;
    size_t layer;
    const struct linear *linear;
    enum act act;
    const struct linear *next; /* the layer after it, for its weights to be fetched; or NULL */
};

/* Rows of the workspace with bf16 in them, half a row each, and again a cache line more. */
static inline struct rows narrow_rows(struct rows m)
{
    return bf16_rows(m.ptr, cuvee__round_up(m.ld, 32));
}

/* Chunk i of n_chunks of n things of equal size. */
static inline struct share share_of(size_t n, size_t i, size_t n_chunks)
{
    const size_t first = n * i / n_chunks;
    return (struct share){first, n * (i + 1) / n_chunks - first};
}

/* Loop over the chunks of a stage that fall to this thread:
 *     for (size_t i; cuvee__pass_next(p, n, &i);) ...
 * After the loop all chunks are done, whoever did them. All threads must give the same n. */
bool cuvee__pass_next(struct pass *p, size_t n_chunks, size_t *ret_chunk);

/* How the following stages, of n rows each, are cut. */
void cuvee__pass_choose_cut(struct pass *p, size_t n);

/* Chunks for n rows, when cut by rows; for n other things of which each is worth a chunk. */
size_t cuvee__pass_row_chunks(const struct pass *p, size_t n);
size_t cuvee__pass_chunks(const struct pass *p, size_t n);

/* out = act(a W^T + bias) + residual for n rows; residual.ptr may be NULL. By columns this is a
 * stage; by rows it is part of a chunk. */
void cuvee__pass_linear(struct pass *p, const struct step *s, size_t n, struct rows a,
                        struct rows residual, struct rows out);

/* A stage of its own also by rows, without residual. */
void cuvee__pass_linear_stage(struct pass *p, const struct step *s, size_t n, struct rows a,
                              struct rows out);

/* x = norm(x) for n rows, as cuvee__pass_linear(). next: the layer that comes next and takes just
 * these rows, so that its inputs are converted here; or NULL. */
void cuvee__pass_norm(struct pass *p, size_t n, struct rows x, const struct norm *norm,
                      const struct linear *next);

/* For a stage that ends in a norm: its last step, of some of the n rows; and what to give to that
 * as `next`, asked for once and before. */
void cuvee__pass_norm_rows(struct pass *p, size_t n, struct share rows, struct rows x,
                           const struct norm *norm, const struct linear *next);
const struct linear *cuvee__pass_convert_for(struct pass *p, const struct linear *next, size_t n);

/* The leader's time since the last stage went into this one. */
void cuvee__pass_lap(struct pass *p, enum stage stage);

/* Part of a fused linear layer, from output column first; first is a multiple of CUVEE__PANEL. */
struct linear cuvee__linear_part(const struct linear *fused, size_t first, size_t n);

/* Row i of dst, which is x or beside it, becomes the first token's row of text i. A stage. */
void cuvee__pass_first_tokens(struct pass *p, struct rows dst);

/* ---- self_attention.c: context = attention of each text with itself, before the output layer ----
 */

/* w->qkv as this layer has it. */
struct rows cuvee__pass_qkv(const struct pass *p, size_t layer);

/* For all tokens. All of it is there on return, as below. */
void cuvee__pass_attend(struct pass *p, size_t layer);

/* For the first token of each text: row i of context is text i, and so is row i of x. */
void cuvee__pass_attend_first(struct pass *p, size_t layer);

#endif
