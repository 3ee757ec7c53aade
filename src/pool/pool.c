/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pool.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/external.h"
#include "model/model.h"
#include "os/clock.h"
#include "os/cpu.h"
#include "pool/dispatcher.h"
#include "pool/worker.h"

struct cuvee_pool {
    /* Set by create, then constant: no lock. */
    cuvee_model *model; /* one hold */
    struct kernels kernels;
    uint32_t batch_tokens, n_workers;
    struct worker *workers;         /* (n_workers); NULL: dispatchers */
    struct dispatcher *dispatchers; /* (n_workers); NULL: workers */

    struct queue queue; /* has a lock of its own */
    struct batch_counters counters;
};

static int start_workers(cuvee_pool *p, const cuvee_pool_options *options, cuvee_error *err)
{
    const size_t bytes = p->n_workers * sizeof *p->workers; /* at most 1024 of them */
    p->workers = cuvee__alloc_aligned(bytes);
    if (!p->workers) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for workers");
    memset(p->workers, 0, bytes);
    /* One worker for each core: left to the scheduler, two that wake up for the same text may begin
     * on one core, and stay there for milliseconds. Fewer workers leave it the choice: another
     * process would take the same first cores. */
    const bool is_pinned = p->n_workers > 1 && p->n_workers == cuvee__cpu_allowed_cores();
    for (uint32_t i = 0; i < p->n_workers; i++) {
        struct worker *w = &p->workers[i];
        w->batcher = (struct batcher){.model = p->model,
                                      .kernels = &p->kernels,
                                      .batch_tokens = p->batch_tokens,
                                      .worker = i,
                                      .queue = &p->queue,
                                      .counters = &p->counters,
                                      .on_batch = options->on_batch,
                                      .on_batch_user = options->on_batch_user};
        w->is_pinned = is_pinned;
        const int rc = cuvee__worker_start(w, err);
        if (rc < 0) {
            cuvee__error_prefix(err, "worker %u of %u", (unsigned)i, (unsigned)p->n_workers);
            return rc;
        }
    }
    return CUVEE_OK;
}

