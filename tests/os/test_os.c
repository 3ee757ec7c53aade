/* SPDX-License-Identifier: Apache-2.0
 *
 * os/: files of every kind, mappings, threads and timed waits, what the processor reports. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "os/cgroup.h"
#include "os/clock.h"
#include "os/cpu.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/perf_counters.h"
#include "os/thread.h"

static char dir[] = "/tmp/cuvee-test-os-XXXXXX";
static char path[sizeof dir + 32];

static const char *in_dir(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void write_file(const char *name, size_t bytes)
{
    FILE *f = fopen(in_dir(name), "wb");
    assert_non_null(f);
    for (size_t i = 0; i < bytes; i++) fputc((int)(i % 251), f);
    assert_int_equal(fclose(f), 0);
}

static void reads_whole_files_up_to_the_limit(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    cuvee_error err;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_file("f", sizes[i]);
        struct buffer b = {.cap_bytes = 200000};
        assert_int_equal(cuvee__file_read(in_dir("f"), &b, &err), CUVEE_OK);
        assert_int_equal(b.len, sizes[i]);
        if (b.len) assert_int_equal((unsigned char)b.ptr[b.len - 1], (sizes[i] - 1) % 251);
        cuvee__buffer_deinit(&b);
    }
    struct buffer small = {.cap_bytes = 50000};
    assert_int_equal(cuvee__file_read(in_dir("f"), &small, &err), CUVEE_E_LIMIT);
    assert_non_null(strstr(err.msg, in_dir("f")));
    cuvee__buffer_deinit(&small);
}

static void refuses_what_is_not_a_regular_file(void **state)
{
    (void)state;
    cuvee_error err;
    struct buffer b = {0};
    struct file_map map = {0};
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    /* And does not hang. */
    assert_int_equal(cuvee__file_read(in_dir("fifo"), &b, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "FIFO"));
    assert_int_equal(cuvee__file_map_open(&map, in_dir("fifo"), &err), CUVEE_E_FORMAT);
    assert_int_equal(cuvee__file_read(dir, &b, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "directory"));
    assert_int_equal(cuvee__file_read("/dev/zero", &b, &err), CUVEE_E_FORMAT);
    assert_int_equal(cuvee__file_read(in_dir("absent"), &b, &err), CUVEE_E_IO);
    assert_int_not_equal(err.os_errno, 0);
    cuvee__buffer_deinit(&b);
}

static void maps_and_releases(void **state)
{
    (void)state;
    cuvee_error err;
    struct file_map map = {0};
    write_file("m", 100000);
    assert_int_equal(cuvee__file_map_open(&map, in_dir("m"), &err), CUVEE_OK);
    assert_int_equal(map.len, 100000);
    assert_int_equal(map.ptr[99999], 99999 % 251);
    cuvee__file_map_prefetch(&map, 5000, 1u << 30);
    cuvee__file_map_release(&map, 100, 50000);
    cuvee__file_map_release(&map, 1u << 30, 1);
    assert_int_equal(map.ptr[1000], 1000 % 251); /* comes back */
    cuvee__file_map_close(&map);
    assert_null(map.ptr);

    write_file("empty", 0);
    assert_int_equal(cuvee__file_map_open(&map, in_dir("empty"), &err), CUVEE_OK);
    assert_null(map.ptr);
    cuvee__file_map_close(&map);
}

struct meeting {
    struct mutex mu;
    struct cond changed;
    int step;
};

static void *partner(void *arg)
{
    struct meeting *m = arg;
    cuvee__mutex_lock(&m->mu);
    while (m->step != 1) cuvee__cond_wait(&m->changed, &m->mu);
    m->step = 2;
    cuvee__cond_broadcast(&m->changed);
    cuvee__mutex_unlock(&m->mu);
    return NULL;
}

static void threads_meet_and_waits_time_out(void **state)
{
    (void)state;
    cuvee_error err;
    struct meeting m = {0};
    struct thread t;
    assert_int_equal(cuvee__mutex_init(&m.mu, &err), CUVEE_OK);
    assert_int_equal(cuvee__cond_init(&m.changed, &err), CUVEE_OK);
    assert_int_equal(cuvee__thread_start(&t, "partner", partner, &m, &err), CUVEE_OK);
    cuvee__mutex_lock(&m.mu);
    m.step = 1;
    cuvee__cond_signal(&m.changed);
    while (m.step != 2) cuvee__cond_wait(&m.changed, &m.mu);
    const uint64_t deadline = cuvee__clock_ns() + 2000000;
    while (cuvee__cond_wait_until(&m.changed, &m.mu, deadline)) continue;
    assert_true(cuvee__clock_ns() >= deadline);
    cuvee__mutex_unlock(&m.mu);
    cuvee__thread_join(&t);
    cuvee__cond_deinit(&m.changed);
    cuvee__mutex_deinit(&m.mu);
}

