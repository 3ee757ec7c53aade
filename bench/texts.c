/* SPDX-License-Identifier: Apache-2.0 */
#include "texts.h"

#include <stdbool.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/file.h"
#include "table/reader.h"

/* Offsets of pieces in a buffer that may still move. */
struct pieces {
    struct piece *items;
    size_t n, room;
};

static int add_piece(struct pieces *p, struct piece piece, cuvee_error *err)
{
    if (p->n == p->room) {
        const size_t room = p->room ? 2 * p->room : 1024;
        struct piece *items = cuvee__realloc_array(p->items, room, sizeof *items);
        if (!items) return cuvee__fail(err, CUVEE_E_NOMEM, "texts: out of memory");
        p->items = items;
        p->room = room;
    }
    p->items[p->n++] = piece;
    return CUVEE_OK;
}

/* Make t->items of pieces of t->bytes, n of them in all, and count their tokens. */
static int finish(struct texts *t, const struct pieces *p, const cuvee_model *model, size_t n,
                  cuvee_error *err)
{
    if (p->n == 0) return cuvee__fail(err, CUVEE_E_FORMAT, "texts: there are none");
    t->items = cuvee__calloc(n, sizeof *t->items);
    t->lengths = cuvee__calloc(n, sizeof *t->lengths);
    if (!t->items || !t->lengths) return cuvee__fail(err, CUVEE_E_NOMEM, "texts: out of memory");
    t->n = n;
    for (size_t i = 0; i < n; i++) {
        const struct piece piece = p->items[i % p->n];
        t->items[i] = (cuvee_text){.ptr = t->bytes.ptr + piece.off, .len = piece.len};
        cuvee_tokens *tokens;
        const int rc = cuvee_tokenize(model, &t->items[i], NULL, &tokens, err);
        if (rc != CUVEE_OK) return rc;
        t->lengths[i] = (uint32_t)tokens->n;
        t->n_tokens += tokens->n;
        cuvee_tokens_free(tokens);
    }
    return CUVEE_OK;
}

/* A line of vocab.txt that is certainly one token when it stands in a text. */
static bool is_plain_word(struct span line)
{
    if (line.len < 3) return false;
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] < 'a' || line.ptr[i] > 'z') return false;
    return true;
}

static int find_words(struct pieces *words, const struct buffer *vocab, cuvee_error *err)
{
    for (size_t start = 0, i = 0; i < vocab->len; i++) {
        if (vocab->ptr[i] != '\n') continue;
        const struct piece line = {start, i - start};
        start = i + 1;
        if (!is_plain_word((struct span){vocab->ptr + line.off, line.len})) continue;
        const int rc = add_piece(words, line, err);
        if (rc != CUVEE_OK) return rc;
    }
    if (words->n < 1000)
        return cuvee__fail(err, CUVEE_E_FORMAT, "vocab.txt has only %zu plain words", words->n);
    return CUVEE_OK;
}

/* Append n texts of n_words words each. */
static int write_words(struct texts *t, struct pieces *pieces, const struct buffer *vocab,
                       const struct pieces *words, size_t n, size_t n_words, cuvee_error *err)
{
    uint32_t state = 7;
    for (size_t i = 0; i < n; i++) {
        const size_t start = t->bytes.len;
        for (size_t j = 0; j < n_words; j++) {
            state = state * 1664525u + 1013904223u;
            const struct piece w = words->items[(state >> 8) % words->n];
            if (cuvee__buffer_append(&t->bytes, vocab->ptr + w.off, w.len) != CUVEE_OK ||
                cuvee__buffer_append_char(&t->bytes, ' ') != CUVEE_OK)
                return cuvee__fail(err, CUVEE_E_NOMEM, "texts: out of memory");
        }
        const int rc = add_piece(pieces, (struct piece){start, t->bytes.len - start}, err);
        if (rc != CUVEE_OK) return rc;
    }
    return CUVEE_OK;
}

int bench_texts_of_words(struct texts *t, const cuvee_model *model, const char *model_dir, size_t n,
                         size_t n_tokens, cuvee_error *err)
{
    struct buffer path = {0}, vocab = {.cap_bytes = (size_t)64 << 20};
    struct pieces words = {0}, pieces = {0};
    int rc = cuvee__buffer_printf(&path, "%s/vocab.txt", model_dir);
    if (rc == CUVEE_OK) rc = cuvee__file_read(path.ptr, &vocab, err);
    if (rc == CUVEE_OK) rc = find_words(&words, &vocab, err);
    /* Two tokens of each text are special. */
    if (rc == CUVEE_OK) rc = write_words(t, &pieces, &vocab, &words, n, n_tokens - 2, err);
    if (rc == CUVEE_OK) rc = finish(t, &pieces, model, n, err);
    if (rc == CUVEE_OK && t->n_tokens != (uint64_t)n * n_tokens)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: words are not one token each", path.ptr);
    cuvee__buffer_deinit(&path);
    cuvee__buffer_deinit(&vocab);
    cuvee__free(words.items);
    cuvee__free(pieces.items);
    return rc;
}

int bench_texts_of_reviews(struct texts *t, const cuvee_model *model, const char *csv, size_t n,
                           cuvee_error *err)
{
    const struct reader_options options = {.format = TABLE_CSV, .column = "description"};
    struct reader *reader = NULL;
    struct row_block block = {0};
    struct pieces pieces = {0};
    bool end = false;
    int rc = cuvee__reader_open(csv, &options, &reader, err);
    while (rc == CUVEE_OK && !end && pieces.n < n) {
        cuvee__row_block_clear(&block);
        rc = cuvee__reader_fill(reader, &block, 1000, (size_t)1 << 20, NULL, &end, err);
        for (size_t i = 0; rc == CUVEE_OK && i < block.n_rows && pieces.n < n; i++) {
            if (!block.rows[i].has_text || block.rows[i].error.len) continue;
            const struct span text = block_span(&block, block.rows[i].text);
            rc = add_piece(&pieces, (struct piece){t->bytes.len, text.len}, err);
            if (rc == CUVEE_OK) rc = cuvee__buffer_append(&t->bytes, text.ptr, text.len);
        }
    }
    if (rc == CUVEE_OK) rc = finish(t, &pieces, model, n, err);
    cuvee__row_block_deinit(&block);
    if (reader) cuvee__reader_close(reader);
    cuvee__free(pieces.items);
    return rc;
}

void bench_texts_deinit(struct texts *t)
{
    cuvee__free(t->items);
    cuvee__free(t->lengths);
    cuvee__buffer_deinit(&t->bytes);
    *t = (struct texts){0};
}
