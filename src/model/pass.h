/* SPDX-License-Identifier: Apache-2.0
 *
 * What the stages of a forward pass share: one member's view of it, and how the work of a stage is
 * cut among members.
 *
 * DESIGN
 *   Many rows are cut by rows: each member takes its own through several stages and needs nobody.
 *   Few rows are cut by output columns: each member reads its share of the weights only, for all
 *   rows, and all meet after each stage. Which way is a matter of speed alone (choose_cut): every
 *   output is a function of its own row, so the bits are the same.
 *   A member that is alone is cut by rows, and has all of them. */
#ifndef CUVEE_MODEL_PASS_H
#define CUVEE_MODEL_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/forward.h"
#include "model/model_parts.h"
#include "model/team.h"

struct pass {
    const struct config *config;
    const struct model_weights *weights;
    const struct kernels *kernels;
    const struct ragged_batch *batch;
    struct workspace *w;   /* what all members share: x, qkv, context; y and wide by columns */
    struct workspace *own; /* this member's: scratch; y and wide by rows */
    struct team *team;     /* NULL: alone */
    size_t member, n_members;
    size_t n_types;        /* token types that the model gets to see */
    bool by_rows;          /* how the current stages are cut */
    uint64_t lap_ns;       /* end of the last stage that was timed */
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
};

static inline struct rows rows_from(struct rows m, size_t first)
{
    return (struct rows){m.ptr + first * m.ld, m.ld};
}

static inline struct rows columns_from(struct rows m, size_t first)
{
    return (struct rows){m.ptr + first, m.ld};
}

/* This member's share of n things of equal size. */
static inline struct share pass_share(const struct pass *p, size_t n)
{
    const size_t first = n * p->member / p->n_members;
    return (struct share){first, n * (p->member + 1) / p->n_members - first};
}

/* The rows of n that this member computes; not alone, when the cut is by columns. */
static inline struct share pass_rows(const struct pass *p, size_t n)
{
    return p->by_rows ? pass_share(p, n) : (struct share){0, n};
}

/* Wait for all members. */
static inline void pass_meet(const struct pass *p)
{
    if (p->team) cuvee__team_meet(p->team);
}

/* Wait until all rows are there, not only this member's. By columns, they are. */
static inline void pass_meet_rows(const struct pass *p)
{
    if (p->by_rows) pass_meet(p);
}

/* How the following stages, of n rows each, are cut. */
void cuvee__pass_choose_cut(struct pass *p, size_t n);

/* out = act(a W^T + bias) + residual, n rows of pass_rows(); residual.ptr may be NULL. On return
 * all of out is there. */
void cuvee__pass_linear(struct pass *p, const struct step *s, size_t n, struct rows a,
                        struct rows residual, struct rows out);

/* x = norm(x), likewise. */
void cuvee__pass_norm(struct pass *p, size_t n, struct rows x, const struct norm *norm);

/* The time since the last stage went into this one. */
void cuvee__pass_lap(struct pass *p, enum stage stage);

/* Part of a fused linear layer, from output column first; first is a multiple of CUVEE__PANEL. */
struct linear cuvee__linear_part(const struct linear *fused, size_t first, size_t n);

/* Row i of dst becomes the first token's row of text i, in x or beside it. For one member: rows of
 * x only move forward, so none is overwritten before it was read. */
void cuvee__pass_first_tokens(const struct pass *p, struct rows dst);

/* ---- self_attention.c: context = attention of each text with itself, before the output layer ----
 */

/* For all tokens. All of it is there on return, as below. */
void cuvee__pass_attend(struct pass *p, size_t layer);

/* For the first token of each text: row i of context is text i, and so is row i of x. */
void cuvee__pass_attend_first(struct pass *p, size_t layer);

#endif
