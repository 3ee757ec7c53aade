/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pass.h"

#include <string.h>

#include "base/checked.h"
#include "os/clock.h"

/* From so many rows for each thread, reading all weights costs less than a stage per layer. */
#define MIN_ROWS_EACH 64

/* A row block is a chunk when helpers may come later, and so many when they are there. */
#define CHUNKS_OF_BLOCK 3

/* So that threads of unequal speed finish together. */
#define CHUNKS_EACH 2

bool cuvee__pass_next(struct pass *p, size_t n_chunks, size_t *ret_chunk)
{
    if (!p->team) {
        *ret_chunk = p->n_taken++;
        if (*ret_chunk < n_chunks) return true;
        p->n_taken = 0;
        return false;
    }
    if (p->has_chunk) cuvee__team_done(p->team, p->stage, n_chunks);
    p->has_chunk = false;
    if (p->leave && atomic_load_explicit(p->leave, memory_order_relaxed)) p->has_left = true;
    if (p->has_left) return false;
    p->has_chunk = cuvee__team_claim(p->team, p->stage, n_chunks, ret_chunk);
    if (p->has_chunk) return true;
    cuvee__team_wait(p->team, p->stage);
    p->stage++;
    return false;
}

void cuvee__pass_choose_cut(struct pass *p, size_t n)
{
    p->by_rows = p->n_expected == 1 || n >= p->n_expected * MIN_ROWS_EACH;
}

size_t cuvee__pass_row_chunks(const struct pass *p, size_t n)
{
    const size_t block = p->kernels->block_rows;
    const size_t rows = !p->team ? n : p->n_expected > 1 ? block / CHUNKS_OF_BLOCK : block;
    return cuvee__max(1, (n + rows - 1) / rows);
}

size_t cuvee__pass_chunks(const struct pass *p, size_t n)
{
    return p->n_expected == 1 ? 1 : cuvee__min(n, p->n_expected * CHUNKS_EACH);
}

void cuvee__pass_lap(struct pass *p, enum stage stage)
{
    uint64_t *stage_ns = p->own->stage_ns;
    if (!stage_ns || p->own != p->w) return;
    const uint64_t now = cuvee__clock_ns();
    stage_ns[stage] += now - p->lap_ns;
    p->lap_ns = now;
}

struct linear cuvee__linear_part(const struct linear *fused, size_t first, size_t n)
{
    return (struct linear){
        .w = cuvee__packed_columns(&fused->w, first, n),
        .bias = fused->bias ? fused->bias + first : NULL,
    };
}

/* Where the inputs of a product are converted: by columns all threads share them. */
static float *conversion_of(const struct pass *p)
{
    return p->by_rows ? p->own->conversion : p->w->conversion;
}

/* Some of the n rows of a product. */
static void convert_share(const struct pass *p, const struct packed *w, size_t n, struct share rows,
                          struct rows a)
{
    cuvee__gemm_convert(p->kernels, n, rows.first, rows.n, a, w, conversion_of(p),
                        p->own->conversion);
}

/* The stage before did that for this product. */
static bool take_converted(struct pass *p, const struct packed *w)
{
    const bool is_ready = p->converted_for == w->panels;
    p->converted_for = NULL;
    return is_ready;
}

/* A stage that converts the inputs for all chunks of the next, if they are to be converted and fit;
 * else each chunk does that for itself. */
static bool convert_rows(struct pass *p, const struct packed *w, size_t n, struct rows a)
{
    if (!cuvee__gemm_can_share(p->kernels, n, a, w)) return false;
    const size_t n_chunks = cuvee__pass_chunks(p, n);
    for (size_t i; cuvee__pass_next(p, n_chunks, &i);)
        convert_share(p, w, n, share_of(n, i, n_chunks), a);
    return true;
}

/* The panels that a thread is likely to need after those of chunk i: the threads go through the
 * chunks of a product side by side. */
static const void *next_panels(const struct pass *p, const struct step *s, size_t n_panels,
                               size_t i, size_t n_chunks)
{
    const struct packed *w = &s->linear->w;
    i += p->n_expected;
    if (i >= n_chunks) {
        if (!s->next) return NULL;
        w = &s->next->w;
        i -= n_chunks;
        n_panels = (w->n + CUVEE__PANEL - 1) / CUVEE__PANEL;
        n_chunks = cuvee__pass_chunks(p, n_panels);
    }
    const size_t first = share_of(n_panels, i, n_chunks).first * CUVEE__PANEL;
    return cuvee__packed_columns(w, first, CUVEE__PANEL).panels;
}

