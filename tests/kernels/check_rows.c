/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that work along a row: activations, softmax, LayerNorm, add, widening, the tile's
 * epilogue. Bounds: docs/numerics.md, section "Kernels". */
#include "kernels/kernel_test.h"

#include <stdlib.h>

enum { MAX_LEN = 67, LANES_AT_LEAST = 8 };

static const enum act acts[] = {ACT_NONE, ACT_GELU, ACT_GELU_COARSE, ACT_GELU_TANH,
                                ACT_QUICK_GELU, ACT_RELU, ACT_SILU, ACT_TANH};
enum { N_ACTS = sizeof acts / sizeof acts[0] };

/* Values at which formulas break. */
static const float odd_values[] = {
    0.0f,    -0.0f,   1e-45f,   -1e-45f, 1e-39f,  -1e-39f, 0x1p-126f, 1e-20f,  -1e-20f,
    0.5f,    -0.5f,   1.0f,     -1.0f,   7.999f,  -7.999f, 8.001f,    -8.001f, 20.0f,
    -20.0f,  43.6f,   -43.6f,   87.3f,   -87.3f,  87.34f,  -87.34f,   88.7f,   -88.7f,
    88.8f,   -88.8f,  103.9f,   -103.9f, 150.0f,  -150.0f, 1e10f,     -1e10f,  1e20f,
    -1e20f,  3e38f,   -3e38f,   INFINITY, -INFINITY, NAN,  -NAN,
};
enum { N_ODD = sizeof odd_values / sizeof odd_values[0] };

/* Largest error of act(x) that docs/numerics.md allows. */
static double act_bound(enum act act, double x)
{
    if (act == ACT_NONE || act == ACT_RELU) return 0.0;
    if (act == ACT_TANH) return 4 * UNIT * fabs(tanh(x)) + 0x1p-149;
    if (act == ACT_GELU_COARSE) return 1.3e-4 + 3e-7 * fmax(1.0, fabs(x));
    return (act == ACT_GELU ? 1.5e-7 : 3e-7) * fmax(1.0, fabs(x));
}

static double act_of(enum act act, float x)
{
    oracle.act_f32(act, &x, 1);
    return x;
}

static void check_acts(const float *x, size_t n)
{
    for (size_t a = 0; a < N_ACTS; a++) {
        float *got = edge_floats(0, n);
        memcpy(got, x, n * sizeof(float));
        tier.act_f32(acts[a], got, n);
        char what[64];
        snprintf(what, sizeof what, "act %d of %zu values", (int)acts[a], n);
        for (size_t i = 0; i < n; i++)
            check_near(got[i], act_of(acts[a], x[i]), act_bound(acts[a], x[i]), what, i);
        edge_check(0);
    }
}

static void activations_at_every_length(void **state)
{
    (void)state;
    float x[MAX_LEN];
    for (size_t n = 0; n <= MAX_LEN; n++) {
        random_fill(x, n, 6.0f);
        check_acts(x, n);
    }
}

static void activations_of_odd_values(void **state)
{
    (void)state;
    check_acts(odd_values, N_ODD);
    float x = -INFINITY; /* the limits, also where torch's own product gives NaN */
    for (size_t a = 0; a < N_ACTS; a++)
        if (acts[a] != ACT_NONE)
            assert_true(fabs(act_of(acts[a], x) - (acts[a] == ACT_TANH ? -1.0 : 0.0)) == 0.0);
}

/* A walk over the bit patterns of all floats. */
static void activations_over_all_magnitudes(void **state)
{
    (void)state;
    enum { N = 1000 };
    float x[N];
    size_t n = 0;
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += 65521) {
        const uint32_t b = (uint32_t)bits;
        memcpy(&x[n++], &b, sizeof b);
        if (n == N) {
            check_acts(x, n);
            n = 0;
        }
    }
    /* And densely where they bend. */
    for (double v = -12.0; v < 12.0; v += 0.0007) {
        x[n++] = (float)v;
        if (n == N) {
            check_acts(x, n);
            n = 0;
        }
    }
}

