/* SPDX-License-Identifier: Apache-2.0
 *
 * vec_avx512.h, and what AVX-512 BF16 adds to that vocabulary. */
#ifndef CUVEE_KERNELS_AVX512BF16_VEC_AVX512BF16_H
#define CUVEE_KERNELS_AVX512BF16_VEC_AVX512BF16_H

#include <string.h>

#include "kernels/avx512/vec_avx512.h"

#define VEC_HAS_BF16

/* Rounded to nearest even; n of them. Denormals become 0. */
CUVEE__INLINE void vec_store_bf16(uint16_t *p, vec v, size_t n)
{
    const __m256bh narrow = _mm512_cvtneps_pbh(v);
    if (n >= VEC_LANES)
        memcpy(p, &narrow, sizeof narrow);
    else
        memcpy(p, &narrow, n * sizeof *p);
}

#endif
