/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing while eight threads call, in one host (HOST), through the public functions: whatever is
 * under way gets its results or is cancelled, each text once, and nothing is used after its end;
 * the sanitizers look on (build/asan, build/tsan). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuvee/cuvee.h"
#include "os/clock.h"

enum { N_THREADS = 8, N_TEXTS = 5 };

static cuvee_model *model;
static cuvee_pool *pool;
static atomic_bool stopping;
static _Atomic int n_answered, n_done; /* threads with a first result; texts */

static int open_model(const char *script, cuvee_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SCRIPTS, script);
    const cuvee_model_options options = {.struct_size = sizeof options,
                                         .python_host = HOST,
                                         .python = getenv("CUVEE_TEST_PYTHON"),
                                         .max_batch = 4,
                                         .concurrency = N_THREADS};
    return cuvee_model_open(path, &options, &model, err);
}

static void open_pool(const char *script)
{
    cuvee_error err = {0};
    if (open_model(script, &err) < 0) fail_msg("%s", err.msg);
    if (cuvee_pool_create(model, NULL, &pool, &err) < 0) fail_msg("%s", err.msg);
    atomic_store(&stopping, false);
    atomic_store(&n_answered, 0);
    atomic_store(&n_done, 0);
}

/* cmocka's assertions are for its own thread: others end the process. */
static void require(bool is, const char *what)
{
    if (is) return;
    fprintf(stderr, "test_closing: %s\n", what);
    abort();
}

static void check(const cuvee_result *result, size_t n)
{
    require(cuvee_result_count(result) == n, "a row for each text");
    for (size_t i = 0; i < n; i++) {
        const int32_t status = cuvee_result_status(result)[i];
        const char *why = cuvee_result_message(result, i);
        require(status == CUVEE_OK || status == CUVEE_E_CANCELLED, why ? why : "no reason");
    }
}

/* All the same: what goes into one call, from one caller or several, is the pool's business. */
static void make_texts(cuvee_text *texts, const char *what)
{
    for (size_t i = 0; i < N_TEXTS; i++) texts[i] = (cuvee_text){what, strlen(what), NULL, 0};
}

static void start(pthread_t *threads, void *(*function)(void *), const char *what)
{
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, function, (char *)(uintptr_t)what), 0);
}

