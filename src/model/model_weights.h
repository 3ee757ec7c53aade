/* SPDX-License-Identifier: Apache-2.0
 *
 * The weights of an open model in the form that the forward pass reads: linear layers packed as
 * f32, biases and norms as f32, embedding tables as they are in the mapped file.
 *
 * Only a few rows of an embedding table are read per text, and the word table is half of a small
 * model, so keeping it mapped saves both the widened copy and the time to make one. */
#ifndef CUVEE_MODEL_MODEL_WEIGHTS_H
#define CUVEE_MODEL_MODEL_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "kernels/kernels.h"
#include "model/config.h"
#include "weights/checkpoint.h"

/* y = x W^T + bias */
struct linear {
    struct packed w;
    float *panels; /* what w.panels points to, to fill and to free */
    float *bias; /* zeros up to a multiple of CUVEE__PANEL */
};

struct norm {
    float *gamma, *beta;
};

struct layer {
    /* Query, key and value as one matrix, so that a pass over the tokens feeds all three. Each
     * starts on a panel border, at output column 0, Dp and 2 Dp with Dp = D rounded up to
     * CUVEE__PANEL: the last layer needs keys and values for all tokens but queries for a few, and
     * takes its share of the panels. */
    struct linear qkv;
    struct linear attention_out;
    struct norm attention_norm;
    struct linear ffn_up, ffn_down;
    struct norm ffn_norm;
};

struct model_weights {
    const struct tensor *word, *position,
        *type; /* tables (rows, D) in the mapping; type may be NULL */
    struct norm embed_norm;
    size_t n_layers;
    struct layer *layers;
    /* Of the last layer: per head, from output column h Dp, the transpose of its rows of the key
     * weight: (H Dp, D / H). Empty when a head's columns are not whole panels. */
    struct linear absorbed_key;
    struct linear head_dense, head_out;
    uint64_t n_parameters; /* elements of all tensors that were read */
    const char *dtype;     /* "f32", "f16", "bf16", "f64" or "mixed" */
};

/* Find, check and pack everything. The tables point into the checkpoint, which must outlive the
 * weights. Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_UNSUPPORTED, CUVEE_E_NOMEM. Memory: the packed
 * weights, plus 32 widened rows while packing; mapped pages are let go as they are read. */
int cuvee__weights_load(const struct config *config, const struct checkpoint *checkpoint,
                        const char *dir, struct model_weights *ret, cuvee_error *err);
void cuvee__weights_deinit(struct model_weights *w); /* zeroed or half-loaded is fine */

/* y[i] = element first + i of the tensor, as f32. */
void cuvee__tensor_widen(const struct kernels *k, const struct tensor *t, size_t first, size_t n,
                         float *y);

#endif
