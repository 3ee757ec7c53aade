/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns are kept sorted; matching at one place narrows the range that agrees with the text byte
 * by byte, so the cost is the longest pattern times the logarithm of their number, whatever the
 * text. */
#include "text/added_tokens.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/shown.h"
#include "text/unicode.h"

/* Index of the token with this content, or a->n. */
static size_t find(const struct added_tokens *a, struct span content)
{
    size_t i = 0;
    while (i < a->n && !span_equal(a->tokens[i].content, content)) i++;
    return i;
}

static int reserve_one(struct added_tokens *a, cuvee_error *err)
{
    if (a->n < a->room) return CUVEE_OK;
    if (a->n >= CUVEE__MAX_ADDED_TOKENS)
        return cuvee__fail(err, CUVEE_E_LIMIT, "more than %d added tokens",
                           CUVEE__MAX_ADDED_TOKENS);
    const size_t room = cuvee__max(16, 2 * a->room);
    struct added_token *tokens = cuvee__realloc_array(a->tokens, room, sizeof *tokens);
    if (!tokens) return cuvee__fail(err, CUVEE_E_NOMEM, "added tokens: out of memory");
    a->tokens = tokens;
    a->room = room;
    return CUVEE_OK;
}

int cuvee__added_tokens_add(struct added_tokens *a, struct vocabulary *v, struct added_token *token,
                            cuvee_error *err)
{
    if (token->content.len > CUVEE__MAX_ADDED_TOKEN_BYTES)
        return cuvee__fail(err, CUVEE_E_LIMIT, "added token of %zu bytes, limit is %d",
                           token->content.len, CUVEE__MAX_ADDED_TOKEN_BYTES);
    if (token->content.len == 0) return CUVEE_OK;
    const size_t i = find(a, token->content);
    if (i < a->n) {
        token->id = a->tokens[i].id;
        a->tokens[i] = *token;
        return CUVEE_OK;
    }
    int rc = reserve_one(a, err);
    if (rc < 0) return rc;
    token->id = cuvee__vocabulary_find(v, token->content);
    if (token->id < 0) {
        token->id = (int32_t)(v->n_words + a->n_new);
        rc = cuvee__vocabulary_name(v, token->content, token->id, err);
        if (rc < 0) return rc;
        a->n_new++;
    }
    a->tokens[a->n++] = *token;
    return CUVEE_OK;
}

static int compare_patterns(const void *x, const void *y)
{
    const struct span a = ((const struct added_pattern *)x)->bytes;
    const struct span b = ((const struct added_pattern *)y)->bytes;
    const int order = memcmp(a.ptr, b.ptr, cuvee__min(a.len, b.len));
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int finish_set(struct added_tokens *a, struct added_set *set, cuvee_error *err)
{
    if (set->n) qsort(set->patterns, set->n, sizeof *set->patterns, compare_patterns);
    for (size_t i = 0; i < set->n; i++) {
        if (i && compare_patterns(&set->patterns[i - 1], &set->patterns[i]) == 0)
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "added tokens with ids %d and %d match the same text",
                               (int)a->tokens[set->patterns[i - 1].token].id,
                               (int)a->tokens[set->patterns[i].token].id);
        set->starts[(unsigned char)set->patterns[i].bytes.ptr[0]] = true;
    }
    return CUVEE_OK;
}

/* Append the pattern of token i to the text. Its pointer is set once the text no longer moves. */
static int append_pattern(struct added_tokens *a, size_t i, const struct normalizer *n,
                          struct normalizer_scratch *scratch, cuvee_error *err)
{
    const struct added_token *t = &a->tokens[i];
    const size_t offset = a->text.len;
    const int rc = t->normalized ? cuvee__normalize(n, t->content, scratch, &a->text)
                                 : cuvee__buffer_append(&a->text, t->content.ptr, t->content.len);
    if (rc < 0) return cuvee__fail(err, CUVEE_E_NOMEM, "added tokens: out of memory");
    if (a->text.len == offset)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "added token with id %d is empty after normalization", (int)t->id);
    struct added_set *set = t->normalized ? &a->normalized : &a->raw;
    set->patterns[set->n++] = (struct added_pattern){{NULL, a->text.len - offset}, i};
    return CUVEE_OK;
}

int cuvee__added_tokens_finish(struct added_tokens *a, const struct normalizer *n, cuvee_error *err)
{
    a->raw.patterns = cuvee__alloc_array(a->n, sizeof *a->raw.patterns);
    a->normalized.patterns = cuvee__alloc_array(a->n, sizeof *a->normalized.patterns);
    if (!a->raw.patterns || !a->normalized.patterns)
        return cuvee__fail(err, CUVEE_E_NOMEM, "added tokens: out of memory");
    struct normalizer_scratch scratch = {0};
    int rc = CUVEE_OK;
    for (size_t i = 0; i < a->n && rc == CUVEE_OK; i++) rc = append_pattern(a, i, n, &scratch, err);
    cuvee__normalizer_scratch_deinit(&scratch);
    if (rc < 0) return rc;

    const char *ptr = a->text.ptr;
    for (size_t i = 0, raw = 0, normalized = 0; i < a->n; i++) {
        struct added_pattern *p = a->tokens[i].normalized ? &a->normalized.patterns[normalized++]
                                                          : &a->raw.patterns[raw++];
        p->bytes.ptr = ptr;
        ptr += p->bytes.len;
        a->tokens[i].content = p->bytes;
    }
    rc = finish_set(a, &a->raw, err);
    return rc < 0 ? rc : finish_set(a, &a->normalized, err);
}

