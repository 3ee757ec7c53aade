/* SPDX-License-Identifier: Apache-2.0
 *
 * config.json of a model directory, checked: what comes out is consistent in itself. Whether the
 * tensors agree is found when they are loaded (resolver.h). */
#ifndef CUVEE_MODEL_CONFIG_H
#define CUVEE_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"
#include "kernels/kernels.h"
#include "model/families.h"

/* Far above every published encoder; they keep products of two sizes, and of a size with the number
 * of tokens, inside size_t, and a config that lies from asking for the moon. */
#define CUVEE__MAX_CONFIG_BYTES      (16u << 20)
#define CUVEE__MAX_HIDDEN_SIZE       16384u
#define CUVEE__MAX_INTERMEDIATE_SIZE 65536u
#define CUVEE__MAX_LAYERS            256u
#define CUVEE__MAX_POSITIONS         65536u
#define CUVEE__MAX_VOCAB_SIZE        (1u << 24)
#define CUVEE__MAX_TYPES             1024u
#define CUVEE__MAX_LABELS            65536u

enum problem { PROBLEM_SINGLE_LABEL, PROBLEM_MULTI_LABEL, PROBLEM_REGRESSION };

struct config {
    const struct family *family;
    size_t hidden_size;       /* D */
    size_t n_layers;          /* L */
    size_t n_heads;           /* H; divides D */
    size_t intermediate_size; /* F */
    size_t vocab_size;        /* V; the table may have more rows */
    size_t max_positions;
    size_t n_types; /* 0: the family has no token types */
    float norm_eps;
    enum act act;
    const char *act_name; /* as in the file */
    enum problem problem; /* single-label when the file does not say */
    size_t n_labels;      /* C */
    const char **labels;  /* (C) */
};

/* Read dir/config.json. *ret: release with cuvee__config_deinit().
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_FORMAT (names the key), CUVEE_E_UNSUPPORTED, CUVEE_E_LIMIT,
 * CUVEE_E_NOMEM. */
int cuvee__config_read(const char *dir, struct config *ret, cuvee_error *err);
void cuvee__config_deinit(struct config *c); /* a zeroed or half-read one is fine */

/* Find an activation by its name in config.json. *ret_name: a constant string, the same name.
 * False when it is unknown. */
bool cuvee__act_find(const char *name, enum act *ret_act, const char **ret_name);

const char *cuvee__problem_name(enum problem p); /* "single_label", ... */

#endif
