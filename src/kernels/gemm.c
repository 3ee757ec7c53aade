/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop nest of a matrix product with a packed weight:
 *
 *   row block   rows of a that fit the second-level cache together with a panel; they are
 *               quantised, or rounded to bf16, here
 *     panel     32 output columns; its weights come from memory once per row block, while the
 *               rows before them are being multiplied (struct ahead): a model is larger than any
 *               cache, and what streams in evenly over the whole time nobody has to wait for
 *       k block   as many k as keep a row tile of f32 in the first-level cache; where the machine
 *                 cannot multiply bf16, this piece of a bf16 panel is widened to f32, for all rows
 *         row tile   one microkernel call; its sums wait in `sums` between k blocks
 *
 * A tier may have the whole product of a row block in one piece (gemm_rows), with the same bits.
 *
 * The order of additions for an output element is k = 0, 1, 2, ... whatever the cuts: sums that go
 * on in the next k block go on from the same bits. So the cuts are free to follow speed alone.
 * Integer sums are exact in any order; 1-byte rows need no k blocks. */
#include "base/checked.h"
#include "kernels/pack.h"
#include "kernels/split.h"

enum {
    K_BLOCK = 768,
    /* A tile of such rows does not stay in the first-level cache beside a panel in any case, and
     * sums of all k have no way to memory and back. */
    BF16_K_BLOCK = 4096,
};

/* One panel for one row block. */
struct panel_job {
    const struct kernels *kern;
    struct inputs in;
    struct split tiles;  /* of the block's rows */
    struct packed panel; /* this panel alone */
    const void *next;    /* panel, or what else will be used next */
    float *widened;      /* room for a k block of a panel in f32 */
    struct epilogue e;   /* at the panel's first column, the block's first row, as c */
    struct rows c;
};

static bool has_bf16(const struct kernels *k)
{
    return k->gemm_bf16_tile != NULL;
}

/* Whether a product's inputs become integers or bf16. */
static bool converts(const struct kernels *k, enum weight_type type)
{
    return type == WEIGHT_INT8 || (type == WEIGHT_BF16 && has_bf16(k));
}

static size_t max_tile_rows(const struct kernels *k, enum weight_type type)
{
    if (type == WEIGHT_INT8) return k->int8_tile_rows;
    return type == WEIGHT_BF16 && has_bf16(k) ? k->bf16_tile_rows : k->tile_rows;
}

static struct epilogue epilogue_from(const struct epilogue *e, size_t row, size_t col)
{
    struct epilogue moved = *e;
    if (e->bias) moved.bias += col;
    if (e->residual) moved.residual += row * e->ld_residual + col;
    return moved;
}

/* One tile of the k block that starts at k0; weights is where the block starts in the panel. */
static void multiply_tile(const struct panel_job *job, size_t rows, size_t row, size_t k0,
                          size_t n_k, const void *weights, struct ahead ahead, float *tile)
{
    const struct kernels *kern = job->kern;
    const size_t ld = job->in.ld, from = row * ld + k0;
    if (job->panel.type == WEIGHT_BF16 && has_bf16(kern))
        kern->gemm_bf16_tile(rows, cuvee__round_up(n_k, 2), (const uint16_t *)job->in.rows + from,
                             ld, weights, ahead, tile, CUVEE__PANEL, k0 > 0);
    else
        kern->gemm_f32_tile(rows, n_k, (const float *)job->in.rows + from, ld, weights,
                            CUVEE__PANEL, ahead, tile, CUVEE__PANEL, k0 > 0);
}

/* sums: room for every row of the block, 32 floats each. */
static void gemm_panel_float(const struct panel_job *job, float *sums)
{
    const struct kernels *kern = job->kern;
    const size_t depth = job->panel.k, width = CUVEE__PANEL * weight_bytes(job->panel.type);
    const bool is_bf16 = job->panel.type == WEIGHT_BF16 && has_bf16(kern);
    const size_t block = is_bf16 ? BF16_K_BLOCK : K_BLOCK;
    const bool one_k_block = depth <= block;
    for (size_t k0 = 0; k0 < depth; k0 += block) {
        const size_t n_k = cuvee__min(block, depth - k0);
        const char *stored = (const char *)job->panel.panels + k0 * width;
        const void *weights = stored, *next = k0 + n_k < depth ? stored + n_k * width : job->next;
        if (job->panel.type == WEIGHT_BF16 && !is_bf16) {
            kern->widen_panel(job->widened, weights, cuvee__round_up(n_k, 2));
            weights = job->widened;
        }
        for (size_t i = 0, row = 0; i < job->tiles.n_parts; i++) {
            const size_t rows = split_part(&job->tiles, i);
            /* Without a second k block nothing has to wait: one tile, always hot. */
            float *tile = one_k_block ? sums : sums + row * CUVEE__PANEL;
            const struct ahead ahead = split_ahead(&job->tiles, next, n_k * width, i);
            multiply_tile(job, rows, row, k0, n_k, weights, ahead, tile);
            if (k0 + n_k == depth) {
                const struct epilogue e = epilogue_from(&job->e, row, 0);
                kern->tile_f32_store(rows, job->panel.n, tile, &e, rows_from(job->c, row));
            }
            row += rows;
        }
    }
}

