/* SPDX-License-Identifier: Apache-2.0
 *
 * api/: every bad argument is an error that names it, and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuvee/cuvee.h"
#include "fake_model.h"

static cuvee_error err;

/* The last call was refused, and the message speaks of `word`. */
static void check_refused(int rc, const char *word, int line)
{
    if (rc != CUVEE_E_ARGUMENT || err.code != rc || !strstr(err.msg, word)) {
        print_error("line %d: %d, %d, '%s' without '%s'\n", line, rc, err.code, err.msg, word);
        fail();
    }
    memset(&err, 0, sizeof err);
}
#define REFUSED(call, word) check_refused(call, word, __LINE__)

static cuvee_model *model;
static cuvee_pool *pool;

static int open_both(void **state)
{
    (void)state;
    assert_int_equal(cuvee_model_open("fake", NULL, &model, &err), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, NULL, &pool, &err), CUVEE_OK);
    return 0;
}

static int close_both(void **state)
{
    (void)state;
    cuvee_pool_free(pool);
    cuvee_model_close(model);
    cuvee_model_close(NULL);
    return fake_n_models() != 0;
}

static void model_arguments(void **state)
{
    (void)state;
    cuvee_model *m = NULL;
    cuvee_model_options o = {0};
    REFUSED(cuvee_model_open(NULL, NULL, &m, &err), "path");
    REFUSED(cuvee_model_open("", NULL, &m, &err), "path");
    REFUSED(cuvee_model_open("fake", NULL, NULL, &err), "ret_model");
    REFUSED(cuvee_model_open("fake", &o, &m, &err), "cuvee_model_options.struct_size is 0");
    o.struct_size = sizeof o + 1;
    REFUSED(cuvee_model_open("fake", &o, &m, &err), "newer header");
    o.struct_size = sizeof o;
    o.precision = CUVEE_PRECISION_INT8 + 1;
    REFUSED(cuvee_model_open("fake", &o, &m, &err), "precision");
    o.precision = CUVEE_PRECISION_DEFAULT;
    o.flags = CUVEE_MODEL_NO_CACHE << 1;
    REFUSED(cuvee_model_open("fake", &o, &m, &err), "flags");
    assert_int_equal(cuvee_model_open("", NULL, &m, NULL), CUVEE_E_ARGUMENT);
    assert_int_equal(cuvee_model_open(FAKE_BROKEN_PATH, NULL, &m, &err), CUVEE_E_FORMAT);
    assert_null(m);

    cuvee_model_info info = {0};
    REFUSED(cuvee_model_describe(NULL, &info, &err), "model is NULL");
    REFUSED(cuvee_model_describe(model, NULL, &err), "cuvee_model_info is NULL");
    REFUSED(cuvee_model_describe(model, &info, &err), "cuvee_model_info.struct_size");
    char hex[65] = "";
    REFUSED(cuvee_model_sha256(NULL, hex, &err), "model");
    REFUSED(cuvee_model_sha256(model, NULL, &err), "ret_hex");
    assert_null(cuvee_model_label(NULL, 0));
    assert_null(cuvee_model_label(model, FAKE_N_LABELS));
    assert_null(cuvee_model_label(model, SIZE_MAX));
    assert_string_equal(cuvee_model_label(model, 1), "white");
}

/* A program that was compiled when the struct was shorter. */
static void older_structs(void **state)
{
    (void)state;
    struct {
        cuvee_model_info info;
        char after[16];
    } mem;
    memset(&mem, 0x5A, sizeof mem);
    mem.info.struct_size = offsetof(cuvee_model_info, lowercase) + sizeof mem.info.lowercase;
    const size_t shorter = mem.info.struct_size;
    assert_int_equal(cuvee_model_describe(model, &mem.info, NULL), CUVEE_OK);
    assert_int_equal(mem.info.struct_size, shorter);
    assert_string_equal(mem.info.family, "fake");
    assert_int_equal(mem.info.lowercase, 1);
    assert_null(mem.info.path); /* written, as zero */
    for (size_t i = shorter; i < sizeof mem; i++) assert_int_equal(((char *)&mem)[i], 0x5A);

    cuvee_model_info past = {.struct_size = sizeof past + 8};
    REFUSED(cuvee_model_describe(model, &past, &err), "newer header");
    cuvee_model_info before = {.struct_size = shorter - 1};
    REFUSED(cuvee_model_describe(model, &before, &err), "at least");
}

