/* SPDX-License-Identifier: Apache-2.0
 *
 * python_host [--python PATH] [--host NAME]: what it costs to call a Python function, in each host:
 * 32 texts of 245 bytes to a list of 32 dicts, from the dispatcher's take-up to columns; beside it
 * the time of two threads that wake each other. Then memory over many calls, good and raising, and
 * beside that of a bare Python with the same script; and how long a crash of a worker takes.
 *
 * A process runs one Python, so each host has a process of its own: this program again. MetaCall's
 * library is the one that CUVEE_METACALL_LIBRARY names; a stand-in has costs of its own. */
#define _DEFAULT_SOURCE /* mkstemps */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "os/clock.h"
#include "os/cpu.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/proc_files.h"
#include "os/subprocess.h"
#include "python/host.h"
#include "python/worker_process.h"
#include "samples.h"

enum { TEXTS = 32, BYTES = 245, CALLS = 20000, GOOD = 200000, RAISING = 20000, MAX_CALLERS = 8 };
enum { FEW = 1000, CRASHES = 20 };

/* "die" kills the worker once, and leaves the time of that in the file that argv[1] names. */
static const char script_text[] =
    "import os, sys, time\n"
    "MAX_CONCURRENCY = 8\n"
    "def process_batch(texts):\n"
    "    if texts[0] == 'raise': raise ValueError('no')\n"
    "    if texts[0] == 'sleep': time.sleep(0.005)\n"
    "    if texts[0] == 'die' and not os.path.exists(sys.argv[1]):\n"
    "        with open(sys.argv[1], 'w') as f: f.write(str(time.monotonic_ns()))\n"
    "        os.kill(os.getpid(), 9)\n"
    "    return [{'label': 'POSITIVE', 'score': 0.5} for _ in texts]\n";

/* The same calls without any of us; prints the PSS in kB. */
static const char bare_text[] =
    "import sys\n"
    "space = {'__name__': 'script'}\n"
    "with open(sys.argv[1]) as f: exec(compile(f.read(), sys.argv[1], 'exec'), space)\n"
    "for _ in range(1000): space['process_batch'](['w' * 245 for _ in range(32)])\n"
    "with open('/proc/self/smaps_rollup') as f:\n"
    "    print(next(line.split()[1] for line in f if line.startswith('Pss:')))\n";

/* ---- waking a thread ---- */

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *answer(void *arg)
{
    for (int i = 0; i < CALLS / 4; i++) {
        pthread_mutex_lock(&mu);
        while (turn != 1) pthread_cond_wait(&cond, &mu);
        turn = 0;
        pthread_cond_signal(&cond);
        pthread_mutex_unlock(&mu);
    }
    return arg;
}

static double round_trip_us(void)
{
    static double us[CALLS / 4];
    pthread_t other;
    if (pthread_create(&other, NULL, answer, NULL)) return 0;
    for (int i = 0; i < CALLS / 4; i++) {
        const uint64_t start = cuvee__clock_ns();
        pthread_mutex_lock(&mu);
        turn = 1;
        pthread_cond_signal(&cond);
        while (turn != 0) pthread_cond_wait(&cond, &mu);
        pthread_mutex_unlock(&mu);
        us[i] = (double)(cuvee__clock_ns() - start) / 1e3;
    }
    pthread_join(other, NULL);
    return samples_median(&(struct samples){us, CALLS / 4, CALLS / 4});
}

/* ---- calls ---- */

static cuvee_text texts[TEXTS];

struct caller {
    struct host *host;
    const char *first;
    int n_calls;
    double *us;               /* (n_calls), or NULL */
    pthread_barrier_t *ready; /* waited for when the caller is open, or NULL */
};

static void *make_calls(void *arg)
{
    const struct caller *c = arg;
    struct external_rows rows = {0};
    cuvee_text own[TEXTS];
    void *handle;
    memcpy(own, texts, sizeof own);
    if (c->first) own[0] = (cuvee_text){c->first, strlen(c->first), NULL, 0};
    if (c->host->ops->open_caller(c->host, &handle, NULL) < 0) exit(1);
    if (c->ready) pthread_barrier_wait(c->ready);
    for (int i = 0; i < c->n_calls; i++) {
        const uint64_t start = cuvee__clock_ns();
        c->host->ops->call(handle, own, TEXTS, 0, &rows);
        if (c->us) c->us[i] = (double)(cuvee__clock_ns() - start) / 1e3;
        if (rows.n != TEXTS) exit(1);
    }
    c->host->ops->close_caller(handle);
    cuvee__external_rows_deinit(&rows);
    return NULL;
}

