/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/job.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"

static struct script_columns *script_columns_create(size_t n_texts)
{
    size_t bytes;
    struct script_columns *s = NULL;
    if (cuvee__mul(n_texts, sizeof *s->rows + sizeof *s->scores, &bytes) &&
        cuvee__add(bytes, sizeof *s, &bytes))
        s = cuvee__calloc(1, bytes);
    if (!s) return NULL;
    s->rows = (struct script_row *)(void *)(s + 1);
    s->scores = (double *)(void *)(s->rows + n_texts);
    return s;
}

void cuvee__result_free(cuvee_result *result)
{
    if (!result) return;
    if (result->script) {
        struct script_chunk *next;
        for (struct script_chunk *c = atomic_load(&result->script->chunks); c; c = next) {
            next = c->next;
            cuvee__free(c);
        }
        cuvee__free(result->script);
    }
    cuvee__free(result);
}

cuvee_result *cuvee__result_create(size_t n_texts, size_t n_labels, bool is_script)
{
    if (is_script) n_labels = 0;
    const size_t n_columns = 5, item_bytes = 4; /* the scores' too: nothing to align between them */
    size_t per_row, n_items, bytes;
    if (!cuvee__add(n_labels, n_columns, &per_row) || !cuvee__mul(per_row, n_texts, &n_items) ||
        !cuvee__mul(n_items, item_bytes, &bytes) ||
        !cuvee__add(bytes, sizeof(cuvee_result), &bytes))
        return NULL;
    cuvee_result *r = cuvee__calloc(1, bytes);
    if (!r) return NULL;
    r->n_texts = n_texts;
    r->n_labels = n_labels;
    r->all_scores = (float *)(r + 1);
    r->scores = r->all_scores + n_texts * n_labels;
    r->labels = (int32_t *)(r->scores + n_texts);
    r->status = r->labels + n_texts;
    r->tokens = (uint32_t *)(r->status + n_texts);
    r->notes = r->tokens + n_texts;
    if (!is_script) return r;
    r->all_scores = NULL;
    r->script = script_columns_create(n_texts);
    if (r->script) return r;
    cuvee__free(r);
    return NULL;
}

void cuvee__result_fail(cuvee_result *result, size_t i, int status)
{
    result->status[i] = status;
    result->labels[i] = -1;
    if (result->script) result->script->scores[i] = (double)NAN;
}

struct job *cuvee__job_create(const cuvee_text *texts, size_t n_texts, size_t n_labels,
                              bool is_script, const cuvee_classify_options *options,
                              cuvee_done *done, void *user)
{
    size_t bytes;
    if (!cuvee__mul(n_texts, sizeof *texts, &bytes) ||
        !cuvee__add(bytes, sizeof(struct job), &bytes))
        return NULL;
    struct job *job = cuvee__malloc(bytes);
    cuvee_result *result = cuvee__result_create(n_texts, n_labels, is_script);
    if (!job || !result) {
        cuvee__free(job);
        cuvee__result_free(result);
        return NULL;
    }
    *job = (struct job){.options = *options, .n_texts = n_texts, .done = done, .user = user,
                        .result = result};
    atomic_init(&job->n_open, n_texts);
    if (n_texts) memcpy(job->texts, texts, n_texts * sizeof *texts);
    for (size_t i = 0; i < n_texts; i++) job->cost += job_text_cost(job, i);
    return job;
}

void cuvee__job_free(struct job *job)
{
    if (!job) return;
    cuvee__result_free(job->result);
    cuvee__free(job);
}

void cuvee__job_complete(struct job *job, size_t n)
{
    if (atomic_fetch_sub_explicit(&job->n_open, n, memory_order_acq_rel) != n) return;
    cuvee_done *done = job->done;
    void *user = job->user;
    cuvee_result *result = job->result;
    cuvee__free(job);
    done(user, result);
}

void cuvee__job_cancel_rest(struct job *job)
{
    for (size_t i = job->n_taken; i < job->n_texts; i++)
        cuvee__result_fail(job->result, i, CUVEE_E_CANCELLED);
    cuvee__job_complete(job, job->n_texts - job->n_taken);
}
