/* SPDX-License-Identifier: Apache-2.0
 *
 * The forward pass against itself (a text's logits have the same bits in every company), and scores
 * from logits. That the logits are right is test_golden's subject. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "edit_checkpoint.h"
#include "model/forward.h"
#include "model/model_parts.h"
#include "model/team.h"
#include "tiny_model.h"

#define N_TEXTS    24
#define MAX_LENGTH 60
#define MAX_MEMBERS 5
/* Under a thread sanitizer the ref tier takes minutes, and its loops are the others'. */
#ifdef __SANITIZE_THREAD__
enum { N_TRIALS = 6, SKIP_REF = 1 };
#else
enum { N_TRIALS = 12, SKIP_REF = 0 };
#endif
#define MAX_LABELS 8

static char dir[] = "/tmp/cuvee-forward-XXXXXX";

static uint64_t rng_state;

static size_t rng_below(size_t n)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(rng_state >> 33) % n;
}

/* Random texts, as token ids. */
struct corpus {
    size_t lengths[N_TEXTS];
    int32_t ids[N_TEXTS][MAX_LENGTH], type_ids[N_TEXTS][MAX_LENGTH];
};

static void fill_corpus(struct corpus *c)
{
    for (size_t i = 0; i < N_TEXTS; i++) {
        /* The shortest and the longest are always among them. */
        c->lengths[i] = i == 0 ? 1 : i == 1 ? MAX_LENGTH : 1 + rng_below(MAX_LENGTH);
        for (size_t t = 0; t < c->lengths[i]; t++) {
            c->ids[i][t] = (int32_t)rng_below(tiny_model_vocab_size());
            c->type_ids[i][t] = (int32_t)(t > c->lengths[i] / 2);
        }
    }
}

/* How a batch is run. */
struct manner {
    enum last_layer last_layer;
    size_t n_members; /* of a team; 0: alone, without one */
    size_t spare;     /* tokens and texts more than needed in the workspaces */
};

static struct workspace *open_workspace(const cuvee_model *m, size_t n_tokens, size_t n_texts,
                                        const struct manner *how)
{
    struct workspace *w;
    assert_int_equal(
        cuvee__workspace_create(m, n_tokens + how->spare, n_texts + how->spare, &w, NULL),
        CUVEE_OK);
    /* NaN: whatever is read before it is written shows. */
    memset(w->arena, 0xFF, w->arena_bytes);
    if (how->last_layer != LAST_LAYER_ABSORBED || cuvee__can_absorb(&m->config))
        w->last_layer = how->last_layer;
    return w;
}

struct member {
    const struct forward_job *job;
    struct workspace *own;
    pthread_t thread;
};

static void *member_main(void *arg)
{
    struct member *me = arg;
    cuvee__forward_share(me->job, me->own, NULL);
    return NULL;
}

/* By several threads; some may find everything done. */
static void run_team(struct forward_job job, const struct manner *how)
{
    struct member members[MAX_MEMBERS];
    struct team team;
    assert_int_equal(cuvee__team_init(&team, NULL), CUVEE_OK);
    job.team = &team;
    job.first_stage = cuvee__team_stage(&team);
    job.n_expected = 1 + rng_below(MAX_MEMBERS);
    for (size_t i = 1; i < how->n_members; i++) {
        members[i].job = &job;
        members[i].own = open_workspace(job.model, job.batch.n_tokens, job.batch.n_texts, how);
        pthread_create(&members[i].thread, NULL, member_main, &members[i]);
    }
    cuvee__forward_share(&job, job.workspace, NULL);
    for (size_t i = 1; i < how->n_members; i++) {
        pthread_join(members[i].thread, NULL);
        cuvee__workspace_free(members[i].own);
    }
    /* Again by one alone, who was told to expect others; with a helper that leaves at once. */
    const _Atomic bool leave = true;
    job.first_stage = cuvee__team_stage(&team);
    cuvee__forward_share(&job, job.workspace, NULL);
    struct workspace *own = open_workspace(job.model, job.batch.n_tokens, job.batch.n_texts, how);
    cuvee__forward_share(&job, own, &leave);
    cuvee__forward_share(&job, own, NULL); /* all is over */
    cuvee__workspace_free(own);
    cuvee__team_deinit(&team);
}