static void activation_does_not_depend_on_position(void **state)
{
    (void)state;
    for (size_t a = 0; a < N_ACTS; a++)
        for (size_t i = 0; i < MAX_LEN; i++) {
            float x[MAX_LEN], alone = 0.37f - (float)a;
            random_fill(x, MAX_LEN, 5.0f);
            x[i] = alone;
            tier.act_f32(acts[a], x, MAX_LEN);
            tier.act_f32(acts[a], &alone, 1);
            check_same(&x[i], &alone, 1, "activation in a row and alone");
        }
}

/* Errors of a softmax value, relative: its own exponent and exp, the sum's, and a few roundings. */
static void check_softmax(const float *x, size_t n, float scale)
{
    const size_t room = (n + 15) / 16 * 16;
    float *got = edge_floats(0, room);
    float *want = malloc(room * sizeof(float));
    assert_non_null(want);
    for (size_t i = n; i < room; i++) got[i] = i % 3 ? NAN : 1e30f; /* must not matter */
    memcpy(got, x, n * sizeof(float));
    memcpy(want, x, n * sizeof(float));
    tier.softmax_f32(got, room, 1, n, scale);
    oracle.softmax_f32(want, room, 1, n, scale);
    edge_check(0);
    for (size_t i = n; i < room; i++) assert_true(got[i] == 0.0f && want[i] == 0.0f);
    double top = -INFINITY, mean_z = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++) top = fmax(top, (double)scale * x[i]);
    for (size_t i = 0; i < n; i++) mean_z += want[i] * (top - (double)scale * x[i]);
    for (size_t i = 0; i < n; i++) {
        const double z = top - (double)scale * x[i];
        const double units = z + mean_z + (double)n / LANES_AT_LEAST + 12;
        check_near(got[i], want[i], units * UNIT * want[i] + 0x1p-125, "softmax", i);
        sum += got[i];
    }
    if (!isnan(sum))
        check_near(sum, 1.0, ((double)n / LANES_AT_LEAST + 12) * UNIT, "softmax sum", n);
    free(want);
}

static void softmax_at_every_length(void **state)
{
    (void)state;
    static float x[4099];
    const float scales[] = {0.125f, 1.0f, 30.0f};
    for (size_t s = 0; s < 3; s++) {
        for (size_t n = 1; n <= MAX_LEN; n++) {
            random_fill(x, n, 10.0f);
            check_softmax(x, n, scales[s]);
        }
        random_fill(x, 4099, 10.0f);
        check_softmax(x, 4099, scales[s]);
    }
    for (size_t n = 1; n <= MAX_LEN; n++) { /* one large among tiny ones, two large, all equal */
        for (size_t i = 0; i < n; i++) x[i] = -90.0f - (float)i;
        x[n / 2] = 3.0f;
        check_softmax(x, n, 1.0f);
        x[n - 1] = 3.5f;
        check_softmax(x, n, 1.0f);
        for (size_t i = 0; i < n; i++) x[i] = -2.0f;
        check_softmax(x, n, 1.0f);
    }
}

/* A row's bits do not depend on the rows beside it. */
static void softmax_of_many_rows(void **state)
{
    (void)state;
    enum { LD = 96, ROWS = 11 };
    static float alone[ROWS * LD], together[ROWS * LD];
    for (size_t n = 1; n <= MAX_LEN; n++)
        for (size_t rows = 1; rows <= ROWS; rows++) {
            random_fill(alone, rows * LD, 5.0f);
            memcpy(together, alone, sizeof together);
            for (size_t r = 0; r < rows; r++) tier.softmax_f32(alone + r * LD, LD, 1, n, 0.25f);
            tier.softmax_f32(together, LD, rows, n, 0.25f);
            check_same(together, alone, rows * LD, "softmax row");
        }
}

