/* SPDX-License-Identifier: Apache-2.0
 *
 * The image of a model: what the sections of a packed file hold, in which order. A directory is
 * packed into an image, and every model is opened from one; whether the image lies in a file that
 * all processes share, or in this one's memory, makes no other difference.
 *
 * The order is fixed by the configuration, so image_pack.c and image_open.c are the same walk:
 * source; embedding tables and their norm; the layers, each with its parts in the order of struct
 * layer, and after the last one its absorbed key; the head; tokenizer; labels; at last the
 * configuration, which counts what was packed. */
#ifndef CUVEE_MODEL_IMAGE_H
#define CUVEE_MODEL_IMAGE_H

#include <stdint.h>

#include "cuvee/cuvee.h"
#include "model/model_parts.h"
#include "weights/packed_file.h"

enum image_kind {
    IMAGE_CONFIG = PACKED_SOURCE + 1,
    IMAGE_LABELS,    /* C strings, one after the other, each ended by NUL */
    IMAGE_TOKENIZER, /* text/tokenizer_image.c */
    IMAGE_TABLE,     /* of embeddings; type is enum dtype */
    IMAGE_VECTOR,    /* f32, zeros up to a whole panel: bias or gamma, beta */
    IMAGE_MATRIX,    /* panels; type is enum weight_type; the three below follow an int8 one */
    IMAGE_SCALES,
    IMAGE_SUMS,
    IMAGE_INPUT_SCALES, /* empty: ones */
    IMAGE_ABSORBED_KEY  /* panels; see struct model_weights; only where heads are whole panels */
};

/* The section of kind IMAGE_CONFIG: 128 bytes, no gaps. Strings end in NUL. */
struct image_config {
    char model_type[32], act[32]; /* as in config.json */
    char weights_dtype[8];        /* "f32", "f16", "bf16", "f64" or "mixed" */
    uint32_t hidden_size, n_layers, n_heads, intermediate_size, vocab_size, max_positions, n_types;
    uint32_t problem, n_labels;
    float norm_eps;
    uint64_t n_parameters, weights_file_bytes;
};

/* Types up to this one have kernels; a file with another is refused. */
#define IMAGE_LAST_WEIGHT_TYPE WEIGHT_INT8

/* A model directory, open for packing. */
struct pack_source {
    struct config config;
    struct checkpoint *checkpoint;
};

int cuvee__pack_source_open(struct pack_source *s, const char *dir, cuvee_error *err);
void cuvee__pack_source_close(struct pack_source *s); /* zeroed or half-open is fine */

struct pack_request {
    const char *dir;
    unsigned precision; /* enum cuvee_precision, not DEFAULT */
    const char *source; /* the directory's name for `cuvee cache list`; NULL: not to be told */
    const cuvee_model *reference; /* the same in f32, to run the texts below; NULL without them */
    const cuvee_text *calibration;
    size_t n_calibration;
    cuvee_pack_progress_fn *on_pack; /* or NULL */
    void *on_pack_user;
};

/* Pack a directory; all but cuvee__packed_finish(). Memory: about 64 rows of a matrix, and the
 * tokenizer. */
int cuvee__image_pack(const struct pack_request *request, const struct pack_source *source,
                      struct packed_writer *w, cuvee_error *err);

/* Fill config, tokenizer, weights and the counts of a zeroed model from an image, which it then
 * points into. Checks all that is not a plain number of a weight. What was filled before a failure
 * is the caller's to free. */
int cuvee__image_open(const struct packed_file *image, const char *path, cuvee_model *m,
                      cuvee_error *err);

#endif
