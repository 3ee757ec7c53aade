/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* getdents by syscall */
#include "os/proc_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MAX_THREADS = 512 };

/* A file of /proc into room - 1 bytes, NUL-terminated; 0 when it cannot be read. */
static size_t read_file(const char *path, char *to, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    size_t len = 0;
    for (ssize_t n; len < room - 1 && (n = read(fd, to + len, room - 1 - len)) > 0;)
        len += (size_t)n;
    close(fd);
    to[len] = '\0';
    return len;
}

/* ---- stat ---- */

bool cuvee__proc_stat_parse(const char *text, size_t len, struct proc_stat *ret)
{
    const char *open_paren = memchr(text, '(', len), *close_paren = NULL;
    for (size_t i = len; i > 0 && !close_paren; i--)
        if (text[i - 1] == ')') close_paren = text + i - 1;
    if (!open_paren || !close_paren || close_paren < open_paren) return false;
    *ret = (struct proc_stat){.pid = (int)strtol(text, NULL, 10)};
    size_t n = (size_t)(close_paren - open_paren - 1);
    if (n > CUVEE__COMM_BYTES - 1) n = CUVEE__COMM_BYTES - 1;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)open_paren[1 + i];
        ret->comm[i] = c <= ' ' || c == 0x7F ? '?' : (char)c;
    }
    unsigned long long minor, child_minor, major, child_major, user, system, start;
    long long threads, pages;
    /* state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime cutime
     * cstime priority nice num_threads itrealvalue starttime vsize rss */
    const int got =
        sscanf(close_paren + 1,
               " %c %d %*d %*d %*d %*d %*u %llu %llu %llu %llu %llu %llu %*d %*d %*d %*d "
               "%lld %*d %llu %*u %lld",
               &ret->state, &ret->ppid, &minor, &child_minor, &major, &child_major, &user, &system,
               &threads, &start, &pages);
    if (got != 11) return false;
    ret->minor_faults = minor;
    ret->major_faults = major;
    ret->waited_faults = child_minor + child_major;
    ret->user_ticks = user;
    ret->system_ticks = system;
    ret->threads = (uint64_t)threads;
    ret->start = start;
    ret->resident_pages = pages > 0 ? (uint64_t)pages : 0;
    return true;
}

bool cuvee__proc_stat_read(int pid, struct proc_stat *ret)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const size_t len = read_file(path, text, sizeof text);
    return len && cuvee__proc_stat_parse(text, len, ret);
}

int cuvee__proc_stat_open(int pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool cuvee__proc_stat_read_again(int fd, struct proc_stat *ret)
{
    char text[1024];
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0) return false;
    text[n] = '\0';
    return cuvee__proc_stat_parse(text, (size_t)n, ret);
}

uint64_t cuvee__proc_shared_pages(int pid)
{
    char path[32], text[128];
    unsigned long long shared = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    if (!read_file(path, text, sizeof text)) return 0;
    return sscanf(text, "%*u %*u %llu", &shared) == 1 ? shared : 0;
}

/* Since 6.2 (f1a7941243c1, "mm: convert mm's rss stats into percpu_counter") there are three such
 * counters, of anonymous memory, files and shared memory; a processor's share of each stays below
 * a batch of max(32, 2 * processors) pages (lib/percpu_counter.c). Before, a thread's shares came
 * to the account with its 65th fault (TASK_RSS_EVENTS_THRESH in mm/memory.c); a fault that brings
 * pages of a file around it counts as one there, and here. Since 6.16 (82241a83cd15) status has the
 * exact sum. */
struct proc_rss_lag cuvee__proc_rss_lag_of(const char *release, uint64_t n_processors)
{
    enum { COUNTERS = 3, LEAST_BATCH = 32, THREAD_FAULTS = 65 };
    unsigned major = 0, minor = 0;
    sscanf(release, "%u.%u", &major, &minor);
    const unsigned version = major * 1000 + minor;
    if (version < 6002) return (struct proc_rss_lag){0, THREAD_FAULTS, true};
    const uint64_t batch = 2 * n_processors > LEAST_BATCH ? 2 * n_processors : LEAST_BATCH;
    return (struct proc_rss_lag){COUNTERS * n_processors * (batch - 1), 0, version < 6016};
}

