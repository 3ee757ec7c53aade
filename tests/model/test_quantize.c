/* SPDX-License-Identifier: Apache-2.0
 *
 * Integers from weights: that a product with them is the product with the weights, that statistics
 * make it better, and that strange weights are zeros or errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/quantize.h"

enum { MAX_N = 40, MAX_K = 320, MAX_ROWS = 400 };

static const struct quantize_bounds bounds = CUVEE__QUANTIZE_BOUNDS;

static float w[MAX_N * MAX_K], x[MAX_ROWS * MAX_K];

struct result {
    int8_t weights[MAX_N * MAX_K];
    float scales[MAX_N], bias_shift[MAX_N];
};

static uint32_t random_state;

/* Uniform in -1 .. 1, multiples of 2^-23: the same everywhere. */
static float random_float(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (float)(int32_t)(random_state >> 8) * 0x1p-23f - 1.0f;
}

/* Weights with a few large ones, inputs with a large channel and all of them related to a few
 * hidden causes, as those of a transformer are. */
static void fill(size_t n, size_t k, size_t n_rows)
{
    random_state = 7;
    for (size_t i = 0; i < n * k; i++) w[i] = random_float() * (i % 97 ? 0.1f : 1.0f);
    for (size_t row = 0; row < n_rows; row++) {
        float causes[4];
        for (size_t c = 0; c < 4; c++) causes[c] = random_float();
        for (size_t i = 0; i < k; i++) {
            const float shared = causes[i % 4] * (i % 3 ? 1.0f : -1.0f);
            x[row * k + i] = 0.5f + shared + 0.2f * random_float() + (i == k / 2 ? 9.0f : 0.0f);
        }
    }
}

static struct quantizer *make(size_t k, size_t n_rows)
{
    struct quantizer *q = NULL;
    struct input_stats stats;
    assert_int_equal(cuvee__input_stats_init(&stats, k, NULL), CUVEE_OK);
    cuvee__input_stats_add(&stats, n_rows, x, k);
    assert_int_equal(cuvee__quantizer_create(k, &bounds, &stats, &q, NULL), CUVEE_OK);
    cuvee__input_stats_deinit(&stats);
    return q;
}

static void quantize(const struct quantizer *q, size_t n, size_t k, struct result *ret)
{
    memset(ret, 0x55, sizeof *ret);
    assert_int_equal(cuvee__quantize_rows(q, n, w, k, ret->weights, ret->scales, ret->bias_shift,
                                          NULL),
                     CUVEE_OK);
}

/* t = R x, by the definition in the header. */
static void rotate(const struct quantizer *q, const float *in, size_t k, float *t)
{
    const float *const input_scales = cuvee__quantizer_input_scales(q);
    const size_t block = cuvee__quantizer_rotation(q);
    for (size_t i = 0; i < k; i++) t[i] = in[i] * (input_scales ? input_scales[i] : 1.0f);
    for (size_t first = 0; first < k; first += block)
        for (size_t h = 1; h < block; h *= 2)
            for (size_t i = first; i < first + block; i++)
                if (!((i - first) & h)) {
                    const float a = t[i], b = t[i + h];
                    t[i] = a + b;
                    t[i + h] = a - b;
                }
}

/* One output as the product of the kernels makes it. */
static double int8_output(const struct result *r, size_t j, const float *t, size_t k,
                          double *ret_step)
{
    float low = t[0], high = t[0];
    int64_t sum = 0, sum_weights = 0;
    for (size_t i = 0; i < k; i++) {
        low = fminf(low, t[i]);
        high = fmaxf(high, t[i]);
    }
    const double step = high > low ? (double)(high - low) / 127.0 : 1.0;
    for (size_t i = 0; i < k; i++) {
        sum += lrint((double)(t[i] - low) / step) * r->weights[j * k + i];
        sum_weights += r->weights[j * k + i];
    }
    *ret_step = step;
    return r->scales[j] * (step * (double)sum + (double)low * (double)sum_weights) +
           r->bias_shift[j];
}

static double exact_output(size_t j, const float *in, size_t k)
{
    double sum = 0.0;
    for (size_t i = 0; i < k; i++) sum += (double)w[j * k + i] * in[i];
    return sum;
}

/* ---- tests ---- */

