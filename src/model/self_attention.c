/* SPDX-License-Identifier: Apache-2.0
 *
 * The attention part of a layer, for all tokens and for the last layer, where the head reads the
 * first token x_c of each text only.
 *
 * DESIGN
 *   In the last layer one query per text is enough, and with one query neither keys nor values are
 *   needed for themselves. Per head, with its rows Wk, Wv of the weights and its query q:
 *
 *     score_j = q . (Wk x_j + bk) = (Wk^T q) . x_j + const     softmax cancels the constant
 *     context = sum p_j (Wv x_j + bv) = Wv (sum p_j x_j) + bv  probabilities sum to 1
 *
 *   So t = Wk^T q, which is D wide, attends to x itself, and Wv is applied to the outcome: of the
 *   2 D^2 multiplications per token for keys and values, 2 H D are left, and 2 D^2 per text. A
 *   group of texts goes through the products with Wk^T and Wv together, to read them once. The
 *   heads are rows of one attention whose keys and values are both x. */
#include <assert.h>
#include <math.h>

#include "base/checked.h"
#include "model/pass.h"

static float score_scale(const struct pass *p)
{
    return 1.0f / sqrtf((float)(p->config->hidden_size / p->config->n_heads));
}

/* The integers of a layer err more than bf16 does: then its attention may as well be of that, at
 * twice the speed. With bf16 weights that would add as much again to their error, and is done only
 * where it saves much more. */
struct rows cuvee__pass_qkv(const struct pass *p, size_t layer)
{
    const enum weight_type type = p->weights->layers[layer].qkv.w.type;
    const bool may_be_narrow =
        type == WEIGHT_INT8 || (type == WEIGHT_BF16 && p->kernels->prefers_bf16_attention);
    const size_t head_size = p->config->hidden_size / p->config->n_heads;
    const struct rows qkv = p->w->qkv;
    return may_be_narrow && cuvee__attention_takes_bf16(p->kernels, head_size) ? narrow_rows(qkv)
                                                                               : qkv;
}

/* One head of one text. With first_only, text i has one query, in row i. */
static void attend_head(const struct pass *p, struct rows qkv, size_t text, size_t head,
                        size_t d_padded, bool first_only)
{
    const size_t head_size = p->config->hidden_size / p->config->n_heads, col = head * head_size;
    const size_t start = p->batch.starts[text], n = p->batch.starts[text + 1] - start;
    const size_t query_row = first_only ? text : start;
    const struct rows k = columns_from(rows_from(qkv, start), d_padded + col);
    const struct head h = {
        .q = columns_from(rows_from(qkv, query_row), col),
        .k = k,
        .v = columns_from(k, d_padded),
        .n_queries = first_only ? 1 : n,
        .n_tokens = n,
        .head_size = head_size,
        .scale = score_scale(p),
    };
    cuvee__attention(p->kernels, &h, columns_from(rows_from(p->w->context, query_row), col),
                     p->own->attention);
}

/* A chunk is a head of every text: texts differ in length. */
static void attend_heads(struct pass *p, size_t layer, size_t d_padded, bool first_only)
{
    const struct rows qkv = cuvee__pass_qkv(p, layer);
    for (size_t head; cuvee__pass_next(p, p->config->n_heads, &head);)
        for (size_t text = 0; text < p->batch.n_texts; text++)
            attend_head(p, qkv, text, head, d_padded, first_only);
    cuvee__pass_lap(p, STAGE_ATTENTION);
}

void cuvee__pass_attend(struct pass *p, size_t layer)
{
    const struct linear *qkv = &p->weights->layers[layer].qkv;
    const struct step s = {STAGE_QKV, layer, qkv, ACT_NONE,
                           &p->weights->layers[layer].attention_out};
    cuvee__pass_linear_stage(p, &s, p->batch.n_tokens, p->w->x, cuvee__pass_qkv(p, layer));
    attend_heads(p, layer, qkv->w.n / 3, false);
}

/* Keys and values for all tokens. The queries take the place that they have in
 * cuvee__pass_attend(), in the rows of the first n_texts tokens: there are at least as many. */
