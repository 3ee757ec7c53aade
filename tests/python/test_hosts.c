/* SPDX-License-Identifier: Apache-2.0
 *
 * The script contract in one host (HOST): every shape of results, every way to break the contract,
 * loading, odd bytes, deadlines, memory. A plain call's results are the measure for other shapes.
 */
#define _GNU_SOURCE /* memfd_create, RTLD_DEFAULT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "os/child.h"
#include "os/proc_files.h"
#include "python/host.h"
#include "python/metacall_runtime.h"

enum { MAX_TEXTS = 64 };

/* Sanitizers keep what was freed, and end a process that finds no memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

static const struct host_ops *const ops = &HOST;
static struct interpreter python;

struct fixture {
    struct script_labels labels;
    struct script_facts facts;
    struct host *host;
    void *caller;
    struct external_rows rows;
};

static int open_with(struct fixture *f, const char *name, const char *const *args, size_t n_args,
                     cuvee_error *err)
{
    static char path[512];
    *f = (struct fixture){0};
    snprintf(path, sizeof path, "%s/%s", SCRIPTS, name);
    assert_int_equal(cuvee__script_labels_init(&f->labels, NULL), CUVEE_OK);
    const struct host_setup setup = {
        .script = path, .args = args, .n_args = n_args, .python = &python, .labels = &f->labels};
    return ops->open(&setup, &f->facts, &f->host, err);
}

static void open_script(struct fixture *f, const char *name)
{
    cuvee_error err = {0};
    if (open_with(f, name, NULL, 0, &err) < 0) fail_msg("%s", err.msg);
    if (ops->open_caller(f->host, &f->caller, &err) < 0) fail_msg("%s", err.msg);
}

static void close_script(struct fixture *f)
{
    if (f->caller) ops->close_caller(f->caller);
    if (f->host) ops->close(f->host);
    cuvee__free(f->facts.info);
    cuvee__external_rows_deinit(&f->rows);
    cuvee__script_labels_deinit(&f->labels);
}

static void call(struct fixture *f, const char *const *strings, size_t n, uint64_t timeout_ns)
{
    cuvee_text texts[MAX_TEXTS];
    for (size_t i = 0; i < n; i++) texts[i] = (cuvee_text){strings[i], strlen(strings[i]), NULL, 0};
    ops->call(f->caller, texts, n, timeout_ns, &f->rows);
    assert_int_equal(f->rows.n, n);
}

static const char *label_of(const struct fixture *f, size_t i)
{
    return cuvee__script_labels_name(&f->labels, f->rows.labels[i]);
}

static const char *string_at(const struct fixture *f, size_t at)
{
    return at ? f->rows.bytes.ptr + at : "";
}

static void expect_message(const struct fixture *f, size_t i, int status, const char *part)
{
    const char *message = string_at(f, f->rows.messages[i]);
    if (f->rows.status[i] != status || !strstr(message, part))
        fail_msg("row %zu: status %d, message '%s', expected %d, '%s'", i, (int)f->rows.status[i],
                 message, status, part);
}

/* ---- shapes ---- */

static void test_facts(void **state)
{
    (void)state;
    struct fixture f;
    open_script(&f, "shapes.py");
    assert_int_equal(f.facts.n_labels, 2);
    assert_string_equal(cuvee__script_labels_name(&f.labels, 1), "yes");
    assert_int_equal(f.facts.max_batch, 64);
    assert_int_equal(f.facts.max_concurrency, 0);
    assert_string_equal(f.facts.info, "{\"model\": \"hash\", \"labels\": [\"no\", \"yes\"]}");
    close_script(&f);
}

