/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers of the process host that die: by a text, by somebody's hand, before they are ready; no
 * text is lost, doubled or moved, and only the one that kills fails. */
#define _DEFAULT_SOURCE /* mkstemp, usleep */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "python/host.h"

static const struct host_ops *const ops = &cuvee__host_process;
static struct interpreter python;

struct fixture {
    struct script_labels labels;
    struct script_facts facts;
    struct host *host;
    void *caller;
    struct external_rows rows;
    struct host_setup setup;
};

static int open_script(struct fixture *f, const char *name, struct host_setup setup,
                       cuvee_error *err)
{
    static char path[512];
    *f = (struct fixture){.setup = setup};
    snprintf(path, sizeof path, "%s/%s", SCRIPTS, name);
    assert_int_equal(cuvee__script_labels_init(&f->labels, NULL), CUVEE_OK);
    f->setup.script = path;
    f->setup.python = &python;
    f->setup.labels = &f->labels;
    const int rc = ops->open(&f->setup, &f->facts, &f->host, err);
    return rc < 0 ? rc : ops->open_caller(f->host, &f->caller, err);
}

static void close_script(struct fixture *f)
{
    if (f->caller) ops->close_caller(f->caller);
    if (f->host) ops->close(f->host);
    cuvee__free(f->facts.info);
    cuvee__external_rows_deinit(&f->rows);
    cuvee__script_labels_deinit(&f->labels);
}

static const char *string_at(const struct fixture *f, size_t at)
{
    return at ? f->rows.bytes.ptr + at : "";
}

static long worker_pid(const struct fixture *f, size_t i)
{
    long pid = 0;
    assert_int_equal(sscanf(string_at(f, f->rows.extras[i]), "{\"pid\": %ld}", &pid), 1);
    return pid;
}

static void test_poison(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int status;
        size_t n, bad; /* texts; which one kills */
        uint64_t timeout_ns;
    } cases[] = {
        {"abort", "the worker process was ended by signal 6", CUVEE_E_SCRIPT, 13, 5, 0},
        {"segv", "the worker process was ended by signal 11", CUVEE_E_SCRIPT, 13, 5, 0},
        {"exit", "the worker process ended with exit status 3", CUVEE_E_SCRIPT, 13, 5, 0},
        /* Good texts must not be late, however busy the machine; and there are four tries. */
        {"hang", "no answer within 2000 ms; the worker process was killed", CUVEE_E_TIMEOUT, 2, 1,
         2000000000},
    };
    enum { MAX = 13 };
    struct fixture f;
    cuvee_error err = {0};
    if (open_script(&f, "crashes.py", (struct host_setup){0}, &err) < 0) fail_msg("%s", err.msg);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        cuvee_text texts[MAX];
        const size_t n = cases[k].n, bad = cases[k].bad;
        for (size_t i = 0; i < n; i++) texts[i] = (cuvee_text){"fine", 4, NULL, 0};
        texts[bad] = (cuvee_text){cases[k].text, strlen(cases[k].text), NULL, 0};
        ops->call(f.caller, texts, n, cases[k].timeout_ns, &f.rows);
        assert_int_equal(f.rows.n, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(f.rows.status[i], i == bad ? cases[k].status : CUVEE_OK);
        assert_string_equal(string_at(&f, f.rows.messages[bad]), cases[k].message);
    }
    close_script(&f);
}

/* A child that the worker has forked, and that lives on, holds the worker's end of the pipe by
 * which its death is seen; also when Python has not heard of the fork. */
