/* SPDX-License-Identifier: Apache-2.0
 *
 * Normalisers: clean, space out ideographs, decompose, strip marks, lower-case. A normaliser is a
 * list of such steps in the order of the file. Only steps whose effect on an ASCII character
 * depends on that character alone may be added here: the fast path and the cutting of long texts
 * rely on it. */
#ifndef CUVEE_TEXT_NORMALIZER_H
#define CUVEE_TEXT_NORMALIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

enum normalizer_step {
    NORMALIZE_CLEAN,       /* BertNormalizer clean_text */
    NORMALIZE_CJK,         /* BertNormalizer handle_chinese_chars */
    NORMALIZE_NFD,         /* NFD; BertNormalizer strip_accents, first half */
    NORMALIZE_STRIP_MN,    /* BertNormalizer strip_accents, second half */
    NORMALIZE_STRIP_MARKS, /* StripAccents */
    NORMALIZE_LOWER        /* Lowercase; BertNormalizer lowercase */
};

#define CUVEE__MAX_NORMALIZER_STEPS 16

struct normalizer {
    size_t n_steps;
    uint8_t steps[CUVEE__MAX_NORMALIZER_STEPS]; /* enum normalizer_step */
    /* Derived from the steps: */
    uint8_t ascii[128]; /* what a character becomes; 128 or more = nothing */
    bool spaces_cjk;
};

/* Append a step; false when the list is full. */
bool cuvee__normalizer_add(struct normalizer *n, enum normalizer_step step);
/* Fill the derived parts; call once all steps are there. */
void cuvee__normalizer_finish(struct normalizer *n);
bool cuvee__normalizer_lowercases(const struct normalizer *n);

/* Scratch for the characters of one stretch that is not ASCII. Start with {0}. */
struct normalizer_scratch {
    uint32_t *chars, *other; /* room characters each */
    size_t room;
};

void cuvee__normalizer_scratch_deinit(struct normalizer_scratch *s);

/* Append the normal form of text, valid UTF-8, to out, in linear time.
 * Returns CUVEE_OK or CUVEE_E_NOMEM. */
int cuvee__normalize(const struct normalizer *n, struct span text, struct normalizer_scratch *s,
                     struct buffer *out);

#endif
