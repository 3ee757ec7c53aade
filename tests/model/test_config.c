/* SPDX-License-Identifier: Apache-2.0
 *
 * config.json: what is read, and each way in which it can lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/alloc.h"
#include "model/config.h"

static char dir[] = "/tmp/cuvee-config-XXXXXX";

static void write_config(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/config.json", dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* A config of the family with `changes` merged in; a change to "DELETE" takes the key out. */
static void write_changed(const char *family, const char *changes)
{
    const bool bert = strcmp(family, "bert") == 0;
    json_t *config = json_loads(
        bert ? "{\"model_type\": \"bert\", \"architectures\": [\"BertForSequenceClassification\"],"
               "\"hidden_size\": 24, \"num_hidden_layers\": 2, \"num_attention_heads\": 4,"
               "\"intermediate_size\": 50, \"vocab_size\": 99, \"max_position_embeddings\": 64,"
               "\"type_vocab_size\": 3, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-5}"
             : "{\"model_type\": \"distilbert\","
               "\"architectures\": [\"DistilBertForSequenceClassification\"],"
               "\"dim\": 24, \"n_layers\": 2, \"n_heads\": 4, \"hidden_dim\": 50,"
               "\"vocab_size\": 99, \"max_position_embeddings\": 64, \"activation\": \"gelu\"}",
        0, NULL);
    assert_non_null(config);
    json_t *change = json_loads(changes, JSON_ALLOW_NUL, NULL);
    assert_non_null(change);
    const char *key;
    json_t *value;
    json_object_foreach(change, key, value)
    {
        const char *text = json_string_value(value);
        if (text && strcmp(text, "DELETE") == 0)
            json_object_del(config, key);
        else
            json_object_set(config, key, value);
    }
    char *text = json_dumps(config, 0);
    write_config(text);
    free(text);
    json_decref(change);
    json_decref(config);
}

static struct config read_ok(void)
{
    struct config c = {0};
    cuvee_error err = {0};
    if (cuvee__config_read(dir, &c, &err) < 0) fail_msg("%s", err.msg);
    return c;
}

/* The error must have the code, name config.json, and say each of the words (separated by '|'). */
static void expect_error(int code, const char *words)
{
    struct config c = {0};
    cuvee_error err = {0};
    const int rc = cuvee__config_read(dir, &c, &err);
    if (rc != code) fail_msg("code %d, expected %d: %s", rc, code, err.msg);
    assert_null(c.labels);
    assert_non_null(strstr(err.msg, "/config.json: "));
    char copy[256], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
        if (!strstr(err.msg, word)) fail_msg("no '%s' in: %s", word, err.msg);
}

static void both_families_are_read(void **state)
{
    (void)state;
    write_changed("bert", "{}");
    struct config c = read_ok();
    assert_string_equal(c.family->model_type, "bert");
    assert_int_equal(c.hidden_size, 24);
    assert_int_equal(c.n_layers, 2);
    assert_int_equal(c.n_heads, 4);
    assert_int_equal(c.intermediate_size, 50);
    assert_int_equal(c.vocab_size, 99);
    assert_int_equal(c.max_positions, 64);
    assert_int_equal(c.n_types, 3);
    assert_true(c.norm_eps == 1e-5f);
    assert_int_equal(c.problem, PROBLEM_SINGLE_LABEL);
    cuvee__config_deinit(&c);

    /* DistilBERT has no key for eps, so BERT's means nothing to it. */
    write_changed("distilbert", "{\"layer_norm_eps\": 0.5, \"type_vocab_size\": 7}");
    c = read_ok();
    assert_string_equal(c.family->model_type, "distilbert");
    assert_int_equal(c.hidden_size, 24);
    assert_int_equal(c.intermediate_size, 50);
    assert_int_equal(c.n_types, 0);
    assert_true(c.norm_eps == 1e-12f);
    cuvee__config_deinit(&c);
}