struct proc_rss_lag cuvee__proc_rss_lag(void)
{
    struct utsname system = {.release = ""};
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    uname(&system);
    return cuvee__proc_rss_lag_of(system.release, n > 0 ? (uint64_t)n : 1);
}

/* ---- memory ---- */

/* "Name:   123 kB" on a line of its own; false when it is not there. */
static bool find_kb(const char *text, const char *name, uint64_t *ret)
{
    const size_t n = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            *ret = strtoull(line + n + 1, NULL, 10);
            return true;
        }
    }
    return false;
}

bool cuvee__proc_memory_parse(const char *rollup, const char *status, struct proc_memory *ret)
{
    uint64_t private_clean = 0, private_dirty = 0, private_huge = 0;
    *ret = (struct proc_memory){0};
    if (!find_kb(rollup, "Rss", &ret->rss) || !find_kb(rollup, "Pss", &ret->pss)) return false;
    find_kb(rollup, "Pss_Anon", &ret->pss_anon);
    find_kb(rollup, "Pss_File", &ret->pss_file);
    find_kb(rollup, "Pss_Shmem", &ret->pss_shmem);
    find_kb(rollup, "SwapPss", &ret->swap_pss);
    find_kb(rollup, "Private_Clean", &private_clean);
    find_kb(rollup, "Private_Dirty", &private_dirty);
    find_kb(rollup, "Private_Hugetlb", &private_huge);
    ret->private_ = private_clean + private_dirty + private_huge;
    find_kb(status, "VmPTE", &ret->page_tables);
    find_kb(status, "VmHWM", &ret->high_water);
    find_kb(status, "VmRSS", &ret->counted_rss);
    return true;
}

bool cuvee__proc_memory_read(int pid, struct proc_memory *ret)
{
    char path[40], rollup[2048], status[4096];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    if (!read_file(path, rollup, sizeof rollup)) return false;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (!read_file(path, status, sizeof status)) status[0] = '\0';
    return cuvee__proc_memory_parse(rollup, status, ret);
}

uint64_t cuvee__proc_high_water(int pid)
{
    char path[40], status[4096];
    uint64_t kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    return read_file(path, status, sizeof status) && find_kb(status, "VmHWM", &kb) ? kb : 0;
}

/* ---- waiting, input and output ---- */

bool cuvee__proc_schedstat_read(int tid, uint64_t *ret_run_ns, uint64_t *ret_wait_ns)
{
    char path[40], text[128];
    unsigned long long run, wait;
    snprintf(path, sizeof path, "/proc/%d/schedstat", tid);
    if (!read_file(path, text, sizeof text) || sscanf(text, "%llu %llu", &run, &wait) != 2)
        return false;
    *ret_run_ns = run;
    *ret_wait_ns = wait;
    return true;
}

bool cuvee__proc_io_read(int pid, uint64_t *ret_read, uint64_t *ret_written)
{
    char path[40], text[512];
    snprintf(path, sizeof path, "/proc/%d/io", pid);
    return read_file(path, text, sizeof text) && find_kb(text, "read_bytes", ret_read) &&
           find_kb(text, "write_bytes", ret_written);
}

bool cuvee__pressure_read(const char *path, uint64_t *ret_us)
{
    char text[256];
    unsigned long long us;
    if (!read_file(path, text, sizeof text) ||
        sscanf(text, "some avg10=%*f avg60=%*f avg300=%*f total=%llu", &us) != 1)
        return false;
    *ret_us = us;
    return true;
}

/* ---- trees ---- */

struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short bytes;
    unsigned char type;
    char name[];
};

/* Names of a directory that are numbers. opendir() would allocate. */
static size_t list_numbers(const char *path, int *numbers, size_t room)
{
    _Alignas(16) char block[4096];
    size_t n = 0;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    for (long got; (got = syscall(SYS_getdents64, fd, block, sizeof block)) > 0;)
        for (long at = 0; at < got;) {
            const struct directory_entry *entry = (const void *)(block + at);
            at += entry->bytes;
            if (entry->name[0] >= '0' && entry->name[0] <= '9' && n < room)
                numbers[n++] = (int)strtol(entry->name, NULL, 10);
        }
    close(fd);
    return n;
}