/* Median of all calls of n threads. */
static double median_us(struct host *host, int n)
{
    static double us[MAX_CALLERS * CALLS];
    pthread_t threads[MAX_CALLERS];
    struct caller callers[MAX_CALLERS];
    for (int i = 0; i < n; i++) {
        callers[i] = (struct caller){host, NULL, CALLS, us + i * CALLS, NULL};
        if (pthread_create(&threads[i], NULL, make_calls, &callers[i])) exit(1);
    }
    for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
    const size_t n_us = (size_t)n * CALLS;
    return samples_median(&(struct samples){us, n_us, n_us});
}

/* Of n_calls calls of each of the threads, once all callers are open. */
static double seconds_of(struct host *host, const char *first, int n_threads, int n_calls)
{
    pthread_t threads[MAX_CALLERS];
    struct caller callers[MAX_CALLERS];
    pthread_barrier_t ready;
    if (pthread_barrier_init(&ready, NULL, (unsigned)n_threads + 1)) exit(1);
    for (int i = 0; i < n_threads; i++) {
        callers[i] = (struct caller){host, first, n_calls, NULL, &ready};
        if (pthread_create(&threads[i], NULL, make_calls, &callers[i])) exit(1);
    }
    pthread_barrier_wait(&ready);
    const uint64_t start = cuvee__clock_ns();
    for (int i = 0; i < n_threads; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&ready);
    return (double)(cuvee__clock_ns() - start) / 1e9;
}

/* Ours and our workers', in bytes. */
static double footprint(void)
{
    return (double)cuvee__memory_pss() +
           1024.0 * (double)cuvee__proc_descendants_pss((int)cuvee__process_id());
}

/* One caller throughout: one worker, in the process host. */
static double grown_mb(struct host *host, const char *first, int n_calls)
{
    void *handle;
    struct external_rows rows = {0};
    cuvee_text own[TEXTS];
    double before = 0;
    memcpy(own, texts, sizeof own);
    if (first) own[0] = (cuvee_text){first, strlen(first), NULL, 0};
    if (host->ops->open_caller(host, &handle, NULL) < 0) exit(1);
    for (int i = -n_calls / 20; i < n_calls; i++) {
        if (i == 0) before = footprint();
        host->ops->call(handle, own, TEXTS, 0, &rows);
    }
    const double grown = footprint() - before;
    host->ops->close_caller(handle);
    cuvee__external_rows_deinit(&rows);
    return grown / 1e6;
}

/* ---- one host, in this process ---- */

struct plan {
    const struct host_ops *ops;
    struct interpreter python;
    const char *wanted; /* --python, or NULL */
    char script[40], time_file[48];
    const char *args[1];
    struct script_labels labels;
};

static void make_setup(struct plan *p, struct host_setup *setup)
{
    if (cuvee__script_labels_init(&p->labels, NULL) < 0) exit(1);
    *setup = (struct host_setup){.script = p->script,
                                 .args = p->args,
                                 .n_args = 1,
                                 .python = &p->python,
                                 .labels = &p->labels};
}

static struct host *open_host(struct plan *p)
{
    struct host_setup setup;
    struct script_facts facts = {0};
    struct host *host = NULL;
    cuvee_error err = {0};
    make_setup(p, &setup);
    if (p->ops->open(&setup, &facts, &host, &err) < 0) {
        printf("%-8s skipped: %s\n", p->ops->name, err.msg);
        return NULL;
    }
    return host;
}

