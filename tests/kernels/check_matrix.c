/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix product, packing and attention against sums in double, and the promise that a row's bits
 * do not depend on the rows beside it. Bounds: docs/numerics.md, section "Kernels". */
#include "kernels/kernel_test.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "kernels/bf16.h"
#include "kernels/pack.h"

/* ---- the microkernel ---- */

static void check_tile(size_t rows, size_t n_k, size_t ld, bool accumulate)
{
    const size_t lda = n_k + 1, n_a = (rows - 1) * lda + n_k;
    float *a = edge_floats(0, n_a), *panel = aligned_floats(n_k * CUVEE__PANEL);
    const size_t n_tile = (CUVEE__MAX_TILE_ROWS + 1) * ld;
    float *tile = aligned_floats(n_tile), *before = aligned_floats(n_tile);
    random_fill(a, n_a, 1.0f);
    random_fill(panel, n_k * CUVEE__PANEL, 1.0f);
    random_fill(before, n_tile, 3.0f);
    memcpy(tile, before, n_tile * sizeof(float));
    tier.gemm_f32_tile(rows, n_k, a, lda, panel, CUVEE__PANEL, nothing_ahead, tile, ld,
                       accumulate);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < CUVEE__PANEL; j++) {
            double sum = accumulate ? before[r * ld + j] : 0.0, size = fabs(sum);
            for (size_t k = 0; k < n_k; k++) {
                const double term = (double)a[r * lda + k] * panel[k * CUVEE__PANEL + j];
                sum += term;
                size += fabs(term);
            }
            check_near(tile[r * ld + j], sum, (double)(n_k + 1) * UNIT * size, "tile",
                       r * CUVEE__PANEL + j);
        }
        check_same(tile + r * ld + CUVEE__PANEL, before + r * ld + CUVEE__PANEL,
                   ld - CUVEE__PANEL, "beside the tile");
    }
    check_same(tile + rows * ld, before + rows * ld, n_tile - rows * ld, "rows below the tile");
    cuvee__free(panel);
    cuvee__free(tile);
    cuvee__free(before);
}

static void tile_of_every_height(void **state)
{
    (void)state;
    assert_true(tier.tile_rows >= 1 && tier.tile_rows <= CUVEE__MAX_TILE_ROWS);
    for (size_t rows = 1; rows <= tier.tile_rows; rows++) {
        for (size_t n_k = 1; n_k <= 67; n_k++)
            check_tile(rows, n_k, CUVEE__PANEL + n_k % 3 * 16, n_k % 2);
        check_tile(rows, 800, CUVEE__PANEL, false);
        check_tile(rows, 800, 80, true);
    }
}

static void tile_bits_do_not_depend_on_height(void **state)
{
    (void)state;
    enum { K = 131 };
    float a[CUVEE__MAX_TILE_ROWS * K];
    _Alignas(64) float panel[K * CUVEE__PANEL], alone[CUVEE__PANEL];
    _Alignas(64) float tile[CUVEE__MAX_TILE_ROWS * CUVEE__PANEL];
    random_fill(a, CUVEE__MAX_TILE_ROWS * K, 1.0f);
    random_fill(panel, K * CUVEE__PANEL, 1.0f);
    for (size_t rows = 1; rows <= tier.tile_rows; rows++) {
        tier.gemm_f32_tile(rows, K, a, K, panel, CUVEE__PANEL, nothing_ahead, tile, CUVEE__PANEL,
                           false);
        for (size_t r = 0; r < rows; r++) {
            tier.gemm_f32_tile(1, K, a + r * K, K, panel, CUVEE__PANEL, nothing_ahead, alone,
                               CUVEE__PANEL, false);
            check_same(alone, tile + r * CUVEE__PANEL, CUVEE__PANEL, "tile row alone");
        }
    }
}

/* ---- packing ---- */

