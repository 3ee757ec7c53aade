/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/schedule.h"

#include <math.h>

#include "base/random.h"

void cuvee__schedule_block(uint64_t seed, uint64_t block, size_t *ret_order, size_t n)
{
    uint64_t state = seed;
    state = random_next(&state) ^ block;
    for (size_t i = 0; i < n; i++) ret_order[i] = i;
    for (size_t i = n; i > 1; i--) { /* Fisher and Yates */
        const size_t j = (size_t)random_below(&state, i), x = ret_order[j];
        ret_order[j] = ret_order[i - 1];
        ret_order[i - 1] = x;
    }
}

void cuvee__schedule_arrivals(uint64_t seed, double per_second, double *ret_s, size_t n)
{
    uint64_t state = seed;
    double at = 0;
    for (size_t i = 0; i < n; i++) ret_s[i] = at += -log(random_real(&state)) / per_second;
}
