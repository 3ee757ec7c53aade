/* SPDX-License-Identifier: Apache-2.0
 *
 * The oracle: every kernel as its formula reads, sums and functions in double, one rounding at the
 * end. It is the meaning of struct kernels; the other tiers are tested against it. It also runs
 * where no other tier can. Built with -ffp-contract=off, so that it rounds the same on every
 * machine. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "kernels/bf16.h"
#include "kernels/tiers.h"

static void gemm_f32_tile_ref(size_t rows, size_t n_k, const float *a, size_t lda,
                              const float *panel, size_t ld_panel, struct ahead ahead, float *tile,
                              size_t ld_tile, bool accumulate)
{
    (void)ahead;
    for (size_t r = 0; r < rows; r++, a += lda, tile += ld_tile) {
        double sum[CUVEE__PANEL];
        for (size_t j = 0; j < CUVEE__PANEL; j++) sum[j] = accumulate ? tile[j] : 0.0;
        for (size_t k = 0; k < n_k; k++)
            for (size_t j = 0; j < CUVEE__PANEL; j++)
                sum[j] += (double)a[k] * panel[k * ld_panel + j];
        for (size_t j = 0; j < CUVEE__PANEL; j++) tile[j] = (float)sum[j];
    }
}

static void widen_panel_ref(float *to, const uint16_t *panel, size_t n_k)
{
    for (size_t k = 0; k < n_k; k++)
        for (size_t j = 0; j < CUVEE__PANEL; j++)
            to[k * CUVEE__PANEL + j] =
                float_of_bf16(panel[k / 2 * 2 * CUVEE__PANEL + 2 * j + k % 2]);
}

static void gemm_int8_tile_ref(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                               const int8_t *panel, struct ahead ahead, size_t run, int32_t *tile)
{
    (void)ahead;
    (void)run;
    for (size_t r = 0; r < rows; r++, a += lda, tile += CUVEE__PANEL)
        for (size_t j = 0; j < CUVEE__PANEL; j++) {
            int32_t sum = 0;
            for (size_t k = 0; k < n_k; k++)
                sum += a[k] * panel[k / 4 * 4 * CUVEE__PANEL + 4 * j + k % 4];
            tile[j] = sum;
        }
}

/* This and the next are in f32, operation by operation: integers come of them, which shall be the
 * same on every tier. */
static struct row_range range_of(const float *x, const float *input_scales, size_t n)
{
    struct row_range range = {0.0f, 0.0f, true};
    for (size_t i = 0; i < n; i++) {
        const float y = input_scales ? x[i] * input_scales[i] : x[i];
        range.finite &= isfinite(y) != 0;
        range.low = fminf(range.low, y);
        range.high = fmaxf(range.high, y);
    }
    range.finite &= isfinite(range.high - range.low) != 0;
    return range;
}

static void rotate_row_ref(float *y, const void *x, bool is_bf16, const float *input_scales,
                           size_t n, size_t block, struct row_range *ret)
{
    for (size_t i = 0; i < n; i++) {
        const float v = is_bf16 ? float_of_bf16(((const uint16_t *)x)[i]) : ((const float *)x)[i];
        y[i] = input_scales ? v * input_scales[i] : v;
    }
    for (size_t h = 1; h < block; h *= 2)
        for (size_t i = 0; i < n; i++) {
            if (i & h) continue;
            const float a = y[i], b = y[i + h];
            y[i] = a + b;
            y[i + h] = a - b;
        }
    *ret = range_of(y, NULL, n);
}

static void quantise_row_ref(uint8_t *q, const float *x, const float *input_scales, size_t n,
                             uint32_t max, const struct row_range *known, struct row_scale *ret)
{
    const struct row_range from = known ? *known : range_of(x, input_scales, n);
    const float range = from.high - from.low, inverse = (float)max / range;
    const bool tiny = range < QUANTISE_LEAST_RANGE;
    *ret = (struct row_scale){tiny ? 0.0f : range / (float)max, 0};
    if (!from.finite) ret->scale = NAN;
    if (tiny || !(ret->scale > 0.0f)) {
        memset(q, 0, n);
        return;
    }
    ret->zero = (int32_t)rintf(-from.low * inverse);
    for (size_t i = 0; i < n; i++) {
        const float y = input_scales ? x[i] * input_scales[i] : x[i];
        const float value = rintf(fmaf(y, inverse, (float)ret->zero));
        q[i] = (uint8_t)fminf(fmaxf(value, 0.0f), (float)max);
    }
}

/* x * gate with the limit 0 at -infinity, where a plain product would be NaN. */
static double gated(double x, double gate)
{
    return x == -INFINITY ? 0.0 : x * gate;
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double act_ref(enum act act, double x)
{
    const double sqrt_half = 0.70710678118654752440, sqrt_2_over_pi = 0.79788456080286535588;
    switch (act) {
    case ACT_NONE:
        return x;
    case ACT_GELU:
    case ACT_GELU_COARSE:
        return gated(x, 0.5 * erfc(-x * sqrt_half));
    case ACT_GELU_TANH: /* (1 + tanh(u)) / 2 = sigmoid(2 u), but without cancellation */
        return gated(x, sigmoid(2.0 * sqrt_2_over_pi * (x + 0.044715 * x * x * x)));
    case ACT_QUICK_GELU:
        return gated(x, sigmoid(1.702 * x));
    case ACT_RELU:
        return x < 0.0 ? 0.0 : x; /* this way round NaN stays */
    case ACT_SILU:
        return gated(x, sigmoid(x));
    case ACT_TANH:
        return tanh(x);
    }
    return x;
}

static void tile_f32_store_ref(size_t rows, size_t cols, const float *tile,
                               const struct epilogue *e, struct rows c)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < cols; j++) {
            double x = tile[r * CUVEE__PANEL + j];
            if (e->bias) x += e->bias[j];
            x = act_ref(e->act, x);
            if (e->residual) x += e->residual[r * e->ld_residual + j];
            if (holds_bf16(c))
                ((uint16_t *)c.ptr)[r * c.ld + j] = bf16_of_float((float)x);
            else
                ((float *)c.ptr)[r * c.ld + j] = (float)x;
        }
}

