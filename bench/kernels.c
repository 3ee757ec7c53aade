/* SPDX-License-Identifier: Apache-2.0
 *
 * Speed of the kernels of one tier, one thread, as a share of the machine's own multiply-add peak.
 *
 * Method: the machine may be shared and its clock may drift, so every case runs in short windows, a
 * round goes through all cases, and each window of a case lies between two windows of the peak
 * loop of its type. Shown are the best rate of a case over all rounds, and its share: the median
 * over rounds of rate / mean of both peaks, beside best rate / best peak, and the median of those
 * rounds only where both peaks were near their best: then nobody else was using this core. Weights
 * of a case are larger than the caches unless it says otherwise. A product with bf16 or int8
 * weights follows the same product in f32, and is compared with it: the median over rounds of the
 * ratio of both rates. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "kernels/kernels.h"
#include "os/clock.h"
#include "peak.h"

enum { MAX_ROUNDS = 99, MAX_CASES = 128, D_HIDDEN = 768, D_FEED = 3072, MAX_M = 512, HEAD = 64 };

/* Everything a case works on; made once, large enough for all. */
struct data {
    struct kernels kern;
    float *a, *c, *w, *bias, *scratch;
    uint16_t *w_bf16;
    int8_t *w_int8; /* within +-16: every length of runs is right */
    int32_t *sums;
    void *inputs; /* scratch of a product */
};

struct bench_case {
    char name[56];
    void (*run)(const struct bench_case *self, const struct data *d);
    size_t m, n, k;
    enum act act;
    enum weight_type type;
    uint8_t run_length; /* int8 only */
    double work;    /* of one run: operations, or values */
    bool is_gflops; /* work counts operations, and a share of peak makes sense */
    const struct bench_case *f32; /* what ratio compares with */
    double best, rate[MAX_ROUNDS], share[MAX_ROUNDS], ratio[MAX_ROUNDS];
    double least_peak[MAX_ROUNDS]; /* of the two beside a window */
};

static void run_gemm(const struct bench_case *self, const struct data *d)
{
    const void *panels = self->type == WEIGHT_F32    ? (const void *)d->w
                         : self->type == WEIGHT_BF16 ? (const void *)d->w_bf16
                                                     : (const void *)d->w_int8;
    const struct packed w = {.type = self->type, .n = self->n, .k = self->k, .panels = panels,
                             .scales = d->bias, .sums = d->sums, .run = self->run_length,
                             .rotation = 128, .activation_max = 127};
    const struct epilogue e = {.bias = d->bias, .act = self->act};
    /* A cache line more per row than K, as the model's buffers have. */
    cuvee__gemm(&d->kern, self->m, f32_rows(d->a, self->k + 16), &w, &e,
                f32_rows(d->c, self->n + 16), d->inputs);
}

static void run_tile(const struct bench_case *self, const struct data *d)
{
    for (int i = 0; i < 100; i++)
        d->kern.gemm_f32_tile(self->m, self->k, d->a, self->k + 16, d->w, CUVEE__PANEL,
                              (struct ahead){d->w, 0}, d->scratch, CUVEE__PANEL, false);
}

static void run_tile_int8(const struct bench_case *self, const struct data *d)
{
    for (int i = 0; i < 100; i++)
        d->kern.gemm_int8_tile(self->m, self->k, (const uint8_t *)d->w_int8, self->k + 64,
                               d->w_int8, (struct ahead){d->w_int8, 0}, self->run_length, d->sums);
}

static void run_quantise(const struct bench_case *self, const struct data *d)
{
    struct row_scale scale;
    d->kern.quantise_row(d->inputs, d->a, NULL, self->n, 127, NULL, &scale);
}

static void run_rotate(const struct bench_case *self, const struct data *d)
{
    struct row_range range;
    d->kern.rotate_row(d->c, d->a, false, d->bias, self->n, 128, &range);
}

static void run_attention(const struct bench_case *self, const struct data *d)
{
    const struct rows q = f32_rows(d->a, D_FEED);
    const struct head h = {
        .q = q,
        .k = columns_from(q, HEAD),
        .v = columns_from(q, 2 * HEAD),
        .n_queries = self->m,
        .n_tokens = self->m,
        .head_size = HEAD,
        .scale = 0.125f,
    };
    cuvee__attention(&d->kern, &h, f32_rows(d->c, D_HIDDEN), d->scratch);
}

