/* SPDX-License-Identifier: Apache-2.0
 *
 * A tokenizer as bytes: the fixed part below, then arrays whose sizes it gives, one after the other
 * in the order of struct arrays. There are no offsets to check, only that the sizes add up.
 *
 * The vocabulary's hash table, entries and text are nearly all of it and are used where they lie:
 * no time and no memory for them in each process. What the fixed part says is put through the same
 * functions that a tokenizer.json goes through, and so checked by them. */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/pipeline.h"

enum { IMAGE_SHOWS_TYPE_IDS = 1, IMAGE_HAS_EMPTY_WORD = 2 };
enum { ADDED_SINGLE_WORD = 1, ADDED_LSTRIP = 2, ADDED_RSTRIP = 4, ADDED_NORMALIZED = 8 };

/* 128 bytes, no gaps. */
struct fixed_part {
    uint32_t flags; /* IMAGE_* */
    uint32_t pretokenizer, n_steps;
    int32_t unk_id;
    uint8_t steps[CUVEE__MAX_NORMALIZER_STEPS];
    uint64_t max_length, max_chars;
    uint64_t n_words, longest;
    /* Sizes of the arrays. */
    uint64_t n_single, n_pair, n_added, n_slots, n_ids;
    uint64_t text_bytes, added_bytes, prefix_bytes;
};

struct added_record {
    uint32_t bytes; /* of its content; the contents follow each other */
    int32_t id;
    uint32_t flags; /* ADDED_* */
    uint32_t zero;
};

_Static_assert(sizeof(struct fixed_part) == 128, "no gaps");
_Static_assert(sizeof(struct vocabulary_entry) == 8 && sizeof(struct vocabulary_slot) == 8 &&
                   sizeof(struct template_part) == 8,
               "no gaps: these lie in the image as they are");

struct arrays {
    const struct template_part *single, *pair;
    const struct added_record *added;
    const struct vocabulary_slot *slots;
    const struct vocabulary_entry *entries; /* (n_ids) */
    const char *text, *added_text, *prefix;
};

/* ---- writing ---- */

static struct added_record added_record_of(const struct added_token *t)
{
    return (struct added_record){
        .bytes = (uint32_t)t->content.len,
        .id = t->id,
        .flags = (t->single_word ? ADDED_SINGLE_WORD : 0u) | (t->lstrip ? ADDED_LSTRIP : 0u) |
                 (t->rstrip ? ADDED_RSTRIP : 0u) | (t->normalized ? ADDED_NORMALIZED : 0u),
    };
}

static int write_added(const struct added_tokens *a, struct buffer *out)
{
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && i < a->n; i++) {
        const struct added_record record = added_record_of(&a->tokens[i]);
        rc = cuvee__buffer_append(out, &record, sizeof record);
    }
    return rc;
}

static int write_arrays(const struct tokenizer *t, struct buffer *out)
{
    const struct vocabulary *v = &t->wordpiece.vocabulary;
    const struct added_tokens *a = &t->added;
    int rc = cuvee__buffer_append(out, t->single.parts, t->single.n * sizeof *t->single.parts);
    if (rc == CUVEE_OK)
        rc = cuvee__buffer_append(out, t->pair.parts, t->pair.n * sizeof *t->pair.parts);
    if (rc == CUVEE_OK) rc = write_added(a, out);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(out, v->slots, v->n_slots * sizeof *v->slots);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(out, v->entries, v->n_ids * sizeof *v->entries);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(out, v->text, v->text_len);
    for (size_t i = 0; rc == CUVEE_OK && i < a->n; i++)
        rc = cuvee__buffer_append(out, a->tokens[i].content.ptr, a->tokens[i].content.len);
    if (rc == CUVEE_OK)
        rc = cuvee__buffer_append(out, t->wordpiece.prefix.ptr, t->wordpiece.prefix.len);
    return rc;
}

