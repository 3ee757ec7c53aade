/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting matrices into the panel layout of kernels.h. Done once per weight at open, and per head
 * in attention. */
#include <string.h>

#include "base/checked.h"
#include "kernels/bf16.h"
#include "kernels/pack.h"

bool cuvee__packed_bytes(enum weight_type type, size_t n, size_t k, size_t *ret_bytes)
{
    size_t columns, depth, values, bytes;
    if (!cuvee__add(n, CUVEE__PANEL - 1, &columns) || !cuvee__add(k, 3, &depth)) return false;
    columns -= columns % CUVEE__PANEL;
    if (!cuvee__mul(columns, packed_depth(type, k), &values) ||
        !cuvee__mul(values, weight_bytes(type), &bytes))
        return false;
    *ret_bytes = bytes;
    return true;
}

struct packed cuvee__packed_columns(const struct packed *w, size_t first, size_t n)
{
    struct packed part = *w;
    part.n = n;
    part.panels = (const char *)w->panels + first / CUVEE__PANEL * panel_bytes(w->type, w->k);
    if (w->scales) part.scales += first;
    if (w->sums) part.sums += first;
    return part;
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

static void pack_f32_rows(const struct packed *p, float *panels, size_t first, size_t n_rows,
                          const float *w, size_t ldw)
{
    const size_t end = first + n_rows;
    for (size_t row = first; row < end;) {
        float *panel = panels + row / CUVEE__PANEL * CUVEE__PANEL * p->k;
        const size_t from = row % CUVEE__PANEL;
        const size_t to = cuvee__min(CUVEE__PANEL, from + (end - row));
        pack_columns(panel, from, to, w + (row - first) * ldw, ldw, p->k);
        row += to - from;
        if (row == p->n && to < CUVEE__PANEL)
            for (size_t k = 0; k < p->k; k++)
                memset(panel + k * CUVEE__PANEL + to, 0, (CUVEE__PANEL - to) * sizeof(float));
    }
}

/* Where in its panels weight (column, k) lies; in units of a weight. */
static size_t place(enum weight_type type, size_t depth, size_t column, size_t k)
{
    const size_t group = 4 / weight_bytes(type);
    return column / CUVEE__PANEL * CUVEE__PANEL * depth + k / group * group * CUVEE__PANEL +
           column % CUVEE__PANEL * group + k % group;
}

static void pack_bf16_rows(const struct packed *p, uint16_t *panels, size_t first, size_t n_rows,
                           const float *w, size_t ldw)
{
    const size_t depth = packed_depth(WEIGHT_BF16, p->k), end = first + n_rows;
    for (size_t row = first; row < end; row++, w += ldw)
        for (size_t k = 0; k < depth; k++)
            panels[place(WEIGHT_BF16, depth, row, k)] = k < p->k ? bf16_of_float(w[k]) : 0;
    if (end < p->n) return;
    for (size_t row = p->n; row % CUVEE__PANEL; row++)
        for (size_t k = 0; k < depth; k++) panels[place(WEIGHT_BF16, depth, row, k)] = 0;
}

void cuvee__pack_rows(const struct packed *p, void *panels, size_t first, size_t n_rows,
                      const float *w, size_t ldw)
{
    if (p->type == WEIGHT_BF16)
        pack_bf16_rows(p, panels, first, n_rows, w, ldw);
    else
        pack_f32_rows(p, panels, first, n_rows, w, ldw);
}

/* Of `run` groups that are summed together, two products of each land in the same 16 bits: those of
 * k % 4 = 0, 1 or of k % 4 = 2, 3. The largest sum that inputs can make of them is the largest
 * input times the weights of one sign. */
static bool run_fits(const int8_t *q, size_t n_k, size_t run, int32_t activation_max)
{
    for (size_t start = 0; start < n_k; start += 4 * run) {
        int32_t above[2] = {0, 0}, below[2] = {0, 0};
        const size_t end = cuvee__min(n_k, start + 4 * run);
        for (size_t k = start; k < end; k++) {
            const size_t half = k / 2 % 2;
            above[half] += q[k] > 0 ? q[k] : 0;
            below[half] -= q[k] < 0 ? q[k] : 0;
        }
        const int32_t limit = INT16_MAX / activation_max;
        for (size_t half = 0; half < 2; half++)
            if (above[half] > limit || below[half] > limit) return false;
    }
    return true;
}

size_t cuvee__int8_run(const int8_t *q, size_t k, uint32_t activation_max)
{
    /* Powers of two: what fits a run fits its halves; so the least of many rows fits all. */
    size_t run = CUVEE__MAX_RUN;
    while (run && !run_fits(q, k, run, (int32_t)cuvee__max(activation_max, 1))) run /= 2;
    return run;
}

void cuvee__pack_int8_rows(const struct packed *p, int8_t *panels, int32_t *ret_sums, size_t first,
                           size_t n_rows, const int8_t *q, size_t ldq)
{
    const size_t depth = packed_depth(WEIGHT_INT8, p->k), end = first + n_rows;
    for (size_t row = first; row < end; row++, q += ldq) {
        ret_sums[row] = 0;
        for (size_t k = 0; k < depth; k++) {
            const int8_t weight = k < p->k ? q[k] : 0;
            panels[place(WEIGHT_INT8, depth, row, k)] = weight;
            ret_sums[row] += weight;
        }
    }
    if (end < p->n) return;
    for (size_t row = p->n; row % CUVEE__PANEL; row++) {
        ret_sums[row] = 0;
        for (size_t k = 0; k < depth; k++) panels[place(WEIGHT_INT8, depth, row, k)] = 0;
    }
}

void cuvee__pack_f32_transposed(const struct packed *p, float *panels, const float *v, size_t ldv)
{
    for (size_t col = 0; col < p->n; col += CUVEE__PANEL) {
        float *panel = panels + col * p->k;
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
