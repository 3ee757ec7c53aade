/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache of packed models: found, made once however many start, made anew when it is not what it
 * should be, kept below its cap, and done without when it cannot be had. */
#define _DEFAULT_SOURCE /* mount */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "model/model.h"
#include "packed_test.h"
#include "tiny_model.h"

static char root[] = "/tmp/cuvee-cache-XXXXXX";
static char model_dir[64], other_dir[64], cache[64];

static cuvee_model *open_with(const char *dir, const char *cache_dir, uint64_t max_bytes)
{
    const cuvee_model_options options = {
        .struct_size = sizeof options, .cache_dir = cache_dir, .cache_max_bytes = max_bytes};
    cuvee_model *m = NULL;
    cuvee_error err = {0};
    if (cuvee_model_open(dir, &options, &m, &err) < 0) fail_msg("%s", err.msg);
    return m;
}

static cuvee_model_info describe(const cuvee_model *m)
{
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    assert_int_equal(cuvee_model_describe(m, &info, NULL), CUVEE_OK);
    return info;
}

/* The cached file of a model, which must be there. */
static struct stat cached_file(const cuvee_model *m)
{
    struct stat st;
    const cuvee_model_info info = describe(m);
    assert_non_null(info.packed_path);
    assert_null(info.cache_note);
    assert_int_equal(strncmp(info.packed_path, cache, strlen(cache)), 0);
    assert_int_equal(stat(info.packed_path, &st), 0);
    return st;
}

static void expect_right_logits(const cuvee_model *m, const char *dir)
{
    float is[64], right[64];
    cuvee_model *in_memory = NULL;
    assert_int_equal(cuvee__model_open(dir, &in_memory, NULL), CUVEE_OK);
    const size_t n = packed_test_logits(m, is, 64);
    assert_int_equal(packed_test_logits(in_memory, right, 64), n);
    assert_memory_equal(is, right, n * sizeof *is);
    cuvee_model_close(in_memory);
}

/* Opens in memory, and says why. */
static void expect_note(const char *cache_dir, uint64_t max_bytes, const char *part)
{
    cuvee_model *m = open_with(model_dir, cache_dir, max_bytes);
    const cuvee_model_info info = describe(m);
    assert_null(info.packed_path);
    if (!info.cache_note || !strstr(info.cache_note, part))
        fail_msg("note '%s' should have '%s'", info.cache_note ? info.cache_note : "", part);
    expect_right_logits(m, model_dir);
    cuvee_model_close(m);
}

static int count_entry(void *user, const cuvee_cache_entry *entry)
{
    size_t *n = user;
    assert_true(entry->bytes > 0 && entry->used_s > 0);
    (*n)++;
    return 0;
}

static size_t n_cached(void)
{
    size_t n = 0;
    assert_int_equal(cuvee_cache_visit(cache, count_entry, &n, NULL), CUVEE_OK);
    return n;
}

/* ---- found again ---- */

static void a_second_opening_finds_the_file(void **state)
{
    (void)state;
    struct stat dir;
    assert_int_equal(n_cached(), 0);
    cuvee_model *m = open_with(model_dir, cache, 0);
    const struct stat first = cached_file(m);
    assert_int_equal(first.st_mode & 0777, 0600);
    assert_int_equal(stat(cache, &dir), 0);
    assert_int_equal(dir.st_mode & 0777, 0700);
    expect_right_logits(m, model_dir);
    cuvee_model_close(m);

    m = open_with(model_dir, cache, 0);
    assert_int_equal(cached_file(m).st_ino, first.st_ino);
    char hex[65], right[65];
    cuvee_model *in_memory = NULL;
    assert_int_equal(cuvee__model_open(model_dir, &in_memory, NULL), CUVEE_OK);
    assert_int_equal(cuvee_model_sha256(m, hex, NULL), CUVEE_OK);
    assert_int_equal(cuvee_model_sha256(in_memory, right, NULL), CUVEE_OK);
    assert_string_equal(hex, right);
    assert_int_equal(cuvee_model_verify(describe(m).packed_path, NULL), CUVEE_OK);
    assert_int_equal(n_cached(), 1);
    cuvee_model_close(in_memory);
    cuvee_model_close(m);
}

