/* SPDX-License-Identifier: Apache-2.0
 *
 * All kernels but the matrix tile, written once over a tier's vector type: the tier's folder
 * includes its vec_*.h, then this, in one file with the tier's compiler flags.
 *
 * Sums run in VEC_LANES partial sums, element i in lane i mod VEC_LANES, then across lanes in one
 * fixed order: a row's result depends on that row and its length only. */
#ifndef CUVEE_KERNELS_VECTOR_KERNELS_H
#define CUVEE_KERNELS_VECTOR_KERNELS_H

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/vector_math.h"

CUVEE__INLINE void store_rows(size_t rows, size_t cols, const float *tile, const struct epilogue *e,
                              enum act act, float *c, size_t ldc)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < cols; j += VEC_LANES) {
            const size_t n = cols - j;
            vec x = vec_load(tile + r * CUVEE__PANEL + j, VEC_LANES);
            if (e->bias) x = vec_add(x, vec_load(e->bias + j, VEC_LANES));
            x = act_vec(act, x);
            if (e->residual) x = vec_add(x, vec_load(e->residual + r * e->ld_residual + j, n));
            vec_store(c + r * ldc + j, x, n);
        }
}

CUVEE__INLINE void act_row(enum act act, float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VEC_LANES)
        vec_store(x + i, act_vec(act, vec_load(x + i, n - i)), n - i);
}

/* CALL(act) with each act as a constant, so that every function is its own loop. */
#define FOR_CONSTANT_ACT(act, CALL)                                                                \
    switch (act) {                                                                                 \
    case ACT_NONE: CALL(ACT_NONE); break;                                                          \
    case ACT_GELU: CALL(ACT_GELU); break;                                                          \
    case ACT_GELU_TANH: CALL(ACT_GELU_TANH); break;                                                \
    case ACT_QUICK_GELU: CALL(ACT_QUICK_GELU); break;                                              \
    case ACT_RELU: CALL(ACT_RELU); break;                                                          \
    case ACT_SILU: CALL(ACT_SILU); break;                                                          \
    case ACT_TANH: CALL(ACT_TANH); break;                                                          \
    }

static void tile_f32_store_vec(size_t rows, size_t cols, const float *tile,
                               const struct epilogue *e, float *c, size_t ldc)
{
#define STORE(constant) store_rows(rows, cols, tile, e, constant, c, ldc)
    FOR_CONSTANT_ACT(e->act, STORE)
#undef STORE
}

static void act_f32_vec(enum act act, float *x, size_t n)
{
#define ACT_ROW(constant) act_row(constant, x, n)
    FOR_CONSTANT_ACT(act, ACT_ROW)
#undef ACT_ROW
}

/* Largest of scale * x[i]. The last vector overlaps the one before, which does no harm here. */
CUVEE__INLINE float scaled_max(const float *x, size_t n, float scale)
{
    float max = -INFINITY;
    if (n < VEC_LANES) {
        for (size_t i = 0; i < n; i++) max = fmaxf(max, scale * x[i]);
        return max;
    }
    const vec s = vec_set1(scale);
    vec top = vec_mul(s, vec_load(x + n - VEC_LANES, VEC_LANES));
    for (size_t i = 0; i + VEC_LANES < n; i += VEC_LANES)
        top = vec_max(top, vec_mul(s, vec_load(x + i, VEC_LANES)));
    return vec_largest(top);
}

static void softmax_f32_vec(float *x, size_t n, float scale)
{
    /* A NaN may slip through the maximum, but not through the sum. */
    const vec s = vec_set1(scale), minus_max = vec_set1(-scaled_max(x, n, scale));
    vec sum = vec_set1(0.0f);
    for (size_t i = 0; i < n; i += VEC_LANES) {
        const vec e = exp_nonpositive(vec_fma(s, vec_load(x + i, n - i), minus_max));
        vec_store(x + i, e, n - i);
        sum = vec_add(sum, vec_keep_first(e, n - i));
    }
    const vec inverse = vec_set1(1.0f / vec_sum(sum));
    for (size_t i = 0; i < n; i += VEC_LANES)
        vec_store(x + i, vec_mul(vec_load(x + i, n - i), inverse), n - i);
}

static void layernorm_f32_vec(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma,
                              const float *beta, size_t rows, size_t d, float eps)
{
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        vec sum = vec_set1(0.0f);
        for (size_t i = 0; i < d; i += VEC_LANES) sum = vec_add(sum, vec_load(x + i, d - i));
        const vec mean = vec_set1(vec_sum(sum) / (float)d);
        vec squares = vec_set1(0.0f);
        for (size_t i = 0; i < d; i += VEC_LANES) {
            const vec dx = vec_keep_first(vec_sub(vec_load(x + i, d - i), mean), d - i);
            squares = vec_fma(dx, dx, squares);
        }
        const vec rstd = vec_set1(1.0f / sqrtf(vec_sum(squares) / (float)d + eps));
        for (size_t i = 0; i < d; i += VEC_LANES) {
            const size_t n = d - i;
            const vec z = vec_mul(vec_sub(vec_load(x + i, n), mean), rstd);
            vec_store(y + i, vec_fma(z, vec_load(gamma + i, n), vec_load(beta + i, n)), n);
        }
    }
}

static void add_f32_vec(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VEC_LANES)
        vec_store(y + i, vec_add(vec_load(y + i, n - i), vec_load(x + i, n - i)), n - i);
}

/* Widen n 16-bit numbers; the last few go through a whole vector's worth of zeros. */
CUVEE__INLINE void widen_row(vec (*widen)(const void *), float *y, const void *x, size_t n)
{
    const unsigned char *p = x;
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) vec_store(y + i, widen(p + 2 * i), VEC_LANES);
    if (i < n) {
        unsigned char rest[2 * VEC_LANES] = {0};
        memcpy(rest, p + 2 * i, 2 * (n - i));
        vec_store(y + i, widen(rest), n - i);
    }
}

static void widen_f16_vec(float *y, const void *x, size_t n)
{
    widen_row(vec_widen_f16, y, x, n);
}

static void widen_bf16_vec(float *y, const void *x, size_t n)
{
    widen_row(vec_widen_bf16, y, x, n);
}

static void init_vector_kernels(struct kernels *k)
{
    k->tile_f32_store = tile_f32_store_vec;
    k->softmax_f32 = softmax_f32_vec;
    k->layernorm_f32 = layernorm_f32_vec;
    k->act_f32 = act_f32_vec;
    k->add_f32 = add_f32_vec;
    k->widen_f16 = widen_f16_vec;
    k->widen_bf16 = widen_bf16_vec;
}

#endif
