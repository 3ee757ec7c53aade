/* SPDX-License-Identifier: Apache-2.0 */
#include "text/wordpiece.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "text/shown.h"

int cuvee__wordpiece_restore(struct wordpiece *w, struct span prefix, int32_t unk_id,
                             size_t max_chars, cuvee_error *err)
{
    if (cuvee__buffer_append(&w->prefix, prefix.ptr, prefix.len) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    w->prefix_hash = CUVEE__HASH_SEED;
    for (size_t i = 0; i < prefix.len; i++)
        w->prefix_hash = hash_byte(w->prefix_hash, prefix.ptr[i]);
    w->unk_id = unk_id;
    w->max_chars = max_chars;
    return CUVEE_OK;
}

int cuvee__wordpiece_finish(struct wordpiece *w, struct span prefix, struct span unk_token,
                            size_t max_chars, cuvee_error *err)
{
    const int32_t unk_id = cuvee__vocabulary_find(&w->vocabulary, unk_token);
    if (unk_id < 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "the unknown token '%.*s' is not in the vocabulary",
                           SHOWN(unk_token));
    return cuvee__wordpiece_restore(w, prefix, unk_id, max_chars, err);
}

void cuvee__wordpiece_deinit(struct wordpiece *w)
{
    cuvee__vocabulary_deinit(&w->vocabulary);
    cuvee__buffer_deinit(&w->prefix);
    *w = (struct wordpiece){0};
}

int cuvee__wordpiece_scratch_init(struct wordpiece_scratch *s, const struct wordpiece *w)
{
    s->ids = cuvee__alloc_array(w->max_chars, sizeof *s->ids);
    s->hashes =
        cuvee__alloc_array(cuvee__min(w->vocabulary.longest, 4 * w->max_chars), sizeof *s->hashes);
    if (s->ids && s->hashes) return CUVEE_OK;
    cuvee__wordpiece_scratch_deinit(s);
    return CUVEE_E_NOMEM;
}

void cuvee__wordpiece_scratch_deinit(struct wordpiece_scratch *s)
{
    cuvee__free(s->ids);
    cuvee__free(s->hashes);
    *s = (struct wordpiece_scratch){0};
}

static bool has_more_chars(struct span word, size_t max_chars)
{
    if (word.len <= max_chars) return false;
    if (word.len > 4 * max_chars) return true;
    size_t n = 0;
    for (size_t i = 0; i < word.len; i++) n += ((unsigned char)word.ptr[i] & 0xC0) != 0x80;
    return n > max_chars;
}

/* Longest entry that is prefix + a beginning of rest; returns its bytes in rest, 0 when there is
 * none. */
static size_t longest_match(const struct wordpiece *w, struct span prefix, uint64_t prefix_hash,
                            struct span rest, uint64_t *hashes, int32_t *ret_id)
{
    if (prefix.len >= w->vocabulary.longest) return 0;
    size_t len = cuvee__min(rest.len, w->vocabulary.longest - prefix.len);
    uint64_t h = prefix_hash;
    for (size_t i = 0; i < len; i++) hashes[i] = h = hash_byte(h, rest.ptr[i]);
    for (; len; len--) {
        /* An entry is valid UTF-8: it cannot end inside a character. */
        if (len < rest.len && ((unsigned char)rest.ptr[len] & 0xC0) == 0x80) continue;
        *ret_id = cuvee__vocabulary_find_hashed(&w->vocabulary, hashes[len - 1], prefix,
                                                (struct span){rest.ptr, len});
        if (*ret_id >= 0) return len;
    }
    return 0;
}

size_t cuvee__wordpiece_encode(const struct wordpiece *w, struct span word,
                               struct wordpiece_scratch *s)
{
    if (has_more_chars(word, w->max_chars)) {
        s->ids[0] = w->unk_id;
        return 1;
    }
    struct span prefix = {0};
    uint64_t prefix_hash = CUVEE__HASH_SEED;
    size_t n = 0;
    for (size_t at = 0; at < word.len; n++) {
        const struct span rest = {word.ptr + at, word.len - at};
        const size_t len = longest_match(w, prefix, prefix_hash, rest, s->hashes, &s->ids[n]);
        if (len == 0) {
            s->ids[0] = w->unk_id;
            return 1;
        }
        at += len;
        prefix = buffer_span(&w->prefix);
        prefix_hash = w->prefix_hash;
    }
    return n;
}