static double cpu_us(int who)
{
    struct rusage u;
    if (getrusage(who, &u)) return 0;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* And what CPU time each call takes, the start of its worker included: with as many callers as here
 * cores are busy all the time, so a call takes that much, times callers, over cores. */
static void print_many(struct host *host)
{
    const double ours = cpu_us(RUSAGE_SELF), theirs = cpu_us(RUSAGE_CHILDREN);
    const double us = median_us(host, MAX_CALLERS), n = MAX_CALLERS * CALLS;
    const double our_us = (cpu_us(RUSAGE_SELF) - ours) / n,
                 their_us = (cpu_us(RUSAGE_CHILDREN) - theirs) / n;
    const unsigned cores = cuvee__cpu_default_workers();
    printf("%-8s 8 callers: p50 %.1f us each; CPU %.1f us a call, %.1f us in workers; on %u cores "
           "that is %.1f us\n",
           host->ops->name, us, our_us, their_us, cores, MAX_CALLERS * (our_us + their_us) / cores);
}

static void print_times(struct host *host)
{
    const char *name = host->ops->name;
    printf("%-8s 1 caller: p50 %.1f us; wake-up there and back %.1f us\n", name, median_us(host, 1),
           round_trip_us());
    print_many(host);
    const double one = seconds_of(host, "sleep", 1, 100),
                 eight = seconds_of(host, "sleep", MAX_CALLERS, 100);
    printf("%-8s sleeping 5 ms: 8 callers do %.2f times the work of one\n", name, 8 * one / eight);
}

static void print_growth(struct host *host)
{
    printf("%-8s memory: %+.2f MB over %d calls, %+.2f MB over %d that raise\n", host->ops->name,
           grown_mb(host, NULL, GOOD), GOOD, grown_mb(host, "raise", RAISING), RAISING);
}

/* In a process that does nothing else: for print_bridge(). */
static void print_footprint(struct host *host)
{
    void *handle;
    struct external_rows rows = {0};
    if (host->ops->open_caller(host, &handle, NULL) < 0) exit(1);
    for (int i = 0; i < FEW; i++) host->ops->call(handle, texts, TEXTS, 0, &rows);
    printf("%.0f\n", footprint() / 1024);
    host->ops->close_caller(handle);
    cuvee__external_rows_deinit(&rows);
}

/* ---- other processes ---- */

/* What a program prints, as a number; below 0: it failed. */
static double number_of(const char *const *argv)
{
    struct buffer said = {.cap_bytes = 4096};
    int status = 0;
    double number = -1;
    if (cuvee__subprocess_capture(argv, 100000, &said, &status, NULL) == CUVEE_OK && status == 0 &&
        cuvee__buffer_append_char(&said, '\0') == CUVEE_OK)
        number = strtod(said.ptr, NULL);
    cuvee__buffer_deinit(&said);
    return number;
}

static void print_bridge(const struct plan *p)
{
    const char *const bare[] = {p->python.executable, "-c", bare_text, p->script,
                                p->time_file,         NULL};
    const char *const ours[] = {"/proc/self/exe", "--python",   p->python.executable,
                                "--footprint",    p->ops->name, NULL};
    const double bare_kb = number_of(bare), ours_kb = number_of(ours);
    if (bare_kb <= 0 || ours_kb <= 0) return; /* why is said when the host is opened */
    printf("%-8s memory: %.1f MB, a bare Python with this script %.1f MB: %+.1f MB\n", p->ops->name,
           ours_kb / 1024, bare_kb / 1024, (ours_kb - bare_kb) / 1024);
}

/* ---- crashes ---- */

/* Since the worker killed itself; the file that says so is gone then. */
static double ms_since_kill(const struct plan *p)
{
    const uint64_t now = cuvee__clock_ns();
    char text[32] = "";
    FILE *f = fopen(p->time_file, "r");
    if (!f || !fgets(text, sizeof text, f)) exit(1);
    fclose(f);
    unlink(p->time_file);
    return (double)(now - strtoull(text, NULL, 10)) / 1e6;
}

/* A worker alone: its start, and when it is seen that it has died. */
static void time_deaths(struct plan *p, struct samples *starts, struct samples *seen)
{
    const cuvee_text die = {"die", 3, NULL, 0};
    struct external_rows rows = {0};
    struct worker_process worker;
    struct host_setup setup;
    make_setup(p, &setup);
    for (int i = 0; i < CRASHES; i++) {
        const uint64_t start = cuvee__clock_ns();
        if (cuvee__worker_process_start(&worker, &setup, NULL) < 0 ||
            cuvee__worker_process_await(&worker, &setup, NULL, NULL) < 0)
            exit(1);
        samples_add(starts, (double)(cuvee__clock_ns() - start) / 1e6);
        if (cuvee__external_rows_begin(&rows, 1) < 0 ||
            cuvee__worker_process_call(&worker, &p->labels, &die, 1, 0, &rows, 0) != WORKER_DIED)
            exit(1);
        samples_add(seen, ms_since_kill(p));
        cuvee__worker_process_kill(&worker, NULL);
    }
    cuvee__external_rows_deinit(&rows);
    cuvee__script_labels_deinit(&p->labels);
}

/* The host: from the death to the answer of the next worker. */
static void time_recoveries(struct host *host, const struct plan *p, struct samples *served)
{
    const cuvee_text die = {"die", 3, NULL, 0};
    struct external_rows rows = {0};
    void *handle;
    if (host->ops->open_caller(host, &handle, NULL) < 0) exit(1);
    for (int i = 0; i < CRASHES; i++) {
        host->ops->call(handle, &die, 1, 0, &rows);
        samples_add(served, ms_since_kill(p));
        if (rows.status[0] != CUVEE_OK) exit(1);
    }
    host->ops->close_caller(handle);
    cuvee__external_rows_deinit(&rows);
}

static void print_crashes(struct plan *p)
{
    struct samples starts = {0}, seen = {0}, served = {0};
    time_deaths(p, &starts, &seen);
    struct host *host = open_host(p);
    if (!host) return;
    time_recoveries(host, p, &served);
    host->ops->close(host);
    cuvee__script_labels_deinit(&p->labels);
    printf("%-8s crash: seen after %.1f ms (at most %.1f), the next worker has answered after %.1f "
           "ms (%.1f); a start takes %.1f ms (%.1f)\n",
           p->ops->name, samples_median(&seen), samples_quantile(&seen, 1), samples_median(&served),
           samples_quantile(&served, 1), samples_median(&starts), samples_quantile(&starts, 1));
    samples_deinit(&starts);
    samples_deinit(&seen);
    samples_deinit(&served);
}

/* ---- the program ---- */

static void run_host(struct plan *p, bool only_footprint)
{
    /* Before there is a Python here, with which theirs would share pages. */
    if (!only_footprint) print_bridge(p);
    struct host *host = open_host(p);
    if (!host) return;
    if (only_footprint) {
        print_footprint(host);
    } else {
        print_times(host);
        print_growth(host);
    }
    host->ops->close(host);
    cuvee__script_labels_deinit(&p->labels);
    if (!only_footprint && p->ops == &cuvee__host_process) print_crashes(p);
}

static void run_all(const struct plan *p)
{
    static const char *const hosts[] = {"embed", "process", "metacall"};
    for (size_t i = 0; i < 3; i++) {
        const char *const argv[] = {"/proc/self/exe", "--python", p->python.executable,
                                    "--host",         hosts[i],   NULL};
        struct buffer said = {.cap_bytes = 1 << 16};
        int status = 0;
        if (cuvee__subprocess_capture(argv, 600000, &said, &status, NULL) < 0 || status)
            printf("%s: ended with status %d\n", hosts[i], status);
        printf("%.*s", (int)said.len, said.len ? said.ptr : "");
        fflush(stdout);
        cuvee__buffer_deinit(&said);
    }
}

static const struct host_ops *host_named(const char *name)
{
    const struct host_ops *const hosts[] = {&cuvee__host_embed, &cuvee__host_process,
                                            &cuvee__host_metacall};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(hosts[i]->name, name) == 0) return hosts[i];
    return NULL;
}