/* Eight processes wait for one byte each and then open at once. */
static void first_starts_pack_once(void **state)
{
    (void)state;
    enum { N = 8 };
    int go[2], tell[2];
    char byte = 0;
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(tell), 0);
    for (size_t i = 0; i < N; i++) {
        if (fork()) continue;
        close(tell[0]);
        cuvee_model *m = NULL;
        struct stat st = {0};
        const cuvee_model_options options = {.struct_size = sizeof options, .cache_dir = cache};
        cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
        if (read(go[0], &byte, 1) == 1 && cuvee_model_open(model_dir, &options, &m, NULL) == 0 &&
            cuvee_model_describe(m, &info, NULL) == 0 && info.packed_path)
            stat(info.packed_path, &st);
        const ino_t inode = st.st_ino;
        _exit(write(tell[1], &inode, sizeof inode) == sizeof inode ? 0 : 1);
    }
    for (size_t i = 0; i < N; i++) assert_int_equal(write(go[1], &byte, 1), 1);
    close(tell[1]);
    ino_t inodes[N];
    for (size_t i = 0; i < N; i++)
        assert_int_equal(read(tell[0], &inodes[i], sizeof *inodes), sizeof *inodes);
    for (size_t i = 0; i < N; i++) assert_true(wait(NULL) > 0);
    close(tell[0]);
    close(go[0]);
    close(go[1]);
    cuvee_model *m = open_with(model_dir, cache, 0);
    const ino_t last = cached_file(m).st_ino;
    assert_true(last != 0);
    for (size_t i = 0; i < N; i++) assert_int_equal(inodes[i], last);
    assert_int_equal(n_cached(), 1);
    cuvee_model_close(m);
}

static void a_changed_model_is_packed_anew(void **state)
{
    (void)state;
    cuvee_model *m = open_with(model_dir, cache, 0);
    const struct stat before = cached_file(m);
    cuvee_model_close(m);
    tiny_model_remove(model_dir);
    assert_int_equal(tiny_model_write(model_dir, &(struct tiny_model){.seed = 7}), 0);
    m = open_with(model_dir, cache, 0);
    assert_true(cached_file(m).st_ino != before.st_ino);
    expect_right_logits(m, model_dir);
    assert_int_equal(n_cached(), 2);
    cuvee_model_close(m);
}

/* ---- made anew ---- */

static void spoil_and_open(void (*spoil)(const char *path))
{
    char path[512];
    cuvee_model *m = open_with(model_dir, cache, 0);
    snprintf(path, sizeof path, "%s", describe(m).packed_path);
    cuvee_model_close(m); /* before the file is shortened under the mapping */
    spoil(path);
    m = open_with(model_dir, cache, 0);
    assert_string_equal(describe(m).packed_path, path);
    expect_right_logits(m, model_dir);
    assert_int_equal(cuvee_model_verify(path, NULL), CUVEE_OK);
    cuvee_model_close(m);
}

static void cut(const char *path)
{
    assert_int_equal(truncate(path, 1000), 0);
}

static void empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void change_the_header(const char *path)
{
    size_t len;
    unsigned char *bytes = packed_test_read(path, &len);
    bytes[300] ^= 1;
    packed_test_write(path, bytes, len);
    cuvee__free(bytes);
}

/* A good file, of another model. */
static void put_another(const char *path)
{
    const cuvee_pack_options options = {.struct_size = sizeof options};
    assert_int_equal(cuvee_model_pack(other_dir, path, &options, NULL), CUVEE_OK);
}

static void put_a_directory(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void what_is_not_right_is_packed_anew(void **state)
{
    (void)state;
    spoil_and_open(cut);
    spoil_and_open(empty);
    spoil_and_open(change_the_header);
    spoil_and_open(put_another);
}

static void what_a_dead_writer_left_is_removed(void **state)
{
    (void)state;
    char path[512], stranger[600];
    cuvee_model *m = open_with(model_dir, cache, 0);
    snprintf(path, sizeof path, "%s", describe(m).packed_path);
    cuvee_model_close(m);
    unlink(path);
    memcpy(strrchr(path, '.'), ".tmp", sizeof ".tmp");
    packed_test_write(path, "half", 4);
    snprintf(stranger, sizeof stranger, "%s/mine.tmp", cache);
    packed_test_write(stranger, "whole", 5);
    cuvee_model_close(open_with(model_dir, cache, 0));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(stranger, F_OK), 0);
}

/* ---- done without ---- */

static void no_place_is_a_note(void **state)
{
    (void)state;
    char path[512];
    expect_note("/proc/nobody/cuvee", 0, "/proc/nobody");
    expect_note("/dev/null/cuvee", 0, "/dev/null");
    cuvee_model *m = open_with(model_dir, cache, 0);
    snprintf(path, sizeof path, "%s", describe(m).packed_path);
    cuvee_model_close(m);
    put_a_directory(path);
    expect_note(cache, 0, path);
    rmdir(path);
    if (geteuid() == 0) return; /* may write everywhere */
    assert_int_equal(chmod(cache, 0500), 0);
    expect_note(cache, 0, "Permission denied");
    assert_int_equal(chmod(cache, 0700), 0);
}

