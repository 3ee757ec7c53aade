/* SPDX-License-Identifier: Apache-2.0
 *
 * Pre-tokenizers: cut normalised text into the words that the model gets one by one. All kinds here
 * put a character into one of four classes and cut where the class changes. */
#ifndef CUVEE_TEXT_PRETOKENIZER_H
#define CUVEE_TEXT_PRETOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum pretokenizer_kind {
    PRETOKENIZE_BERT,       /* BertPreTokenizer: white space goes, punctuation stands alone */
    PRETOKENIZE_WORDS,      /* Whitespace: runs of \w, runs of neither \w nor \s */
    PRETOKENIZE_WHITE_SPACE /* WhitespaceSplit */
};

enum word_class {
    CLASS_SPACE,  /* between words */
    CLASS_WORD,   /* a run is a word */
    CLASS_SYMBOL, /* a run is a word */
    CLASS_ALONE   /* each character is a word */
};

struct pretokenizer {
    enum pretokenizer_kind kind;
    uint8_t ascii[128]; /* enum word_class */
};

void cuvee__pretokenizer_init(struct pretokenizer *p, enum pretokenizer_kind kind);

/* Take the next word off the front of *text, valid UTF-8; false when there is none. */
bool cuvee__pretokenizer_next(const struct pretokenizer *p, struct span *text,
                              struct span *ret_word);

/* True when a word can neither end with nor go on past this ASCII character. */
static inline bool pretokenizer_cuts_at(const struct pretokenizer *p, unsigned char c)
{
    return c < 128 && (p->ascii[c] == CLASS_SPACE || p->ascii[c] == CLASS_ALONE);
}

#endif
