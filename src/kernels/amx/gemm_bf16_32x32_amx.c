/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix tile with bf16 weights and bf16 inputs, up to 32 rows x 32 columns, with AMX: tdpbf16ps
 * sums the products of 32 k of even and of odd k apart, then adds both to an f32 sum; it takes
 * denormals for 0. */
#include "kernels/amx/tiles_amx.h"

void cuvee__gemm_bf16_32x32_amx(size_t rows, size_t n_k, const uint16_t *a, size_t lda,
                                const uint16_t *panel, struct ahead ahead, float *tile,
                                size_t ld_tile, bool accumulate)
{
    const uint8_t *from = (const uint8_t *)a, *weights = (const uint8_t *)panel;
    const size_t row_bytes = lda * sizeof *a, n_bytes = n_k * sizeof *a;
    const size_t tile_bytes = ld_tile * sizeof *tile;
    float *high = tile + AMX_REGISTER_ROWS * ld_tile;
    const bool is_high = rows > AMX_REGISTER_ROWS;
    _tile_loadconfig(cuvee__amx_config(rows)); /* all registers become 0 */
    if (accumulate) {
        _tile_loadd(0, tile, tile_bytes);
        _tile_loadd(1, tile + CUVEE__PANEL / 2, tile_bytes);
    }
    if (accumulate && is_high) {
        _tile_loadd(2, high, tile_bytes);
        _tile_loadd(3, high + CUVEE__PANEL / 2, tile_bytes);
    }
    if (is_high)
        AMX_MULTIPLY_ALL(AMX_MULTIPLY_32, _tile_dpbf16ps, rows, n_bytes, from, row_bytes, weights,
                         ahead);
    else
        AMX_MULTIPLY_ALL(AMX_MULTIPLY_16, _tile_dpbf16ps, rows, n_bytes, from, row_bytes, weights,
                         ahead);
    amx_store(tile, tile_bytes, is_high);
    _tile_release();
}
