/* SPDX-License-Identifier: Apache-2.0
 *
 * Products with bf16 and int8 weights: packing, exact integers on every tier, the same bits
 * whatever the rows beside, values that are not finite. Bounds: docs/numerics.md. */
#include "kernels/kernel_test.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "kernels/bf16.h"
#include "kernels/tiers.h"

/* ---- bf16 ---- */

static void narrowing_rounds_to_nearest_even(void **state)
{
    (void)state;
    static const struct {
        float x;
        uint32_t bits;
    } cases[] = {
        {1.0f, 0x3F80},      {0x1.01p0f, 0x3F80},        {0x1.03p0f, 0x3F82},
        {0x1.010002p0f, 0x3F81}, {-0x1.03p0f, 0xBF82},   {0x1.fffffep127f, 0x7F80},
        {INFINITY, 0x7F80},  {-INFINITY, 0xFF80},        {-0.0f, 0x8000},
        {0x1.fep127f, 0x7F7F},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t y[40];
        float x[40];
        for (size_t n = 1; n <= 40; n++) { /* in vectors and in what is left of them */
            for (size_t j = 0; j < n; j++) x[j] = cases[i].x;
            tier.narrow_bf16(y, x, n);
            for (size_t j = 0; j < n; j++) assert_int_equal(y[j], cases[i].bits);
        }
    }
    for (size_t i = 0; i < 100000; i++) {
        const uint32_t bits = random_bits();
        float x[16];
        uint16_t y[16], want[16];
        for (size_t j = 0; j < 16; j++) memcpy(&x[j], &bits, sizeof bits);
        if (fabsf(x[0]) < 0x1p-126f) continue; /* the instruction takes denormals for 0 */
        tier.narrow_bf16(y, x, 16);
        oracle.narrow_bf16(want, x, 16);
        if (isnan(x[0]))
            assert_true(isnan(float_of_bf16(y[0])) && isnan(float_of_bf16(want[0])));
        else
            assert_int_equal(y[0], want[0]);
    }
}

static void bf16_panels_widen_exactly(void **state)
{
    (void)state;
    enum { K = 66 };
    _Alignas(64) uint16_t panel[K * CUVEE__PANEL];
    _Alignas(64) float got[(K + 1) * CUVEE__PANEL], want[K * CUVEE__PANEL];
    for (size_t i = 0; i < K * CUVEE__PANEL; i++) panel[i] = (uint16_t)random_bits();
    for (size_t n_k = 2; n_k <= K; n_k += 2) {
        for (size_t i = 0; i < (K + 1) * CUVEE__PANEL; i++) got[i] = 77.0f;
        tier.widen_panel(got, panel, n_k);
        oracle.widen_panel(want, panel, n_k);
        check_same(got, want, n_k * CUVEE__PANEL, "widened panel");
        for (size_t j = 0; j < CUVEE__PANEL; j++)
            assert_true(got[n_k * CUVEE__PANEL + j] == 77.0f);
    }
}

/* ---- products of every type ---- */

struct product {
    enum weight_type type;
    size_t m, n, k, lda, ldc;
    float *a, *w, *bias, *residual, *c, *scales, *input_scales;
    int8_t *q;
    int32_t *sums;
    void *panels, *scratch;
    struct packed packed;
    struct epilogue e;
};

/* Weights of a type as f32, and what an input becomes before it is multiplied. */
static float weight_of(const struct product *p, size_t j, size_t k)
{
    return p->type == WEIGHT_BF16 ? float_of_bf16(bf16_of_float(p->w[j * p->k + k]))
                                  : p->w[j * p->k + k];
}

static float bf16_input(float x)
{
    return tier.gemm_bf16_tile ? float_of_bf16(bf16_of_float(x)) : x;
}

