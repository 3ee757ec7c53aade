/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer matrix tile of up to 14 rows x 32 columns with AVX-512 VNNI: vpdpbusd adds 4 products of
 * u8 and s8 in 32 bits, exact for all weights and inputs. */
#include <string.h>

#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    LANES = 16,
    MAX_ROWS = 14,
    STEP = 4 * CUVEE__PANEL, /* a group of 4 k of a panel */
};

/* `rows` is a constant. */
CUVEE__INLINE void tile_of(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                           const int8_t *panel, struct ahead ahead, int32_t *tile)
{
    __m512i sum[MAX_ROWS][2];
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++) sum[r][v] = _mm512_setzero_si512();
    const char *next = ahead.ptr;
    for (size_t k = 0; k < n_k; k += 4, panel += STEP, next += ahead.step) {
        const __m512i b0 = _mm512_load_si512(panel), b1 = _mm512_load_si512(panel + STEP / 2);
        _mm_prefetch(next, _MM_HINT_T1);
        _mm_prefetch(next + 64, _MM_HINT_T1);
#pragma GCC unroll 14
        for (size_t r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, a + r * lda + k, sizeof four);
            const __m512i x = _mm512_set1_epi32(four);
            sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], x, b0);
            sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], x, b1);
        }
    }
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++)
            _mm512_store_si512(tile + r * CUVEE__PANEL + v * LANES, sum[r][v]);
}

void cuvee__gemm_int8_14x32_avx512vnni(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                       const int8_t *panel, struct ahead ahead, size_t run,
                                       int32_t *tile)
{
    (void)run;
    switch (rows) {
#define ROWS(n)                                                                                    \
    case n:                                                                                        \
        tile_of(n, n_k, a, lda, panel, ahead, tile);                                               \
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
