/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix tile of up to 6 rows x 32 columns with AVX2 + FMA. 6 x 16 sums take 12 of the 16
 * registers, two hold the weights and one the broadcast row value; so a panel is done as two
 * halves. One or two rows do all 32 columns at once, because their 2 or 4 sums would wait for the
 * latency of the multiply-add. */
#include "kernels/tiers.h"
#include "kernels/x86_intrin.h"

enum {
    LANES = 8,
    MAX_ROWS = 6,
    MAX_VECS = 4, /* of a panel's row */
};

/* `rows` rows and the first `vecs` vectors of columns of panel and tile; both are constants. */
CUVEE__INLINE void tile_part(size_t rows, size_t vecs, size_t n_k, const float *a, size_t lda,
                             const float *panel, size_t ld_panel, const char *next,
                             size_t next_step, float *tile, size_t ld_tile, bool accumulate)
{
    __m256 sum[MAX_ROWS][MAX_VECS];
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vecs; v++)
            sum[r][v] = accumulate ? _mm256_load_ps(tile + r * ld_tile + v * LANES)
                                   : _mm256_setzero_ps();
    for (size_t k = 0; k < n_k; k++, panel += ld_panel, next += next_step) {
        __m256 b[MAX_VECS];
#pragma GCC unroll 4
        for (size_t v = 0; v < vecs; v++) b[v] = _mm256_load_ps(panel + v * LANES);
        _mm_prefetch(next, _MM_HINT_T1);
        if (vecs == MAX_VECS) _mm_prefetch(next + 64, _MM_HINT_T1);
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) {
            const __m256 x = _mm256_broadcast_ss(a + r * lda + k);
#pragma GCC unroll 4
            for (size_t v = 0; v < vecs; v++) sum[r][v] = _mm256_fmadd_ps(x, b[v], sum[r][v]);
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vecs; v++)
            _mm256_store_ps(tile + r * ld_tile + v * LANES, sum[r][v]);
}

#define WHOLE(rows)                                                                                \
    tile_part(rows, 4, n_k, a, lda, panel, ld_panel, ahead.ptr, ahead.step, tile, ld_tile,         \
              accumulate)
#define HALVES(rows)                                                                               \
    do {                                                                                           \
        const char *next = ahead.ptr;                                                              \
        tile_part(rows, 2, n_k, a, lda, panel, ld_panel, next, ahead.step, tile, ld_tile,          \
                  accumulate);                                                                     \
        tile_part(rows, 2, n_k, a, lda, panel + 16, ld_panel, next + 64, ahead.step, tile + 16,    \
                  ld_tile, accumulate);                                                            \
    } while (0)

void cuvee__gemm_f32_6x16_avx2(size_t rows, size_t n_k, const float *a, size_t lda,
                               const float *panel, size_t ld_panel, struct ahead ahead, float *tile,
                               size_t ld_tile, bool accumulate)
{
    switch (rows) {
    case 1: WHOLE(1); break;
    case 2: WHOLE(2); break;
    case 3: HALVES(3); break;
    case 4: HALVES(4); break;
    case 5: HALVES(5); break;
    case 6: HALVES(6); break;
    }
}
