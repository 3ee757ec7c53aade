/* SPDX-License-Identifier: Apache-2.0
 *
 * Planning the memory of a forward pass: one block, cut up by the sizes of the model and of the
 * largest batch. Per token of a 6 x 384 model this is about 8 KB; the feed-forward block adds 1.5
 * MB. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/model_parts.h"

/* Cache lines between rows. A row of 1024 floats is 4096 bytes, and rows whose addresses agree in
 * the low 12 bits fight for the same few cache sets; one line of offset per row spreads them. */
#define ROW_GAP 16

/* The feed-forward block should stay in the second-level cache beside the panels that stream
 * through it, but each panel that was fetched should serve many rows. */
#define FFN_BLOCK_BYTES ((size_t)1 << 20)
/* A multiple of the tile heights of all tiers (6 and 14), so that only the last block has a short
 * tile. */
#define FFN_BLOCK_STEP 42

static size_t row_floats(size_t columns)
{
    return cuvee__round_up(columns, 16) + ROW_GAP;
}

static size_t ffn_block_rows(size_t intermediate_size, size_t max_tokens)
{
    const size_t fit = FFN_BLOCK_BYTES / (row_floats(intermediate_size) * sizeof(float));
    const size_t rows = cuvee__max(fit / FFN_BLOCK_STEP, 1) * FFN_BLOCK_STEP;
    return cuvee__min(rows, max_tokens);
}

/* Add a part of n floats to the plan; false when the sum wraps. */
static bool plan(size_t *total, size_t rows, size_t ld, size_t *ret_off)
{
    size_t floats;
    *ret_off = *total;
    return cuvee__mul(rows, ld, &floats) && floats < SIZE_MAX / 8 &&
           cuvee__add(*total, cuvee__round_up(floats, 16), total);
}

int cuvee__workspace_create(const cuvee_model *m, size_t max_tokens, size_t max_texts,
                            struct workspace **ret_workspace, cuvee_error *err)
{
    const struct config *c = &m->config;
    if (max_tokens == 0 || max_texts == 0)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "workspace for %zu tokens, %zu texts: need at least 1", max_tokens,
                           max_texts);
    struct workspace *w = cuvee__calloc(1, sizeof *w);
    if (!w) return cuvee__fail(err, CUVEE_E_NOMEM, "workspace: out of memory");
    w->max_tokens = max_tokens;
    w->max_texts = max_texts;
    w->block_rows = ffn_block_rows(c->intermediate_size, max_tokens);
    w->x.ld = w->context.ld = w->y.ld = row_floats(c->hidden_size);
    w->qkv.ld = row_floats(3 * cuvee__round_up(c->hidden_size, CUVEE__PANEL));
    w->wide.ld = row_floats(c->intermediate_size);

    const size_t longest = cuvee__min(max_tokens, m->max_length);
    const size_t attention = cuvee__attention_f32_scratch(longest, c->hidden_size / c->n_heads);
    size_t floats = 0, bytes, x, qkv, context, y, wide, scratch;
    const bool fits =
        plan(&floats, max_tokens, w->x.ld, &x) && plan(&floats, max_tokens, w->qkv.ld, &qkv) &&
        plan(&floats, max_tokens, w->context.ld, &context) &&
        plan(&floats, w->block_rows, w->y.ld, &y) &&
        plan(&floats, w->block_rows, w->wide.ld, &wide) && plan(&floats, attention, 1, &scratch) &&
        cuvee__mul(floats, sizeof(float), &bytes);
    w->arena = fits ? cuvee__alloc_aligned(bytes) : NULL;
    if (!w->arena) {
        cuvee__free(w);
        return cuvee__fail(err, CUVEE_E_NOMEM, "workspace for %zu tokens: out of memory",
                           max_tokens);
    }
    w->arena_bytes = bytes;
    w->x.ptr = w->arena + x;
    w->qkv.ptr = w->arena + qkv;
    w->context.ptr = w->arena + context;
    w->y.ptr = w->arena + y;
    w->wide.ptr = w->arena + wide;
    w->attention = w->arena + scratch;
    *ret_workspace = w;
    return CUVEE_OK;
}

void cuvee__workspace_free(struct workspace *w)
{
    if (!w) return;
    cuvee__free(w->arena);
    cuvee__free(w);
}

size_t cuvee__workspace_bytes(const struct workspace *w)
{
    return sizeof *w + w->arena_bytes;
}
