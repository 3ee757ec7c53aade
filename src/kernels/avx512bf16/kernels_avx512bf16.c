/* SPDX-License-Identifier: Apache-2.0
 *
 * The avx512bf16 tier: avx512vnni with bf16 dot products, whose inputs are rounded to bf16 too. */
#include <string.h>

#include "kernels/bf16.h"
#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

static void narrow_bf16_avx512bf16(uint16_t *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256bh narrow = _mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
        memcpy(y + i, &narrow, sizeof narrow);
    }
    for (; i < n; i++) y[i] = bf16_of_float(x[i]);
}

void cuvee__kernels_init_avx512bf16(struct kernels *k)
{
    cuvee__kernels_init_avx512vnni(k);
    k->name = "avx512bf16";
    k->bf16_tile_rows = 14;
    k->gemm_bf16_tile = cuvee__gemm_bf16_14x32_avx512bf16;
    k->narrow_bf16 = narrow_bf16_avx512bf16;
}
