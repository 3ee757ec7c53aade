/* SPDX-License-Identifier: Apache-2.0
 *
 * Logits against Hugging Face Transformers: the files of tests/golden/, which make_logits.py wrote.
 * The small models run on every tier that this machine has, each text alone and all in one batch;
 * the shipped model runs on the best tier, over every tenth review, or over all with the argument
 * "all". Prints the largest differences seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "model/model.h"
#include "os/file.h"

#define GOLDEN         SOURCE_DIR "/tests/golden"
#define MAX_LOGIT_DIFF 1e-4
#define MAX_SCORE_DIFF 1e-5
#define MAX_TOKENS     2048
#define MAX_TEXTS      64

static size_t review_step = 10;

/* A model that is ready to run, and a batch to fill. */
struct bench {
    cuvee_model *model;
    struct encoder *encoder;
    struct workspace *workspace;
    size_t n_texts, n_tokens;
    int32_t ids[MAX_TOKENS], type_ids[MAX_TOKENS];
    uint32_t starts[MAX_TEXTS + 1];
};

static void bench_open(struct bench *b, const char *path)
{
    cuvee_error err = {0};
    *b = (struct bench){0};
    if (cuvee__model_open(path, &b->model, &err) < 0) fail_msg("%s", err.msg);
    assert_int_equal(cuvee__encoder_create(cuvee__model_tokenizer(b->model), &b->encoder, &err),
                     CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(b->model, MAX_TOKENS, MAX_TEXTS, &b->workspace, &err),
                     CUVEE_OK);
}

static void bench_close(struct bench *b)
{
    cuvee__workspace_free(b->workspace);
    cuvee__encoder_free(b->encoder);
    cuvee__model_release(b->model);
}

static void bench_add(struct bench *b, const cuvee_text *text)
{
    struct encoding encoding;
    const size_t max_length = cuvee__model_max_length(b->model);
    assert_true(b->n_texts < MAX_TEXTS && b->n_tokens + max_length <= MAX_TOKENS);
    assert_int_equal(cuvee__encode(b->encoder, text, max_length, CUVEE_TRUNCATE_RIGHT,
                                   b->ids + b->n_tokens, b->type_ids + b->n_tokens, &encoding),
                     CUVEE_OK);
    b->n_tokens += encoding.n;
    b->starts[++b->n_texts] = (uint32_t)b->n_tokens;
}

static bool bench_has_room(const struct bench *b)
{
    return b->n_texts < MAX_TEXTS && b->n_tokens + cuvee__model_max_length(b->model) <= MAX_TOKENS;
}

static void bench_clear(struct bench *b)
{
    b->n_texts = b->n_tokens = 0;
}

static void bench_run(struct bench *b, const struct kernels *k, float *logits)
{
    const struct ragged_batch batch = {b->n_texts, b->n_tokens, b->ids, b->type_ids, b->starts};
    cuvee__forward(b->model, k, b->workspace, &batch, logits);
}

/* ---- small random models ---- */

static const char *const random_models[] = {
    "distilbert-1layer", "distilbert-16heads", "distilbert-1label", "distilbert-sinusoidal",
    "distilbert-long",   "bert-7labels",       "bert-shards",       "bert-gelu-new",
    "bert-regression",   "bert-f64",           "bert-wide",
};

static json_t *read_json(const char *path)
{
    cuvee_error err = {0};
    struct buffer text = {0};
    json_t *root;
    if (cuvee__file_read(path, &text, &err) < 0) fail_msg("%s", err.msg);
    if (cuvee__json_parse(buffer_span(&text), path, &root, &err) < 0) fail_msg("%s", err.msg);
    cuvee__buffer_deinit(&text);
    return root;
}

static void check_ids(const struct bench *b, size_t text, const json_t *expected)
{
    const json_t *ids = json_object_get(expected, "ids");
    const json_t *type_ids = json_object_get(expected, "type_ids");
    const size_t start = b->starts[text], n = b->starts[text + 1] - start;
    assert_int_equal(n, json_array_size(ids));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(b->ids[start + i], json_integer_value(json_array_get(ids, i)));
        assert_int_equal(b->type_ids[start + i], json_integer_value(json_array_get(type_ids, i)));
    }
}

