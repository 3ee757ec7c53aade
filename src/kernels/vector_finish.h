/* SPDX-License-Identifier: Apache-2.0
 *
 * Finishing a tile of sums, a vector of columns at a time, over a tier's vector type; include the
 * tier's vec_*.h first. */
#ifndef CUVEE_KERNELS_VECTOR_FINISH_H
#define CUVEE_KERNELS_VECTOR_FINISH_H

#include "base/checked.h"
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

/* What belongs to the columns, in registers. */
struct column_values {
    vec bias, scales; /* scales and sums: of integers */
    ivec sums;
};

CUVEE__INLINE struct column_values float_columns(const struct column_store *s)
{
    struct column_values v = {.bias = vec_set1(-0.0f)}; /* x + -0 is x */
    if (s->bias) v.bias = vec_load(s->bias + s->j, VEC_LANES);
    return v;
}

CUVEE__INLINE struct column_values integer_columns(const struct column_store *s,
                                                   const struct dequantise *d)
{
    struct column_values v = {vec_set1(0.0f), vec_load(d->scales + s->j, VEC_LANES),
                              ivec_load(d->sums + s->j)};
    if (s->bias) v.bias = vec_load(s->bias + s->j, VEC_LANES);
    return v;
}

CUVEE__INLINE void store_float_row(const struct column_store *s, enum act act, bool has_residual,
                                   const float *tile, const struct column_values *v, size_t r)
{
    const vec sum = vec_load(tile + r * CUVEE__PANEL + s->j, VEC_LANES);
    finish_columns(s, r, act, has_residual, vec_add(sum, v->bias));
}

CUVEE__INLINE void store_integer_row(const struct column_store *s, enum act act, bool has_residual,
                                     const int32_t *tile, const struct row_scale *row,
                                     const struct column_values *v, size_t r)
{
    const ivec shift = ivec_mul(ivec_set1(row[r].zero), v->sums);
    const ivec sum = ivec_sub(ivec_load(tile + r * CUVEE__PANEL + s->j), shift);
    const vec scale = vec_mul(vec_set1(row[r].scale), v->scales);
    finish_columns(s, r, act, has_residual, vec_fma(vec_of_ivec(sum), scale, v->bias));
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

#endif
