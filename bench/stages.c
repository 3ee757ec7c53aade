/* SPDX-License-Identifier: Apache-2.0
 *
 * The one benchmark that looks inside the library: a workspace adds up the time of its stages when
 * it is asked to, and nothing behind the public API can ask. Batches are cut as the pool cuts them.
 */
#include "stages.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "contest.h"
#include "kernels/kernels.h"
#include "model/model_parts.h"
#include "os/thread.h"

enum { BATCH_TOKENS = 512, MAX_THREADS = 64 };

static const char *const names[N_STAGES] = {
    [STAGE_EMBED] = "embed",
    [STAGE_QKV] = "query, key, value",
    [STAGE_ATTENTION] = "attention",
    [STAGE_ATTENTION_OUT] = "attention output",
    [STAGE_FFN_UP] = "feed-forward up",
    [STAGE_FFN_DOWN] = "feed-forward down",
    [STAGE_NORM] = "norms",
    [STAGE_HEAD_DENSE] = "head",
    [STAGE_HEAD_OUT] = "classifier",
};

/* All texts as token ids, side by side. */
struct tokens {
    int32_t *ids, *type_ids;
    uint32_t *starts; /* (n_texts + 1) */
    size_t n_texts;
};

struct runner {
    const cuvee_model *model;
    const struct kernels *kernels;
    const struct tokens *tokens;
    uint64_t stage_ns[N_STAGES];
    struct workspace *workspace;
    float *logits;
    struct thread thread;
};

static int make_tokens(struct tokens *t, const cuvee_model *model, const struct texts *texts,
                       cuvee_error *err)
{
    t->n_texts = texts->n;
    t->ids = cuvee__calloc(texts->n_tokens, sizeof *t->ids);
    t->type_ids = cuvee__calloc(texts->n_tokens, sizeof *t->type_ids);
    t->starts = cuvee__calloc(texts->n + 1, sizeof *t->starts);
    if (!t->ids || !t->type_ids || !t->starts)
        return cuvee__fail(err, CUVEE_E_NOMEM, "stages: out of memory");
    for (size_t i = 0; i < texts->n; i++) {
        cuvee_tokens *one;
        const int rc = cuvee_tokenize(model, &texts->items[i], NULL, &one, err);
        if (rc != CUVEE_OK) return rc;
        memcpy(t->ids + t->starts[i], one->ids, one->n * sizeof *one->ids);
        t->starts[i + 1] = t->starts[i] + (uint32_t)one->n;
        cuvee_tokens_free(one);
    }
    return CUVEE_OK;
}

static void *run(void *arg)
{
    struct runner *r = arg;
    const struct tokens *t = r->tokens;
    uint32_t starts[BATCH_TOKENS + 1];
    for (size_t first = 0; first < t->n_texts;) {
        size_t n = 0;
        starts[0] = 0;
        do {
            n++;
            starts[n] = t->starts[first + n] - t->starts[first];
        } while (first + n < t->n_texts &&
                 t->starts[first + n + 1] - t->starts[first] <= BATCH_TOKENS);
        const struct ragged_batch batch = {
            .n_texts = n,
            .n_tokens = starts[n],
            .ids = t->ids + t->starts[first],
            .type_ids = t->type_ids + t->starts[first],
            .starts = starts,
        };
        cuvee__forward(r->model, r->kernels, r->workspace, &batch, r->logits);
        first += n;
    }
    return NULL;
}

static int prepare(struct runner *r, const struct runner *common, cuvee_error *err)
{
    *r = *common;
    const size_t n_labels = cuvee__model_n_labels(r->model);
    const int rc =
        cuvee__workspace_create(r->model, BATCH_TOKENS, BATCH_TOKENS, &r->workspace, err);
    if (rc != CUVEE_OK) return rc;
    r->logits = cuvee__alloc_array(BATCH_TOKENS, n_labels * sizeof *r->logits);
    if (!r->logits) return cuvee__fail(err, CUVEE_E_NOMEM, "stages: out of memory");
    r->workspace->stage_ns = r->stage_ns;
    return CUVEE_OK;
}

static json_t *report(const struct runner *runners, unsigned n)
{
    double sums[N_STAGES] = {0}, all = 0;
    for (unsigned i = 0; i < n; i++)
        for (size_t s = 0; s < N_STAGES; s++) sums[s] += (double)runners[i].stage_ns[s];
    for (size_t s = 0; s < N_STAGES; s++) all += sums[s];
    json_t *j = json_object();
    for (size_t s = 0; s < N_STAGES; s++)
        json_object_set_new(j, names[s], json_real(all > 0 ? sums[s] / all : 0));
    return j;
}

/* All threads at once, the caller's among them. */
static int run_all(struct runner *runners, unsigned n, cuvee_error *err)
{
    int rc = CUVEE_OK;
    unsigned n_started = 1;
    for (; rc == CUVEE_OK && n_started < n; n_started++) {
        struct runner *r = &runners[n_started];
        rc = cuvee__thread_start(&r->thread, "stages", run, r, err);
        if (rc != CUVEE_OK) break;
    }
    if (rc == CUVEE_OK) run(&runners[0]);
    for (unsigned i = 1; i < n_started; i++) cuvee__thread_join(&runners[i].thread);
    return rc;
}

json_t *bench_stages(const char *model_dir, const char *precision, const struct texts *texts,
                     unsigned n_threads)
{
    static struct runner runners[MAX_THREADS];
    struct contest c = {.precision = bench_precision(precision)};
    struct kernels kernels;
    struct tokens tokens = {0};
    cuvee_error err = {0};
    unsigned n = 0;
    if (n_threads > MAX_THREADS) n_threads = MAX_THREADS;
    int rc = bench_contest_open(&c, model_dir, NULL, NULL, &err);
    if (rc == CUVEE_OK) rc = cuvee__kernels_choose(&kernels, NULL, &err);
    if (rc == CUVEE_OK) rc = make_tokens(&tokens, c.model, texts, &err);
    const struct runner common = {.model = c.model, .kernels = &kernels, .tokens = &tokens};
    while (rc == CUVEE_OK && n < n_threads) rc = prepare(&runners[n++], &common, &err);
    if (rc == CUVEE_OK) rc = run_all(runners, n, &err);
    json_t *stages = rc == CUVEE_OK ? report(runners, n) : NULL;
    for (unsigned i = 0; i < n; i++) {
        cuvee__workspace_free(runners[i].workspace);
        cuvee__free(runners[i].logits);
    }
    cuvee__free(tokens.ids);
    cuvee__free(tokens.type_ids);
    cuvee__free(tokens.starts);
    bench_contest_close(&c);
    if (!stages) fprintf(stderr, "speed: stages of %s: %s\n", precision, err.msg);
    return stages;
}