/* Compare one text's logits, label and score; returns the largest difference of a logit. */
static double check_logits(const cuvee_model *m, const float *logits, const json_t *expected)
{
    const size_t n = cuvee__model_n_labels(m);
    const json_t *list = json_object_get(expected, "logits");
    assert_int_equal(n, json_array_size(list));
    double worst = 0.0;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs(logits[i] - json_number_value(json_array_get(list, i))));

    float scores[16];
    const int32_t label = cuvee__model_scores(m, CUVEE_ACTIVATION_AUTO, logits, scores);
    assert_int_equal(label, json_integer_value(json_object_get(expected, "label")));
    const double score = json_number_value(json_object_get(expected, "score"));
    assert_true(fabs(scores[label] - score) <= MAX_LOGIT_DIFF);
    return worst;
}

static double check_random_model(const char *name, const struct kernels *k)
{
    char path[512];
    snprintf(path, sizeof path, GOLDEN "/models/%s", name);
    struct bench *b = cuvee__malloc(sizeof *b);
    bench_open(b, path);
    snprintf(path, sizeof path, GOLDEN "/logits/%s.json", name);
    json_t *golden = read_json(path);
    const json_t *cases = json_object_get(golden, "cases");
    const size_t n_labels = cuvee__model_n_labels(b->model), n_cases = json_array_size(cases);
    float alone[MAX_TEXTS * 16], together[MAX_TEXTS * 16];
    assert_true(n_cases >= 8 && n_cases <= MAX_TEXTS && n_labels <= 16);

    double worst = 0.0;
    for (int pass = 0; pass < 2; pass++) { /* 0: each text alone, 1: all in one batch */
        bench_clear(b);
        for (size_t i = 0; i < n_cases; i++) {
            const json_t *c = json_array_get(cases, i);
            const json_t *text = json_object_get(c, "text"), *pair = json_object_get(c, "pair");
            const cuvee_text input = {json_string_value(text), json_string_length(text),
                                      json_string_value(pair), json_string_length(pair)};
            if (pass == 0) bench_clear(b);
            bench_add(b, &input);
            check_ids(b, b->n_texts - 1, c);
            if (pass == 0) bench_run(b, k, alone + i * n_labels);
            if (pass == 0) worst = fmax(worst, check_logits(b->model, alone + i * n_labels, c));
        }
        if (pass == 1) bench_run(b, k, together);
    }
    assert_memory_equal(alone, together, n_cases * n_labels * sizeof *alone);
    json_decref(golden);
    bench_close(b);
    cuvee__free(b);
    return worst;
}

static void random_models_agree_on_every_tier(void **state)
{
    (void)state;
    double worst = 0.0;
    for (const char *const *tier = cuvee__kernels_usable(); *tier; tier++) {
        struct kernels k;
        assert_int_equal(cuvee__kernels_choose(&k, *tier, NULL), CUVEE_OK);
        for (size_t i = 0; i < sizeof random_models / sizeof *random_models; i++) {
            const double diff = check_random_model(random_models[i], &k);
            print_message("%-8s %-24s max |logit diff| %.2e\n", *tier, random_models[i], diff);
            worst = fmax(worst, diff);
        }
    }
    print_message("random models: max |logit diff| %.2e\n", worst);
    assert_true(worst <= MAX_LOGIT_DIFF);
}

/* ---- the shipped model over the reviews ---- */

/* One field of RFC 4180 CSV at *p, unquoted into out; moves *p past its end, to a comma, a line
 * end or the NUL. */
static size_t csv_field(const char **p, char *out, size_t room)
{
    size_t n = 0;
    const char *s = *p;
    const bool quoted = *s == '"';
    if (quoted) s++;
    for (; *s; s++) {
        if (quoted && *s == '"') {
            if (s[1] != '"') {
                s++;
                break;
            }
            s++;
        } else if (!quoted && (*s == ',' || *s == '\n' || *s == '\r')) {
            break;
        }
        assert_true(n < room);
        out[n++] = *s;
    }
    *p = s;
    return n;
}

