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
 * The head reads one token per text. So the last layer computes little for the others: see
 * self_attention.c.
 *
 * Several threads may run one pass together; then all of them execute this code, and each does the
 * chunks of a stage that it gets hold of (pass.h). */
#include "model/forward.h"

#include <assert.h>

#include "base/checked.h"
#include "model/pass.h"
#include "os/clock.h"

/* x += row of an embedding table; tmp holds a row. */
static void add_row(const struct pass *p, const struct tensor *table, size_t row, float *x,
                    float *tmp)
{
    const size_t d = p->config->hidden_size;
    assert(row < table->dims[0]);
    cuvee__tensor_widen(p->kernels, table, row * d, d, tmp);
    p->kernels->add_f32(x, tmp, d);
}

/* One token of a text, its t-th. */
static void embed_token(const struct pass *p, size_t token, size_t t)
{
    const struct model_weights *weights = p->weights;
    const size_t d = p->config->hidden_size;
    float *x = rows_from(p->w->x, token).ptr;
    float *tmp = p->own->y.ptr; /* idle until the first layer */
    cuvee__tensor_widen(p->kernels, weights->word, (size_t)p->batch.ids[token] * d, d, x);
    if (weights->type) {
        /* A tokenizer may mark the second text of a pair for a model that knows one type only. */
        const size_t type = cuvee__min((size_t)p->batch.type_ids[token], p->n_types - 1);
        add_row(p, weights->type, type, x, tmp);
    }
    add_row(p, weights->position, t, x, tmp);
}

/* What takes x as inputs of this layer, if that is all rows for all threads: when cut by columns,
 * and not in the last layer, whatever that does. */
static const struct linear *shared_inputs(const struct pass *p, size_t layer)
{
    const bool is_whole = !p->by_rows && layer + 1 < p->weights->n_layers;
    return is_whole ? &p->weights->layers[layer].qkv : NULL;
}

static void embed(struct pass *p)
{
    const size_t n = p->batch.n_tokens, n_chunks = cuvee__pass_row_chunks(p, n);
    const struct linear *next = cuvee__pass_convert_for(p, shared_inputs(p, 0), n);
    for (size_t i; cuvee__pass_next(p, n_chunks, &i);) {
        const struct share mine = share_of(n, i, n_chunks);
        const uint32_t *text = p->batch.starts;
        for (size_t token = mine.first; token < mine.first + mine.n; token++) {
            while (text[1] <= token) text++;
            embed_token(p, token, token - *text);
        }
        cuvee__pass_norm_rows(p, n, mine, p->w->x, &p->weights->embed_norm, next);
    }
    cuvee__pass_lap(p, STAGE_EMBED);
}

/* From attention to the end of the layer, some rows in place of x, a block at a time: the wide rows
 * of the feed-forward part are the largest of all and should not leave the cache. */
static void finish_rows(struct pass *p, size_t layer, struct share range,
                        const struct workspace *blocks)
{
    const struct rows none = {0};
    const struct layer *weights = &p->weights->layers[layer];
    const struct step out = {STAGE_ATTENTION_OUT, layer, &weights->attention_out, ACT_NONE,
                             &weights->ffn_up};
    const struct step up = {STAGE_FFN_UP, layer, &weights->ffn_up, p->config->act,
                            &weights->ffn_down};
    const struct step down = {STAGE_FFN_DOWN, layer, &weights->ffn_down, ACT_NONE,
                              layer + 1 < p->weights->n_layers ? &weights[1].qkv : NULL};
    const bool is_narrow = cuvee__gemm_takes_bf16(p->kernels, &weights->ffn_down.w);
    const struct rows wide = is_narrow ? narrow_rows(blocks->wide) : blocks->wide;
    for (size_t done = 0, n; done < range.n; done += n) {
        n = cuvee__min(blocks->block_rows, range.n - done);
        const struct rows x = rows_from(p->w->x, range.first + done);
        const struct rows context = rows_from(p->w->context, range.first + done);
        cuvee__pass_linear(p, &out, n, context, x, blocks->y);
        cuvee__pass_norm(p, n, blocks->y, &weights->attention_norm, up.linear);
        cuvee__pass_linear(p, &up, n, blocks->y, none, wide);
        cuvee__pass_linear(p, &down, n, wide, blocks->y, x);
        cuvee__pass_norm(p, n, x, &weights->ffn_norm,
                         n == range.n ? shared_inputs(p, layer + 1) : NULL);
    }
}

static void finish_layer(struct pass *p, size_t layer, size_t n)
{
    cuvee__pass_choose_cut(p, n);
    if (!p->by_rows) {
        finish_rows(p, layer, (struct share){0, n}, p->w);
        return;
    }
    const size_t n_chunks = cuvee__pass_row_chunks(p, n);
    for (size_t i; cuvee__pass_next(p, n_chunks, &i);)
        finish_rows(p, layer, share_of(n, i, n_chunks), p->own);
}

static void run_last_layer(struct pass *p, size_t layer)
{
    if (p->w->last_layer != LAST_LAYER_FULL) {
        cuvee__pass_attend_first(p, layer);
        finish_layer(p, layer, p->batch.n_texts);
        return;
    }
    cuvee__pass_attend(p, layer);
    finish_layer(p, layer, p->batch.n_tokens);
    cuvee__pass_first_tokens(p, p->w->x);
}

static void run(struct pass *p, float *logits)
{
    const struct model_weights *weights = p->weights;
    const size_t last = weights->n_layers - 1;
    cuvee__pass_choose_cut(p, p->batch.n_tokens);
    embed(p);
    for (size_t i = 0; i < last; i++) {
        cuvee__pass_attend(p, i);
        finish_layer(p, i, p->batch.n_tokens);
    }
    run_last_layer(p, last);

    const struct step dense = {STAGE_HEAD_DENSE, 0, &weights->head_dense,
                               p->config->family->head_act, &weights->head_out};
    const struct step out = {STAGE_HEAD_OUT, 0, &weights->head_out, ACT_NONE, NULL};
    const struct rows hidden = p->w->context, all = f32_rows(logits, p->config->n_labels);
    cuvee__pass_choose_cut(p, p->batch.n_texts);
    cuvee__pass_linear_stage(p, &dense, p->batch.n_texts, p->w->x, hidden);
    cuvee__pass_linear_stage(p, &out, p->batch.n_texts, hidden, all);
}

void cuvee__forward_share(const struct forward_job *job, struct workspace *own,
                          const _Atomic bool *leave)
{
    const cuvee_model *m = job->model;
    struct pass p = {
        .config = &m->config,
        .weights = &m->weights,
        .kernels = job->kernels,
        .batch = job->batch,
        .w = job->workspace,
        .own = own,
        .n_expected = job->n_expected,
        .n_types = cuvee__tokenizer_shows_type_ids(m->tokenizer) ? m->config.n_types : 1,
        .team = job->team,
        .leave = leave,
        .stage = job->first_stage,
    };
    if (p.batch.n_texts == 0) return;
    assert(p.batch.n_tokens <= p.w->max_tokens && p.batch.n_texts <= p.w->max_texts);
    if (own->stage_ns) p.lap_ns = cuvee__clock_ns();
    run(&p, job->logits);
}

void cuvee__forward(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                    const struct ragged_batch *batch, float *logits)
{
    const struct forward_job job = {m, k, w, *batch, logits, .n_expected = 1};
    cuvee__forward_share(&job, w, NULL);
}
