/* SPDX-License-Identifier: Apache-2.0
 *
 * Python finds no memory, in one host (HOST): in the script's own code, and once in each allocation
 * between that and our rows. It is an error that says so, of all rows of the call, and the next
 * call is a good one. What we allocate ourselves: tests/fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuvee/cuvee.h"

enum { N = 4, MAX_ARGS = 2, ENOUGH = 400 };

static char python[512]; /* once it is known: asking for it takes longer than all else */

struct opened {
    cuvee_model *model;
    cuvee_pool *pool;
};

static void close_all(struct opened *o)
{
    cuvee_pool_free(o->pool);
    cuvee_model_close(o->model);
    *o = (struct opened){NULL, NULL};
}

static int open_model(const char *script, const char *const *args, size_t n_args,
                      struct opened *ret, cuvee_error *err)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", SCRIPTS, script);
    const cuvee_model_options options = {.struct_size = sizeof options,
                                         .python_host = HOST,
                                         .python = *python ? python : getenv("CUVEE_TEST_PYTHON"),
                                         .script_args = args,
                                         .n_script_args = n_args};
    *ret = (struct opened){NULL, NULL};
    return cuvee_model_open(path, &options, &ret->model, err);
}

/* After a failure nothing is open. */
static int open_all(const char *script, const char *const *args, size_t n_args, struct opened *ret,
                    cuvee_error *err)
{
    int rc = open_model(script, args, n_args, ret, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(ret->model, NULL, &ret->pool, err);
    if (rc < 0) close_all(ret);
    return rc;
}

static cuvee_result *classify(const struct opened *o, const char *first)
{
    const char *const strings[N] = {first, "b", "c", "d"};
    cuvee_text texts[N];
    cuvee_result *result = NULL;
    cuvee_error err = {0};
    for (size_t i = 0; i < N; i++) texts[i] = (cuvee_text){strings[i], strlen(strings[i]), NULL, 0};
    if (cuvee_classify(o->pool, texts, N, NULL, &result, &err) < 0) fail_msg("%s", err.msg);
    assert_int_equal(cuvee_result_count(result), N);
    return result;
}

/* CPython forgets the MemoryError in places. Where even a message between us cannot be read, the
 * worker process ends with a MemoryError of its own, and MetaCall has no value to give. */
static bool says_so(const char *message)
{
    static const char *const words[] = {
        "MemoryError", "memory", "SystemError: error return without exception set",
        HOST == CUVEE_PYTHON_PROCESS    ? "the worker process ended with exit status 1"
        : HOST == CUVEE_PYTHON_METACALL ? "MetaCall gave no answer"
                                        : NULL};
    for (size_t i = 0; message && i < 4; i++)
        if (words[i] && strstr(message, words[i])) return true;
    return false;
}

/* ---- the script raises MemoryError ---- */

static void test_raised_in_loading(void **state)
{
    (void)state;
    static const char *const places[] = {"import", "get_model_info", "warmup"};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        struct opened o;
        char want[64];
        cuvee_error err = {0};
        snprintf(want, sizeof want, "MemoryError: in %s (raises_memory.py, line ", places[k]);
        assert_int_equal(open_all("raises_memory.py", &places[k], 1, &o, &err), CUVEE_E_SCRIPT);
        if (!strstr(err.msg, want)) fail_msg("'%s' is not in '%s'", want, err.msg);
    }
}

static void test_raised_in_calls(void **state)
{
    (void)state;
    static const char *const places[][2] = {{"process_batch", "process_batch"},
                                            {"__float__", "__float__"},
                                            {"json", "tolist"},
                                            {"__iter__", "__iter__"},
                                            {"tolist", "tolist"},
                                            {"__await__", "__await__"}};
    struct opened o;
    cuvee_error err = {0};
    if (open_all("raises_memory.py", NULL, 0, &o, &err) < 0) fail_msg("%s", err.msg);
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        char want[64];
        snprintf(want, sizeof want, "MemoryError: in %s\nTraceback", places[k][1]);
        cuvee_result *result = classify(&o, places[k][0]);
        for (size_t i = 0; i < N; i++) {
            const char *why = cuvee_result_message(result, i);
            assert_int_equal(cuvee_result_status(result)[i], CUVEE_E_SCRIPT);
            if (!why || !strstr(why, want)) fail_msg("'%s' is not in '%s'", want, why ? why : "");
        }
        cuvee_result_free(result);
        result = classify(&o, "good");
        for (size_t i = 0; i < N; i++)
            assert_int_equal(cuvee_result_status(result)[i], CUVEE_OK);
        cuvee_result_free(result);
    }
    close_all(&o);
}

/* ---- an allocation of Python's fails ---- */

