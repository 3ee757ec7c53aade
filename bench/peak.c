/* SPDX-License-Identifier: Apache-2.0
 *
 * The sums are named variables, not an array: gcc keeps an array in memory as soon as something
 * opaque touches it, and the loop is then five times too slow without a word.
 *
 * int8 without VNNI: vpmaddubsw multiplies u8 by s8 and adds neighbours into int16; small weights
 * let several of them be added there before one vpmaddwd by ones widens the sum. Eight is the most
 * that any packed file has ("runs" in kernels.h), so this is a limit also for files with fewer. */
#include "peak.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "os/clock.h"
#include "os/thread.h"

enum { MAX_THREADS = 256, STEPS = 20000 };

static const size_t bandwidth_bytes = (size_t)64
                                      << 20; /* more than any share of a last-level cache */

/* Do a piece of work that takes about 0.1 ms or more; returns the operations (or bytes) done. data
 * is the thread's own. */
typedef double (*work_loop)(const void *data);

/* The processor's way to a kind of multiply-add. */
struct peak_method {
    work_loop loop; /* NULL: none */
    const char *name;
};

/* Read by loops before they start and written after, so that the compiler can know neither. An
 * integer of its own: gcc knows that 0.0f times a converted one is 0. */
static volatile float sink;
static volatile uint64_t sink_bits;

#if defined(__x86_64__)
#include <immintrin.h>

/* More independent chains than latency x pipes of any CPU so far (5 x 2), and no more than leave a
 * register for the factor. */
#define CHAINS_6(X)  X(0) X(1) X(2) X(3) X(4) X(5)
#define CHAINS_14(X) CHAINS_6(X) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define CHAINS_24(X) CHAINS_14(X) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

__attribute__((target("avx2,fma"))) static double f32_avx2(const void *data)
{
    (void)data;
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

__attribute__((target("avx512f"))) static double f32_avx512(const void *data)
{
    (void)data;
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
#undef DECLARE
#undef STEP
#undef GATHER
}

__attribute__((target("avx512f,avx512bf16"))) static double bf16_avx512(const void *data)
{
    (void)data;
    const __m512i bits = _mm512_set1_epi32((int)sink + 0x3F003F00); /* pairs of 0.5 */
    const __m512bh f = (__m512bh)bits;
#define DECLARE(i) __m512 s##i = _mm512_set1_ps((float)(i));
    CHAINS_24(DECLARE)
    for (size_t k = 0; k < STEPS; k++) {
#define STEP(i) s##i = _mm512_dpbf16_ps(s##i, f, f);
        CHAINS_24(STEP)
    }
    __m512 all = _mm512_setzero_ps();
#define GATHER(i) all = _mm512_add_ps(all, s##i);
    CHAINS_24(GATHER)
    sink = 0.0f * _mm512_cvtss_f32(all);
    return 24.0 * 32 * 2 * STEPS;
#undef DECLARE
#undef STEP
#undef GATHER
}

__attribute__((target("avx512f,avx512vnni"))) static double int8_vnni(const void *data)
{
    (void)data;
    const __m512i a = _mm512_set1_epi32((int)sink + 0x01010101);
#define DECLARE(i) __m512i s##i = _mm512_set1_epi32(i);
    CHAINS_24(DECLARE)
    for (size_t k = 0; k < STEPS; k++) {
        /* As an intrinsic gcc 12 keeps the sums in memory. */
#define STEP(i) __asm__("vpdpbusd %1, %1, %0" : "+v"(s##i) : "v"(a));
        CHAINS_24(STEP)
    }
    __m512i all = a;
#define GATHER(i) all = _mm512_add_epi32(all, s##i);
    CHAINS_24(GATHER)
    sink_bits = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(all));
    return 24.0 * 64 * 2 * STEPS;
#undef DECLARE
#undef STEP
#undef GATHER
}

/* The products do not depend on the sums, so the compiler would move them out of the loop; it
 * cannot know that the empty instruction leaves w alone. */
#define OPAQUE(w)   __asm__("" : "+x"(w))
#define REPEAT_7(x) x x x x x x x

__attribute__((target("avx2"))) static double int8_avx2(const void *data)
{
    (void)data;
    const __m256i a = _mm256_set1_epi32((int)sink + 0x01010101), ones = _mm256_set1_epi16(1);
    __m256i w = a;
#define DECLARE(i) __m256i s##i = _mm256_set1_epi32(i);
    CHAINS_6(DECLARE)
    for (size_t k = 0; k < STEPS; k++) {
#define STEP(i)                                                                                    \
    {                                                                                              \
        __m256i t = _mm256_maddubs_epi16(a, w);                                                    \
        REPEAT_7(OPAQUE(w); t = _mm256_add_epi16(t, _mm256_maddubs_epi16(a, w));)                  \
        s##i = _mm256_add_epi32(s##i, _mm256_madd_epi16(t, ones));                                 \
        OPAQUE(w);                                                                                 \
    }
        CHAINS_6(STEP)
    }
    __m256i all = a;
#define GATHER(i) all = _mm256_add_epi32(all, s##i);
    CHAINS_6(GATHER)
    sink_bits = (uint32_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(all));
    return 6.0 * 8 * 32 * 2 * STEPS;
#undef DECLARE
#undef STEP
#undef GATHER
}

