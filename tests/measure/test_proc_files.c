/* SPDX-License-Identifier: Apache-2.0
 *
 * os/proc_files: names that look like fields, numbers of every size, processes of our own. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/proc_files.h"

static bool parse(const char *text, struct proc_stat *s)
{
    return cuvee__proc_stat_parse(text, strlen(text), s);
}

#define REST                                                                                       \
    " S 7 7 7 0 -1 4194560 300 0 2 0 11 5 0 0 20 0 4 0 9999999 1000 250 18446744073709551615"

static void test_stat(void **state)
{
    (void)state;
    struct proc_stat s;
    assert_true(parse("42 (a b)" REST, &s));
    assert_int_equal(s.pid, 42);
    assert_int_equal(s.ppid, 7);
    assert_int_equal(s.state, 'S');
    assert_string_equal(s.comm, "a?b");
    assert_int_equal(s.minor_faults, 300);
    assert_int_equal(s.major_faults, 2);
    assert_int_equal(s.user_ticks + s.system_ticks, 16);
    assert_int_equal(s.threads, 4);
    assert_int_equal(s.start, 9999999);
    assert_int_equal(s.resident_pages, 250);
    assert_true(parse("42 () R 1 ()" REST, &s));
    assert_int_equal(s.ppid, 7);
    assert_string_equal(s.comm, ")?R?1?(");
    assert_true(parse("42 (sixteen-and-more-)" REST, &s));
    assert_string_equal(s.comm, "sixteen-and-mor");
    assert_false(parse("", &s));
    assert_false(parse("42 (a", &s));
    assert_false(parse("42 )a( S 1", &s));
    assert_false(parse("42 (a) S 1 2 3", &s));
}

static void test_memory(void **state)
{
    (void)state;
    struct proc_memory m;
    assert_true(cuvee__proc_memory_parse(
        "00400000-7ffc rollup\nRss:    100 kB\nPss:   60 kB\n"
        "Pss_Anon:  10 kB\nPss_File:  30 kB\nPss_Shmem: 20 kB\n"
        "Private_Clean: 1 kB\nPrivate_Dirty: 2 kB\n"
        "Private_Hugetlb: 4 kB\nSwapPss: 5 kB\n",
        "Name:\tx\nVmHWM:\t 222 kB\nVmRSS:\t 99 kB\nVmPTE:\t 44 kB\n", &m));
    assert_int_equal(m.rss, 100);
    assert_int_equal(m.pss, 60);
    assert_int_equal(m.pss_anon + m.pss_file + m.pss_shmem, 60);
    assert_int_equal(m.private_, 7);
    assert_int_equal(m.swap_pss, 5);
    assert_int_equal(m.high_water, 222);
    assert_int_equal(m.counted_rss, 99);
    assert_int_equal(m.page_tables, 44);
    assert_false(cuvee__proc_memory_parse("", "", &m)); /* a kernel thread, or gone */
}