/* Run texts order[0] .. order[n - 1] as one batch. */
static void run_batch(const cuvee_model *m, const struct kernels *k, const struct corpus *c,
                      const size_t *order, size_t n, const struct manner *how, float *logits)
{
    int32_t ids[N_TEXTS * MAX_LENGTH], type_ids[N_TEXTS * MAX_LENGTH];
    uint32_t starts[N_TEXTS + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        const size_t len = c->lengths[order[i]];
        memcpy(ids + starts[i], c->ids[order[i]], len * sizeof *ids);
        memcpy(type_ids + starts[i], c->type_ids[order[i]], len * sizeof *type_ids);
        starts[i + 1] = starts[i] + (uint32_t)len;
    }
    const struct ragged_batch batch = {n, starts[n], ids, type_ids, starts};
    struct workspace *w = open_workspace(m, starts[n], n, how);
    if (how->n_members) {
        run_team((struct forward_job){m, k, w, batch, logits, .n_expected = 1}, how);
    } else {
        const uint64_t n_allocs = cuvee__alloc_count();
        cuvee__forward(m, k, w, &batch, logits);
        assert_int_equal(cuvee__alloc_count(), n_allocs);
    }
    cuvee__workspace_free(w);
}

static const struct manner plain = {.last_layer = LAST_LAYER_ABSORBED};

static const struct tiny_model shapes[] = {
    {.max_positions = MAX_LENGTH},
    {.family = "bert", .max_positions = MAX_LENGTH, .n_layers = 2, .n_labels = 3},
    {.max_positions = 64, .hidden_size = 33, .n_heads = 11, .intermediate_size = 45, .n_layers = 3},
    /* Wide enough for several feed-forward blocks in a batch; a row of 3000 floats. */
    {.family = "bert",
     .max_positions = 64,
     .hidden_size = 64,
     .n_heads = 1,
     .intermediate_size = 3000,
     .n_labels = 1,
     .dtype = "BF16"},
    /* Heads of whole panels: keys and values can be absorbed. */
    {.max_positions = MAX_LENGTH, .hidden_size = 96, .n_heads = 3, .intermediate_size = 100,
     .n_layers = 2},
};

/* Logits of one text under a tokenizer_config.json. */
static void run_configured(const char *config, const struct corpus *c, size_t text, float *logits)
{
    char path[128];
    snprintf(path, sizeof path, "%s/tokenizer_config.json", dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(config, f);
    assert_int_equal(fclose(f), 0);
    cuvee_model *m;
    cuvee_error err = {0};
    if (cuvee__model_open(dir, &m, &err) < 0) fail_msg("%s", err.msg);
    struct kernels k;
    cuvee__kernels_init(&k, 0);
    run_batch(m, &k, c, &text, 1, &plain, logits);
    cuvee__model_release(m);
}

/* Transformers leaves token_type_ids out for some tokenizers, also when the model is a BERT. */
static void type_ids_that_transformers_keeps_back(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        bool seen;
    } cases[] = {
        {"{}", true},
        {"{\"tokenizer_class\": \"BertTokenizerFast\"}", true},
        {"{\"tokenizer_class\": \"DistilBertTokenizer\"}", false},
        {"{\"tokenizer_class\": \"DistilBertTokenizerFast\"}", false},
        {"{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}", false},
        {"{\"model_input_names\": [\"input_ids\", \"attention_mask\"]}", false},
        {"{\"tokenizer_class\": \"DistilBertTokenizer\","
         " \"model_input_names\": [\"input_ids\", \"token_type_ids\"]}",
         true},
    };
    static struct corpus c;
    fill_corpus(&c);
    memset(c.type_ids[1], 0, sizeof c.type_ids[1]);
    memcpy(c.ids[0], c.ids[1], sizeof c.ids[0]); /* all 60 tokens are filled there */
    c.lengths[0] = c.lengths[1] = MAX_LENGTH;
    c.type_ids[0][MAX_LENGTH / 2] = 1;
    const struct tiny_model shape = {.family = "bert", .max_positions = MAX_LENGTH};
    assert_int_equal(tiny_model_write(dir, &shape), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float typed[2], untyped[2];
        run_configured(cases[i].config, &c, 0, typed);
        run_configured(cases[i].config, &c, 1, untyped);
        assert_int_equal(memcmp(typed, untyped, sizeof typed) != 0, cases[i].seen);
    }
}

