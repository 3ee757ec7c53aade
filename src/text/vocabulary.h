/* SPDX-License-Identifier: Apache-2.0
 *
 * Vocabulary: strings by id, and ids by string through an open-addressing hash table. The hash runs
 * over the bytes one at a time, so that a matcher gets the hashes of all prefixes of a word in one
 * pass. */
#ifndef CUVEE_TEXT_VOCABULARY_H
#define CUVEE_TEXT_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Most ids: the largest published vocabularies have a million. */
#define CUVEE__MAX_VOCABULARY ((size_t)1 << 24)

#define CUVEE__HASH_SEED UINT64_C(0x243F6A8885A308D3)

static inline uint64_t hash_byte(uint64_t h, char byte)
{
    h = (h ^ (unsigned char)byte) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 32;
}

/* No gaps in these two: they lie in packed files as they are here. */
struct vocabulary_entry {
    uint32_t offset; /* in text; NUL-terminated there. 0: the id has no string (text begins with an
                        empty one) */
    uint32_t len;
};

struct vocabulary_slot {
    uint32_t tag; /* upper half of the hash */
    int32_t id;   /* -1 = free */
};

struct vocabulary {
    /* What lookups read: in `own` below, or in a packed file. */
    const char *text;
    const struct vocabulary_entry *entries; /* (n_ids) */
    const struct vocabulary_slot *slots;    /* (n_slots), a power of two */
    size_t text_len;
    size_t n_ids; /* ids must be below it */
    size_t n_slots;
    size_t n_words; /* strings that can be looked up, the empty one included */
    size_t longest; /* bytes of the longest of them */
    bool has_empty; /* the empty string is counted but never stored: no word is empty */
    struct {
        struct buffer text;
        struct vocabulary_entry *entries;
        struct vocabulary_slot *slots;
    } own; /* what is filled from files of a model directory; else empty */
};

/* Room for `n_words` strings that can be looked up, with ids below n_ids. */
int cuvee__vocabulary_init(struct vocabulary *v, size_t n_words, size_t n_ids, cuvee_error *err);
void cuvee__vocabulary_deinit(struct vocabulary *v);

/* Id of the string whose bytes are head, then tail, and whose hash is h; -1 when there is none. */
int32_t cuvee__vocabulary_find_hashed(const struct vocabulary *v, uint64_t h, struct span head,
                                      struct span tail);
int32_t cuvee__vocabulary_find(const struct vocabulary *v, struct span word);

/* Give an id its string, and let lookups find it. Either may be taken already: CUVEE_E_FORMAT. */
int cuvee__vocabulary_add(struct vocabulary *v, struct span word, int64_t id, cuvee_error *err);
/* As cuvee__vocabulary_add, but a string that is there already moves to the new id. */
int cuvee__vocabulary_replace(struct vocabulary *v, struct span word, int64_t id, cuvee_error *err);
/* Give an id its string; lookups do not find it. For tokens that are not the model's. */
int cuvee__vocabulary_name(struct vocabulary *v, struct span word, int64_t id, cuvee_error *err);

/* Check what a packed file says: offsets, ends of strings, ids, and that a search ends. Whether the
 * hashes are right only decides what is found.
 * Returns CUVEE_OK, CUVEE_E_FORMAT. */
int cuvee__vocabulary_check(const struct vocabulary *v, cuvee_error *err);

/* NUL-terminated; "" for an id without a string. */
const char *cuvee__vocabulary_string(const struct vocabulary *v, int32_t id);

#endif
