/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a tokenizer in the order in which a text meets them, and what fills them from files.
 */
#ifndef CUVEE_TEXT_PIPELINE_H
#define CUVEE_TEXT_PIPELINE_H

#include "base/json.h"
#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/pretokenizer.h"
#include "text/token_template.h"
#include "text/tokenizer.h"
#include "text/wordpiece.h"

#define CUVEE__MAX_TOKENIZER_FILE ((size_t)64 << 20) /* bytes of tokenizer.json, vocab.txt, ... */

struct tokenizer {
    struct added_tokens added;
    struct normalizer normalizer;
    struct pretokenizer pretokenizer;
    struct wordpiece wordpiece;
    struct token_template single, pair;
    size_t max_length;  /* 0 = none given */
    bool shows_type_ids;
};

/* Fill a zeroed tokenizer; half-filled ones are fit for cuvee__tokenizer_close(). */
int cuvee__pipeline_from_json(struct tokenizer *t, const json_t *root, size_t vocab_size,
                              cuvee_error *err);
/* `vocab` is the text of vocab.txt; the JSON values may be NULL when their files are absent.
 * Messages begin with the name of the file that they speak of. */
int cuvee__pipeline_from_vocab(struct tokenizer *t, struct span vocab, json_t *config,
                               json_t *special_map, json_t *added, size_t vocab_size,
                               cuvee_error *err);

/* Open the text of a tokenizer.json; `name` is for messages. For tests and fuzzers. */
int cuvee__tokenizer_open_json(struct span text, const char *name, size_t vocab_size,
                               struct tokenizer **ret_tokenizer, cuvee_error *err);

/* Sections of tokenizer.json. */
int cuvee__component_normalizer(struct normalizer *n, const json_t *value, cuvee_error *err);
int cuvee__component_pretokenizer(struct pretokenizer *p, const json_t *value, cuvee_error *err);
int cuvee__component_post_processor(struct tokenizer *t, const json_t *value, size_t vocab_size,
                                    cuvee_error *err);
int cuvee__component_added_tokens(struct tokenizer *t, const json_t *list, cuvee_error *err);
int cuvee__component_model(struct wordpiece *w, const json_t *value, size_t vocab_size,
                           cuvee_error *err);

/* The steps of a BertNormalizer in their order; false when the list is full. */
bool cuvee__normalizer_add_bert(struct normalizer *n, bool clean, bool cjk, bool strip_accents,
                                bool lowercase);
/* [CLS] A [SEP] and [CLS] A [SEP] B [SEP], the last two parts of type 1. */
int cuvee__template_set_bert(struct token_template *single, struct token_template *pair,
                             int32_t cls, int32_t sep, cuvee_error *err);

#endif
