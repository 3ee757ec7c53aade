/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer matrix tile of up to 12 rows x 32 columns with AVX-512 BW but without VNNI, exact: runs
 * of sums in 16 bits, as gemm_int8_4x16_avx2 explains. */
#include <string.h>

#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    LANES = 16,
    MAX_ROWS = 12,
    STEP = 4 * CUVEE__PANEL, /* a group of 4 k of a panel */
};

CUVEE__INLINE __m512i products(const uint8_t *a, const int8_t *panel)
{
    int32_t four;
    memcpy(&four, a, sizeof four);
    return _mm512_maddubs_epi16(_mm512_set1_epi32(four), _mm512_load_si512(panel));
}

CUVEE__INLINE __m512i widened(__m512i words)
{
    return _mm512_madd_epi16(words, _mm512_set1_epi16(1));
}

/* sum += the products of `run` groups of 4 k. */
CUVEE__INLINE void add_run(size_t rows, size_t run, const uint8_t *a, size_t lda,
                           const int8_t *panel, __m512i (*sum)[2])
{
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        CUVEE__FORGET(panel);
        __m512i w0 = products(a + r * lda, panel), w1 = products(a + r * lda, panel + STEP / 2);
        for (size_t g = 1; g < run; g++) {
            const uint8_t *x = a + r * lda + 4 * g;
            w0 = _mm512_add_epi16(w0, products(x, panel + g * STEP));
            w1 = _mm512_add_epi16(w1, products(x, panel + g * STEP + STEP / 2));
        }
        sum[r][0] = _mm512_add_epi32(sum[r][0], widened(w0));
        sum[r][1] = _mm512_add_epi32(sum[r][1], widened(w1));
    }
}

/* `rows` and `run` are constants. */
CUVEE__INLINE void tile_of(size_t rows, size_t run, size_t n_k, const uint8_t *a, size_t lda,
                           const int8_t *panel, struct ahead ahead, int32_t *tile)
{
    __m512i sum[MAX_ROWS][2];
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++) sum[r][v] = _mm512_setzero_si512();
    const char *next = ahead.ptr;
    size_t k = 0;
    for (; k + 4 * run <= n_k; k += 4 * run, panel += run * STEP) {
        for (size_t g = 0; g < run; g++, next += ahead.step) {
            _mm_prefetch(next, _MM_HINT_T1);
            _mm_prefetch(next + 64, _MM_HINT_T1);
        }
        add_run(rows, run, a + k, lda, panel, sum);
    }
    for (; k < n_k; k += 4, panel += STEP) add_run(rows, 1, a + k, lda, panel, sum);
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t v = 0; v < 2; v++)
            _mm512_store_si512(tile + r * CUVEE__PANEL + v * LANES, sum[r][v]);
}

#define ROWS(n, run)                                                                               \
    case n:                                                                                        \
        tile_of(n, run, n_k, a, lda, panel, ahead, tile);                                          \
        break
#define EVERY_HEIGHT(run)                                                                          \
    do {                                                                                           \
        switch (rows) {                                                                            \
            ROWS(1, run);                                                                          \
            ROWS(2, run);                                                                          \
            ROWS(3, run);                                                                          \
            ROWS(4, run);                                                                          \
            ROWS(5, run);                                                                          \
            ROWS(6, run);                                                                          \
            ROWS(7, run);                                                                          \
            ROWS(8, run);                                                                          \
            ROWS(9, run);                                                                          \
            ROWS(10, run);                                                                         \
            ROWS(11, run);                                                                         \
            ROWS(12, run);                                                                         \
        }                                                                                          \
    } while (0)

void cuvee__gemm_int8_12x32_avx512(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                   const int8_t *panel, struct ahead ahead, size_t run,
                                   int32_t *tile)
{
    /* Longer runs than 4 gain little where the multiplier is not alone the bottleneck. */
    if (run >= 4) EVERY_HEIGHT(4);
    else if (run >= 2) EVERY_HEIGHT(2);
    else if (run == 1) EVERY_HEIGHT(1);
    else cuvee__gemm_int8_wide_avx2(rows, n_k, a, lda, panel, tile);
}
