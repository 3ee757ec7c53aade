/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole product of a row block with AMX. The tile unit multiplies by itself, 64 cycles for each
 * step of k, and the vector units would lie idle: so while a tile is multiplied, the one before it
 * is finished, a few rows for each step. */
#include "kernels/amx/tiles_amx.h"
#include "kernels/avx512bf16/vec_avx512bf16.h"
#include "kernels/split.h"
#include "kernels/vector_finish.h"

/* What is done with finished sums; each is code of its own. */
enum finish { FINISH_F32, FINISH_BF16, FINISH_RESIDUAL, FINISH_GELU, FINISH_OTHER };

/* A tile of sums and where its rows go. */
struct finished {
    size_t rows, next;   /* rows next .. rows - 1 are still to be done */
    const int32_t *tile; /* or floats */
    struct column_store columns[CUVEE__PANEL / VEC_LANES];
    struct dequantise d;
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

/* finish and is_int8 are constants, here and below. */
CUVEE__INLINE void finish_row(const struct finished *f, enum finish finish, bool is_int8, size_t r)
{
#pragma GCC unroll 2
    for (size_t half = 0; half < CUVEE__PANEL / VEC_LANES; half++) {
        struct column_store s = f->columns[half];
        s.n = VEC_LANES;
        s.j = half * VEC_LANES;
        s.c.value_bytes = finish == FINISH_F32 || finish == FINISH_RESIDUAL ? 4 : 2;
        const enum act act = finish == FINISH_GELU ? ACT_GELU_COARSE : ACT_NONE;
        if (is_int8) {
            const struct column_values v = integer_columns(&s, &f->d);
            store_integer_row(&s, act, finish == FINISH_RESIDUAL, f->tile, f->d.rows, &v, r);
        } else {
            const struct column_values v = float_columns(&s);
            store_float_row(&s, act, finish == FINISH_RESIDUAL, (const float *)f->tile, &v, r);
        }
    }
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
                                 struct finished *before, enum finish finish)
{
    const bool is_high = o->rows > AMX_REGISTER_ROWS;
    const size_t n_steps = o->n_bytes / AMX_STEP, rest = o->n_bytes % AMX_STEP;
    const char *next = o->ahead.ptr;
    size_t due = 0, row = before->next;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t k = 0; k < n_steps; k++) {
        multiply_step(is_int8, is_high, o->a + k * AMX_STEP, o->row_bytes,
                      o->panel + k * AMX_PANEL_STEP);
        next = amx_prefetch_step(next, o->ahead.step);
        for (due += before->rows; due >= n_steps && row < before->rows; due -= n_steps)
            finish_row(before, finish, is_int8, row++);
    }
    if (rest) {
        struct amx_rest copy;
        amx_copy_rest(&copy, o->rows, rest, o->a + n_steps * AMX_STEP, o->row_bytes,
                      o->panel + n_steps * AMX_PANEL_STEP);
        multiply_step(is_int8, is_high, copy.inputs, AMX_STEP, copy.columns);
    }
    while (row < before->rows) finish_row(before, finish, is_int8, row++);
    before->next = row;
    enum { TILE_BYTES = CUVEE__PANEL * sizeof *tile, HIGH = AMX_REGISTER_ROWS * CUVEE__PANEL };
    _tile_stored(0, tile, TILE_BYTES);
    _tile_stored(1, tile + CUVEE__PANEL / 2, TILE_BYTES);
    if (is_high) {
        _tile_stored(2, tile + HIGH, TILE_BYTES);
        _tile_stored(3, tile + HIGH + CUVEE__PANEL / 2, TILE_BYTES);
    }
}

/* Tile i's share of the panel that comes next. */
static struct ahead share_ahead(const void *next, size_t panel_bytes, size_t n_tiles, size_t i)
{
    return (struct ahead){(const char *)next + i * panel_bytes / n_tiles,
                          (AMX_LINE + n_tiles - 1) / n_tiles};
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
                .ahead = share_ahead(next, panel_bytes, split.n_parts, i),
            };
            int32_t *tile = tiles[n_done++ % 2];
            if (rows != configured) _tile_loadconfig(cuvee__amx_config(rows));
            configured = rows;
            multiply_tile(&o, is_int8, tile, &before, finish);
            const struct epilogue own = {
                .bias = e->bias ? e->bias + col : NULL,
                .residual = e->residual ? e->residual + row * e->ld_residual + col : NULL,
                .ld_residual = e->ld_residual,
            };
            const struct rows to = columns_from(rows_from(c, row), col);
            before = (struct finished){.rows = rows, .tile = tile};
            for (size_t v = 0; v < CUVEE__PANEL / VEC_LANES; v++)
                before.columns[v] = columns_of(rows, CUVEE__PANEL, v * VEC_LANES, &own, to);
            if (is_int8)
                before.d = (struct dequantise){in->scales + row, w->scales + col, w->sums + col};
            row += rows;
        }
    }
    for (size_t r = 0; r < before.rows; r++) finish_row(&before, finish, is_int8, r);
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
    if (w->n % CUVEE__PANEL || w->type == WEIGHT_F32) return false;
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
