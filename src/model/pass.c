/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pass.h"

#include <string.h>

#include "base/checked.h"
#include "os/clock.h"

/* From so many rows a member reading all weights costs less than meeting after each stage. */
#define MIN_ROWS_EACH 64

void cuvee__pass_choose_cut(struct pass *p, size_t n)
{
    p->by_rows = p->n_members == 1 || n >= p->n_members * MIN_ROWS_EACH;
}

void cuvee__pass_lap(struct pass *p, enum stage stage)
{
    uint64_t *stage_ns = p->own->stage_ns;
    if (!stage_ns) return;
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

/* This member's share of the output columns, in whole panels. */
static struct share share_columns(const struct pass *p, size_t n)
{
    const struct share panels = pass_share(p, (n + CUVEE__PANEL - 1) / CUVEE__PANEL);
    const size_t first = panels.first * CUVEE__PANEL;
    return (struct share){first, cuvee__min(panels.n * CUVEE__PANEL, n - cuvee__min(n, first))};
}

void cuvee__pass_linear(struct pass *p, const struct step *s, size_t n, struct rows a,
                        struct rows residual, struct rows out)
{
    const struct observer *observer = p->w->observer;
    if (observer && p->member == 0)
        observer->see(observer->user, s->stage, s->layer, a.ptr, a.ld, n, s->linear->w.k);
    struct linear part = *s->linear;
    if (!p->by_rows) {
        const struct share columns = share_columns(p, part.w.n);
        part = cuvee__linear_part(s->linear, columns.first, columns.n);
        out = columns_from(out, columns.first);
        if (residual.ptr) residual = columns_from(residual, columns.first);
    }
    const struct epilogue e = {part.bias, s->act, residual.ptr, residual.ld};
    if (part.w.n)
        cuvee__gemm(p->kernels, n, a.ptr, a.ld, &part.w, &e, out.ptr, out.ld, p->own->conversion);
    if (!p->by_rows) pass_meet(p);
    cuvee__pass_lap(p, s->stage);
}

void cuvee__pass_norm(struct pass *p, size_t n, struct rows x, const struct norm *norm)
{
    const struct share rows = p->by_rows ? (struct share){0, n} : pass_share(p, n);
    x = rows_from(x, rows.first);
    if (rows.n)
        p->kernels->layernorm_f32(x.ptr, x.ld, x.ptr, x.ld, norm->gamma, norm->beta, rows.n,
                                  p->config->hidden_size, p->config->norm_eps);
    if (!p->by_rows) pass_meet(p);
    cuvee__pass_lap(p, STAGE_NORM);
}

void cuvee__pass_first_tokens(const struct pass *p, struct rows dst)
{
    for (size_t i = 0; i < p->batch->n_texts; i++) {
        const float *from = rows_from(p->w->x, p->batch->starts[i]).ptr;
        float *to = rows_from(dst, i).ptr;
        if (to != from) memcpy(to, from, p->config->hidden_size * sizeof(float));
    }
}