static void test_shapes(void **state)
{
    (void)state;
    static const char *const kinds[] = {"pairs",  "lists",  "tuple",     "columns",
                                        "buffer", "matrix", "tolist",    "all",
                                        "numpy",  "extra",  "coroutine", "labels"};
    const char *texts[] = {"", "one", "two", "drei", "\xc3\xa4u\xc3\x9f", "six"};
    enum { N = sizeof texts / sizeof *texts };
    struct fixture f;
    open_script(&f, "shapes.py");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        double scores[N];
        uint32_t labels[N];
        /* The first text decides on the shape, so its own score is not compared. */
        texts[0] = "plain";
        call(&f, texts, N, 0);
        memcpy(scores, f.rows.scores, sizeof scores);
        memcpy(labels, f.rows.labels, sizeof labels);
        texts[0] = kinds[k];
        call(&f, texts, N, 0);
        const bool both = strchr("bmta", kinds[k][0]) && strcmp(kinds[k], "tuple") != 0;
        for (size_t i = 1; i < N; i++) {
            if (f.rows.status[i] != CUVEE_OK)
                fail_msg("%s: %s", kinds[k], string_at(&f, f.rows.messages[i]));
            assert_int_equal(f.rows.labels[i], labels[i]);
            const double want = both && labels[i] == 0 ? 1 - scores[i] : scores[i];
            if (strcmp(kinds[k], "labels") == 0)
                assert_true(isnan(f.rows.scores[i]));
            else
                assert_memory_equal(&f.rows.scores[i], &want, sizeof want);
            assert_int_equal(f.rows.n_row_all[i], both ? 2 : 0);
        }
        if (strcmp(kinds[k], "extra") == 0)
            assert_string_equal(string_at(&f, f.rows.extras[3]), "{\"chars\": 4, \"t\": \"dr\"}");
        if (strcmp(kinds[k], "columns") == 0)
            assert_string_equal(string_at(&f, f.rows.extras[4]), "{\"length\": 3}");
        if (both) {
            const cuvee_label_score *all = f.rows.all + f.rows.first_all[2];
            assert_int_equal(all[0].label, 0);
            assert_int_equal(all[1].label, 1);
            assert_true(all[1].score == scores[2]);
        }
    }
    close_script(&f);
}

static void test_odd_bytes(void **state)
{
    (void)state;
    struct fixture f;
    enum { MB = 1 << 20 };
    char *large = malloc(MB);
    assert_non_null(large);
    memset(large, 'w', MB);
    const cuvee_text texts[] = {
        {"extra", 5, NULL, 0},           {"a\0b", 3, NULL, 0}, {"\xff\xfe", 2, NULL, 0},
        {"\xed\xa0\x80", 3, NULL, 0},    {NULL, 0, NULL, 0},   {large, MB, NULL, 0},
        {"\xf0\x9f\x8d\xb7", 4, NULL, 0}};
    static const char *const extras[] = {NULL,
                                         "{\"chars\": 3, \"t\": \"a\\u0000\"}",
                                         "{\"chars\": 2, \"t\": \"\\ufffd\\ufffd\"}",
                                         "{\"chars\": 3, \"t\": \"\\ufffd\\ufffd\"}",
                                         "{\"chars\": 0, \"t\": \"\"}",
                                         "{\"chars\": 1048576, \"t\": \"ww\"}",
                                         "{\"chars\": 1, \"t\": \"\\ud83c\\udf77\"}"};
    open_script(&f, "shapes.py");
    for (int round = 0; round < 2; round++) {
        ops->call(f.caller, texts, 7, 0, &f.rows);
        assert_int_equal(f.rows.n, 7);
        for (size_t i = 1; i < 7; i++)
            assert_string_equal(string_at(&f, f.rows.extras[i]), extras[i]);
    }
    close_script(&f);
    free(large);
}

/* ---- faults ---- */

static void test_whole_batch_faults(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *message;
    } cases[] = {
        {"empty", "process_batch returned 0 results for 3 texts"},
        {"one less", "process_batch returned 2 results for 3 texts"},
        {"none", "process_batch returned None for 3 texts"},
        {"number", "process_batch must return a list, not int"},
        {"raise", "ValueError: no wine today\nTraceback (most recent call last):\n"},
        {"exit", "SystemExit: 3"},
        {"interrupt", "KeyboardInterrupt"},
        {"odd", "ValueError: \\ud800 odd"},
        {"deep", "RecursionError"},
        {"memory", "MemoryError\nTraceback"},
    };
    struct fixture f;
    open_script(&f, "faults.py");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *const texts[] = {cases[k].kind, "b", "c"};
        if (IS_SANITIZED && strcmp(cases[k].kind, "memory") == 0) continue;
        call(&f, texts, 3, 0);
        for (size_t i = 0; i < 3; i++) expect_message(&f, i, CUVEE_E_SCRIPT, cases[k].message);
        /* The next call is a good one. */
        call(&f, (const char *const[]){"good", "b", "c"}, 3, 0);
        for (size_t i = 0; i < 3; i++) assert_int_equal(f.rows.status[i], CUVEE_OK);
    }
    call(&f, (const char *const[]){"raise"}, 1, 0);
    expect_message(&f, 0, CUVEE_E_SCRIPT, "faults.py\", line ");
    assert_null(strstr(string_at(&f, f.rows.messages[0]), "<cuvee>"));
    close_script(&f);
}