static void counts_cores_of_the_affinity_mask(void **state)
{
    (void)state;
    const uint32_t all = cuvee__cpu_allowed_cores();
    assert_true(all >= 1);
    assert_true(cuvee__cpu_default_workers() >= 1);
    assert_true(cuvee__cpu_default_workers() <= all);
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
            break;
        }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(cuvee__cpu_allowed_cores(), 1);
    assert_int_equal(cuvee__cpu_default_workers(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* A file of the test's own control-group tree; directories are made as needed. */
static void put(const char *name, const char *content)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    for (char *slash = full + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(content, f);
    assert_int_equal(fclose(f), 0);
}

static void control_groups_bind_from_any_level(void **state)
{
    (void)state;
    char list[64], mount[64];
    snprintf(list, sizeof list, "%s/list", dir);
    snprintf(mount, sizeof mount, "%s/v2", dir);
    const struct cgroup_paths v2 = {list, mount};
    put("list", "0::/pod/box\n");
    put("v2/pod/box/cpu.max", "max 100000\n");
    put("v2/pod/box/memory.max", "max\n");
    assert_true(cuvee__cgroup_cpu_quota(&v2) == 0);
    assert_int_equal(cuvee__cgroup_memory_limit(&v2), 0);
    put("v2/pod/cpu.max", "150000 100000\n");
    put("v2/pod/memory.max", "1000000\n");
    assert_true(cuvee__cgroup_cpu_quota(&v2) == 1.5);
    assert_int_equal(cuvee__cgroup_memory_limit(&v2), 1000000);
    put("v2/pod/box/cpu.max", "50000 200000\n");
    assert_true(cuvee__cgroup_cpu_quota(&v2) == 0.25);
    put("list", "0::/not/seen/here\n"); /* a namespace: the mount's root is what counts */
    put("v2/cpu.max", "700000 100000\n");
    assert_true(cuvee__cgroup_cpu_quota(&v2) == 7);

    snprintf(mount, sizeof mount, "%s/v1", dir);
    put("list", "5:cpu,cpuacct:/a\n4:memory:/b\n0::/\n");
    put("v1/cpu/a/cpu.cfs_quota_us", "-1\n");
    assert_true(cuvee__cgroup_cpu_quota(&v2) == 0);
    put("v1/cpu/a/cpu.cfs_quota_us", "300000\n");
    put("v1/cpu/a/cpu.cfs_period_us", "100000\n");
    put("v1/memory/b/memory.limit_in_bytes", "5000\n");
    put("v1/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_true(cuvee__cgroup_cpu_quota(&v2) == 3);
    assert_int_equal(cuvee__cgroup_memory_limit(&v2), 5000);
}

static void tiers_agree_with_the_kernel(void **state)
{
    (void)state;
    /* /proc/cpuinfo lists what the kernel enabled: a second opinion on CPUID and XGETBV. */
    FILE *f = fopen("/proc/cpuinfo", "re");
    if (!f) skip();
    static char line[1 << 14];
    bool avx2 = false, avx512 = false, found = false;
    while (!found && fgets(line, sizeof line, f)) {
        if (strncmp(line, "flags", 5) != 0) continue;
        found = true;
        avx2 = strstr(line, " avx2 ") && strstr(line, " fma ") && strstr(line, " f16c ");
        avx512 = strstr(line, " avx512f ") && strstr(line, " avx512bw ") &&
                 strstr(line, " avx512dq ") && strstr(line, " avx512vl ");
    }
    fclose(f);
    if (!found) skip();
    const unsigned isa = cuvee__cpu_isa();
    assert_int_equal(!!(isa & CUVEE__ISA_AVX2), avx2);
    assert_int_equal(!!(isa & CUVEE__ISA_AVX512), avx2 && avx512);
}

static void pss_follows_what_is_touched(void **state)
{
    (void)state;
    const uint64_t before = cuvee__memory_pss();
    if (!before) skip(); /* a kernel without smaps_rollup */
    const size_t bytes = 64u << 20;
    char *block = cuvee__malloc(bytes);
    assert_non_null(block);
    memset(block, 1, bytes);
    const uint64_t after = cuvee__memory_pss();
    assert_true(after >= before + bytes / 10 * 9);
    assert_int_equal(block[bytes - 1], 1);
    cuvee__free(block);
    assert_true(cuvee__memory_bytes() > bytes);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_entry(const char *entry, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(entry);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* A child reads so many bytes, more than caches hold, or lets a child of its own do it. */
static void read_much(size_t bytes, int generations)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (generations > 1) {
            read_much(bytes, generations - 1);
            _exit(0);
        }
        char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) _exit(1);
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < bytes; i += 64) (*(volatile char *)(p + i))++;
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A machine may have nothing to say of its caches, and then it says why. */
static void counters_have_what_descendants_did(void **state)
{
    (void)state;
    enum { BYTES = 64 << 20, LEAST = BYTES / 4096 }; /* one of 64 lines: prefetching hides some */
    struct perf_counters counters;
    char why[160];
    double misses, references;
    cuvee__perf_counters_open(&counters, why, sizeof why);
    read_much(BYTES, 3);
    const bool has_misses = cuvee__perf_counters_read(&counters, PERF_CACHE_MISSES, &misses);
    if (has_misses && cuvee__perf_counters_read(&counters, PERF_CACHE_REFERENCES, &references)) {
        assert_true(misses <= references);
        assert_true(references >= LEAST); /* without those of descendants there are hardly any */
    }
    if (!has_misses) assert_true(*why != '\0' || counters.fds[PERF_CACHE_MISSES] >= 0);
    cuvee__perf_counters_close(&counters);
    assert_false(cuvee__perf_counters_read(&counters, PERF_CACHE_MISSES, &misses));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_files_up_to_the_limit),
        cmocka_unit_test(refuses_what_is_not_a_regular_file),
        cmocka_unit_test(maps_and_releases),
        cmocka_unit_test(threads_meet_and_waits_time_out),
        cmocka_unit_test(counts_cores_of_the_affinity_mask),
        cmocka_unit_test(control_groups_bind_from_any_level),
        cmocka_unit_test(tiers_agree_with_the_kernel),
        cmocka_unit_test(pss_follows_what_is_touched),
        cmocka_unit_test(counters_have_what_descendants_did),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