int cuvee__tokenizer_image_write(const struct tokenizer *t, struct buffer *out, cuvee_error *err)
{
    const struct vocabulary *v = &t->wordpiece.vocabulary;
    struct fixed_part f = {
        .flags = (t->shows_type_ids ? IMAGE_SHOWS_TYPE_IDS : 0u) |
                 (v->has_empty ? IMAGE_HAS_EMPTY_WORD : 0u),
        .pretokenizer = t->pretokenizer.kind,
        .n_steps = (uint32_t)t->normalizer.n_steps,
        .unk_id = t->wordpiece.unk_id,
        .max_length = t->max_length,
        .max_chars = t->wordpiece.max_chars,
        .n_words = v->n_words,
        .longest = v->longest,
        .n_single = t->single.n,
        .n_pair = t->pair.n,
        .n_added = t->added.n,
        .n_slots = v->n_slots,
        .n_ids = v->n_ids,
        .text_bytes = v->text_len,
        .prefix_bytes = t->wordpiece.prefix.len,
    };
    memcpy(f.steps, t->normalizer.steps, t->normalizer.n_steps);
    for (size_t i = 0; i < t->added.n; i++) f.added_bytes += t->added.tokens[i].content.len;
    int rc = cuvee__buffer_append(out, &f, sizeof f);
    if (rc == CUVEE_OK) rc = write_arrays(t, out);
    return rc < 0 ? cuvee__fail(err, rc, "tokenizer: %s", cuvee_code_name(rc)) : CUVEE_OK;
}

/* ---- reading ---- */

/* The next n items of *rest; NULL when it has fewer. */
static const void *take(struct span *rest, uint64_t n, size_t item_bytes)
{
    size_t bytes;
    if (!rest->ptr || n > SIZE_MAX || !cuvee__mul((size_t)n, item_bytes, &bytes) ||
        bytes > rest->len) {
        *rest = (struct span){0}; /* all further ones fail, too */
        return NULL;
    }
    const void *items = rest->ptr;
    *rest = (struct span){rest->ptr + bytes, rest->len - bytes};
    return items;
}

static int find_arrays(const struct fixed_part *f, struct span rest, struct arrays *ret,
                       cuvee_error *err)
{
    struct arrays a = {0};
    a.single = take(&rest, f->n_single, sizeof *a.single);
    a.pair = take(&rest, f->n_pair, sizeof *a.pair);
    a.added = take(&rest, f->n_added, sizeof *a.added);
    a.slots = take(&rest, f->n_slots, sizeof *a.slots);
    a.entries = take(&rest, f->n_ids, sizeof *a.entries);
    a.text = take(&rest, f->text_bytes, 1);
    a.added_text = take(&rest, f->added_bytes, 1);
    a.prefix = take(&rest, f->prefix_bytes, 1);
    if (!a.prefix || rest.len)
        return cuvee__fail(err, CUVEE_E_FORMAT, "sizes do not add up");
    *ret = a;
    return CUVEE_OK;
}

static int open_template(struct token_template *t, const struct template_part *parts, uint64_t n,
                         size_t vocab_size, bool is_pair, cuvee_error *err)
{
    int rc = CUVEE_OK;
    for (uint64_t i = 0; rc == CUVEE_OK && i < n; i++) {
        const struct template_part p = parts[i];
        const bool is_text = p.id == TEMPLATE_TEXT_A || p.id == TEMPLATE_TEXT_B;
        if ((!is_text && (p.id < 0 || (size_t)p.id >= vocab_size)) || p.type_id < 0 ||
            p.type_id > CUVEE__MAX_TYPE_ID)
            return cuvee__fail(err, CUVEE_E_FORMAT, "template part has id %d, type %d", (int)p.id,
                               (int)p.type_id);
        rc = cuvee__template_add(t, p.id, p.type_id, err);
    }
    return rc < 0 ? rc : cuvee__template_check(t, is_pair, is_pair ? "pair" : "single", err);
}

static int open_steps(struct tokenizer *t, const struct fixed_part *f, cuvee_error *err)
{
    bool fits = f->n_steps <= CUVEE__MAX_NORMALIZER_STEPS;
    for (uint32_t i = 0; fits && i < f->n_steps; i++)
        fits = f->steps[i] <= NORMALIZE_LOWER &&
               cuvee__normalizer_add(&t->normalizer, (enum normalizer_step)f->steps[i]);
    if (!fits || f->pretokenizer > PRETOKENIZE_WHITE_SPACE)
        return cuvee__fail(err, CUVEE_E_FORMAT, "unknown normalizer step or pre-tokenizer");
    cuvee__normalizer_finish(&t->normalizer);
    cuvee__pretokenizer_init(&t->pretokenizer, (enum pretokenizer_kind)f->pretokenizer);
    return CUVEE_OK;
}

