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

#include "base/checked.h"
#include "kernels/bf16.h"
#include "kernels/tiers.h"
#include "kernels/vector_math.h"

/* One vector of columns of a finished tile, for all its rows: column j on, n columns of it. What
 * belongs to the columns is loaded once. */
struct column_store {
    size_t rows, j, n;
    const float *residual; /* at column j of row 0; NULL = none */
    size_t ld_residual;
    const float *bias;
    struct rows c; /* at column j */
};

/* What is left to do with row r, before its activation. `act` and whether there is a residual are
 * constants. */
CUVEE__INLINE void finish_columns(const struct column_store *s, size_t r, enum act act,
                                  bool has_residual, vec x)
{
    x = act_vec(act, x);
    if (has_residual) x = vec_add(x, vec_load(s->residual + r * s->ld_residual, s->n));
#ifdef VEC_HAS_BF16
    if (holds_bf16(s->c)) {
        vec_store_bf16((uint16_t *)s->c.ptr + r * s->c.ld, x, s->n);
        return;
    }
#endif
    vec_store((float *)s->c.ptr + r * s->c.ld, x, s->n);
}

CUVEE__INLINE void store_float_columns(const struct column_store *s, enum act act,
                                       bool has_residual, const float *tile)
{
    const vec bias = s->bias ? vec_load(s->bias + s->j, VEC_LANES)
                             : vec_set1(-0.0f); /* x + -0 is x */
    for (size_t r = 0; r < s->rows; r++) {
        const vec sum = vec_load(tile + r * CUVEE__PANEL + s->j, VEC_LANES);
        finish_columns(s, r, act, has_residual, vec_add(sum, bias));
    }
}

CUVEE__INLINE void store_integer_columns(const struct column_store *s, enum act act,
                                         bool has_residual, const int32_t *tile,
                                         const struct dequantise *d)
{
    const struct row_scale *rows = d->rows;
    const vec scales = vec_load(d->scales + s->j, VEC_LANES);
    const ivec sums = ivec_load(d->sums + s->j);
    const vec bias = s->bias ? vec_load(s->bias + s->j, VEC_LANES) : vec_set1(0.0f);
    for (size_t r = 0; r < s->rows; r++) {
        const ivec shift = ivec_mul(ivec_set1(rows[r].zero), sums);
        const ivec sum = ivec_sub(ivec_load(tile + r * CUVEE__PANEL + s->j), shift);
        const vec scale = vec_mul(vec_set1(rows[r].scale), scales);
        finish_columns(s, r, act, has_residual, vec_fma(vec_of_ivec(sum), scale, bias));
    }
}

CUVEE__INLINE struct column_store columns_of(size_t rows, size_t cols, size_t j,
                                             const struct epilogue *e, struct rows c)
{
    return (struct column_store){rows,
                                 j,
                                 cuvee__min(cols - j, VEC_LANES),
                                 e->residual ? e->residual + j : NULL,
                                 e->ld_residual,
                                 e->bias,
                                 columns_from(c, j)};
}

/* Whole vectors, and none to add or f32, are the rule: there the compiler shall know it. */
#define STORE_COLUMNS(store, s, ...)                                                               \
    do {                                                                                           \
        const bool is_whole = (s).n == VEC_LANES;                                                  \
        if (is_whole && !(s).residual && !holds_bf16((s).c)) {                                     \
            (s).n = VEC_LANES;                                                                     \
            (s).c.value_bytes = sizeof(float);                                                     \
            store(&(s), act, false, __VA_ARGS__);                                                  \
        } else if (is_whole && !(s).residual) {                                                    \
            (s).n = VEC_LANES;                                                                     \
            (s).c.value_bytes = sizeof(uint16_t);                                                  \
            store(&(s), act, false, __VA_ARGS__);                                                  \
        } else if (is_whole && !holds_bf16((s).c)) {                                               \
            (s).n = VEC_LANES;                                                                     \
            (s).c.value_bytes = sizeof(float);                                                     \
            store(&(s), act, true, __VA_ARGS__);                                                   \
        } else {                                                                                   \
            store(&(s), act, (s).residual != NULL, __VA_ARGS__);                                   \
        }                                                                                          \
    } while (0)