static void run_act(const struct bench_case *self, const struct data *d)
{
    memcpy(d->c, d->a, self->n * sizeof(float)); /* or the values would creep to 0 */
    d->kern.act_f32(self->act, d->c, self->n);
}

static void run_layernorm(const struct bench_case *self, const struct data *d)
{
    d->kern.layernorm_f32(d->c, D_HIDDEN, d->a, D_HIDDEN, d->bias, d->bias, self->m, D_HIDDEN,
                          1e-12f);
}

static void run_softmax(const struct bench_case *self, const struct data *d)
{
    memcpy(d->c, d->a, self->m * self->n * sizeof(float));
    const size_t ld = cuvee__round_up(self->n, 16);
    d->kern.softmax_f32(d->c, ld, self->m, self->n, 0.125f);
}

static void run_widen(const struct bench_case *self, const struct data *d)
{
    d->kern.widen_f16(d->c, d->a, self->n);
}

/* ---- the list of cases ---- */

static struct bench_case cases[MAX_CASES];
static size_t n_cases;

static struct bench_case *add_case(void (*run)(const struct bench_case *, const struct data *),
                                   size_t m, size_t n, size_t k, double work)
{
    struct bench_case *c = &cases[n_cases++];
    *c = (struct bench_case){.run = run, .m = m, .n = n, .k = k, .act = ACT_NONE, .work = work};
    return c;
}

static void list_other_tiles(const struct kernels *kern, const struct bench_case *f32)
{
    const size_t int8_rows = kern->int8_tile_rows;
    for (unsigned run = 0; run <= CUVEE__MAX_RUN; run = run ? 2 * run : 1) {
        struct bench_case *c = add_case(run_tile_int8, int8_rows, 32, 512,
                                        100.0 * 2 * (double)int8_rows * 32 * 512);
        snprintf(c->name, sizeof c->name, "microkernel int8 %zux32x512, runs of %u", int8_rows,
                 run);
        c->run_length = (uint8_t)run;
        c->f32 = f32;
        c->is_gflops = true;
    }
}

/* The product of case f32, with bf16 and int8 weights. */
static void list_other_types(const struct bench_case *f32)
{
    static const struct {
        enum weight_type type;
        const char *name;
        uint8_t run;
    } types[] = {{WEIGHT_BF16, "bf16", 0},
                 {WEIGHT_INT8, "int8, runs of 2", 2},
                 {WEIGHT_INT8, "int8, runs of 4", 4}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct bench_case *c = add_case(run_gemm, f32->m, f32->n, f32->k, f32->work);
        snprintf(c->name, sizeof c->name, "gemm K=%zu N=%zu M=%zu %s", f32->k, f32->n, f32->m,
                 types[i].name);
        c->type = types[i].type;
        c->run_length = types[i].run;
        c->f32 = f32;
        c->is_gflops = true;
    }
}