/* The bits of the full last layer; absorbing rounds differently, but always in the same way. */
static void check_alone(const cuvee_model *m, const struct kernels *k, const struct corpus *c,
                        size_t text, float *logits)
{
    float again[MAX_LABELS], absorbed[MAX_LABELS];
    const size_t bytes = cuvee__model_n_labels(m) * sizeof *logits;
    const struct manner full = {.last_layer = LAST_LAYER_FULL, .spare = rng_below(50)};
    const struct manner trimmed = {.last_layer = LAST_LAYER_TRIMMED};
    run_batch(m, k, c, &text, 1, &full, logits);
    run_batch(m, k, c, &text, 1, &trimmed, again);
    assert_memory_equal(logits, again, bytes);
    run_batch(m, k, c, &text, 1, &plain, absorbed);
    if (!cuvee__can_absorb(&m->config)) assert_memory_equal(logits, absorbed, bytes);
    for (size_t i = 0; i < cuvee__model_n_labels(m); i++) {
        assert_true(isfinite(logits[i]));
        assert_true(fabsf(logits[i] - absorbed[i]) <= 1e-5f * fmaxf(1.0f, fabsf(logits[i])));
    }
}

static void shuffle(size_t *order)
{
    for (size_t i = 0; i < N_TEXTS; i++) order[i] = i;
    for (size_t i = N_TEXTS - 1; i > 0; i--) {
        const size_t j = rng_below(i + 1), tmp = order[i];
        order[i] = order[j];
        order[j] = tmp;
    }
}

/* Alone, in batches, and by teams; with each kind of last layer. */
static void check_company(const struct tiny_model *shape, const struct kernels *k)
{
    cuvee_model *m;
    cuvee_error err = {0};
    assert_int_equal(tiny_model_write(dir, shape), 0);
    if (cuvee__model_open(dir, &m, &err) < 0) fail_msg("%s", err.msg);
    const size_t n_labels = cuvee__model_n_labels(m);
    static struct corpus c;
    fill_corpus(&c);

    float alone[2][N_TEXTS * MAX_LABELS], batched[N_TEXTS * MAX_LABELS];
    for (size_t i = 0; i < N_TEXTS; i++) {
        check_alone(m, k, &c, i, alone[0] + i * n_labels);
        run_batch(m, k, &c, &i, 1, &plain, alone[1] + i * n_labels);
    }
    assert_memory_not_equal(alone[0], alone[0] + n_labels, n_labels * sizeof *batched);

    for (size_t trial = 0; trial < N_TRIALS; trial++) {
        size_t order[N_TEXTS];
        shuffle(order);
        /* Few and many rows for each member: teams are cut in two ways. */
        const size_t n = trial == 0 ? N_TEXTS : trial < 4 ? trial : 1 + rng_below(N_TEXTS);
        const struct manner how = {.last_layer = (enum last_layer)(trial % 3),
                                   .n_members = rng_below(MAX_MEMBERS + 1),
                                   .spare = trial ? rng_below(200) : 0};
        run_batch(m, k, &c, order, n, &how, batched);
        const float *expected = alone[how.last_layer == LAST_LAYER_ABSORBED];
        for (size_t i = 0; i < n; i++)
            assert_memory_equal(batched + i * n_labels, expected + order[i] * n_labels,
                                n_labels * sizeof *batched);
    }
    cuvee__model_release(m);
}

static void logits_do_not_depend_on_company(void **state)
{
    (void)state;
    for (const char *const *tier = cuvee__kernels_usable(); *tier; tier++) {
        struct kernels k;
        if (SKIP_REF && tier[1] && strcmp(*tier, "ref") == 0) continue;
        assert_int_equal(cuvee__kernels_choose(&k, *tier, NULL), CUVEE_OK);
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) check_company(&shapes[i], &k);
    }
}