static void packing_by_rows_in_any_pieces(void **state)
{
    (void)state;
    const size_t shapes[][2] = {{1, 1}, {31, 5}, {32, 16}, {33, 17}, {64, 40}, {95, 33}, {129, 3}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const size_t n = shapes[s][0], k = shapes[s][1], ldw = k + 2;
        const size_t n_floats = cuvee__round_up(n, CUVEE__PANEL) * k;
        size_t n_bytes;
        assert_true(cuvee__packed_bytes(WEIGHT_F32, n, k, &n_bytes));
        assert_int_equal(n_bytes, n_floats * sizeof(float));
        float *w = aligned_floats(n * ldw), *panels = aligned_floats(n_floats + 16);
        random_fill(w, n * ldw, 1.0f);
        for (int attempt = 0; attempt < 5; attempt++) {
            for (size_t i = 0; i < n_floats + 16; i++) panels[i] = 99.0f;
            const struct packed p = {.n = n, .k = k};
            for (size_t first = 0; first < n;) {
                const size_t rows = attempt ? 1 + random_below(n - first) : n;
                cuvee__pack_rows(&p, panels, first, rows, w + first * ldw, ldw);
                first += rows;
            }
            for (size_t i = 0; i < n_floats; i++) {
                const size_t panel = i / (CUVEE__PANEL * k), j = i % CUVEE__PANEL;
                const size_t col = panel * CUVEE__PANEL + j, depth = i / CUVEE__PANEL % k;
                assert_true(panels[i] == (col < n ? w[col * ldw + depth] : 0.0f));
            }
            for (size_t i = n_floats; i < n_floats + 16; i++) assert_true(panels[i] == 99.0f);
        }
        cuvee__free(w);
        cuvee__free(panels);
    }
}

static void packing_of_a_transposed_matrix(void **state)
{
    (void)state;
    const size_t shapes[][2] = {{1, 1}, {31, 5}, {32, 16}, {64, 55}, {95, 3}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const size_t n = shapes[s][0], k = shapes[s][1], ldv = n + 2;
        const size_t n_floats = cuvee__round_up(n, CUVEE__PANEL) * k;
        float *v = aligned_floats(k * ldv), *panels = aligned_floats(n_floats);
        const struct packed p = {.n = n, .k = k};
        random_fill(v, k * ldv, 1.0f);
        memset(panels, 0xFF, n_floats * sizeof(float));
        cuvee__pack_f32_transposed(&p, panels, v, ldv);
        for (size_t i = 0; i < n_floats; i++) {
            const size_t col = i / (CUVEE__PANEL * k) * CUVEE__PANEL + i % CUVEE__PANEL;
            assert_true(panels[i] == (col < n ? v[i / CUVEE__PANEL % k * ldv + col] : 0.0f));
        }
        cuvee__free(v);
        cuvee__free(panels);
    }
}

static void packed_size_does_not_wrap(void **state)
{
    (void)state;
    size_t n_bytes = 7;
    assert_false(cuvee__packed_bytes(WEIGHT_INT8, SIZE_MAX, 1, &n_bytes));
    assert_false(cuvee__packed_bytes(WEIGHT_INT8, 1, SIZE_MAX, &n_bytes));
    assert_false(cuvee__packed_bytes(WEIGHT_INT8, SIZE_MAX / 2, 3, &n_bytes));
    assert_false(cuvee__packed_bytes(WEIGHT_BF16, SIZE_MAX / 4, 4, &n_bytes));
    assert_false(cuvee__packed_bytes(WEIGHT_F32, SIZE_MAX / 8, 4, &n_bytes));
    assert_int_equal(n_bytes, 7);
}

/* ---- the whole product ---- */

struct product {
    size_t m, n, k, lda, ldc;
    float *a, *w, *bias, *residual, *c;
    float *panels;
    struct packed packed;
    struct epilogue e;
};

static void make_product(struct product *p, size_t m, size_t n, size_t k)
{
    size_t n_bytes;
    *p = (struct product){.m = m, .n = n, .k = k, .lda = k + 3, .ldc = n + 5};
    assert_true(cuvee__packed_bytes(WEIGHT_F32, n, k, &n_bytes));
    p->a = aligned_floats(m * p->lda);
    p->w = aligned_floats(n * k);
    p->bias = aligned_floats(cuvee__round_up(n, CUVEE__PANEL));
    p->residual = aligned_floats(m * p->ldc);
    p->c = aligned_floats(m * p->ldc);
    p->panels = aligned_floats(n_bytes / sizeof(float));
    p->packed = (struct packed){.n = n, .k = k, .panels = p->panels};
    random_fill(p->a, m * p->lda, 1.0f);
    random_fill(p->w, n * k, 1.0f);
    random_fill(p->bias, cuvee__round_up(n, CUVEE__PANEL), 1.0f);
    random_fill(p->residual, m * p->ldc, 1.0f);
    cuvee__pack_rows(&p->packed, p->panels, 0, n, p->w, k);
    p->e = (struct epilogue){p->bias, ACT_NONE, p->residual, p->ldc};
}

