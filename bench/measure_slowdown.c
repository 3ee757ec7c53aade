/* SPDX-License-Identifier: Apache-2.0
 *
 * measure_slowdown CUVEE [PROCESSES [MIB_EACH [WINDOWS [PERCENT [FILE]]]]]: how much a command is
 * slowed by being measured. The command is this program again: processes that each hold memory, and
 * walk through it as fast as they can; they count its pages in shared memory. `cuvee measure`
 * follows them, with a budget of PERCENT of a core; every 250 ms its meter is stopped or goes on,
 * and each window with it is compared with the two windows beside it without: a machine drifts, but
 * not within a second. FILE has the windows of earlier runs, and gets those of this one: a machine
 * is not quiet for long. Beside the slowdown stands what meter and reader ran themselves: the rest
 * is what they did to others, by switching, by caches, by locks. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "report/stats.h"

enum {
    MAX_PROCESSES = 64,
    WINDOW_MS = 250,
    SETTLE_MS = 30000 /* what it has at the start is used up */,
    MAX_WINDOWS = 1000,
    MAX_POOLED = 100000
};

/* On a cache line each. */
struct counter {
    _Alignas(64) _Atomic uint64_t pages;
};

static void rest_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) {
    }
}

/* ---- the command ---- */

/* Counted often: what is under way as a window ends must not matter. */
static void walk(unsigned char *memory, size_t bytes, struct counter *c)
{
    enum { PAGE = 4096, COUNTED = 256 };
    for (unsigned k = 0;; k++)
        for (size_t page = 0; page < bytes / PAGE; page++) {
            memory[page * PAGE + (k % 64) * 64]++;
            if (page % COUNTED == 0)
                atomic_fetch_add_explicit(&c->pages, COUNTED, memory_order_relaxed);
        }
}

static struct counter *map_counters(const char *file)
{
    const int fd = open(file, O_RDWR);
    void *map = mmap(NULL, MAX_PROCESSES * sizeof(struct counter), PROT_READ | PROT_WRITE,
                     MAP_SHARED, fd, 0);
    if (fd < 0 || map == MAP_FAILED) exit(1);
    close(fd);
    return map;
}

static int work(const char *file, int n_processes, size_t bytes)
{
    struct counter *counters = map_counters(file);
    for (int i = 0; i < n_processes; i++) {
        if (fork() != 0) continue;
        unsigned char *memory = malloc(bytes);
        if (!memory) exit(1);
        memset(memory, 1, bytes);
        walk(memory, bytes, &counters[i]);
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}

/* ---- the bench ---- */

static uint64_t total(const struct counter *counters)
{
    uint64_t sum = 0;
    for (int i = 0; i < MAX_PROCESSES; i++)
        sum += atomic_load_explicit(&counters[i].pages, memory_order_relaxed);
    return sum;
}

static pid_t only_child(pid_t pid)
{
    char path[64];
    long child = 0;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    if (fscanf(f, "%ld", &child) != 1) child = 0;
    fclose(f);
    return (pid_t)child;
}

/* How long a process of one thread has run. */
static double ran_s(pid_t pid)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    if (fscanf(f, "%llu", &ns) != 1) ns = 0;
    fclose(f);
    return (double)ns / 1e9;
}

/* Pages per second of a window. */
static double rate(const struct counter *counters)
{
    const uint64_t start = total(counters), start_ns = cuvee__clock_ns();
    rest_ms(WINDOW_MS);
    const uint64_t end = total(counters), end_ns = cuvee__clock_ns();
    return (double)(end - start) / ((double)(end_ns - start_ns) / 1e9);
}