static bool row_is_good(const cuvee_model *m, const cuvee_result *result, size_t i, bool is_plain)
{
    static const char *const labels[N] = {"first", "new", "second", ""};
    static const double scores[N] = {0.25, 0.5, 0.9, 0};
    const size_t want = is_plain ? 0 : i;
    size_t n_all = 0;
    cuvee_result_label_scores(result, i, &n_all);
    const char *extra = cuvee_result_extra(result, i);
    if (!is_plain && i == 3) { /* wrong by itself, whatever the memory */
        const char *why = cuvee_result_message(result, i);
        return cuvee_result_status(result)[i] == CUVEE_E_SCRIPT && why &&
               strstr(why, "the score is not finite");
    }
    return cuvee_result_status(result)[i] == CUVEE_OK &&
           strcmp(cuvee_model_label(m, (uint32_t)cuvee_result_labels(result)[i]), labels[want]) ==
               0 &&
           cuvee_result_exact_scores(result)[i] == scores[want] &&
           (extra != NULL) == (want == 1) && n_all == (want == 2 ? 2u : 0u);
}

/* All rows are as they should be, or all say that there was no memory. True: the former. */
static bool check_rows(const struct opened *o, const char *first, bool is_plain)
{
    cuvee_result *result = classify(o, first);
    size_t n_good = 0;
    for (size_t i = 0; i < N; i++) {
        const char *why = cuvee_result_message(result, i);
        const bool is_good = row_is_good(o->model, result, i, is_plain);
        n_good += is_good;
        if (!is_good && !says_so(why))
            fail_msg("'%s', row %zu: status %d, '%s'", first, i,
                     (int)cuvee_result_status(result)[i], why ? why : "");
    }
    if (n_good != N && n_good > 1) fail_msg("'%s': %zu rows are good", first, n_good);
    cuvee_result_free(result);
    return n_good == N;
}

static void sweep_calls(const struct opened *o, const char *kind, bool is_plain)
{
    int n_failed = 0, last = 0;
    for (int n = 0; n < ENOUGH; n++) {
        char first[64];
        snprintf(first, sizeof first, "%s %d", kind, n);
        if (!check_rows(o, first, is_plain)) {
            n_failed++;
            last = n;
        }
        /* The allocation may be one of this call's. */
        const bool is_over = check_rows(o, "heal", false);
        if (!is_over) {
            n_failed++;
            last = n;
            assert_true(check_rows(o, "heal", false));
        }
    }
    print_message("%s: %d allocations, the last of them %d\n", kind, n_failed, last);
    assert_true(n_failed > 0 && last < ENOUGH - 50);
}

static void test_each_allocation_of_a_call(void **state)
{
    (void)state;
    struct opened o;
    cuvee_error err = {0};
    if (open_all("nomemory.py", NULL, 0, &o, &err) < 0) skip(); /* no _testcapi here */
    sweep_calls(&o, "fail", false);
    sweep_calls(&o, "fail plain", true);
    close_all(&o);
}

/* No pool: Python ends a process where it has no memory for a thread. */
static void test_each_allocation_of_the_import(void **state)
{
    (void)state;
    struct opened o;
    cuvee_error err = {0};
    int n_failed = 0;
    if (open_all("nomemory.py", NULL, 0, &o, &err) < 0) skip();
    close_all(&o);
    for (int n = 0; n < 150; n += STEP) {
        char number[16];
        snprintf(number, sizeof number, "%d", n);
        const char *const args[MAX_ARGS] = {"import", number};
        err = (cuvee_error){0};
        if (open_model("nomemory.py", args, MAX_ARGS, &o, &err) < 0) {
            if (!says_so(err.msg)) fail_msg("%d: '%s'", n, err.msg);
            n_failed++;
        }
        close_all(&o);
    }
    print_message("%d allocations failed\n", n_failed);
    assert_true(n_failed > 0);
}

static void test_each_allocation_after_warmup(void **state)
{
    (void)state;
    struct opened o;
    cuvee_error err = {0};
    if (open_all("nomemory.py", NULL, 0, &o, &err) < 0) skip();
    close_all(&o);
    for (int n = 0; n < 60; n += STEP) {
        char number[16];
        snprintf(number, sizeof number, "%d", n);
        const char *const args[MAX_ARGS] = {"warmup", number};
        err = (cuvee_error){0};
        const int rc = open_all("nomemory.py", args, MAX_ARGS, &o, &err);
        if (rc < 0 && !says_so(err.msg)) fail_msg("%d: '%s'", n, err.msg);
        if (rc == CUVEE_OK) {
            check_rows(&o, "heal", false); /* they may be what fails */
            /* A worker that died of it has a successor with the same fate. */
            const bool is_healed = check_rows(&o, "heal", false);
            assert_true(is_healed || HOST == CUVEE_PYTHON_PROCESS);
        }
        close_all(&o);
    }
}

int main(void)
{
    struct opened o;
    cuvee_error err = {0};
    const int rc = open_all("shapes.py", NULL, 0, &o, &err);
    if (rc == CUVEE_E_UNSUPPORTED || rc == CUVEE_E_IO) {
        printf("skipped: %s\n", err.msg);
        return 77;
    }
    cuvee_model_info info = {.struct_size = sizeof info};
    if (rc == CUVEE_OK && cuvee_model_describe(o.model, &info, NULL) == CUVEE_OK)
        snprintf(python, sizeof python, "%s", info.python);
    close_all(&o);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raised_in_loading),
        cmocka_unit_test(test_raised_in_calls),
        cmocka_unit_test(test_each_allocation_of_a_call),
        cmocka_unit_test(test_each_allocation_of_the_import),
        cmocka_unit_test(test_each_allocation_after_warmup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