CUVEE__INLINE void store_floats(size_t rows, size_t cols, const float *tile,
                                const struct epilogue *e, enum act act, struct rows c)
{
    for (size_t j = 0; j < cols; j += VEC_LANES) {
        struct column_store s = columns_of(rows, cols, j, e, c);
        STORE_COLUMNS(store_float_columns, s, tile);
    }
}

CUVEE__INLINE void store_integers(size_t rows, size_t cols, const int32_t *tile,
                                  const struct dequantise *d, const struct epilogue *e,
                                  enum act act, struct rows c)
{
    for (size_t j = 0; j < cols; j += VEC_LANES) {
        struct column_store s = columns_of(rows, cols, j, e, c);
        STORE_COLUMNS(store_integer_columns, s, tile, d);
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
    case ACT_GELU_COARSE: CALL(ACT_GELU_COARSE); break;                                            \
    case ACT_GELU_TANH: CALL(ACT_GELU_TANH); break;                                                \
    case ACT_QUICK_GELU: CALL(ACT_QUICK_GELU); break;                                              \
    case ACT_RELU: CALL(ACT_RELU); break;                                                          \
    case ACT_SILU: CALL(ACT_SILU); break;                                                          \
    case ACT_TANH: CALL(ACT_TANH); break;                                                          \
    }

static void tile_f32_store_vec(size_t rows, size_t cols, const float *tile,
                               const struct epilogue *e, struct rows c)
{
#define STORE_WITH(constant) store_floats(rows, cols, tile, e, constant, c)
    FOR_CONSTANT_ACT(e->act, STORE_WITH)
#undef STORE_WITH
}

static void tile_int8_store_vec(size_t rows, size_t cols, const int32_t *tile,
                                const struct dequantise *d, const struct epilogue *e,
                                struct rows c)
{
#define STORE_WITH(constant) store_integers(rows, cols, tile, d, e, constant, c)
    FOR_CONSTANT_ACT(e->act, STORE_WITH)
#undef STORE_WITH
}

/* The inputs that are quantised, from i on; lanes past n are 0. */
CUVEE__INLINE vec scaled_input(const float *x, const float *input_scales, size_t i, size_t n)
{
    const vec v = vec_load(x + i, n - i);
    return input_scales ? vec_mul(v, vec_load(input_scales + i, n - i)) : v;
}

/* One step of the transform within vectors: lane i and lane i + h. */
CUVEE__INLINE vec butterfly(vec x, size_t h)
{
    static const float signs[4][16] = {
        {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1},
        {1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1},
        {1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1},
        {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1},
    };
    const size_t row = h == 1 ? 0 : h == 2 ? 1 : h == 4 ? 2 : 3;
    return vec_fma(x, vec_load(signs[row], VEC_LANES), vec_swap(x, h));
}

/* The steps h and 2 h of the transform for one vector of each of its four parts: memory is touched
 * half as often. */
CUVEE__INLINE void butterfly_two_steps(float *y, size_t h)
{
    const vec a = vec_load(y, VEC_LANES), b = vec_load(y + h, VEC_LANES),
              c = vec_load(y + 2 * h, VEC_LANES), d = vec_load(y + 3 * h, VEC_LANES);
    const vec sum_ab = vec_add(a, b), sum_cd = vec_add(c, d);
    const vec diff_ab = vec_sub(a, b), diff_cd = vec_sub(c, d);
    vec_store(y, vec_add(sum_ab, sum_cd), VEC_LANES);
    vec_store(y + h, vec_add(diff_ab, diff_cd), VEC_LANES);
    vec_store(y + 2 * h, vec_sub(sum_ab, sum_cd), VEC_LANES);
    vec_store(y + 3 * h, vec_sub(diff_ab, diff_cd), VEC_LANES);
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

/* A range while it is being found, in two halves: one would wait for its latency. */
struct running_range {
    vec low[2], high[2];
    vec poison[2]; /* 0, or NaN for ever */
};

CUVEE__INLINE struct running_range empty_range(void)
{
    const vec zero = vec_set1(0.0f);
    return (struct running_range){{zero, zero}, {zero, zero}, {zero, zero}};
}

CUVEE__INLINE void extend_range(struct running_range *range, size_t half, vec y)
{
    range->low[half] = vec_min(y, range->low[half]);
    range->high[half] = vec_max(y, range->high[half]);
}

CUVEE__INLINE void poison_range(struct running_range *range, size_t half, vec y)
{
    range->poison[half] = vec_fma(y, vec_set1(0.0f), range->poison[half]);
}

CUVEE__INLINE struct row_range end_range(const struct running_range *range)
{
    const vec lowest = vec_min(range->low[0], range->low[1]);
    const float low = -vec_largest(vec_sub(vec_set1(0.0f), lowest));
    const float high = vec_largest(vec_max(range->high[0], range->high[1]));
    const bool is_poisoned = vec_sum(vec_add(range->poison[0], range->poison[1])) != 0.0f;
    return (struct row_range){low, high, !is_poisoned && isfinite(high - low)};
}

static struct row_range range_of(const float *x, const float *input_scales, size_t n)
{
    struct running_range range = empty_range();
    for (size_t i = 0; i < n; i += 2 * VEC_LANES) {
        const vec y = scaled_input(x, input_scales, i, n);
        extend_range(&range, 0, y);
        poison_range(&range, 0, y);
        if (i + VEC_LANES >= n) break;
        const vec y_too = scaled_input(x, input_scales, i + VEC_LANES, n);
        extend_range(&range, 1, y_too);
        poison_range(&range, 1, y_too);
    }
    return end_range(&range);
}

/* A block of REGISTER_BLOCK, all of it in registers. */
enum { BLOCK_VECS = 8, REGISTER_BLOCK = BLOCK_VECS * VEC_LANES };

/* One step of the transform between vectors. */
CUVEE__INLINE void rotate_vectors(vec *t, size_t h)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < BLOCK_VECS; i++) {
        if (i & h) continue;
        const vec a = t[i], b = t[i + h];
        t[i] = vec_add(a, b);
        t[i + h] = vec_sub(a, b);
    }
}

