/* SPDX-License-Identifier: Apache-2.0
 *
 * An output appears whole or not at all: staging, symlinks, modes, two writers, full disks, closed
 * pipes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "table/writer.h"
#include "table_test.h"

static struct output_file *open_output(const char *path)
{
    struct output_file *o = NULL;
    cuvee_error err = {.msg = ""};
    const int rc = cuvee__output_open(path, &o, &err);
    if (rc < 0) print_error("%s\n", err.msg);
    assert_int_equal(rc, CUVEE_OK);
    return o;
}

static void put(struct output_file *o, const char *text)
{
    assert_int_equal(cuvee__output_write(o, text, strlen(text), NULL), CUVEE_OK);
}

static void commit(struct output_file *o)
{
    cuvee_error err = {.msg = ""};
    const int rc = cuvee__output_commit(o, &err);
    if (rc < 0) print_error("%s\n", err.msg);
    assert_int_equal(rc, CUVEE_OK);
    cuvee__output_close(o, false);
}

static void expect_file(const char *path, const char *text)
{
    char *got = read_file(path);
    assert_string_equal(got, text);
    cuvee__free(got);
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void target_appears_at_commit(void **state)
{
    (void)state;
    struct output_file *o = open_output("a.out");
    assert_string_equal(cuvee__output_name(o), "a.out");
    assert_string_equal(cuvee__output_place(o), "a.out.partial");
    put(o, "one\n");
    assert_int_equal(cuvee__output_flush(o, NULL), CUVEE_OK);
    expect_file("a.out.partial", "one\n");
    assert_false(exists("a.out"));
    put(o, "two\n");
    commit(o);
    expect_file("a.out", "one\ntwo\n");
    assert_false(exists("a.out.partial"));
}

static void old_target_stays_without_commit(void **state)
{
    (void)state;
    write_file("a.out", "old", 3);
    struct output_file *o = open_output("a.out");
    put(o, "new");
    cuvee__output_close(o, true);
    expect_file("a.out", "old");
    expect_file("a.out.partial", "new"); /* what was still buffered is there too */

    o = open_output("a.out"); /* starts over what an earlier run left */
    put(o, "x");
    cuvee__output_close(o, false);
    expect_file("a.out", "old");
    assert_false(exists("a.out.partial"));

    write_file("a.out.partial", "left by an earlier run", 22);
    o = open_output("a.out");
    put(o, "new");
    commit(o);
    expect_file("a.out", "new");
}

static void large_writes(void **state)
{
    (void)state;
    const size_t n = 300000;
    char *bytes = cuvee__malloc(n);
    for (size_t i = 0; i < n; i++) bytes[i] = (char)('a' + i % 23);
    struct output_file *o = open_output("a.out");
    size_t at = 0;
    for (size_t step = 1; at < n; step = step * 3 + 1) { /* below, at and above the buffer's size */
        const size_t piece = step < n - at ? step : n - at;
        assert_int_equal(cuvee__output_write(o, bytes + at, piece, NULL), CUVEE_OK);
        at += piece;
    }
    assert_int_equal(cuvee__output_write(o, NULL, 0, NULL), CUVEE_OK);
    commit(o);
    char *got = read_file("a.out");
    assert_int_equal(strlen(got), n);
    assert_memory_equal(got, bytes, n);
    cuvee__free(got);
    cuvee__free(bytes);
}

static void symlinks_are_followed(void **state)
{
    (void)state;
    assert_int_equal(mkdir("dir", 0755), 0);
    write_file("dir/real", "old", 3);
    assert_int_equal(symlink("real", "dir/hop"), 0); /* relative to its own directory */
    assert_int_equal(symlink("dir/hop", "link"), 0);
    struct output_file *o = open_output("link");
    put(o, "new");
    assert_true(exists("dir/real.partial"));
    assert_string_equal(cuvee__output_place(o), "dir/real.partial");
    commit(o);
    expect_file("dir/real", "new");
    char text[16];
    assert_int_equal(readlink("link", text, sizeof text), 7); /* still a link */

    assert_int_equal(symlink("dir/new", "dangling"), 0);
    o = open_output("dangling");
    put(o, "made");
    commit(o);
    expect_file("dir/new", "made");

    assert_int_equal(symlink("loop", "loop"), 0);
    cuvee_error err;
    assert_int_equal(cuvee__output_open("loop", &o, &err), CUVEE_E_IO);
    assert_int_equal(err.os_errno, ELOOP);
    remove("dir/real");
    remove("dir/hop");
    remove("dir/new");
}