__attribute__((target("avx512f,avx512bw"))) static double int8_avx512(const void *data)
{
    (void)data;
    const __m512i a = _mm512_set1_epi32((int)sink + 0x01010101), ones = _mm512_set1_epi16(1);
    __m512i w = a;
#define DECLARE(i) __m512i s##i = _mm512_set1_epi32(i);
    CHAINS_14(DECLARE)
    for (size_t k = 0; k < STEPS; k++) {
#define STEP(i)                                                                                    \
    {                                                                                              \
        __m512i t = _mm512_maddubs_epi16(a, w);                                                    \
        REPEAT_7(OPAQUE(w); t = _mm512_add_epi16(t, _mm512_maddubs_epi16(a, w));)                  \
        s##i = _mm512_add_epi32(s##i, _mm512_madd_epi16(t, ones));                                 \
        OPAQUE(w);                                                                                 \
    }
        CHAINS_14(STEP)
    }
    __m512i all = a;
#define GATHER(i) all = _mm512_add_epi32(all, s##i);
    CHAINS_14(GATHER)
    sink_bits = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(all));
    return 14.0 * 8 * 64 * 2 * STEPS;
#undef DECLARE
#undef STEP
#undef GATHER
}

/* AMX: a tile of 32 x 32 in four registers; a step is four loads and four products. The loads are
 * part of it, 4 % of its time: where another program has the other hyperthread of this core, and
 * with it half of the first-level cache, products alone hardly feel that, but everything that any
 * program could do with them takes four times as long. Inputs and weights of 12 steps are in the
 * first-level cache, in rows as the kernels have them. */
enum { AMX_STEPS = 12, AMX_REPEATS = 250, AMX_ROW = AMX_STEPS * 64 + 64 };

#define AMX_LOOP(name, product)                                                                    \
    __attribute__((target("amx-tile,amx-int8,amx-bf16"))) static double name(const void *data)     \
    {                                                                                              \
        static _Alignas(64) uint8_t inputs[32 * AMX_ROW], weights[AMX_STEPS * 2048];               \
        static const _Alignas(64) struct {                                                         \
            uint8_t palette, start_row, reserved[14];                                              \
            uint16_t row_bytes[16];                                                                \
            uint8_t rows[16];                                                                      \
        } config = {.palette = 1,                                                                  \
                    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},                                 \
                    .rows = {16, 16, 16, 16, 16, 16, 16, 16}};                                     \
        (void)data;                                                                                \
        _tile_loadconfig(&config);                                                                 \
        for (size_t i = 0; i < AMX_REPEATS; i++)                                                   \
            for (size_t k = 0; k < AMX_STEPS; k++) {                                               \
                const uint8_t *a = inputs + k * 64, *b = weights + k * 2048;                       \
                _tile_loadd(4, a, AMX_ROW);                                                        \
                _tile_loadd(6, b, 128);                                                            \
                _tile_loadd(7, b + 64, 128);                                                       \
                product(0, 4, 6);                                                                  \
                product(1, 4, 7);                                                                  \
                _tile_loadd(5, a + 16 * AMX_ROW, AMX_ROW);                                         \
                product(2, 5, 6);                                                                  \
                product(3, 5, 7);                                                                  \
            }                                                                                      \
        _tile_release();                                                                           \
        return 2.0 * AMX_REPEATS * AMX_STEPS * 32 * 32 * AMX_DEPTH_##name;                         \
    }
#define AMX_DEPTH_bf16_amx 32
#define AMX_DEPTH_int8_amx 64
AMX_LOOP(bf16_amx, _tile_dpbf16ps)
AMX_LOOP(int8_amx, _tile_dpbusd)

static struct peak_method method_of(enum peak_kind kind, const char *tier)
{
    const bool is_amx = strcmp(tier, "amx") == 0, wide = is_amx || strncmp(tier, "avx512", 6) == 0;
    if (is_amx && kind == PEAK_BF16)
        return (struct peak_method){bf16_amx, "4 tile loads, 4 tdpbf16ps"};
    if (is_amx && kind == PEAK_INT8)
        return (struct peak_method){int8_amx, "4 tile loads, 4 tdpbusd"};
    if (!wide && strncmp(tier, "avx2", 4) != 0) return (struct peak_method){NULL, "none"};
    if (kind == PEAK_INT8) {
        if (!wide) return (struct peak_method){int8_avx2, "8 vpmaddubsw + vpmaddwd, 256 bits"};
        if (__builtin_cpu_supports("avx512vnni"))
            return (struct peak_method){int8_vnni, "vpdpbusd, 512 bits"};
        return (struct peak_method){int8_avx512, "8 vpmaddubsw + vpmaddwd, 512 bits"};
    }
    if (kind == PEAK_BF16 && wide && __builtin_cpu_supports("avx512bf16"))
        return (struct peak_method){bf16_avx512, "vdpbf16ps, 512 bits"};
    return wide ? (struct peak_method){f32_avx512, "vfmadd, 512 bits"}
                : (struct peak_method){f32_avx2, "vfmadd, 256 bits"};
}