static void free_product(struct product *p)
{
    cuvee__free(p->a);
    cuvee__free(p->w);
    cuvee__free(p->bias);
    cuvee__free(p->residual);
    cuvee__free(p->c);
    cuvee__free(p->panels);
}

static void run_product(const struct product *p)
{
    for (size_t i = 0; i < p->m * p->ldc; i++) p->c[i] = 55.0f;
    cuvee__gemm(&tier, p->m, f32_rows(p->a, p->lda), &p->packed, &p->e, f32_rows(p->c, p->ldc),
                NULL);
}

static void product_of_odd_shapes(void **state)
{
    (void)state;
    const size_t shapes[][3] = {
        {1, 1, 1},    {1, 33, 7},    {2, 32, 64},    {5, 31, 65},   {6, 64, 100},
        {7, 95, 33},  {13, 40, 768}, {14, 1, 769},   {15, 7, 800},  {29, 65, 129},
        {55, 70, 96}, {97, 33, 50},  {100, 2, 1600}, {193, 34, 20}, {3, 35, 2400},
    };
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        struct product p;
        make_product(&p, shapes[s][0], shapes[s][1], shapes[s][2]);
        run_product(&p);
        for (size_t r = 0; r < p.m; r++)
            for (size_t j = 0; j < p.ldc; j++) {
                const float got = p.c[r * p.ldc + j];
                if (j >= p.n) {
                    assert_true(got == 55.0f);
                    continue;
                }
                double sum = p.bias[j] + (double)p.residual[r * p.ldc + j];
                double size = fabs(p.bias[j]) + fabs(p.residual[r * p.ldc + j]);
                for (size_t k = 0; k < p.k; k++) {
                    const double term = (double)p.a[r * p.lda + k] * p.w[j * p.k + k];
                    sum += term;
                    size += fabs(term);
                }
                check_near(got, sum, (double)(p.k + 3) * UNIT * size, "product", r * p.n + j);
            }
        free_product(&p);
    }
}

static void product_rows_do_not_depend_on_each_other(void **state)
{
    (void)state;
    struct product p;
    make_product(&p, 210, 37, 1550); /* several row blocks and k blocks */
    p.e.act = ACT_GELU;
    run_product(&p);
    float alone[37 * 16];
    for (size_t r = 0; r < p.m; r++) {
        struct epilogue e = p.e;
        e.residual += r * p.ldc;
        cuvee__gemm(&tier, 1, f32_rows(p.a + r * p.lda, p.lda), &p.packed, &e,
                    f32_rows(alone, 37), NULL);
        check_same(alone, p.c + r * p.ldc, 37, "row alone");
    }
    float *some = aligned_floats(p.m * p.ldc);
    for (int attempt = 0; attempt < 12; attempt++) {
        const size_t first = random_below(p.m), m = 1 + random_below(p.m - first);
        struct epilogue e = p.e;
        e.residual += first * p.ldc;
        cuvee__gemm(&tier, m, f32_rows(p.a + first * p.lda, p.lda), &p.packed, &e,
                    f32_rows(some, p.ldc), NULL);
        for (size_t r = 0; r < m; r++)
            check_same(some + r * p.ldc, p.c + (first + r) * p.ldc, 37,
                       "rows in a smaller product");
    }
    cuvee__free(some);
    free_product(&p);
}

static void nan_and_infinity_stay_in_their_row(void **state)
{
    (void)state;
    struct product p;
    make_product(&p, 31, 45, 70);
    run_product(&p);
    float *clean = aligned_floats(p.m * p.ldc);
    memcpy(clean, p.c, p.m * p.ldc * sizeof(float));
    p.a[4 * p.lda + 69] = NAN;
    p.a[20 * p.lda] = INFINITY;
    run_product(&p);
    for (size_t r = 0; r < p.m; r++)
        for (size_t j = 0; j < p.n; j++) {
            const float got = p.c[r * p.ldc + j];
            if (r == 4)
                assert_true(isnan(got));
            else if (r == 20)
                assert_true(isinf(got) && (got > 0) == (p.w[j * p.k] > 0));
            else
                check_same(&got, &clean[r * p.ldc + j], 1, "row beside a NaN");
        }
    cuvee__free(clean);
    free_product(&p);
}

