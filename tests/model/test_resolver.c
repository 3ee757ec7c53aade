/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors under all the names that checkpoints use, and tensors that are missing, misshapen, of a
 * wrong type or too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "edit_checkpoint.h"
#include "model/model.h"
#include "tiny_model.h"

static char dir[] = "/tmp/cuvee-resolver-XXXXXX";
static const char *const families[] = {"distilbert", "bert"};

/* Write a fresh model and take its checkpoint apart. */
static void start(struct edit *e, const char *family)
{
    char path[128];
    const struct tiny_model shape = {.family = family, .n_layers = 2};
    assert_int_equal(tiny_model_write(dir, &shape), 0);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    edit_read(e, path);
}

static void put_back(const struct edit *e)
{
    char path[128];
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    edit_write(e, path);
}

/* Open the model and run a fixed batch of two texts; 2 x 2 logits. */
static void logits_of_model(float logits[4])
{
    static const int32_t ids[] = {2, 5, 9, 14, 3, 2, 30, 3};
    static const int32_t type_ids[] = {0, 0, 0, 1, 1, 0, 0, 0};
    static const uint32_t starts[] = {0, 5, 8};
    const struct ragged_batch batch = {2, 8, ids, type_ids, starts};
    cuvee_model *m;
    cuvee_error err = {0};
    struct kernels k;
    struct workspace *w;
    if (cuvee__model_open(dir, &m, &err) < 0) fail_msg("%s", err.msg);
    assert_int_equal(cuvee__workspace_create(m, 8, 2, &w, &err), CUVEE_OK);
    assert_int_equal(cuvee__kernels_choose(&k, NULL, &err), CUVEE_OK);
    cuvee__forward(m, &k, w, &batch, logits);
    cuvee__workspace_free(w);
    cuvee__model_release(m);
}

static void expect_same_logits(const struct edit *e, const float expected[4])
{
    float logits[4];
    put_back(e);
    logits_of_model(logits);
    assert_memory_equal(logits, expected, sizeof logits);
}

static void expect_error(const struct edit *e, int code, const char *first, const char *second)
{
    cuvee_model *m;
    cuvee_error err = {0};
    put_back(e);
    const int rc = cuvee__model_open(dir, &m, &err);
    if (rc != code) fail_msg("code %d, expected %d for %s: %s", rc, code, first, err.msg);
    if (!strstr(err.msg, first)) fail_msg("no '%s' in: %s", first, err.msg);
    if (!strstr(err.msg, second)) fail_msg("no '%s' in: %s", second, err.msg);
    assert_non_null(strstr(err.msg, dir));
}

static void names_have_variants(void **state)
{
    (void)state;
    for (size_t f = 0; f < 2; f++) {
        const char *family = families[f];
        const char *prefix = f == 0 ? "distilbert." : "bert.";
        struct edit e;
        float expected[4];
        start(&e, family);
        logits_of_model(expected);
        assert_true(expected[0] !=
                    expected[2]); /* the two texts differ: the test can see something */

        assert_true(edit_rename(&e, "LayerNorm.weight", "LayerNorm.gamma") > 0);
        assert_true(edit_rename(&e, "LayerNorm.bias", "LayerNorm.beta") > 0);
        expect_same_logits(&e, expected);

        for (size_t i = 0; i < e.n; i++) { /* module. before everything */
            char name[sizeof e.tensors[i].name];
            snprintf(name, sizeof name, "%s", e.tensors[i].name);
            snprintf(e.tensors[i].name, sizeof name, "module.%.100s", name);
        }
        expect_same_logits(&e, expected);

        assert_true(edit_rename(&e, prefix, "") > 0); /* module. without the family's prefix */
        expect_same_logits(&e, expected);
        assert_int_equal(edit_rename(&e, "module.", ""), e.n); /* neither */
        expect_same_logits(&e, expected);
        edit_free(&e);

        start(&e, family); /* the classifier below the body's prefix */
        char name[64];
        snprintf(name, sizeof name, "%sclassifier.", prefix);
        for (size_t i = 0; i < e.n; i++)
            if (strncmp(e.tensors[i].name, "classifier.", 11) == 0)
                snprintf(e.tensors[i].name, sizeof e.tensors[i].name, "%s%s", name,
                         strcmp(e.tensors[i].name, "classifier.bias") ? "weight" : "bias");
        expect_same_logits(&e, expected);
        edit_free(&e);
    }
}

static void distilbert_layers_may_be_called_encoder(void **state)
{
    (void)state;
    struct edit e;
    float expected[4];
    start(&e, "distilbert");
    logits_of_model(expected);
    assert_true(edit_rename(&e, ".transformer.", ".encoder.") > 0);
    expect_same_logits(&e, expected);
    edit_rename(&e, ".encoder.layer.1.", ".transformer.layer.1."); /* but not half and half */
    expect_error(&e, CUVEE_E_FORMAT, "distilbert.encoder.layer.1.attention.q_lin.weight",
                 "missing");
    edit_free(&e);
}

