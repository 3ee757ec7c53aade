/* SPDX-License-Identifier: Apache-2.0
 *
 * What a pool asks of the system fails: each thread in turn, each allocation in turn. The linker
 * sends the calls here (--wrap), see CMakeLists.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cuvee/cuvee.h"
#include "fake_model.h"

/* Calls that still succeed; the one after fails, those after it succeed. */
static _Atomic long threads_left = -1, allocs_left = -1;

static bool falls_due(_Atomic long *left)
{
    return atomic_load(left) >= 0 && atomic_fetch_sub(left, 1) == 0;
}

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg)
{
    return falls_due(&threads_left) ? EAGAIN : __real_pthread_create(t, a, f, arg);
}

void *__real_cuvee__malloc(size_t bytes);
void *__wrap_cuvee__malloc(size_t bytes);
void *__wrap_cuvee__malloc(size_t bytes)
{
    return falls_due(&allocs_left) ? NULL : __real_cuvee__malloc(bytes);
}

void *__real_cuvee__calloc(size_t n, size_t item_bytes);
void *__wrap_cuvee__calloc(size_t n, size_t item_bytes);
void *__wrap_cuvee__calloc(size_t n, size_t item_bytes)
{
    return falls_due(&allocs_left) ? NULL : __real_cuvee__calloc(n, item_bytes);
}

void *__real_cuvee__alloc_array(size_t n, size_t item_bytes);
void *__wrap_cuvee__alloc_array(size_t n, size_t item_bytes);
void *__wrap_cuvee__alloc_array(size_t n, size_t item_bytes)
{
    return falls_due(&allocs_left) ? NULL : __real_cuvee__alloc_array(n, item_bytes);
}

void *__real_cuvee__alloc_aligned(size_t bytes);
void *__wrap_cuvee__alloc_aligned(size_t bytes);
void *__wrap_cuvee__alloc_aligned(size_t bytes)
{
    return falls_due(&allocs_left) ? NULL : __real_cuvee__alloc_aligned(bytes);
}

static void a_thread_does_not_start(void **state)
{
    (void)state;
    cuvee_model *model;
    cuvee_error err;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.n_workers = 5;
    assert_int_equal(cuvee_model_open("fake", NULL, &model, NULL), CUVEE_OK);
    for (long k = 0; k < 5; k++) {
        cuvee_pool *pool = NULL;
        char want[64];
        atomic_store(&threads_left, k);
        assert_int_equal(cuvee_pool_create(model, &o, &pool, &err), CUVEE_E_IO);
        assert_null(pool);
        assert_int_equal(err.os_errno, EAGAIN);
        snprintf(want, sizeof want, "worker %ld of 5: ", k);
        assert_memory_equal(err.msg, want, strlen(want));
    }
    atomic_store(&threads_left, -1);
    cuvee_model_close(model);
    assert_int_equal(fake_n_models(), 0);
    assert_int_equal(cuvee__alloc_count(), cuvee__free_count());
}

static void free_result(void *user, cuvee_result *result)
{
    atomic_fetch_add((_Atomic int *)user, 1);
    cuvee_result_free(result);
}

/* Everything that the API allocates, once. The first failure ends it, cleanly. */
static int live_once(cuvee_error *err)
{
    static const cuvee_text text = {"text", 4, NULL, 0};
    _Atomic int n_done = 0;
    cuvee_model *model = NULL;
    cuvee_pool *pool = NULL;
    cuvee_tokens *tokens = NULL;
    cuvee_result *result = NULL;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.n_workers = 2;
    int rc = cuvee_model_open("fake", NULL, &model, err);
    if (rc == CUVEE_OK) rc = cuvee_tokenize(model, &text, NULL, &tokens, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(model, &o, &pool, err);
    if (rc == CUVEE_OK) rc = cuvee_classify(pool, &text, 1, NULL, &result, err);
    if (rc == CUVEE_OK) rc = cuvee_submit(pool, &text, 1, NULL, free_result, &n_done, err);
    cuvee_pool_free(pool);
    cuvee_model_close(model);
    cuvee_tokens_free(tokens);
    cuvee_result_free(result);
    assert_int_equal(n_done, rc == CUVEE_OK);
    return rc;
}

static void each_allocation_fails_in_turn(void **state)
{
    (void)state;
    cuvee_error err;
    long n = 0;
    int rc;
    do {
        memset(&err, 0, sizeof err);
        atomic_store(&allocs_left, n++);
        rc = live_once(&err);
        if (rc != CUVEE_OK) {
            assert_int_equal(rc, CUVEE_E_NOMEM);
            assert_int_equal(err.code, CUVEE_E_NOMEM);
            assert_true(strlen(err.msg) > 0);
        }
        assert_int_equal(fake_n_models(), 0);
        assert_int_equal(cuvee__alloc_count(), cuvee__free_count());
    } while (rc != CUVEE_OK);
    atomic_store(&allocs_left, -1);
    assert_true(n > 20); /* it did fail at that many sites */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_does_not_start),
        cmocka_unit_test(each_allocation_fails_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
