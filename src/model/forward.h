/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the forward pass that tests, benchmarks and the packer look at. All of it is set in a
 * workspace (model_parts.h), by whoever has it alone, between passes. */
#ifndef CUVEE_MODEL_FORWARD_H
#define CUVEE_MODEL_FORWARD_H

#include <stddef.h>
#include <stdint.h>

/* Where the time goes, and which linear layer it is. */
enum stage {
    STAGE_EMBED,
    STAGE_QKV,
    STAGE_ATTENTION,
    STAGE_ATTENTION_OUT,
    STAGE_FFN_UP,
    STAGE_FFN_DOWN,
    STAGE_NORM,
    STAGE_HEAD_DENSE,
    STAGE_HEAD_OUT,
    N_STAGES
};

/* Sees the inputs of linear layers, n_rows rows of k values, before they are multiplied: for the
 * statistics of a quantisation. The rows of one layer may come in blocks. */
struct observer {
    void (*see)(void *user, enum stage stage, size_t layer, const float *rows, size_t ld,
                size_t n_rows, size_t k);
    void *user;
};

/* How the last layer is computed, of which a head reads the first token of each text only. */
enum last_layer {
    LAST_LAYER_FULL,    /* every token, like the other layers */
    LAST_LAYER_TRIMMED, /* keys and values of every token, the rest for the first: the same bits */
    LAST_LAYER_ABSORBED /* no keys and values either, see self_attention.c: rounded differently */
};

#endif
