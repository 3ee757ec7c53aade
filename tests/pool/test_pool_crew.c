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

struct idler {
    struct queue *queue;
    struct crew crew;
    struct slice slices[8];
    struct take take;
    bool took;
    pthread_t thread;
};

static void *idler_main(void *arg)
{
    struct idler *i = arg;
    i->took = cuvee__queue_take(i->queue, &i->take);
    return NULL;
}

static void idler_init(struct idler *i, struct queue *q)
{
    memset(i, 0, sizeof *i);
    i->queue = q;
    i->take = (struct take){.slices = i->slices, .own = &i->crew};
    assert_int_equal(cuvee__team_init(&i->crew.team, NULL), CUVEE_OK);
}

/* A thread that is asleep in the queue. */
static void idler_start(struct idler *i, size_t n_idle)
{
    pthread_create(&i->thread, NULL, idler_main, i);
    for (size_t now = 0; now < n_idle;) {
        cuvee__mutex_lock(&i->queue->mu);
        now = i->queue->n_idle;
        cuvee__mutex_unlock(&i->queue->mu);
    }
}

static void never(void *user, cuvee_result *result)
{
    (void)user, (void)result;
    fail();
}

static struct job *job_of_one(void)
{
    static const char bytes[400] = "x";
    const cuvee_classify_options options = {.max_length = 512};
    const cuvee_text text = {.ptr = bytes, .len = sizeof bytes}; /* costs 102 tokens */
    return cuvee__job_create(&text, 1, 2, &options, never, NULL);
}

static void idle_workers_take_seats_but_texts_first(void **state)
{
    (void)state;
    struct queue q;
    static struct idler leader, second, third;
    assert_int_equal(cuvee__queue_init(&q, 100, 512, 3, NULL), CUVEE_OK);
    struct job *a = job_of_one(), *b = job_of_one(), *c = job_of_one();
    idler_init(&leader, &q);
    idler_init(&second, &q);
    idler_init(&third, &q);

    /* Too small to share, or nobody is idle. */
    q.crew_tokens = 103;
    idler_start(&second, 1);
    cuvee__mutex_lock(&q.mu); /* no signal reaches `second`: the leader is the first to come */
    q.head = q.tail = a;
    q.n_waiting = 1;
    q.cost = a->cost;
    cuvee__mutex_unlock(&q.mu);
    assert_true(cuvee__queue_take(&q, &leader.take));
    assert_int_equal(leader.take.n_slices, 1);
    assert_false(leader.take.invites);

    q.crew_tokens = 102;
    cuvee__mutex_lock(&q.mu);
    q.head = q.tail = b;
    q.n_waiting = 1;
    q.cost = b->cost;
    cuvee__mutex_unlock(&q.mu);
    assert_true(cuvee__queue_take(&q, &leader.take));
    assert_true(leader.take.invites);
    pthread_join(second.thread, NULL);
    assert_true(second.took);
    assert_ptr_equal(second.take.seat.crew, &leader.crew);
    assert_int_equal(second.take.seat.member, 1);
    assert_int_equal(second.take.n_slices, 0);
    assert_int_equal(cuvee__queue_close_crew(&q, &leader.crew), 1);
    assert_null(q.open);

    /* Two seats, one idle worker; and a text that comes before the pass starts goes to it. */
    leader.crew.n_invited = 2;
    atomic_store(&leader.crew.n_joined, 0);
    q.open = &leader.crew;
    assert_true(cuvee__queue_try_push(&q, c));
    idler_main(&third);
    assert_true(third.took);
    assert_int_equal(third.take.n_slices, 1);
    assert_null(third.take.seat.crew);
    assert_false(third.take.invites); /* one crew at a time, and nobody is idle */
    assert_int_equal(cuvee__queue_close_crew(&q, &leader.crew), 0);
    assert_null(q.open);

    cuvee__queue_stop(&q);
    assert_false(cuvee__queue_take(&q, &third.take));
    cuvee__job_free(a);
    cuvee__job_free(b);
    cuvee__job_free(c);
    cuvee__team_deinit(&leader.crew.team);
    cuvee__team_deinit(&second.crew.team);
    cuvee__team_deinit(&third.crew.team);
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
        cmocka_unit_test_teardown(idle_workers_take_seats_but_texts_first, nothing_was_breached),
        cmocka_unit_test_teardown(lone_texts_are_shared, nothing_was_breached),
        cmocka_unit_test_teardown(small_models_are_not_shared, nothing_was_breached),
        cmocka_unit_test_teardown(many_callers_and_crews, nothing_was_breached),
        cmocka_unit_test_teardown(pools_end_in_the_middle, nothing_was_breached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