static void tokenize_arguments(void **state)
{
    (void)state;
    const cuvee_text text = {"ab", 2, NULL, 0}, pair = {"ab", 2, "c", 1};
    cuvee_tokens *t = NULL;
    cuvee_tokenize_options o = CUVEE_OPTIONS(cuvee_tokenize_options);
    REFUSED(cuvee_tokenize(NULL, &text, NULL, &t, &err), "model");
    REFUSED(cuvee_tokenize(model, NULL, NULL, &t, &err), "text");
    REFUSED(cuvee_tokenize(model, &text, NULL, NULL, &err), "ret_tokens");
    o.max_length = FAKE_MAX_LENGTH + 1;
    REFUSED(cuvee_tokenize(model, &text, &o, &t, &err), "max_length is 65, but the model takes 64");
    o.max_length = 2;
    REFUSED(cuvee_tokenize(model, &text, &o, &t, &err), "a text has 2 special tokens");
    o.max_length = 3;
    REFUSED(cuvee_tokenize(model, &pair, &o, &t, &err), "a pair has 3 special tokens");
    o.truncation = 3;
    REFUSED(cuvee_tokenize(model, &text, &o, &t, &err), "truncation is 3");
    assert_null(t);

    o.truncation = CUVEE_TRUNCATE_ERROR;
    assert_int_equal(cuvee_tokenize(model, &text, &o, &t, &err), CUVEE_E_TOO_LONG);
    assert_non_null(strstr(err.msg, "more than 3 tokens"));
    assert_null(t);
    const cuvee_text nomem = {"NOMEM", 5, NULL, 0};
    assert_int_equal(cuvee_tokenize(model, &nomem, NULL, &t, &err), CUVEE_E_NOMEM);
    assert_null(t);

    o.truncation = CUVEE_TRUNCATE_RIGHT;
    assert_int_equal(cuvee_tokenize(model, &text, &o, &t, &err), CUVEE_OK);
    assert_int_equal(t->n, 3);
    assert_int_equal(t->truncated, 1);
    assert_int_equal(t->replaced, 0);
    assert_int_equal(t->ids[1], 'a' + 10);
    assert_string_equal(t->strings[0], "[CLS]");
    cuvee_tokens_free(t);
    assert_int_equal(cuvee_tokenize(model, &pair, NULL, &t, &err), CUVEE_OK);
    assert_int_equal(t->n, 6);
    assert_int_equal(t->type_ids[0], 0);
    assert_int_equal(t->type_ids[5], 1);
    assert_string_equal(t->strings[5], "[SEP]");
    cuvee_tokens_free(t);
    cuvee_tokens_free(NULL);
}

static void pool_arguments(void **state)
{
    (void)state;
    cuvee_pool *p = NULL;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    REFUSED(cuvee_pool_create(NULL, NULL, &p, &err), "model");
    REFUSED(cuvee_pool_create(model, NULL, NULL, &err), "ret_pool");
    o.n_workers = 1025;
    REFUSED(cuvee_pool_create(model, &o, &p, &err), "n_workers is 1025");
    o.n_workers = 1;
    o.batch_tokens = 65537;
    REFUSED(cuvee_pool_create(model, &o, &p, &err), "batch_tokens is 65537");
    o.batch_tokens = 0;
    o.isa = "sse9";
    REFUSED(cuvee_pool_create(model, &o, &p, &err), "sse9");
    o.struct_size = 7;
    REFUSED(cuvee_pool_create(model, &o, &p, &err), "cuvee_pool_options.struct_size is 7");
    assert_null(p);

    cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
    REFUSED(cuvee_pool_describe(NULL, &info, &err), "pool");
    REFUSED(cuvee_pool_describe(pool, NULL, &err), "cuvee_pool_info");
    assert_int_equal(cuvee_pool_describe(pool, &info, NULL), CUVEE_OK);
    assert_int_equal(info.batch_tokens, 512);
    assert_true(info.n_workers >= 1);
}

static void never(void *user, cuvee_result *result)
{
    (void)user, (void)result;
    abort();
}

