/* SPDX-License-Identifier: Apache-2.0
 *
 * Model directories with random weights, small enough to write, open and run in a millisecond.
 * Plain stdio only, so that it can be linked without the library. */
#ifndef CUVEE_TESTS_TINY_MODEL_H
#define CUVEE_TESTS_TINY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero in any field means the default that its comment names. */
struct tiny_model {
    const char *family;       /* "distilbert" (default) or "bert" */
    const char *dtype;        /* "F32" (default), "F16" or "BF16" */
    const char *problem_type; /* as in config.json; NULL leaves the key out */
    size_t n_layers;          /* 1 */
    size_t hidden_size;       /* 12 */
    size_t n_heads;           /* 3 */
    size_t intermediate_size; /* 20 */
    size_t max_positions;     /* 32 */
    size_t n_labels;          /* 2; named after wines: RED, WHITE, ROSE, then LABEL_3, ... */
    uint64_t seed;            /* 1 */
    bool no_tokenizer_json;   /* vocab.txt and tokenizer_config.json only */
    size_t n_shards;          /* 0 = model.safetensors; else so many shards and their index */
};

/* Write config.json, tokenizer.json, tokenizer_config.json, vocab.txt and the weights into dir,
 * which is made when it does not exist. shape NULL = all defaults. Says on stderr what failed;
 * returns 0 or -1. */
int tiny_model_write(const char *dir, const struct tiny_model *shape);

/* Remove what tiny_model_write() may have written, and the directory when it is then empty. */
void tiny_model_remove(const char *dir);

/* Lower-case words and single letters (as word starts and continuations), digits and punctuation:
 * any ASCII text tokenizes without [UNK]. */
size_t tiny_model_vocab_size(void);

#endif
