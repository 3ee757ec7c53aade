/* SPDX-License-Identifier: Apache-2.0
 *
 * From a role to the tensor in the file. The same weights come under several names: with the
 * family's prefix, without it (a base checkpoint), below "module." (saved from a data-parallel
 * wrapper), DistilBERT layers below "encoder.", norms as gamma and beta (converted from
 * TensorFlow). Prefix and layer root are decided once per file, by the word embeddings and by layer
 * 0; the rest must follow.
 *
 * Tensors outside the body (heads of other tasks, loss weights) are ignored, as Transformers does.
 * A tensor inside the body that nothing reads is an error: the config promises fewer layers than
 * there are, or the file holds adapters or quantization data, and scores without them would be
 * wrong without a word. */
#ifndef CUVEE_MODEL_RESOLVER_H
#define CUVEE_MODEL_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"
#include "model/families.h"
#include "weights/checkpoint.h"

enum part { PART_WEIGHT, PART_BIAS };

struct resolver {
    const struct family *family;
    const struct checkpoint *checkpoint;
    const char *dir;            /* for messages about what is not there */
    const char *outer;          /* "" or "module.": before the head's names */
    char prefix[32];            /* before the body's names, outer included */
    const char *layer_root;     /* of family->layer_roots */
    const struct tensor **used; /* (n_used), room for each tensor of the checkpoint */
    size_t n_used;
};

/* What a tensor must look like. dims[1] 0: one dimension. */
struct expected_shape {
    size_t dims[2];
    bool more_rows_fine; /* dims[0] is a least value: a table padded to a round number of rows */
};

/* Finds prefix and layer root. The resolver borrows all; release with cuvee__resolver_deinit(),
 * also after failure. Returns CUVEE_OK, CUVEE_E_FORMAT (no word embeddings), CUVEE_E_NOMEM. */
int cuvee__resolver_init(struct resolver *r, const struct family *family,
                         const struct checkpoint *checkpoint, const char *dir, cuvee_error *err);
void cuvee__resolver_deinit(struct resolver *r);

/* Find a tensor and check dtype and shape; layer counts for layer roles only.
 * Returns CUVEE_OK, CUVEE_E_FORMAT (missing, misshapen), CUVEE_E_UNSUPPORTED (dtype). */
int cuvee__resolver_find(struct resolver *r, enum role role, size_t layer, enum part part,
                         struct expected_shape shape, const struct tensor **ret_tensor,
                         cuvee_error *err);

/* Once all is found: refuse tensors of the body that nobody asked for.
 * Returns CUVEE_OK, CUVEE_E_FORMAT. */
int cuvee__resolver_finish(const struct resolver *r, cuvee_error *err);

#endif