static void attend_trimmed(struct pass *p, size_t layer)
{
    const struct linear *qkv = &p->weights->layers[layer].qkv;
    const size_t d_padded = qkv->w.n / 3;
    const struct linear query = cuvee__linear_part(qkv, 0, d_padded);
    const struct linear key_value = cuvee__linear_part(qkv, d_padded, 2 * d_padded);
    struct step s = {STAGE_QKV, layer, &key_value, ACT_NONE, NULL};
    cuvee__pass_linear_stage(p, &s, p->batch.n_tokens, p->w->x,
                             columns_from(cuvee__pass_qkv(p, layer), d_padded));
    cuvee__pass_first_tokens(p, p->w->x);
    cuvee__pass_choose_cut(p, p->batch.n_texts);
    s.linear = &query;
    cuvee__pass_linear_stage(p, &s, p->batch.n_texts, p->w->x, cuvee__pass_qkv(p, layer));
    attend_heads(p, layer, d_padded, true);
}

/* Some heads of texts first .. first + n - 1: t from their queries, z = what attends to x with it,
 * context from that. Row i * H + h of t and z is head h of the i-th of these texts. */
static void attend_with_heads(const struct pass *p, const struct linear *qkv, size_t first,
                              size_t n, struct share heads)
{
    const struct absorbed *a = &p->w->absorbed;
    const size_t d = p->config->hidden_size, n_heads = p->config->n_heads;
    const size_t head_size = d / n_heads, d_padded = qkv->w.n / 3;
    const size_t end = heads.first + heads.n, ld = a->t.ld * n_heads;
    /* One row of each text: the same head of all. */
    const struct rows t = f32_rows(a->t.ptr, ld), z = f32_rows(a->z.ptr, ld);

    const struct epilogue plain = {.act = ACT_NONE};
    for (size_t h = heads.first; h < end; h++) {
        const struct linear key = cuvee__linear_part(&p->weights->absorbed_key, h * d_padded, d);
        cuvee__gemm(p->kernels, n, columns_from(a->q, h * head_size), &key.w, &plain,
                    columns_from(t, h * a->t.ld), p->own->conversion);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t row = i * n_heads + heads.first, start = p->batch.starts[first + i];
        const struct rows x = rows_from(p->w->x, start);
        const struct head h = {
            .q = rows_from(a->t, row),
            .k = x,
            .v = x,
            .n_queries = heads.n,
            .n_tokens = p->batch.starts[first + i + 1] - start,
            .head_size = d,
            .scale = score_scale(p),
        };
        cuvee__attention(p->kernels, &h, rows_from(a->z, row), p->own->absorbed.scratch);
    }
    const struct rows context = rows_from(p->w->context, first);
    for (size_t h = heads.first; h < end; h++) {
        const size_t col = h * head_size;
        const struct linear value = cuvee__linear_part(qkv, 2 * d_padded + col, head_size);
        const struct epilogue e = {.bias = value.bias};
        cuvee__gemm(p->kernels, n, columns_from(z, h * a->z.ld), &value.w, &e,
                    columns_from(context, col), p->own->conversion);
    }
}

static void attend_absorbed(struct pass *p, size_t layer)
{
    const struct linear *qkv = &p->weights->layers[layer].qkv;
    const struct linear query = cuvee__linear_part(qkv, 0, p->config->hidden_size);
    const struct absorbed *a = &p->w->absorbed;
    const struct step s = {STAGE_QKV, layer, &query, ACT_NONE, NULL};
    const size_t n_heads = p->config->n_heads, n_chunks = cuvee__pass_chunks(p, n_heads);
    assert(p->own->absorbed.max_tokens >= a->max_tokens);
    cuvee__pass_first_tokens(p, p->w->context);
    for (size_t first = 0, n; first < p->batch.n_texts; first += n) {
        n = cuvee__min(a->n_texts, p->batch.n_texts - first);
        cuvee__pass_choose_cut(p, n);
        cuvee__pass_linear_stage(p, &s, n, rows_from(p->w->context, first), a->q);
        for (size_t i; cuvee__pass_next(p, n_chunks, &i);)
            attend_with_heads(p, qkv, first, n, share_of(n_heads, i, n_chunks));
        cuvee__pass_lap(p, STAGE_ATTENTION);
    }
    cuvee__pass_first_tokens(p, p->w->x);
}

void cuvee__pass_attend_first(struct pass *p, size_t layer)
{
    if (p->w->last_layer == LAST_LAYER_ABSORBED)
        attend_absorbed(p, layer);
    else
        attend_trimmed(p, layer);
}
