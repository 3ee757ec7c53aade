/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_tokens.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_at.h"
#include "bench/input.h"
#include "bench/plan.h"
#include "bench_begin.h"
#include "table/reader.h"

#define BLOCK_ROWS  ((size_t)4096)
#define BLOCK_BYTES ((size_t)1 << 20)

/* Tokens of the first 0, 1, ... items. */
struct counts {
    uint64_t *sums; /* (n_items + 1) */
    size_t n_items, n;
};

static bool is_counted(const json_t *results)
{
    const json_t *arms = json_object_get(results, "arms");
    for (size_t i = 0; i < json_array_size(arms); i++)
        if (json_is_integer(json_object_get(json_array_get(arms, i), "n_tokens"))) return true;
    return false;
}

static int count_block(const cuvee_model *model, const struct row_block *block, struct counts *c)
{
    for (size_t i = 0; i < block->n_rows && c->n < c->n_items; i++) {
        const struct span text = block_span(block, block->rows[i].text);
        const cuvee_text in = {.ptr = text.ptr, .len = text.len};
        cuvee_tokens *tokens = NULL;
        const int rc = cuvee_tokenize(model, &in, NULL, &tokens, NULL);
        if (rc < 0) return rc;
        c->sums[c->n + 1] = c->sums[c->n] + tokens->n;
        c->n++;
        cuvee_tokens_free(tokens);
    }
    return CUVEE_OK;
}

static int count_all(const cuvee_model *model, const char *path, const char *column,
                     struct counts *c)
{
    const struct reader_options options = {.column = column};
    struct reader *reader = NULL;
    struct row_block block = {0};
    bool is_end = false;
    int rc = cuvee__reader_open(path, &options, &reader, NULL);
    while (rc == CUVEE_OK && !is_end && c->n < c->n_items) {
        cuvee__row_block_clear(&block);
        rc = cuvee__reader_fill(reader, &block, BLOCK_ROWS, BLOCK_BYTES, NULL, &is_end, NULL);
        if (rc == CUVEE_OK) rc = count_block(model, &block, c);
    }
    cuvee__row_block_deinit(&block);
    cuvee__reader_close(reader);
    return rc;
}

/* An arm may be given the first few items only; the twin has those of the reference. */
static size_t items_of(const json_t *results, const json_t *entry, size_t n_items)
{
    const json_t *plan = json_object_get(results, "plan");
    const char *name = json_is_true(json_object_get(entry, "twin"))
                           ? cuvee__json_text_at(plan, "reference")
                           : cuvee__json_text_at(entry, "name");
    const json_t *arm = cuvee__plan_arm(plan, name);
    const json_int_t own = json_integer_value(json_object_get(arm, "items"));
    return own > 0 && (size_t)own < n_items ? (size_t)own : n_items;
}

static void put_counts(json_t *results, const struct counts *c)
{
    const json_t *arms = json_object_get(results, "arms");
    for (size_t i = 0; i < json_array_size(arms); i++) {
        json_t *entry = json_array_get(arms, i);
        const uint64_t n = c->sums[items_of(results, entry, c->n_items)];
        /* Without memory for it there is no figure, and soon an error of somebody else. */
        (void)json_object_set_new(entry, "n_tokens", json_integer((json_int_t)n));
    }
}

/* Are they the files that were measured? */
static bool is_unchanged(const json_t *results, const char *model_path)
{
    json_t *model = NULL;
    struct bench_input input = {0};
    const bool is_same =
        cli__bench_model(model_path, &model, NULL) == CUVEE_OK &&
        cuvee__json_text_is(results, "model.sha256", cuvee__json_text_at(model, "sha256")) &&
        cuvee__bench_input_read(cuvee__json_text_at(results, "input.path"),
                                cuvee__json_text_at(results, "input.column"), NULL, 1, &input,
                                NULL) == CUVEE_OK &&
        cuvee__json_text_is(results, "input.sha256", input.sha256);
    json_decref(model);
    cuvee__bench_input_deinit(&input);
    return is_same;
}

static bool is_script(const char *path)
{
    const size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".py") == 0;
}

void cli__bench_tokens(json_t *results, const char *model_path)
{
    double n_items = 0;
    cuvee_model *model = NULL;
    const char *path = model_path ? model_path : cuvee__json_text_at(results, "model.path");
    cuvee__json_number_at(results, "input.n_items", &n_items);
    if (is_counted(results) || !*path || is_script(path) || !(n_items >= 1 && n_items < 1e9) ||
        (!model_path && !is_unchanged(results, path)))
        return;
    struct counts c = {.n_items = (size_t)n_items};
    c.sums = cuvee__calloc(c.n_items + 1, sizeof *c.sums);
    if (c.sums && cuvee_model_open(path, NULL, &model, NULL) == CUVEE_OK &&
        count_all(model, cuvee__json_text_at(results, "input.path"),
                  cuvee__json_text_at(results, "input.column"), &c) == CUVEE_OK &&
        c.n == c.n_items)
        put_counts(results, &c);
    cuvee_model_close(model);
    cuvee__free(c.sums);
}
