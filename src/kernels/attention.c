/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of one head over one text, with the microkernels of the matrix product: K becomes a
 * packed matrix whose output columns are the tokens, V one whose output columns are the head's;
 * then, for each tile of queries, a strip of scores against all tokens, its softmax, and the strip
 * times V. There are no masks: a text attends to itself only, and its length is exact.
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
    p.ld_strip = cuvee__round_up(n_tokens, 16) + STRIP_PAD;
    p.strip = CUVEE__MAX_TILE_ROWS * p.ld_strip;
    p.tile = CUVEE__MAX_TILE_ROWS * CUVEE__PANEL;
    p.total = p.keys + p.values + p.strip + p.tile;
    return p;
}

size_t cuvee__attention_f32_scratch(size_t n_tokens, size_t head_size)
{
    return plan_scratch(n_tokens, head_size).total;
}

/* c (rows, w->n) = a w^T for at most tile_rows rows. */
static void multiply_tile(const struct kernels *kern, size_t rows, const float *a, size_t lda,
                          const struct packed *w, float *tile, float *c, size_t ldc)
{
    const struct epilogue plain = {.act = ACT_NONE};
    for (size_t col = 0; col < w->n; col += CUVEE__PANEL) {
        const float *panel = (const float *)w->panels + col * w->k;
        for (size_t k0 = 0; k0 < w->k; k0 += K_BLOCK)
            kern->gemm_f32_tile(rows, cuvee__min(K_BLOCK, w->k - k0), a + k0, lda,
                                panel + k0 * CUVEE__PANEL, tile, k0 > 0);
        kern->tile_f32_store(rows, cuvee__min(CUVEE__PANEL, w->n - col), tile, &plain, c + col,
                             ldc);
    }
}

void cuvee__attention_f32(const struct kernels *kern, const float *q, size_t n_queries,
                          const float *k, const float *v, size_t ld, size_t n_tokens,
                          size_t head_size, float scale, float *out, size_t ld_out, float *scratch)
{
    const struct plan plan = plan_scratch(n_tokens, head_size);
    float *keys_panels = scratch, *values_panels = keys_panels + plan.keys;
    float *strip = values_panels + plan.values, *tile = strip + plan.strip;
    const struct packed keys = {.n = n_tokens, .k = head_size, .panels = keys_panels};
    const struct packed values = {.n = head_size, .k = n_tokens, .panels = values_panels};
    cuvee__pack_rows(&keys, keys_panels, 0, n_tokens, k, ld);
    cuvee__pack_f32_transposed(&values, values_panels, v, ld);

    const struct split tiles = split_rows(n_queries, kern->tile_rows);
    for (size_t i = 0, row = 0; i < tiles.n_parts; i++) {
        const size_t rows = split_part(&tiles, i);
        multiply_tile(kern, rows, q + row * ld, ld, &keys, tile, strip, plan.ld_strip);
        for (size_t r = 0; r < rows; r++)
            kern->softmax_f32(strip + r * plan.ld_strip, n_tokens, scale);
        multiply_tile(kern, rows, strip, plan.ld_strip, &values, tile, out + row * ld_out, ld_out);
        row += rows;
    }
}
