/* SPDX-License-Identifier: Apache-2.0 */
#include "text/vocabulary.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/shown.h"

/* After each change of what is owned. */
static void look_at_own(struct vocabulary *v)
{
    v->text = v->own.text.ptr;
    v->text_len = v->own.text.len;
    v->entries = v->own.entries;
    v->slots = v->own.slots;
}

static int allocate(struct vocabulary *v)
{
    v->own.text.cap_bytes = UINT32_MAX;
    v->own.entries = cuvee__calloc(v->n_ids, sizeof *v->own.entries);
    v->own.slots = cuvee__alloc_array(v->n_slots, sizeof *v->own.slots);
    if (!v->own.entries || !v->own.slots) return CUVEE_E_NOMEM;
    return cuvee__buffer_append_char(&v->own.text, '\0');
}

int cuvee__vocabulary_init(struct vocabulary *v, size_t n_words, size_t n_ids, cuvee_error *err)
{
    *v = (struct vocabulary){.n_ids = n_ids};
    if (n_words > CUVEE__MAX_VOCABULARY || n_ids > CUVEE__MAX_VOCABULARY)
        return cuvee__fail(err, CUVEE_E_LIMIT,
                           "vocabulary of %zu entries and %zu ids, limit is %zu", n_words, n_ids,
                           CUVEE__MAX_VOCABULARY);
    v->n_slots = 16;
    while (v->n_slots < 2 * n_words) v->n_slots *= 2;
    if (allocate(v) < 0) {
        cuvee__vocabulary_deinit(v);
        return cuvee__fail(err, CUVEE_E_NOMEM, "vocabulary: out of memory");
    }
    for (size_t i = 0; i < v->n_slots; i++) v->own.slots[i] = (struct vocabulary_slot){0, -1};
    look_at_own(v);
    return CUVEE_OK;
}

void cuvee__vocabulary_deinit(struct vocabulary *v)
{
    cuvee__buffer_deinit(&v->own.text);
    cuvee__free(v->own.entries);
    cuvee__free(v->own.slots);
    *v = (struct vocabulary){0};
}

static uint64_t hash_of(struct span word)
{
    uint64_t h = CUVEE__HASH_SEED;
    for (size_t i = 0; i < word.len; i++) h = hash_byte(h, word.ptr[i]);
    return h;
}

/* The slot that holds the string, or the free one where it would go. The table is at most half
 * full. */
static size_t probe(const struct vocabulary *v, uint64_t h, struct span head, struct span tail)
{
    size_t i = (size_t)h & (v->n_slots - 1);
    for (; v->slots[i].id >= 0; i = (i + 1) & (v->n_slots - 1)) {
        if (v->slots[i].tag != (uint32_t)(h >> 32)) continue;
        const struct vocabulary_entry *e = &v->entries[v->slots[i].id];
        const char *s = v->text + e->offset;
        if (e->len == head.len + tail.len && (!head.len || memcmp(s, head.ptr, head.len) == 0) &&
            (!tail.len || memcmp(s + head.len, tail.ptr, tail.len) == 0))
            break;
    }
    return i;
}

int32_t cuvee__vocabulary_find_hashed(const struct vocabulary *v, uint64_t h, struct span head,
                                      struct span tail)
{
    return v->slots[probe(v, h, head, tail)].id;
}

int32_t cuvee__vocabulary_find(const struct vocabulary *v, struct span word)
{
    return cuvee__vocabulary_find_hashed(v, hash_of(word), word, (struct span){0});
}

int cuvee__vocabulary_name(struct vocabulary *v, struct span word, int64_t id, cuvee_error *err)
{
    if (id < 0 || (uint64_t)id >= v->n_ids)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "token '%.*s' has id %" PRId64 ", the model has rows for 0 to %zu",
                           SHOWN(word), id, v->n_ids - 1);
    struct vocabulary_entry *e = &v->own.entries[id];
    struct buffer *text = &v->own.text;
    if (e->offset)
        return cuvee__fail(err, CUVEE_E_FORMAT, "tokens '%s' and '%.*s' both have id %" PRId64,
                           v->text + e->offset, SHOWN(word), id);
    const size_t offset = text->len;
    int rc = cuvee__buffer_reserve(text, word.len + 1);
    if (rc < 0) return cuvee__fail(err, rc, "vocabulary: %s", cuvee_code_name(rc));
    if (word.len) memcpy(text->ptr + offset, word.ptr, word.len);
    text->ptr[offset + word.len] = '\0';
    text->len += word.len + 1;
    *e = (struct vocabulary_entry){(uint32_t)offset, (uint32_t)word.len};
    look_at_own(v);
    return CUVEE_OK;
}

static int add(struct vocabulary *v, struct span word, int64_t id, bool move, cuvee_error *err)
{
    if (word.len == 0) {
        v->n_words += !v->has_empty;
        v->has_empty = true;
        return CUVEE_OK;
    }
    const uint64_t h = hash_of(word);
    const size_t i = probe(v, h, word, (struct span){0});
    const int32_t old = v->slots[i].id;
    if (old >= 0 && !move)
        return cuvee__fail(err, CUVEE_E_FORMAT, "token '%.*s' is there twice", SHOWN(word));
    const int rc = cuvee__vocabulary_name(v, word, id, err);
    if (rc < 0) return rc;
    if (old >= 0)
        v->own.entries[old] = (struct vocabulary_entry){0};
    else
        v->n_words++;
    v->own.slots[i] = (struct vocabulary_slot){(uint32_t)(h >> 32), (int32_t)id};
    if (word.len > v->longest) v->longest = word.len;
    return CUVEE_OK;
}

int cuvee__vocabulary_add(struct vocabulary *v, struct span word, int64_t id, cuvee_error *err)
{
    return add(v, word, id, false, err);
}

int cuvee__vocabulary_replace(struct vocabulary *v, struct span word, int64_t id, cuvee_error *err)
{
    return add(v, word, id, true, err);
}

int cuvee__vocabulary_check(const struct vocabulary *v, cuvee_error *err)
{
    if (v->text_len == 0 || v->text[0] != '\0' || v->text[v->text_len - 1] != '\0' ||
        cuvee__utf8_valid_prefix(v->text, v->text_len) != v->text_len)
        return cuvee__fail(err, CUVEE_E_FORMAT, "vocabulary: text is no list of UTF-8 strings");
    for (size_t i = 0; i < v->n_ids; i++) {
        const struct vocabulary_entry e = v->entries[i];
        if (e.offset >= v->text_len || e.len >= v->text_len - e.offset ||
            v->text[e.offset + e.len] != '\0')
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "vocabulary: string of id %zu lies outside the text", i);
    }
    size_t n_taken = 0;
    for (size_t i = 0; i < v->n_slots; i++) {
        const int32_t id = v->slots[i].id;
        if (id < -1 || (id >= 0 && (size_t)id >= v->n_ids))
            return cuvee__fail(err, CUVEE_E_FORMAT, "vocabulary: slot %zu has id %d of %zu", i,
                               (int)id, v->n_ids);
        n_taken += id >= 0;
    }
    /* A search goes on to the next free slot. */
    if (n_taken > v->n_slots / 2)
        return cuvee__fail(err, CUVEE_E_FORMAT, "vocabulary: %zu of %zu slots are taken", n_taken,
                           v->n_slots);
    return CUVEE_OK;
}

const char *cuvee__vocabulary_string(const struct vocabulary *v, int32_t id)
{
    if (id < 0 || (size_t)id >= v->n_ids) return "";
    return v->text + v->entries[id].offset;
}
