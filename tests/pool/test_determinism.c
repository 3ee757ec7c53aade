/* SPDX-License-Identifier: Apache-2.0
 *
 * A text's logits have the same bits alone and in any company: random batchings over 1 to 4
 * workers, with the shipped model on the best tier and small random ones on every tier. The shipped
 * model is packed as int8 only when the program gets an argument: that takes a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuvee/cuvee.h"
#include "tiny_model.h"

enum { N_TEXTS = 60, MAX_LABELS = 8, N_PRECISIONS = 3 };

static bool is_long;

/* Instrumented kernels are too slow for the shipped model; the small ones run the same code. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_INSTRUMENTED = 1, N_ROUNDS = 2 };
#else
enum { IS_INSTRUMENTED = 0, N_ROUNDS = 3 };
#endif

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Pieces of the sample reviews: none, short, some longer than small models take; some are pairs. */
static char *reviews;
static cuvee_text texts[N_TEXTS];

static int read_texts(void **state)
{
    (void)state;
    FILE *f = fopen(SOURCE_DIR "/examples/wine-reviews.csv", "r");
    assert_non_null(f);
    const size_t room = 100000;
    reviews = malloc(room);
    const size_t len = fread(reviews, 1, room, f);
    fclose(f);
    assert_true(len > 20000);
    uint32_t seed = 42;
    for (size_t i = 0; i < N_TEXTS; i++) {
        texts[i].ptr = reviews + next_random(&seed) % (len - 2000);
        texts[i].len = i == 0 ? 0 : i == 1 ? 1500 : next_random(&seed) % 160;
        if (i % 10 != 9) continue;
        texts[i].pair_ptr = reviews + next_random(&seed) % (len - 2000);
        texts[i].pair_len = next_random(&seed) % 80;
    }
    return 0;
}

static int free_texts(void **state)
{
    (void)state;
    free(reviews);
    return 0;
}

static _Atomic size_t n_shared; /* passes by more than one worker */

static void count_shared(void *user, const cuvee_batch_record *record)
{
    (void)user;
    if (record->n_members > 1) atomic_fetch_add(&n_shared, 1);
}

static cuvee_pool *open_pool(cuvee_model *model, const char *isa, uint32_t n_workers,
                             uint32_t batch_tokens)
{
    cuvee_pool *pool;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.isa = isa;
    o.n_workers = n_workers;
    o.batch_tokens = batch_tokens;
    o.on_batch = count_shared;
    assert_int_equal(cuvee_pool_create(model, &o, &pool, NULL), CUVEE_OK);
    return pool;
}

/* Logits of n texts in one call, to rows[order[i]]. */
static void classify(cuvee_pool *pool, const cuvee_text *call, const size_t *order, size_t n,
                     float rows[][MAX_LABELS])
{
    cuvee_classify_options o = CUVEE_OPTIONS(cuvee_classify_options);
    o.activation = CUVEE_ACTIVATION_NONE;
    cuvee_result *r;
    assert_int_equal(cuvee_classify(pool, call, n, &o, &r, NULL), CUVEE_OK);
    const size_t n_labels = cuvee_result_n_labels(r);
    assert_true(n_labels <= MAX_LABELS);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(cuvee_result_status(r)[i], CUVEE_OK);
        memcpy(rows[order[i]], cuvee_result_all_scores(r) + i * n_labels, n_labels * sizeof(float));
    }
    cuvee_result_free(r);
}

static void shuffle(size_t *order, uint32_t *seed)
{
    for (size_t i = N_TEXTS - 1; i > 0; i--) {
        const size_t k = next_random(seed) % (i + 1), other = order[k];
        order[k] = order[i];
        order[i] = other;
    }
}

/* One text at a time: workers that find nothing to do join the pass. */
static void check_shared(cuvee_model *model, const char *isa, float alone[][MAX_LABELS])
{
    static float together[N_TEXTS][MAX_LABELS];
    memset(together, 0, sizeof together);
    for (uint32_t n_workers = 2; n_workers <= 3; n_workers++) {
        cuvee_pool *pool = open_pool(model, isa, n_workers, 0);
        for (size_t i = n_workers % 2; i < N_TEXTS; i += 6)
            classify(pool, &texts[i], &i, 1, together);
        cuvee_pool_free(pool);
    }
    for (size_t i = 0; i < N_TEXTS; i++)
        if (i % 6 < 2) assert_memory_equal(together[i], alone[i], sizeof alone[i]);
}