static void an_empty_batch_is_nothing(void **state)
{
    (void)state;
    cuvee_model *m;
    struct workspace *w;
    struct kernels k;
    cuvee_error err;
    assert_int_equal(tiny_model_write(dir, NULL), 0);
    assert_int_equal(cuvee__model_open(dir, &m, &err), CUVEE_OK);
    assert_int_equal(cuvee__kernels_choose(&k, NULL, NULL), CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(m, 1, 1, &w, &err), CUVEE_OK);
    const uint32_t starts[1] = {0};
    cuvee__forward(m, &k, w, &(struct ragged_batch){.starts = starts}, NULL);
    cuvee__workspace_free(w);
    cuvee__workspace_free(NULL);

    assert_int_equal(cuvee__workspace_create(m, 0, 1, &w, &err), CUVEE_E_ARGUMENT);
    assert_int_equal(cuvee__workspace_create(m, 1, 0, &w, &err), CUVEE_E_ARGUMENT);
    assert_int_equal(cuvee__workspace_create(m, SIZE_MAX, 1, &w, &err), CUVEE_E_NOMEM);
    assert_int_equal(cuvee__workspace_create(m, SIZE_MAX / 64, 1, &w, &err), CUVEE_E_NOMEM);
    cuvee__model_release(m);
}

static void workspaces_are_small_and_say_so(void **state)
{
    (void)state;
    cuvee_model *m;
    struct workspace *small, *large;
    assert_int_equal(cuvee__model_open(SOURCE_DIR "/models/sentiment-en", &m, NULL), CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(m, 512, 512, &small, NULL), CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(m, 1024, 1024, &large, NULL), CUVEE_OK);
    print_message("sentiment-en: %zu bytes for 512 tokens, %zu for 1024\n",
                  cuvee__workspace_bytes(small), cuvee__workspace_bytes(large));
    assert_in_range(cuvee__workspace_bytes(small), 512 * 5 * 384 * 4, 12 << 20);
    assert_in_range(cuvee__workspace_bytes(large), cuvee__workspace_bytes(small) + 1, 20 << 20);
    cuvee__workspace_free(small);
    cuvee__workspace_free(large);
    cuvee__model_release(m);
}

/* Rows that each linear layer was seen to get, and how wide they are. */
struct seen {
    size_t n_rows[N_STAGES], k[N_STAGES];
    float sum;
};

static void see(void *user, enum stage stage, size_t layer, const float *rows, size_t ld,
                size_t n_rows, size_t k)
{
    struct seen *seen = user;
    assert_true(layer < 2);
    seen->n_rows[stage] += n_rows;
    seen->k[stage] = k;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < k; j++) seen->sum += rows[i * ld + j];
}

static void observers_see_inputs_and_timers_all_stages(void **state)
{
    (void)state;
    static struct corpus c;
    fill_corpus(&c);
    const struct tiny_model shape = {.max_positions = MAX_LENGTH, .hidden_size = 64, .n_heads = 2,
                                     .intermediate_size = 100, .n_layers = 2};
    cuvee_model *m;
    struct kernels k;
    struct workspace *w;
    assert_int_equal(tiny_model_write(dir, &shape), 0);
    assert_int_equal(cuvee__model_open(dir, &m, NULL), CUVEE_OK);
    assert_int_equal(cuvee__kernels_choose(&k, NULL, NULL), CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(m, MAX_LENGTH, 2, &w, NULL), CUVEE_OK);
    const uint32_t starts[] = {0, 20, 50};
    const struct ragged_batch batch = {2, 50, c.ids[1], c.type_ids[1], starts};
    struct seen seen = {0};
    uint64_t stage_ns[N_STAGES] = {0};
    float logits[4], observed[4];
    w->last_layer = LAST_LAYER_FULL;
    cuvee__forward(m, &k, w, &batch, logits);
    w->observer = &(struct observer){see, &seen};
    w->stage_ns = stage_ns;
    cuvee__forward(m, &k, w, &batch, observed);
    assert_memory_equal(observed, logits, sizeof logits);
    static const struct {
        enum stage stage;
        size_t n_rows, k;
    } expected[] = {{STAGE_QKV, 100, 64},     {STAGE_ATTENTION_OUT, 100, 64},
                    {STAGE_FFN_UP, 100, 64},  {STAGE_FFN_DOWN, 100, 100},
                    {STAGE_HEAD_DENSE, 2, 64}, {STAGE_HEAD_OUT, 2, 64}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(seen.n_rows[expected[i].stage], expected[i].n_rows);
        assert_int_equal(seen.k[expected[i].stage], expected[i].k);
    }
    assert_true(isfinite(seen.sum) && seen.sum != 0.0f);
    for (size_t i = 0; i < N_STAGES; i++) assert_true(stage_ns[i] > 0);
    cuvee__workspace_free(w);
    cuvee__model_release(m);
}

