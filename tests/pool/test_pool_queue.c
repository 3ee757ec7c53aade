/* SPDX-License-Identifier: Apache-2.0
 *
 * pool/queue: order, bound, shares, and the line of callers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "os/clock.h"
#include "pool/queue.h"

#define MAX_SLICES 64

/* Texts of 200 bytes cost 52 tokens each. */
static const char text_200[200] = "x";
enum { COST = 52 };

static void never(void *user, cuvee_result *result)
{
    (void)user, (void)result;
    fail();
}

static struct job *job_of(size_t n)
{
    cuvee_text texts[1000];
    const cuvee_classify_options options = {.struct_size = sizeof options, .max_length = 512};
    assert_true(n <= 1000);
    for (size_t i = 0; i < n; i++) texts[i] = (cuvee_text){.ptr = text_200, .len = sizeof text_200};
    struct job *job = cuvee__job_create(texts, n, 2, false, &options, never, NULL);
    assert_non_null(job);
    assert_int_equal(job->cost, n * COST);
    return job;
}

static void queue_of(struct queue *q, size_t max_waiting, size_t batch_tokens, size_t n_workers)
{
    assert_int_equal(cuvee__queue_init(q, max_waiting, batch_tokens, n_workers, NULL), CUVEE_OK);
}

/* By a worker that shares nothing. */
static size_t take_slices(struct queue *q, struct slice *slices)
{
    struct take t = {.slices = slices};
    const bool any = cuvee__queue_take(q, &t);
    assert_true(any == (t.n_slices > 0) && !t.seat.crew);
    return t.n_slices;
}

static size_t take(struct queue *q, struct slice *slices)
{
    const size_t n = take_slices(q, slices);
    size_t n_texts = 0;
    for (size_t i = 0; i < n; i++) n_texts += slices[i].n;
    return n_texts;
}

static size_t n_waiting(struct queue *q)
{
    cuvee__mutex_lock(&q->mu);
    const size_t n = q->n_waiting;
    cuvee__mutex_unlock(&q->mu);
    return n;
}

static void cost_is_bounded(void **state)
{
    (void)state;
    const cuvee_text texts[] = {{NULL, 0, NULL, 0},
                                {text_200, 200, text_200, 100},
                                {text_200, SIZE_MAX, text_200, SIZE_MAX}}; /* never read here */
    const cuvee_classify_options options = {.max_length = 512};
    struct job *job = cuvee__job_create(texts, 3, 2, false, &options, never, NULL);
    assert_int_equal(job_text_cost(job, 0), JOB_MIN_COST);
    assert_int_equal(job_text_cost(job, 1), 77);
    assert_int_equal(job_text_cost(job, 2), 512);
    cuvee__job_free(job);
    cuvee__job_free(NULL);
    assert_null(cuvee__job_create(texts, SIZE_MAX / 16, 2, false, &options, never, NULL));
    assert_null(cuvee__result_create(SIZE_MAX / 8, 2, false));
    assert_null(cuvee__result_create(2, SIZE_MAX, false));
}

static void takes_in_order_across_jobs(void **state)
{
    (void)state;
    struct queue q;
    queue_of(&q, 100, 512, 1);
    struct job *a = job_of(3), *b = job_of(0), *c = job_of(20);
    assert_true(cuvee__queue_try_push(&q, a));
    assert_true(cuvee__queue_try_push(&q, b));
    assert_true(cuvee__queue_try_push(&q, c));
    assert_int_equal(q.n_waiting, 24); /* the empty job counts as one */

    struct slice s[MAX_SLICES * 2];
    assert_int_equal(take_slices(&q, s), 3); /* (512 - 4) / 52 = 9 texts, the empty job 4 */
    assert_ptr_equal(s[0].job, a);
    assert_int_equal(s[0].first, 0);
    assert_int_equal(s[0].n, 3);
    assert_ptr_equal(s[1].job, b);
    assert_int_equal(s[1].n, 0);
    assert_ptr_equal(s[2].job, c);
    assert_int_equal(s[2].first, 0);
    assert_int_equal(s[2].n, 6);
    assert_int_equal(q.n_waiting, 14);
    assert_int_equal(q.cost, 14 * COST);

    assert_int_equal(take(&q, s), 9);
    assert_int_equal(s[0].first, 6);
    assert_int_equal(take(&q, s), 5);
    assert_int_equal(s[0].first, 15);
    assert_null(q.head);
    assert_null(q.tail);
    assert_int_equal(q.n_waiting + q.cost, 0);
    cuvee__queue_stop(&q);
    assert_int_equal(take_slices(&q, s), 0);
    cuvee__job_free(a);
    cuvee__job_free(b);
    cuvee__job_free(c);
    cuvee__queue_deinit(&q);
}