static void denormals_are_numbers(void **state)
{
    (void)state;
    const float a[3] = {1e-40f, -3e-45f, 2e-39f};
    _Alignas(64) float panel[3 * CUVEE__PANEL], tile[CUVEE__PANEL];
    for (size_t i = 0; i < 3 * CUVEE__PANEL; i++) panel[i] = i % 2 ? 1.0f : 0.0f;
    tier.gemm_f32_tile(1, 3, a, 3, panel, CUVEE__PANEL, nothing_ahead, tile, CUVEE__PANEL, false);
    for (size_t j = 0; j < CUVEE__PANEL; j++)
        assert_true(tile[j] == (j % 2 ? a[0] + a[1] + a[2] : 0.0f));
}

/* ---- attention ---- */

/* q, k and v side by side in rows of x, as numbers that bf16 has; and in bf16, or NULL. */
static void make_heads(float *x, uint16_t *narrow, size_t n, float size)
{
    random_fill(x, n, size);
    for (size_t i = 0; narrow && i < n; i++) {
        narrow[i] = bf16_of_float(x[i]);
        x[i] = float_of_bf16(narrow[i]);
    }
}

/* Scores err by (D + 1) u sum |q k|, which moves a probability by twice that relatively; the
 * product with V adds n_tokens roundings of a convex combination. With bf16 rows each probability
 * is rounded to bf16, and the smallest count as 0. */
static void check_attention(size_t n_tokens, size_t head, size_t n_queries, float size, bool narrow)
{
    const size_t ld = 3 * head + (narrow ? 2 : 1), ld_out = head + 2;
    const float scale = 1.0f / sqrtf((float)head);
    float *x = aligned_floats(n_tokens * ld), *out = aligned_floats(n_queries * ld_out);
    uint16_t *bf16 = narrow ? cuvee__alloc_aligned(n_tokens * ld * sizeof *bf16) : NULL;
    const float *q = x, *k = x + head, *v = x + 2 * head;
    const size_t n_scratch = cuvee__attention_scratch(n_tokens, head);
    float *scratch = aligned_floats(n_scratch + 16);
    double *p = malloc(n_tokens * sizeof *p);
    assert_non_null(p);
    make_heads(x, bf16, n_tokens * ld, size);
    /* Nothing may be read before it is written. */
    for (size_t i = 0; i < n_scratch + 16; i++) scratch[i] = NAN;
    for (size_t i = 0; i < n_queries * ld_out; i++) out[i] = 66.0f;
    const struct rows all = narrow ? bf16_rows(bf16, ld) : f32_rows(x, ld);
    const struct head h = {all,      columns_from(all, head), columns_from(all, 2 * head),
                           n_queries, n_tokens, head, scale};
    cuvee__attention(&tier, &h, f32_rows(out, ld_out), scratch);
    for (size_t i = n_scratch; i < n_scratch + 16; i++) assert_true(isnan(scratch[i]));
    for (size_t step = 1 + n_queries / 9, r = 0; r < n_queries; r += step) {
        double top = -INFINITY, sum = 0.0, score_error = 0.0, range = 0.0;
        for (size_t t = 0; t < n_tokens; t++) {
            double s = 0.0, bulk = 0.0;
            for (size_t d = 0; d < head; d++) {
                s += (double)q[r * ld + d] * k[t * ld + d];
                bulk += fabs((double)q[r * ld + d] * k[t * ld + d]);
            }
            p[t] = s * (double)scale;
            score_error = fmax(score_error, (double)(head + 1) * UNIT * bulk * (double)scale);
            top = fmax(top, p[t]);
            range = fmax(range, fabs(p[t]));
        }
        for (size_t t = 0; t < n_tokens; t++) sum += p[t] = exp(p[t] - top);
        const double relative = 2 * score_error +
                                (4 * range + (double)n_tokens * 1.125 + 16) * UNIT +
                                (narrow ? 0x1p-8 * 1.001 : 0);
        for (size_t d = 0; d < head; d++) {
            double want = 0.0, bulk = 0.0;
            for (size_t t = 0; t < n_tokens; t++) {
                want += p[t] / sum * v[t * ld + d];
                bulk += p[t] / sum * fabs(v[t * ld + d]);
            }
            check_near(out[r * ld_out + d], want, relative * bulk, "attention", r * head + d);
        }
        for (size_t j = head; j < ld_out; j++) assert_true(out[r * ld_out + j] == 66.0f);
    }
    cuvee__free(x);
    cuvee__free(out);
    cuvee__free(bf16);
    cuvee__free(scratch);
    free(p);
}