static void pack_int8(struct product *p, int weight_max)
{
    const size_t n_padded = cuvee__round_up(p->n, CUVEE__PANEL);
    p->q = cuvee__malloc(p->n * p->k);
    p->sums = cuvee__malloc(n_padded * sizeof *p->sums);
    p->scales = aligned_floats(n_padded);
    p->input_scales = aligned_floats(p->k);
    random_fill(p->scales, n_padded, 0.01f);
    for (size_t k = 0; k < p->k; k++) p->input_scales[k] = 0.5f + fabsf(random_float(1.5f));
    for (size_t i = 0; i < p->n * p->k; i++)
        p->q[i] = (int8_t)((int)random_below((size_t)(2 * weight_max + 1)) - weight_max);
    p->packed.scales = p->scales;
    p->packed.sums = p->sums;
    p->packed.run = CUVEE__MAX_RUN;
    for (size_t first = 0; first < p->n;) {
        const size_t rows = 1 + random_below(p->n - first);
        cuvee__pack_int8_rows(&p->packed, p->panels, p->sums, first, rows, p->q + first * p->k,
                              p->k);
        first += rows;
    }
    for (size_t j = 0; j < p->n; j++) {
        const size_t run = cuvee__int8_run(p->q + j * p->k, p->k, p->packed.activation_max);
        p->packed.run = (uint32_t)cuvee__min(p->packed.run, run);
    }
}

static void make_product(struct product *p, enum weight_type type, size_t m, size_t n, size_t k,
                         uint32_t activation_max, int weight_max)
{
    size_t n_bytes;
    *p = (struct product){.type = type, .m = m, .n = n, .k = k, .lda = k + 3, .ldc = n + 5};
    assert_true(cuvee__packed_bytes(type, n, k, &n_bytes));
    p->panels = cuvee__alloc_aligned(n_bytes);
    p->packed = (struct packed){.type = type, .n = n, .k = k, .panels = p->panels,
                                .activation_max = activation_max};
    p->scratch = cuvee__alloc_aligned(cuvee__gemm_scratch_bytes(type, m, k));
    p->a = aligned_floats(m * p->lda);
    p->w = aligned_floats(n * k);
    p->bias = aligned_floats(cuvee__round_up(n, CUVEE__PANEL));
    p->residual = aligned_floats(m * p->ldc);
    p->c = aligned_floats(m * p->ldc);
    random_fill(p->a, m * p->lda, 1.0f);
    random_fill(p->w, n * k, 1.0f);
    random_fill(p->bias, cuvee__round_up(n, CUVEE__PANEL), 1.0f);
    random_fill(p->residual, m * p->ldc, 1.0f);
    p->e = (struct epilogue){p->bias, ACT_NONE, p->residual, p->ldc};
    if (type == WEIGHT_INT8)
        pack_int8(p, weight_max);
    else
        cuvee__pack_rows(&p->packed, p->panels, 0, n, p->w, k);
}

static void free_product(struct product *p)
{
    void *const all[] = {p->a,    p->w,      p->bias,         p->residual, p->c,      p->panels,
                         p->q,    p->scales, p->input_scales, p->sums,     p->scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) cuvee__free(all[i]);
}

static void run_rows(const struct product *p, const struct kernels *kern, size_t first, size_t m,
                     float *c)
{
    struct epilogue e = p->e;
    if (e.residual) e.residual += first * p->ldc;
    for (size_t i = 0; i < m * p->ldc; i++) c[i] = 55.0f;
    cuvee__gemm(kern, m, f32_rows(p->a + first * p->lda, p->lda), &p->packed, &e,
                f32_rows(c, p->ldc), p->scratch);
    for (size_t r = 0; r < m; r++)
        for (size_t j = p->n; j < p->ldc; j++) assert_true(c[r * p->ldc + j] == 55.0f);
}

