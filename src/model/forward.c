/* SPDX-License-Identifier: Apache-2.0
 *
 * The forward pass of a BERT-like encoder over a ragged batch:
 *
 *     x = norm(word[id] + type[t] + position[p])
 *     per layer:  q, k, v = x Wq + bq, x Wk + bk, x Wv + bv
 *                 a = softmax(q k^T / sqrt(D / H)) v                 per text, per head
 *                 y = norm(x + a Wo + bo)
 *                 x = norm(y + act(y W1 + b1) W2 + b2)
 *     head:       logits = f(x[first token] Wd + bd) Wc + bc
 *
 * The tokens of all texts lie side by side as rows of x, and every step but attention takes all
 * rows at once without knowing where texts end. No row is padding, so there is no mask. Each row's
 * bits depend on its own text only (kernels.h), which makes a text's logits the same alone and in
 * any batch.
 *
 * The head reads one token per text. So in the last layer keys and values are needed for all
 * tokens, but the rest for the first token of each text alone: of 12 D^2 multiplications per token
 * in a layer with F = 4 D, 10 D^2 are saved for all other tokens. */
#include "model/forward.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "model/model_parts.h"

/* One call's view of everything. */
struct pass {
    const struct config *config;
    const struct model_weights *weights;
    const struct kernels *kernels;
    const struct ragged_batch *batch;
    struct workspace *w;
    size_t n_types; /* token types that the model gets to see */
};

static struct rows rows_from(struct rows m, size_t first)
{
    return (struct rows){m.ptr + first * m.ld, m.ld};
}

static struct rows columns_from(struct rows m, size_t first)
{
    return (struct rows){m.ptr + first, m.ld};
}

/* out = act(a W^T + bias) + residual; residual.ptr may be NULL. */
static void apply_linear(const struct pass *p, size_t n, struct rows a, const struct linear *linear,
                         enum act act, struct rows residual, struct rows out)
{
    const struct epilogue e = {linear->bias, act, residual.ptr, residual.ld};
    cuvee__gemm(p->kernels, n, a.ptr, a.ld, &linear->w, &e, out.ptr, out.ld, NULL);
}

static void apply_norm(const struct pass *p, size_t n, struct rows x, const struct norm *norm)
{
    p->kernels->layernorm_f32(x.ptr, x.ld, x.ptr, x.ld, norm->gamma, norm->beta, n,
                              p->config->hidden_size, p->config->norm_eps);
}

/* x += row of an embedding table; tmp holds a row. */
static void add_row(const struct pass *p, const struct tensor *table, size_t row, float *x,
                    float *tmp)
{
    const size_t d = p->config->hidden_size;
    assert(row < table->dims[0]);
    cuvee__tensor_widen(p->kernels, table, row * d, d, tmp);
    p->kernels->add_f32(x, tmp, d);
}

static void embed(const struct pass *p)
{
    const struct model_weights *weights = p->weights;
    const struct ragged_batch *batch = p->batch;
    const size_t d = p->config->hidden_size;
    float *tmp = p->w->context.ptr; /* idle until the first attention */
    for (size_t text = 0; text < batch->n_texts; text++) {
        for (size_t t = batch->starts[text]; t < batch->starts[text + 1]; t++) {
            float *x = rows_from(p->w->x, t).ptr;
            cuvee__tensor_widen(p->kernels, weights->word, (size_t)batch->ids[t] * d, d, x);
            if (weights->type) {
                /* A tokenizer may mark the second text of a pair for a model that knows one type
                 * only. */
                const size_t type = cuvee__min((size_t)batch->type_ids[t], p->n_types - 1);
                add_row(p, weights->type, type, x, tmp);
            }
            add_row(p, weights->position, t - batch->starts[text], x, tmp);
        }
    }
    apply_norm(p, batch->n_tokens, p->w->x, &weights->embed_norm);
}

/* Part of a fused linear layer, from output column first; first is a multiple of CUVEE__PANEL. */
static struct linear linear_part(const struct linear *fused, size_t first, size_t n)
{
    return (struct linear){
        .w = cuvee__packed_columns(&fused->w, first, n),
        .bias = fused->bias + first,
    };
}

/* Move the first token's row of each text to the front: row i becomes text i. Rows only move
 * forward, so none is overwritten before it was read. */
static void keep_first_tokens(const struct pass *p)
{
    const struct ragged_batch *batch = p->batch;
    for (size_t i = 0; i < batch->n_texts; i++) {
        if (batch->starts[i] == i) continue;
        memcpy(rows_from(p->w->x, i).ptr, rows_from(p->w->x, batch->starts[i]).ptr,
               p->config->hidden_size * sizeof(float));
    }
}