static void what_no_classifier_needs_is_ignored(void **state)
{
    (void)state;
    struct edit e;
    float expected[4];
    start(&e, "bert");
    logits_of_model(expected);
    edit_add(&e, "bert.embeddings.position_ids", "I64", 1, 32);
    edit_add(&e, "bert.embeddings.token_type_ids", "I64", 1, 32);
    edit_add(&e, "cls.predictions.decoder.weight", "F32", 9, 12);
    edit_add(&e, "lm_head.bias", "F32", 3, 0);
    edit_add(&e, "loss_fct.weight", "F32", 2, 0);
    expect_same_logits(&e, expected);
    edit_free(&e);
}

static void tables_may_be_padded(void **state)
{
    (void)state;
    struct edit e;
    float expected[4];
    start(&e, "bert");
    logits_of_model(expected);
    struct edit_tensor *words = edit_find(&e, "bert.embeddings.word_embeddings.weight");
    const size_t rows = words->dims[0];
    edit_set_rows(words, rows + 5);
    expect_same_logits(&e, expected);
    edit_set_rows(words, rows - 1);
    expect_error(&e, CUVEE_E_FORMAT, "bert.embeddings.word_embeddings.weight", "or more rows");
    edit_free(&e);
}

/* Each tensor in turn is missing, too large, too small, of the wrong rank, of the wrong type. */
static void every_tensor_is_needed_as_it_is(void **state)
{
    (void)state;
    for (size_t f = 0; f < 2; f++) {
        struct edit e;
        start(&e, families[f]);
        const size_t n = e.n;
        edit_free(&e);
        assert_true(n > 30);
        for (size_t i = 0; i < n; i++) {
            start(&e, families[f]);
            struct edit_tensor *t = &e.tensors[i];
            char name[sizeof t->name], shape[64];
            snprintf(name, sizeof name, "'%.100s'", t->name);
            const struct edit_tensor was = *t;

            snprintf(t->dtype, sizeof t->dtype, "I32");
            expect_error(&e, CUVEE_E_UNSUPPORTED, name, "I32");
            snprintf(t->dtype, sizeof t->dtype, "F32");

            if (!strstr(name, "word_embeddings")) {
                edit_set_rows(t, was.dims[0] + 1);
                snprintf(shape, sizeof shape, was.n_dims == 1 ? "shape (%zu)" : "shape (%zu,",
                         was.dims[0] + 1);
                expect_error(&e, CUVEE_E_FORMAT, name, shape);
                edit_set_rows(t, was.dims[0]);
            }
            if (was.n_dims == 2 && was.dims[0] != was.dims[1]) { /* same bytes, transposed */
                t->dims[0] = was.dims[1];
                t->dims[1] = was.dims[0];
                expect_error(&e, CUVEE_E_FORMAT, name, "config.json expects (");
            }
            t->dims[0] = 1;
            t->dims[1] = was.dims[0];
            t->dims[2] = was.n_dims == 2 ? was.dims[1] : 1;
            t->n_dims = 3;
            expect_error(&e, CUVEE_E_FORMAT, name, "shape (1,");

            edit_drop(&e, t->name);
            expect_error(&e, CUVEE_E_FORMAT, name, "missing");
            edit_free(&e);
        }
    }
}

static void tensors_of_the_body_that_nobody_reads_are_refused(void **state)
{
    (void)state;
    static const char *const extra[] = {
        "bert.encoder.layer.2.output.dense.weight", /* config.json says two layers */
        "bert.encoder.layer.0.attention.self.query.lora_A.weight",
        "bert.encoder.layer.1.attention.self.distance_embedding.weight",
        "bert.embeddings.LayerNorm.gamma", /* beside .weight: which one counts? */
    };
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++) {
        struct edit e;
        start(&e, "bert");
        edit_add(&e, extra[i], "F32", 12, 12);
        expect_error(&e, CUVEE_E_FORMAT, extra[i], "no place");
        edit_free(&e);
    }
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

/* Every error path above must have given back what it took. */
static int tear_down(void **state)
{
    (void)state;
    tiny_model_remove(dir);
    return cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_variants),
        cmocka_unit_test(distilbert_layers_may_be_called_encoder),
        cmocka_unit_test(what_no_classifier_needs_is_ignored),
        cmocka_unit_test(tables_may_be_padded),
        cmocka_unit_test(every_tensor_is_needed_as_it_is),
        cmocka_unit_test(tensors_of_the_body_that_nobody_reads_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