static void list_cases(const struct kernels *kern)
{
    static const size_t shapes[][2] = {{768, 768}, {2304, 768}, {3072, 768}, {768, 3072}};
    static const size_t rows[] = {1, 8, 55, 256, 512};
    struct bench_case *c = add_case(run_tile, kern->tile_rows, 32, 128,
                                    100.0 * 2 * (double)kern->tile_rows * 32 * 128);
    snprintf(c->name, sizeof c->name, "microkernel %zux32x128, from L1", kern->tile_rows);
    c->is_gflops = true;
    list_other_tiles(kern, c);
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
            const size_t n = shapes[s][0], k = shapes[s][1];
            c = add_case(run_gemm, rows[r], n, k, 2.0 * (double)(rows[r] * n * k));
            snprintf(c->name, sizeof c->name, "gemm K=%zu N=%zu M=%zu", k, n, rows[r]);
            c->is_gflops = true;
            list_other_types(c);
        }
    static const size_t tokens[] = {16, 55, 128, 512};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        c = add_case(run_attention, tokens[i], 0, 0, 4.0 * HEAD * (double)(tokens[i] * tokens[i]));
        snprintf(c->name, sizeof c->name, "attention head=64 T=%zu", tokens[i]);
        c->is_gflops = true;
    }
    static const struct {
        const char *name;
        enum act act;
    } acts[] = {{"gelu", ACT_GELU},
                {"gelu_coarse", ACT_GELU_COARSE},
                {"gelu_tanh", ACT_GELU_TANH},
                {"silu", ACT_SILU},
                {"tanh", ACT_TANH}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        c = add_case(run_act, 1, D_FEED, 0, D_FEED);
        c->act = acts[i].act;
        snprintf(c->name, sizeof c->name, "%s n=%d", acts[i].name, D_FEED);
    }
    c = add_case(run_layernorm, 16, D_HIDDEN, 0, 16 * D_HIDDEN);
    snprintf(c->name, sizeof c->name, "layernorm D=%d", D_HIDDEN);
    c = add_case(run_softmax, 16, 55, 0, 16 * 55);
    snprintf(c->name, sizeof c->name, "softmax n=55");
    c = add_case(run_softmax, 16, 64, 0, 16 * 64);
    snprintf(c->name, sizeof c->name, "softmax n=64");
    c = add_case(run_softmax, 16, 512, 0, 16 * 512);
    snprintf(c->name, sizeof c->name, "softmax n=512");
    c = add_case(run_widen, 1, D_FEED, 0, D_FEED);
    snprintf(c->name, sizeof c->name, "widen_f16 n=%d", D_FEED);
    c = add_case(run_rotate, 1, D_FEED, 0, D_FEED);
    snprintf(c->name, sizeof c->name, "rotate n=%d in blocks of 128", D_FEED);
    c = add_case(run_quantise, 1, D_FEED, 0, D_FEED);
    snprintf(c->name, sizeof c->name, "quantise n=%d", D_FEED);
}

/* ---- measuring ---- */

static bool make_data(struct data *d)
{
    const size_t n_a = (size_t)MAX_M * (D_FEED + 16) + D_FEED, n_w = (size_t)D_FEED * D_HIDDEN;
    d->a = cuvee__alloc_aligned(n_a * sizeof(float));
    d->c = cuvee__alloc_aligned(n_a * sizeof(float));
    d->w = cuvee__alloc_aligned(n_w * sizeof(float));
    d->bias = cuvee__alloc_aligned(D_FEED * sizeof(float));
    d->scratch = cuvee__alloc_aligned(cuvee__attention_scratch(MAX_M, HEAD) * sizeof(float));
    d->w_bf16 = cuvee__alloc_aligned(n_w * sizeof *d->w_bf16);
    d->w_int8 = cuvee__alloc_aligned(n_w);
    d->sums = cuvee__alloc_aligned(D_FEED * sizeof *d->sums);
    d->inputs = cuvee__alloc_aligned(cuvee__gemm_scratch_bytes(WEIGHT_BF16, MAX_M, D_FEED));
    if (!d->a || !d->c || !d->w || !d->bias || !d->scratch || !d->w_bf16 || !d->w_int8 ||
        !d->sums || !d->inputs)
        return false;
    uint32_t seed = 1;
    float *const arrays[] = {d->a, d->w, d->bias};
    const size_t counts[] = {n_a, n_w, D_FEED};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < counts[i]; j++) {
            seed = seed * 1664525u + 1013904223u;
            arrays[i][j] = (float)(seed >> 8) * 0x1p-22f - 2.0f;
        }
    for (size_t j = 0; j < n_w; j++) {
        d->w_bf16[j] = (uint16_t)(0x3F80 + j % 128);
        d->w_int8[j] = (int8_t)((int)(j * 7 % 33) - 16);
    }
    memset(d->sums, 0, D_FEED * sizeof *d->sums);
    return true;
}

/* Of this thread: what other programs do on its core does not count. */
static uint64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Work per nanosecond of the thread's time over at least `seconds`. Reading that clock is a system
 * call of some 200 ns, so it is read rarely. */
static double run_window(const struct bench_case *c, const struct data *d, double seconds)
{
    const uint64_t least_ns = 50000;
    c->run(c, d); /* brings its code and data in; not counted */
    uint64_t start = thread_ns(), now;
    c->run(c, d);
    now = thread_ns();
    const uint64_t batch = 1 + least_ns / (now - start + 1);
    double n = 0;
    start = thread_ns();
    do {
        for (uint64_t i = 0; i < batch; i++) c->run(c, d);
        n += (double)batch;
        now = thread_ns();
    } while ((double)(now - start) < seconds * 1e9);
    return n * c->work / (double)(now - start);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, compare_doubles);
    return x[n / 2];
}

