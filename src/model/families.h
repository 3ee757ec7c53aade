/* SPDX-License-Identifier: Apache-2.0
 *
 * Families of encoders, as data. All share one skeleton (forward.c): embeddings, layers of
 * attention and feed-forward with the norm after each, a dense layer and a classifier on the first
 * token. What differs is how config.json and the tensors are called, a few defaults, and the
 * function inside the head: one row of the table each. A new family of this shape is a new row and
 * a golden model (docs/numerics.md). */
#ifndef CUVEE_MODEL_FAMILIES_H
#define CUVEE_MODEL_FAMILIES_H

#include <stddef.h>

#include "kernels/kernels.h"

/* What a tensor is for. A role names a module; its tensors are "<module>.weight" and
 * "<module>.bias". */
enum role {
    ROLE_WORD, /* embedding tables: weight only */
    ROLE_POSITION,
    ROLE_TYPE,
    ROLE_EMBED_NORM,
    ROLE_QUERY, /* from here to ROLE_FFN_NORM: one in each layer */
    ROLE_KEY,
    ROLE_VALUE,
    ROLE_ATTENTION_OUT,
    ROLE_ATTENTION_NORM,
    ROLE_FFN_UP,
    ROLE_FFN_DOWN,
    ROLE_FFN_NORM,
    ROLE_HEAD_DENSE,
    ROLE_HEAD_OUT,
    N_ROLES
};

/* A size in config.json, and what the family's class takes when the key is absent. */
struct size_key {
    const char *name; /* NULL: the family has no such key, the fallback holds */
    size_t fallback;
    const char *alias; /* the class's attribute_map: wins where a file has both; or NULL */
};

struct family {
    const char *model_type;
    const char *architecture; /* the one head that is built: architectures[0] must say so */

    struct size_key hidden_size, n_layers, n_heads, intermediate_size;
    struct size_key vocab_size, max_positions, n_types; /* n_types 0: no token types */
    const char *act_key;                                /* all default to "gelu" */
    const char *eps_key;                                /* NULL: fixed */
    double eps_fallback;

    const char *prefix;         /* of the body's tensors, as the family's class writes them */
    const char *layer_roots[2]; /* what stands between prefix and "layer.N.": usual name, other name
                                   or NULL */
    /* Module names: embeddings below the prefix, layers below prefix + root + "layer.N.", heads
     * whole. NULL: the family has none. */
    const char *modules[N_ROLES];
    enum act head_act; /* between the head's two layers */
};

/* NULL when there is no such family. */
const struct family *cuvee__family_find(const char *model_type);

/* "DistilBertForSequenceClassification, ...": for messages. */
const char *cuvee__families_supported(void);

#endif
