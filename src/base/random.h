/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers that look random and are the same for the same seed: for orders and resamples, never for
 * secrets. SplitMix64 (Steele, Lea, Flood 2014): any seed will do. */
#ifndef CUVEE_BASE_RANDOM_H
#define CUVEE_BASE_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* 0 to n - 1; n at least 1. The bias of % is n / 2^64. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
    return random_next(state) % n;
}

/* Between 0 and 1, without either. */
static inline double random_real(uint64_t *state)
{
    return ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
}

#endif
