/* SPDX-License-Identifier: Apache-2.0 */
#include "api/args.h"
#include "base/error.h"
#include "cuvee/cuvee.h"
#include "model/external.h"
#include "os/cpu.h"
#include "pool/job.h"
#include "pool/pool.h"

#define DEFAULT_BATCH_TOKENS 512
#define DEFAULT_MAX_QUEUE 65536
#define MAX_WORKERS 1024
#define MAX_BATCH_TOKENS 65536

static const struct struct_sizes pool_options_sizes =
    STRUCT_SIZES(cuvee_pool_options, on_batch_user);
static const struct struct_sizes pool_info_sizes = STRUCT_SIZES(cuvee_pool_info, n_tokens);
static const struct struct_sizes classify_options_sizes =
    STRUCT_SIZES(cuvee_classify_options, timeout_ms);

int cuvee_pool_create(cuvee_model *model, const cuvee_pool_options *options, cuvee_pool **ret_pool,
                      cuvee_error *err)
{
    if (!model) return cuvee__fail(err, CUVEE_E_ARGUMENT, "model is NULL");
    if (!ret_pool) return cuvee__fail(err, CUVEE_E_ARGUMENT, "ret_pool is NULL");
    cuvee_pool_options o;
    const int rc = cuvee__options_read(&pool_options_sizes, options, &o, err);
    if (rc < 0) return rc;
    if (o.n_workers > MAX_WORKERS)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "n_workers is %u, but must be 0 .. %d",
                           (unsigned)o.n_workers, MAX_WORKERS);
    if (o.batch_tokens > MAX_BATCH_TOKENS)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "batch_tokens is %u, but must be 0 .. %d",
                           (unsigned)o.batch_tokens, MAX_BATCH_TOKENS);
    const struct external_model *external = cuvee__model_external(model);
    if (external && (!o.n_workers || o.n_workers > external->max_callers))
        o.n_workers = (uint32_t)external->max_callers;
    if (!o.n_workers) o.n_workers = (uint32_t)cuvee__min(cuvee__cpu_default_workers(), MAX_WORKERS);
    if (!o.batch_tokens) o.batch_tokens = DEFAULT_BATCH_TOKENS;
    if (!o.max_queue) o.max_queue = DEFAULT_MAX_QUEUE;
    return cuvee__pool_create(model, &o, ret_pool, err);
}

void cuvee_pool_free(cuvee_pool *pool)
{
    cuvee__pool_free(pool);
}

void cuvee_pool_cancel(cuvee_pool *pool)
{
    if (pool) cuvee__pool_cancel(pool);
}

int cuvee_pool_describe(const cuvee_pool *pool, cuvee_pool_info *info, cuvee_error *err)
{
    if (!pool) return cuvee__fail(err, CUVEE_E_ARGUMENT, "pool is NULL");
    const int rc = cuvee__info_check(&pool_info_sizes, info, err);
    if (rc < 0) return rc;
    cuvee_pool_info filled = {.struct_size = sizeof filled};
    cuvee__pool_describe(pool, &filled);
    cuvee__info_write(&pool_info_sizes, info, &filled);
    return CUVEE_OK;
}

/* What classify and submit have in common. ret: complete options. */
static int call_check(const cuvee_pool *pool, const cuvee_text *texts, size_t n,
                      const cuvee_classify_options *options, cuvee_classify_options *ret,
                      cuvee_error *err)
{
    if (!pool) return cuvee__fail(err, CUVEE_E_ARGUMENT, "pool is NULL");
    int rc = cuvee__options_read(&classify_options_sizes, options, ret, err);
    if (rc == CUVEE_OK)
        rc = cuvee__enum_check("truncation", ret->truncation, CUVEE_TRUNCATE_ERROR, err);
    if (rc == CUVEE_OK)
        rc = cuvee__enum_check("activation", ret->activation, CUVEE_ACTIVATION_NONE, err);
    if (rc == CUVEE_OK && ret->timeout_ms < 0)
        rc = cuvee__fail(err, CUVEE_E_ARGUMENT, "timeout_ms is %lld, but must not be negative",
                         (long long)ret->timeout_ms);
    if (rc == CUVEE_OK && ret->deadline_ms < 0)
        rc = cuvee__fail(err, CUVEE_E_ARGUMENT, "deadline_ms is %lld, but must not be negative",
                         (long long)ret->deadline_ms);
    if (rc == CUVEE_OK)
        rc = cuvee__texts_check(cuvee__pool_model(pool), texts, n, ret->max_length,
                                &ret->max_length, err);
    return rc;
}

int cuvee_classify(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                   const cuvee_classify_options *options, cuvee_result **ret_result,
                   cuvee_error *err)
{
    if (!ret_result) return cuvee__fail(err, CUVEE_E_ARGUMENT, "ret_result is NULL");
    cuvee_classify_options o;
    const int rc = call_check(pool, texts, n, options, &o, err);
    return rc < 0 ? rc : cuvee__pool_classify(pool, texts, n, &o, ret_result, err);
}

int cuvee_submit(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                 const cuvee_classify_options *options, cuvee_done *done, void *user,
                 cuvee_error *err)
{
    if (!done) return cuvee__fail(err, CUVEE_E_ARGUMENT, "done is NULL");
    cuvee_classify_options o;
    const int rc = call_check(pool, texts, n, options, &o, err);
    return rc < 0 ? rc : cuvee__pool_submit(pool, texts, n, &o, done, user, err);
}