static const size_t shapes[][3] = {
    {1, 1, 1},    {1, 33, 7},    {2, 32, 64},    {5, 31, 65},   {6, 64, 100},  {7, 95, 33},
    {13, 40, 768}, {14, 1, 769}, {15, 7, 800},   {29, 65, 129}, {55, 70, 96},  {97, 33, 50},
    {100, 2, 1600}, {193, 34, 20}, {3, 35, 2403}, {4, 32, 31},  {12, 32, 17},  {11, 32, 3},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static void bf16_products_of_odd_shapes(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SHAPES; s++) {
        struct product p;
        make_product(&p, WEIGHT_BF16, shapes[s][0], shapes[s][1], shapes[s][2], 0, 0);
        run_rows(&p, &tier, 0, p.m, p.c);
        for (size_t r = 0; r < p.m; r++)
            for (size_t j = 0; j < p.n; j++) {
                double sum = p.bias[j] + (double)p.residual[r * p.ldc + j];
                double size = fabs(p.bias[j]) + fabs(p.residual[r * p.ldc + j]);
                for (size_t k = 0; k < p.k; k++) {
                    const double term =
                        (double)bf16_input(p.a[r * p.lda + k]) * weight_of(&p, j, k);
                    sum += term;
                    size += fabs(term);
                }
                check_near(p.c[r * p.ldc + j], sum, (double)(p.k + 3) * UNIT * size,
                           "bf16 product", r * p.n + j);
            }
        free_product(&p);
    }
}

/* Without bf16 inputs the widened weights make the same bits as f32 ones. */
static void bf16_products_are_those_of_the_widened_weights(void **state)
{
    (void)state;
    if (tier.gemm_bf16_tile) return;
    struct product p, wide;
    make_product(&p, WEIGHT_BF16, 40, 70, 1601, 0, 0);
    make_product(&wide, WEIGHT_F32, 40, 70, 1601, 0, 0);
    for (size_t j = 0; j < p.n; j++)
        for (size_t k = 0; k < p.k; k++) wide.w[j * p.k + k] = weight_of(&p, j, k);
    cuvee__pack_rows(&wide.packed, wide.panels, 0, p.n, wide.w, p.k);
    memcpy(wide.a, p.a, p.m * p.lda * sizeof(float));
    memcpy(wide.bias, p.bias, p.n * sizeof(float));
    memcpy(wide.residual, p.residual, p.m * p.ldc * sizeof(float));
    run_rows(&p, &tier, 0, p.m, p.c);
    run_rows(&wide, &tier, 0, p.m, wide.c);
    check_same(p.c, wide.c, p.m * p.ldc, "bf16 against f32");
    free_product(&p);
    free_product(&wide);
}

static const struct {
    uint32_t activation_max;
    int weight_max;
} bounds[] = {{127, 16}, {127, 31}, {127, 63}, {127, 127}, {255, 8}, {255, 64}, {255, 127}};
enum { N_BOUNDS = sizeof bounds / sizeof bounds[0] };

/* The integer tile alone, against plain sums; with every input at its largest, too. */
static void int8_tiles_are_exact(void **state)
{
    (void)state;
    for (size_t b = 0; b < N_BOUNDS; b++)
        for (size_t rows = 1; rows <= tier.int8_tile_rows; rows++)
            for (size_t k = 1; k <= 70; k += 1 + rows / 4) {
                struct product p;
                make_product(&p, WEIGHT_INT8, 1, 32, k, bounds[b].activation_max,
                             bounds[b].weight_max);
                const size_t lda = cuvee__round_up(k, 4), n_a = rows * lda;
                uint8_t *a = edge_bytes(0, n_a);
                _Alignas(64) int32_t tile[(CUVEE__MAX_TILE_ROWS + 1) * CUVEE__PANEL];
                const uint32_t max = bounds[b].activation_max;
                for (size_t i = 0; i < n_a; i++)
                    a[i] = (uint8_t)(k % 2 ? max : random_below(max + 1));
                for (size_t i = 0; i < (CUVEE__MAX_TILE_ROWS + 1) * CUVEE__PANEL; i++) tile[i] = 99;
                tier.gemm_int8_tile(rows, k, a, lda, p.panels, nothing_ahead, p.packed.run, tile);
                for (size_t r = 0; r < rows; r++)
                    for (size_t j = 0; j < CUVEE__PANEL; j++) {
                        int32_t want = 0;
                        for (size_t i = 0; i < k; i++) want += a[r * lda + i] * p.q[j * k + i];
                        assert_int_equal(tile[r * CUVEE__PANEL + j], want);
                    }
                for (size_t j = 0; j < CUVEE__PANEL; j++)
                    assert_int_equal(tile[rows * CUVEE__PANEL + j], 99);
                free_product(&p);
            }
}