/* ---- scores ---- */

static cuvee_model *open_with(const char *problem_type, size_t n_labels)
{
    cuvee_model *m;
    cuvee_error err = {0};
    const struct tiny_model shape = {.problem_type = problem_type, .n_labels = n_labels};
    assert_int_equal(tiny_model_write(dir, &shape), 0);
    if (cuvee__model_open(dir, &m, &err) < 0) fail_msg("%s", err.msg);
    return m;
}

static void expect_scores(const cuvee_model *m, unsigned activation, const float *logits,
                          const double *expected, int32_t label)
{
    float scores[MAX_LABELS];
    assert_int_equal(cuvee__model_scores(m, activation, logits, scores), label);
    for (size_t i = 0; i < cuvee__model_n_labels(m); i++)
        assert_true(fabs(scores[i] - expected[i]) <= 1e-7 * fmax(1.0, fabs(expected[i])));
}

static void activation_follows_the_pipeline(void **state)
{
    (void)state;
    const float three[] = {1.0f, 3.0f, 2.0f};
    const double softmax[] = {0.09003057317038046, 0.66524095577217, 0.24472847105479767};
    const double sigmoid[] = {0.7310585786300049, 0.9525741268224334, 0.8807970779778823};
    const double none[] = {1.0, 3.0, 2.0};
    static const struct {
        const char *problem_type;
        unsigned activation;
        int expected; /* 0 softmax, 1 sigmoid, 2 none */
    } cases[] = {
        {NULL, CUVEE_ACTIVATION_AUTO, 0},
        {"single_label_classification", CUVEE_ACTIVATION_AUTO, 0},
        {"multi_label_classification", CUVEE_ACTIVATION_AUTO, 1},
        {"regression", CUVEE_ACTIVATION_AUTO, 2},
        {"regression", CUVEE_ACTIVATION_SOFTMAX, 0},
        {NULL, CUVEE_ACTIVATION_SIGMOID, 1},
        {"multi_label_classification", CUVEE_ACTIVATION_NONE, 2},
    };
    const double *const expected[] = {softmax, sigmoid, none};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cuvee_model *m = open_with(cases[i].problem_type, 3);
        expect_scores(m, cases[i].activation, three, expected[cases[i].expected], 1);
        cuvee__model_release(m);
    }
    cuvee_model *m = open_with(NULL, 1); /* one label: sigmoid, unless it is a regression */
    expect_scores(m, CUVEE_ACTIVATION_AUTO, &(float){-1.0f}, &(double){0.2689414213699951}, 0);
    cuvee__model_release(m);
    m = open_with("regression", 1);
    expect_scores(m, CUVEE_ACTIVATION_AUTO, &(float){-1.5f}, &(double){-1.5}, 0);
    cuvee__model_release(m);
}

static void extreme_logits_do_not_overflow(void **state)
{
    (void)state;
    cuvee_model *m = open_with(NULL, 3);
    expect_scores(m, CUVEE_ACTIVATION_AUTO, (float[]){3e38f, -3e38f, 0.0f},
                  (double[]){1.0, 0.0, 0.0}, 0);
    expect_scores(m, CUVEE_ACTIVATION_SIGMOID, (float[]){-3e38f, 3e38f, 0.0f},
                  (double[]){0.0, 1.0, 0.5}, 1);
    /* The first of equals, also when only the rounded scores are equal. */
    expect_scores(m, CUVEE_ACTIVATION_AUTO, (float[]){-1.0f, 2.0f, 2.0f},
                  (double[]){0.024288897679263, 0.487855551160368, 0.487855551160368}, 1);
    expect_scores(m, CUVEE_ACTIVATION_SIGMOID, (float[]){-1.0f, 30.0f, 40.0f},
                  (double[]){0.2689414213699951, 1.0, 1.0}, 1);

    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++)
        for (size_t at = 0; at < 3; at++) {
            float logits[3] = {1.0f, 2.0f, 3.0f}, scores[3];
            logits[at] = bad[i];
            for (unsigned a = CUVEE_ACTIVATION_AUTO; a <= CUVEE_ACTIVATION_NONE; a++)
                assert_int_equal(cuvee__model_scores(m, a, logits, scores), -1);
        }
    cuvee__model_release(m);
}

