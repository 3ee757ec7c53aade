/* SPDX-License-Identifier: Apache-2.0
 *
 * os/proc_files: names that look like fields, numbers of every size, processes of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stat), cmocka_unit_test(test_memory),
                                       cmocka_unit_test(test_own), cmocka_unit_test(test_again),
                                       cmocka_unit_test(test_cpu_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