static void test_row_faults(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *message;
    } cases[] = {
        {"nan", "the score is not finite: nan"},
        {"no label", "the result has no key 'label'"},
        {"label", "a label must be a string, not int"},
        {"score", "a score must be a number, not str"},
        {"row", "a result must be a dict, a (label, score) pair or a label, not object"},
        {"extra", "further keys of a result must be JSON: object is not JSON"},
        {"half a pair", "further keys of a result must be JSON: 'utf-8' codec can't encode"},
        {"surrogate", "a label must be valid Unicode: '\\ud800'"},
    };
    struct fixture f;
    open_script(&f, "faults.py");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *const texts[] = {cases[k].kind, "b", "c"};
        call(&f, texts, 3, 0);
        expect_message(&f, 1, CUVEE_E_SCRIPT, cases[k].message);
        for (size_t i = 0; i < 3; i += 2) {
            assert_int_equal(f.rows.status[i], CUVEE_OK);
            assert_string_equal(label_of(&f, i), "x");
            assert_true(f.rows.scores[i] == 0.5);
        }
    }
    close_script(&f);
}

static void test_deadline(void **state)
{
    (void)state;
    static const char *const kinds[] = {"loop", "swallow"};
    const uint64_t timeout_ns = 300000000;
    struct fixture f;
    open_script(&f, "faults.py");
    for (size_t k = 0; k < 2; k++) {
        call(&f, &kinds[k], 1, timeout_ns);
        expect_message(&f, 0, CUVEE_E_TIMEOUT, "");
        assert_int_not_equal(f.rows.messages[0], 0);
        for (int i = 0; i < 20; i++) {
            call(&f, (const char *const[]){"good"}, 1, (uint64_t)60000000000);
            assert_int_equal(f.rows.status[0], CUVEE_OK);
        }
    }
    close_script(&f);
}

static void test_print_is_no_data(void **state)
{
    (void)state;
    const int out = dup(STDOUT_FILENO), trap = memfd_create("stdout", MFD_CLOEXEC);
    struct fixture f;
    assert_true(out >= 0 && trap >= 0);
    assert_true(dup2(trap, STDOUT_FILENO) >= 0);
    open_script(&f, "faults.py");
    call(&f, (const char *const[]){"print"}, 1, 0);
    const int status = f.rows.status[0];
    close_script(&f);
    assert_true(dup2(out, STDOUT_FILENO) >= 0);
    assert_int_equal(status, CUVEE_OK);
    assert_int_equal(lseek(trap, 0, SEEK_END), 0);
    close(out);
    close(trap);
}