static void absent_keys_take_the_defaults_of_the_class(void **state)
{
    (void)state;
    write_config("{\"model_type\": \"distilbert\","
                 "\"architectures\": [\"DistilBertForSequenceClassification\"]}");
    struct config c = read_ok();
    assert_int_equal(c.hidden_size, 768);
    assert_int_equal(c.n_layers, 6);
    assert_int_equal(c.n_heads, 12);
    assert_int_equal(c.intermediate_size, 3072);
    assert_int_equal(c.vocab_size, 30522);
    assert_int_equal(c.max_positions, 512);
    assert_string_equal(c.act_name, "gelu");
    assert_int_equal(c.n_labels, 2);
    assert_string_equal(c.labels[0], "LABEL_0");
    assert_string_equal(c.labels[1], "LABEL_1");
    cuvee__config_deinit(&c);

    write_config("{\"model_type\": \"bert\","
                 "\"architectures\": [\"BertForSequenceClassification\"]}");
    c = read_ok();
    assert_int_equal(c.n_layers, 12);
    assert_int_equal(c.n_types, 2);
    cuvee__config_deinit(&c);
}

/* Transformers reads DistilBERT's sizes under the usual names as well, and rather so. */
static void aliases_of_the_class_win(void **state)
{
    (void)state;
    write_changed("distilbert", "{\"dim\": \"DELETE\", \"hidden_size\": 48,"
                                "\"n_layers\": \"DELETE\","
                                "\"num_hidden_layers\": 3, \"num_attention_heads\": 2}");
    struct config c = read_ok();
    assert_int_equal(c.hidden_size, 48);
    assert_int_equal(c.n_layers, 3);
    assert_int_equal(c.n_heads, 2);
    cuvee__config_deinit(&c);
    write_changed("distilbert", "{\"num_attention_heads\": null}");
    expect_error(CUVEE_E_FORMAT, "num_attention_heads|integer");
}

static void labels_sort_as_numbers(void **state)
{
    (void)state;
    write_changed("bert", "{\"id2label\": {\"10\": \"k\", \"9\": \"j\", \"8\": \"i\", \"7\": \"h\","
                          "\"6\": \"g\", \"5\": \"f\", \"4\": \"e\", \"3\": \"d\", \"2\": \"c\","
                          "\"1\": \"b\", \"0\": \"a\"}, \"num_labels\": 11}");
    struct config c = read_ok();
    assert_int_equal(c.n_labels, 11);
    for (size_t i = 0; i < 11; i++) assert_int_equal(c.labels[i][0], "abcdefghijk"[i]);
    cuvee__config_deinit(&c);

    write_changed("bert", "{\"num_labels\": 3, \"problem_type\": \"regression\"}");
    c = read_ok();
    assert_int_equal(c.n_labels, 3);
    assert_string_equal(c.labels[2], "LABEL_2");
    assert_int_equal(c.problem, PROBLEM_REGRESSION);
    cuvee__config_deinit(&c);
}

static void null_means_absent_where_transformers_writes_it(void **state)
{
    (void)state;
    write_changed("bert", "{\"problem_type\": null, \"id2label\": null, \"auto_map\": null,"
                          "\"quantization_config\": null, \"is_decoder\": false,"
                          "\"position_embedding_type\": \"absolute\", \"pruned_heads\": {}}");
    struct config c = read_ok();
    assert_int_equal(c.n_labels, 2);
    cuvee__config_deinit(&c);
}

static void activations_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum act act;
    } cases[] = {
        {"gelu", ACT_GELU},
        {"gelu_python", ACT_GELU},
        {"gelu_new", ACT_GELU_TANH},
        {"gelu_fast", ACT_GELU_TANH},
        {"gelu_pytorch_tanh", ACT_GELU_TANH},
        {"gelu_accurate", ACT_GELU_TANH},
        {"quick_gelu", ACT_QUICK_GELU},
        {"relu", ACT_RELU},
        {"silu", ACT_SILU},
        {"swish", ACT_SILU},
        {"tanh", ACT_TANH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char change[64];
        snprintf(change, sizeof change, "{\"activation\": \"%s\"}", cases[i].name);
        write_changed("distilbert", change);
        struct config c = read_ok();
        assert_int_equal(c.act, cases[i].act);
        assert_string_equal(c.act_name, cases[i].name);
        cuvee__config_deinit(&c);
    }
}

