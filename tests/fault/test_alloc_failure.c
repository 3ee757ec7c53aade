/* SPDX-License-Identifier: Apache-2.0
 *
 * Allocation failure at every site in turn. Each scenario runs with its first allocation failing,
 * then its second, and so on until it gets through without meeting a failure; once with that one
 * allocation failing and once with all later ones too. Whatever happens, it must end in CUVEE_OK or
 * "out of memory", free all that it took, and never give a wrong score. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuvee/cuvee.h"
#include "failing_malloc.h"
#include "sweep.h"
#include "tiny_model.h"

#define N_TEXTS  3
#define N_LABELS 2

static char dir[] = "/tmp/cuvee-fault-XXXXXX";
static char cache[64];
static uint32_t precision;
static cuvee_model *model; /* opened without failures, for scenarios that start there */
static cuvee_pool *pool;

static const cuvee_text texts[N_TEXTS] = {
    {.ptr = "Ripe red wine, long & lovely", .len = 28},
    {.ptr = "dull",
     .len = 4,
     .pair_ptr = "sour white \xFF wine with 12% of \xC3\xA9",
     .pair_len = 33},
    {.ptr = NULL},
};
static float reference[N_TEXTS * N_LABELS];
static bool has_reference;

/* ---- scenarios ---- */

static cuvee_model_options model_options(void)
{
    return (cuvee_model_options){.struct_size = sizeof(cuvee_model_options),
                                 .precision = precision};
}

static int open_model(cuvee_error *err)
{
    const cuvee_model_options options = model_options();
    cuvee_model *m = NULL;
    const int rc = cuvee_model_open(dir, &options, &m, err);
    if (rc < 0) return rc;
    cuvee_model_info info = {.struct_size = sizeof info};
    assert_int_equal(cuvee_model_describe(m, &info, NULL), CUVEE_OK);
    assert_int_equal(info.n_labels, N_LABELS);
    assert_string_equal(cuvee_model_label(m, 1), "WHITE");
    cuvee_model_close(m);
    return CUVEE_OK;
}

static int tokenize(cuvee_error *err)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        cuvee_tokens *tokens = NULL;
        const int rc = cuvee_tokenize(model, &texts[i], NULL, &tokens, err);
        if (rc < 0) return rc;
        assert_true(tokens->n >= 2);
        assert_string_equal(tokens->strings[0], "[CLS]");
        assert_string_equal(tokens->strings[tokens->n - 1], "[SEP]");
        cuvee_tokens_free(tokens);
    }
    return CUVEE_OK;
}

static int create_pool(cuvee_error *err)
{
    const cuvee_pool_options options = {.struct_size = sizeof options, .n_workers = 2};
    cuvee_pool *p = NULL;
    const int rc = cuvee_pool_create(model, &options, &p, err);
    if (rc == CUVEE_OK) cuvee_pool_free(p);
    return rc;
}

/* A text has the scores that it always has, or says that there was no memory. */
static void check_result(const cuvee_result *result)
{
    assert_int_equal(cuvee_result_count(result), N_TEXTS);
    assert_int_equal(cuvee_result_n_labels(result), N_LABELS);
    const float *scores = cuvee_result_all_scores(result);
    if (!has_reference) memcpy(reference, scores, sizeof reference);
    has_reference = true;
    for (size_t i = 0; i < N_TEXTS; i++) {
        const int32_t status = cuvee_result_status(result)[i];
        if (status == CUVEE_OK) {
            assert_memory_equal(scores + i * N_LABELS, reference + i * N_LABELS,
                                N_LABELS * sizeof *scores);
        } else {
            assert_int_equal(status, CUVEE_E_NOMEM);
            assert_int_equal(cuvee_result_labels(result)[i], -1);
        }
    }
}

static int classify_in(cuvee_pool *p, cuvee_error *err)
{
    cuvee_result *result = NULL;
    const int rc = cuvee_classify(p, texts, N_TEXTS, NULL, &result, err);
    if (rc < 0) return rc;
    check_result(result);
    cuvee_result_free(result);
    return CUVEE_OK;
}

static int classify(cuvee_error *err)
{
    return classify_in(pool, err);
}

static void done(void *user, cuvee_result *result)
{
    (void)user;
    check_result(result);
    cuvee_result_free(result);
}

