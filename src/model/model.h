/* SPDX-License-Identifier: Apache-2.0
 *
 * A model: configuration, tokenizer, labels, packed weights; and its forward pass over a ragged
 * batch. */
#ifndef CUVEE_MODEL_MODEL_H
#define CUVEE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "kernels/kernels.h"
#include "text/tokenizer.h"

/* One caller's hold at open; the pool takes another.
 *   options  complete; NULL = the defaults, without a cache. */
int cuvee__model_open_with(const char *path, const cuvee_model_options *options,
                           cuvee_model **ret_model, cuvee_error *err);
static inline int cuvee__model_open(const char *path, cuvee_model **ret_model, cuvee_error *err)
{
    return cuvee__model_open_with(path, NULL, ret_model, err);
}
/* A model of somebody else's, which is taken: also on failure it is closed. */
struct external_model;
int cuvee__model_wrap(struct external_model *external, cuvee_model **ret_model, cuvee_error *err);
/* NULL: it is one of ours. What follows about tokenizer, weights and passes is for those only. */
struct external_model *cuvee__model_external(const cuvee_model *m);

void cuvee__model_acquire(cuvee_model *m);
void cuvee__model_release(cuvee_model *m); /* NULL is fine */

const struct tokenizer *cuvee__model_tokenizer(const cuvee_model *m);
size_t cuvee__model_max_length(const cuvee_model *m);
size_t cuvee__model_n_labels(const cuvee_model *m);
const char *cuvee__model_label(const cuvee_model *m, size_t i);
void cuvee__model_describe(const cuvee_model *m, cuvee_model_info *info);
int cuvee__model_sha256(const cuvee_model *m, char ret_hex[65], cuvee_error *err);

/* The bodies of their namesakes in cuvee.h; options complete. */
int cuvee__model_pack(const char *dir, const char *file, const cuvee_pack_options *options,
                      cuvee_error *err);
int cuvee__model_verify(const char *file, cuvee_error *err);

/* Tokens of B texts side by side, no padding. */
struct ragged_batch {
    size_t n_texts;
    size_t n_tokens;
    const int32_t *ids;      /* (n_tokens) */
    const int32_t *type_ids; /* (n_tokens); ignored by families without token types */
    const uint32_t *starts;  /* (n_texts + 1): text i is tokens starts[i] .. starts[i + 1] - 1 */
};

/* Working memory of one worker's forward pass: planned here, nothing is allocated later. */
struct workspace;
int cuvee__workspace_create(const cuvee_model *m, size_t max_tokens, size_t max_texts,
                            struct workspace **ret_workspace, cuvee_error *err);
void cuvee__workspace_free(struct workspace *w);
size_t cuvee__workspace_bytes(const struct workspace *w);

/* logits (n_texts, C) row-major. The batch must fit the workspace; each text has 1 to max_length
 * tokens.
 * Threads: any number at once, one workspace each. */
void cuvee__forward(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                    const struct ragged_batch *batch, float *logits);

/* One forward pass that threads may share. */
struct forward_job {
    const cuvee_model *model;
    const struct kernels *kernels;
    struct workspace *workspace;
    struct ragged_batch batch;
    float *logits;
    struct team *team;    /* team.h; NULL: alone */
    uint64_t first_stage; /* cuvee__team_stage() before the pass */
    size_t n_expected;    /* threads; how fine the work is cut, at least 1 */
};

/* The leader, whose own workspace is the job's, returns when the logits are there; the same bits as
 * alone. Others call this with a copy of the job at any time, even after its end, and a workspace
 * made for the same sizes; they return when there is nothing to help with any more, or soon after
 * *leave has become true. */
void cuvee__forward_share(const struct forward_job *job, struct workspace *own,
                          const _Atomic bool *leave);

/* Scores of one text from its logits: the activation of the options (AUTO by problem_type).
 * Returns the index of the best label (first of equals), or -1 when a logit is not finite. */
int32_t cuvee__model_scores(const cuvee_model *m, unsigned activation, const float *logits,
                            float *scores);

#endif