/* Runs are as long as the worst inputs allow, and no longer: weights at the limit of a run. */
static void runs_hold_for_the_worst_inputs(void **state)
{
    (void)state;
    enum { K = 96, N = 32 };
    for (size_t run = 1; run <= CUVEE__MAX_RUN; run *= 2)
        for (int sign = -1; sign <= 1; sign += 2) {
            int8_t q[N * K];
            _Alignas(64) int8_t panel[N * K];
            _Alignas(64) int32_t tile[CUVEE__MAX_TILE_ROWS * CUVEE__PANEL];
            int32_t sums[N];
            uint8_t a[CUVEE__MAX_TILE_ROWS * K];
            /* 2 run weights of one sign share 16 bits: 258 in sum at most, with inputs up to 127 */
            for (size_t i = 0; i < N * K; i++)
                q[i] = (int8_t)(sign * (int)cuvee__min(127, 258 / (2 * run)));
            memset(a, 127, sizeof a);
            const struct packed p = {.type = WEIGHT_INT8, .n = N, .k = K, .activation_max = 127};
            cuvee__pack_int8_rows(&p, panel, sums, 0, N, q, K);
            assert_int_equal(cuvee__int8_run(q, K, 127), run);
            tier.gemm_int8_tile(tier.int8_tile_rows, K, a, K, panel, nothing_ahead, run, tile);
            for (size_t i = 0; i < tier.int8_tile_rows * CUVEE__PANEL; i++)
                assert_int_equal(tile[i], 127 * K * q[0]);
            q[17] = (int8_t)(q[17] + 3 * sign); /* one weight too large */
            if (run > 1) assert_int_equal(cuvee__int8_run(q, K, 127), run / 2);
        }
    const int8_t large[4] = {127, 127, 0, 0};
    assert_int_equal(cuvee__int8_run(large, 4, 255), 0);
    assert_int_equal(cuvee__int8_run(large, 4, 127), 8); /* the row ends there */
}

static void check_range(const struct row_range *got, const struct row_range *want)
{
    assert_int_equal(got->finite, want->finite);
    if (!want->finite) return;
    assert_true(got->low == want->low && got->high == want->high);
}

/* The same bits as the oracle; and the transform is its own inverse, times the block. */
static void rotated_rows(void **state)
{
    (void)state;
    for (size_t block = 1; block <= 256; block *= 2)
        for (size_t n = block; n < 600; n += block * (1 + n / 40)) {
            float *x = edge_floats(0, n), *scales = edge_floats(1, n), *y = edge_floats(2, n);
            float want[600], back[600], from_narrow[600], narrow_y[600];
            struct row_range got_range, range;
            random_fill(x, n, 2.0f);
            random_fill(scales, n, 2.0f);
            const float *use = n % 3 ? scales : NULL;
            tier.rotate_row(y, x, false, use, n, block, &got_range);
            edge_check(2);
            oracle.rotate_row(want, x, false, use, n, block, &range);
            check_same(y, want, n, "rotated");
            check_range(&got_range, &range);
            tier.rotate_row(back, y, false, NULL, n, block, &range);
            uint16_t narrow[600];
            for (size_t i = 0; i < n; i++) narrow[i] = bf16_of_float(x[i]);
            for (size_t i = 0; i < n; i++) from_narrow[i] = float_of_bf16(narrow[i]);
            tier.rotate_row(narrow_y, narrow, true, use, n, block, &got_range);
            oracle.rotate_row(want, from_narrow, false, use, n, block, &range);
            check_same(narrow_y, want, n, "rotated, from bf16");
            check_range(&got_range, &range);
            for (size_t i = 0; i < n; i++) {
                const double t = use ? (double)(x[i] * scales[i]) : x[i];
                check_near(back[i] / (double)block, t, 1e-4, "rotated twice", i);
            }
        }
}

