/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop nest of a matrix product with a packed weight:
 *
 *   row block   rows of a that fit the second-level cache together with a panel
 *     panel     32 output columns; its weights come from memory once per row block
 *       k block   as many k as keep a row tile of a in the first-level cache
 *         row tile   one microkernel call; its sums wait in `tiles` between k blocks
 *
 * The order of additions for an output element is k = 0, 1, 2, ... whatever the cuts: sums that go
 * on in the next k block go on from the same bits. So the cuts are free to follow speed alone. */
#include "base/checked.h"
#include "kernels/pack.h"
#include "kernels/split.h"

enum {
    K_BLOCK = 768,
    ROW_BLOCK = 144, /* x K_BLOCK x 4 bytes = 432 KB: the smallest L2 in use is 512 KB */
};

/* One panel for one row block. */
struct panel_job {
    const struct kernels *kern;
    const float *a;
    size_t lda;
    struct split tiles; /* of the block's rows */
    const float *panel;
    size_t n_k;
    struct epilogue e; /* at the panel's first column, the block's first row */
    float *c;
    size_t ldc, cols;
};

/* sums: room for every row of the block, 32 floats each. */
static void gemm_panel(const struct panel_job *job, float *sums)
{
    const bool one_k_block = job->n_k <= K_BLOCK;
    for (size_t k0 = 0; k0 < job->n_k; k0 += K_BLOCK) {
        const size_t n_k = cuvee__min(K_BLOCK, job->n_k - k0);
        for (size_t i = 0, row = 0; i < job->tiles.n_parts; i++) {
            const size_t rows = split_part(&job->tiles, i);
            /* Without a second k block nothing has to wait: one tile, always hot. */
            float *tile = one_k_block ? sums : sums + row * CUVEE__PANEL;
            job->kern->gemm_f32_tile(rows, n_k, job->a + row * job->lda + k0, job->lda,
                                     job->panel + k0 * CUVEE__PANEL, tile, k0 > 0);
            if (k0 + n_k == job->n_k) {
                struct epilogue e = job->e;
                if (e.residual) e.residual += row * e.ld_residual;
                job->kern->tile_f32_store(rows, job->cols, tile, &e, job->c + row * job->ldc,
                                          job->ldc);
            }
            row += rows;
        }
    }
}

size_t cuvee__gemm_scratch_bytes(enum weight_type type, size_t m, size_t k)
{
    const size_t rows = cuvee__min(m, ROW_BLOCK);
    if (type == WEIGHT_F32) return 0;
    /* Per row its converted inputs and a cache line, against strides of 4 KB; and for int8 what
     * takes them back. */
    const size_t inputs = cuvee__round_up(k, 64) * weight_bytes(type) + 64;
    return rows * (inputs + (type == WEIGHT_INT8 ? 64 : 0));
}

void cuvee__gemm(const struct kernels *k, size_t m, const float *a, size_t lda,
                 const struct packed *w, const struct epilogue *e, float *c, size_t ldc,
                 void *scratch)
{
    (void)scratch;
    _Alignas(64) float sums[ROW_BLOCK * CUVEE__PANEL];
    if (m == 0) return;
    const struct split blocks = split_rows(m, ROW_BLOCK);
    for (size_t b = 0, row = 0; b < blocks.n_parts; b++) {
        const size_t rows = split_part(&blocks, b);
        struct panel_job job = {.kern = k, .a = a + row * lda, .lda = lda, .n_k = w->k, .ldc = ldc};
        job.tiles = split_rows(rows, k->tile_rows);
        for (size_t col = 0; col < w->n; col += CUVEE__PANEL) {
            job.panel = (const float *)w->panels + col * w->k;
            job.cols = cuvee__min(CUVEE__PANEL, w->n - col);
            job.c = c + row * ldc + col;
            job.e = *e;
            if (e->bias) job.e.bias += col;
            if (e->residual) job.e.residual += row * e->ld_residual + col;
            gemm_panel(&job, sums);
        }
        row += rows;
    }
}
