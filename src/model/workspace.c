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

/* The feed-forward block should stay in the second-level cache, at least as bf16, beside the panels
 * that stream through it, but each panel that was fetched should serve many rows. */
#define FFN_BLOCK_BYTES ((size_t)3 << 19)
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

bool cuvee__can_absorb(const struct config *c)
{
    return c->hidden_size / c->n_heads % CUVEE__PANEL == 0;
}

/* Texts of a group: enough to share a pass over the weights of their products; more where it costs
 * nothing, in what lies idle. */
#define GROUP_TEXTS 8

/* Add a part of n floats to the plan; false when the sum wraps. */
static bool plan(size_t *total, size_t rows, size_t ld, size_t *ret_off)
{
    size_t floats;
    *ret_off = *total;
    return cuvee__mul(rows, ld, &floats) && floats < SIZE_MAX / 8 &&
           cuvee__add(*total, cuvee__round_up(floats, 16), total);
}

static size_t conversion_floats(const struct linear *linear, size_t rows)
{
    return cuvee__gemm_scratch_bytes(linear->w.type, rows, linear->w.k) / sizeof(float);
}

/* Scratch of the product that needs most. Layers may differ in type. */
static size_t most_conversion(const struct model_weights *weights, size_t max_tokens)
{
    size_t most = conversion_floats(&weights->absorbed_key, max_tokens);
    for (size_t i = 0; i < weights->n_layers; i++) {
        const struct layer *l = &weights->layers[i];
        const struct linear *const linears[] = {&l->qkv, &l->attention_out, &l->ffn_up,
                                                &l->ffn_down};
        for (size_t j = 0; j < sizeof linears / sizeof *linears; j++)
            most = cuvee__max(most, conversion_floats(linears[j], max_tokens));
    }
    most = cuvee__max(most, conversion_floats(&weights->head_dense, max_tokens));
    return cuvee__max(most, conversion_floats(&weights->head_out, max_tokens));
}

/* Where the parts of the arena begin, in floats. */
struct arena_plan {
    size_t x, qkv, context, y, wide, attention, conversion;
    size_t total, bytes;
};

/* Floats of the part of qkv, which the last layer has for other things; false when it wraps. */
static bool plan_qkv(struct workspace *w, const struct config *c, size_t longest, size_t *ret)
{
    struct absorbed *a = &w->absorbed;
    if (!cuvee__mul(w->max_tokens, w->qkv.ld, ret)) return false;
    w->last_layer = cuvee__can_absorb(c) ? LAST_LAYER_ABSORBED : LAST_LAYER_TRIMMED;
    if (w->last_layer != LAST_LAYER_ABSORBED) return true;
    const size_t scratch = cuvee__attention_scratch(longest, c->hidden_size);
    const size_t per_text = w->x.ld * (1 + 2 * c->n_heads); /* config.h caps all of these */
    a->max_tokens = longest;
    a->n_texts = cuvee__min(w->max_texts, GROUP_TEXTS);
    if (*ret > scratch) a->n_texts = cuvee__max(a->n_texts, (*ret - scratch) / per_text);
    *ret = cuvee__max(*ret, scratch + a->n_texts * per_text);
    return true;
}

static bool plan_arena(struct workspace *w, const cuvee_model *m, struct arena_plan *p)
{
    const struct config *c = &m->config;
    const size_t longest = cuvee__min(w->max_tokens, m->max_length);
    const size_t attention = cuvee__attention_scratch(longest, c->hidden_size / c->n_heads);
    size_t qkv;
    return plan(&p->total, w->max_tokens, w->x.ld, &p->x) && plan_qkv(w, c, longest, &qkv) &&
           plan(&p->total, qkv, 1, &p->qkv) &&
           plan(&p->total, w->max_tokens, w->context.ld, &p->context) &&
           plan(&p->total, w->block_rows, w->y.ld, &p->y) &&
           plan(&p->total, w->block_rows, w->wide.ld, &p->wide) &&
           plan(&p->total, attention, 1, &p->attention) &&
           plan(&p->total, most_conversion(&m->weights, w->max_tokens), 1, &p->conversion) &&
           cuvee__mul(p->total, sizeof(float), &p->bytes);
}

static void lay_out(struct workspace *w, const struct config *c, const struct arena_plan *p)
{
    struct absorbed *a = &w->absorbed;
    w->x.ptr = w->arena + p->x;
    w->qkv.ptr = w->arena + p->qkv;
    w->context.ptr = w->arena + p->context;
    w->y.ptr = w->arena + p->y;
    w->wide.ptr = w->arena + p->wide;
    w->attention = w->arena + p->attention;
    w->conversion = w->arena + p->conversion;
    a->q = a->t = a->z = w->x;
    a->scratch = w->qkv.ptr;
    a->q.ptr = a->scratch + cuvee__attention_scratch(a->max_tokens, c->hidden_size);
    a->t.ptr = rows_from(a->q, a->n_texts).ptr;
    a->z.ptr = rows_from(a->t, a->n_texts * c->n_heads).ptr;
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
    w->x = w->context = w->y = f32_rows(NULL, row_floats(c->hidden_size));
    w->qkv = f32_rows(NULL, row_floats(3 * cuvee__round_up(c->hidden_size, CUVEE__PANEL)));
    w->wide = f32_rows(NULL, row_floats(c->intermediate_size));

    struct arena_plan p = {0};
    w->arena = plan_arena(w, m, &p) ? cuvee__alloc_aligned(p.bytes) : NULL;
    if (!w->arena) {
        cuvee__free(w);
        return cuvee__fail(err, CUVEE_E_NOMEM, "workspace for %zu tokens: out of memory",
                           max_tokens);
    }
    w->arena_bytes = p.bytes;
    lay_out(w, c, &p);
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
