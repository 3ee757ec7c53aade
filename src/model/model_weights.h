/* SPDX-License-Identifier: Apache-2.0
 *
 * The weights of an open model: views into its packed image (image.h). Linear layers are in panels,
 * biases and norms f32; embedding tables have the type that they had in the model's own files, and
 * are widened row by row as they are gathered: only a few rows are read per text, and the word
 * table is half of a small model. */
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
    const float *bias; /* zeros up to a multiple of CUVEE__PANEL */
};

struct norm {
    const float *gamma, *beta;
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
    struct tensor tables[3];                     /* what the next three point to */
    const struct tensor *word, *position, *type; /* (rows, D); type may be NULL */
    struct norm embed_norm;
    size_t n_layers;
    struct layer *layers; /* the only memory of its own */
    /* Of the last layer: per head, from output column h Dp, the transpose of its rows of the key
     * weight: (H Dp, D / H). Empty when a head's columns are not whole panels. */
    struct linear absorbed_key;
    struct linear head_dense, head_out;
};

void cuvee__weights_deinit(struct model_weights *w); /* zeroed or half-filled is fine */

/* Bytes of an element; DTYPE_OTHER has none. */
size_t cuvee__dtype_bytes(enum dtype dtype);

/* y[i] = element first + i of the tensor, as f32. */
void cuvee__tensor_widen(const struct kernels *k, const struct tensor *t, size_t first, size_t n,
                         float *y);

#endif