static void no_home_is_a_note(void **state)
{
    (void)state;
    unsetenv("CUVEE_CACHE");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    unsetenv("CUVEE_CACHE_MAX");
    expect_note(NULL, 0, "HOME");
    char path[128];
    cuvee_error err;
    assert_int_equal(cuvee_cache_path(NULL, path, sizeof path, &err), CUVEE_E_IO);
    setenv("HOME", "/h", 1);
    assert_int_equal(cuvee_cache_path(NULL, path, sizeof path, &err), CUVEE_OK);
    assert_string_equal(path, "/h/.cache/cuvee");
    setenv("XDG_CACHE_HOME", "/x", 1);
    assert_int_equal(cuvee_cache_path(NULL, path, sizeof path, &err), CUVEE_OK);
    assert_string_equal(path, "/x/cuvee");
    setenv("CUVEE_CACHE", "/c", 1);
    assert_int_equal(cuvee_cache_path(NULL, path, sizeof path, &err), CUVEE_OK);
    assert_string_equal(path, "/c");
    assert_int_equal(cuvee_cache_path("/o", path, sizeof path, &err), CUVEE_OK);
    assert_string_equal(path, "/o");
    assert_int_equal(cuvee_cache_path("/o", path, 2, &err), CUVEE_E_LIMIT);
}