static void modes(void **state)
{
    (void)state;
    const mode_t mask = umask(027);
    remove("a.out");
    struct output_file *o = open_output("a.out");
    commit(o);
    assert_int_equal(mode_of("a.out"), 0640);
    assert_int_equal(chmod("a.out", 0604), 0);
    o = open_output("a.out");
    assert_int_equal(mode_of("a.out.partial"), 0604);
    commit(o);
    assert_int_equal(mode_of("a.out"), 0604);
    umask(mask);
    if (geteuid() == 0) return; /* root may write anything */
    chmod("a.out", 0444);
    cuvee_error err;
    assert_int_equal(cuvee__output_open("a.out", &o, &err), CUVEE_E_IO);
    assert_int_equal(err.os_errno, EACCES);
    assert_false(exists("a.out.partial"));
    chmod("a.out", 0644);
}

static void second_writer_is_refused(void **state)
{
    (void)state;
    struct output_file *first = open_output("a.out"), *second;
    cuvee_error err;
    put(first, "first");
    assert_int_equal(cuvee__output_open("a.out", &second, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, "a.out.partial is being written by another process"));
    commit(first);
    expect_file("a.out", "first");
    second = open_output("a.out");
    put(second, "second");
    commit(second);
    expect_file("a.out", "second");
}

/* Opens and closes in a loop against the main thread: whoever gets the target, it is one writer's
 * whole text. */
static void *contend(void *arg)
{
    const char *text = arg;
    for (int i = 0; i < 60; i++) {
        struct output_file *o;
        if (cuvee__output_open("shared.out", &o, NULL) < 0) continue;
        cuvee__output_write(o, text, strlen(text), NULL);
        cuvee__output_flush(o, NULL);
        cuvee__output_write(o, text, strlen(text), NULL);
        if (i % 3) cuvee__output_commit(o, NULL);
        cuvee__output_close(o, i % 2);
    }
    return NULL;
}

static void writers_never_mix(void **state)
{
    (void)state;
    static char aaaa[] = "aaaa\n", bbbb[] = "bbbb\n";
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, contend, aaaa), 0);
    for (int i = 0; i < 60; i++) {
        contend(bbbb);
        if (!exists("shared.out")) continue;
        char *got = read_file("shared.out");
        assert_true(strcmp(got, "aaaa\naaaa\n") == 0 || strcmp(got, "bbbb\nbbbb\n") == 0);
        cuvee__free(got);
        if (i > 3) break;
    }
    pthread_join(thread, NULL);
}

static void places_that_cannot_be_written(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int os_errno;
    } cases[] = {{".", EISDIR}, {"no-such/a.out", ENOENT}, {"", ENOENT}, {"a.out/x", ENOTDIR}};
    write_file("a.out", "x", 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct output_file *o;
        cuvee_error err;
        assert_int_equal(cuvee__output_open(cases[i].path, &o, &err), CUVEE_E_IO);
        assert_int_equal(err.os_errno, cases[i].os_errno);
    }
    /* In the way of staging: no waiting for a reader. */
    assert_int_equal(mkfifo("fifo.partial", 0600), 0);
    struct output_file *o;
    cuvee_error err;
    assert_int_equal(cuvee__output_open("fifo", &o, &err), CUVEE_E_IO);
    assert_true(exists("fifo.partial"));
}

