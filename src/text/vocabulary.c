/* SPDX-License-Identifier: Apache-2.0 */
#include "text/vocabulary.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/error.h"
#include "text/shown.h"

int cuvee__vocabulary_init(struct vocabulary *v, size_t n_words, size_t n_ids, cuvee_error *err)
{
    *v = (struct vocabulary){.n_ids = n_ids};
    if (n_words > CUVEE__MAX_VOCABULARY || n_ids > CUVEE__MAX_VOCABULARY)
        return cuvee__fail(err, CUVEE_E_LIMIT,
                           "vocabulary of %zu entries and %zu ids, limit is %zu", n_words, n_ids,
                           CUVEE__MAX_VOCABULARY);
    v->n_slots = 16;
    while (v->n_slots < 2 * n_words) v->n_slots *= 2;
    v->entries = cuvee__calloc(n_ids, sizeof *v->entries);
    v->slots = cuvee__alloc_array(v->n_slots, sizeof *v->slots);
    if (!v->entries || !v->slots) {
        cuvee__vocabulary_deinit(v);
        return cuvee__fail(err, CUVEE_E_NOMEM, "vocabulary: out of memory");
    }
    for (size_t i = 0; i < v->n_slots; i++) v->slots[i] = (struct vocabulary_slot){0, -1};
    v->text.cap_bytes = UINT32_MAX;
    return CUVEE_OK;
}

void cuvee__vocabulary_deinit(struct vocabulary *v)
{
    cuvee__buffer_deinit(&v->text);
    cuvee__free(v->entries);
    cuvee__free(v->slots);
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
        const char *s = v->text.ptr + e->offset;
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
    struct vocabulary_entry *e = &v->entries[id];
    if (e->is_set)
        return cuvee__fail(err, CUVEE_E_FORMAT, "tokens '%s' and '%.*s' both have id %" PRId64,
                           v->text.ptr + e->offset, SHOWN(word), id);
    const size_t offset = v->text.len;
    int rc = cuvee__buffer_reserve(&v->text, word.len + 1);
    if (rc < 0) return cuvee__fail(err, rc, "vocabulary: %s", cuvee_code_name(rc));
    if (word.len) memcpy(v->text.ptr + offset, word.ptr, word.len);
    v->text.ptr[offset + word.len] = '\0';
    v->text.len += word.len + 1;
    *e = (struct vocabulary_entry){(uint32_t)offset, (uint32_t)word.len, true};
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
        v->entries[old].is_set = false;
    else
        v->n_words++;
    v->slots[i] = (struct vocabulary_slot){(uint32_t)(h >> 32), (int32_t)id};
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

const char *cuvee__vocabulary_string(const struct vocabulary *v, int32_t id)
{
    if (id < 0 || (size_t)id >= v->n_ids || !v->entries[id].is_set) return "";
    return v->text.ptr + v->entries[id].offset;
}
