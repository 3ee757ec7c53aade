/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole product of a row block with AMX. The tile unit multiplies by itself, 64 cycles for each
 * step of k, and the vector units would lie idle: so while a tile is multiplied, the one before it
 * is finished, a few rows for each step. */
#include "kernels/amx/tiles_amx.h"
#include "kernels/avx512bf16/vec_avx512bf16.h"
#include "kernels/split.h"
#include "kernels/vector_math.h"

/* What is done with finished sums; each is code of its own. */
enum finish { FINISH_F32, FINISH_BF16, FINISH_RESIDUAL, FINISH_GELU, FINISH_OTHER };

/* A tile of sums and where its rows go: what belongs to the columns, then what moves on from row to
 * row. */
struct finished {
    vec bias[2], scales[2];
    ivec sums[2];        /* pairs_of_sums */
    size_t n_left;       /* rows */
    const int32_t *tile; /* or floats */
    const struct row_scale *rows;
    const char *residual;
    char *c;
    size_t next_residual, next_c; /* bytes */
};

/* Where the multiplication of a tile reads. */
struct operands {
    size_t rows, n_bytes, row_bytes;
    const uint8_t *a, *panel;
    struct ahead ahead;
};

static enum finish finish_of(const struct epilogue *e, struct rows c)
{
    if (e->act == ACT_GELU_COARSE && !e->residual && holds_bf16(c)) return FINISH_GELU;
    if (e->act != ACT_NONE) return FINISH_OTHER;
    if (e->residual) return holds_bf16(c) ? FINISH_OTHER : FINISH_RESIDUAL;
    return holds_bf16(c) ? FINISH_BF16 : FINISH_F32;
}

/* sum - zero * column's sum in one instruction, vpdpwssd, which multiplies pairs of 16 bits: as
 * (s mod 128) * -zero + (s / 128) * (-zero * 128). With |q| <= 127, zero <= 255 and k below 2^15
 * all four fit. */
enum { SUM_SPLIT = 128, MAX_DEPTH = 1 << 15 };

CUVEE__INLINE ivec pairs_of_sums(const int32_t *sums)
{
    const ivec s = ivec_load(sums);
    const ivec low = _mm512_and_si512(s, ivec_set1(SUM_SPLIT - 1));
    return _mm512_or_si512(low, _mm512_slli_epi32(ivec_sub(s, low), 16 - 7));
}

CUVEE__INLINE ivec pair_of_zero(int32_t zero)
{
    const uint32_t low = (uint32_t)-zero & 0xFFFF, high = (uint32_t)(-zero * SUM_SPLIT) << 16;
    return ivec_set1((int32_t)(low | high));
}

/* One row of what is left. finish and is_int8 are constants, here and below. */
CUVEE__INLINE void finish_row(struct finished *f, enum finish finish, bool is_int8)
{
    const ivec zero = is_int8 ? pair_of_zero(f->rows->zero) : ivec_set1(0);
    const vec scale = vec_set1(is_int8 ? f->rows->scale : 0.0f);
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; half++) {
        const size_t j = half * VEC_LANES;
        vec x;
        if (is_int8) {
            const ivec sum = _mm512_dpwssd_epi32(ivec_load(f->tile + j), f->sums[half], zero);
            x = vec_fma(vec_of_ivec(sum), vec_mul(scale, f->scales[half]), f->bias[half]);
        } else {
            x = vec_add(vec_load((const float *)f->tile + j, VEC_LANES), f->bias[half]);
        }
        if (finish == FINISH_GELU) x = act_vec(ACT_GELU_COARSE, x);
        if (finish == FINISH_RESIDUAL)
            x = vec_add(x, vec_load((const float *)f->residual + j, VEC_LANES));
        if (finish == FINISH_BF16 || finish == FINISH_GELU)
            vec_store_bf16((uint16_t *)f->c + j, x, VEC_LANES);
        else
            vec_store((float *)f->c + j, x, VEC_LANES);
    }
    f->n_left--;
    f->tile += CUVEE__PANEL;
    f->rows += is_int8;
    f->c += f->next_c;
    if (finish == FINISH_RESIDUAL) f->residual += f->next_residual;
}

CUVEE__INLINE void multiply_step(bool is_int8, bool is_high, const uint8_t *a, size_t row_bytes,
                                 const uint8_t *b)
{
    if (is_high && is_int8)
        AMX_MULTIPLY_32(_tile_dpbusd, a, row_bytes, b);
    else if (is_high)
        AMX_MULTIPLY_32(_tile_dpbf16ps, a, row_bytes, b);
    else if (is_int8)
        AMX_MULTIPLY_16(_tile_dpbusd, a, row_bytes, b);
    else
        AMX_MULTIPLY_16(_tile_dpbf16ps, a, row_bytes, b);
}

