/* SPDX-License-Identifier: Apache-2.0
 *
 * From a text to ids. Each side of a pair goes through: repair of invalid UTF-8 -> added tokens of
 * the raw text -> the rest in chunks: normalise, cut into words, look up. A chunk ends where a word
 * must end, so it gives the same ids as the whole; it lets a side stop as soon as nothing further
 * can count. Ids go into a ring of as many as can be kept: the first ones (truncation right) or the
 * last ones (left). */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/pipeline.h"
#include "text/truncation.h"
#include "text/unicode.h"

/* Bytes of text normalised at a time: stays in the first-level cache. */
#define CHUNK_BYTES 4096

struct side {
    int32_t *ring; /* (room) */
    size_t room;   /* allocated */
    size_t kept;   /* ids that can be kept: the size of the ring in use */
    size_t stop;   /* count at which further tokens no longer matter */
    bool keep_last;
    size_t at; /* next place in the ring, when keep_last */
    size_t n;  /* tokens so far, also those not kept */
};

struct encoder {
    const struct tokenizer *t;
    struct buffer repaired[2]; /* texts with invalid UTF-8 replaced */
    struct buffer normalized;  /* one chunk */
    struct normalizer_scratch normalizer;
    struct wordpiece_scratch wordpiece;
    struct side sides[2];
};

int cuvee__encoder_create(const struct tokenizer *t, struct encoder **ret_encoder, cuvee_error *err)
{
    struct encoder *e = cuvee__calloc(1, sizeof *e);
    if (!e || cuvee__wordpiece_scratch_init(&e->wordpiece, &t->wordpiece) < 0) {
        cuvee__free(e);
        return cuvee__fail(err, CUVEE_E_NOMEM, "encoder: out of memory");
    }
    e->t = t;
    *ret_encoder = e;
    return CUVEE_OK;
}

void cuvee__encoder_free(struct encoder *e)
{
    if (!e) return;
    cuvee__buffer_deinit(&e->normalized);
    cuvee__normalizer_scratch_deinit(&e->normalizer);
    cuvee__wordpiece_scratch_deinit(&e->wordpiece);
    for (size_t i = 0; i < 2; i++) {
        cuvee__buffer_deinit(&e->repaired[i]);
        cuvee__free(e->sides[i].ring);
    }
    cuvee__free(e);
}

/* ------------------------------------------------------------------------------------------ */
/* One side                                                                                   */

static int side_start(struct side *s, size_t budget, unsigned truncation)
{
    if (budget > s->room) {
        int32_t *ring = cuvee__realloc_array(s->ring, budget, sizeof *ring);
        if (!ring) return CUVEE_E_NOMEM;
        s->ring = ring;
        s->room = budget;
    }
    s->kept = budget;
    s->keep_last = truncation == CUVEE_TRUNCATE_LEFT;
    /* One more than fits tells that something is dropped. */
    s->stop = s->keep_last ? SIZE_MAX : budget + 1;
    s->at = s->n = 0;
    return CUVEE_OK;
}

static void side_push(struct side *s, int32_t id)
{
    if (!s->keep_last) {
        if (s->n < s->kept) s->ring[s->n] = id;
    } else if (s->kept) {
        s->ring[s->at] = id;
        s->at = s->at + 1 == s->kept ? 0 : s->at + 1;
    }
    s->n++;
}

static void reverse(int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const int32_t id = ids[i];
        ids[i] = ids[n - 1 - i];
        ids[n - 1 - i] = id;
    }
}

/* The `keep` ids that count, in order. Spends the side. */
static struct kept_ids side_take(struct side *s, size_t keep)
{
    if (!s->keep_last || s->n <= s->kept) {
        const size_t skip = s->keep_last ? s->n - keep : 0;
        return (struct kept_ids){s->ring + skip, keep};
    }
    /* The ring is full and begins at s->at: rotate it in place. */
    reverse(s->ring, s->at);
    reverse(s->ring + s->at, s->kept - s->at);
    reverse(s->ring, s->kept);
    return (struct kept_ids){s->ring + s->kept - keep, keep};
}

/* ------------------------------------------------------------------------------------------ */
/* Text to tokens                                                                             */

static void encode_words(struct encoder *e, struct span text, struct side *s)
{
    struct span word;
    while (s->n < s->stop && cuvee__pretokenizer_next(&e->t->pretokenizer, &text, &word)) {
        const size_t n = cuvee__wordpiece_encode(&e->t->wordpiece, word, &e->wordpiece);
        for (size_t i = 0; i < n; i++) side_push(s, e->wordpiece.ids[i]);
    }
}

/* True when a word must begin at this byte, and normalising may begin there as well. */
static bool may_cut_at(const struct tokenizer *t, const char *p, size_t len)
{
    const unsigned char b = (unsigned char)*p;
    if (b < 128) return pretokenizer_cuts_at(&t->pretokenizer, t->normalizer.ascii[b]);
    if (b < 0xE0 || !t->normalizer.spaces_cjk) return false;
    size_t step;
    return unicode_record(cuvee__utf8_decode(p, len, &step))->flags & UNICODE_CJK;
}

/* Take a chunk off the front of *text: CHUNK_BYTES and on to the next place to cut. */
static struct span next_chunk(const struct tokenizer *t, struct span *text)
{
    size_t len = cuvee__min(text->len, CHUNK_BYTES);
    while (len < text->len && !may_cut_at(t, text->ptr + len, text->len - len)) len++;
    const struct span chunk = {text->ptr, len};
    *text = (struct span){text->ptr + len, text->len - len};
    return chunk;
}