static int open_wordpiece(struct wordpiece *w, const struct fixed_part *f, const struct arrays *a,
                          size_t vocab_size, cuvee_error *err)
{
    /* Hashing relies on a power of two; a word's scratch on max_chars. */
    if (f->n_ids != vocab_size || !f->n_slots || (f->n_slots & (f->n_slots - 1)) ||
        f->longest > f->text_bytes || f->text_bytes > UINT32_MAX || f->max_chars < 1 ||
        f->max_chars > CUVEE__MAX_WORD_CHARS || f->unk_id < 0 || (size_t)f->unk_id >= vocab_size)
        return cuvee__fail(err, CUVEE_E_FORMAT, "vocabulary does not fit the model");
    w->vocabulary = (struct vocabulary){
        .text = a->text,
        .entries = a->entries,
        .slots = a->slots,
        .text_len = (size_t)f->text_bytes,
        .n_ids = vocab_size,
        .n_slots = (size_t)f->n_slots,
        .n_words = (size_t)f->n_words,
        .longest = (size_t)f->longest,
        .has_empty = f->flags & IMAGE_HAS_EMPTY_WORD,
    };
    const int rc = cuvee__vocabulary_check(&w->vocabulary, err);
    if (rc < 0) return rc;
    const struct span prefix = {a->prefix, (size_t)f->prefix_bytes};
    return cuvee__wordpiece_restore(w, prefix, f->unk_id, (size_t)f->max_chars, err);
}

static int open_added(struct added_tokens *added, const struct fixed_part *f,
                      const struct arrays *a, cuvee_error *err)
{
    if (f->n_added > CUVEE__MAX_ADDED_TOKENS)
        return cuvee__fail(err, CUVEE_E_LIMIT, "more than %d added tokens",
                           CUVEE__MAX_ADDED_TOKENS);
    const size_t n = (size_t)f->n_added;
    struct added_token *tokens = cuvee__alloc_array(n, sizeof *tokens);
    if (!tokens) return cuvee__fail(err, CUVEE_E_NOMEM, "added tokens: out of memory");
    struct span rest = {a->added_text, (size_t)f->added_bytes};
    int rc = CUVEE_OK;
    for (size_t i = 0; i < n && rc == CUVEE_OK; i++) {
        const struct added_record r = a->added[i];
        const char *content = take(&rest, r.bytes, 1);
        if (!content || r.bytes > CUVEE__MAX_ADDED_TOKEN_BYTES) {
            rc = cuvee__fail(err, CUVEE_E_FORMAT, "added token %zu lies outside the text", i);
            break;
        }
        tokens[i] = (struct added_token){
            .content = {content, r.bytes},
            .id = r.id,
            .single_word = r.flags & ADDED_SINGLE_WORD,
            .lstrip = r.flags & ADDED_LSTRIP,
            .rstrip = r.flags & ADDED_RSTRIP,
            .normalized = r.flags & ADDED_NORMALIZED,
        };
    }
    if (rc == CUVEE_OK)
        rc = cuvee__added_tokens_restore(added, tokens, n, (size_t)f->n_ids, err);
    cuvee__free(tokens);
    return rc;
}

static int open_parts(struct tokenizer *t, struct span image, size_t vocab_size, cuvee_error *err)
{
    const struct fixed_part *f = take(&image, 1, sizeof *f);
    struct arrays a = {0};
    if (!f) return cuvee__fail(err, CUVEE_E_FORMAT, "ends inside its fixed part");
    int rc = find_arrays(f, image, &a, err);
    if (rc < 0) return rc;
    t->max_length = (size_t)f->max_length;
    t->shows_type_ids = f->flags & IMAGE_SHOWS_TYPE_IDS;
    if ((rc = open_steps(t, f, err)) < 0) return rc;
    if ((rc = open_wordpiece(&t->wordpiece, f, &a, vocab_size, err)) < 0) return rc;
    if ((rc = open_template(&t->single, a.single, f->n_single, vocab_size, false, err)) < 0)
        return rc;
    if ((rc = open_template(&t->pair, a.pair, f->n_pair, vocab_size, true, err)) < 0) return rc;
    return open_added(&t->added, f, &a, err);
}

int cuvee__tokenizer_image_open(struct span image, size_t vocab_size,
                                struct tokenizer **ret_tokenizer, cuvee_error *err)
{
    struct tokenizer *t = cuvee__calloc(1, sizeof *t);
    if (!t) return cuvee__fail(err, CUVEE_E_NOMEM, "tokenizer: out of memory");
    const int rc = open_parts(t, image, vocab_size, err);
    if (rc < 0) {
        cuvee__error_prefix(err, "tokenizer");
        cuvee__tokenizer_close(t);
        return rc;
    }
    *ret_tokenizer = t;
    return CUVEE_OK;
}
