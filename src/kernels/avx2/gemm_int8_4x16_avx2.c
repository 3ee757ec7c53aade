/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer matrix tile of up to 4 rows x 32 columns with AVX2, exact.
 *
 * vpmaddubsw multiplies 4 inputs (u8) by 4 weights (s8) of each of 8 columns, adds in pairs and
 * saturates at 16 bits. Taken alone it must be widened by a second multiplication (vpmaddwd by
 * ones), and the multiplier is the bottleneck. So as many as the panel's weights allow are added in
 * 16 bits first: its `run`, found when the panel was packed, for the largest inputs there can be.
 * With runs of 4, five multiplications do the work of 32 multiply-adds of f32. Panels whose weights
 * are too large even for one pair of products are widened to 16 bits before they are multiplied. */
#include <string.h>

#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    LANES = 8,
    MAX_ROWS = 4,
    MAX_VECS = 4,            /* of a panel's row */
    STEP = 4 * CUVEE__PANEL, /* a group of 4 k of a panel */
};

CUVEE__INLINE __m256i load_bytes(const int8_t *p)
{
    return _mm256_load_si256((const __m256i *)(const void *)p);
}

CUVEE__INLINE int32_t load_group(const uint8_t *a)
{
    int32_t four;
    memcpy(&four, a, sizeof four);
    return four;
}

/* sum += the products of `run` groups of 4 k. */
CUVEE__INLINE void add_run(size_t rows, size_t vecs, size_t run, const uint8_t *a, size_t lda,
                           const int8_t *panel, __m256i (*sum)[MAX_VECS])
{
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        __m256i words[MAX_VECS];
        CUVEE__FORGET(panel);
#pragma GCC unroll 8
        for (size_t g = 0; g < run; g++) {
            const __m256i x = _mm256_set1_epi32(load_group(a + r * lda + 4 * g));
#pragma GCC unroll 4
            for (size_t v = 0; v < vecs; v++) {
                const __m256i w =
                    _mm256_maddubs_epi16(x, load_bytes(panel + g * STEP + v * 4 * LANES));
                words[v] = g == 0 ? w : _mm256_add_epi16(words[v], w);
            }
        }
#pragma GCC unroll 4
        for (size_t v = 0; v < vecs; v++)
            sum[r][v] = _mm256_add_epi32(
                sum[r][v], _mm256_madd_epi16(words[v], _mm256_set1_epi16(1)));
    }
}

/* `rows` rows and the first `vecs` vectors of columns of panel and tile; all but n_k constants. */
CUVEE__INLINE void tile_part(size_t rows, size_t vecs, size_t run, size_t n_k, const uint8_t *a,
                             size_t lda, const int8_t *panel, const char *next, size_t next_step,
                             int32_t *tile)
{
    __m256i sum[MAX_ROWS][MAX_VECS];
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vecs; v++) sum[r][v] = _mm256_setzero_si256();
    size_t k = 0;
    for (; k + 4 * run <= n_k; k += 4 * run, panel += run * STEP) {
#pragma GCC unroll 8
        for (size_t g = 0; g < run; g++, next += next_step) {
            _mm_prefetch(next, _MM_HINT_T1);
            if (vecs == MAX_VECS) _mm_prefetch(next + 64, _MM_HINT_T1);
        }
        add_run(rows, vecs, run, a + k, lda, panel, sum);
    }
    for (; k < n_k; k += 4, panel += STEP) add_run(rows, vecs, 1, a + k, lda, panel, sum);
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vecs; v++)
            _mm256_store_si256((__m256i *)(void *)(tile + r * CUVEE__PANEL + v * LANES),
                               sum[r][v]);
}

#define WHOLE(rows, run) tile_part(rows, 4, run, n_k, a, lda, panel, next, ahead.step, tile)
#define HALVES(rows, run)                                                                          \
    do {                                                                                           \
        tile_part(rows, 2, run, n_k, a, lda, panel, next, ahead.step, tile);                       \
        tile_part(rows, 2, run, n_k, a, lda, panel + STEP / 2, next + 64, ahead.step, tile + 16);  \
    } while (0)
#define EVERY_HEIGHT(run)                                                                          \
    do {                                                                                           \
        switch (rows) {                                                                            \
        case 1: WHOLE(1, run); break;                                                              \
        case 2: HALVES(2, run); break;                                                             \
        case 3: HALVES(3, run); break;                                                             \
        case 4: HALVES(4, run); break;                                                             \
        }                                                                                          \
    } while (0)

void cuvee__gemm_int8_4x16_avx2(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                const int8_t *panel, struct ahead ahead, size_t run, int32_t *tile)
{
    const char *next = ahead.ptr;
    if (run >= 8) EVERY_HEIGHT(8);
    else if (run >= 4) EVERY_HEIGHT(4);
    else if (run >= 2) EVERY_HEIGHT(2);
    else if (run == 1) EVERY_HEIGHT(1);
    else cuvee__gemm_int8_wide_avx2(rows, n_k, a, lda, panel, tile);
}

/* One row, 16 columns: bytes become words, and vpmaddwd adds pairs of products in 32 bits. */
CUVEE__INLINE void wide_part(size_t n_k, const uint8_t *a, const int8_t *panel, int32_t *tile)
{
    __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                      _mm256_setzero_si256()};
    for (size_t k = 0; k < n_k; k += 4, panel += STEP) {
        const __m128i inputs = _mm_cvtepu8_epi16(_mm_cvtsi32_si128(load_group(a + k)));
        const __m256i x = _mm256_broadcastq_epi64(inputs);
#pragma GCC unroll 4
        for (size_t v = 0; v < 4; v++) {
            const __m128i bytes = _mm_load_si128((const __m128i *)(const void *)(panel + 16 * v));
            sum[v] = _mm256_add_epi32(sum[v], _mm256_madd_epi16(x, _mm256_cvtepi8_epi16(bytes)));
        }
    }
    /* Each vector has two halves of the sums of 4 columns; vphaddd joins them, in the order
     * 0 1 4 5 2 3 6 7. */
#pragma GCC unroll 2
    for (size_t v = 0; v < 2; v++) {
        const __m256i mixed = _mm256_hadd_epi32(sum[2 * v], sum[2 * v + 1]);
        _mm256_store_si256((__m256i *)(void *)(tile + v * LANES),
                           _mm256_permute4x64_epi64(mixed, 0xD8));
    }
}

void cuvee__gemm_int8_wide_avx2(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                const int8_t *panel, int32_t *tile)
{
    for (size_t r = 0; r < rows; r++, a += lda, tile += CUVEE__PANEL) {
        wide_part(n_k, a, panel, tile);
        wide_part(n_k, a, panel + STEP / 2, tile + 16);
    }
}
