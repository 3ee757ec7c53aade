/* SPDX-License-Identifier: Apache-2.0 */
#include "text/pretokenizer.h"

#include "base/utf8.h"
#include "text/unicode.h"

static enum word_class classify(enum pretokenizer_kind kind, unsigned flags)
{
    if (flags & UNICODE_SPACE) return CLASS_SPACE;
    switch (kind) {
    case PRETOKENIZE_BERT:
        return flags & UNICODE_PUNCT ? CLASS_ALONE : CLASS_WORD;
    case PRETOKENIZE_WORDS:
        return flags & UNICODE_WORD ? CLASS_WORD : CLASS_SYMBOL;
    case PRETOKENIZE_WHITE_SPACE:
        break;
    }
    return CLASS_WORD;
}

void cuvee__pretokenizer_init(struct pretokenizer *p, enum pretokenizer_kind kind)
{
    p->kind = kind;
    for (uint32_t c = 0; c < 128; c++)
        p->ascii[c] = (uint8_t)classify(kind, unicode_record(c)->flags);
}

/* Class of the character at the start of text (not empty), and its length. */
static inline enum word_class class_at(const struct pretokenizer *p, const char *ptr, size_t len,
                                       size_t *ret_step)
{
    const unsigned char b = (unsigned char)*ptr;
    if (b < 128) {
        *ret_step = 1;
        return (enum word_class)p->ascii[b];
    }
    return classify(p->kind, unicode_record(cuvee__utf8_decode(ptr, len, ret_step))->flags);
}

bool cuvee__pretokenizer_next(const struct pretokenizer *p, struct span *text,
                              struct span *ret_word)
{
    const char *at = text->ptr, *const end = text->ptr + text->len;
    enum word_class class = CLASS_SPACE;
    size_t step = 0;
    while (at < end && (class = class_at(p, at, (size_t)(end - at), &step)) == CLASS_SPACE)
        at += step;
    const char *const start = at;
    if (at < end) at += step;
    if (class != CLASS_ALONE)
        while (at < end && class_at(p, at, (size_t)(end - at), &step) == class) at += step;
    *ret_word = (struct span){start, (size_t)(at - start)};
    *text = (struct span){at, (size_t)(end - at)};
    return at > start;
}