static void attention_of_all_lengths(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 67; n++) check_attention(n, 1 + n % 41, n, 1.0f, false);
    const size_t heads[] = {1, 2, 7, 31, 32, 33, 64, 65, 96, 128};
    for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++)
        check_attention(20, heads[h], 20, 2.0f, false);
    check_attention(512, 64, 40, 3.0f, false);
    check_attention(1000, 20, 15, 1.0f, false);
    check_attention(5000, 3, 15, 1.0f, false);
    check_attention(65536, 2, 2, 1.0f, false);
}

static void attention_of_bf16(void **state)
{
    (void)state;
    assert_false(cuvee__attention_takes_bf16(&tier, 33));
    assert_int_equal(cuvee__attention_takes_bf16(&tier, 64), tier.gemm_bf16_tile != NULL);
    if (!tier.gemm_bf16_tile) return;
    for (size_t n = 1; n <= 67; n++) check_attention(n, n % 2 ? 64 : 32, n, 1.0f, true);
    check_attention(20, 96, 20, 2.0f, true);
    check_attention(20, 800, 3, 2.0f, true);
    check_attention(512, 64, 40, 3.0f, true);
    check_attention(1001, 32, 15, 1.0f, true);
}

static void check_attention_rows(size_t head, bool narrow)
{
    enum { T = 77 };
    const size_t ld = 3 * head, n_out = T * head;
    float *x = aligned_floats(T * ld), *all = aligned_floats(n_out), *some = aligned_floats(n_out);
    uint16_t *bf16 = cuvee__alloc_aligned(T * ld * sizeof *bf16);
    float *scratch = aligned_floats(cuvee__attention_scratch(T, head));
    make_heads(x, bf16, T * ld, 2.0f);
    const struct rows q = narrow ? bf16_rows(bf16, ld) : f32_rows(x, ld);
    struct head h = {q, columns_from(q, head), columns_from(q, 2 * head), T, T, head, 0.2f};
    cuvee__attention(&tier, &h, f32_rows(all, head), scratch);
    for (size_t n = 1; n <= T; n++) {
        const size_t first = random_below(T - n + 1);
        h.q = rows_from(q, first);
        h.n_queries = n;
        cuvee__attention(&tier, &h, f32_rows(some, head), scratch);
        check_same(some, all + first * head, n * head, "attention of fewer queries");
    }
    x[5 * ld + head] = NAN; /* a key: every query sees it */
    bf16[5 * ld + head] = bf16_of_float(NAN);
    h.q = q;
    h.n_queries = T;
    cuvee__attention(&tier, &h, f32_rows(some, head), scratch);
    for (size_t i = 0; i < n_out; i++) assert_true(isnan(some[i]));
    cuvee__free(x);
    cuvee__free(all);
    cuvee__free(some);
    cuvee__free(bf16);
    cuvee__free(scratch);
}

static void attention_rows_do_not_depend_on_each_other(void **state)
{
    (void)state;
    check_attention_rows(24, false);
    check_attention_rows(32, false);
    if (tier.gemm_bf16_tile) check_attention_rows(32, true);
}

const struct CMUnitTest matrix_tests[] = {
    cmocka_unit_test(tile_of_every_height),
    cmocka_unit_test(tile_bits_do_not_depend_on_height),
    cmocka_unit_test(packing_by_rows_in_any_pieces),
    cmocka_unit_test(packing_of_a_transposed_matrix),
    cmocka_unit_test(packed_size_does_not_wrap),
    cmocka_unit_test(product_of_odd_shapes),
    cmocka_unit_test(product_rows_do_not_depend_on_each_other),
    cmocka_unit_test(nan_and_infinity_stay_in_their_row),
    cmocka_unit_test(denormals_are_numbers),
    cmocka_unit_test(attention_of_all_lengths),
    cmocka_unit_test(attention_of_bf16),
    cmocka_unit_test(attention_rows_do_not_depend_on_each_other),
    {0},
};
