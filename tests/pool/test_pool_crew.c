/* SPDX-License-Identifier: Apache-2.0
 *
 * Latency mode: idle workers join a pass, rows stay right, and nobody is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cuvee/cuvee.h"
#include "fake_model.h"
#include "pool/queue.h"

enum { N_WORKERS = 4 };

/* ---- queue ---- */

static void never(void *user, cuvee_result *result)
{
    (void)user, (void)result;
    fail();
}

static void seats_are_taken_when_there_are_no_texts(void **state)
{
    (void)state;
    struct queue q;
    struct crew a, b;
    struct slice slices[4];
    assert_int_equal(cuvee__queue_init(&q, 100, 512, 3, NULL), CUVEE_OK);
    assert_int_equal(cuvee__team_init(&a.team, NULL), CUVEE_OK);
    assert_int_equal(cuvee__team_init(&b.team, NULL), CUVEE_OK);
    const struct forward_job job = {.batch = {.n_tokens = 10}, .n_expected = 1};

    q.crew_tokens = 11; /* not worth it */
    cuvee__queue_open_crew(&q, &a, &job);
    assert_null(a.job.team);
    assert_null(q.open);
    assert_int_equal(cuvee__queue_close_crew(&q, &a), 0);

    q.crew_tokens = 10;
    q.n_idle = 1; /* as if */
    cuvee__queue_open_crew(&q, &a, &job);
    cuvee__queue_open_crew(&q, &b, &job);
    assert_ptr_equal(a.job.team, &a.team);
    assert_int_equal(a.job.n_expected, 2);
    q.n_idle = 0;

    /* Each seat once; helpers go where there are few. */
    struct take first = {.slices = slices, .helps = true}, second = first;
    assert_true(cuvee__queue_take(&q, &first));
    assert_true(cuvee__queue_take(&q, &second));
    assert_int_equal(first.n_slices + second.n_slices, 0);
    assert_true(first.seat.crew != second.seat.crew && first.seat.crew && second.seat.crew);
    assert_true(cuvee__queue_take(&q, &first));
    assert_ptr_equal(first.seat.crew, second.seat.crew);

    /* Texts go first, and helpers are told. */
    const cuvee_classify_options options = {.max_length = 512};
    const cuvee_text text = {.ptr = "", .len = 0};
    struct job *texts = cuvee__job_create(&text, 1, 2, false, &options, never, NULL);
    assert_false(atomic_load(&q.has_texts));
    assert_true(cuvee__queue_try_push(&q, texts));
    assert_true(atomic_load(&q.has_texts));
    assert_true(cuvee__queue_take(&q, &second));
    assert_int_equal(second.n_slices, 1);
    assert_false(atomic_load(&q.has_texts));

    assert_int_equal(cuvee__queue_close_crew(&q, &a) + cuvee__queue_close_crew(&q, &b), 3);
    assert_null(q.open);
    cuvee__queue_stop(&q);
    assert_false(cuvee__queue_take(&q, &first));
    cuvee__job_free(texts);
    cuvee__team_deinit(&a.team);
    cuvee__team_deinit(&b.team);
    cuvee__queue_deinit(&q);
}

/* ---- pool ---- */

struct passes {
    _Atomic size_t n_shared, n_wrong;
};

static void look_at(void *user, const cuvee_batch_record *record)
{
    struct passes *p = user;
    if (record->n_members > 1) atomic_fetch_add(&p->n_shared, 1);
    if (record->n_members < 1 || record->n_members > N_WORKERS) atomic_fetch_add(&p->n_wrong, 1);
}

static cuvee_pool *open_pool(struct passes *passes, bool large)
{
    cuvee_model *model;
    cuvee_pool *pool;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.n_workers = N_WORKERS;
    o.batch_tokens = 128;
    o.on_batch = look_at;
    o.on_batch_user = passes;
    fake_model_is_large(large);
    assert_int_equal(cuvee_model_open("fake", NULL, &model, NULL), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, &o, &pool, NULL), CUVEE_OK);
    fake_model_is_large(false);
    cuvee_model_close(model);
    return pool;
}

static void classify_one(cuvee_pool *pool, const char *s)
{
    const cuvee_text text = {.ptr = s, .len = strlen(s)};
    const struct fake_row want = fake_expect(&text, NULL);
    cuvee_result *r;
    assert_int_equal(cuvee_classify(pool, &text, 1, NULL, &r, NULL), CUVEE_OK);
    assert_int_equal(cuvee_result_status(r)[0], want.status);
    assert_int_equal(cuvee_result_labels(r)[0], want.label);
    assert_memory_equal(cuvee_result_all_scores(r), want.all_scores, sizeof want.all_scores);
    cuvee_result_free(r);
}