/* Whether a rotated row is finite, when values overflow on the way, at any step. */
static void rotated_rows_that_are_not_finite(void **state)
{
    (void)state;
    enum { N = 256 };
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    for (size_t block = 16; block <= N; block *= 2)
        for (int attempt = 0; attempt < 3000; attempt++) {
            float *x = edge_floats(0, N), *y = edge_floats(1, N);
            float want[N];
            struct row_range got, range;
            /* Large values, more or less of them, of one or both signs in each half */
            const float size = 3.4e38f / (float)(1u << random_below(9));
            const size_t rare = 1 + random_below(1u << random_below(8));
            for (size_t i = 0; i < N; i++) {
                x[i] = random_below(rare) ? random_float(1.0f) : size;
                if (random_below(2 + attempt % 3) == 0) x[i] = -x[i];
            }
            if (attempt % 8 == 0) x[random_below(N)] = odd[random_below(3)];
            tier.rotate_row(y, x, false, NULL, N, block, &got);
            oracle.rotate_row(want, x, false, NULL, N, block, &range);
            check_same(y, want, N, "rotated, not finite");
            check_range(&got, &range);
        }
}

static void quantised_rows(void **state)
{
    (void)state;
    enum { ROOM = 1024 };
    _Alignas(64) uint8_t got[ROOM], want[ROOM];
    for (size_t n = 1; n <= 300; n++)
        for (int kind = 0; kind < 6; kind++) {
            float *x = edge_floats(0, n), *scales = edge_floats(1, n);
            const uint32_t max = n % 2 ? 127 : 255;
            for (size_t i = 0; i < n; i++) {
                x[i] = random_float(kind == 1 ? 1e30f : kind == 2 ? 1e-25f : 3.0f);
                if (kind == 3) x[i] = fabsf(x[i]) + 1.0f;
                if (kind == 4) x[i] = -fabsf(x[i]) - 1.0f;
                if (kind == 5) x[i] = i % 3 ? 0.0f : -0.0f;
                scales[i] = 0.5f + fabsf(random_float(2.0f));
            }
            const float *use = n % 3 ? scales : NULL;
            struct row_scale s, t;
            memset(got, 0xEE, ROOM);
            tier.quantise_row(got, x, use, n, max, NULL, &s);
            oracle.quantise_row(want, x, use, n, max, NULL, &t);
            assert_memory_equal(got, want, n);
            assert_memory_equal(&s.scale, &t.scale, sizeof s.scale);
            assert_int_equal(s.zero, t.zero);
            for (size_t i = cuvee__round_up(n, 64); i < ROOM; i++) assert_int_equal(got[i], 0xEE);
            assert_true(s.zero >= 0 && s.zero <= (int32_t)max);
            for (size_t i = 0; i < n; i++) {
                const double y = use ? (double)(x[i] * scales[i]) : x[i];
                assert_true(got[i] <= max);
                check_near(s.scale * (double)(got[i] - s.zero), y,
                           0.5 * s.scale * (1 + 8 * (double)max * UNIT), "quantised", i);
            }
        }
}