/* The rest is shared: full batches first, then ever smaller ones, never below one text or 64
 * tokens. */
static void shares_shrink(void **state)
{
    (void)state;
    struct queue q;
    queue_of(&q, 1000, 512, 4);
    struct job *job = job_of(60);
    assert_true(cuvee__queue_try_push(&q, job));
    static const size_t want[] = {9, 9, 9, 8, 6, 4, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1};
    struct slice s[MAX_SLICES * 2];
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) assert_int_equal(take(&q, s), want[i]);
    assert_null(q.head);
    cuvee__job_free(job);
    cuvee__queue_deinit(&q);
}

static void one_text_at_least(void **state)
{
    (void)state;
    struct queue q;
    queue_of(&q, 1000, 1, 3); /* a budget of one token: each text is over it */
    struct job *job = job_of(3);
    assert_true(cuvee__queue_try_push(&q, job));
    assert_int_equal(queue_max_take(1), 1);
    struct slice s[1];
    for (size_t i = 0; i < 3; i++) assert_int_equal(take(&q, s), 1);
    cuvee__job_free(job);
    cuvee__queue_deinit(&q);
}

static void bound_holds(void **state)
{
    (void)state;
    struct queue q;
    queue_of(&q, 10, 512, 1);
    struct job *big = job_of(11), *ten = job_of(10), *one = job_of(1), *none = job_of(0);
    assert_true(cuvee__queue_try_push(&q, big)); /* into an empty queue */
    assert_false(cuvee__queue_try_push(&q, one));
    assert_false(cuvee__queue_try_push(&q, none));
    struct slice s[MAX_SLICES * 2];
    assert_int_equal(take(&q, s), 9);
    assert_false(cuvee__queue_try_push(&q, ten));
    assert_true(cuvee__queue_try_push(&q, one));
    assert_int_equal(q.n_waiting, 3);
    assert_ptr_equal(cuvee__queue_drain(&q), big);
    assert_ptr_equal(big->next, one);
    assert_null(one->next);
    assert_int_equal(q.n_waiting + q.cost, 0);
    assert_true(cuvee__queue_try_push(&q, ten));
    assert_false(cuvee__queue_try_push(&q, none));
    cuvee__job_free(big);
    cuvee__job_free(ten);
    cuvee__job_free(one);
    cuvee__job_free(none);
    cuvee__queue_deinit(&q);
}

struct waiting {
    struct caller caller;
    struct job *job;
    uint64_t deadline_ns;
    bool accepted;
    _Atomic bool is_over;
    pthread_t thread;
};

static void *push_wait(void *arg)
{
    struct waiting *w = arg;
    w->accepted = cuvee__queue_push_wait(w->caller.queue, w->job, &w->caller, w->deadline_ns);
    atomic_store(&w->is_over, true);
    return NULL;
}

/* Start a caller and see it stand at the end of the line. timeout_ms 0: for ever. */
static void wait_in_line(struct queue *q, struct waiting *w, size_t n_texts, uint64_t timeout_ms)
{
    *w = (struct waiting){.job = job_of(n_texts), .deadline_ns = QUEUE_NO_DEADLINE};
    if (timeout_ms) w->deadline_ns = cuvee__clock_ns() + timeout_ms * 1000000;
    w->caller.queue = q;
    assert_int_equal(cuvee__cond_init(&w->caller.wake, NULL), CUVEE_OK);
    pthread_create(&w->thread, NULL, push_wait, w);
    for (bool there = false; !there; sched_yield()) {
        cuvee__mutex_lock(&q->mu);
        there = q->last == &w->caller || atomic_load(&w->is_over);
        cuvee__mutex_unlock(&q->mu);
    }
}

