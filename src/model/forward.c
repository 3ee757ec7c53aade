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
 * Several threads may run one pass together; then all of them execute this code, each on its share
 * (pass.h). */
#include "model/forward.h"

#include <assert.h>

#include "base/checked.h"
#include "model/pass.h"
#include "os/clock.h"

static const struct rows none;

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
    const struct ragged_batch *batch = p->batch;
    const size_t d = p->config->hidden_size;
    float *x = rows_from(p->w->x, token).ptr;
    float *tmp = p->own->y.ptr; /* idle until the first layer */
    cuvee__tensor_widen(p->kernels, weights->word, (size_t)batch->ids[token] * d, d, x);
    if (weights->type) {
        /* A tokenizer may mark the second text of a pair for a model that knows one type only. */
        const size_t type = cuvee__min((size_t)batch->type_ids[token], p->n_types - 1);
        add_row(p, weights->type, type, x, tmp);
    }
    add_row(p, weights->position, t, x, tmp);
}

static void embed(struct pass *p)
{
    const struct ragged_batch *batch = p->batch;
    const struct share mine = pass_share(p, batch->n_tokens);
    size_t text = 0;
    for (size_t token = mine.first; token < mine.first + mine.n; token++) {
        while (batch->starts[text + 1] <= token) text++;
        embed_token(p, token, token - batch->starts[text]);
    }
    cuvee__pass_lap(p, STAGE_EMBED);
    /* The share of a norm by columns is the same rows as by rows. */
    const struct share rows = pass_rows(p, batch->n_tokens);
    cuvee__pass_norm(p, rows.n, rows_from(p->w->x, rows.first), &p->weights->embed_norm);
}

/* From attention to the end of the layer, n rows in place of x, a block at a time: the wide rows of
 * the feed-forward part are the largest of all and should not leave the cache. */
static void finish_layer(struct pass *p, size_t layer, size_t n)
{
    const struct layer *weights = &p->weights->layers[layer];
    const struct step out = {STAGE_ATTENTION_OUT, layer, &weights->attention_out, ACT_NONE};
    const struct step up = {STAGE_FFN_UP, layer, &weights->ffn_up, p->config->act};
    const struct step down = {STAGE_FFN_DOWN, layer, &weights->ffn_down, ACT_NONE};
    cuvee__pass_choose_cut(p, n);
    const struct workspace *blocks = p->by_rows ? p->own : p->w;
    const struct share mine = pass_rows(p, n);
    for (size_t done = 0, rows; done < mine.n; done += rows) {
        rows = cuvee__min(blocks->block_rows, mine.n - done);
        const struct rows x = rows_from(p->w->x, mine.first + done);
        const struct rows context = rows_from(p->w->context, mine.first + done);
        cuvee__pass_linear(p, &out, rows, context, x, blocks->y);
        cuvee__pass_norm(p, rows, blocks->y, &weights->attention_norm);
        cuvee__pass_linear(p, &up, rows, blocks->y, none, blocks->wide);
        cuvee__pass_linear(p, &down, rows, blocks->wide, blocks->y, x);
        cuvee__pass_norm(p, rows, x, &weights->ffn_norm);
    }
}

static void run_last_layer(struct pass *p, size_t layer)
{
    if (p->w->last_layer != LAST_LAYER_FULL) {
        cuvee__pass_attend_first(p, layer);
        finish_layer(p, layer, p->batch->n_texts);
        return;
    }
    cuvee__pass_attend(p, layer);
    finish_layer(p, layer, p->batch->n_tokens);
    pass_meet_rows(p);
    if (p->member == 0) cuvee__pass_first_tokens(p, p->w->x);
}

static void run_head(struct pass *p, float *logits)
{
    const struct model_weights *weights = p->weights;
    const struct step dense = {STAGE_HEAD_DENSE, 0, &weights->head_dense,
                               p->config->family->head_act};
    const struct step out = {STAGE_HEAD_OUT, 0, &weights->head_out, ACT_NONE};
    const struct rows all = {logits, p->config->n_labels}, hidden = p->w->context;
    pass_meet(p);
    cuvee__pass_choose_cut(p, p->batch->n_texts);
    const struct share rows = pass_rows(p, p->batch->n_texts);
    cuvee__pass_linear(p, &dense, rows.n, rows_from(p->w->x, rows.first), none,
                       rows_from(hidden, rows.first));
    cuvee__pass_linear(p, &out, rows.n, rows_from(hidden, rows.first), none,
                       rows_from(all, rows.first));
    pass_meet_rows(p);
}

static void run(struct pass *p, float *logits)
{
    const struct ragged_batch *batch = p->batch;
    if (batch->n_texts == 0) return;
    assert(batch->n_tokens <= p->w->max_tokens && batch->n_texts <= p->w->max_texts);
    assert(batch->starts[batch->n_texts] == batch->n_tokens);
    if (p->own->stage_ns) p->lap_ns = cuvee__clock_ns();

    const size_t last = p->weights->n_layers - 1;
    cuvee__pass_choose_cut(p, batch->n_tokens);
    embed(p);
    for (size_t i = 0; i < last; i++) {
        cuvee__pass_attend(p, i);
        finish_layer(p, i, batch->n_tokens);
    }
    run_last_layer(p, last);
    run_head(p, logits);
}

void cuvee__forward_share(const struct forward_job *job, struct team *team, size_t member,
                          struct workspace *own)
{
    const cuvee_model *m = job->model;
    struct pass p = {
        .config = &m->config,
        .weights = &m->weights,
        .kernels = job->kernels,
        .batch = &job->batch,
        .w = job->workspace,
        .own = own,
        .team = team,
        .member = member,
        .n_members = team ? team->n_members : 1,
        .n_types = cuvee__tokenizer_shows_type_ids(m->tokenizer) ? m->config.n_types : 1,
    };
    run(&p, job->logits);
}

void cuvee__forward(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                    const struct ragged_batch *batch, float *logits)
{
    const struct forward_job job = {m, k, w, *batch, logits};
    cuvee__forward_share(&job, NULL, 0, w);
}
