/* SPDX-License-Identifier: Apache-2.0
 *
 * A model as a whole: what it tells about itself, its limits, who holds it, what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "edit_checkpoint.h"
#include "model/model.h"
#include "os/memory.h"
#include "tiny_model.h"

#define SHIPPED SOURCE_DIR "/models/sentiment-en"

static char dir[] = "/tmp/cuvee-model-XXXXXX";

static void a_model_tells_its_types_and_parameters(void **state)
{
    (void)state;
    static const char *const stored[][2] = {{"F32", "f32"}, {"F16", "f16"}, {"BF16", "bf16"}};
    cuvee_model_info info = {.struct_size = sizeof info};
    cuvee_model *m;
    cuvee_error err;
    uint64_t n_parameters = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct tiny_model shape = {.family = "bert", .dtype = stored[i][0], .n_labels = 4};
        assert_int_equal(tiny_model_write(dir, &shape), 0);
        assert_int_equal(cuvee__model_open(dir, &m, &err), CUVEE_OK);
        cuvee__model_describe(m, &info);
        assert_string_equal(info.weights_dtype, stored[i][1]);
        assert_string_equal(info.family, "bert");
        assert_string_equal(info.architecture, "BertForSequenceClassification");
        assert_string_equal(info.activation, "gelu");
        assert_string_equal(info.problem_type, "single_label");
        assert_string_equal(info.path, dir);
        assert_int_equal(info.struct_size, sizeof info);
        assert_int_equal(info.n_labels, 4);
        assert_int_equal(info.max_length, 32);
        assert_string_equal(cuvee__model_label(m, 0), "RED");
        assert_null(cuvee__model_label(m, 4));
        n_parameters = info.n_parameters;
        cuvee__model_release(m);
    }
    struct edit e;
    char path[128];
    const struct tiny_model shape = {.family = "bert", .n_layers = 2};
    assert_int_equal(tiny_model_write(dir, &shape), 0);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    edit_read(&e, path);
    uint64_t n_elements = 0;
    for (size_t i = 0; i < e.n; i++)
        n_elements += e.tensors[i].dims[0] * (e.tensors[i].n_dims == 2 ? e.tensors[i].dims[1] : 1);
    struct edit_tensor *t = edit_find(&e, "bert.pooler.dense.bias");
    snprintf(t->dtype, sizeof t->dtype, "F64"); /* zeros in both */
    t->data = realloc(t->data, 2 * t->n_bytes);
    memset(t->data, 0, 2 * t->n_bytes);
    t->n_bytes *= 2;
    edit_add(&e, "lm_head.weight", "F32", 100, 100); /* not in use: does not count */
    edit_write(&e, path);
    assert_int_equal(cuvee__model_open(dir, &m, &err), CUVEE_OK);
    cuvee__model_describe(m, &info);
    assert_string_equal(info.weights_dtype, "mixed");
    assert_int_equal(info.n_parameters, n_elements);
    assert_true(info.n_parameters > n_parameters); /* two layers now */
    cuvee__model_release(m);
    edit_free(&e);
}

static void paths_that_are_no_model(void **state)
{
    (void)state;
    cuvee_model *m;
    cuvee_error err;
    assert_int_equal(cuvee__model_open("/nonexistent/model", &m, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, "/nonexistent/model"));
    assert_int_equal(err.os_errno, ENOENT);
    assert_int_equal(cuvee__model_open("/dev/null", &m, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "/dev/null"));
    cuvee__model_release(NULL);
}

static void the_shorter_limit_counts(void **state)
{
    (void)state;
    static const struct {
        const char *limit; /* model_max_length; the position table has 32 rows */
        size_t expected;   /* 0: an error */
    } cases[] = {
        {"20", 20}, {"32", 32}, {"512", 32}, {"1000000000000000019884624838656", 32},
        {"4", 4},   {"3", 0}, /* [CLS] and two [SEP]: no room for a pair's first token */
    };
    char path[128];
    snprintf(path, sizeof path, "%s/tokenizer_config.json", dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cuvee_model *m;
        cuvee_error err = {0};
        assert_int_equal(tiny_model_write(dir, NULL), 0);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fprintf(f,
                "{\"do_lower_case\": true, \"tokenizer_class\": \"DistilBertTokenizer\", "
                "\"model_max_length\": %s}",
                cases[i].limit);
        assert_int_equal(fclose(f), 0);
        const int rc = cuvee__model_open(dir, &m, &err);
        if (cases[i].expected == 0) {
            assert_int_equal(rc, CUVEE_E_FORMAT);
            assert_non_null(strstr(err.msg, "3 tokens"));
            continue;
        }
        if (rc < 0) fail_msg("%s", err.msg);
        assert_int_equal(cuvee__model_max_length(m), cases[i].expected);
        cuvee__model_release(m);
    }
}

static void a_model_lives_as_long_as_it_is_held(void **state)
{
    (void)state;
    cuvee_model *m;
    assert_int_equal(tiny_model_write(dir, NULL), 0);
    assert_int_equal(cuvee__model_open(dir, &m, NULL), CUVEE_OK);
    cuvee__model_acquire(m);
    const uint64_t n_frees = cuvee__free_count();
    cuvee__model_release(m);
    assert_int_equal(cuvee__free_count(), n_frees);
    assert_string_equal(cuvee__model_label(m, 0), "RED");
    cuvee__model_release(m);
    assert_true(cuvee__free_count() > n_frees);
}

/* The packed bytes and little more: the mapped pages they came from are let go. */
static void opening_leaves_a_small_footprint(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their shadow memory counts, too */
#endif
    const uint64_t before = cuvee__memory_pss();
    cuvee_model *m;
    cuvee_model_info info = {.struct_size = sizeof info};
    assert_int_equal(cuvee__model_open(SHIPPED, &m, NULL), CUVEE_OK);
    cuvee__model_describe(m, &info);
    const uint64_t cost = cuvee__memory_pss() - before;
    const double packed = (double)info.packed_bytes;
    print_message("sentiment-en: %.1f MB beside %.1f MB of packed model\n",
                  ((double)cost - packed) / 1e6, packed / 1e6);
    assert_true(cost < info.packed_bytes + 14000000);
    cuvee__model_release(m);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tiny_model_remove(dir);
    return cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_tells_its_types_and_parameters),
        cmocka_unit_test(paths_that_are_no_model),
        cmocka_unit_test(the_shorter_limit_counts),
        cmocka_unit_test(a_model_lives_as_long_as_it_is_held),
        cmocka_unit_test(opening_leaves_a_small_footprint),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
