/* SPDX-License-Identifier: Apache-2.0
 *
 * python_host [--python PATH]: what it costs to call a Python function, in both hosts: 32 texts of
 * 245 bytes to a list of 32 dicts, from the dispatcher's take-up to columns; beside it the time of
 * two threads that wake each other. And memory over many calls, good and raising. */
#define _DEFAULT_SOURCE /* mkstemps */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "os/clock.h"
#include "os/memory.h"
#include "python/host.h"
#include "samples.h"

enum { TEXTS = 32, BYTES = 245, CALLS = 20000, GOOD = 200000, RAISING = 20000, MAX_CALLERS = 8 };

static const char script_text[] =
    "import time\n"
    "MAX_CONCURRENCY = 8\n"
    "def process_batch(texts):\n"
    "    if texts[0] == 'raise': raise ValueError('no')\n"
    "    if texts[0] == 'sleep': time.sleep(0.005)\n"
    "    return [{'label': 'POSITIVE', 'score': 0.5} for _ in texts]\n";

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

static double grown_mb(struct host *host, const char *first, int n_calls)
{
    seconds_of(host, first, 1, n_calls / 20);
    const uint64_t before = cuvee__memory_pss();
    seconds_of(host, first, 1, n_calls);
    return ((double)cuvee__memory_pss() - (double)before) / 1e6;
}

static void run_host(const struct host_ops *ops, const struct interpreter *python,
                     const char *script)
{
    struct script_labels labels;
    struct script_facts facts = {0};
    struct host *host = NULL;
    cuvee_error err = {0};
    if (cuvee__script_labels_init(&labels, &err) < 0) exit(1);
    const struct host_setup setup = {.script = script, .python = python, .labels = &labels};
    if (ops->open(&setup, &facts, &host, &err) < 0) {
        printf("%-8s skipped: %s\n", ops->name, err.msg);
        cuvee__script_labels_deinit(&labels);
        return;
    }
    printf("%-8s 1 caller: p50 %.1f us; wake-up there and back %.1f us\n", ops->name,
           median_us(host, 1), round_trip_us());
    printf("%-8s 8 callers: p50 %.1f us each\n", ops->name, median_us(host, MAX_CALLERS));
    const double one = seconds_of(host, "sleep", 1, 100),
                 eight = seconds_of(host, "sleep", MAX_CALLERS, 100);
    printf("%-8s sleeping 5 ms: 8 callers do %.2f times the work of one\n", ops->name,
           8 * one / eight);
    if (ops == &cuvee__host_embed)
        printf("%-8s memory: %+.2f MB over %d calls, %+.2f MB over %d that raise\n", ops->name,
               grown_mb(host, NULL, GOOD), GOOD, grown_mb(host, "raise", RAISING), RAISING);
    ops->close(host);
    cuvee__free(facts.info);
    cuvee__script_labels_deinit(&labels);
}

int main(int argc, char **argv)
{
    static char bytes[BYTES + 1];
    char script[] = "/tmp/cuvee-bench-XXXXXX.py";
    struct interpreter python;
    cuvee_error err = {0};
    const char *wanted = argc == 3 && strcmp(argv[1], "--python") == 0 ? argv[2] : NULL;
    if (argc != 1 && !wanted) {
        fputs("usage: python_host [--python PATH]\n", stderr);
        return 2;
    }
    if (cuvee__interpreter_find(wanted, &python, &err) < 0) {
        fprintf(stderr, "python_host: %s\n", err.msg);
        return 1;
    }
    const int fd = mkstemps(script, 3);
    if (fd < 0 || write(fd, script_text, sizeof script_text - 1) < 0) return 1;
    close(fd);
    memset(bytes, 'w', BYTES);
    for (size_t i = 0; i < TEXTS; i++) texts[i] = (cuvee_text){bytes, BYTES, NULL, 0};
    printf("Python %s, %s\n", python.version, python.executable);
    run_host(&cuvee__host_embed, &python, script);
    run_host(&cuvee__host_process, &python, script);
    unlink(script);
    cuvee__interpreter_deinit(&python);
    return 0;
}