/* Field `column` of the record at *p; moves *p to the next record. */
static size_t csv_record(const char **p, size_t column, char *out, size_t room)
{
    char other[4096];
    size_t n = 0;
    for (size_t i = 0;; i++) {
        if (i == column)
            n = csv_field(p, out, room);
        else
            csv_field(p, other, sizeof other);
        if (**p != ',') break;
        ++*p;
    }
    while (**p == '\r' || **p == '\n') ++*p;
    return n;
}

struct review_golden {
    size_t n_tokens;
    double logits[2], score;
    long label;
};

/* The worst differences so far. */
struct tally {
    size_t n_texts;
    double logit, score;
};

static void check_reviews(struct bench *b, const struct kernels *k,
                          const struct review_golden *expected, struct tally *tally)
{
    float logits[MAX_TEXTS * 2], scores[2];
    bench_run(b, k, logits);
    for (size_t i = 0; i < b->n_texts; i++) {
        const struct review_golden *g = &expected[i];
        assert_int_equal(b->starts[i + 1] - b->starts[i], g->n_tokens);
        for (size_t c = 0; c < 2; c++)
            tally->logit = fmax(tally->logit, fabs(logits[2 * i + c] - g->logits[c]));
        assert_int_equal(
            cuvee__model_scores(b->model, CUVEE_ACTIVATION_AUTO, logits + 2 * i, scores), g->label);
        tally->score = fmax(tally->score, fabs(scores[g->label] - g->score));
        tally->n_texts++;
    }
    bench_clear(b);
}

static const char *after_lines(const char *p, int n)
{
    while (n-- > 0) {
        p = strchr(p, '\n');
        assert_non_null(p);
        p++;
    }
    return p;
}

static void shipped_model_agrees_on_the_reviews(void **state)
{
    (void)state;
    struct kernels k;
    assert_int_equal(cuvee__kernels_choose(&k, NULL, NULL), CUVEE_OK);
    struct bench *b = cuvee__malloc(sizeof *b);
    bench_open(b, SOURCE_DIR "/models/sentiment-en");
    struct buffer golden = {0}, reviews = {0};
    assert_int_equal(cuvee__file_read(GOLDEN "/logits/sentiment-en.csv", &golden, NULL), CUVEE_OK);
    assert_int_equal(cuvee__file_read(SOURCE_DIR "/examples/wine-reviews.csv", &reviews, NULL),
                     CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&golden, '\0'), CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&reviews, '\0'), CUVEE_OK);

    char hex[65], text[8192];
    assert_int_equal(cuvee__model_sha256(b->model, hex, NULL), CUVEE_OK);
    assert_memory_equal(golden.ptr + strlen("# model.safetensors "), hex, 64);

    const char *line = after_lines(golden.ptr, 3), *review = reviews.ptr;
    const size_t description = 2; /* column; also of the header record, which is skipped */
    csv_record(&review, description, text, sizeof text);
    struct review_golden expected[MAX_TEXTS];
    struct tally tally = {0};
    for (size_t i = 0; *review; i++, line = after_lines(line, 1)) {
        const size_t len = csv_record(&review, description, text, sizeof text);
        if (i % review_step) continue;
        struct review_golden *g = &expected[b->n_texts];
        size_t index;
        assert_int_equal(sscanf(line, "%zu,%zu,%lf,%lf,%ld,%lf", &index, &g->n_tokens,
                                &g->logits[0], &g->logits[1], &g->label, &g->score),
                         6);
        assert_int_equal(index, i);
        bench_add(b, &(cuvee_text){.ptr = text, .len = len});
        if (!bench_has_room(b)) check_reviews(b, &k, expected, &tally);
    }
    check_reviews(b, &k, expected, &tally);
    print_message("sentiment-en (%s): %zu reviews, max |logit diff| %.2e, max |score diff| %.2e\n",
                  k.name, tally.n_texts, tally.logit, tally.score);
    assert_int_equal(tally.n_texts, (1000 + review_step - 1) / review_step);
    assert_true(tally.logit <= MAX_LOGIT_DIFF);
    assert_true(tally.score <= MAX_SCORE_DIFF);
    cuvee__buffer_deinit(&golden);
    cuvee__buffer_deinit(&reviews);
    bench_close(b);
    cuvee__free(b);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "all") == 0) review_step = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_models_agree_on_every_tier),
        cmocka_unit_test(shipped_model_agrees_on_the_reviews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