static size_t page_kb(void)
{
    return (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static long lag_kb(void)
{
    struct proc_stat s;
    struct proc_memory m;
    assert_true(cuvee__proc_stat_read(getpid(), &s));
    assert_true(cuvee__proc_memory_read(getpid(), &m));
    return (long)m.rss - (long)(s.resident_pages * page_kb());
}

/* What the kernel does: on each processor pages are faulted in one by one until its share
 * goes to the account, which shows, and then as many more as a share may have. */
static void fill_a_share(char *memory, size_t n_pages, size_t batch)
{
    const long half_kb = (long)(batch / 2 * page_kb());
    size_t at = 0;
    for (long before = lag_kb(), now = before; at < n_pages - batch; before = now) {
        memory[at++ * page_kb() * 1024] = 1;
        now = lag_kb();
        if (now < before - half_kb) break;
    }
    for (size_t i = 1; i < batch; i++) memory[at++ * page_kb() * 1024] = 1;
}

static void test_rss_lag(void **state)
{
    (void)state;
    struct proc_rss_lag lag = cuvee__proc_rss_lag_of("6.18.44-fc", 2);
    assert_int_equal(lag.process_pages, 3 * 2 * 31);
    assert_int_equal(lag.thread_pages, 0);
    assert_false(lag.is_in_status);
    lag = cuvee__proc_rss_lag_of("6.12.1", 64);
    assert_int_equal(lag.process_pages, 3 * 64 * 127);
    assert_true(lag.is_in_status);
    lag = cuvee__proc_rss_lag_of("6.1.0-31-amd64", 64);
    assert_int_equal(lag.process_pages, 0);
    assert_int_equal(lag.thread_pages, 65);
    assert_int_equal(cuvee__proc_rss_lag_of("7.0", 1).process_pages, 3 * 31);

    enum { PAGES = 256 };
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t batch = n > 16 ? 2 * (size_t)n : 32, bytes = PAGES * page_kb() * 1024;
    lag = cuvee__proc_rss_lag();
    if (n > 64 || !lag.process_pages)
        skip(); /* shares of threads; or larger than the memory here */
    struct cpu_list own;
    long reached = 0, n_own = 0;
    cuvee__cpu_list_own(&own);
    for (unsigned cpu = 0; cpu < CUVEE__CPU_LIST_MAX; cpu++) {
        if (!cpu_list_has(&own, cpu)) continue;
        struct cpu_list one = {{0}};
        one.bits[cpu / 64] = (uint64_t)1 << cpu % 64;
        if (!cuvee__cpu_list_apply(&one)) continue;
        n_own++;
        for (int kind = 0; kind < 2; kind++) {
            char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                MAP_ANONYMOUS | (kind ? MAP_SHARED : MAP_PRIVATE), -1, 0);
            assert_true(memory != MAP_FAILED);
            madvise(memory, bytes, MADV_NOHUGEPAGE);
            fill_a_share(memory, PAGES, batch);
            const long now = lag_kb();
            reached = now > reached ? now : reached;
        }
    }
    cuvee__cpu_list_apply(&own);
    const long most = (long)(lag.process_pages * page_kb());
    if (reached > most) fail_msg("%ld KiB behind, %ld at most", reached, most);
    /* Two of three counters were filled: what is said is no more than needed. */
    if (reached * 3 * n < most * n_own) fail_msg("%ld KiB behind of %ld", reached, most);
}

static void test_own(void **state)
{
    (void)state;
    struct proc_stat s;
    struct proc_memory m;
    int hold[2], pids[64];
    assert_int_equal(pipe(hold), 0);
    const pid_t child = fork();
    if (child == 0) {
        char byte;
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    assert_true(cuvee__proc_stat_read(child, &s));
    assert_int_equal(s.ppid, getpid());
    assert_true(cuvee__proc_memory_read(getpid(), &m));
    assert_true(m.pss > 0 && m.rss >= m.pss);
    assert_true(cuvee__proc_shared_pages(getpid()) > 0);
    const size_t n = cuvee__proc_children(getpid(), pids, 64);
    assert_int_equal(n, 1);
    assert_int_equal(pids[0], child);
    close(hold[1]);
    waitpid(child, NULL, 0);
    assert_false(cuvee__proc_stat_read(child, &s));
}

/* A file that stays open is of one process, whoever comes after it. */
static void test_again(void **state)
{
    (void)state;
    struct proc_stat s;
    int hold[2], last;
    assert_int_equal(pipe(hold), 0);
    const int load = open("/proc/loadavg", O_RDONLY);
    const pid_t child = fork();
    if (child == 0) {
        char byte;
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    /* Others may have forked since. */
    assert_true(cuvee__proc_last_pid_read_again(load, &last) && last > 0);
    const int fd = cuvee__proc_stat_open(child);
    assert_true(fd >= 0);
    for (int i = 0; i < 2; i++) {
        assert_true(cuvee__proc_stat_read_again(fd, &s));
        assert_int_equal(s.pid, child);
    }
    close(hold[1]);
    waitpid(child, NULL, 0);
    assert_false(cuvee__proc_stat_read_again(fd, &s));
    close(fd);
    close(load);
}

static void test_cpu_times(void **state)
{
    (void)state;
    const char text[] = "cpu  10 20 30 400 50 6 7 8 0 0\n"
                        "cpu0 5 10 15 100 20 3 3 4 0 0\ncpu1 5 10 15 300 30 3 4 4 0 0\n"
                        "intr 12 0\nctxt 5\n";
    const uint64_t tick_us = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    struct proc_cpu_times t;
    struct cpu_list second;
    assert_true(cuvee__proc_cpu_times_parse(text, NULL, &t));
    assert_int_equal(t.busy_us, (10 + 20 + 30 + 6 + 7) * tick_us);
    assert_int_equal(t.steal_us, 8 * tick_us);
    assert_int_equal(t.idle_us, 450 * tick_us);
    assert_true(cuvee__cpu_list_parse("1,7", &second));
    assert_true(cuvee__proc_cpu_times_parse(text, &second, &t));
    assert_int_equal(t.idle_us, 330 * tick_us);
    assert_false(cuvee__proc_cpu_times_parse("intr 12\n", NULL, &t));
    /* What the kernel itself says. */
    assert_true(cuvee__proc_cpu_times_read(NULL, &t));
    assert_true(t.busy_us > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),    cmocka_unit_test(test_memory),
        cmocka_unit_test(test_rss_lag), cmocka_unit_test(test_own),
        cmocka_unit_test(test_again),   cmocka_unit_test(test_cpu_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