static bool read_options(int argc, char **argv, struct plan *p, bool *only_footprint)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return false;
        if (strcmp(argv[i], "--python") == 0) {
            p->wanted = argv[i + 1];
            continue;
        }
        *only_footprint = strcmp(argv[i], "--footprint") == 0;
        if (!*only_footprint && strcmp(argv[i], "--host") != 0) return false;
        p->ops = host_named(argv[i + 1]);
        if (!p->ops) return false;
    }
    return true;
}

static int write_script(struct plan *p)
{
    snprintf(p->script, sizeof p->script, "/tmp/cuvee-bench-XXXXXX.py");
    const int fd = mkstemps(p->script, 3);
    if (fd < 0 || write(fd, script_text, sizeof script_text - 1) < 0) return -1;
    snprintf(p->time_file, sizeof p->time_file, "%s.time", p->script);
    p->args[0] = p->time_file;
    return close(fd);
}

int main(int argc, char **argv)
{
    static char bytes[BYTES + 1];
    struct plan p = {0};
    bool only_footprint = false;
    cuvee_error err = {0};
    if (!read_options(argc, argv, &p, &only_footprint)) {
        fputs("usage: python_host [--python PATH] [--host embed|process|metacall]\n", stderr);
        return 2;
    }
    if (cuvee__interpreter_find(p.wanted, &p.python, &err) < 0) {
        fprintf(stderr, "python_host: %s\n", err.msg);
        return 1;
    }
    if (write_script(&p) < 0) return 1;
    memset(bytes, 'w', BYTES);
    for (size_t i = 0; i < TEXTS; i++) texts[i] = (cuvee_text){bytes, BYTES, NULL, 0};
    if (p.ops) {
        run_host(&p, only_footprint);
    } else {
        printf("Python %s, %s\n", p.python.version, p.python.executable);
        fflush(stdout);
        run_all(&p);
    }
    unlink(p.script);
    cuvee__interpreter_deinit(&p.python);
    return 0;
}