/* Columns of every number, depths of every rest. */
static void transposition(void **state)
{
    (void)state;
    enum { LDW = 70 };
    static float w[CUVEE__PANEL * LDW];
    random_fill(w, CUVEE__PANEL * LDW, 3.0f);
    for (size_t cols = 1; cols <= CUVEE__PANEL; cols++)
        for (size_t k = 1; k <= 67; k++) {
            /* The last row ends at an unreadable page. */
            const size_t n = (cols - 1) * LDW + k;
            float *rows = edge_floats(1, n);
            memcpy(rows, w, n * sizeof(float));
            float *got = edge_floats(0, k * CUVEE__PANEL);
            tier.transpose_f32(got, rows, LDW, cols, k);
            edge_check(0);
            for (size_t i = 0; i < k; i++)
                for (size_t j = 0; j < CUVEE__PANEL; j++)
                    assert_true(got[i * CUVEE__PANEL + j] == (j < cols ? w[j * LDW + i] : 0.0f));
        }
}

static void softmax_of_nan_and_infinity(void **state)
{
    (void)state;
    const float bad[] = {NAN, -NAN, INFINITY};
    for (size_t n = 1, room; n <= MAX_LEN; n++)
        for (size_t at = 0; at < n; at++) {
            room = (n + 15) / 16 * 16;
            for (size_t b = 0; b < 3; b++) {
                float *x = edge_floats(0, room);
                random_fill(x, room, 4.0f);
                x[at] = bad[b];
                tier.softmax_f32(x, room, 1, n, 0.5f);
                for (size_t i = 0; i < n; i++) assert_true(isnan(x[i]));
            }
            if (n == 1) continue;
            float *x = edge_floats(0, room); /* one impossible value is 0; the others sum to 1 */
            random_fill(x, room, 4.0f);
            x[at] = -INFINITY;
            tier.softmax_f32(x, room, 1, n, 0.5f);
            assert_true(x[at] == 0.0f);
            double sum = 0.0;
            for (size_t i = 0; i < n; i++) sum += x[i];
            check_near(sum, 1.0, 30 * UNIT, "softmax sum", n);
        }
}

/* Sums of d terms run in lanes: (d / lanes + 5) roundings each. */
static void check_layernorm(size_t rows, size_t d, float size, float offset, float eps)
{
    const size_t ldx = d + 3, ldy = d + 1;
    float *x = edge_floats(0, (rows - 1) * ldx + d), *y = edge_floats(1, (rows - 1) * ldy + d);
    float *gamma = edge_floats(2, d), *beta = edge_floats(3, d);
    random_fill(x, (rows - 1) * ldx + d, size);
    for (size_t i = 0; i < (rows - 1) * ldx + d; i++) x[i] += offset;
    random_fill(gamma, d, 2.0f);
    random_fill(beta, d, 2.0f);
    float *want = malloc(rows * d * sizeof(float));
    assert_non_null(want);
    oracle.layernorm_f32(want, d, x, ldx, gamma, beta, rows, d, eps);
    for (size_t i = 0; i < (rows - 1) * ldy + d; i++) y[i] = 77.0f;
    tier.layernorm_f32(y, ldy, x, ldx, gamma, beta, rows, d, eps);
    edge_check(1);
    for (size_t r = 0; r < rows; r++) {
        const float *row = x + r * ldx;
        double mean = 0.0, mean_abs = 0.0, var = 0.0;
        for (size_t i = 0; i < d; i++) mean += row[i] / (double)d;
        for (size_t i = 0; i < d; i++) mean_abs += fabs(row[i]) / (double)d;
        for (size_t i = 0; i < d; i++) var += (row[i] - mean) * (row[i] - mean) / (double)d;
        const double rstd = 1.0 / sqrt(var + eps), n_sum = (double)d / LANES_AT_LEAST + 5;
        const double mean_error = n_sum * UNIT * mean_abs + UNIT * fabs(mean);
        const double rstd_error =
            (n_sum / 2 + 5) * UNIT + 0.5 * mean_error * mean_error * rstd * rstd;
        for (size_t i = 0; i < d; i++) {
            const double z = fabs(row[i] - mean) * rstd, w = want[r * d + i];
            const double bound =
                fabs(gamma[i]) * (mean_error * rstd * 1.01 + z * (rstd_error + 4 * UNIT)) +
                2 * UNIT * fabs(w);
            check_near(y[r * ldy + i], w, bound, "layernorm", i);
        }
        for (size_t i = d; r + 1 < rows && i < ldy; i++) assert_true(y[r * ldy + i] == 77.0f);
    }
    free(want);
}