/* is_bf16, and whether there are input_scales, are constants. */
CUVEE__INLINE void rotate_block(float *y, const void *x, bool is_bf16, const float *input_scales,
                                struct running_range *range)
{
    vec t[BLOCK_VECS];
#pragma GCC unroll 8
    for (size_t i = 0; i < BLOCK_VECS; i++) {
        const size_t at = i * VEC_LANES;
        t[i] = is_bf16 ? vec_widen_bf16((const uint16_t *)x + at)
                       : vec_load((const float *)x + at, VEC_LANES);
        if (input_scales) t[i] = vec_mul(t[i], vec_load(input_scales + at, VEC_LANES));
        t[i] = butterfly(butterfly(butterfly(t[i], 1), 2), 4);
        if (VEC_LANES > 8) t[i] = butterfly(t[i], 8);
    }
    rotate_vectors(t, 1);
    rotate_vectors(t, 2);
    rotate_vectors(t, 4);
    /* Two of the eight tell of all: what was not finite before the last two steps is a part of
     * t[0] or t[1], and so is a sum that overflowed in the first of them. A difference that did,
     * or what overflowed in the last step, leaves an infinity, and with it an infinite range. */
    poison_range(range, 0, t[0]);
    poison_range(range, 1, t[1]);
#pragma GCC unroll 8
    for (size_t i = 0; i < BLOCK_VECS; i++) {
        extend_range(range, i % 2, t[i]);
        vec_store(y + i * VEC_LANES, t[i], VEC_LANES);
    }
}