static void test_death_with_a_living_child(void **state)
{
    (void)state;
    static const char *const kinds[] = {"lives on, a death", "lives on, a death in C"};
    char alive[] = "/tmp/cuvee-forks-XXXXXX";
    const int fd = mkstemp(alive);
    const char *const args[] = {alive};
    struct fixture f;
    cuvee_error err = {0};
    assert_true(fd >= 0);
    const struct host_setup setup = {.args = args, .n_args = 1};
    if (open_script(&f, "forks.py", setup, &err) < 0) fail_msg("%s", err.msg);
    for (size_t k = 0; k < 2; k++) {
        const cuvee_text text = {kinds[k], strlen(kinds[k]), NULL, 0};
        ops->call(f.caller, &text, 1, 0, &f.rows);
        assert_int_equal(f.rows.status[0], CUVEE_E_SCRIPT);
        assert_string_equal(string_at(&f, f.rows.messages[0]),
                            "the worker process ended with exit status 3");
    }
    close_script(&f);
    unlink(alive);
    close(fd);
}

/* An exception of the script's, out of memory under a limit, is no death. */
static void test_memory_error(void **state)
{
    (void)state;
    struct fixture f;
    const cuvee_text text = {"memory", 6, NULL, 0};
    if (open_script(&f, "crashes.py", (struct host_setup){0}, NULL) < 0) fail();
    ops->call(f.caller, &text, 1, 0, &f.rows);
    assert_int_equal(f.rows.status[0], CUVEE_E_SCRIPT);
    assert_non_null(strstr(string_at(&f, f.rows.messages[0]), "MemoryError"));
    close_script(&f);
}

/* ---- out of memory ---- */

/* A file that is there: what holds control groups may be a file system of another kind. */
static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r+");
    if (!f) return false;
    const bool is_put = fputs(text, f) >= 0;
    return (fclose(f) == 0) && is_put;
}

/* A control group with 100 MB and no swap, where this process may make one. */
static bool make_group(char *folder, size_t room)
{
    static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/memory"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(folder, room, "%s/cuvee-test-%ld", roots[i], (long)getpid());
        if (mkdir(folder, 0700) < 0) continue;
        if (!write_file(folder, "memory.swap.max", "0"))
            write_file(folder, "memory.swappiness", "0");
        if (write_file(folder, "memory.max", "100M") ||
            write_file(folder, "memory.limit_in_bytes", "100M"))
            return true;
        rmdir(folder);
    }
    return false;
}