static void product_is_that_of_the_weights(void **state)
{
    (void)state;
    struct quantize_bounds loose = {127, 63, 0, 128};
    static const size_t sizes[] = {1, 2, 7, 12, 33, 48, 64, 128, 320, 96};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t k = sizes[s], n = 11;
        loose.rotation = s % 3 ? 128 : 1;
        struct result r;
        struct quantizer *q = NULL;
        float t[MAX_K], rotated[MAX_K];
        fill(n, k, 5);
        assert_int_equal(cuvee__quantizer_create(k, &loose, NULL, &q, NULL), CUVEE_OK);
        const size_t block = cuvee__quantizer_rotation(q);
        assert_true(k % block == 0 && block <= loose.rotation);
        assert_true(block == loose.rotation || k % (2 * block) != 0);
        quantize(q, n, k, &r);
        for (size_t row = 0; row < 5; row++) {
            rotate(q, x + row * k, k, t);
            for (size_t j = 0; j < n; j++) {
                double step, largest = 0.0, square_t = 0.0, size_v = 0.0;
                const double y = int8_output(&r, j, t, k, &step);
                rotate(q, w + j * k, k, rotated);
                for (size_t i = 0; i < k; i++) {
                    largest = fmax(largest, fabs((double)rotated[i]) / (double)block);
                    square_t += (double)t[i] * t[i];
                    size_v += abs(r.weights[j * k + i]);
                }
                /* The squares of the weights' errors sum up to those of half a step each at most,
                 * the largest weight being weight_max steps; inputs err by half a step. */
                const double bound = 0.501 * largest / loose.weight_max * sqrt(k * square_t) +
                                     0.501 * r.scales[j] * step * size_v;
                assert_true(fabs(y - exact_output(j, x + row * k, k)) <= bound + 1e-6);
            }
        }
        cuvee__quantizer_free(q);
    }
}

/* Mean squared error of all outputs over the rows of x. */
static double output_error(const struct result *r, const struct quantizer *q, size_t n, size_t k,
                           size_t n_rows, double *ret_mean)
{
    double squares = 0.0, worst_mean = 0.0;
    float t[MAX_K];
    for (size_t j = 0; j < n; j++) {
        double mean = 0.0;
        for (size_t row = 0; row < n_rows; row++) {
            double y = r->bias_shift[j];
            rotate(q, x + row * k, k, t);
            for (size_t i = 0; i < k; i++) y += (double)r->weights[j * k + i] * r->scales[j] * t[i];
            const double e = y - exact_output(j, x + row * k, k);
            squares += e * e;
            mean += e / (double)n_rows;
        }
        worst_mean = fmax(worst_mean, fabs(mean));
    }
    *ret_mean = worst_mean;
    return squares / (double)(n * n_rows);
}

static void statistics_make_it_better(void **state)
{
    (void)state;
    static const size_t sizes[] = {24, 128, 320};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t k = sizes[s], n = 19;
        struct result plain, better;
        struct quantizer *q = NULL;
        double mean_plain, mean_better;
        fill(n, k, MAX_ROWS);
        assert_int_equal(cuvee__quantizer_create(k, &bounds, NULL, &q, NULL), CUVEE_OK);
        quantize(q, n, k, &plain);
        const double error_plain = output_error(&plain, q, n, k, MAX_ROWS, &mean_plain);
        cuvee__quantizer_free(q);
        q = make(k, MAX_ROWS);
        quantize(q, n, k, &better);
        const double error_better = output_error(&better, q, n, k, MAX_ROWS, &mean_better);
        cuvee__quantizer_free(q);
        for (size_t i = 0; i < n * k; i++)
            assert_true(abs(better.weights[i]) <= (int)bounds.weight_max &&
                        abs(plain.weights[i]) <= (int)bounds.weight_max);
        assert_true(error_better < 0.5 * error_plain);
        assert_true(mean_better < 1e-5 && mean_plain > 1e-4);
    }
}