/* Blocks of any size. */
static void rotate_long_row(float *y, const float *x, const float *input_scales, size_t n,
                            size_t block)
{
    for (size_t i = 0; i < n; i += VEC_LANES) {
        vec t = scaled_input(x, input_scales, i, n);
        if (block > 1) t = butterfly(t, 1);
        if (block > 2) t = butterfly(t, 2);
        if (block > 4) t = butterfly(t, 4);
        if (VEC_LANES > 8 && block > 8) t = butterfly(t, 8);
        vec_store(y + i, t, n - i);
    }
    size_t h = VEC_LANES;
    for (; 4 * h <= block; h *= 4)
        for (size_t start = 0; start < n; start += 4 * h)
            for (size_t i = start; i < start + h; i += VEC_LANES) butterfly_two_steps(y + i, h);
    for (size_t start = 0; h < block && start < n; start += 2 * h)
        for (size_t i = start; i < start + h; i += VEC_LANES) {
            const vec a = vec_load(y + i, VEC_LANES), b = vec_load(y + i + h, VEC_LANES);
            vec_store(y + i, vec_add(a, b), VEC_LANES);
            vec_store(y + i + h, vec_sub(a, b), VEC_LANES);
        }
}

CUVEE__INLINE struct row_range rotate_blocks(float *y, const void *x, bool is_bf16,
                                             const float *input_scales, size_t n)
{
    struct running_range range = empty_range();
    for (size_t i = 0; i < n; i += REGISTER_BLOCK) {
        const void *from =
            is_bf16 ? (const void *)((const uint16_t *)x + i) : (const float *)x + i;
        if (input_scales)
            rotate_block(y + i, from, is_bf16, input_scales + i, &range);
        else
            rotate_block(y + i, from, is_bf16, NULL, &range);
    }
    return end_range(&range);
}

static void rotate_row_vec(float *y, const void *x, bool is_bf16, const float *input_scales,
                           size_t n, size_t block, struct row_range *ret)
{
    if (block == REGISTER_BLOCK) {
        *ret = is_bf16 ? rotate_blocks(y, x, true, input_scales, n)
                       : rotate_blocks(y, x, false, input_scales, n);
        return;
    }
    if (is_bf16) widen_row(vec_widen_bf16, y, x, n);
    rotate_long_row(y, is_bf16 ? y : x, input_scales, n, block);
    *ret = range_of(y, NULL, n);
}

static void quantise_row_vec(uint8_t *q, const float *x, const float *input_scales, size_t n,
                             uint32_t max, const struct row_range *known, struct row_scale *ret)
{
    const struct row_range from = known ? *known : range_of(x, input_scales, n);
    const float range = from.high - from.low;
    const bool tiny = range < QUANTISE_LEAST_RANGE;
    *ret = (struct row_scale){tiny ? 0.0f : range / (float)max, 0};
    if (!from.finite) ret->scale = NAN;
    if (tiny || !(ret->scale > 0.0f)) {
        memset(q, 0, n);
        return;
    }
    const float inverse = (float)max / range;
    ret->zero = (int32_t)lrintf(-from.low * inverse);
    const vec slope = vec_set1(inverse), shift = vec_set1((float)ret->zero);
    size_t i = 0;
    for (; i + 4 * VEC_LANES <= n; i += 4 * VEC_LANES) {
        ivec v[4];
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            v[j] = ivec_of_vec(
                vec_fma(scaled_input(x, input_scales, i + j * VEC_LANES, n), slope, shift));
        ivec_store_u8(q + i, v, (uint8_t)max);
    }
    if (i < n) {
        ivec v[4];
        for (size_t j = 0; j < 4; j++) {
            const size_t from_i = cuvee__min(i + j * VEC_LANES, n - 1); /* past n any will do */
            v[j] = ivec_of_vec(vec_fma(scaled_input(x, input_scales, from_i, n), slope, shift));
        }
        ivec_store_u8(q + i, v, (uint8_t)max);
    }
}