static void lone_texts_are_shared(void **state)
{
    (void)state;
    struct passes passes = {0};
    cuvee_pool *pool = open_pool(&passes, true);
    for (int i = 0; i < 20000 && atomic_load(&passes.n_shared) < 20; i++) {
        classify_one(pool, "a claret");
        classify_one(pool, "NOMEM"); /* never gets as far as a pass */
        classify_one(pool, "?");
    }
    cuvee_pool_free(pool);
    assert_in_range(atomic_load(&passes.n_shared), 20, SIZE_MAX);
    assert_int_equal(atomic_load(&passes.n_wrong), 0);
}

static void small_models_are_not_shared(void **state)
{
    (void)state;
    struct passes passes = {0};
    cuvee_pool *pool = open_pool(&passes, false);
    for (int i = 0; i < 200; i++) classify_one(pool, "a claret");
    cuvee_pool_free(pool);
    assert_int_equal(atomic_load(&passes.n_shared), 0);
}

struct caller_thread {
    cuvee_pool *pool;
    pthread_t thread;
    uint32_t seed;
    size_t n_wrong;
};

static void *caller_main(void *arg)
{
    struct caller_thread *c = arg;
    for (int i = 0; i < 300; i++) {
        char bytes[5][8];
        cuvee_text texts[5];
        c->seed = c->seed * 1103515245u + 12345u;
        const size_t n = 1 + (c->seed >> 16) % 5;
        for (size_t k = 0; k < n; k++) {
            texts[k] = (cuvee_text){.ptr = bytes[k]};
            texts[k].len = (size_t)snprintf(bytes[k], sizeof bytes[k], "%u", c->seed >> 20);
        }
        cuvee_result *r;
        if (cuvee_classify(c->pool, texts, n, NULL, &r, NULL) != CUVEE_OK) {
            c->n_wrong++;
            continue;
        }
        for (size_t k = 0; k < n; k++) {
            const struct fake_row want = fake_expect(&texts[k], NULL);
            c->n_wrong += memcmp(cuvee_result_all_scores(r) + k * FAKE_N_LABELS, want.all_scores,
                                 sizeof want.all_scores) != 0;
        }
        cuvee_result_free(r);
    }
    return NULL;
}

static void many_callers_and_crews(void **state)
{
    (void)state;
    enum { N_CALLERS = 6 };
    struct passes passes = {0};
    cuvee_pool *pool = open_pool(&passes, true);
    struct caller_thread callers[N_CALLERS];
    for (uint32_t i = 0; i < N_CALLERS; i++) {
        callers[i] = (struct caller_thread){.pool = pool, .seed = i + 1};
        pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]);
    }
    for (size_t i = 0; i < N_CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].n_wrong, 0);
    }
    cuvee_pool_free(pool);
    assert_int_equal(atomic_load(&passes.n_wrong), 0);
}

static void free_result(void *user, cuvee_result *result)
{
    (void)user;
    cuvee_result_free(result);
}

/* Stopping while a crew gathers or works. */
static void pools_end_in_the_middle(void **state)
{
    (void)state;
    struct passes passes = {0};
    const cuvee_text text = {.ptr = "port", .len = 4};
    for (int i = 0; i < 100; i++) {
        cuvee_pool *pool = open_pool(&passes, true);
        if (i % 2) classify_one(pool, "sherry");
        assert_int_equal(cuvee_submit(pool, &text, 1, NULL, free_result, NULL, NULL), CUVEE_OK);
        cuvee_pool_free(pool);
    }
}

static int nothing_was_breached(void **state)
{
    (void)state;
    assert_int_equal(fake_violations(), 0);
    assert_int_equal(fake_n_models(), 0);
    assert_int_equal(cuvee__alloc_count(), cuvee__free_count());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(seats_are_taken_when_there_are_no_texts, nothing_was_breached),
        cmocka_unit_test_teardown(lone_texts_are_shared, nothing_was_breached),
        cmocka_unit_test_teardown(small_models_are_not_shared, nothing_was_breached),
        cmocka_unit_test_teardown(many_callers_and_crews, nothing_was_breached),
        cmocka_unit_test_teardown(pools_end_in_the_middle, nothing_was_breached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
