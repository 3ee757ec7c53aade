/* SPDX-License-Identifier: Apache-2.0
 *
 * From a text to token ids, id for id as Hugging Face's fast tokenizers. A tokenizer is immutable
 * once open and serves any number of threads; each brings its own struct encoder for scratch. */
#ifndef CUVEE_TEXT_TOKENIZER_H
#define CUVEE_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

struct tokenizer;

/* Open tokenizer.json, or else vocab.txt, of a model directory, with tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json where they count.
 *   vocab_size  rows of the embedding table: every id must be below it.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_FORMAT, CUVEE_E_UNSUPPORTED (names the part),
 * CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__tokenizer_open(const char *dir, size_t vocab_size, struct tokenizer **ret_tokenizer,
                          cuvee_error *err);
void cuvee__tokenizer_close(struct tokenizer *t);

/* A tokenizer as bytes, for a packed file: append them to out / open them where they lie. Opening
 * checks everything and copies the added tokens only; the vocabulary is used in place.
 *   image  8-byte aligned; must outlive the tokenizer.    vocab_size  as above.
 * Returns CUVEE_OK, CUVEE_E_NOMEM; opening also CUVEE_E_FORMAT. */
int cuvee__tokenizer_image_write(const struct tokenizer *t, struct buffer *out, cuvee_error *err);
int cuvee__tokenizer_image_open(struct span image, size_t vocab_size,
                                struct tokenizer **ret_tokenizer, cuvee_error *err);

const char *cuvee__tokenizer_kind(const struct tokenizer *t); /* "wordpiece" */
bool cuvee__tokenizer_lowercases(const struct tokenizer *t);
/* model_max_length of tokenizer_config.json; 0 when absent or the "no limit" sentinel. */
size_t cuvee__tokenizer_max_length(const struct tokenizer *t);
/* False when Transformers would keep type ids from the model: by model_input_names of
 * tokenizer_config.json, else by its tokenizer_class. The model then takes type 0 for all. */
bool cuvee__tokenizer_shows_type_ids(const struct tokenizer *t);
/* Special tokens that a single text (or a pair) gets. */
size_t cuvee__tokenizer_n_special(const struct tokenizer *t, bool pair);
/* Vocabulary string of an id, NUL-terminated; "" for an id without one. */
const char *cuvee__tokenizer_string(const struct tokenizer *t, int32_t id);

/* Scratch of one thread, grows to what the longest text needed and is then constant. */
struct encoder;
int cuvee__encoder_create(const struct tokenizer *t, struct encoder **ret_encoder,
                          cuvee_error *err);
void cuvee__encoder_free(struct encoder *e);

struct encoding {
    size_t n;       /* tokens written */
    bool truncated; /* tokens were dropped */
    bool replaced;  /* invalid UTF-8 was replaced */
};

/* Encode one text or pair.
 *   max_length  most tokens, special ones included; below cuvee__tokenizer_n_special() there is no
 *               encoding, at it one without tokens of the text.
 *   ids, type_ids  room for max_length each.
 *   truncation  enum cuvee_truncation.
 *
 * Work and memory are linear in the text, and bounded by what max_length can use plus one pass over
 * the rest.
 *
 * Returns CUVEE_OK, CUVEE_E_ARGUMENT (max_length), CUVEE_E_TOO_LONG (truncation refused),
 * CUVEE_E_NOMEM. */
int cuvee__encode(struct encoder *e, const cuvee_text *text, size_t max_length, unsigned truncation,
                  int32_t *ids, int32_t *type_ids, struct encoding *ret);

#endif