static void widen_panel_vec(float *to, const uint16_t *panel, size_t n_k)
{
    for (size_t k = 0; k < n_k; k += 2, to += 2 * CUVEE__PANEL, panel += 2 * CUVEE__PANEL)
        for (size_t j = 0; j < CUVEE__PANEL; j += VEC_LANES) {
            const ivec pairs = ivec_load((const int32_t *)(const void *)(panel + 2 * j));
            vec_store(to + j, vec_of_bf16_low(pairs), VEC_LANES);
            vec_store(to + CUVEE__PANEL + j, vec_of_bf16_high(pairs), VEC_LANES);
        }
}

static void act_f32_vec(enum act act, float *x, size_t n)
{
#define ACT_ROW(constant) act_row(constant, x, n)
    FOR_CONSTANT_ACT(act, ACT_ROW)
#undef ACT_ROW
}

static void transpose_f32_vec(float *panel, const float *w, size_t ldw, size_t cols, size_t n_k)
{
    for (size_t j = 0; j < CUVEE__PANEL; j += VEC_LANES)
        for (size_t k = 0; k < n_k; k += VEC_LANES) {
            vec v[VEC_LANES];
#pragma GCC unroll 16
            for (size_t i = 0; i < VEC_LANES; i++)
                v[i] = j + i < cols ? vec_load(w + (j + i) * ldw + k, n_k - k) : vec_set1(0.0f);
            vec_transpose(v);
            const size_t n = cuvee__min(VEC_LANES, n_k - k);
            if (n == VEC_LANES) {
#pragma GCC unroll 16
                for (size_t i = 0; i < VEC_LANES; i++)
                    vec_store(panel + (k + i) * CUVEE__PANEL + j, v[i], VEC_LANES);
                continue;
            }
            for (size_t i = 0; i < n; i++)
                vec_store(panel + (k + i) * CUVEE__PANEL + j, v[i], VEC_LANES);
        }
}

enum { SOFTMAX_ROWS = 4 };

/* `rows` rows, a constant, side by side: each step of one would wait for the step before. Whole
 * vectors go to memory and back, since a masked store does not forward to the load after it. */
CUVEE__INLINE void softmax_rows(float *x, size_t ld, size_t rows, size_t n, float scale)
{
    const vec s = vec_set1(scale), zero = vec_set1(0.0f);
    const size_t whole = n / VEC_LANES * VEC_LANES;
    vec top[SOFTMAX_ROWS], sum[SOFTMAX_ROWS];
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        top[r] = vec_set1(-INFINITY);
        for (size_t i = 0; i < whole; i += VEC_LANES)
            top[r] = vec_max(top[r], vec_mul(s, vec_load(x + r * ld + i, VEC_LANES)));
        if (whole < n) {
            const vec v = vec_mul(s, vec_load(x + r * ld + whole, VEC_LANES));
            top[r] = vec_max(top[r], vec_first_or(v, n - whole, top[r]));
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        /* A NaN may slip through the maximum, but not through the sum. */
        top[r] = vec_set1(-vec_largest(top[r]));
        sum[r] = zero;
    }
    for (size_t i = 0; i < n; i += VEC_LANES)
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) {
            float *at = x + r * ld + i;
            vec e = exp_nonpositive(vec_fma(s, vec_load(at, VEC_LANES), top[r]));
            if (n - i < VEC_LANES) e = vec_keep_first(e, n - i);
            vec_store(at, e, VEC_LANES);
            sum[r] = vec_add(sum[r], e);
        }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) sum[r] = vec_set1(1.0f / vec_sum(sum[r]));
    for (size_t i = 0; i < n; i += VEC_LANES)
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) {
            const vec e = vec_mul(vec_load(x + r * ld + i, VEC_LANES), sum[r]);
            vec_store(x + r * ld + i, n - i < VEC_LANES ? vec_keep_first(e, n - i) : e, VEC_LANES);
        }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
        for (size_t i = cuvee__round_up(n, VEC_LANES); i % 16; i += VEC_LANES)
            vec_store(x + r * ld + i, zero, VEC_LANES);
}

