/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of text/ share: a tokenizer with its encoder, and directories of files to open. */
#ifndef CUVEE_TESTS_TEXT_TEST_H
#define CUVEE_TESTS_TEXT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "text/tokenizer.h"

#define SHIPPED_MODEL SOURCE_DIR "/models/sentiment-en"
#define SHIPPED_ROWS  30522
#define MAX_TOKENS    4096

struct subject {
    struct tokenizer *tokenizer;
    struct encoder *encoder;
    struct encoding got;
    int32_t ids[MAX_TOKENS], type_ids[MAX_TOKENS];
};

/* Fails the test when the directory does not open. */
void subject_open(struct subject *s, const char *dir, size_t vocab_size);
/* The same with the text of a tokenizer.json. */
void subject_open_json(struct subject *s, const char *json, size_t vocab_size);
void subject_close(struct subject *s);

/* Encode a string, or a pair when b is not NULL. */
int subject_encode(struct subject *s, struct span a, const struct span *b, size_t max_length,
                   unsigned truncation);
/* Encode a string and compare with ids, a list such as "101 7592 102". */
void expect_ids(struct subject *s, const char *text, const char *ids);

/* An empty directory for the files that a tokenizer may have; remove_directory() takes them along.
 */
const char *make_directory(void);
/* Write a file; NULL removes it. */
void put_file(const char *name, const char *text);
void put_bytes(const char *name, const void *bytes, size_t n);
void remove_directory(void);

/* A tokenizer.json with the given sections; NULL = that of a small lower-casing BERT with the words
 * [PAD] 0 [UNK] 1 [CLS] 2 [SEP] 3 [MASK] 4 a 5 b 6 ##b 7 ab 8 . 9. Static, until the next call. */
const char *small_json(const char *added_tokens, const char *normalizer, const char *pre_tokenizer,
                       const char *post_processor, const char *model);
#define SMALL_ROWS 10

#endif
