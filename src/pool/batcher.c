/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/batcher.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"

int cuvee__batcher_init(struct batcher *b, cuvee_error *err)
{
    int rc = cuvee__encoder_create(cuvee__model_tokenizer(b->model), &b->encoder, err);
    if (rc < 0) return rc;

    const size_t max_length = cuvee__model_max_length(b->model);
    const size_t max_texts = queue_max_take(b->batch_tokens);
    rc = cuvee__workspace_create(b->model, cuvee__max(b->batch_tokens, max_length), max_texts,
                                 &b->workspace, err);
    if (rc < 0) return rc;

    /* A text is tokenised in place behind the others, before it is known whether it still fits. */
    const size_t max_ids = b->batch_tokens - 1 + max_length;
    const size_t n_labels = cuvee__model_n_labels(b->model);
    b->ids = cuvee__alloc_array(max_ids, sizeof *b->ids);
    b->type_ids = cuvee__alloc_array(max_ids, sizeof *b->type_ids);
    b->starts = cuvee__alloc_array(max_texts + 1, sizeof *b->starts);
    b->places = cuvee__alloc_array(max_texts, sizeof *b->places);
    b->logits = cuvee__alloc_array(max_texts, n_labels * sizeof *b->logits);
    if (!b->ids || !b->type_ids || !b->starts || !b->places || !b->logits)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a batch of %zu tokens", max_ids);
    b->bytes = cuvee__workspace_bytes(b->workspace) + max_ids * 2 * sizeof *b->ids +
               (max_texts + 1) * sizeof *b->starts +
               max_texts * (sizeof *b->places + n_labels * sizeof *b->logits);
    return CUVEE_OK;
}

void cuvee__batcher_deinit(struct batcher *b)
{
    cuvee__encoder_free(b->encoder);
    cuvee__workspace_free(b->workspace);
    cuvee__free(b->ids);
    cuvee__free(b->type_ids);
    cuvee__free(b->starts);
    cuvee__free(b->places);
    cuvee__free(b->logits);
}

static void write_row(const struct batcher *b, size_t i)
{
    const struct job *job = b->places[i].job;
    const size_t row = b->places[i].row;
    cuvee_result *result = job->result;
    const size_t n_labels = result->n_labels;
    float *scores = result->all_scores + row * n_labels;
    const int32_t best = cuvee__model_scores(b->model, job->options.activation,
                                             b->logits + i * n_labels, scores);
    if (best < 0) {
        memset(scores, 0, n_labels * sizeof *scores);
        cuvee__result_fail(result, row, CUVEE_E_NONFINITE);
        return;
    }
    result->labels[row] = best;
    result->scores[row] = scores[best];
}

/* Returns how many workers had a part in it. */
static uint32_t run_forward(struct batcher *b, const struct ragged_batch *batch)
{
    const struct forward_job job = {b->model, b->kernels, b->workspace, *batch, b->logits,
                                    .n_expected = 1};
    cuvee__queue_open_crew(b->queue, b->crew, &job);
    cuvee__forward_share(&b->crew->job, b->workspace, NULL);
    /* A helper that left for texts and came back was counted twice. */
    const size_t n_helpers = cuvee__queue_close_crew(b->queue, b->crew);
    return (uint32_t)(1 + cuvee__min(n_helpers, b->queue->n_workers - 1));
}

/* One forward pass over the batch so far; then the batch is empty. */
static void run_batch(struct batcher *b)
{
    if (b->n_texts == 0) return;
    const struct ragged_batch batch = {.n_texts = b->n_texts,
                                       .n_tokens = b->n_tokens,
                                       .ids = b->ids,
                                       .type_ids = b->type_ids,
                                       .starts = b->starts};
    struct batch_counters *c = b->counters;
    cuvee_batch_record record = {.worker = b->worker,
                                 .n_texts = (uint32_t)b->n_texts,
                                 .n_tokens = (uint32_t)b->n_tokens,
                                 .start_ns = b->start_ns};
    record.batch = atomic_fetch_add_explicit(&c->n_batches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->n_texts, b->n_texts, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->n_tokens, b->n_tokens, memory_order_relaxed);

    const uint64_t forward_ns = cuvee__clock_ns();
    record.n_members = run_forward(b, &batch);
    const uint64_t end_ns = cuvee__clock_ns();
    for (size_t i = 0; i < b->n_texts; i++) write_row(b, i);

    record.tokenize_ns = forward_ns - b->start_ns;
    record.forward_ns = end_ns - forward_ns;
    if (b->on_batch) b->on_batch(b->on_batch_user, &record);
    b->n_texts = b->n_tokens = 0;
    b->start_ns = cuvee__clock_ns(); /* the callback's time is nobody's */
}

/* Run what is there without the text that lies behind it, then make that text the first of a new
 * batch. */
static void run_batch_before(struct batcher *b, size_t n_tokens_behind)
{
    const size_t off = b->n_tokens;
    run_batch(b);
    memmove(b->ids, b->ids + off, n_tokens_behind * sizeof *b->ids);
    memmove(b->type_ids, b->type_ids + off, n_tokens_behind * sizeof *b->type_ids);
}

static void add_text(struct batcher *b, struct job *job, size_t row)
{
    const cuvee_classify_options *o = &job->options;
    cuvee_result *result = job->result;
    struct encoding enc;
    const int rc = cuvee__encode(b->encoder, &job->texts[row], o->max_length, o->truncation,
                                 b->ids + b->n_tokens, b->type_ids + b->n_tokens, &enc);
    if (rc < 0) {
        cuvee__result_fail(result, row, rc);
        return;
    }
    result->tokens[row] = (uint32_t)enc.n;
    result->notes[row] = (enc.truncated ? CUVEE_NOTE_TRUNCATED : 0) |
                         (enc.replaced ? CUVEE_NOTE_REPLACED : 0);

    if (b->n_texts && b->n_tokens + enc.n > b->batch_tokens) run_batch_before(b, enc.n);
    b->starts[b->n_texts] = (uint32_t)b->n_tokens;
    b->places[b->n_texts++] = (struct place){job, row};
    b->n_tokens += enc.n;
    b->starts[b->n_texts] = (uint32_t)b->n_tokens;
    if (b->n_tokens >= b->batch_tokens) run_batch(b); /* keeps room for one text of any length */
}

void cuvee__batcher_run(struct batcher *b, const struct slice *slices, size_t n_slices)
{
    b->start_ns = cuvee__clock_ns();
    for (size_t s = 0; s < n_slices; s++)
        for (size_t i = 0; i < slices[s].n; i++) add_text(b, slices[s].job, slices[s].first + i);
    run_batch(b);
}