static void quantised_rows_that_are_not_finite(void **state)
{
    (void)state;
    enum { N = 70 };
    const float bad[] = {NAN, INFINITY, -INFINITY};
    _Alignas(64) uint8_t q[128];
    float x[N];
    for (size_t b = 0; b < 3; b++)
        for (size_t i = 0; i < N; i++) {
            struct row_scale s;
            random_fill(x, N, 1.0f);
            x[i] = bad[b];
            tier.quantise_row(q, x, NULL, N, 127, NULL, &s);
            assert_true(isnan(s.scale));
            assert_int_equal(s.zero, 0);
        }
    struct row_scale s;
    for (size_t i = 0; i < N; i++) x[i] = i % 2 ? 3e38f : -3e38f; /* the range overflows */
    tier.quantise_row(q, x, NULL, N, 127, NULL, &s);
    assert_true(isnan(s.scale));
    for (size_t i = 0; i < N; i++) x[i] = 1e-38f * (float)i;
    tier.quantise_row(q, x, NULL, N, 127, NULL, &s);
    assert_true(s.scale == 0.0f);
}

/* The integers are the oracle's; then 4 roundings of the value and 2 of the sum. */
static void int8_products_of_odd_shapes(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SHAPES; s++) {
        struct product p;
        const size_t b = s % N_BOUNDS;
        make_product(&p, WEIGHT_INT8, shapes[s][0], shapes[s][1], shapes[s][2],
                     bounds[b].activation_max, bounds[b].weight_max);
        if (s % 2) p.packed.input_scales = p.input_scales;
        if (s % 5 == 4) p.packed.run = 0; /* always right */
        p.packed.rotation = p.k % 32 == 0 ? 32 : p.k % 4 == 0 ? 4 : 1;
        run_rows(&p, &tier, 0, p.m, p.c);
        uint8_t *q = cuvee__malloc(cuvee__round_up(p.k, 64));
        float *rotated = aligned_floats(p.k);
        for (size_t r = 0; r < p.m; r++) {
            struct row_scale row;
            struct row_range range;
            oracle.rotate_row(rotated, p.a + r * p.lda, false, p.packed.input_scales, p.k,
                              p.packed.rotation, &range);
            oracle.quantise_row(q, rotated, NULL, p.k, bounds[b].activation_max, &range, &row);
            for (size_t j = 0; j < p.n; j++) {
                int32_t sum = 0;
                for (size_t k = 0; k < p.k; k++) sum += (q[k] - row.zero) * p.q[j * p.k + k];
                const double value = (double)sum * row.scale * p.scales[j];
                const double want = value + p.bias[j] + (double)p.residual[r * p.ldc + j];
                const double size =
                    fabs(value) + fabs(p.bias[j]) + fabs(p.residual[r * p.ldc + j]);
                check_near(p.c[r * p.ldc + j], want, 6 * UNIT * size, "int8 product",
                           r * p.n + j);
            }
        }
        cuvee__free(q);
        cuvee__free(rotated);
        free_product(&p);
    }
}

static void check_rows_and_columns(enum weight_type type, uint32_t activation_max, int weight_max)
{
    struct product p;
    make_product(&p, type, 210, 69, 1550, activation_max, weight_max);
    p.e.act = ACT_GELU;
    run_rows(&p, &tier, 0, p.m, p.c);
    float *some = aligned_floats(p.m * p.ldc);
    for (int attempt = 0; attempt < 40; attempt++) {
        const size_t first = random_below(p.m);
        const size_t m = attempt < 28 ? 1 : 1 + random_below(p.m - first);
        run_rows(&p, &tier, first, m, some);
        check_same(some, p.c + first * p.ldc, m * p.ldc, "rows in a smaller product");
    }
    /* Columns: 0 .. 31, 32 .. 63, 64 .. 68 as products of their own. */
    const size_t ends[] = {32, 64, 69};
    for (size_t i = 0, first = 0; i < 3; first = ends[i++]) {
        const struct packed part = cuvee__packed_columns(&p.packed, first, ends[i] - first);
        const struct epilogue e = {p.bias + first, ACT_GELU, p.residual + first, p.ldc};
        cuvee__gemm(&tier, p.m, f32_rows(p.a, p.lda), &part, &e, f32_rows(some + first, p.ldc),
                    p.scratch);
    }
    for (size_t r = 0; r < p.m; r++)
        check_same(some + r * p.ldc, p.c + r * p.ldc, p.n, "columns in parts");
    cuvee__free(some);
    free_product(&p);
}