static void tile_int8_store_ref(size_t rows, size_t cols, const int32_t *tile,
                                const struct dequantise *d, const struct epilogue *e,
                                struct rows c)
{
    float values[CUVEE__MAX_TILE_ROWS * CUVEE__PANEL];
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < cols; j++) {
            /* The difference fits 32 bits; its parts may wrap. */
            const uint32_t shift = (uint32_t)d->rows[r].zero * (uint32_t)d->sums[j];
            const int32_t sum = (int32_t)((uint32_t)tile[r * CUVEE__PANEL + j] - shift);
            values[r * CUVEE__PANEL + j] = (float)((double)sum * d->rows[r].scale * d->scales[j]);
        }
    tile_f32_store_ref(rows, cols, values, e, c);
}

static void transpose_f32_ref(float *panel, const float *w, size_t ldw, size_t cols, size_t n_k)
{
    for (size_t k = 0; k < n_k; k++)
        for (size_t j = 0; j < CUVEE__PANEL; j++)
            panel[k * CUVEE__PANEL + j] = j < cols ? w[j * ldw + k] : 0.0f;
}

static void softmax_f32_ref(float *x, size_t ld, size_t rows, size_t n, float scale)
{
    for (size_t r = 0; r < rows; r++, x += ld) {
        double max = -INFINITY, sum = 0.0;
        for (size_t i = 0; i < n; i++) max = fmax(max, (double)scale * x[i]);
        for (size_t i = 0; i < n; i++) sum += exp((double)scale * x[i] - max);
        for (size_t i = 0; i < n; i++) x[i] = (float)(exp((double)scale * x[i] - max) / sum);
        for (size_t i = n; i % 16; i++) x[i] = 0.0f;
    }
}

static void layernorm_f32_ref(float *y, size_t ldy, const float *x, size_t ldx, const float *gamma,
                              const float *beta, size_t rows, size_t d, float eps)
{
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        double mean = 0.0, var = 0.0;
        for (size_t i = 0; i < d; i++) mean += x[i];
        mean /= (double)d;
        for (size_t i = 0; i < d; i++) var += (x[i] - mean) * (x[i] - mean);
        const double rstd = 1.0 / sqrt(var / (double)d + eps);
        for (size_t i = 0; i < d; i++) y[i] = (float)((x[i] - mean) * rstd * gamma[i] + beta[i]);
    }
}

static void act_f32_ref(enum act act, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)act_ref(act, x[i]);
}

static void add_f32_ref(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static float float_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16. A signalling NaN becomes quiet, as the instruction of the other tiers does. */
static float float_of_f16(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31,
                   fraction = h & 1023;
    if (exponent == 31)
        return float_of_bits(sign | 0x7F800000 | fraction << 13 | (fraction ? 0x400000 : 0));
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    const float tiny = (float)fraction * 0x1p-24f; /* zero and subnormals: exact in f32 */
    return sign ? -tiny : tiny;
}

static void widen_f16_ref(float *y, const void *x, size_t n)
{
    const unsigned char *p = x;
    for (size_t i = 0; i < n; i++) y[i] = float_of_f16(cuvee__load_le16(p + 2 * i));
}

static void widen_bf16_ref(float *y, const void *x, size_t n)
{
    const unsigned char *p = x;
    for (size_t i = 0; i < n; i++)
        y[i] = float_of_bf16(cuvee__load_le16(p + 2 * i));
}

static void narrow_bf16_ref(uint16_t *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = bf16_of_float(x[i]);
}

void cuvee__kernels_init_ref(struct kernels *k)
{
    *k = (struct kernels){
        .name = "ref",
        .tile_rows = 4, /* any would do: a panel row is read once for four sums */
        .int8_tile_rows = 4,
        /* A multiple of the tiers' tile heights, 6 and 14; 768 floats of each are 387 KB, and the
         * smallest second-level cache in use is 512 KB. */
        .block_rows = 126,
        .gemm_f32_tile = gemm_f32_tile_ref,
        .widen_panel = widen_panel_ref,
        .gemm_int8_tile = gemm_int8_tile_ref,
        .rotate_row = rotate_row_ref,
        .quantise_row = quantise_row_ref,
        .narrow_bf16 = narrow_bf16_ref,
        .tile_f32_store = tile_f32_store_ref,
        .tile_int8_store = tile_int8_store_ref,
        .transpose_f32 = transpose_f32_ref,
        .softmax_f32 = softmax_f32_ref,
        .layernorm_f32 = layernorm_f32_ref,
        .act_f32 = act_f32_ref,
        .add_f32 = add_f32_ref,
        .widen_f16 = widen_f16_ref,
        .widen_bf16 = widen_bf16_ref,
    };
}