static void gemm_panel_int8(const struct panel_job *job)
{
    _Alignas(64) int32_t tile[CUVEE__MAX_TILE_ROWS * CUVEE__PANEL];
    const size_t bytes = panel_bytes(WEIGHT_INT8, job->panel.k);
    for (size_t i = 0, row = 0; i < job->tiles.n_parts; i++) {
        const size_t rows = split_part(&job->tiles, i);
        job->kern->gemm_int8_tile(
            rows, job->panel.k, (const uint8_t *)job->in.rows + row * job->in.ld, job->in.ld,
            job->panel.panels, split_ahead(&job->tiles, job->next, bytes, i), job->panel.run, tile);
        const struct dequantise d = {job->in.scales + row, job->panel.scales, job->panel.sums};
        const struct epilogue e = epilogue_from(&job->e, row, 0);
        job->kern->tile_int8_store(rows, job->panel.n, tile, &d, &e, rows_from(job->c, row));
        row += rows;
    }
}

/* Values between converted rows. A cache line more than needed: against strides of 4 KB. */
static size_t converted_ld(enum weight_type type, size_t k)
{
    return cuvee__round_up(k, 64) + 64 / weight_bytes(type);
}

size_t cuvee__gemm_scratch_bytes(enum weight_type type, size_t m, size_t k)
{
    if (type == WEIGHT_F32) return 0;
    const size_t rows = cuvee__min(m, CUVEE__MAX_BLOCK_ROWS);
    const size_t inputs = rows * converted_ld(type, k) * weight_bytes(type);
    if (type == WEIGHT_INT8)
        return inputs + cuvee__round_up(rows * sizeof(struct row_scale), 64) +
               cuvee__round_up(k, 16) * sizeof(float);
    const size_t widened = cuvee__min(K_BLOCK, cuvee__round_up(k, 2)) * CUVEE__PANEL;
    return cuvee__max(inputs, widened * sizeof(float));
}

/* Scratch of m rows: the converted ones; for int8 their scales, then one that is being rotated. */
struct conversion {
    void *rows;
    struct row_scale *scales;
    float *rotated;
    size_t ld;
};

static struct conversion conversion_in(void *scratch, const struct packed *w, size_t m)
{
    const size_t ld = converted_ld(w->type, w->k);
    char *scales = (char *)scratch + m * ld;
    return (struct conversion){
        .rows = scratch,
        .scales = (void *)scales,
        .rotated = (void *)(scales + cuvee__round_up(m * sizeof(struct row_scale), 64)),
        .ld = ld,
    };
}

static struct inputs converted_inputs(void *scratch, const struct packed *w, size_t m)
{
    const struct conversion of = conversion_in(scratch, w, m);
    return (struct inputs){of.rows, of.ld, of.scales};
}

static void quantise_rows(const struct kernels *kern, size_t first, size_t n, struct rows a,
                          const struct packed *w, const struct conversion *to)
{
    for (size_t r = first; r < first + n; r++) {
        uint8_t *q = (uint8_t *)to->rows + r * to->ld;
        const float *x = rows_from(a, r).ptr;
        struct row_range range;
        if (w->rotation > 1) {
            kern->rotate_row(to->rotated, x, holds_bf16(a), w->input_scales, w->k, w->rotation,
                             &range);
            kern->quantise_row(q, to->rotated, NULL, w->k, w->activation_max, &range,
                               &to->scales[r]);
            continue;
        }
        if (holds_bf16(a)) {
            kern->widen_bf16(to->rotated, x, w->k);
            x = to->rotated;
        }
        kern->quantise_row(q, x, w->input_scales, w->k, w->activation_max, NULL, &to->scales[r]);
    }
}