static pid_t start_measured(const char *cuvee, const char *self, int n_processes, int mib,
                            double percent, const char *file, const char *json)
{
    char processes[16], mib_each[16], budget[32];
    /* Off half of the time, it may use what it has saved then: half the budget is the whole. */
    snprintf(budget, sizeof budget, "%.6f", percent / 2);
    snprintf(processes, sizeof processes, "%d", n_processes);
    snprintf(mib_each, sizeof mib_each, "%d", mib);
    const pid_t pid = fork();
    if (pid == 0) {
        execl(cuvee, cuvee, "measure", "-q", "--pss-budget", budget, "-o", json, "--", self,
              "--work", file, processes, mib_each, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void tell(double *slowdowns, size_t n)
{
    struct stats_interval interval;
    cuvee__stats_sort(slowdowns, n);
    printf("slowdown by being measured: median %.2f %%, middle half %.2f to %.2f %%",
           cuvee__stats_median(slowdowns, n), cuvee__stats_quantile(slowdowns, n, 0.25),
           cuvee__stats_quantile(slowdowns, n, 0.75));
    if (cuvee__stats_quantile_interval(slowdowns, n, 0.5, 0.95, &interval))
        printf("; the median is within %.2f to %.2f %% (95 %%)", interval.low, interval.high);
    printf("; %zu windows of %d ms\n", n, WINDOW_MS);
}

/* Those of earlier runs come to ours, ours to theirs. Returns how many there are. */
static size_t pool(const char *path, double *slowdowns, size_t n)
{
    FILE *f = fopen(path, "a+e");
    if (!f) return n;
    rewind(f);
    size_t all = n;
    while (all < MAX_POOLED && fscanf(f, "%lf", &slowdowns[all]) == 1) all++;
    fseek(f, 0, SEEK_END);
    for (size_t i = 0; i < n; i++) fprintf(f, "%.4f\n", slowdowns[i]);
    fclose(f);
    return all;
}

static int bench(const char *cuvee, const char *self, int n_processes, int mib, int n_windows,
                 double percent, const char *pooled)
{
    static double rates[2 * MAX_WINDOWS + 1], slowdowns[MAX_POOLED];
    char file[] = "/tmp/cuvee-slowdown-XXXXXX", json[64];
    const int fd = mkstemp(file);
    if (fd < 0 || ftruncate(fd, MAX_PROCESSES * sizeof(struct counter)) < 0) return 1;
    close(fd);
    snprintf(json, sizeof json, "%s.json", file);
    struct counter *counters = map_counters(file);
    const pid_t measure = start_measured(cuvee, self, n_processes, mib, percent, file, json);
    rest_ms(SETTLE_MS);
    const pid_t meter = only_child(measure), command = only_child(meter);
    if (!meter || !command) {
        fprintf(stderr, "measure_slowdown: no meter to be found\n");
        kill(measure, SIGTERM);
        return 1;
    }
    const double before_s = ran_s(meter) + ran_s(measure);
    /* off, on, off, .., off */
    for (int i = 0; i <= 2 * n_windows; i++) {
        kill(meter, i % 2 ? SIGCONT : SIGSTOP);
        rates[i] = rate(counters);
    }
    const double on_s = WINDOW_MS / 1e3 * n_windows,
                 own = (ran_s(meter) + ran_s(measure) - before_s) / on_s;
    kill(meter, SIGCONT);
    kill(measure, SIGTERM); /* it ends the whole tree */
    waitpid(measure, NULL, 0);
    for (int i = 0; i < n_windows; i++) {
        const double beside = (rates[2 * i] + rates[2 * i + 2]) / 2;
        slowdowns[i] = 100 * (1 - rates[2 * i + 1] / beside);
    }
    const size_t n = pooled ? pool(pooled, slowdowns, (size_t)n_windows) : (size_t)n_windows;
    tell(slowdowns, n);
    unlink(file);
    printf("meter and reader ran for %.2f %% of a core, of %ld\n", 100 * own,
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("the meter's own figures: jq .self %s\n", json);
    return 0;
}

/* 0: no number from 1 to most. */
static int number(const char *text, int most)
{
    char *end;
    const long n = strtol(text, &end, 10);
    return *text && !*end && n >= 1 && n <= most ? (int)n : 0;
}

int main(int argc, char **argv)
{
    enum { MAX_MIB = 65536 };
    const bool is_work = argc == 5 && strcmp(argv[1], "--work") == 0;
    const int n_processes = number(argc > 3 - !is_work ? argv[3 - !is_work] : "16", MAX_PROCESSES),
              mib = number(argc > 4 - !is_work ? argv[4 - !is_work] : "256", MAX_MIB),
              n_windows = number(argc > 4 && !is_work ? argv[4] : "100", MAX_WINDOWS);
    const double percent = argc > 5 && !is_work ? strtod(argv[5], NULL) : 1;
    if (argc < 2 || !n_processes || !mib || !n_windows || !(percent > 0 && percent <= 100)) {
        fprintf(
            stderr,
            "usage: measure_slowdown CUVEE [PROCESSES [MIB_EACH [WINDOWS [PERCENT [FILE]]]]]\n");
        return 2;
    }
    if (is_work) return work(argv[2], n_processes, (size_t)mib << 20);
    return bench(argv[1], argv[0], n_processes, mib, n_windows, percent, argc > 6 ? argv[6] : NULL);
}
