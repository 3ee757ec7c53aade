/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of one head over one text, with the microkernels of the matrix product: K is transposed
 * into panels, whose columns are the tokens; V already is one, if it is aligned, whose columns are
 * the head's; then, for each tile of queries, a strip of scores against all tokens, its softmax,
 * and the strip times V. There are no masks: a text attends to itself only, and its length is
 * exact.
 *
 * With bf16 rows both products are of bf16; a pair of k is transposed as if it were one float, rows
 * of V are paired, and the strip is rounded after its softmax.
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
    size_t keys, values, ld_strip, strip, narrow_strip, tile, total; /* floats */
};

static struct plan plan_scratch(bool narrow, size_t n_tokens, size_t head_size)
{
    struct plan p = {.ld_strip = cuvee__round_up(n_tokens, CUVEE__PANEL) + STRIP_PAD};
    p.keys = cuvee__round_up(n_tokens, CUVEE__PANEL) * head_size;
    p.values = cuvee__round_up(head_size, CUVEE__PANEL) * n_tokens;
    p.strip = CUVEE__MAX_TILE_ROWS * p.ld_strip;
    p.tile = CUVEE__MAX_TILE_ROWS * CUVEE__PANEL;
    if (narrow) {
        p.keys /= 2;
        p.values = cuvee__round_up(head_size, CUVEE__PANEL) * cuvee__round_up(n_tokens, 2) / 2;
        p.narrow_strip = p.strip;
    }
    p.total = p.keys + p.values + p.strip + p.narrow_strip + p.tile;
    return p;
}

size_t cuvee__attention_scratch(size_t n_tokens, size_t head_size)
{
    return cuvee__max(plan_scratch(false, n_tokens, head_size).total,
                      plan_scratch(true, n_tokens, head_size).total);
}

bool cuvee__attention_takes_bf16(const struct kernels *kern, size_t head_size)
{
    return kern->gemm_bf16_tile && head_size % CUVEE__PANEL == 0;
}

/* Rows of another matrix as the columns, and k as the rows, of a product: panel j of 32 columns at
 * ptr + j * next_panel. */
struct operand {
    const void *ptr;
    size_t ld, next_panel; /* values; bf16 panels have no other ld than theirs */
    size_t n, k;
    bool narrow;
};

/* One panel, or what of it begins at k0. */
static void multiply_panel(const struct kernels *kern, size_t rows, struct rows a, size_t k0,
                           const struct operand *b, size_t panel, float *to, size_t ld_to)
{
    const size_t n_k = cuvee__min(K_BLOCK, b->k - k0);
    const struct rows from = columns_from(a, k0);
    const struct ahead nothing = {b->ptr, 0};
    if (b->narrow) {
        const uint16_t *weights = (const uint16_t *)b->ptr + panel * b->next_panel;
        kern->gemm_bf16_tile(rows, cuvee__round_up(n_k, 2), from.ptr, from.ld,
                             weights + k0 * CUVEE__PANEL, nothing, to, ld_to, k0 > 0);
    } else {
        const float *weights = (const float *)b->ptr + panel * b->next_panel;
        kern->gemm_f32_tile(rows, n_k, from.ptr, from.ld, weights + k0 * b->ld, b->ld, nothing, to,
                            ld_to, k0 > 0);
    }
}

/* c (rows, b->n) = a b for at most tile_rows rows; in place where c has room for whole panels and
 * is aligned, else by way of a tile. */
static void multiply(const struct kernels *kern, size_t rows, struct rows a,
                     const struct operand *b, float *tile, struct rows c, bool in_place)
{
    const struct epilogue plain = {.act = ACT_NONE};
    for (size_t col = 0; col < b->n; col += CUVEE__PANEL) {
        const struct rows to = columns_from(c, col);
        for (size_t k0 = 0; k0 < b->k; k0 += K_BLOCK)
            multiply_panel(kern, rows, a, k0, b, col / CUVEE__PANEL, in_place ? to.ptr : tile,
                           in_place ? to.ld : CUVEE__PANEL);
        if (!in_place)
            kern->tile_f32_store(rows, cuvee__min(CUVEE__PANEL, b->n - col), tile, &plain, to);
    }
}