static void join(const pthread_t *threads)
{
    for (int i = 0; i < N_THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* A millisecond: a turn for the others. What is waited for comes for certain. */
static void pause_briefly(void)
{
    cuvee__clock_sleep_until(cuvee__clock_ns() + 1000000);
}

/* ---- calls that come back ---- */

static void *classify_until_stopped(void *arg)
{
    cuvee_text texts[N_TEXTS];
    make_texts(texts, arg);
    for (bool is_first = true; is_first || !atomic_load(&stopping); is_first = false) {
        cuvee_result *result = NULL;
        require(cuvee_classify(pool, texts, N_TEXTS, NULL, &result, NULL) == CUVEE_OK, "classify");
        check(result, N_TEXTS);
        cuvee_result_free(result);
        if (is_first) atomic_fetch_add(&n_answered, 1);
    }
    return NULL;
}

static void test_cancel_and_close(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    open_pool("faults.py");
    start(threads, classify_until_stopped, "a text");
    cuvee_model_close(model); /* the pool holds it */
    while (atomic_load(&n_answered) < N_THREADS) pause_briefly();
    for (int i = 0; i < 5; i++) cuvee_pool_cancel(pool);
    atomic_store(&stopping, true);
    cuvee_pool_cancel(pool);
    join(threads);
    cuvee_pool_free(pool);
}

/* ---- calls that do not ---- */

static void *classify_once(void *arg)
{
    cuvee_text texts[N_TEXTS];
    cuvee_result *result = NULL;
    make_texts(texts, arg);
    require(cuvee_classify(pool, texts, N_TEXTS, NULL, &result, NULL) == CUVEE_OK, "classify");
    check(result, N_TEXTS);
    for (size_t i = 0; i < N_TEXTS; i++)
        require(cuvee_result_status(result)[i] == CUVEE_E_CANCELLED, "what loops is cancelled");
    cuvee_result_free(result);
    atomic_fetch_add(&n_done, 1);
    return NULL;
}

static void test_close_stuck_calls(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    open_pool("faults.py");
    start(threads, classify_once, "loop");
    cuvee_model_close(model);
    while (atomic_load(&n_done) < N_THREADS) {
        cuvee_pool_cancel(pool);
        pause_briefly();
    }
    join(threads);
    cuvee_pool_free(pool);
}

/* ---- what was submitted is finished ---- */

static void count(void *user, cuvee_result *result)
{
    (void)user;
    check(result, N_TEXTS);
    atomic_fetch_add(&n_done, (int)cuvee_result_count(result));
    cuvee_result_free(result);
}

enum { SUBMITS = 20 };

static void *submit(void *arg)
{
    /* Theirs until the end: submit() borrows them. */
    static const char text[] = "a text";
    static const cuvee_text texts[N_TEXTS] = {{.ptr = text, .len = 6},
                                              {.ptr = text, .len = 6},
                                              {.ptr = text, .len = 6},
                                              {.ptr = text, .len = 6},
                                              {.ptr = text, .len = 6}};
    for (int i = 0; i < SUBMITS; i++)
        require(cuvee_submit(pool, texts, N_TEXTS, NULL, count, arg, NULL) == CUVEE_OK, "submit");
    return NULL;
}

static void close_after_submits(bool cancels)
{
    pthread_t threads[N_THREADS];
    open_pool("faults.py");
    start(threads, submit, NULL);
    join(threads);
    cuvee_model_close(model);
    if (cancels) cuvee_pool_cancel(pool);
    cuvee_pool_free(pool);
    assert_int_equal(atomic_load(&n_done), N_THREADS * SUBMITS * N_TEXTS);
}

static void test_free_after_submits(void **state)
{
    (void)state;
    close_after_submits(false);
    close_after_submits(true);
}

/* ---- pools of their own, of a model that is closed meanwhile ---- */

static void *use_own_pool(void *arg)
{
    cuvee_pool *own = arg;
    cuvee_text texts[N_TEXTS];
    make_texts(texts, "a text");
    for (int i = 0; i < 10; i++) {
        cuvee_result *result = NULL;
        require(cuvee_classify(own, texts, N_TEXTS, NULL, &result, NULL) == CUVEE_OK, "classify");
        check(result, N_TEXTS);
        cuvee_result_free(result);
    }
    cuvee_pool_free(own);
    return NULL;
}

static void test_last_pool_closes_the_model(void **state)
{
    (void)state;
    enum { POOLS = 3 }; /* each has N_THREADS callers: processes, in that host */
    pthread_t threads[POOLS];
    cuvee_error err = {0};
    if (open_model("lifecycle.py", &err) < 0) fail_msg("%s", err.msg);
    for (int i = 0; i < POOLS; i++) {
        cuvee_pool *own = NULL;
        if (cuvee_pool_create(model, NULL, &own, &err) < 0) fail_msg("%s", err.msg);
        assert_int_equal(pthread_create(&threads[i], NULL, use_own_pool, own), 0);
    }
    cuvee_model_close(model);
    for (int i = 0; i < POOLS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    cuvee_error err = {0};
    const int rc = open_model("faults.py", &err);
    if (rc == CUVEE_E_UNSUPPORTED || rc == CUVEE_E_IO) {
        printf("skipped: %s\n", err.msg);
        return 77;
    }
    if (rc == CUVEE_OK) cuvee_model_close(model);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel_and_close),
        cmocka_unit_test(test_close_stuck_calls),
        cmocka_unit_test(test_free_after_submits),
        cmocka_unit_test(test_last_pool_closes_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