/* Attention of each text with itself. With first_only, text i has one query, in row i. */
static void attend(const struct pass *p, size_t d_padded, bool first_only)
{
    const struct workspace *w = p->w;
    const size_t head_size = p->config->hidden_size / p->config->n_heads;
    const float scale = 1.0f / sqrtf((float)head_size);
    for (size_t i = 0; i < p->batch->n_texts; i++) {
        const size_t start = p->batch->starts[i], n = p->batch->starts[i + 1] - start;
        const size_t query_row = first_only ? i : start, n_queries = first_only ? 1 : n;
        const struct rows q = rows_from(w->qkv, query_row);
        const struct rows k = columns_from(rows_from(w->qkv, start), d_padded);
        const struct rows v = columns_from(k, d_padded);
        const struct rows out = rows_from(w->context, query_row);
        for (size_t h = 0; h < p->config->n_heads; h++) {
            const size_t col = h * head_size;
            cuvee__attention_f32(p->kernels, q.ptr + col, n_queries, k.ptr + col, v.ptr + col,
                                 w->qkv.ld, n, head_size, scale, out.ptr + col, out.ld,
                                 w->attention);
        }
    }
}

/* From attention to the end of the layer, n rows in place of x, a block at a time: the wide rows of
 * the feed-forward part are the largest of all and should not leave the cache. */
static void finish_layer(const struct pass *p, const struct layer *layer, size_t n)
{
    const struct workspace *w = p->w;
    const struct rows none = {NULL, 0};
    for (size_t first = 0; first < n; first += w->block_rows) {
        const size_t rows = cuvee__min(w->block_rows, n - first);
        const struct rows x = rows_from(w->x, first), context = rows_from(w->context, first);
        apply_linear(p, rows, context, &layer->attention_out, ACT_NONE, x, w->y);
        apply_norm(p, rows, w->y, &layer->attention_norm);
        apply_linear(p, rows, w->y, &layer->ffn_up, p->config->act, none, w->wide);
        apply_linear(p, rows, w->wide, &layer->ffn_down, ACT_NONE, w->y, x);
        apply_norm(p, rows, x, &layer->ffn_norm);
    }
}

static void run_layer(const struct pass *p, const struct layer *layer)
{
    const size_t n = p->batch->n_tokens, d_padded = layer->qkv.w.n / 3;
    apply_linear(p, n, p->w->x, &layer->qkv, ACT_NONE, (struct rows){NULL, 0}, p->w->qkv);
    attend(p, d_padded, false);
    finish_layer(p, layer, n);
}

/* run_layer, then keep_first_tokens; without the work on rows that are not kept. The queries take
 * the place that they have in run_layer, in the rows of the first n_texts tokens: there are at
 * least as many tokens. */
static void run_last_layer(const struct pass *p, const struct layer *layer)
{
    const struct rows none = {NULL, 0};
    const size_t n_texts = p->batch->n_texts, d_padded = layer->qkv.w.n / 3;
    const struct linear query = linear_part(&layer->qkv, 0, d_padded);
    const struct linear key_value = linear_part(&layer->qkv, d_padded, 2 * d_padded);
    apply_linear(p, p->batch->n_tokens, p->w->x, &key_value, ACT_NONE, none,
                 columns_from(p->w->qkv, d_padded));
    keep_first_tokens(p);
    apply_linear(p, n_texts, p->w->x, &query, ACT_NONE, none, p->w->qkv);
    attend(p, d_padded, true);
    finish_layer(p, layer, n_texts);
}

static void run(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                const struct ragged_batch *batch, bool trim, float *logits)
{
    if (batch->n_texts == 0) return;
    assert(batch->n_tokens <= w->max_tokens && batch->n_texts <= w->max_texts);
    assert(batch->starts[batch->n_texts] == batch->n_tokens);
    const struct model_weights *weights = &m->weights;
    const size_t n_types = cuvee__tokenizer_shows_type_ids(m->tokenizer) ? m->config.n_types : 1;
    const struct pass p = {&m->config, weights, k, batch, w, n_types};
    const struct rows none = {NULL, 0};
    const size_t n_trimmed = trim ? 1 : 0;

    embed(&p);
    for (size_t i = 0; i + n_trimmed < weights->n_layers; i++) run_layer(&p, &weights->layers[i]);
    if (trim)
        run_last_layer(&p, &weights->layers[weights->n_layers - 1]);
    else
        keep_first_tokens(&p);

    const struct rows hidden = w->context, out = {logits, m->config.n_labels};
    apply_linear(&p, batch->n_texts, w->x, &weights->head_dense, m->config.family->head_act, none,
                 hidden);
    apply_linear(&p, batch->n_texts, hidden, &weights->head_out, ACT_NONE, none, out);
}

void cuvee__forward(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                    const struct ragged_batch *batch, float *logits)
{
    run(m, k, w, batch, true, logits);
}

void cuvee__forward_untrimmed(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                              const struct ragged_batch *batch, float *logits)
{
    run(m, k, w, batch, false, logits);
}