#else

static struct peak_method method_of(enum peak_kind kind, const char *tier)
{
    (void)kind;
    (void)tier;
    return (struct peak_method){NULL, "none"};
}

#endif

/* Four sums, so that no addition waits for the one before. */
static double read_memory(const void *data)
{
    const uint64_t *p = data;
    uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (size_t i = 0; i < bandwidth_bytes / sizeof *p; i += 32) {
        for (size_t j = 0; j < 32; j += 4) {
            s0 += p[i + j];
            s1 += p[i + j + 1];
            s2 += p[i + j + 2];
            s3 += p[i + j + 3];
        }
    }
    sink_bits = s0 + s1 + s2 + s3;
    return (double)bandwidth_bytes;
}

struct window {
    work_loop loop;
    uint64_t ns;
    atomic_uint n_missing; /* threads that have not started yet; all begin when it is 0 */
    atomic_bool given_up;
};

struct runner {
    struct window *window;
    const void *data;
    double rate; /* operations a nanosecond of this thread's processor time */
    struct thread thread;
};

uint64_t bench_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *run(void *arg)
{
    struct runner *r = arg;
    struct window *w = r->window;
    atomic_fetch_sub(&w->n_missing, 1);
    while (atomic_load(&w->n_missing) && !atomic_load(&w->given_up)) continue;
    const uint64_t start = cuvee__clock_ns(), cpu_start = bench_cpu_ns();
    double work = 0.0;
    do {
        work += w->loop(r->data);
    } while (cuvee__clock_ns() - start < w->ns);
    r->rate = work / (double)(bench_cpu_ns() - cpu_start);
    return NULL;
}

/* Sum of the rates of n_threads loops at once; data (n_threads) is what each gets, or NULL. */
static double run_all(work_loop loop, unsigned n_threads, double seconds, void *const *data)
{
    struct runner runners[MAX_THREADS];
    struct window window = {.loop = loop, .ns = (uint64_t)(seconds * 1e9)};
    if (!loop || n_threads < 1 || n_threads > MAX_THREADS) return 0.0;
    atomic_init(&window.n_missing, n_threads);
    atomic_init(&window.given_up, false);
    for (unsigned i = 0; i < n_threads; i++)
        runners[i] = (struct runner){.window = &window, .data = data ? data[i] : NULL};

    unsigned n_started = 1; /* runner 0 is this thread */
    for (; n_started < n_threads; n_started++) {
        struct runner *r = &runners[n_started];
        if (cuvee__thread_start(&r->thread, "peak", run, r, NULL) != CUVEE_OK) break;
    }
    const bool complete = n_started == n_threads;
    if (complete)
        run(&runners[0]);
    else
        atomic_store(&window.given_up, true);
    double sum = runners[0].rate;
    for (unsigned i = 1; i < n_started; i++) {
        cuvee__thread_join(&runners[i].thread);
        sum += runners[i].rate;
    }
    return complete ? sum : 0.0;
}

double bench_peak(enum peak_kind kind, const char *tier, unsigned n_threads, double seconds)
{
    return run_all(method_of(kind, tier).loop, n_threads, seconds, NULL);
}

double bench_peak_f32(const char *tier, unsigned n_threads, double seconds)
{
    return bench_peak(PEAK_F32, tier, n_threads, seconds);
}

enum peak_kind bench_peak_beside(enum peak_kind kind, const char *tier)
{
    return kind != PEAK_F32 && strcmp(tier, "amx") == 0 ? PEAK_BF16 : PEAK_F32;
}

const char *bench_peak_method(enum peak_kind kind, const char *tier)
{
    return method_of(kind, tier).name;
}

double bench_bandwidth(unsigned n_threads, double seconds)
{
    void *blocks[MAX_THREADS] = {NULL};
    double rate = 0.0;
    unsigned n = 0;
    if (n_threads > MAX_THREADS) return 0.0;
    for (; n < n_threads; n++) {
        blocks[n] = cuvee__alloc_aligned(bandwidth_bytes);
        if (!blocks[n]) break;
        memset(blocks[n], (int)n + 1, bandwidth_bytes); /* untouched pages would all be one */
    }
    if (n == n_threads) rate = run_all(read_memory, n_threads, seconds, blocks);
    while (n > 0) cuvee__free(blocks[--n]);
    return rate;
}