static void test_load_failures(void **state)
{
    (void)state;
    static const struct {
        const char *script, *message;
    } cases[] = {
        {"no such file.py", "FileNotFoundError"},
        {"syntax.py", "(syntax.py, line 2)"},
        {"import_error.py",
         "ModuleNotFoundError: No module named 'a_package_that_nobody_has' (import_error.py, line "
         "2)"},
        {"no_function.py", "the script has no function process_batch(texts)"},
        {"bad_constant.py", "MAX_BATCH must be an integer from 1 to 65536, not 0"},
        {"bad_info.py", "what get_model_info() returns must be JSON: Out of range float values"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct fixture f;
        cuvee_error err = {0};
        assert_int_equal(open_with(&f, cases[k].script, NULL, 0, &err), CUVEE_E_SCRIPT);
        if (!strstr(err.msg, cases[k].message) || !strstr(err.msg, cases[k].script))
            fail_msg("'%s' is not in '%s'", cases[k].message, err.msg);
        close_script(&f);
    }
}

/* ---- life ---- */

static void test_lifecycle(void **state)
{
    (void)state;
    static const char *const args[] = {"--threshold", "0.5"};
    struct fixture f;
    cuvee_error err = {0};
    assert_int_equal(open_with(&f, "lifecycle.py", args, 2, &err), CUVEE_OK);
    assert_int_equal(f.facts.max_concurrency, 3);
    assert_int_equal(ops->open_caller(f.host, &f.caller, &err), CUVEE_OK);
    call(&f, (const char *const[]){"a", "b"}, 2, 0);
    call(&f, (const char *const[]){"a", "b"}, 2, 0);
    assert_string_equal(label_of(&f, 1), "call 2");
    assert_true(f.rows.scores[1] == 1.0); /* warmed up, once */
    assert_string_equal(string_at(&f, f.rows.extras[1]),
                        "{\"args\": [\"--threshold\", \"0.5\"], \"here\": true, \"name\": true}");
    close_script(&f);
}

/* Two callers at the same time: none calls before warmup() has ended. */
static void *call_when_open(void *arg)
{
    struct fixture *f = arg;
    const cuvee_text text = {"a", 1, NULL, 0};
    void *caller = NULL;
    struct external_rows rows = {0};
    if (ops->open_caller(f->host, &caller, NULL) < 0) return NULL;
    ops->call(caller, &text, 1, 0, &rows);
    const char *label = cuvee__script_labels_name(&f->labels, rows.labels[0]);
    ops->close_caller(caller);
    cuvee__external_rows_deinit(&rows);
    return (char *)(uintptr_t)label;
}

static void test_warmup_comes_first(void **state)
{
    (void)state;
    enum { N = 3 };
    pthread_t threads[N];
    struct fixture f;
    cuvee_error err = {0};
    if (open_with(&f, "slow_warmup.py", NULL, 0, &err) < 0) fail_msg("%s", err.msg);
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_when_open, &f), 0);
    for (int i = 0; i < N; i++) {
        void *label = NULL;
        assert_int_equal(pthread_join(threads[i], &label), 0);
        assert_non_null(label);
        assert_string_equal(label, "warm");
    }
    close_script(&f);
}

static void test_warmup_fails_once(void **state)
{
    (void)state;
    static const char *const args[] = {"fail"};
    struct fixture f;
    cuvee_error err = {0};
    int rc = open_with(&f, "slow_warmup.py", args, 1, &err);
    if (rc == CUVEE_OK) { /* else it is part of a worker's start, which has failed */
        rc = ops->open_caller(f.host, &f.caller, &err);
        assert_null(f.caller);
        assert_int_equal(ops->open_caller(f.host, &f.caller, NULL), CUVEE_OK);
        call(&f, (const char *const[]){"a"}, 1, 0);
        assert_string_equal(label_of(&f, 0), "warm");
    }
    assert_int_equal(rc, CUVEE_E_SCRIPT);
    assert_non_null(strstr(err.msg, "ValueError: not yet (slow_warmup.py, line 14)"));
    close_script(&f);
}

/* There is a time limit: this would not end. */
static void test_close_has_a_limit(void **state)
{
    (void)state;
    struct fixture f;
    open_script(&f, "stubborn.py");
    call(&f, (const char *const[]){"a"}, 1, 0);
    assert_int_equal(f.rows.status[0], CUVEE_OK);
    close_script(&f);
}

/* A child that the script forks comes back from process_batch as well, with copies of all that we
 * hold: it must end, as a Python program would, and give no answer. One that lives on is let be. */
static void test_forks(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *label;
    } cases[] = {
        {"returns", "status 0"},
        {"raises", "status 1"},
        {"exits", "status 7"},
        {"lives on", "none"},
    };
    char alive[] = "/tmp/cuvee-forks-XXXXXX";
    const int fd = mkstemp(alive);
    const char *const args[] = {alive};
    struct fixture f;
    cuvee_error err = {0};
    assert_true(fd >= 0);
    if (open_with(&f, "forks.py", args, 1, &err) < 0) fail_msg("%s", err.msg);
    assert_int_equal(ops->open_caller(f.host, &f.caller, &err), CUVEE_OK);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (int round = 0; round < 2; round++) {
            call(&f, (const char *const[]){round ? "fine" : cases[k].kind, "b"}, 2, 0);
            for (size_t i = 0; i < 2; i++) {
                assert_int_equal(f.rows.status[i], CUVEE_OK);
                assert_string_equal(label_of(&f, i), round ? "none" : cases[k].label);
                assert_string_equal(string_at(&f, f.rows.extras[i]), "{\"mine\": true}");
            }
        }
    close_script(&f);
    unlink(alive);
    close(fd);
}