static void round_rows(const struct kernels *kern, size_t first, size_t n, struct rows a,
                       const struct packed *w, const struct conversion *to)
{
    for (size_t r = first; r < first + n; r++) {
        uint16_t *row = (uint16_t *)to->rows + r * to->ld;
        kern->narrow_bf16(row, rows_from(a, r).ptr, w->k);
        if (w->k % 2) row[w->k] = 0;
    }
}

bool cuvee__gemm_takes_bf16(const struct kernels *k, const struct packed *w)
{
    return has_bf16(k) && w->type != WEIGHT_F32 && w->k % 2 == 0;
}

/* Whether it has to be done, for rows that may be bf16 already. */
static bool converts_rows(const struct kernels *k, struct rows a, const struct packed *w)
{
    return converts(k, w->type) && !(holds_bf16(a) && w->type == WEIGHT_BF16);
}

bool cuvee__gemm_can_share(const struct kernels *k, size_t m, struct rows a, const struct packed *w)
{
    return converts_rows(k, a, w) && m <= k->block_rows;
}

void cuvee__gemm_convert(const struct kernels *k, size_t m, size_t first, size_t n, struct rows a,
                         const struct packed *w, void *shared, void *own)
{
    struct conversion to = conversion_in(shared, w, m);
    if (w->type == WEIGHT_BF16) {
        round_rows(k, first, n, a, w, &to);
        return;
    }
    to.rotated = conversion_in(own, w, m).rotated;
    quantise_rows(k, first, n, a, w, &to);
}

/* One row block, whose inputs are in the type that the tier's microkernel wants. */
static void gemm_block(const struct kernels *k, size_t m, const struct inputs *in,
                       const struct packed *w, const struct epilogue *e, struct rows c,
                       void *widened)
{
    _Alignas(64) float sums[CUVEE__MAX_BLOCK_ROWS * CUVEE__PANEL];
    struct panel_job job = {.kern = k, .in = *in, .widened = widened};
    const size_t bytes = panel_bytes(w->type, w->k);
    if (k->gemm_rows && k->gemm_rows(m, in, w, e, c)) return;
    job.tiles = split_rows(m, max_tile_rows(k, w->type));
    for (size_t col = 0; col < w->n; col += CUVEE__PANEL) {
        job.panel = cuvee__packed_columns(w, col, cuvee__min(CUVEE__PANEL, w->n - col));
        const bool is_last = col + CUVEE__PANEL >= w->n;
        job.next = is_last && w->next ? w->next : (const char *)job.panel.panels + bytes;
        job.c = columns_from(c, col);
        job.e = epilogue_from(e, 0, col);
        if (w->type == WEIGHT_INT8)
            gemm_panel_int8(&job);
        else
            gemm_panel_float(&job, sums);
    }
}

static struct epilogue epilogue_after(bool is_converted, const struct epilogue *e)
{
    struct epilogue own = *e;
    if (is_converted && e->act == ACT_GELU) own.act = ACT_GELU_COARSE;
    return own;
}

void cuvee__gemm_shared(const struct kernels *k, size_t m, const struct packed *w,
                        const struct epilogue *e, struct rows c, void *shared)
{
    const struct inputs in = converted_inputs(shared, w, m);
    const struct epilogue own = epilogue_after(true, e);
    if (m) gemm_block(k, m, &in, w, &own, c, NULL);
}

void cuvee__gemm(const struct kernels *k, size_t m, struct rows a, const struct packed *w,
                 const struct epilogue *e, struct rows c, void *scratch)
{
    if (m == 0) return;
    const struct epilogue whole = epilogue_after(converts(k, w->type), e);
    const struct split blocks = split_rows(m, k->block_rows);
    for (size_t b = 0, row = 0; b < blocks.n_parts; b++) {
        const size_t rows = split_part(&blocks, b);
        const struct rows from = rows_from(a, row);
        struct inputs in = {from.ptr, from.ld, NULL};
        if (converts_rows(k, a, w)) {
            cuvee__gemm_convert(k, rows, 0, rows, from, w, scratch, scratch);
            in = converted_inputs(scratch, w, rows);
        }
        const struct epilogue own = epilogue_from(&whole, row, 0);
        gemm_block(k, rows, &in, w, &own, rows_from(c, row), scratch);
        row += rows;
    }
}
