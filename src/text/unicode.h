/* SPDX-License-Identifier: Apache-2.0
 *
 * Unicode data as the reference uses it: no single Unicode version, see scripts/gen-unicode. A code
 * point selects a block of 128, the block gives a record number, the record has all that is the
 * same for many characters. Canonical decompositions are a sorted list, Hangul syllables are
 * computed. */
#ifndef CUVEE_TEXT_UNICODE_H
#define CUVEE_TEXT_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum {
    UNICODE_DROP = 1,   /* BERT's cleaner removes it */
    UNICODE_CJK = 2,    /* BERT puts spaces around it */
    UNICODE_MN = 4,     /* BERT's accent stripper removes it */
    UNICODE_MARK = 8,   /* the StripAccents normaliser removes it */
    UNICODE_SPACE = 16, /* White_Space; what the cleaner keeps of it becomes U+0020 */
    UNICODE_PUNCT = 32, /* BERT's pre-tokenizer isolates it */
    UNICODE_WORD = 64,  /* regex \w */
    UNICODE_NFD = 128   /* has an entry in the list of decompositions */
};

struct unicode_record {
    int32_t lower_delta; /* add for the lower-case character */
    uint8_t flags;       /* UNICODE_* */
    uint8_t combining;   /* canonical combining class */
};

struct unicode_decomposition {
    uint32_t c;
    uint16_t first; /* in cuvee__unicode_pool */
    uint16_t n;     /* 1 to 4 */
};

extern const char cuvee__unicode_source[]; /* name and version of the reference */
extern const struct unicode_record cuvee__unicode_records[];
extern const uint8_t cuvee__unicode_index[];
extern const uint8_t cuvee__unicode_blocks[][128];
extern const size_t cuvee__unicode_n_decompositions;
extern const struct unicode_decomposition cuvee__unicode_decompositions[];
extern const uint32_t cuvee__unicode_pool[];

/* Longest decomposition of one character. */
#define CUVEE__UNICODE_MAX_DECOMPOSITION 4

/* c is a scalar value. */
static inline const struct unicode_record *unicode_record(uint32_t c)
{
    return &cuvee__unicode_records[cuvee__unicode_blocks[cuvee__unicode_index[c >> 7]][c & 127]];
}

/* Full canonical decomposition of c, without reordering. Writes 1 to 4 characters, returns how
 * many. */
size_t cuvee__unicode_decompose(uint32_t c, uint32_t out[CUVEE__UNICODE_MAX_DECOMPOSITION]);

#endif