/* Columns in whole panels. */
static void multiply_columns(struct pass *p, const struct step *s, size_t n, struct rows a,
                             struct rows residual, struct rows out)
{
    const size_t n_columns = s->linear->w.n;
    const size_t n_panels = (n_columns + CUVEE__PANEL - 1) / CUVEE__PANEL;
    const size_t n_chunks = cuvee__pass_chunks(p, n_panels);
    const bool is_converted =
        take_converted(p, &s->linear->w) || (n_chunks > 1 && convert_rows(p, &s->linear->w, n, a));
    for (size_t i; cuvee__pass_next(p, n_chunks, &i);) {
        const struct share panels = share_of(n_panels, i, n_chunks);
        const size_t first = panels.first * CUVEE__PANEL;
        const size_t columns = cuvee__min(panels.n * CUVEE__PANEL, n_columns - first);
        struct linear part = cuvee__linear_part(s->linear, first, columns);
        part.w.next = next_panels(p, s, n_panels, i, n_chunks);
        const struct rows beside = residual.ptr ? columns_from(residual, first) : residual;
        const struct rows c = columns_from(out, first);
        const struct epilogue e = {part.bias, s->act, beside.ptr, beside.ld};
        if (is_converted)
            cuvee__gemm_shared(p->kernels, n, &part.w, &e, c, p->w->conversion);
        else
            cuvee__gemm(p->kernels, n, a, &part.w, &e, c, p->own->conversion);
    }
}

void cuvee__pass_linear(struct pass *p, const struct step *s, size_t n, struct rows a,
                        struct rows residual, struct rows out)
{
    const struct observer *observer = p->w->observer;
    if (observer && p->own == p->w)
        observer->see(observer->user, s->stage, s->layer, a.ptr, a.ld, n, s->linear->w.k);
    const struct epilogue e = {s->linear->bias, s->act, residual.ptr, residual.ld};
    struct packed w = s->linear->w;
    w.next = s->next ? s->next->w.panels : NULL;
    if (!p->by_rows)
        multiply_columns(p, s, n, a, residual, out);
    else if (take_converted(p, &w))
        cuvee__gemm_shared(p->kernels, n, &w, &e, out, p->own->conversion);
    else
        cuvee__gemm(p->kernels, n, a, &w, &e, out, p->own->conversion);
    cuvee__pass_lap(p, s->stage);
}

void cuvee__pass_linear_stage(struct pass *p, const struct step *s, size_t n, struct rows a,
                              struct rows out)
{
    const struct rows none = {0};
    if (!p->by_rows) {
        cuvee__pass_linear(p, s, n, a, none, out);
        return;
    }
    const size_t n_chunks = cuvee__pass_row_chunks(p, n);
    for (size_t i; cuvee__pass_next(p, n_chunks, &i);) {
        const struct share rows = share_of(n, i, n_chunks);
        cuvee__pass_linear(p, s, rows.n, rows_from(a, rows.first), none,
                           rows_from(out, rows.first));
    }
    cuvee__pass_lap(p, s->stage);
}

const struct linear *cuvee__pass_convert_for(struct pass *p, const struct linear *next, size_t n)
{
    const struct rows f32 = f32_rows(NULL, 0);
    if (!next || !cuvee__gemm_can_share(p->kernels, n, f32, &next->w)) return NULL;
    p->converted_for = next->w.panels;
    return next;
}

/* Row by row, each converted while it is in the first-level cache. */
void cuvee__pass_norm_rows(struct pass *p, size_t n, struct share rows, struct rows x,
                           const struct norm *norm, const struct linear *next)
{
    for (size_t r = rows.first; r < rows.first + rows.n; r++) {
        float *row = rows_from(x, r).ptr;
        p->kernels->layernorm_f32(row, x.ld, row, x.ld, norm->gamma, norm->beta, 1,
                                  p->config->hidden_size, p->config->norm_eps);
        if (next) convert_share(p, &next->w, n, (struct share){r, 1}, x);
    }
}

void cuvee__pass_norm(struct pass *p, size_t n, struct rows x, const struct norm *norm,
                      const struct linear *next)
{
    const struct linear *to = cuvee__pass_convert_for(p, next, n);
    if (p->by_rows) {
        cuvee__pass_norm_rows(p, n, (struct share){0, n}, x, norm, to);
    } else {
        const size_t n_chunks = cuvee__pass_chunks(p, n);
        for (size_t i; cuvee__pass_next(p, n_chunks, &i);)
            cuvee__pass_norm_rows(p, n, share_of(n, i, n_chunks), x, norm, to);
    }
    cuvee__pass_lap(p, STAGE_NORM);
}

/* Rows of x only move forward, so none is overwritten before it was read. */
void cuvee__pass_first_tokens(struct pass *p, struct rows dst)
{
    for (size_t chunk; cuvee__pass_next(p, 1, &chunk);)
        for (size_t i = 0; i < p->batch.n_texts; i++) {
            const float *from = rows_from(p->w->x, p->batch.starts[i]).ptr;
            float *to = rows_from(dst, i).ptr;
            if (to != from) memcpy(to, from, p->config->hidden_size * sizeof(float));
        }
}