/* Inputs converted once, in two halves as by two threads, for products of two parts each. */
static void check_shared_inputs(enum weight_type type, size_t m, size_t k)
{
    struct product p;
    make_product(&p, type, m, 69, k, 127, 63);
    p.packed.rotation = k % 32 == 0 ? 32 : 1;
    p.e.act = ACT_GELU;
    run_rows(&p, &tier, 0, m, p.c);
    const struct rows a = f32_rows(p.a, p.lda);
    if (cuvee__gemm_can_share(&tier, m, a, &p.packed)) {
        float *other = cuvee__alloc_aligned(cuvee__gemm_scratch_bytes(type, m, k));
        float *c = aligned_floats(m * p.ldc);
        const size_t half = m / 2;
        cuvee__gemm_convert(&tier, m, 0, half, a, &p.packed, p.scratch, other);
        cuvee__gemm_convert(&tier, m, half, m - half, a, &p.packed, p.scratch, p.scratch);
        for (size_t first = 0, n = 32; first < p.n; first += n, n = p.n - first) {
            const struct packed part = cuvee__packed_columns(&p.packed, first, n);
            const struct epilogue e = {p.bias + first, ACT_GELU, p.residual + first, p.ldc};
            cuvee__gemm_shared(&tier, m, &part, &e, f32_rows(c + first, p.ldc), p.scratch);
        }
        for (size_t r = 0; r < m; r++)
            check_same(c + r * p.ldc, p.c + r * p.ldc, p.n, "with shared inputs");
        cuvee__free(c);
        cuvee__free(other);
    }
    free_product(&p);
}

static void inputs_may_be_converted_together(void **state)
{
    (void)state;
    static const size_t rows[] = {1, 2, 55, 126};
    struct product many;
    make_product(&many, WEIGHT_INT8, tier.block_rows + 1, 1, 32, 127, 63);
    assert_false(
        cuvee__gemm_can_share(&tier, many.m, f32_rows(many.a, many.lda), &many.packed));
    free_product(&many);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_shared_inputs(WEIGHT_BF16, rows[i], 769);
        check_shared_inputs(WEIGHT_INT8, rows[i], 800);
        check_shared_inputs(WEIGHT_INT8, rows[i], 33);
    }
}

/* Inputs that are bf16 already give the bits of the same numbers in f32; and outputs in bf16 are
 * the f32 ones, rounded. */
static void check_narrow_rows(enum weight_type type, size_t m, size_t n, size_t k)
{
    struct product p;
    make_product(&p, type, m, n, k, 255, 127);
    if (!cuvee__gemm_takes_bf16(&tier, &p.packed)) {
        assert_true(!tier.gemm_bf16_tile || type == WEIGHT_F32 || k % 2);
        free_product(&p);
        return;
    }
    const size_t lda = k + 34, ldc = n + 3;
    uint16_t *a = cuvee__alloc_aligned(m * lda * sizeof *a), *c = edge_bytes(0, m * ldc * 2);
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < k; i++) {
            a[r * lda + i] = bf16_of_float(p.a[r * p.lda + i]);
            p.a[r * p.lda + i] = float_of_bf16(a[r * lda + i]);
        }
    memset(c, 0x77, m * ldc * sizeof *c);
    p.packed.rotation = k % 128 == 0 ? 128 : 1;
    if (n % 2) p.e.residual = NULL;
    run_rows(&p, &tier, 0, m, p.c);
    const struct rows from = bf16_rows(a, lda), to = bf16_rows(c, ldc);
    cuvee__gemm(&tier, m, from, &p.packed, &p.e, to, p.scratch);
    edge_check(0);
    for (size_t r = 0; r < m; r++)
        for (size_t j = 0; j < ldc; j++)
            assert_int_equal(c[r * ldc + j],
                             j < n ? bf16_of_float(p.c[r * p.ldc + j]) : 0x7777);
    cuvee__free(a);
    free_product(&p);
}