static void lies_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *family, *changes;
        int code;
        const char *words;
    } cases[] = {
        /* family and head */
        {"bert", "{\"model_type\": \"DELETE\"}", CUVEE_E_FORMAT, "model_type"},
        {"bert", "{\"model_type\": 7}", CUVEE_E_FORMAT, "model_type|string"},
        {"bert", "{\"model_type\": \"be\\u0000rt\"}", CUVEE_E_FORMAT, "model_type"},
        {"bert", "{\"model_type\": \"gpt2\"}", CUVEE_E_UNSUPPORTED, "gpt2|DistilBert|BertFor"},
        {"bert", "{\"model_type\": \"my_bert\", \"auto_map\": {}}", CUVEE_E_UNSUPPORTED,
         "my_bert|Python"},
        {"bert", "{\"architectures\": \"DELETE\"}", CUVEE_E_UNSUPPORTED, "architectures"},
        {"bert", "{\"architectures\": []}", CUVEE_E_UNSUPPORTED, "architectures"},
        {"bert", "{\"architectures\": [1]}", CUVEE_E_FORMAT, "architectures"},
        {"bert", "{\"architectures\": [\"BertForMaskedLM\"]}", CUVEE_E_UNSUPPORTED,
         "BertForMaskedLM|BertForSequenceClassification"},
        {"bert", "{\"architectures\": [\"DistilBertForSequenceClassification\"]}",
         CUVEE_E_UNSUPPORTED, "DistilBertForSequenceClassification|'bert'"},
        /* variants */
        {"bert", "{\"quantization_config\": {\"quant_method\": \"gptq\"}}", CUVEE_E_UNSUPPORTED,
         "quantized|gptq"},
        {"bert", "{\"position_embedding_type\": \"relative_key\"}", CUVEE_E_UNSUPPORTED,
         "position_embedding_type|relative_key"},
        {"bert", "{\"is_decoder\": true}", CUVEE_E_UNSUPPORTED, "is_decoder"},
        {"bert", "{\"is_decoder\": \"no\"}", CUVEE_E_FORMAT, "is_decoder"},
        {"bert", "{\"add_cross_attention\": true}", CUVEE_E_UNSUPPORTED, "add_cross_attention"},
        {"bert", "{\"hidden_act\": \"mish\"}", CUVEE_E_UNSUPPORTED, "hidden_act|mish|gelu"},
        {"distilbert", "{\"activation\": \"gelu_10\"}", CUVEE_E_UNSUPPORTED, "activation|gelu_10"},
        /* sizes */
        {"distilbert", "{\"dim\": 0}", CUVEE_E_FORMAT, "dim|0|at least 1"},
        {"distilbert", "{\"dim\": -24}", CUVEE_E_FORMAT, "dim|-24"},
        {"distilbert", "{\"dim\": 24.0}", CUVEE_E_FORMAT, "dim|integer"},
        {"distilbert", "{\"dim\": \"24\"}", CUVEE_E_FORMAT, "dim|integer"},
        {"distilbert", "{\"dim\": null}", CUVEE_E_FORMAT, "dim|integer"},
        {"distilbert", "{\"dim\": 24000000}", CUVEE_E_LIMIT, "dim|24000000|16384"},
        {"distilbert", "{\"n_heads\": 5}", CUVEE_E_FORMAT, "n_heads|5|dim|24"},
        {"distilbert", "{\"n_heads\": 48}", CUVEE_E_FORMAT, "n_heads|48"},
        {"distilbert", "{\"n_layers\": 0}", CUVEE_E_FORMAT, "n_layers"},
        {"distilbert", "{\"n_layers\": 257}", CUVEE_E_LIMIT, "n_layers|257|256"},
        {"distilbert", "{\"hidden_dim\": 9223372036854775807}", CUVEE_E_LIMIT, "hidden_dim"},
        {"bert", "{\"vocab_size\": true}", CUVEE_E_FORMAT, "vocab_size"},
        {"bert", "{\"type_vocab_size\": 0}", CUVEE_E_FORMAT, "type_vocab_size"},
        {"bert", "{\"max_position_embeddings\": 1000000}", CUVEE_E_LIMIT,
         "max_position_embeddings"},
        {"bert", "{\"layer_norm_eps\": 0}", CUVEE_E_FORMAT, "layer_norm_eps"},
        {"bert", "{\"layer_norm_eps\": -1e-5}", CUVEE_E_FORMAT, "layer_norm_eps"},
        {"bert", "{\"layer_norm_eps\": 1e-60}", CUVEE_E_FORMAT, "layer_norm_eps"},
        {"bert", "{\"layer_norm_eps\": \"1e-5\"}", CUVEE_E_FORMAT, "layer_norm_eps|number"},
        /* labels */
        {"bert", "{\"problem_type\": \"ranking\"}", CUVEE_E_FORMAT, "problem_type|ranking"},
        {"bert", "{\"num_labels\": 0}", CUVEE_E_FORMAT, "num_labels"},
        {"bert", "{\"num_labels\": 1000000}", CUVEE_E_LIMIT, "num_labels"},
        {"bert", "{\"num_labels\": 3, \"id2label\": {\"0\": \"a\", \"1\": \"b\"}}", CUVEE_E_FORMAT,
         "id2label|2|num_labels|3"},
        {"bert", "{\"id2label\": [\"a\", \"b\"]}", CUVEE_E_FORMAT, "id2label|object"},
        {"bert", "{\"id2label\": {}}", CUVEE_E_FORMAT, "id2label|empty"},
        {"bert", "{\"id2label\": {\"0\": \"a\", \"2\": \"b\"}}", CUVEE_E_FORMAT, "id2label|'2'"},
        {"bert", "{\"id2label\": {\"0\": \"a\", \"01\": \"b\"}}", CUVEE_E_FORMAT, "id2label|'01'"},
        {"bert", "{\"id2label\": {\"0\": \"a\", \"x\": \"b\"}}", CUVEE_E_FORMAT, "id2label|'x'"},
        {"bert", "{\"id2label\": {\"0\": \"a\", \"\": \"b\"}}", CUVEE_E_FORMAT, "id2label|''"},
        {"bert", "{\"id2label\": {\"0\": \"a\", \"18446744073709551617\": \"b\"}}", CUVEE_E_FORMAT,
         "id2label|18446744073709551617"},
        {"bert", "{\"id2label\": {\"0\": \"a\", \"1\": 1}}", CUVEE_E_FORMAT, "id2label|string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_changed(cases[i].family, cases[i].changes);
        expect_error(cases[i].code, cases[i].words);
    }
}