static int start_dispatchers(cuvee_pool *p, const cuvee_pool_options *options, cuvee_error *err)
{
    p->dispatchers = cuvee__calloc(p->n_workers, sizeof *p->dispatchers);
    if (!p->dispatchers) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for workers");
    for (uint32_t i = 0; i < p->n_workers; i++) {
        struct dispatcher *d = &p->dispatchers[i];
        *d = (struct dispatcher){.external = cuvee__model_external(p->model),
                                 .queue = &p->queue,
                                 .worker = i,
                                 .counters = &p->counters,
                                 .on_batch = options->on_batch,
                                 .on_batch_user = options->on_batch_user};
        const int rc = cuvee__dispatcher_start(d, err);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

/* Tokens of a pass that is worth sharing: meetings and waking up cost some 50 us, so the pass
 * should take ten times that. On one core of today, the multiplications below do. */
static size_t crew_tokens(const cuvee_model *model)
{
    const uint64_t least = 12000000;
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    cuvee__model_describe(model, &info);
    const uint64_t d = info.hidden_size, f = info.intermediate_size;
    return (size_t)(least / (info.n_layers * d * (4 * d + 2 * f) + 1) + 1);
}

int cuvee__pool_create(cuvee_model *model, const cuvee_pool_options *options, cuvee_pool **ret_pool,
                       cuvee_error *err)
{
    cuvee_pool *p = cuvee__calloc(1, sizeof *p);
    if (!p) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a pool");
    const struct external_model *external = cuvee__model_external(model);
    p->batch_tokens = options->batch_tokens;
    p->n_workers = options->n_workers;
    /* Each text of a script costs the least there is. */
    if (external) p->batch_tokens = (uint32_t)(external->max_batch * JOB_MIN_COST);

    int rc = CUVEE_OK;
    if (!external) rc = cuvee__kernels_choose(&p->kernels, options->isa, err);
    if (rc == CUVEE_OK)
        rc = cuvee__queue_init(&p->queue, options->max_queue, p->batch_tokens, p->n_workers, err);
    if (rc < 0) {
        cuvee__free(p);
        return rc;
    }
    cuvee__model_acquire(model);
    p->model = model;
    if (!external) p->queue.crew_tokens = crew_tokens(model);
    rc = external ? start_dispatchers(p, options, err) : start_workers(p, options, err);
    if (rc < 0) {
        cuvee__pool_free(p);
        return rc;
    }
    *ret_pool = p;
    return CUVEE_OK;
}

/* Also for a pool whose workers did not all start. */
void cuvee__pool_free(cuvee_pool *pool)
{
    if (!pool) return;
    cuvee__queue_stop(&pool->queue);
    for (uint32_t i = 0; pool->workers && i < pool->n_workers; i++)
        cuvee__worker_join(&pool->workers[i]);
    for (uint32_t i = 0; pool->workers && i < pool->n_workers; i++)
        cuvee__worker_deinit(&pool->workers[i]);
    cuvee__free(pool->workers);
    for (uint32_t i = 0; pool->dispatchers && i < pool->n_workers; i++)
        cuvee__dispatcher_end(&pool->dispatchers[i]);
    cuvee__free(pool->dispatchers);
    cuvee__queue_deinit(&pool->queue);
    cuvee__model_release(pool->model);
    cuvee__free(pool);
}

void cuvee__pool_cancel(cuvee_pool *pool)
{
    struct external_model *external = cuvee__model_external(pool->model);
    struct job *next;
    for (struct job *job = cuvee__queue_drain(&pool->queue); job; job = next) {
        next = job->next; /* the job may be gone after this */
        cuvee__job_cancel_rest(job);
    }
    if (external) external->ops->interrupt(external);
}

void cuvee__pool_describe(const cuvee_pool *pool, cuvee_pool_info *info)
{
    cuvee_model_info model = CUVEE_OPTIONS(cuvee_model_info);
    cuvee__model_describe(pool->model, &model);
    info->isa = pool->workers ? pool->kernels.name : model.script_host;
    info->precision = model.precision;
    info->n_workers = pool->n_workers;
    info->batch_tokens = pool->workers ? pool->batch_tokens : 0;
    info->arena_bytes = pool->workers ? pool->workers[0].batcher.bytes : 0;
    info->n_batches = atomic_load_explicit(&pool->counters.n_batches, memory_order_relaxed);
    info->n_texts = atomic_load_explicit(&pool->counters.n_texts, memory_order_relaxed);
    info->n_tokens = atomic_load_explicit(&pool->counters.n_tokens, memory_order_relaxed);
}

const cuvee_model *cuvee__pool_model(const cuvee_pool *pool)
{
    return pool->model;
}

/* Waits in line, then for the job; `caller` has its condition. */
static int classify_as(cuvee_pool *pool, struct caller *caller, struct job *job, int64_t timeout_ms,
                       cuvee_result **ret_result, cuvee_error *err)
{
    uint64_t deadline_ns = QUEUE_NO_DEADLINE;
    const uint64_t now = cuvee__clock_ns();
    if (timeout_ms > 0 && (uint64_t)timeout_ms < (QUEUE_NO_DEADLINE - now) / CUVEE__NS_PER_MS)
        deadline_ns = now + (uint64_t)timeout_ms * CUVEE__NS_PER_MS;
    if (!cuvee__queue_push_wait(&pool->queue, job, caller, deadline_ns)) {
        cuvee__job_free(job);
        return cuvee__fail(err, CUVEE_E_TIMEOUT, "no room in the queue within %lld ms",
                           (long long)timeout_ms);
    }
    *ret_result = cuvee__queue_wait_result(&pool->queue, caller);
    return CUVEE_OK;
}

static struct job *create_job(const cuvee_pool *pool, const cuvee_text *texts, size_t n,
                              const cuvee_classify_options *options, cuvee_done *done, void *user)
{
    return cuvee__job_create(texts, n, cuvee__model_n_labels(pool->model),
                             cuvee__model_external(pool->model) != NULL, options, done, user);
}

int cuvee__pool_classify(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                         const cuvee_classify_options *options, cuvee_result **ret_result,
                         cuvee_error *err)
{
    struct caller caller = {.queue = &pool->queue};
    struct job *job = create_job(pool, texts, n, options, cuvee__caller_wake, &caller);
    if (!job) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %zu texts", n);
    int rc = cuvee__cond_init(&caller.wake, err);
    if (rc < 0) {
        cuvee__job_free(job);
        return rc;
    }
    rc = classify_as(pool, &caller, job, options->timeout_ms, ret_result, err);
    cuvee__cond_deinit(&caller.wake);
    return rc;
}

int cuvee__pool_submit(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                       const cuvee_classify_options *options, cuvee_done *done, void *user,
                       cuvee_error *err)
{
    struct job *job = create_job(pool, texts, n, options, done, user);
    if (!job) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %zu texts", n);
    if (!cuvee__queue_try_push(&pool->queue, job)) {
        cuvee__job_free(job);
        return cuvee__fail(err, CUVEE_E_BUSY, "the queue has no room for %zu texts", n);
    }
    return CUVEE_OK;
}
