/* SPDX-License-Identifier: Apache-2.0
 *
 * ASCII goes through a table. Any other stretch, together with ASCII that is dropped inside it, is
 * decoded and put through the steps one by one. The stretch may be taken alone: an ASCII character
 * that stays has combining class 0, so no mark is reordered across it. */
#include "text/normalizer.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/utf8.h"
#include "text/unicode.h"

enum { ASCII_DROPPED = 0x80, N_COMBINING_CLASSES = 256 };

/* Marks in a row up to which insertion sort is used. */
#define SHORT_RUN 16

bool cuvee__normalizer_add(struct normalizer *n, enum normalizer_step step)
{
    if (n->n_steps == CUVEE__MAX_NORMALIZER_STEPS) return false;
    n->steps[n->n_steps++] = (uint8_t)step;
    return true;
}

bool cuvee__normalizer_lowercases(const struct normalizer *n)
{
    return n->ascii['A'] == 'a';
}

void cuvee__normalizer_scratch_deinit(struct normalizer_scratch *s)
{
    cuvee__free(s->chars);
    cuvee__free(s->other);
    *s = (struct normalizer_scratch){0};
}

static int scratch_reserve(struct normalizer_scratch *s, size_t n_chars)
{
    if (n_chars <= s->room) return CUVEE_OK;
    const size_t room = cuvee__max(n_chars, cuvee__max(64, s->room * 2));
    uint32_t *chars = cuvee__realloc_array(s->chars, room, sizeof *chars);
    if (!chars) return CUVEE_E_NOMEM;
    s->chars = chars;
    uint32_t *other = cuvee__realloc_array(s->other, room, sizeof *other);
    if (!other) return CUVEE_E_NOMEM;
    s->other = other;
    s->room = room;
    return CUVEE_OK;
}

static void scratch_swap(struct normalizer_scratch *s)
{
    uint32_t *chars = s->chars;
    s->chars = s->other;
    s->other = chars;
}

static size_t clean(uint32_t *c, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned flags = unicode_record(c[i])->flags;
        if (!(flags & UNICODE_DROP)) c[kept++] = flags & UNICODE_SPACE ? ' ' : c[i];
    }
    return kept;
}

static size_t strip(uint32_t *c, size_t n, unsigned flag)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!(unicode_record(c[i])->flags & flag)) c[kept++] = c[i];
    return kept;
}

static size_t space_out_cjk(const uint32_t *c, size_t n, uint32_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        const bool is_cjk = unicode_record(c[i])->flags & UNICODE_CJK;
        if (is_cjk) out[len++] = ' ';
        out[len++] = c[i];
        if (is_cjk) out[len++] = ' ';
    }
    return len;
}

static size_t lower(const uint32_t *c, size_t n, uint32_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        out[len++] = c[i] + (uint32_t)unicode_record(c[i])->lower_delta;
        if (c[i] == 0x130) out[len++] = 0x307; /* I with dot: the only one that becomes two */
    }
    return len;
}

/* Stable sort of a run of marks by combining class; spare has room for n. A text may be one run of
 * a million marks, so long runs are sorted by counting. */
static void sort_marks(uint32_t *c, size_t n, uint32_t *spare)
{
    if (n <= SHORT_RUN) {
        for (size_t i = 1; i < n; i++) {
            const uint32_t mark = c[i];
            size_t j = i;
            for (; j && unicode_record(c[j - 1])->combining > unicode_record(mark)->combining; j--)
                c[j] = c[j - 1];
            c[j] = mark;
        }
        return;
    }
    size_t starts[N_COMBINING_CLASSES + 1] = {0};
    for (size_t i = 0; i < n; i++) starts[unicode_record(c[i])->combining + 1]++;
    for (size_t k = 1; k <= N_COMBINING_CLASSES; k++) starts[k] += starts[k - 1];
    for (size_t i = 0; i < n; i++) spare[starts[unicode_record(c[i])->combining]++] = c[i];
    memcpy(c, spare, n * sizeof *c);
}

/* Decomposes c into out and puts marks in canonical order; c is spare room afterwards. */
static size_t decompose(uint32_t *c, size_t n, uint32_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) len += cuvee__unicode_decompose(c[i], out + len);
    for (size_t i = 0; i < len;) {
        size_t end = i;
        while (end < len && unicode_record(out[end])->combining) end++;
        if (end - i > 1) sort_marks(out + i, end - i, c);
        i = end + 1;
    }
    return len;
}