/* A round with less of the best peak than this had a neighbour. */
static const double quiet_peak = 0.85;

static enum peak_kind kind_of(const struct bench_case *c)
{
    return c->type == WEIGHT_INT8 ? PEAK_INT8 : c->type == WEIGHT_BF16 ? PEAK_BF16 : PEAK_F32;
}

/* The median share of the quiet rounds, and how many they are. */
static double quiet_share(const struct bench_case *c, size_t n_rounds, double best_peak,
                          size_t *ret_n)
{
    double quiet[MAX_ROUNDS];
    *ret_n = 0;
    for (size_t i = 0; i < n_rounds; i++)
        if (c->least_peak[i] >= quiet_peak * best_peak) quiet[(*ret_n)++] = c->share[i];
    return *ret_n ? median(quiet, *ret_n) : 0.0;
}

static void report(const char *tier, size_t n_rounds, const double *best_peaks)
{
    printf("tier %s, 1 thread, best peaks: f32 %.1f, bf16 %.1f, int8 %.1f G operations/s\n", tier,
           best_peaks[PEAK_F32], best_peaks[PEAK_BF16], best_peaks[PEAK_INT8]);
    printf("%-44s %10s %14s %14s %18s\n", "case", "best", "median share", "best / peak",
           "quiet (rounds)");
    for (size_t i = 0; i < n_cases; i++) {
        struct bench_case *c = &cases[i];
        if (!c->best) continue;
        if (!c->is_gflops) {
            printf("%-44s %7.3f ns per value\n", c->name, 1.0 / c->best);
            continue;
        }
        printf("%-44s %5.1f GF/s", c->name, c->best);
        const double best_peak = best_peaks[kind_of(c)];
        size_t n_quiet;
        const double quiet = quiet_share(c, n_rounds, best_peak, &n_quiet);
        if (best_peak > 0)
            printf(" %12.1f %% %12.1f %% %10.1f %% (%zu)", 100 * median(c->share, n_rounds),
                   100 * c->best / best_peak, 100 * quiet, n_quiet);
        if (c->f32) printf(" %7.2f x f32", median(c->ratio, n_rounds));
        putchar('\n');
    }
}

static int usage(void)
{
    fputs("usage: bench_kernels [--tier NAME] [--rounds 1..99] [--window SECONDS] [--only TEXT]\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct data d;
    const char *tier = NULL, *only = "";
    size_t n_rounds = 7;
    double window = 0.02, best_peaks[3] = {0};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return usage();
        if (strcmp(argv[i], "--tier") == 0) tier = argv[i + 1];
        else if (strcmp(argv[i], "--rounds") == 0) n_rounds = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--window") == 0) window = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--only") == 0) only = argv[i + 1];
        else return usage();
    }
    if (n_rounds < 1 || n_rounds > MAX_ROUNDS || !(window > 0)) return usage();
    cuvee_error err;
    if (cuvee__kernels_choose(&d.kern, tier, &err) != CUVEE_OK) {
        fprintf(stderr, "bench_kernels: %s\n", err.msg);
        return 2;
    }
    if (!make_data(&d)) {
        fputs("bench_kernels: out of memory\n", stderr);
        return 1;
    }
    list_cases(&d.kern);
    for (size_t round = 0; round < n_rounds; round++)
        for (size_t i = 0; i < n_cases; i++) {
            struct bench_case *c = &cases[i];
            if (!strstr(c->name, only)) continue;
            const enum peak_kind kind = kind_of(c);
            const double before = bench_peak(kind, d.kern.name, 1, window / 4);
            const double rate = run_window(c, &d, window);
            const double after = bench_peak(kind, d.kern.name, 1, window / 4);
            c->rate[round] = rate;
            c->share[round] = rate / (0.5 * (before + after));
            if (c->f32) c->ratio[round] = c->f32->rate[round] > 0 ? rate / c->f32->rate[round] : 0;
            if (rate > c->best) c->best = rate;
            c->least_peak[round] = before < after ? before : after;
            const double higher = before < after ? after : before;
            if (higher > best_peaks[kind]) best_peaks[kind] = higher;
        }
    report(d.kern.name, n_rounds, best_peaks);
    return 0;
}