static void softmax_f32_vec(float *x, size_t ld, size_t rows, size_t n, float scale)
{
    size_t r = 0;
    for (; r + SOFTMAX_ROWS <= rows; r += SOFTMAX_ROWS)
        softmax_rows(x + r * ld, ld, SOFTMAX_ROWS, n, scale);
    for (; r < rows; r++) softmax_rows(x + r * ld, ld, 1, n, scale);
}

/* Sum of x, or of the squares of its distances from a mean; four partial sums, since each addition
 * to one waits for the addition before. */
CUVEE__INLINE vec norm_term(const float *x, size_t n, bool squares, vec mean, vec sum)
{
    const vec v = vec_load(x, n);
    if (!squares) return vec_add(sum, v);
    const vec dx = vec_keep_first(vec_sub(v, mean), n);
    return vec_fma(dx, dx, sum);
}

CUVEE__INLINE float norm_sum(const float *x, size_t d, bool squares, float mean)
{
    const vec m = vec_set1(mean);
    vec sum[4];
    size_t i = 0;
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) sum[j] = vec_set1(0.0f);
    for (; i + 4 * VEC_LANES <= d; i += 4 * VEC_LANES)
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            sum[j] = norm_term(x + i + j * VEC_LANES, VEC_LANES, squares, m, sum[j]);
    for (; i < d; i += VEC_LANES) sum[0] = norm_term(x + i, d - i, squares, m, sum[0]);
    return vec_sum(vec_add(vec_add(sum[0], sum[1]), vec_add(sum[2], sum[3])));
}

CUVEE__INLINE void norm_store(float *y, const float *x, const float *gamma, const float *beta,
                              size_t n, vec mean, vec rstd)
{
    const vec z = vec_mul(vec_sub(vec_load(x, n), mean), rstd);
    vec_store(y, vec_fma(z, vec_load(gamma, n), vec_load(beta, n)), n);
}

static void layernorm_f32_vec(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma,
                              const float *beta, size_t rows, size_t d, float eps)
{
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        const float mean = norm_sum(x, d, false, 0.0f) / (float)d;
        const float var = norm_sum(x, d, true, mean) / (float)d;
        const vec m = vec_set1(mean), rstd = vec_set1(1.0f / sqrtf(var + eps));
        size_t i = 0;
        for (; i + VEC_LANES <= d; i += VEC_LANES)
            norm_store(y + i, x + i, gamma + i, beta + i, VEC_LANES, m, rstd);
        if (i < d) norm_store(y + i, x + i, gamma + i, beta + i, d - i, m, rstd);
    }
}

static void add_f32_vec(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VEC_LANES)
        vec_store(y + i, vec_add(vec_load(y + i, n - i), vec_load(x + i, n - i)), n - i);
}

static void widen_f16_vec(float *y, const void *x, size_t n)
{
    widen_row(vec_widen_f16, y, x, n);
}

static void widen_bf16_vec(float *y, const void *x, size_t n)
{
    widen_row(vec_widen_bf16, y, x, n);
}

static void narrow_bf16_vec(uint16_t *y, const float *x, size_t n)
{
    size_t i = 0;
#ifdef VEC_HAS_BF16
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        vec_store_bf16(y + i, vec_load(x + i, VEC_LANES), VEC_LANES);
#endif
    for (; i < n; i++) y[i] = bf16_of_float(x[i]);
}

static void init_vector_kernels(struct kernels *k)
{
    k->rotate_row = rotate_row_vec;
    k->quantise_row = quantise_row_vec;
    k->tile_int8_store = tile_int8_store_vec;
    k->narrow_bf16 = narrow_bf16_vec;
    k->widen_panel = widen_panel_vec;
    k->tile_f32_store = tile_f32_store_vec;
    k->transpose_f32 = transpose_f32_vec;
    k->softmax_f32 = softmax_f32_vec;
    k->layernorm_f32 = layernorm_f32_vec;
    k->act_f32 = act_f32_vec;
    k->add_f32 = add_f32_vec;
    k->widen_f16 = widen_f16_vec;
    k->widen_bf16 = widen_bf16_vec;
}

#endif