bool cuvee__proc_run_wait_read(int pid, uint64_t n_threads, uint64_t *ret_us)
{
    int threads[MAX_THREADS];
    char path[40];
    uint64_t sum = 0, run, wait;
    size_t n_read = 0;
    if (n_threads == 1) { /* no list need be read */
        if (!cuvee__proc_schedstat_read(pid, &run, &wait)) return false;
        *ret_us = wait / 1000;
        return true;
    }
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    const size_t n = list_numbers(path, threads, MAX_THREADS);
    for (size_t i = 0; i < n; i++)
        if (cuvee__proc_schedstat_read(threads[i], &run, &wait)) {
            sum += wait;
            n_read++;
        }
    if (!n_read) return false;
    *ret_us = sum / 1000;
    return true;
}

size_t cuvee__proc_children(int pid, int *pids, size_t room)
{
    int threads[MAX_THREADS];
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    const size_t n_threads = list_numbers(path, threads, MAX_THREADS);
    size_t n = 0;
    for (size_t i = 0; i < n_threads; i++) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, threads[i]);
        if (!read_file(path, text, sizeof text)) continue;
        for (char *at = text, *end; n < room; at = end) {
            const long child = strtol(at, &end, 10);
            if (end == at) break;
            pids[n++] = (int)child;
        }
    }
    return n;
}

uint64_t cuvee__proc_descendants_pss(int pid)
{
    enum { MAX_PROCESSES = 512 };
    int pids[MAX_PROCESSES] = {pid};
    uint64_t sum = 0;
    size_t n = 1;
    for (size_t i = 0; i < n; i++) {
        struct proc_memory memory;
        n += cuvee__proc_children(pids[i], pids + n, MAX_PROCESSES - n);
        if (i && cuvee__proc_memory_read(pids[i], &memory)) sum += memory.pss;
    }
    return sum;
}

bool cuvee__proc_last_pid_read_again(int fd, int *ret)
{
    char text[128];
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0) return false;
    text[n] = '\0';
    return sscanf(text, "%*s %*s %*s %*s %d", ret) == 1;
}

int cuvee__proc_most_pids(void)
{
    char text[32];
    return read_file("/proc/sys/kernel/pid_max", text, sizeof text) ? (int)strtol(text, NULL, 10)
                                                                    : 0;
}

size_t cuvee__proc_all(int *pids, size_t room)
{
    return list_numbers("/proc", pids, room);
}

/* ---- processors ---- */

bool cuvee__proc_cpu_times_parse(const char *text, const struct cpu_list *cpus,
                                 struct proc_cpu_times *ret)
{
    unsigned long long user, nice, system, idle, io_wait, irq, softirq, steal;
    if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle,
               &io_wait, &irq, &softirq, &steal) != 8)
        return false;
    const uint64_t us_per_tick = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    ret->busy_us = (user + nice + system + irq + softirq) * us_per_tick;
    ret->steal_us = steal * us_per_tick;
    ret->idle_us = cpus ? 0 : (idle + io_wait) * us_per_tick;
    for (const char *line = text; cpus && (line = strstr(line, "\ncpu")); line++) {
        unsigned cpu;
        if (sscanf(line, "\ncpu%u %*u %*u %*u %llu %llu", &cpu, &idle, &io_wait) == 3 &&
            cpu < CUVEE__CPU_LIST_MAX && cpu_list_has(cpus, cpu))
            ret->idle_us += (idle + io_wait) * us_per_tick;
    }
    return true;
}

bool cuvee__proc_cpu_times_read(const struct cpu_list *cpus, struct proc_cpu_times *ret)
{
    char text[64 * 1024]; /* of 800 processors */
    return read_file("/proc/stat", text, sizeof text) &&
           cuvee__proc_cpu_times_parse(text, cpus, ret);
}
