/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of one head over one text, with the microkernels of the matrix product: K is transposed
 * into panels, whose columns are the tokens; V already is one, if it is aligned, whose columns are
 * the head's; then, for each tile of queries, a strip of scores against all tokens, its softmax,
 * and the strip times V. There are no masks: a text attends to itself only, and its length is
 * exact.
 *
 * A whole row of scores is kept (an online softmax would rescale sums on the way, in an order that
 * depends on block sizes): 16 rows of 512 tokens are 32 KB. */
#include "base/checked.h"
#include "kernels/pack.h"
#include "kernels/split.h"

enum {
    K_BLOCK = 768,  /* as in gemm.c */
    STRIP_PAD = 16, /* a cache line more per row: rows of 1024 tokens would share a set of L1 */
};

/* How scratch is cut. Every part is a multiple of 64 bytes. */
struct plan {
    size_t keys, values, ld_strip, strip, tile, total; /* floats */
};

static struct plan plan_scratch(size_t n_tokens, size_t head_size)
{
    struct plan p;
    p.keys = cuvee__round_up(n_tokens, CUVEE__PANEL) * head_size;
    p.values = cuvee__round_up(head_size, CUVEE__PANEL) * n_tokens;
    p.ld_strip = cuvee__round_up(n_tokens, CUVEE__PANEL) + STRIP_PAD;
    p.strip = CUVEE__MAX_TILE_ROWS * p.ld_strip;
    p.tile = CUVEE__MAX_TILE_ROWS * CUVEE__PANEL;
    p.total = p.keys + p.values + p.strip + p.tile;
    return p;
}

size_t cuvee__attention_f32_scratch(size_t n_tokens, size_t head_size)
{
    return plan_scratch(n_tokens, head_size).total;
}

/* Rows of another matrix as the columns, and k as the rows, of a product: panel j of 32 columns at
 * ptr + j * next_panel. */
struct operand {
    const float *ptr;
    size_t ld, next_panel; /* floats */
    size_t n, k;
};

/* c (rows, b->n) = a b for at most tile_rows rows; c has room for whole panels. */
static void multiply_tile(const struct kernels *kern, size_t rows, const float *a, size_t lda,
                          const struct operand *b, float *tile, float *c, size_t ldc,
                          bool whole_panels)
{
    const struct epilogue plain = {.act = ACT_NONE};
    const float *panel = b->ptr;
    for (size_t col = 0; col < b->n; col += CUVEE__PANEL, panel += b->next_panel) {
        for (size_t k0 = 0; k0 < b->k; k0 += K_BLOCK)
            kern->gemm_f32_tile(rows, cuvee__min(K_BLOCK, b->k - k0), a + k0, lda,
                                panel + k0 * b->ld, b->ld, (struct ahead){panel, 0}, tile, k0 > 0);
        const size_t cols = whole_panels ? CUVEE__PANEL : cuvee__min(CUVEE__PANEL, b->n - col);
        kern->tile_f32_store(rows, cols, tile, &plain, c + col, ldc);
    }
}

/* The keys, transposed. */
static struct operand transpose_keys(const struct kernels *kern, const float *k, size_t ld,
                                     size_t n_tokens, size_t head_size, float *panels)
{
    const size_t panel = CUVEE__PANEL * head_size;
    for (size_t j = 0; j < n_tokens; j += CUVEE__PANEL)
        kern->transpose_f32(panels + j * head_size, k + j * ld, ld,
                            cuvee__min(CUVEE__PANEL, n_tokens - j), head_size);
    return (struct operand){panels, CUVEE__PANEL, panel, n_tokens, head_size};
}

/* The values as they are, if they lie well for a microkernel; else packed. */
static struct operand arrange_values(const float *v, size_t ld, size_t n_tokens, size_t head_size,
                                     float *panels)
{
    const bool is_aligned = (uintptr_t)v % 64 == 0 && ld % 16 == 0;
    if (is_aligned && head_size % CUVEE__PANEL == 0)
        return (struct operand){v, ld, CUVEE__PANEL, head_size, n_tokens};
    const struct packed values = {.n = head_size, .k = n_tokens, .panels = panels};
    cuvee__pack_f32_transposed(&values, panels, v, ld);
    return (struct operand){panels, CUVEE__PANEL, CUVEE__PANEL * n_tokens, head_size, n_tokens};
}

void cuvee__attention_f32(const struct kernels *kern, const float *q, size_t n_queries,
                          const float *k, const float *v, size_t ld, size_t n_tokens,
                          size_t head_size, float scale, float *out, size_t ld_out, float *scratch)
{
    const struct plan plan = plan_scratch(n_tokens, head_size);
    float *keys_panels = scratch, *values_panels = keys_panels + plan.keys;
    float *strip = values_panels + plan.values, *tile = strip + plan.strip;
    const struct operand keys = transpose_keys(kern, k, ld, n_tokens, head_size, keys_panels);
    const struct operand values = arrange_values(v, ld, n_tokens, head_size, values_panels);

    const struct split tiles = split_rows(n_queries, kern->tile_rows);
    for (size_t i = 0, row = 0; i < tiles.n_parts; i++) {
        const size_t rows = split_part(&tiles, i);
        multiply_tile(kern, rows, q + row * ld, ld, &keys, tile, strip, plan.ld_strip, true);
        kern->softmax_f32(strip, plan.ld_strip, rows, n_tokens, scale);
        multiply_tile(kern, rows, strip, plan.ld_strip, &values, tile, out + row * ld_out, ld_out,
                      false);
        row += rows;
    }
}