/* scripts/quant-study --golden: a second implementation, by other means, of the same integers. */
static void integers_are_those_of_the_study(void **state)
{
    (void)state;
    enum { N = 3, K = 20, T = 40 };
    static const int8_t nearest[N * K] = {
        8, 10, 76, -29, 70, -31, 31, 42, 85, 28, 30, -35, 5, -24, -17, 24, -1, 33, 46, -8,
        28, 81, -4, -50, -127, -3, 32, -35, 68, -1, -2, 85, -119, -12, 18, -40, -64, 39, 0, 67,
        -28, 56, 19, 14, 10, 108, -42, 3, 97, -75, 33, -4, -80, 10, -60, 27, -9, -127, -46, 45};
    static const int8_t carried[N * K] = {
        8, 10, 76, -29, 69, -31, 31, 43, 85, 28, 29, -35, 5, -24, -17, 24, -1, 33, 46, -8,
        28, 81, -4, -50, -127, -3, 32, -35, 68, -1, -2, 85, -119, -12, 18, -41, -64, 39, 1, 67,
        -28, 56, 19, 14, 10, 108, -42, 3, 97, -75, 33, -4, -80, 10, -60, 27, -9, -127, -46, 45};
    static const float scales[N] = {0x1.0689f4p-7f, 0x1.4a00bep-8f, 0x1.3856f8p-8f};
    static const double shift[N] = {0.0007806228, 0.0021780021, 0.0010922495};
    struct result r;
    struct quantizer *q;
    random_state = 7;
    for (size_t i = 0; i < N * K; i++) w[i] = random_float();
    for (size_t i = 0; i < T * K; i++) x[i] = random_float() + (i % K ? x[i - 1] : 0.0f);
    q = make(K, 0);
    quantize(q, N, K, &r);
    cuvee__quantizer_free(q);
    assert_memory_equal(r.weights, nearest, sizeof nearest);
    assert_memory_equal(r.scales, scales, sizeof scales);
    q = make(K, T);
    quantize(q, N, K, &r);
    cuvee__quantizer_free(q);
    assert_memory_equal(r.weights, carried, sizeof carried);
    assert_memory_equal(r.scales, scales, sizeof scales);
    for (size_t j = 0; j < N; j++) assert_true(fabs(r.bias_shift[j] - shift[j]) < 1e-7);
}

/* Bounds that many weights have to be cut for; k = 52 ends amid a run. */
static void runs_fit_16_bits(void **state)
{
    (void)state;
    enum { N = 24, K = 52, T = 100 };
    int n_full = 0;
    for (uint32_t run = 1; run <= 8; run *= 2) {
        const struct quantize_bounds tight = {255, 127, run, 128};
        struct result r;
        struct quantizer *q = NULL;
        fill(N, K, T);
        assert_int_equal(cuvee__quantizer_create(K, &tight, NULL, &q, NULL), CUVEE_OK);
        quantize(q, N, K, &r);
        cuvee__quantizer_free(q);
        for (size_t j = 0; j < N; j++)
            for (size_t half = 0; half < 2; half++)
                for (size_t first = 0; first < K; first += 4 * run) {
                    int plus = 0, minus = 0;
                    for (size_t i = first; i < first + 4 * run && i < K; i++) {
                        const int v = r.weights[j * K + i];
                        if ((i >> 1 & 1) != half) continue;
                        plus += v > 0 ? v : 0;
                        minus += v < 0 ? -v : 0;
                    }
                    assert_true(plus <= 128 && minus <= 128);
                    n_full += plus == 128 || minus == 128;
                }
    }
    assert_true(n_full > 0);
}

static void bytes_do_not_depend_on_portions(void **state)
{
    (void)state;
    enum { N = 21, K = 52, T = 150 };
    struct result whole, alone;
    struct input_stats stats;
    struct quantizer *q = NULL;
    fill(N, K, T);
    q = make(K, T);
    quantize(q, N, K, &whole);
    cuvee__quantizer_free(q);

    assert_int_equal(cuvee__input_stats_init(&stats, K, NULL), CUVEE_OK);
    for (size_t row = 0, n; row < T; row += n) {
        n = 1 + row % 7;
        if (n > T - row) n = T - row;
        cuvee__input_stats_add(&stats, n, x + row * K, K);
    }
    assert_int_equal(cuvee__quantizer_create(K, &bounds, &stats, &q, NULL), CUVEE_OK);
    cuvee__input_stats_deinit(&stats);
    memset(&alone, 0x55, sizeof alone);
    for (size_t j = 0; j < N; j++)
        assert_int_equal(cuvee__quantize_rows(q, 1, w + j * K, K, alone.weights + j * K,
                                              alone.scales + j, alone.bias_shift + j, NULL),
                         CUVEE_OK);
    cuvee__quantizer_free(q);
    assert_memory_equal(&whole, &alone, sizeof whole);
}