static void rows_may_be_narrow(void **state)
{
    (void)state;
    for (enum weight_type type = WEIGHT_F32; type <= WEIGHT_INT8; type++)
        for (size_t m = 1; m < 160; m += 1 + m / 2) {
            check_narrow_rows(type, m, 64, 256);
            check_narrow_rows(type, m, 65, 256);
            check_narrow_rows(type, m, 1, 70);
            check_narrow_rows(type, m, 94, 1538);
            check_narrow_rows(type, m, 32, 33);
        }
}

static void rows_and_columns_do_not_depend_on_each_other(void **state)
{
    (void)state;
    check_rows_and_columns(WEIGHT_F32, 0, 0);
    check_rows_and_columns(WEIGHT_BF16, 0, 0);
    check_rows_and_columns(WEIGHT_INT8, 127, 63);
    check_rows_and_columns(WEIGHT_INT8, 255, 127);
}

static void what_is_not_finite_stays_in_its_row(void **state)
{
    (void)state;
    for (enum weight_type type = WEIGHT_BF16; type <= WEIGHT_INT8; type++) {
        struct product p;
        make_product(&p, type, 31, 45, 71, 127, 63);
        run_rows(&p, &tier, 0, p.m, p.c);
        float *clean = aligned_floats(p.m * p.ldc);
        memcpy(clean, p.c, p.m * p.ldc * sizeof(float));
        p.a[4 * p.lda + 70] = NAN;
        p.a[20 * p.lda] = INFINITY;
        run_rows(&p, &tier, 0, p.m, p.c);
        for (size_t r = 0; r < p.m; r++)
            for (size_t j = 0; j < p.n; j++) {
                const float got = p.c[r * p.ldc + j];
                if (r == 4 || r == 20)
                    assert_true(!isfinite(got));
                else
                    check_same(&got, &clean[r * p.ldc + j], 1, "row beside a NaN");
            }
        for (size_t k = 0; k < p.k; k++) p.a[7 * p.lda + k] = 0.0f;
        run_rows(&p, &tier, 0, p.m, p.c);
        for (size_t j = 0; j < p.n; j++)
            assert_true(p.c[7 * p.ldc + j] == p.bias[j] + p.residual[7 * p.ldc + j]);
        cuvee__free(clean);
        free_product(&p);
    }
}

const struct CMUnitTest type_tests[] = {
    cmocka_unit_test(narrowing_rounds_to_nearest_even),
    cmocka_unit_test(bf16_panels_widen_exactly),
    cmocka_unit_test(bf16_products_of_odd_shapes),
    cmocka_unit_test(bf16_products_are_those_of_the_widened_weights),
    cmocka_unit_test(int8_tiles_are_exact),
    cmocka_unit_test(runs_hold_for_the_worst_inputs),
    cmocka_unit_test(rotated_rows),
    cmocka_unit_test(rotated_rows_that_are_not_finite),
    cmocka_unit_test(quantised_rows),
    cmocka_unit_test(quantised_rows_that_are_not_finite),
    cmocka_unit_test(int8_products_of_odd_shapes),
    cmocka_unit_test(rows_and_columns_do_not_depend_on_each_other),
    cmocka_unit_test(inputs_may_be_converted_together),
    cmocka_unit_test(rows_may_be_narrow),
    cmocka_unit_test(what_is_not_finite_stays_in_its_row),
    {0},
};