/* A NaN anywhere must not be washed out on its way to the logits, by a ReLU say. */
static void nan_weights_reach_the_logits(void **state)
{
    (void)state;
    static const char *const names[] = {
        "distilbert.embeddings.position_embeddings.weight",
        "distilbert.transformer.layer.0.attention.k_lin.weight",
        "distilbert.transformer.layer.0.ffn.lin1.weight",
        "distilbert.transformer.layer.0.output_layer_norm.bias",
        "pre_classifier.weight",
        "classifier.bias",
    };
    struct kernels k;
    assert_int_equal(cuvee__kernels_choose(&k, NULL, NULL), CUVEE_OK);
    char path[128];
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    const int32_t ids[] = {2, 9, 3}, type_ids[] = {0, 0, 0};
    const uint32_t starts[] = {0, 3};
    const struct ragged_batch batch = {1, 3, ids, type_ids, starts};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct edit e;
        assert_int_equal(tiny_model_write(dir, NULL), 0);
        edit_read(&e, path);
        edit_set_f32(edit_find(&e, names[i]), 0, NAN);
        edit_write(&e, path);
        edit_free(&e);
        cuvee_model *m;
        struct workspace *w;
        float logits[2], scores[2];
        assert_int_equal(cuvee__model_open(dir, &m, NULL), CUVEE_OK);
        assert_int_equal(cuvee__workspace_create(m, 3, 1, &w, NULL), CUVEE_OK);
        cuvee__forward(m, &k, w, &batch, logits);
        if (cuvee__model_scores(m, CUVEE_ACTIVATION_AUTO, logits, scores) != -1)
            fail_msg("NaN in %s was lost: logits %g %g", names[i], logits[0], logits[1]);
        cuvee__workspace_free(w);
        cuvee__model_release(m);
    }
}

static void a_nan_word_harms_its_own_text_only(void **state)
{
    (void)state;
    struct kernels k;
    assert_int_equal(cuvee__kernels_choose(&k, NULL, NULL), CUVEE_OK);
    char path[128];
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    struct edit e;
    assert_int_equal(tiny_model_write(dir, NULL), 0);
    edit_read(&e, path);
    struct edit_tensor *words = edit_find(&e, "distilbert.embeddings.word_embeddings.weight");
    edit_set_f32(words, 9 * words->dims[1], NAN); /* word 9 */
    edit_write(&e, path);
    edit_free(&e);
    cuvee_model *m;
    struct workspace *w;
    assert_int_equal(cuvee__model_open(dir, &m, NULL), CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(m, 9, 3, &w, NULL), CUVEE_OK);
    const int32_t ids[] = {2, 8, 3, 2, 9, 3, 2, 10, 3}, type_ids[9] = {0};
    const uint32_t starts[] = {0, 3, 6, 9};
    float logits[6], scores[2];
    cuvee__forward(m, &k, w, &(struct ragged_batch){3, 9, ids, type_ids, starts}, logits);
    assert_true(cuvee__model_scores(m, CUVEE_ACTIVATION_AUTO, logits, scores) >= 0);
    assert_int_equal(cuvee__model_scores(m, CUVEE_ACTIVATION_AUTO, logits + 2, scores), -1);
    assert_true(cuvee__model_scores(m, CUVEE_ACTIVATION_AUTO, logits + 4, scores) >= 0);
    cuvee__workspace_free(w);
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
        cmocka_unit_test(type_ids_that_transformers_keeps_back),
        cmocka_unit_test(logits_do_not_depend_on_company),
        cmocka_unit_test(an_empty_batch_is_nothing),
        cmocka_unit_test(workspaces_are_small_and_say_so),
        cmocka_unit_test(observers_see_inputs_and_timers_all_stages),
        cmocka_unit_test(activation_follows_the_pipeline),
        cmocka_unit_test(extreme_logits_do_not_overflow),
        cmocka_unit_test(nan_weights_reach_the_logits),
        cmocka_unit_test(a_nan_word_harms_its_own_text_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