/* Multiply a tile and finish another. */
CUVEE__INLINE void multiply_tile(const struct operands *o, bool is_int8, int32_t *tile,
                                 const struct finished *before, enum finish finish)
{
    const bool is_high = o->rows > AMX_REGISTER_ROWS;
    const size_t n_steps = o->n_bytes / AMX_STEP, rest = o->n_bytes % AMX_STEP;
    const char *next = o->ahead.ptr;
    struct finished f = *before;
    const size_t n_rows = f.n_left;
    size_t due = 0;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t k = 0; k < n_steps; k++) {
        multiply_step(is_int8, is_high, o->a + k * AMX_STEP, o->row_bytes,
                      o->panel + k * AMX_PANEL_STEP);
        next = amx_prefetch_step(next, o->ahead.step);
        for (due += n_rows; due >= n_steps; due -= n_steps) finish_row(&f, finish, is_int8);
    }
    if (rest) {
        struct amx_rest copy;
        amx_copy_rest(&copy, o->rows, rest, o->a + n_steps * AMX_STEP, o->row_bytes,
                      o->panel + n_steps * AMX_PANEL_STEP);
        multiply_step(is_int8, is_high, copy.inputs, AMX_STEP, copy.columns);
    }
    while (f.n_left) finish_row(&f, finish, is_int8); /* k of less than a step */
    amx_store(tile, sizeof *tile * CUVEE__PANEL, is_high);
}

CUVEE__INLINE struct finished finished_tile(size_t rows, const int32_t *tile,
                                            const struct packed *w, const struct epilogue *e,
                                            const struct inputs *in, size_t row, size_t col,
                                            struct rows c, bool is_int8)
{
    const struct rows to = columns_from(rows_from(c, row), col);
    struct finished f = {
        .n_left = rows,
        .tile = tile,
        .rows = is_int8 ? in->scales + row : NULL,
        .residual = e->residual ? (const char *)(e->residual + row * e->ld_residual + col) : NULL,
        .c = to.ptr,
        .next_residual = e->ld_residual * sizeof(float),
        .next_c = to.ld * to.value_bytes,
    };
    for (size_t half = 0; half < 2; half++) {
        const size_t j = col + half * VEC_LANES;
        /* As vector_kernels.h has it. */
        f.bias[half] =
            e->bias ? vec_load(e->bias + j, VEC_LANES) : vec_set1(is_int8 ? 0.0f : -0.0f);
        if (!is_int8) continue;
        f.scales[half] = vec_load(w->scales + j, VEC_LANES);
        f.sums[half] = pairs_of_sums(w->sums + j);
    }
    return f;
}

CUVEE__INLINE void multiply_all(size_t m, const struct inputs *in, const struct packed *w,
                                const struct epilogue *e, struct rows c, bool is_int8,
                                enum finish finish)
{
    _Alignas(64) int32_t tiles[2][AMX_TILE_ROWS * CUVEE__PANEL];
    const size_t value_bytes = is_int8 ? 1 : 2;
    const size_t n_bytes = cuvee__round_up(w->k * value_bytes, AMX_GROUP);
    const size_t row_bytes = in->ld * value_bytes, panel_bytes = n_bytes * CUVEE__PANEL;
    const struct split split = split_rows(m, AMX_TILE_ROWS);
    struct finished before = {0};
    size_t configured = 0, n_done = 0;
    for (size_t col = 0; col < w->n; col += CUVEE__PANEL) {
        const uint8_t *panel = (const uint8_t *)w->panels + col / CUVEE__PANEL * panel_bytes;
        const bool is_last = col + CUVEE__PANEL == w->n;
        const void *next = is_last && w->next ? w->next : panel + panel_bytes;
        for (size_t i = 0, row = 0; i < split.n_parts; i++) {
            const size_t rows = split_part(&split, i);
            const struct operands o = {
                .rows = rows,
                .n_bytes = n_bytes,
                .row_bytes = row_bytes,
                .a = (const uint8_t *)in->rows + row * row_bytes,
                .panel = panel,
                .ahead = split_ahead(&split, next, panel_bytes, i),
            };
            int32_t *tile = tiles[n_done++ % 2];
            if (rows != configured) _tile_loadconfig(cuvee__amx_config(rows));
            configured = rows;
            multiply_tile(&o, is_int8, tile, &before, finish);
            before = finished_tile(rows, tile, w, e, in, row, col, c, is_int8);
            row += rows;
        }
    }
    while (before.n_left) finish_row(&before, finish, is_int8);
    _tile_release();
}

#define MULTIPLY_ALL(finish)                                                                       \
    if (w->type == WEIGHT_INT8)                                                                    \
        multiply_all(m, in, w, e, c, true, finish);                                                \
    else                                                                                           \
        multiply_all(m, in, w, e, c, false, finish);                                               \
    return true

bool cuvee__gemm_rows_amx(size_t m, const struct inputs *in, const struct packed *w,
                          const struct epilogue *e, struct rows c)
{
    if (w->n % CUVEE__PANEL || w->type == WEIGHT_F32 || w->k > MAX_DEPTH) return false;
    switch (finish_of(e, c)) {
    case FINISH_F32:
        MULTIPLY_ALL(FINISH_F32);
    case FINISH_BF16:
        MULTIPLY_ALL(FINISH_BF16);
    case FINISH_RESIDUAL:
        MULTIPLY_ALL(FINISH_RESIDUAL);
    case FINISH_GELU:
        MULTIPLY_ALL(FINISH_GELU);
    case FINISH_OTHER:
        break;
    }
    return false;
}
