/* SPDX-License-Identifier: Apache-2.0
 *
 * What the packer makes of an int8 matrix, panel by panel: integers that stand for the weights,
 * their sums, and zeros where there is no weight. How good they are is test_quantize.c's matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "model/int8_matrix.h"

#define N     40 /* a panel and a quarter */
#define K     13 /* three groups and a quarter */
#define DEPTH 16

static void panels_hold_the_weights(void **state)
{
    (void)state;
    static float w[N * K];
    int8_t panels[2][DEPTH / 4][CUVEE__PANEL][4];
    struct int8_matrix q;
    for (size_t i = 0; i < N * K; i++) w[i] = sinf((float)i) * (float)(i % 7);
    memset(panels, 0x55, sizeof panels);
    assert_int_equal(cuvee__int8_matrix_init(&q, N, K, NULL, NULL), CUVEE_OK);
    assert_int_equal(cuvee__int8_matrix_pack(&q, 0, 32, w, panels[0], NULL), CUVEE_OK);
    assert_int_equal(cuvee__int8_matrix_pack(&q, 32, 8, w + 32 * K, panels[1], NULL), CUVEE_OK);
    for (size_t n = 0; n < 64; n++) {
        int32_t sum = 0;
        for (size_t k = 0; k < DEPTH; k++) {
            const int stored = panels[n / 32][k / 4][n % 32][k % 4];
            if (n >= N || k >= K) {
                assert_int_equal(stored, 0);
                continue;
            }
            const int weight = stored;
            assert_true(weight >= -127 && weight <= 127);
            assert_true(fabsf((float)weight * q.scales[n] - w[n * K + k]) < 0.51f * q.scales[n]);
            sum += weight;
        }
        assert_int_equal(q.sums[n], sum);
        if (n >= N) assert_true(q.scales[n] == 0.0f && q.bias_shift[n] == 0.0f);
    }
    cuvee__int8_matrix_deinit(&q);
}

static void a_weight_that_is_not_finite_is_an_error(void **state)
{
    (void)state;
    float w[K] = {1.0f, NAN};
    int8_t panel[DEPTH * CUVEE__PANEL];
    struct int8_matrix q;
    cuvee_error err = {0};
    assert_int_equal(cuvee__int8_matrix_init(&q, 1, K, NULL, &err), CUVEE_OK);
    assert_int_equal(cuvee__int8_matrix_pack(&q, 0, 1, w, panel, &err), CUVEE_E_FORMAT);
    cuvee__int8_matrix_deinit(&q);
}

static int nothing_leaks(void **state)
{
    (void)state;
    return cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panels_hold_the_weights),
        cmocka_unit_test(a_weight_that_is_not_finite_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, nothing_leaks);
}
