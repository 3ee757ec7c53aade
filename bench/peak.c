/* SPDX-License-Identifier: Apache-2.0
 *
 * The sums are named variables, not an array: gcc keeps an array in memory as soon as something
 * opaque touches it, and the loop is then five times too slow without a word. */
#include "peak.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "os/clock.h"
#include "os/thread.h"

enum { MAX_THREADS = 256, STEPS = 20000 };

/* Run STEPS rounds of multiply-adds; returns the floating-point operations done. */
typedef double (*fma_loop)(void);

#if defined(__x86_64__)
#include <immintrin.h>

/* More independent chains than latency x pipes of any CPU so far (5 x 2), and no more than leave a
 * register for the factor. */
#define CHAINS_14(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define CHAINS_24(X)                                                                               \
    CHAINS_14(X) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

static volatile float sink;

__attribute__((target("avx2,fma"))) static double loop_avx2(void)
{
    const __m256 f = _mm256_set1_ps(sink + 0.5f);
#define DECLARE(i) __m256 s##i = _mm256_set1_ps((float)(i));
    CHAINS_14(DECLARE)
    for (size_t k = 0; k < STEPS; k++) {
#define STEP(i) s##i = _mm256_fmadd_ps(s##i, f, f);
        CHAINS_14(STEP)
    }
    __m256 all = f;
#define GATHER(i) all = _mm256_add_ps(all, s##i);
    CHAINS_14(GATHER)
    sink = 0.0f * _mm256_cvtss_f32(all);
    return 14.0 * 8 * 2 * STEPS;
#undef DECLARE
#undef STEP
#undef GATHER
}

__attribute__((target("avx512f"))) static double loop_avx512(void)
{
    const __m512 f = _mm512_set1_ps(sink + 0.5f);
#define DECLARE(i) __m512 s##i = _mm512_set1_ps((float)(i));
    CHAINS_24(DECLARE)
    for (size_t k = 0; k < STEPS; k++) {
#define STEP(i) s##i = _mm512_fmadd_ps(s##i, f, f);
        CHAINS_24(STEP)
    }
    __m512 all = f;
#define GATHER(i) all = _mm512_add_ps(all, s##i);
    CHAINS_24(GATHER)
    sink = 0.0f * _mm512_cvtss_f32(all);
    return 24.0 * 16 * 2 * STEPS;
}

static fma_loop loop_of(const char *tier)
{
    if (strcmp(tier, "avx2") == 0) return loop_avx2;
    if (strcmp(tier, "avx512") == 0) return loop_avx512;
    return NULL;
}

#else

static fma_loop loop_of(const char *tier)
{
    (void)tier;
    return NULL;
}

#endif

struct window {
    fma_loop loop;
    uint64_t ns;
    atomic_uint n_missing; /* threads that have not started yet; all begin when it is 0 */
    atomic_bool given_up;
};

struct runner {
    struct window *window;
    double gflops;
    struct thread thread;
};

static void *run(void *arg)
{
    struct runner *r = arg;
    struct window *w = r->window;
    atomic_fetch_sub(&w->n_missing, 1);
    while (atomic_load(&w->n_missing) && !atomic_load(&w->given_up)) continue;
    const uint64_t start = cuvee__clock_ns();
    uint64_t now = start;
    double flop = 0.0;
    do {
        flop += w->loop();
        now = cuvee__clock_ns();
    } while (now - start < w->ns);
    r->gflops = flop / (double)(now - start);
    return NULL;
}

double bench_peak_f32(const char *tier, unsigned n_threads, double seconds)
{
    struct runner runners[MAX_THREADS];
    struct window window = {.loop = loop_of(tier), .ns = (uint64_t)(seconds * 1e9)};
    if (!window.loop || n_threads < 1 || n_threads > MAX_THREADS) return 0.0;
    atomic_init(&window.n_missing, n_threads);
    atomic_init(&window.given_up, false);

    unsigned n_started = 0;
    for (; n_started + 1 < n_threads; n_started++) {
        struct runner *r = &runners[1 + n_started];
        r->window = &window;
        if (cuvee__thread_start(&r->thread, "peak", run, r, NULL) != CUVEE_OK) break;
    }
    const bool complete = n_started + 1 == n_threads;
    if (!complete) atomic_store(&window.given_up, true);
    runners[0] = (struct runner){.window = &window};
    if (complete) run(&runners[0]);
    double sum = runners[0].gflops;
    for (unsigned i = 1; i <= n_started; i++) {
        cuvee__thread_join(&runners[i].thread);
        sum += runners[i].gflops;
    }
    return complete ? sum : 0.0;
}