static void layernorm_at_every_length(void **state)
{
    (void)state;
    for (size_t d = 1; d <= MAX_LEN; d++)
        for (size_t rows = 1; rows <= 3; rows++) {
            check_layernorm(rows, d, 3.0f, 0.0f, 1e-12f);
            check_layernorm(rows, d, 0.1f, 50.0f, 1e-5f);
        }
    check_layernorm(5, 768, 1.0f, 0.3f, 1e-12f);
    check_layernorm(2, 3073, 1000.0f, -4000.0f, 1e-5f);
    check_layernorm(2, 384, 1e-18f, 0.0f, 1e-12f); /* squares are tiny: eps decides */
}

static void layernorm_in_place_and_alone(void **state)
{
    (void)state;
    enum { ROWS = 5, D = 50 };
    float x[ROWS * D], y[ROWS * D], gamma[D], beta[D];
    random_fill(x, ROWS * D, 2.0f);
    random_fill(gamma, D, 1.0f);
    random_fill(beta, D, 1.0f);
    tier.layernorm_f32(y, D, x, D, gamma, beta, ROWS, D, 1e-12f);
    for (size_t r = 0; r < ROWS; r++) {
        float alone[D];
        tier.layernorm_f32(alone, D, x + r * D, D, gamma, beta, 1, D, 1e-12f);
        check_same(alone, y + r * D, D, "layernorm of one row");
    }
    x[2 * D + 7] = NAN; /* stays in its row */
    tier.layernorm_f32(x, D, x, D, gamma, beta, ROWS, D, 1e-12f);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < D; i++)
            if (r == 2)
                assert_true(isnan(x[r * D + i]));
            else
                check_same(&x[r * D + i], &y[r * D + i], 1, "layernorm in place");
    float constant[D]; /* variance 0 */
    for (size_t i = 0; i < D; i++) constant[i] = 3.0f;
    tier.layernorm_f32(constant, D, constant, D, gamma, beta, 1, D, 1e-12f);
    check_same(constant, beta, D, "layernorm of a constant row");
}

static void add_is_exact(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MAX_LEN; n++) {
        float *y = edge_floats(0, n), *x = edge_floats(1, n), want[MAX_LEN];
        for (size_t i = 0; i < n; i++) {
            x[i] = odd_values[random_below(N_ODD)];
            y[i] = i % 2 ? random_float(1e-38f) : odd_values[random_below(N_ODD)];
            want[i] = y[i] + x[i];
        }
        tier.add_f32(y, x, n);
        check_same(y, want, n, "add");
        edge_check(0);
    }
}

static void widening_is_exact(void **state)
{
    (void)state;
    enum { ALL = 65536 };
    uint16_t *bits = malloc(ALL * sizeof *bits);
    float *got = malloc(ALL * sizeof *got), *want = malloc(ALL * sizeof *want);
    assert_true(bits && got && want);
    for (size_t i = 0; i < ALL; i++) bits[i] = (uint16_t)i;
    tier.widen_f16(got, bits, ALL);
    oracle.widen_f16(want, bits, ALL);
    check_same(got, want, ALL, "f16");
    for (size_t i = 0; i < ALL; i++) { /* the oracle itself, from the definition of binary16 */
        const int exponent = (int)(i >> 10 & 31), sign = i & 0x8000 ? -1 : 1;
        const double fraction = (double)(i & 1023);
        const double value = exponent == 31  ? fraction > 0 ? NAN : INFINITY
                             : exponent == 0 ? ldexp(fraction, -24)
                                             : ldexp(1024 + fraction, exponent - 25);
        check_near(want[i], sign * value, 0.0, "f16 oracle", i);
        assert_true(isnan(value) || !signbit(want[i]) == (sign > 0));
    }
    tier.widen_bf16(got, bits, ALL);
    for (size_t i = 0; i < ALL; i++) {
        const uint32_t word = (uint32_t)i << 16;
        assert_memory_equal(&got[i], &word, sizeof word);
    }
    for (size_t n = 0; n <= MAX_LEN; n++)
        for (size_t shift = 0; shift < 2; shift++) { /* also from odd addresses */
            unsigned char *p = edge_bytes(0, 2 * n + shift);
            memcpy(p, bits + 15000, 2 * n);
            float *y = edge_floats(1, n);
            tier.widen_f16(y, p, n);
            oracle.widen_f16(want, bits + 15000, n);
            check_same(y, want, n, "f16 tail");
            tier.widen_bf16(y, p, n);
            oracle.widen_bf16(want, bits + 15000, n);
            check_same(y, want, n, "bf16 tail");
            edge_check(1);
        }
    free(bits);
    free(got);
    free(want);
}