static void test_takes_all_memory(void **state)
{
    (void)state;
    enum { N = 5, BAD = 2 };
    char folder[128], processes[160];
    const bool has_group = make_group(folder, sizeof folder);
    snprintf(processes, sizeof processes, "%s/cgroup.procs", folder);
    const char *const args[] = {processes};
    const struct host_setup setup = {.args = args, .n_args = has_group};
    struct fixture f;
    cuvee_error err = {0};
    cuvee_text texts[N];
    for (size_t i = 0; i < N; i++) texts[i] = (cuvee_text){"fine", 4, NULL, 0};
    texts[BAD] = (cuvee_text){"all", 3, NULL, 0};
    if (open_script(&f, "takes_all.py", setup, &err) < 0) fail_msg("%s", err.msg);
    ops->call(f.caller, texts, N, 0, &f.rows);
    assert_int_equal(f.rows.n, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(f.rows.status[i], i == BAD ? CUVEE_E_SCRIPT : CUVEE_OK);
    assert_string_equal(string_at(&f, f.rows.messages[BAD]),
                        has_group ? "the worker process was ended by signal 9"
                                  : "the worker process was ended by signal 6");
    close_script(&f);
    if (has_group) assert_int_equal(rmdir(folder), 0);
    print_message("killed by %s\n", has_group ? "its control group" : "itself: no control group");
}

/* ---- from outside ---- */

static void *call_one(void *arg)
{
    struct fixture *f = arg;
    const cuvee_text text = {"a", 1, NULL, 0};
    ops->call(f->caller, &text, 1, 0, &f->rows);
    return NULL;
}

/* A worker that is started again and does not get ready. */
static void test_interrupted_start(void **state)
{
    (void)state;
    char hung[] = "/tmp/cuvee-hung-XXXXXX", loaded[64];
    const int fd = mkstemp(hung);
    const char *const args[] = {hung};
    const struct host_setup setup = {.args = args, .n_args = 1};
    struct fixture f;
    cuvee_error err = {0};
    pthread_t thread;
    assert_true(fd >= 0);
    assert_int_equal(unlink(hung), 0);
    if (open_script(&f, "hangs_again.py", setup, &err) < 0) fail_msg("%s", err.msg);
    assert_int_equal(pthread_create(&thread, NULL, call_one, &f), 0);
    while (access(hung, F_OK) != 0) usleep(1000);
    ops->interrupt(f.host);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(f.rows.status[0], CUVEE_E_CANCELLED);
    close_script(&f);
    snprintf(loaded, sizeof loaded, "%s.loaded", hung);
    unlink(hung);
    unlink(loaded);
    close(fd);
}

static void test_killed_from_outside(void **state)
{
    (void)state;
    enum { CALLS = 100, N = 100, KILLS = 20 };
    struct fixture f;
    cuvee_text texts[N];
    size_t n_ok = 0, n_workers = 1;
    long pid = 0;
    for (size_t i = 0; i < N; i++) texts[i] = (cuvee_text){"fine", 4, NULL, 0};
    if (open_script(&f, "crashes.py", (struct host_setup){0}, NULL) < 0) fail();
    for (size_t k = 0; k < CALLS; k++) {
        ops->call(f.caller, texts, N, 0, &f.rows);
        for (size_t i = 0; i < f.rows.n; i++) n_ok += f.rows.status[i] == CUVEE_OK;
        n_workers += pid && worker_pid(&f, 0) != pid;
        pid = worker_pid(&f, 0);
        if (k % (CALLS / KILLS) == 0) assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
    }
    assert_int_equal(n_ok, CALLS * N);
    assert_int_equal(n_workers, 1 + KILLS);
    close_script(&f);
}

static void test_recycling(void **state)
{
    (void)state;
    struct fixture f;
    const cuvee_text text = {"fine", 4, NULL, 0};
    long pids[6];
    if (open_script(&f, "crashes.py", (struct host_setup){.recycle_calls = 2}, NULL) < 0) fail();
    for (size_t k = 0; k < 6; k++) {
        ops->call(f.caller, &text, 1, 0, &f.rows);
        pids[k] = worker_pid(&f, 0);
    }
    for (size_t k = 0; k < 6; k += 2) assert_int_equal(pids[k], pids[k + 1]);
    assert_true(pids[1] != pids[2] && pids[3] != pids[4]);
    close_script(&f);

    /* A Python holds more than a megabyte. */
    if (open_script(&f, "crashes.py", (struct host_setup){.recycle_bytes = 1 << 20}, NULL) < 0)
        fail();
    for (size_t k = 0; k < 2; k++) {
        ops->call(f.caller, &text, 1, 0, &f.rows);
        pids[k] = worker_pid(&f, 0);
    }
    assert_true(pids[0] != pids[1]);
    close_script(&f);
}

static void test_dies_at_start(void **state)
{
    (void)state;
    struct fixture f;
    cuvee_error err = {0};
    assert_int_equal(open_script(&f, "dies_at_start.py", (struct host_setup){0}, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, "ended while it loaded the script: status 9"));
    close_script(&f);
}

int main(void)
{
    cuvee_error err = {0};
    if (cuvee__interpreter_find(getenv("CUVEE_TEST_PYTHON"), &python, &err) < 0) {
        printf("skipped: %s\n", err.msg);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_death_with_a_living_child),
        cmocka_unit_test(test_memory_error),
        cmocka_unit_test(test_takes_all_memory),
        cmocka_unit_test(test_interrupted_start),
        cmocka_unit_test(test_killed_from_outside),
        cmocka_unit_test(test_recycling),
        cmocka_unit_test(test_dies_at_start),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    cuvee__interpreter_deinit(&python);
    return rc;
}
