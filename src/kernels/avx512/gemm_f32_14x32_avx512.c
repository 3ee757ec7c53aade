/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix tile of up to 14 rows x 32 columns with AVX-512: 28 sums, two registers of weights and one
 * broadcast row value are 31 of the 32 registers. */
#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    LANES = 16,
    MAX_ROWS = 14,
};

/* `rows` is a constant. */
CUVEE__INLINE void tile_of(size_t rows, size_t n_k, const float *a, size_t lda, const float *panel,
                           size_t ld_panel, struct ahead ahead, float *tile, size_t ld_tile,
                           bool accumulate)
{
    __m512 sum[MAX_ROWS][2];
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++)
            sum[r][v] = accumulate ? _mm512_load_ps(tile + r * ld_tile + v * LANES)
                                   : _mm512_setzero_ps();
    const char *next = ahead.ptr;
    for (size_t k = 0; k < n_k; k++, panel += ld_panel, next += ahead.step) {
        const __m512 b0 = _mm512_load_ps(panel), b1 = _mm512_load_ps(panel + LANES);
        _mm_prefetch(next, _MM_HINT_T1);
        _mm_prefetch(next + 64, _MM_HINT_T1);
#pragma GCC unroll 14
        for (size_t r = 0; r < rows; r++) {
            const __m512 x = _mm512_set1_ps(a[r * lda + k]);
            sum[r][0] = _mm512_fmadd_ps(x, b0, sum[r][0]);
            sum[r][1] = _mm512_fmadd_ps(x, b1, sum[r][1]);
        }
    }
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++)
            _mm512_store_ps(tile + r * ld_tile + v * LANES, sum[r][v]);
}

void cuvee__gemm_f32_14x32_avx512(size_t rows, size_t n_k, const float *a, size_t lda,
                                  const float *panel, size_t ld_panel, struct ahead ahead,
                                  float *tile, size_t ld_tile, bool accumulate)
{
    switch (rows) {
#define ROWS(n)                                                                                    \
    case n:                                                                                        \
        tile_of(n, n_k, a, lda, panel, ld_panel, ahead, tile, ld_tile, accumulate);                \
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