static void classify_arguments(void **state)
{
    (void)state;
    const cuvee_text text = {"a", 1, NULL, 0};
    const cuvee_text no_ptr[] = {{"a", 1, NULL, 0}, {NULL, 3, NULL, 0}};
    const cuvee_text no_pair_ptr = {"a", 1, NULL, 2}, pair = {"a", 1, "", 0};
    cuvee_result *r = NULL;
    cuvee_classify_options o = CUVEE_OPTIONS(cuvee_classify_options);
    REFUSED(cuvee_classify(NULL, &text, 1, NULL, &r, &err), "pool");
    REFUSED(cuvee_classify(pool, NULL, 1, NULL, &r, &err), "texts is NULL");
    REFUSED(cuvee_classify(pool, &text, 1, NULL, NULL, &err), "ret_result");
    REFUSED(cuvee_classify(pool, no_ptr, 2, NULL, &r, &err), "texts[1].ptr");
    REFUSED(cuvee_classify(pool, &no_pair_ptr, 1, NULL, &r, &err), "texts[0].pair_ptr");
    o.max_length = 65;
    REFUSED(cuvee_classify(pool, &text, 1, &o, &r, &err), "max_length");
    o.max_length = 3;
    REFUSED(cuvee_classify(pool, &pair, 1, &o, &r, &err), "a pair has 3 special tokens");
    o.activation = 4;
    REFUSED(cuvee_classify(pool, &text, 1, &o, &r, &err), "activation is 4");
    o.activation = 0;
    o.truncation = 9;
    REFUSED(cuvee_classify(pool, &text, 1, &o, &r, &err), "truncation is 9");
    o.truncation = 0;
    o.timeout_ms = -1;
    REFUSED(cuvee_classify(pool, &text, 1, &o, &r, &err), "timeout_ms");
    o.struct_size = 1000;
    REFUSED(cuvee_classify(pool, &text, 1, &o, &r, &err), "cuvee_classify_options.struct_size");
    assert_null(r);
    REFUSED(cuvee_submit(pool, &text, 1, NULL, NULL, NULL, &err), "done");
    REFUSED(cuvee_submit(pool, no_ptr, 2, NULL, never, NULL, &err), "texts[1].ptr");
    REFUSED(cuvee_submit(NULL, &text, 1, NULL, never, NULL, &err), "pool");

    assert_int_equal(cuvee_result_count(NULL), 0);
    assert_int_equal(cuvee_result_n_labels(NULL), 0);
    assert_null(cuvee_result_status(NULL));
    assert_null(cuvee_result_labels(NULL));
    assert_null(cuvee_result_scores(NULL));
    assert_null(cuvee_result_all_scores(NULL));
    assert_null(cuvee_result_tokens(NULL));
    assert_null(cuvee_result_notes(NULL));
    cuvee_result_free(NULL);
}

static void machine(void **state)
{
    (void)state;
    cuvee_machine_info info = {0};
    REFUSED(cuvee_machine_describe(NULL, NULL, &err), "cuvee_machine_info");
    REFUSED(cuvee_machine_describe(NULL, &info, &err), "struct_size");
    info.struct_size = sizeof info;
    assert_int_equal(cuvee_machine_describe(NULL, &info, &err), CUVEE_OK);
    assert_string_equal(info.tier, "ref");
    assert_string_equal(info.tiers_built[0], "ref");
    assert_string_equal(info.tiers_usable[0], "ref");
    assert_true(info.allowed_cores >= 1 && info.default_workers >= 1);
    assert_true(info.default_workers <= info.allowed_cores);
    assert_true(info.memory_bytes > 1 << 20);

    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    REFUSED(cuvee_machine_describe("sse9", &info, &err), "sse9"); /* and filled all the same */
    assert_null(info.tier);
    assert_true(info.allowed_cores >= 1);
}

static void version(void **state)
{
    (void)state;
    char want[32];
    snprintf(want, sizeof want, "%d.%d.%d", CUVEE_VERSION_MAJOR, CUVEE_VERSION_MINOR,
             CUVEE_VERSION_PATCH);
    assert_string_equal(cuvee_version(), want);
    assert_non_null(strstr(cuvee_build_info(), want));
    assert_null(strchr(cuvee_build_info(), '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_arguments),    cmocka_unit_test(older_structs),
        cmocka_unit_test(tokenize_arguments), cmocka_unit_test(pool_arguments),
        cmocka_unit_test(classify_arguments), cmocka_unit_test(machine),
        cmocka_unit_test(version),
    };
    return cmocka_run_group_tests(tests, open_both, close_both);
}
