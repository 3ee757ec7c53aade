/* SPDX-License-Identifier: Apache-2.0
 *
 * WordPiece: a word becomes the longest vocabulary entries from the left; all but the first are
 * looked up with a prefix ("##"). A word that leaves a rest, or is too long, becomes one unknown
 * token. */
#ifndef CUVEE_TEXT_WORDPIECE_H
#define CUVEE_TEXT_WORDPIECE_H

#include "base/bytes.h"
#include "text/vocabulary.h"

/* Bounds the work on one word and the scratch. */
#define CUVEE__MAX_WORD_CHARS 10000

struct wordpiece {
    struct vocabulary vocabulary;
    struct buffer prefix; /* of entries that go on inside a word */
    uint64_t prefix_hash;
    int32_t unk_id;
    size_t max_chars; /* longer words are unknown; 1 .. CUVEE__MAX_WORD_CHARS */
};

/* Copies the prefix and looks up the unknown token; the vocabulary is complete. */
int cuvee__wordpiece_finish(struct wordpiece *w, struct span prefix, struct span unk_token,
                            size_t max_chars, cuvee_error *err);
/* The same when the unknown token's id is known, and checked. */
int cuvee__wordpiece_restore(struct wordpiece *w, struct span prefix, int32_t unk_id,
                             size_t max_chars, cuvee_error *err);
void cuvee__wordpiece_deinit(struct wordpiece *w);

/* Scratch for the pieces of one word. Start with {0}. */
struct wordpiece_scratch {
    int32_t *ids;     /* (max_chars) */
    uint64_t *hashes; /* of the prefixes of what is left of the word */
};

int cuvee__wordpiece_scratch_init(struct wordpiece_scratch *s, const struct wordpiece *w);
void cuvee__wordpiece_scratch_deinit(struct wordpiece_scratch *s);

/* Pieces of one word, not empty, valid UTF-8, into s->ids; returns how many (at least 1). At most
 * max_chars times the longest entry steps, so linear over a text. */
size_t cuvee__wordpiece_encode(const struct wordpiece *w, struct span word,
                               struct wordpiece_scratch *s);

#endif
