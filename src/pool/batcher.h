/* SPDX-License-Identifier: Apache-2.0
 *
 * What one worker owns: a tokenizer's scratch, room for one ragged batch, and the model's
 * workspace. All of it is allocated by create; used by one thread, so there is no lock. */
#ifndef CUVEE_POOL_BATCHER_H
#define CUVEE_POOL_BATCHER_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"
#include "model/model.h"
#include "pool/queue.h"

/* What all workers of a pool count together. Relaxed: for metrics, may lag. */
struct batch_counters {
    _Atomic uint64_t n_batches, n_texts, n_tokens;
};

struct batcher {
    /* Set by create, then constant. */
    const cuvee_model *model;
    const struct kernels *kernels;
    size_t batch_tokens;
    uint32_t worker;
    struct queue *queue;
    struct crew *crew; /* helps with its passes */
    struct batch_counters *counters;
    void (*on_batch)(void *user, const cuvee_batch_record *record); /* NULL = none */
    void *on_batch_user;

    struct encoder *encoder;
    struct workspace *workspace; /* for max(batch_tokens, the model's max_length) tokens */
    size_t bytes;                /* of workspace and the arrays below */

    /* The batch so far. */
    size_t n_texts, n_tokens;
    uint64_t start_ns;
    int32_t *ids, *type_ids; /* room for batch_tokens - 1 and one text of any length */
    uint32_t *starts;
    struct place {
        struct job *job;
        size_t row;
    } *places;     /* where text i of the batch came from */
    float *logits; /* (n_texts, C) */
};

/* Fill b; the constants model .. on_batch_user must be set, the rest zero. After a failure deinit
 * is due all the same. */
int cuvee__batcher_init(struct batcher *b, cuvee_error *err);
void cuvee__batcher_deinit(struct batcher *b);

/* Classify the texts of the slices (one take): every row of theirs is written on return. The jobs
 * are not completed: that is the worker's. */
void cuvee__batcher_run(struct batcher *b, const struct slice *slices, size_t n_slices);

#endif
