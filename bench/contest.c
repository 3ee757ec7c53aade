/* SPDX-License-Identifier: Apache-2.0 */
#include "contest.h"

#include <string.h>

static const struct precision precisions[] = {
    {"f32", CUVEE_PRECISION_F32, PEAK_F32, 4},
    {"bf16", CUVEE_PRECISION_BF16, PEAK_BF16, 2},
    {"int8", CUVEE_PRECISION_INT8, PEAK_INT8, 1},
};

const struct precision *bench_precision(const char *name)
{
    for (size_t i = 0; i < sizeof precisions / sizeof precisions[0]; i++)
        if (strcmp(precisions[i].name, name) == 0) return &precisions[i];
    return NULL;
}

static int open_model(struct contest *c, const char *model_dir, cuvee_error *err)
{
    cuvee_model_options options = CUVEE_OPTIONS(cuvee_model_options);
    options.precision = c->precision->value;
    return cuvee_model_open(model_dir, &options, &c->model, err);
}

int bench_contest_open(struct contest *c, const char *model_dir,
                       void (*on_batch)(void *user, const cuvee_batch_record *record), void *user,
                       cuvee_error *err)
{
    cuvee_pool_options options = CUVEE_OPTIONS(cuvee_pool_options);
    options.n_workers = c->n_workers;
    options.on_batch = on_batch;
    options.on_batch_user = user;
    cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
    int rc = open_model(c, model_dir, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(c->model, &options, &c->pool, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_describe(c->pool, &info, err);
    if (rc == CUVEE_OK) c->n_workers = info.n_workers;
    return rc;
}

void bench_contest_close(struct contest *c)
{
    cuvee_pool_free(c->pool);
    cuvee_model_close(c->model);
    c->pool = NULL;
    c->model = NULL;
}

uint64_t bench_packed_bytes(const cuvee_model *model)
{
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    if (cuvee_model_describe(model, &info, NULL) != CUVEE_OK) return 0;
    return info.packed_path ? info.packed_bytes : 0;
}
