/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model and a workspace are made of; for the files of this folder. */
#ifndef CUVEE_MODEL_MODEL_PARTS_H
#define CUVEE_MODEL_MODEL_PARTS_H

#include <stdatomic.h>
#include <stddef.h>

#include "model/config.h"
#include "model/external.h"
#include "model/forward.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "weights/checkpoint.h"
#include "weights/packed_file.h"

/* All but the count is constant once open. */
struct cuvee_model {
    atomic_size_t n_holds;
    char *path; /* as the caller gave it */
    struct config config;
    struct model_weights weights;
    struct tokenizer *tokenizer;
    size_t max_length; /* tokens of a text: what both the position table and the tokenizer allow */
    const char *weights_dtype; /* "f32", "f16", "bf16", "f64" or "mixed" */
    uint64_t n_parameters, weights_file_bytes;

    struct file_map map;      /* the image: a packed file, or this process's memory */
    struct packed_file image; /* the same, checked */
    char *packed_path;        /* NULL: memory */
    char *cache_note;         /* or NULL */
    char source_sha256[65];   /* empty: memory */
    struct checkpoint *checkpoint; /* only with an image in memory, whose hash may be asked for */

    struct external_model *external; /* NULL, or the model itself: all else but holds is empty */
};

/* Back to a model that is not open: path and holds stay. Half-open is fine. */
void cuvee__model_reset(cuvee_model *m);

/* Room for the last layer of a group of texts, where the part of qkv is otherwise idle. */
struct absorbed {
    size_t max_tokens; /* of one text */
    size_t n_texts;    /* in a group */
    struct rows q;     /* (texts, D) */
    struct rows t, z;  /* (texts, H, D) */
    float *scratch;    /* of an attention with heads of D columns */
};

/* Letters as in docs/numerics.md: T tokens of the batch, D hidden, F feed-forward, H heads. qkv and
 * wide may hold bf16 (narrow_rows). */
struct workspace {
    size_t max_tokens, max_texts;
    size_t block_rows;   /* rows of the feed-forward block */
    struct rows x;       /* (T, D) hidden states */
    struct rows qkv;     /* (T, 3 Dp) queries, keys, values; see struct layer */
    struct rows context; /* (T, D) what attention gives; later the head's hidden layer */
    struct rows y;       /* (block, D) after attention */
    struct rows wide;    /* (block, F) */
    struct absorbed absorbed;
    float *attention;    /* scratch of one head */
    float *conversion;   /* scratch of a product: its inputs as the weights' type wants them */
    float *arena;        /* all of the above */
    size_t arena_bytes;

    /* Set by create; may be changed between passes. */
    enum last_layer last_layer;
    const struct observer *observer; /* NULL: none */
    uint64_t *stage_ns;              /* (N_STAGES) time is added up here; NULL: none is taken */
};

/* Can the last layer absorb keys and values? A head's columns must be whole panels. */
bool cuvee__can_absorb(const struct config *c);

#endif