static bool is_aligned(struct rows m)
{
    return (uintptr_t)m.ptr % 64 == 0 && m.ld % 16 == 0;
}

/* The keys, transposed. */
static struct operand transpose_keys(const struct kernels *kern, const struct head *h,
                                     float *panels)
{
    const size_t unit = sizeof(float) / h->k.value_bytes; /* values in 4 bytes */
    const size_t n_k = h->head_size / unit, ld = h->k.ld / unit;
    for (size_t j = 0; j < h->n_tokens; j += CUVEE__PANEL)
        kern->transpose_f32(panels + j * n_k, rows_from(h->k, j).ptr, ld,
                            cuvee__min(CUVEE__PANEL, h->n_tokens - j), n_k);
    return (struct operand){panels,      CUVEE__PANEL, CUVEE__PANEL * h->head_size,
                            h->n_tokens, h->head_size, holds_bf16(h->k)};
}

static struct operand pair_values(const struct kernels *kern, const struct head *h,
                                  uint16_t *panels)
{
    const size_t next_panel = CUVEE__PANEL * cuvee__round_up(h->n_tokens, 2);
    for (size_t j = 0; j < h->head_size; j += CUVEE__PANEL)
        kern->pair_rows_bf16(panels + j / CUVEE__PANEL * next_panel, columns_from(h->v, j).ptr,
                             h->v.ld, h->n_tokens);
    return (struct operand){panels, CUVEE__PANEL, next_panel, h->head_size, h->n_tokens, true};
}

/* The values as they are, if they lie well for a microkernel; else packed. */
static struct operand arrange_values(const struct kernels *kern, const struct head *h,
                                     float *panels)
{
    const size_t head_size = h->head_size, n_tokens = h->n_tokens;
    if (holds_bf16(h->v)) return pair_values(kern, h, (uint16_t *)(void *)panels);
    if (is_aligned(h->v) && head_size % CUVEE__PANEL == 0)
        return (struct operand){h->v.ptr, h->v.ld, CUVEE__PANEL, head_size, n_tokens, false};
    const struct packed values = {.n = head_size, .k = n_tokens, .panels = panels};
    cuvee__pack_f32_transposed(&values, panels, h->v.ptr, h->v.ld);
    return (struct operand){panels,    CUVEE__PANEL, CUVEE__PANEL * n_tokens,
                            head_size, n_tokens,     false};
}

/* Probabilities as bf16. What pads a row is 0 up to a multiple of 16. */
static struct rows round_strip(const struct kernels *kern, struct rows strip, size_t rows,
                               size_t n, void *narrow)
{
    const struct rows to = bf16_rows(narrow, 2 * strip.ld);
    for (size_t r = 0; r < rows; r++)
        kern->narrow_bf16(rows_from(to, r).ptr, rows_from(strip, r).ptr, cuvee__round_up(n, 16));
    return to;
}

void cuvee__attention(const struct kernels *kern, const struct head *h, struct rows out,
                      float *scratch)
{
    const struct plan plan = plan_scratch(holds_bf16(h->q), h->n_tokens, h->head_size);
    float *values_panels = scratch + plan.keys, *strips = values_panels + plan.values;
    float *narrow = strips + plan.strip, *tile = narrow + plan.narrow_strip;
    const struct operand keys = transpose_keys(kern, h, scratch);
    const struct operand values = arrange_values(kern, h, values_panels);
    const struct rows strip = f32_rows(strips, plan.ld_strip);
    const bool in_place = is_aligned(out) && h->head_size % CUVEE__PANEL == 0;

    const struct split tiles =
        split_rows(h->n_queries, holds_bf16(h->q) ? kern->bf16_tile_rows : kern->tile_rows);
    for (size_t i = 0, row = 0; i < tiles.n_parts; i++) {
        const size_t rows = split_part(&tiles, i);
        multiply(kern, rows, rows_from(h->q, row), &keys, tile, strip, true);
        kern->softmax_f32(strips, plan.ld_strip, rows, h->n_tokens, h->scale);
        const struct rows weights =
            holds_bf16(h->q) ? round_strip(kern, strip, rows, h->n_tokens, narrow) : strip;
        multiply(kern, rows, weights, &values, tile, rows_from(out, row), in_place);
        row += rows;
    }
}