/* A pool of its own: freeing it waits for the callback. */
static int submit(cuvee_error *err)
{
    const cuvee_pool_options options = {.struct_size = sizeof options, .n_workers = 1};
    cuvee_pool *p = NULL;
    int rc = cuvee_pool_create(model, &options, &p, err);
    if (rc < 0) return rc;
    rc = cuvee_submit(p, texts, N_TEXTS, NULL, done, NULL, err);
    cuvee_pool_free(p);
    return rc;
}

/* Pack into an empty cache; then what was packed, once more, from there. */
static int open_through_cache(cuvee_error *err)
{
    cuvee_model_options options = model_options();
    options.cache_dir = cache;
    options.cache_max_bytes = 1 << 30;
    cuvee_model *m = NULL;
    cuvee_error ignored;
    int rc = cuvee_cache_clear(cache, NULL, NULL, err);
    for (size_t i = 0; rc == CUVEE_OK && i < 2; i++) {
        rc = cuvee_model_open(dir, &options, &m, err);
        if (rc < 0) break;
        cuvee_model_info info = {.struct_size = sizeof info};
        assert_int_equal(cuvee_model_describe(m, &info, &ignored), CUVEE_OK);
        assert_non_null(info.packed_path); /* want of memory is no reason to do without */
        cuvee_model_close(m);
    }
    return rc;
}

static int pack_model(cuvee_error *err)
{
    const cuvee_pack_options options = {.struct_size = sizeof options,
                                        .precision = precision,
                                        .calibration = texts,
                                        .n_calibration = N_TEXTS - 1};
    char file[64];
    snprintf(file, sizeof file, "%s.cuvee", dir);
    const int rc = cuvee_model_pack(dir, file, &options, err);
    unlink(file);
    return rc;
}

static int whole_path(cuvee_error *err)
{
    const cuvee_model_options opening = model_options();
    const cuvee_pool_options options = {.struct_size = sizeof options, .n_workers = 2};
    cuvee_model *m = NULL;
    cuvee_pool *p = NULL;
    int rc = cuvee_model_open(dir, &opening, &m, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(m, &options, &p, err);
    if (rc == CUVEE_OK) rc = classify_in(p, err);
    cuvee_pool_free(p);
    cuvee_model_close(m);
    return rc;
}

/* ---- directories of different kinds ---- */

static const struct kind {
    struct tiny_model model;
    uint32_t precision;
} kinds[] = {
    {{.family = "distilbert"}, CUVEE_PRECISION_F32},
    {{.family = "bert", .dtype = "F16", .n_shards = 2, .no_tokenizer_json = true},
     CUVEE_PRECISION_F32},
    {{.family = "distilbert"}, CUVEE_PRECISION_BF16},
    {{.family = "distilbert"}, CUVEE_PRECISION_INT8},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static void make_model(const struct kind *kind)
{
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(tiny_model_write(dir, &kind->model), 0);
    precision = kind->precision;
    has_reference = false;
}

static void from_open_model(void **state)
{
    (void)state;
    make_model(&kinds[0]);
    cuvee_error err = {0};
    const cuvee_pool_options options = {.struct_size = sizeof options, .n_workers = 2};
    assert_int_equal(cuvee_model_open(dir, NULL, &model, &err), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, &options, &pool, &err), CUVEE_OK);
    sweep("tokenize", tokenize);
    sweep("create a pool", create_pool);
    sweep("classify", classify);
    sweep("submit", submit);
    cuvee_pool_free(pool);
    cuvee_model_close(model);
    tiny_model_remove(dir);
}

static void from_files(void **state)
{
    (void)state;
    for (const struct kind *kind = kinds; kind < kinds + N_KINDS; kind++) {
        make_model(kind);
        sweep(kind->model.family, open_model);
        sweep("open, classify, close", whole_path);
        snprintf(cache, sizeof cache, "%s.cache", dir);
        sweep("open through the cache", open_through_cache);
        sweep("pack", pack_model);
        char lock[80];
        snprintf(lock, sizeof lock, "%s/lock", cache);
        assert_int_equal(cuvee_cache_clear(cache, NULL, NULL, NULL), CUVEE_OK);
        unlink(lock);
        rmdir(cache);
        tiny_model_remove(dir);
    }
}

int main(void)
{
    if (IS_SANITIZED) fault_spare_other_threads();
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_open_model),
                                       cmocka_unit_test(from_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