static int check_restored(const struct added_token *t, size_t n_ids, cuvee_error *err)
{
    const size_t len = t->content.len;
    if (len == 0 || cuvee__utf8_valid_prefix(t->content.ptr, len) != len)
        return cuvee__fail(err, CUVEE_E_FORMAT, "added token with id %d is no UTF-8 string",
                           (int)t->id);
    if (t->id < 0 || (size_t)t->id >= n_ids)
        return cuvee__fail(err, CUVEE_E_FORMAT, "added token '%.*s' has id %d of %zu",
                           SHOWN(t->content), (int)t->id, n_ids);
    return CUVEE_OK;
}

int cuvee__added_tokens_restore(struct added_tokens *a, const struct added_token *tokens, size_t n,
                                size_t n_ids, cuvee_error *err)
{
    a->tokens = cuvee__alloc_array(n, sizeof *a->tokens);
    a->raw.patterns = cuvee__alloc_array(n, sizeof *a->raw.patterns);
    a->normalized.patterns = cuvee__alloc_array(n, sizeof *a->normalized.patterns);
    if (!a->tokens || !a->raw.patterns || !a->normalized.patterns)
        return cuvee__fail(err, CUVEE_E_NOMEM, "added tokens: out of memory");
    a->n = a->room = n;
    for (size_t i = 0; i < n; i++) {
        const int rc = check_restored(&tokens[i], n_ids, err);
        if (rc < 0) return rc;
        struct added_set *set = tokens[i].normalized ? &a->normalized : &a->raw;
        a->tokens[i] = tokens[i];
        set->patterns[set->n++] = (struct added_pattern){tokens[i].content, i};
    }
    const int rc = finish_set(a, &a->raw, err);
    return rc < 0 ? rc : finish_set(a, &a->normalized, err);
}

void cuvee__added_tokens_deinit(struct added_tokens *a)
{
    cuvee__free(a->tokens);
    cuvee__free(a->raw.patterns);
    cuvee__free(a->normalized.patterns);
    cuvee__buffer_deinit(&a->text);
    *a = (struct added_tokens){0};
}

/* First pattern of lo .. hi whose byte at depth is not below b. All of them agree on the bytes
 * before and are longer than depth. */
static size_t bound(const struct added_set *set, size_t lo, size_t hi, size_t depth, unsigned b)
{
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if ((unsigned char)set->patterns[mid].bytes.ptr[depth] < b)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The longest pattern that text begins with; NULL when there is none. */
static const struct added_pattern *match_at(const struct added_set *set, struct span text)
{
    const struct added_pattern *best = NULL;
    size_t lo = 0, hi = set->n;
    for (size_t depth = 0; lo < hi; depth++) {
        if (set->patterns[lo].bytes.len == depth) best = &set->patterns[lo++];
        if (depth == text.len) break;
        const unsigned b = (unsigned char)text.ptr[depth];
        lo = bound(set, lo, hi, depth, b);
        hi = bound(set, lo, hi, depth, b + 1);
    }
    return best;
}

static unsigned flags_at(struct span text, size_t at, size_t *ret_step)
{
    return unicode_record(cuvee__utf8_decode(text.ptr + at, text.len - at, ret_step))->flags;
}

static size_t previous(struct span text, size_t at)
{
    do at--;
    while (at && ((unsigned char)text.ptr[at] & 0xC0) == 0x80);
    return at;
}

static bool word_touches(struct span text, size_t from, size_t to)
{
    size_t step;
    if (from && flags_at(text, previous(text, from), &step) & UNICODE_WORD) return true;
    return to < text.len && flags_at(text, to, &step) & UNICODE_WORD;
}

/* Start of the white space before `at`, not below `limit`. */
static size_t space_before(struct span text, size_t at, size_t limit)
{
    size_t step;
    while (at > limit) {
        const size_t p = previous(text, at);
        if (p < limit || !(flags_at(text, p, &step) & UNICODE_SPACE)) break;
        at = p;
    }
    return at;
}

static size_t space_after(struct span text, size_t at)
{
    size_t step;
    while (at < text.len && flags_at(text, at, &step) & UNICODE_SPACE) at += step;
    return at;
}

struct added_scan cuvee__added_scan(const struct added_tokens *a, const struct added_set *set,
                                    struct span text)
{
    return (struct added_scan){.added = a, .set = set, .text = text, .is_done = text.len == 0};
}

static void set_gap(struct added_scan *s, size_t to, struct span *ret_gap)
{
    *ret_gap = (struct span){s->text.ptr + s->gap_from, to > s->gap_from ? to - s->gap_from : 0};
}

bool cuvee__added_next(struct added_scan *s, struct span *ret_gap, int32_t *ret_id)
{
    while (s->set->n && s->at < s->text.len) {
        const size_t from = s->at;
        const struct added_pattern *p = NULL;
        if (s->set->starts[(unsigned char)s->text.ptr[from]])
            p = match_at(s->set, (struct span){s->text.ptr + from, s->text.len - from});
        if (!p) {
            s->at++;
            continue;
        }
        const struct added_token *t = &s->added->tokens[p->token];
        size_t stop = from + p->bytes.len;
        /* Not past the white space that rstrip takes: the reference lets it match again. */
        s->at = stop;
        if (t->single_word && word_touches(s->text, from, stop)) continue;
        set_gap(s, t->lstrip ? space_before(s->text, from, s->gap_from) : from, ret_gap);
        if (t->rstrip) {
            /* Remembered, so that tokens made of white space do not make this quadratic. */
            if (stop >= s->space_until) s->space_until = space_after(s->text, stop);
            stop = s->space_until;
        }
        s->gap_from = stop;
        *ret_id = t->id;
        return true;
    }
    if (s->is_done) return false;
    s->is_done = true;
    set_gap(s, s->text.len, ret_gap);
    *ret_id = -1;
    return true;
}