static int normalize(struct encoder *e, struct span text)
{
    e->normalized.len = 0;
    return cuvee__normalize(&e->t->normalizer, text, &e->normalizer, &e->normalized);
}

/* A piece between two added tokens of the raw text. */
static int encode_piece(struct encoder *e, struct span text, struct side *s)
{
    const struct added_tokens *added = &e->t->added;
    if (added->normalized.n == 0) {
        while (text.len && s->n < s->stop) {
            const int rc = normalize(e, next_chunk(e->t, &text));
            if (rc < 0) return rc;
            encode_words(e, buffer_span(&e->normalized), s);
        }
        return CUVEE_OK;
    }
    /* Tokens that match normalised text may reach across any place to cut. */
    const int rc = normalize(e, text);
    if (rc < 0) return rc;
    struct added_scan scan =
        cuvee__added_scan(added, &added->normalized, buffer_span(&e->normalized));
    struct span gap;
    int32_t id;
    while (s->n < s->stop && cuvee__added_next(&scan, &gap, &id)) {
        encode_words(e, gap, s);
        if (id >= 0) side_push(s, id);
    }
    return CUVEE_OK;
}

static int encode_side(struct encoder *e, struct span text, struct side *s)
{
    const struct added_tokens *added = &e->t->added;
    struct added_scan scan = cuvee__added_scan(added, &added->raw, text);
    struct span gap;
    int32_t id;
    while (s->n < s->stop && cuvee__added_next(&scan, &gap, &id)) {
        const int rc = gap.len ? encode_piece(e, gap, s) : CUVEE_OK;
        if (rc < 0) return rc;
        if (id >= 0) side_push(s, id);
    }
    return CUVEE_OK;
}

/* ------------------------------------------------------------------------------------------ */
/* Texts and pairs                                                                            */

/* Make *text valid UTF-8, in `repaired` if it is not. */
static int repair(struct buffer *repaired, struct span *text, bool *was_invalid)
{
    if (!text->len || cuvee__utf8_valid_prefix(text->ptr, text->len) == text->len) return CUVEE_OK;
    uint64_t n_replaced = 0;
    repaired->len = 0;
    const int rc = cuvee__utf8_append_valid(repaired, text->ptr, text->len, &n_replaced);
    *text = buffer_span(repaired);
    *was_invalid = true;
    return rc;
}

/* Both sides stopped at budget + 1 tokens, and of an odd budget the longer one keeps more: count
 * all of A, and of B as much as tells. */
static int compare_lengths(struct encoder *e, const struct span texts[2], bool *ret_a_is_longer)
{
    struct side a = {.stop = SIZE_MAX};
    int rc = encode_side(e, texts[0], &a);
    if (rc < 0) return rc;
    struct side b = {.stop = a.n};
    rc = encode_side(e, texts[1], &b);
    *ret_a_is_longer = b.n < a.n;
    return rc;
}

/* How many ids each side keeps; called when not all fit. */
static int keep_of_pair(struct encoder *e, const struct span texts[2], size_t budget,
                        size_t keep[2])
{
    const size_t n_a = e->sides[0].n, n_b = e->sides[1].n;
    bool a_is_longer = n_a > n_b;
    if (n_a >= e->sides[0].stop && n_b >= e->sides[1].stop && budget % 2) {
        const int rc = compare_lengths(e, texts, &a_is_longer);
        if (rc < 0) return rc;
    }
    truncate_pair(n_a, n_b, budget, a_is_longer, &keep[0], &keep[1]);
    return CUVEE_OK;
}

int cuvee__encode(struct encoder *e, const cuvee_text *text, size_t max_length, unsigned truncation,
                  int32_t *ids, int32_t *type_ids, struct encoding *ret)
{
    const bool is_pair = text->pair_ptr != NULL;
    const struct token_template *template = is_pair ? &e->t->pair : &e->t->single;
    if (max_length < template->n_special) return CUVEE_E_ARGUMENT;
    const size_t budget = max_length - template->n_special;

    struct span texts[2] = {{text->ptr, text->len}, {text->pair_ptr, text->pair_len}};
    size_t keep[2] = {0, 0}, total = 0;
    bool replaced = false;
    for (size_t i = 0; i < (is_pair ? 2 : 1); i++) {
        int rc = repair(&e->repaired[i], &texts[i], &replaced);
        if (rc == CUVEE_OK) rc = side_start(&e->sides[i], budget, truncation);
        if (rc == CUVEE_OK) rc = encode_side(e, texts[i], &e->sides[i]);
        if (rc < 0) return rc;
        keep[i] = e->sides[i].n;
        total += keep[i];
    }
    if (total > budget) {
        if (truncation == CUVEE_TRUNCATE_ERROR) return CUVEE_E_TOO_LONG;
        keep[0] = budget;
        const int rc = is_pair ? keep_of_pair(e, texts, budget, keep) : CUVEE_OK;
        if (rc < 0) return rc;
    }
    struct kept_ids kept[2] = {{NULL, 0}, {NULL, 0}};
    for (size_t i = 0; i < (is_pair ? 2 : 1); i++) kept[i] = side_take(&e->sides[i], keep[i]);
    ret->n = cuvee__template_apply(template, kept, ids, type_ids);
    ret->truncated = total > budget;
    ret->replaced = replaced;
    return CUVEE_OK;
}