static void zeros_and_tiny_weights_are_zeros(void **state)
{
    (void)state;
    enum { N = 9, K = 40 };
    struct result r;
    fill(N, K, 30);
    memset(w, 0, sizeof w);
    for (size_t i = 0; i < K; i++) w[3 * K + i] = i % 2 ? 1e-40f : -3e-41f;
    for (size_t i = 0; i < K; i++) w[5 * K + i] = i % 2 ? 3e38f : -3e38f;
    for (int with_statistics = 0; with_statistics < 2; with_statistics++) {
        struct quantizer *q = make(K, with_statistics ? 30 : 0);
        quantize(q, N, K, &r);
        for (size_t j = 0; j < N; j++) {
            assert_true(isfinite(r.scales[j]) && r.scales[j] > 0.0f && isfinite(r.bias_shift[j]));
            if (j == 5) continue;
            for (size_t i = 0; i < K; i++) assert_int_equal(r.weights[j * K + i], 0);
        }
        cuvee__quantizer_free(q);
    }
}

/* Inputs that are always zero, or fewer texts than inputs, leave G without full rank. */
static void poor_statistics_are_enough(void **state)
{
    (void)state;
    enum { N = 8, K = 96 };
    static const size_t n_rows[] = {1, 3};
    for (size_t c = 0; c < 4; c++) {
        struct result r;
        fill(N, K, 3);
        if (c >= 2) memset(x, 0, sizeof x);
        struct quantizer *q = make(K, n_rows[c % 2]);
        quantize(q, N, K, &r);
        for (size_t j = 0; j < N; j++) assert_true(isfinite(r.scales[j]) && r.scales[j] > 0.0f);
        for (size_t i = 0; i < N * K; i++) assert_true(abs(r.weights[i]) <= (int)bounds.weight_max);
        cuvee__quantizer_free(q);
    }
}

static void bad_numbers_are_errors(void **state)
{
    (void)state;
    enum { N = 12, K = 16 };
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    struct result r;
    cuvee_error err;
    for (size_t b = 0; b < 3; b++) {
        struct quantizer *q = NULL;
        struct input_stats stats;
        fill(N, K, 4);
        q = make(K, 4);
        w[9 * K + 5] = bad[b];
        assert_int_equal(cuvee__quantize_rows(q, N, w, K, r.weights, r.scales, r.bias_shift, &err),
                         CUVEE_E_FORMAT);
        assert_non_null(strstr(err.msg, "[9, 5]"));
        cuvee__quantizer_free(q);

        x[K + 3] = bad[b];
        q = NULL;
        assert_int_equal(cuvee__input_stats_init(&stats, K, NULL), CUVEE_OK);
        cuvee__input_stats_add(&stats, 4, x, K);
        assert_int_equal(cuvee__quantizer_create(K, &bounds, &stats, &q, &err), CUVEE_E_FORMAT);
        assert_null(q);
        cuvee__input_stats_deinit(&stats);
    }
    for (uint32_t max = 0; max < 1000; max += 128) {
        struct quantizer *q = NULL;
        const struct quantize_bounds wrong = {127, max, 0, 128};
        const struct quantize_bounds also_wrong = {max ? 256 + max : 0, 63, 0, 1};
        assert_int_equal(cuvee__quantizer_create(K, &wrong, NULL, &q, &err), CUVEE_E_ARGUMENT);
        assert_int_equal(cuvee__quantizer_create(K, &also_wrong, NULL, &q, &err),
                         CUVEE_E_ARGUMENT);
        assert_null(q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_is_that_of_the_weights),
        cmocka_unit_test(statistics_make_it_better),
        cmocka_unit_test(integers_are_those_of_the_study),
        cmocka_unit_test(runs_fit_16_bits),
        cmocka_unit_test(bytes_do_not_depend_on_portions),
        cmocka_unit_test(zeros_and_tiny_weights_are_zeros),
        cmocka_unit_test(poor_statistics_are_enough),
        cmocka_unit_test(bad_numbers_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