static void full_disk(void **state)
{
    (void)state;
    struct output_file *o = open_output("/dev/full");
    cuvee_error err = {0}, again = {0};
    put(o, "x");
    assert_int_equal(cuvee__output_commit(o, &err), CUVEE_E_IO);
    assert_int_equal(err.os_errno, ENOSPC);
    assert_string_equal(err.msg, "/dev/full: cannot write: No space left on device");
    /* The failure sticks: a caller that goes on is told the same. */
    assert_int_equal(cuvee__output_write(o, "y", 1, &again), CUVEE_E_IO);
    assert_string_equal(again.msg, err.msg);
    assert_int_equal(cuvee__output_flush(o, NULL), CUVEE_E_IO);
    assert_int_equal(cuvee__output_commit(o, NULL), CUVEE_E_IO);
    cuvee__output_close(o, true);

    /* The same for a staged file, by a limit on its length. */
    struct rlimit old, small = {1000, 1000};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    remove("a.out");
    o = open_output("a.out");
    char block[4096] = {0};
    assert_int_equal(cuvee__output_write(o, block, sizeof block, NULL), CUVEE_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const int rc = cuvee__output_commit(o, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rc, CUVEE_E_IO);
    assert_int_equal(err.os_errno, EFBIG);
    cuvee__output_close(o, false);
    assert_false(exists("a.out"));
    assert_false(exists("a.out.partial"));
}

static void streams_are_written_directly(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    const int in = open("pipe", O_RDONLY | O_NONBLOCK);
    struct output_file *o = open_output("pipe");
    put(o, "one");
    assert_int_equal(cuvee__output_flush(o, NULL), CUVEE_OK);
    char got[16];
    assert_int_equal(read(in, got, sizeof got), 3);
    put(o, "two");
    cuvee__output_close(o, false); /* without a commit too: a stream cannot take back */
    assert_int_equal(read(in, got, sizeof got), 3);
    assert_false(exists("pipe.partial"));

    o = open_output("pipe");
    put(o, "x");
    close(in);
    cuvee_error err;
    assert_int_equal(cuvee__output_commit(o, &err), CUVEE_E_IO);
    assert_int_equal(err.os_errno, EPIPE);
    cuvee__output_close(o, true);
}

static void standard_output(void **state)
{
    (void)state;
    static const char *const names[] = {NULL, "-", "/dev/stdout"};
    fflush(stdout);
    const int saved = dup(STDOUT_FILENO);
    char *texts[3];
    for (size_t i = 0; i < 3; i++) {
        const int fd = open("stdout", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
        assert_int_equal(write(fd, "kept ", 5), 5); /* as after the shell's >> */
        dup2(fd, STDOUT_FILENO);
        close(fd);
        struct output_file *o;
        const int rc = cuvee__output_open(names[i], &o, NULL);
        const int wrote = rc < 0 ? rc : cuvee__output_write(o, "text", 4, NULL);
        const int done = wrote < 0 ? wrote : cuvee__output_commit(o, NULL);
        const bool is_named =
            rc == CUVEE_OK && strcmp(cuvee__output_name(o), "standard output") == 0;
        if (rc == CUVEE_OK) cuvee__output_close(o, false);
        const bool is_open = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
        dup2(saved, STDOUT_FILENO);
        texts[i] = read_file("stdout");
        assert_int_equal(done, CUVEE_OK);
        assert_true(is_named && is_open);
        assert_string_equal(texts[i], "kept text");
        cuvee__free(texts[i]);
    }
    close(STDOUT_FILENO);
    struct output_file *o = open_output("-");
    put(o, "x");
    cuvee_error err;
    const int rc = cuvee__output_commit(o, &err);
    cuvee__output_close(o, false);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(rc, CUVEE_E_IO);
    assert_int_equal(err.os_errno, EBADF);
}

/* A link in /proc to a file without a path: nothing is made where its text points. */
static void file_without_a_path(void **state)
{
    (void)state;
    const int fd = open("gone", O_RDWR | O_CREAT, 0600);
    assert_int_equal(unlink("gone"), 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct output_file *o = open_output(path);
    put(o, "text");
    commit(o);
    char got[8];
    assert_int_equal(pread(fd, got, sizeof got, 0), 4);
    assert_false(exists("gone (deleted)"));
    close(fd);
}

int main(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_appears_at_commit),
        cmocka_unit_test(old_target_stays_without_commit),
        cmocka_unit_test(large_writes),
        cmocka_unit_test(symlinks_are_followed),
        cmocka_unit_test(modes),
        cmocka_unit_test(second_writer_is_refused),
        cmocka_unit_test(writers_never_mix),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(streams_are_written_directly),
        cmocka_unit_test(standard_output),
        cmocka_unit_test(file_without_a_path),
    };
    return cmocka_run_group_tests(tests, table_test_enter, table_test_leave);
}