/* RSS of this process, and of its workers, grows by less than 2 MB over many calls, good ones and
 * raising ones. Not PSS, which also grows when another process that has mapped the same libraries
 * ends. */
static uint64_t resident_bytes(void)
{
    int children[8];
    const struct child self = {.pid = getpid()};
    uint64_t bytes = cuvee__child_resident_bytes(&self);
    for (size_t i = 0, n = cuvee__proc_children(getpid(), children, 8); i < n; i++)
        bytes += cuvee__child_resident_bytes(&(struct child){.pid = children[i]});
    return bytes;
}

static void test_no_growth(void **state)
{
    (void)state;
    if (IS_SANITIZED) skip();
    enum { CALLS = 4000, N = 32 };
    static const char *const kinds[] = {"good", "raise", "empty"};
    const char *texts[N];
    struct fixture f;
    open_script(&f, "faults.py");
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < N; i++) texts[i] = i ? "a text of some length" : kinds[k];
        for (int i = 0; i < CALLS / 4; i++) call(&f, texts, N, 0);
        const uint64_t before = resident_bytes();
        for (int i = 0; i < CALLS; i++) call(&f, texts, N, 0);
        const uint64_t after = resident_bytes();
        assert_true(after < before + (2u << 20));
    }
    close_script(&f);
}

/* A model that is closed is gone: six of 64 MB each, one after the other. */
static void test_closed_scripts_are_freed(void **state)
{
    (void)state;
    if (IS_SANITIZED) skip();
    const uint64_t before = resident_bytes();
    for (int i = 0; i < 6; i++) {
        struct fixture f;
        open_script(&f, "large.py");
        call(&f, (const char *const[]){"a"}, 1, 0);
        assert_string_equal(label_of(&f, 0), "w");
        close_script(&f);
    }
    assert_true(resident_bytes() < before + (64u << 20));
}

/* MetaCall frees nothing by itself. Its stand-in counts. */
static void test_values_are_destroyed(void **state)
{
    (void)state;
    size_t (*live)(void) = NULL;
    void *symbol = dlsym(RTLD_DEFAULT, "metacall_standin_live_values");
    memcpy(&live, &symbol, sizeof symbol);
    if (!live) skip();
    struct fixture f;
    open_script(&f, "faults.py");
    call(&f, (const char *const[]){"good", "b"}, 2, 0);
    call(&f, (const char *const[]){"raise", "b"}, 2, 0);
    close_script(&f);
    assert_int_equal(live(), 0);
}

/* Why the host cannot run here; NULL: it can. */
static const char *trouble(cuvee_error *err)
{
    if (ops == &cuvee__host_embed) return cuvee__interpreter_no_embed(&python);
    if (ops == &cuvee__host_metacall && cuvee__metacall_start(err) == CUVEE_E_UNSUPPORTED)
        return err->msg;
    return NULL;
}

int main(void)
{
    cuvee_error err = {0};
    if (cuvee__interpreter_find(getenv("CUVEE_TEST_PYTHON"), &python, &err) < 0) {
        printf("skipped: %s\n", err.msg);
        return 77;
    }
    if (trouble(&err)) {
        printf("skipped: %s: %s\n", python.executable, trouble(&err));
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_whole_batch_faults),
        cmocka_unit_test(test_row_faults),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_print_is_no_data),
        cmocka_unit_test(test_load_failures),
        cmocka_unit_test(test_lifecycle),
        cmocka_unit_test(test_warmup_comes_first),
        cmocka_unit_test(test_warmup_fails_once),
        cmocka_unit_test(test_close_has_a_limit),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_no_growth),
        cmocka_unit_test(test_closed_scripts_are_freed),
        cmocka_unit_test(test_values_are_destroyed),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    cuvee__interpreter_deinit(&python);
    return rc;
}
