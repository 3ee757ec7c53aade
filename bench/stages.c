/* SPDX-License-Identifier: Apache-2.0
 *
 * The library holds no timers: this program is linked with ld's --wrap for the functions below, so
 * calls of cuvee__gemm() from the library arrive at __wrap_cuvee__gemm() here, which takes
 * the time and calls the real one. Kernels that are called through the table of a tier are replaced
 * in the table when a pool chooses its tier. A product is told by its shape: the model's sizes say
 * which layer it is. What remains of the forward pass (embedding, copies) is "embed and rest". */
#include "stages.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "contest.h"
#include "kernels/kernels.h"
#include "os/clock.h"

enum stage { QKV, ATTENTION_OUT, FFN_UP, FFN_DOWN, HEAD, ATTENTION, EPILOGUE, NORM, N_STAGES };

static const char *const stage_names[] = {
    "gemm qkv",        "gemm attention out", "gemm ffn up", "gemm ffn down",
    "gemm classifier", "attention",          "epilogues",   "norms"};

static atomic_uint_fast64_t stage_ns[N_STAGES], tokenize_ns, forward_ns;
static size_t hidden, wide;             /* of the model; set before its pool starts */
static struct kernels original;         /* the pool's table as it was chosen */
static _Thread_local uint64_t inner_ns; /* of kernels within the product that this thread is in */

static void count(enum stage stage, uint64_t start, uint64_t without)
{
    atomic_fetch_add_explicit(&stage_ns[stage], cuvee__clock_ns() - start - without,
                              memory_order_relaxed);
}

static enum stage stage_of(size_t n, size_t k)
{
    if (k == wide) return FFN_DOWN;
    if (n == wide) return FFN_UP;
    if (n == hidden) return ATTENTION_OUT;
    return n > hidden ? QKV : HEAD;
}

void __real_cuvee__gemm(const struct kernels *k, size_t m, const float *a, size_t lda,
                        const struct packed *w, const struct epilogue *e, float *c, size_t ldc,
                        void *scratch);
void __wrap_cuvee__gemm(const struct kernels *k, size_t m, const float *a, size_t lda,
                        const struct packed *w, const struct epilogue *e, float *c, size_t ldc,
                        void *scratch);
void __wrap_cuvee__gemm(const struct kernels *k, size_t m, const float *a, size_t lda,
                        const struct packed *w, const struct epilogue *e, float *c, size_t ldc,
                        void *scratch)
{
    const uint64_t start = cuvee__clock_ns();
    inner_ns = 0;
    __real_cuvee__gemm(k, m, a, lda, w, e, c, ldc, scratch);
    count(stage_of(w->n, w->k), start, inner_ns);
}

void __real_cuvee__attention_f32(const struct kernels *kern, const float *q, size_t n_queries,
                                 const float *k, const float *v, size_t ld, size_t n_tokens,
                                 size_t head_size, float scale, float *out, size_t ld_out,
                                 float *scratch);
void __wrap_cuvee__attention_f32(const struct kernels *kern, const float *q, size_t n_queries,
                                 const float *k, const float *v, size_t ld, size_t n_tokens,
                                 size_t head_size, float scale, float *out, size_t ld_out,
                                 float *scratch);
void __wrap_cuvee__attention_f32(const struct kernels *kern, const float *q, size_t n_queries,
                                 const float *k, const float *v, size_t ld, size_t n_tokens,
                                 size_t head_size, float scale, float *out, size_t ld_out,
                                 float *scratch)
{
    const uint64_t start = cuvee__clock_ns();
    __real_cuvee__attention_f32(kern, q, n_queries, k, v, ld, n_tokens, head_size, scale, out,
                                ld_out, scratch);
    count(ATTENTION, start, 0);
}

static void timed_norm(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma,
                       const float *beta, size_t rows, size_t d, float eps)
{
    const uint64_t start = cuvee__clock_ns();
    original.layernorm_f32(y, ldy, x, ldx, gamma, beta, rows, d, eps);
    count(NORM, start, 0);
}

static void timed_store(size_t rows, size_t cols, const float *tile, const struct epilogue *e,
                        float *c, size_t ldc)
{
    const uint64_t start = cuvee__clock_ns();
    original.tile_f32_store(rows, cols, tile, e, c, ldc);
    inner_ns += cuvee__clock_ns() - start;
    count(EPILOGUE, start, 0);
}

int __real_cuvee__kernels_choose(struct kernels *k, const char *cap, cuvee_error *err);
int __wrap_cuvee__kernels_choose(struct kernels *k, const char *cap, cuvee_error *err);
int __wrap_cuvee__kernels_choose(struct kernels *k, const char *cap, cuvee_error *err)
{
    const int rc = __real_cuvee__kernels_choose(k, cap, err);
    if (rc != CUVEE_OK) return rc;
    original = *k;
    k->layernorm_f32 = timed_norm;
    k->tile_f32_store = timed_store;
    return CUVEE_OK;
}

static void on_batch(void *user, const cuvee_batch_record *r)
{
    (void)user;
    atomic_fetch_add(&tokenize_ns, r->tokenize_ns);
    atomic_fetch_add(&forward_ns, r->forward_ns);
}

static json_t *report(void)
{
    const double all = (double)(tokenize_ns + forward_ns);
    double rest = (double)forward_ns;
    json_t *j = json_object();
    if (!(all > 0)) return j;
    json_object_set_new(j, "tokenize", json_real((double)tokenize_ns / all));
    for (size_t i = 0; i < N_STAGES; i++) {
        rest -= (double)stage_ns[i];
        json_object_set_new(j, stage_names[i], json_real((double)stage_ns[i] / all));
    }
    json_object_set_new(j, "embed and rest", json_real(rest / all));
    return j;
}

json_t *bench_stages(const char *model_dir, const char *precision, const struct texts *texts)
{
    struct contest c = {.precision = bench_precision(precision)};
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    cuvee_result *result = NULL;
    cuvee_error err = {0};
    int rc = bench_contest_open(&c, model_dir, on_batch, NULL, &err);
    if (rc == CUVEE_OK) rc = cuvee_model_describe(c.model, &info, &err);
    hidden = info.hidden_size;
    wide = info.intermediate_size;
    for (size_t i = 0; i < N_STAGES; i++) atomic_store(&stage_ns[i], 0);
    atomic_store(&tokenize_ns, 0);
    atomic_store(&forward_ns, 0);
    if (rc == CUVEE_OK) rc = cuvee_classify(c.pool, texts->items, texts->n, NULL, &result, &err);
    cuvee_result_free(result);
    bench_contest_close(&c);
    if (rc == CUVEE_OK) return report();
    fprintf(stderr, "speed: stages of %s: %s\n", precision, err.msg);
    return NULL;
}