static bool leave(struct waiting *w)
{
    pthread_join(w->thread, NULL);
    cuvee__cond_deinit(&w->caller.wake);
    return w->accepted;
}

static void room_goes_by_turn(void **state)
{
    (void)state;
    struct queue q;
    queue_of(&q, 10, 512, 1);
    struct job *first = job_of(10), *small = job_of(1);
    struct waiting big, next, third;
    struct slice s[MAX_SLICES * 2];
    assert_true(cuvee__queue_try_push(&q, first));
    wait_in_line(&q, &big, 10, 0);
    wait_in_line(&q, &next, 1, 0);
    wait_in_line(&q, &third, 1, 0);
    assert_int_equal(take(&q, s), 9);
    assert_false(cuvee__queue_try_push(&q, small)); /* there is room, but others came before */
    cuvee__mutex_lock(&q.mu);
    assert_ptr_equal(q.first, &big.caller);
    cuvee__mutex_unlock(&q.mu);

    assert_int_equal(take(&q, s), 1); /* empty: the big one goes in, the small ones still wait */
    assert_true(leave(&big));
    assert_int_equal(take(&q, s), 9); /* both in now */
    assert_true(leave(&next));
    assert_true(leave(&third));
    assert_ptr_equal(q.head, big.job);
    assert_ptr_equal(big.job->next, next.job);
    assert_ptr_equal(next.job->next, third.job);
    assert_true(cuvee__queue_try_push(&q, small));
    cuvee__job_free(first);
    cuvee__job_free(small);
    cuvee__job_free(big.job);
    cuvee__job_free(next.job);
    cuvee__job_free(third.job);
    cuvee__queue_deinit(&q);
}

/* Who gives up, at the front, in the middle or at the end, leaves the rest of the line whole. */
static void deadline_leaves_the_line(void **state)
{
    (void)state;
    for (size_t quitter = 0; quitter < 3; quitter++) {
        struct queue q;
        queue_of(&q, 10, 512, 1);
        struct job *first = job_of(10);
        struct waiting w[3];
        struct slice s[MAX_SLICES * 2];
        assert_true(cuvee__queue_try_push(&q, first));
        for (size_t i = 0; i < 3; i++)
            wait_in_line(&q, &w[i], 10 - i, i == quitter ? 100 : 0);
        assert_false(leave(&w[quitter]));
        for (size_t i = 0; i < 3; i++) {
            if (i == quitter) continue;
            while (n_waiting(&q)) take(&q, s);
            assert_true(leave(&w[i]));
        }
        assert_null(q.first);
        assert_null(q.last);
        cuvee__job_free(first);
        for (size_t i = 0; i < 3; i++) cuvee__job_free(w[i].job);
        cuvee__queue_deinit(&q);
    }
}

/* A caller that stood in the way lets the next one in when it gives up. */
static void giving_up_makes_way(void **state)
{
    (void)state;
    struct queue q;
    queue_of(&q, 10, 512, 1);
    struct job *first = job_of(5);
    struct waiting big, small;
    assert_true(cuvee__queue_try_push(&q, first));
    wait_in_line(&q, &big, 6, 100);
    wait_in_line(&q, &small, 5, 0);
    assert_false(leave(&big));
    assert_true(leave(&small));
    assert_int_equal(q.n_waiting, 10);
    cuvee__job_free(first);
    cuvee__job_free(big.job);
    cuvee__job_free(small.job);
    cuvee__queue_deinit(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_is_bounded),
        cmocka_unit_test(takes_in_order_across_jobs),
        cmocka_unit_test(shares_shrink),
        cmocka_unit_test(one_text_at_least),
        cmocka_unit_test(bound_holds),
        cmocka_unit_test(room_goes_by_turn),
        cmocka_unit_test(deadline_leaves_the_line),
        cmocka_unit_test(giving_up_makes_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