/* One step on the n characters in s->chars, which has room for the widest growth; returns their new
 * number. */
static size_t apply_step(enum normalizer_step step, struct normalizer_scratch *s, size_t n)
{
    switch (step) {
    case NORMALIZE_CLEAN:
        return clean(s->chars, n);
    case NORMALIZE_STRIP_MN:
        return strip(s->chars, n, UNICODE_MN);
    case NORMALIZE_STRIP_MARKS:
        return strip(s->chars, n, UNICODE_MARK);
    case NORMALIZE_CJK:
        n = space_out_cjk(s->chars, n, s->other);
        break;
    case NORMALIZE_NFD:
        n = decompose(s->chars, n, s->other);
        break;
    case NORMALIZE_LOWER:
        n = lower(s->chars, n, s->other);
        break;
    }
    scratch_swap(s);
    return n;
}

static int normalize_stretch(const struct normalizer *norm, struct span text,
                             struct normalizer_scratch *s, struct buffer *out)
{
    int rc = scratch_reserve(s, text.len);
    if (rc < 0) return rc;
    size_t n = 0;
    for (size_t i = 0, step; i < text.len; i += step)
        s->chars[n++] = cuvee__utf8_decode(text.ptr + i, text.len - i, &step);
    for (size_t i = 0; i < norm->n_steps; i++) {
        size_t room;
        if (!cuvee__mul(n, CUVEE__UNICODE_MAX_DECOMPOSITION, &room)) return CUVEE_E_NOMEM;
        if ((rc = scratch_reserve(s, room)) < 0) return rc;
        n = apply_step((enum normalizer_step)norm->steps[i], s, n);
    }
    size_t room;
    if (!cuvee__mul(n, 4, &room)) return CUVEE_E_NOMEM;
    if ((rc = cuvee__buffer_reserve(out, room)) < 0) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < n; i++) out->len += cuvee__utf8_encode(s->chars[i], out->ptr + out->len);
    return CUVEE_OK;
}

void cuvee__normalizer_finish(struct normalizer *norm)
{
    uint32_t chars[CUVEE__UNICODE_MAX_DECOMPOSITION], other[CUVEE__UNICODE_MAX_DECOMPOSITION];
    for (uint32_t c = 0; c < 128; c++) {
        struct normalizer_scratch s = {chars, other, CUVEE__UNICODE_MAX_DECOMPOSITION};
        size_t n = 1;
        s.chars[0] = c;
        for (size_t i = 0; i < norm->n_steps; i++)
            n = apply_step((enum normalizer_step)norm->steps[i], &s, n);
        norm->ascii[c] = n ? (uint8_t)s.chars[0] : ASCII_DROPPED;
    }
    for (size_t i = 0; i < norm->n_steps; i++) norm->spaces_cjk |= norm->steps[i] == NORMALIZE_CJK;
}

/* What the table makes of a byte; bytes of longer characters count as dropped. */
static inline unsigned map_byte(const struct normalizer *n, char byte)
{
    const unsigned char b = (unsigned char)byte;
    return b < 128 ? n->ascii[b] : ASCII_DROPPED;
}

int cuvee__normalize(const struct normalizer *n, struct span text, struct normalizer_scratch *s,
                     struct buffer *out)
{
    size_t i = 0;
    while (i < text.len) {
        if (cuvee__buffer_reserve(out, text.len - i) < 0) return CUVEE_E_NOMEM;
        char *to = out->ptr + out->len;
        unsigned mapped;
        while (i < text.len && (mapped = map_byte(n, text.ptr[i])) != ASCII_DROPPED) {
            *to++ = (char)mapped;
            i++;
        }
        out->len = (size_t)(to - out->ptr);
        const size_t from = i;
        while (i < text.len && map_byte(n, text.ptr[i]) == ASCII_DROPPED) i++;
        if (i > from) {
            const int rc = normalize_stretch(n, (struct span){text.ptr + from, i - from}, s, out);
            if (rc < 0) return rc;
        }
    }
    return CUVEE_OK;
}