/* One tile through the epilogue, every width; all other memory stays. */
static void check_store(size_t rows, size_t cols, enum act act, bool use_bias, int residual_kind)
{
    const size_t ldc = cols + 2, ldr = cols + 5, n_c = (rows - 1) * ldc + cols;
    _Alignas(64) float tile[CUVEE__MAX_TILE_ROWS * CUVEE__PANEL];
    float bias[CUVEE__PANEL], want[CUVEE__MAX_TILE_ROWS * CUVEE__PANEL];
    float *c = edge_floats(0, n_c), *residual = edge_floats(1, (rows - 1) * ldr + cols);
    random_fill(tile, rows * CUVEE__PANEL, 4.0f);
    random_fill(bias, CUVEE__PANEL, 2.0f);
    random_fill(residual, (rows - 1) * ldr + cols, 3.0f);
    random_fill(c, n_c, 3.0f);
    float before[CUVEE__MAX_TILE_ROWS * (CUVEE__PANEL + 2)];
    memcpy(before, c, n_c * sizeof(float));
    struct epilogue e = {.bias = use_bias ? bias : NULL, .act = act};
    if (residual_kind == 1) e.residual = residual, e.ld_residual = ldr;
    if (residual_kind == 2) e.residual = c, e.ld_residual = ldc; /* in place */
    oracle.tile_f32_store(rows, cols, tile, &e, f32_rows(want, cols));
    if (residual_kind == 2) memcpy(c, before, n_c * sizeof(float));
    tier.tile_f32_store(rows, cols, tile, &e, f32_rows(c, ldc));
    edge_check(0);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < ldc && r * ldc + j < n_c; j++) {
            if (j >= cols) {
                check_same(&c[r * ldc + j], &before[r * ldc + j], 1, "between rows");
                continue;
            }
            const double x = tile[r * CUVEE__PANEL + j] + (use_bias ? (double)bias[j] : 0.0);
            const double w = want[r * cols + j];
            check_near(c[r * ldc + j], w,
                       act_bound(act, x) + 1.2 * UNIT * fabs(x) + UNIT * (fabs(x) + fabs(w)) +
                           UNIT * fabs(w),
                       "store", r * cols + j);
        }
}

static void epilogue_at_every_width(void **state)
{
    (void)state;
    for (size_t cols = 1; cols <= CUVEE__PANEL; cols++)
        for (size_t a = 0; a < N_ACTS; a++)
            for (int residual_kind = 0; residual_kind < 3; residual_kind++)
                for (int use_bias = 0; use_bias < 2; use_bias++)
                    check_store(1 + random_below(tier.tile_rows), cols, acts[a], use_bias,
                                residual_kind);
}

const struct CMUnitTest row_tests[] = {
    cmocka_unit_test(activations_at_every_length),
    cmocka_unit_test(activations_of_odd_values),
    cmocka_unit_test(activations_over_all_magnitudes),
    cmocka_unit_test(activation_does_not_depend_on_position),
    cmocka_unit_test(softmax_at_every_length),
    cmocka_unit_test(softmax_of_nan_and_infinity),
    cmocka_unit_test(softmax_of_many_rows),
    cmocka_unit_test(transposition),
    cmocka_unit_test(layernorm_at_every_length),
    cmocka_unit_test(layernorm_in_place_and_alone),
    cmocka_unit_test(add_is_exact),
    cmocka_unit_test(widening_is_exact),
    cmocka_unit_test(epilogue_at_every_width),
    {0},
};
