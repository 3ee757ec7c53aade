/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting matrices into the panel layout of kernels.h. Done once per weight at open, and per head
 * in attention. */
#include <string.h>

#include "base/checked.h"
#include "kernels/pack.h"

bool cuvee__packed_f32_count(size_t n, size_t k, size_t *ret_floats)
{
    size_t padded, floats, bytes;
    if (!cuvee__add(n, CUVEE__PANEL - 1, &padded)) return false;
    padded -= padded % CUVEE__PANEL;
    if (!cuvee__mul(padded, k, &floats) || !cuvee__mul(floats, sizeof(float), &bytes)) return false;
    *ret_floats = floats;
    return true;
}

/* Columns from .. to - 1 of one panel; w is the row of column `from`. In blocks of 16 k: a cache
 * line of each row, and 2 KB of panel, which stay in L1 while they are filled column by column. */
static void pack_columns(float *panel, size_t from, size_t to, const float *w, size_t ldw,
                         size_t n_k)
{
    enum { K_LINE = 16 };
    size_t k = 0;
    for (; k + K_LINE <= n_k; k += K_LINE)
        for (size_t j = from; j < to; j++) {
            const float *row = w + (j - from) * ldw + k;
            float *column = panel + k * CUVEE__PANEL + j;
            for (size_t i = 0; i < K_LINE; i++) column[i * CUVEE__PANEL] = row[i];
        }
    for (; k < n_k; k++)
        for (size_t j = from; j < to; j++) panel[k * CUVEE__PANEL + j] = w[(j - from) * ldw + k];
}

void cuvee__pack_f32_rows(struct packed_f32 *p, size_t first, size_t n_rows, const float *w,
                          size_t ldw)
{
    const size_t end = first + n_rows;
    for (size_t row = first; row < end;) {
        float *panel = p->panels + row / CUVEE__PANEL * CUVEE__PANEL * p->k;
        const size_t from = row % CUVEE__PANEL;
        const size_t to = cuvee__min(CUVEE__PANEL, from + (end - row));
        pack_columns(panel, from, to, w + (row - first) * ldw, ldw, p->k);
        row += to - from;
        if (row == p->n && to < CUVEE__PANEL)
            for (size_t k = 0; k < p->k; k++)
                memset(panel + k * CUVEE__PANEL + to, 0, (CUVEE__PANEL - to) * sizeof(float));
    }
}

void cuvee__pack_f32_transposed(struct packed_f32 *p, const float *v, size_t ldv)
{
    for (size_t col = 0; col < p->n; col += CUVEE__PANEL) {
        float *panel = p->panels + col * p->k;
        const size_t cols = cuvee__min(CUVEE__PANEL, p->n - col);
        if (cols == CUVEE__PANEL) { /* a size that the compiler knows */
            for (size_t k = 0; k < p->k; k++)
                memcpy(panel + k * CUVEE__PANEL, v + k * ldv + col, CUVEE__PANEL * sizeof(float));
            continue;
        }
        for (size_t k = 0; k < p->k; k++, panel += CUVEE__PANEL) {
            memcpy(panel, v + k * ldv + col, cols * sizeof(float));
            memset(panel + cols, 0, (CUVEE__PANEL - cols) * sizeof(float));
        }
    }
}