static void files_that_are_no_config(void **state)
{
    (void)state;
    write_config("");
    expect_error(CUVEE_E_FORMAT, "not JSON");
    write_config("[1]");
    expect_error(CUVEE_E_FORMAT, "object");
    write_config("{\"model_type\": \"bert\", \"model_type\": \"bert\"}");
    expect_error(CUVEE_E_FORMAT, "duplicate");
    char deep[4096];
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    write_config(deep);
    expect_error(CUVEE_E_FORMAT, "not JSON");

    char path[128];
    snprintf(path, sizeof path, "%s/config.json", dir);
    unlink(path);
    struct config c;
    cuvee_error err;
    assert_int_equal(cuvee__config_read(dir, &c, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(cuvee__config_read(dir, &c, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "FIFO"));
    unlink(path);
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
    return rmdir(dir) == 0 && cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_are_read),
        cmocka_unit_test(absent_keys_take_the_defaults_of_the_class),
        cmocka_unit_test(aliases_of_the_class_win),
        cmocka_unit_test(labels_sort_as_numbers),
        cmocka_unit_test(null_means_absent_where_transformers_writes_it),
        cmocka_unit_test(activations_by_name),
        cmocka_unit_test(lies_are_named),
        cmocka_unit_test(files_that_are_no_config),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
