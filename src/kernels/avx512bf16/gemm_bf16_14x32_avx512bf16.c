/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix tile with bf16 weights and bf16 inputs, up to 14 rows x 32 columns, with AVX-512 BF16:
 * vdpbf16ps adds the products of two k to an f32 sum, rounding each, and takes denormals for 0. */
#include <string.h>

#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    LANES = 16,
    MAX_ROWS = 14,
    STEP = 2 * CUVEE__PANEL, /* two k of a panel */
};

/* `rows` is a constant. */
CUVEE__INLINE void tile_of(size_t rows, size_t n_k, const uint16_t *a, size_t lda,
                           const uint16_t *panel, struct ahead ahead, float *tile,
                           size_t ld_tile, bool accumulate)
{
    __m512 sum[MAX_ROWS][2];
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++)
            sum[r][v] = accumulate ? _mm512_load_ps(tile + r * ld_tile + v * LANES)
                                   : _mm512_setzero_ps();
    const char *next = ahead.ptr;
    for (size_t k = 0; k < n_k; k += 2, panel += STEP, next += ahead.step) {
        const __m512bh b0 = (__m512bh)_mm512_load_si512(panel);
        const __m512bh b1 = (__m512bh)_mm512_load_si512(panel + STEP / 2);
        _mm_prefetch(next, _MM_HINT_T1);
        _mm_prefetch(next + 64, _MM_HINT_T1);
#pragma GCC unroll 14
        for (size_t r = 0; r < rows; r++) {
            int32_t pair;
            memcpy(&pair, a + r * lda + k, sizeof pair);
            const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, b0);
            sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, b1);
        }
    }
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++)
            _mm512_store_ps(tile + r * ld_tile + v * LANES, sum[r][v]);
}

void cuvee__gemm_bf16_14x32_avx512bf16(size_t rows, size_t n_k, const uint16_t *a, size_t lda,
                                       const uint16_t *panel, struct ahead ahead, float *tile,
                                       size_t ld_tile, bool accumulate)
{
    switch (rows) {
#define ROWS(n)                                                                                    \
    case n:                                                                                        \
        tile_of(n, n_k, a, lda, panel, ahead, tile, ld_tile, accumulate);                          \
        break
        ROWS(1);
        ROWS(2);
        ROWS(3);
        ROWS(4);
        ROWS(5);
        ROWS(6);
        ROWS(7);
        ROWS(8);
        ROWS(9);
        ROWS(10);
        ROWS(11);
        ROWS(12);
        ROWS(13);
        ROWS(14);
#undef ROWS
    }
}