/* A file size limit would kill by a signal; it must be a note. */
static void a_file_size_limit_is_a_note(void **state)
{
    (void)state;
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_note(cache, 0, "too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(n_cached(), 0);
}

static void a_full_disk_is_a_note(void **state)
{
    (void)state;
    mkdir(cache, 0700);
    if (mount("tmpfs", cache, "tmpfs", 0, "size=8k") < 0) {
        print_message("skipped: no right to mount a small file system\n");
        skip();
    }
    expect_note(cache, 0, "No space left");
    expect_note(cache, 0, "No space left"); /* nothing half was left behind */
    assert_int_equal(umount(cache), 0);
}

static void the_library_can_be_told_not_to_cache(void **state)
{
    (void)state;
    const cuvee_model_options options = {
        .struct_size = sizeof options, .cache_dir = cache, .flags = CUVEE_MODEL_NO_CACHE};
    cuvee_model *m = NULL;
    cuvee_error err;
    assert_int_equal(cuvee_model_open(model_dir, &options, &m, NULL), CUVEE_OK);
    assert_null(describe(m).packed_path);
    assert_null(describe(m).cache_note);
    cuvee_model_close(m);
    setenv("CUVEE_CACHE", cache, 1);
    setenv("CUVEE_CACHE_MAX", "0", 1);
    assert_int_equal(cuvee_model_open(model_dir, NULL, &m, NULL), CUVEE_OK);
    assert_null(describe(m).packed_path);
    cuvee_model_close(m);
    assert_int_equal(n_cached(), 0);
    static const char *const wrong[] = {
        "-1", "many", "1X", "1KB", "99999999999999999999", "99999999T"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv("CUVEE_CACHE_MAX", wrong[i], 1);
        assert_int_equal(cuvee_model_open(model_dir, NULL, &m, &err), CUVEE_E_ARGUMENT);
        assert_non_null(strstr(err.msg, "CUVEE_CACHE_MAX"));
    }
    setenv("CUVEE_CACHE_MAX", "1G", 1);
    assert_int_equal(cuvee_model_open(model_dir, NULL, &m, NULL), CUVEE_OK);
    assert_non_null(describe(m).packed_path);
    cuvee_model_close(m);
    unsetenv("CUVEE_CACHE_MAX");
    unsetenv("CUVEE_CACHE");
}

/* ---- its size ---- */

static void the_longest_unused_go_first(void **state)
{
    (void)state;
    char old_path[512];
    cuvee_model *old = open_with(model_dir, cache, 0);
    snprintf(old_path, sizeof old_path, "%s", describe(old).packed_path);
    const uint64_t bytes = describe(old).packed_bytes;
    cuvee_model *m = open_with(other_dir, cache, bytes + bytes / 2);
    assert_non_null(describe(m).packed_path);
    assert_int_equal(access(old_path, F_OK), -1);
    assert_int_equal(n_cached(), 1);
    expect_right_logits(old, model_dir); /* its mapping stays */
    cuvee_model_close(m);
    cuvee_model_close(old);
    expect_note(cache, bytes / 2, "limit");
    assert_int_equal(n_cached(), 1); /* what cannot fit drives nobody out */
}

/* Two models in a cache that holds one: each start drives the other's file out. */
static void they_may_drive_each_other_out(void **state)
{
    (void)state;
    cuvee_model *m = open_with(model_dir, cache, 0);
    const uint64_t max_bytes = 3 * describe(m).packed_bytes / 2;
    cuvee_model_close(m);
    for (size_t i = 0; i < 6; i++) {
        if (fork()) continue;
        const cuvee_model_options options = {
            .struct_size = sizeof options, .cache_dir = cache, .cache_max_bytes = max_bytes};
        float logits[64];
        bool is_good = true;
        for (size_t round = 0; round < 10 && is_good; round++) {
            is_good = cuvee_model_open((i + round) % 2 ? model_dir : other_dir, &options, &m,
                                       NULL) == CUVEE_OK;
            if (!is_good) break;
            cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
            is_good = cuvee_model_describe(m, &info, NULL) == CUVEE_OK && info.packed_path &&
                      packed_test_logits(m, logits, 64);
            cuvee_model_close(m);
        }
        _exit(is_good ? 0 : 1);
    }
    for (size_t i = 0; i < 6; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(n_cached(), 1);
}

static int check_entry(void *user, const cuvee_cache_entry *entry)
{
    size_t *n = user;
    const char *const sources[] = {model_dir, other_dir};
    assert_string_equal(entry->source, sources[*n]);
    assert_string_equal(entry->precision, "f32");
    (*n)++;
    return 0;
}

static void it_can_be_listed_and_cleared(void **state)
{
    (void)state;
    uint64_t n = 9, bytes = 9;
    size_t n_seen = 0;
    char stranger[600];
    assert_int_equal(cuvee_cache_clear(cache, &n, &bytes, NULL), CUVEE_OK); /* no such directory */
    assert_int_equal(n, 0);
    assert_int_equal(access(cache, F_OK), -1);
    cuvee_model *m = open_with(model_dir, cache, 0);
    const uint64_t size = describe(m).packed_bytes;
    cuvee_model_close(m);
    cuvee_model_close(open_with(other_dir, cache, 0));
    snprintf(stranger, sizeof stranger, "%s/model.cuvee", cache);
    packed_test_write(stranger, "mine", 4);
    assert_int_equal(cuvee_cache_visit(cache, check_entry, &n_seen, NULL), CUVEE_OK);
    assert_int_equal(n_seen, 2);
    assert_int_equal(cuvee_cache_clear(cache, &n, &bytes, NULL), CUVEE_OK);
    assert_int_equal(n, 2);
    assert_true(bytes > size);
    assert_int_equal(n_cached(), 0);
    assert_int_equal(access(stranger, F_OK), 0);
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    unsetenv("CUVEE_CACHE_MAX"); /* all other tests run with none */
    if (!mkdtemp(root)) return -1;
    snprintf(model_dir, sizeof model_dir, "%s/model", root);
    snprintf(other_dir, sizeof other_dir, "%s/other", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    return tiny_model_write(other_dir, &(struct tiny_model){.family = "bert"});
}

static int fresh(void **state)
{
    (void)state;
    packed_test_remove_directory(cache);
    return tiny_model_write(model_dir, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    packed_test_remove_directory(cache);
    tiny_model_remove(model_dir);
    tiny_model_remove(other_dir);
    rmdir(root);
    return cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_second_opening_finds_the_file, fresh),
        cmocka_unit_test_setup(first_starts_pack_once, fresh),
        cmocka_unit_test_setup(a_changed_model_is_packed_anew, fresh),
        cmocka_unit_test_setup(what_is_not_right_is_packed_anew, fresh),
        cmocka_unit_test_setup(what_a_dead_writer_left_is_removed, fresh),
        cmocka_unit_test_setup(no_place_is_a_note, fresh),
        cmocka_unit_test_setup(no_home_is_a_note, fresh),
        cmocka_unit_test_setup(a_file_size_limit_is_a_note, fresh),
        cmocka_unit_test_setup(a_full_disk_is_a_note, fresh),
        cmocka_unit_test_setup(the_library_can_be_told_not_to_cache, fresh),
        cmocka_unit_test_setup(the_longest_unused_go_first, fresh),
        cmocka_unit_test_setup(they_may_drive_each_other_out, fresh),
        cmocka_unit_test_setup(it_can_be_listed_and_cleared, fresh),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
