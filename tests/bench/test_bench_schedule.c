/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/schedule.h"

/* Every entry once; each place equally often, within six standard deviations. */
static void test_blocks_are_fair(void **state)
{
    enum { N = 5, BLOCKS = 20000 };
    unsigned count[N][N] = {{0}};
    (void)state;
    for (uint64_t block = 0; block < BLOCKS; block++) {
        size_t order[N];
        bool seen[N] = {false};
        cuvee__schedule_block(7, block, order, N);
        for (size_t i = 0; i < N; i++) {
            assert_true(order[i] < N && !seen[order[i]]);
            seen[order[i]] = true;
            count[i][order[i]]++;
        }
    }
    const double sd = sqrt(BLOCKS * (1.0 / N) * (1 - 1.0 / N));
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) assert_true(fabs(count[i][k] - (double)BLOCKS / N) < 6 * sd);
}

static void test_same_seed_same_order(void **state)
{
    size_t a[16], b[16];
    (void)state;
    cuvee__schedule_block(3, 9, a, 16);
    cuvee__schedule_block(3, 9, b, 16);
    assert_memory_equal(a, b, sizeof a);
    cuvee__schedule_block(4, 9, b, 16);
    assert_memory_not_equal(a, b, sizeof a);
    cuvee__schedule_block(3, 9, a, 1);
    assert_int_equal(a[0], 0);
}

/* Exponential gaps: mean 1 / rate, and as many below the median as above. */
static void test_arrivals(void **state)
{
    enum { N = 100000 };
    static double at[N];
    size_t n_short = 0;
    (void)state;
    cuvee__schedule_arrivals(1, 50, at, N);
    assert_true(fabs(at[N - 1] * 50 / N - 1) < 6 / sqrt(N));
    for (size_t i = 0; i < N; i++) {
        const double gap = i ? at[i] - at[i - 1] : at[0];
        assert_true(gap > 0);
        n_short += gap < log(2) / 50;
    }
    assert_true(fabs((double)n_short - N / 2.0) < 6 * sqrt(N / 4.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_fair),
        cmocka_unit_test(test_same_seed_same_order),
        cmocka_unit_test(test_arrivals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