/* Random batchings over 1 to 4 workers give what each text gives alone, which goes to `alone`. */
static void check_open_model(cuvee_model *model, const char *isa, float alone[][MAX_LABELS])
{
    static float together[N_TEXTS][MAX_LABELS];
    memset(alone, 0, sizeof together);
    size_t order[N_TEXTS];
    cuvee_pool *pool = open_pool(model, isa, 1, 1);
    for (size_t i = 0; i < N_TEXTS; i++) {
        order[i] = i;
        classify(pool, &texts[i], &i, 1, alone);
    }
    cuvee_pool_free(pool);
    assert_memory_not_equal(alone[2], alone[3], sizeof alone[2]); /* not all the same anyway */

    static const uint32_t budgets[] = {16, 64, 200, 512, 4096};
    uint32_t seed = 7;
    for (size_t round = 0; round < N_ROUNDS; round++) {
        memset(together, 0, sizeof together);
        shuffle(order, &seed);
        pool = open_pool(model, isa, 1 + round % 4, budgets[next_random(&seed) % 5]);
        for (size_t first = 0, n; first < N_TEXTS; first += n) {
            n = 1 + next_random(&seed) % (N_TEXTS - first);
            cuvee_text call[N_TEXTS];
            for (size_t i = 0; i < n; i++) call[i] = texts[order[first + i]];
            classify(pool, call, order + first, n, together);
        }
        cuvee_pool_free(pool);
        for (size_t i = 0; i < N_TEXTS; i++)
            assert_memory_equal(together[i], alone[i], sizeof alone[i]);
    }
    check_shared(model, isa, alone);
}

/* The same bits from wherever the model comes: memory, a packed file, the cache. */
static void check_origins(const char *dir, const char *isa, uint32_t precision,
                          float alone[][MAX_LABELS])
{
    static float again[N_TEXTS][MAX_LABELS];
    char cache[] = "/tmp/cuvee_determinism_cache_XXXXXX", file[64];
    assert_non_null(mkdtemp(cache));
    snprintf(file, sizeof file, "%s/model.cuvee", cache);
    cuvee_pack_options pack = CUVEE_OPTIONS(cuvee_pack_options);
    pack.precision = precision;
    assert_int_equal(cuvee_model_pack(dir, file, &pack, NULL), CUVEE_OK);
    cuvee_model_options o = CUVEE_OPTIONS(cuvee_model_options);
    o.precision = precision;
    o.cache_dir = cache;
    for (int i = 0; i < 3; i++) { /* the file; the cache as it is filled, and as it is read */
        cuvee_model *model;
        assert_int_equal(cuvee_model_open(i ? dir : file, &o, &model, NULL), CUVEE_OK);
        cuvee_pool *pool = open_pool(model, isa, 2, 0);
        size_t order[N_TEXTS];
        for (size_t k = 0; k < N_TEXTS; k++) order[k] = k;
        memset(again, 0, sizeof again);
        classify(pool, texts, order, N_TEXTS, again);
        assert_memory_equal(again, alone, sizeof again);
        cuvee_pool_free(pool);
        cuvee_model_close(model);
    }
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", cache);
    assert_int_equal(system(command), 0);
}

static void check_model(const char *dir, const char *isa, size_t n_precisions)
{
    static float alone[N_TEXTS][MAX_LABELS];
    static const uint32_t precisions[N_PRECISIONS] = {CUVEE_PRECISION_F32, CUVEE_PRECISION_BF16,
                                                      CUVEE_PRECISION_INT8};
    for (size_t i = 0; i < n_precisions; i++) {
        cuvee_model *model;
        cuvee_error err;
        cuvee_model_options o = CUVEE_OPTIONS(cuvee_model_options);
        o.precision = precisions[i];
        o.flags = CUVEE_MODEL_NO_CACHE;
        if (cuvee_model_open(dir, &o, &model, &err) < 0) fail_msg("%s", err.msg);
        check_open_model(model, isa, alone);
        cuvee_model_close(model);
        check_origins(dir, isa, precisions[i], alone);
    }
}

static void shipped_model_on_the_best_tier(void **state)
{
    (void)state;
    if (IS_INSTRUMENTED) skip();
    check_model(SOURCE_DIR "/models/sentiment-en", NULL, is_long ? N_PRECISIONS : N_PRECISIONS - 1);
    assert_true(atomic_load(&n_shared) > 0);
}

static void small_models_on_every_tier(void **state)
{
    (void)state;
    /* Widths and heads that leave tails in every tile. */
    static const struct tiny_model shapes[] = {
        {.hidden_size = 12, .n_heads = 3, .n_layers = 2, .max_positions = 64},
        {.family = "bert", .hidden_size = 40, .n_heads = 8, .intermediate_size = 70,
         .max_positions = 200, .n_labels = 7},
        {.hidden_size = 66, .n_heads = 1, .intermediate_size = 33, .n_labels = 1},
    };
    cuvee_machine_info machine = CUVEE_OPTIONS(cuvee_machine_info);
    assert_int_equal(cuvee_machine_describe(NULL, &machine, NULL), CUVEE_OK);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char dir[] = "/tmp/cuvee_determinism_XXXXXX";
        assert_non_null(mkdtemp(dir));
        assert_int_equal(tiny_model_write(dir, &shapes[i]), 0);
        for (const char *const *tier = machine.tiers_usable; *tier; tier++)
            check_model(dir, *tier, N_PRECISIONS);
        tiny_model_remove(dir);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    is_long = argc > 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_models_on_every_tier),
        cmocka_unit_test(shipped_model_on_the_best_tier),
    };
    return cmocka_run_group_tests(tests, read_texts, free_texts);
}
