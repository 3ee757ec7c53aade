/* SPDX-License-Identifier: Apache-2.0
 *
 * bf16, the upper half of an f32. */
#ifndef CUVEE_KERNELS_BF16_H
#define CUVEE_KERNELS_BF16_H

#include <stdint.h>
#include <string.h>

static inline float float_of_bf16(uint16_t h)
{
    const uint32_t bits = (uint32_t)h << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* To nearest even. A NaN stays one, also where its low bits alone said so. */
static inline uint16_t bf16_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

#endif
