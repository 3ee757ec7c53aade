/* SPDX-License-Identifier: Apache-2.0
 *
 * The avx512bf16 tier: avx512vnni with bf16 dot products, whose inputs are rounded to bf16 too, and
 * with the shared vector kernels once more, because some of them can give bf16. */
#include "kernels/avx512bf16/vec_avx512bf16.h"

#include "kernels/tiers.h"
#include "kernels/vector_kernels.h"

/* 16 columns of two rows, side by side. */
CUVEE__INLINE __m512i pairs_of(const uint16_t *low, const uint16_t *high)
{
    const __m512i a = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)low));
    const __m512i b =
        _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)high));
    return _mm512_or_si512(a, _mm512_slli_epi32(b, 16));
}

static void pair_rows_bf16_avx512bf16(uint16_t *panel, const uint16_t *v, size_t ldv, size_t n_k)
{
    static const uint16_t zeros[CUVEE__PANEL];
    for (size_t k = 0; k < n_k; k += 2, panel += 2 * CUVEE__PANEL, v += 2 * ldv)
        for (size_t j = 0; j < CUVEE__PANEL; j += VEC_LANES)
            _mm512_storeu_si512(panel + 2 * j,
                                pairs_of(v + j, k + 1 < n_k ? v + ldv + j : zeros + j));
}

void cuvee__kernels_init_avx512bf16(struct kernels *k)
{
    cuvee__kernels_init_avx512vnni(k);
    init_vector_kernels(k);
    k->name = "avx512bf16";
    k->bf16_tile_rows = 14;
    k->gemm_bf16_tile = cuvee__gemm_bf16_14x32_avx512bf16;
    k->pair_rows_bf16 = pair_rows_bf16_avx512bf16;
}
