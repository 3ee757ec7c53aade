/* SPDX-License-Identifier: Apache-2.0
 *
 * Integer matrix tile of up to 32 rows x 32 columns with AMX: tdpbusd adds the products of 64 u8
 * and s8 in 32 bits, exact for all weights and inputs. */
#include "kernels/amx/tiles_amx.h"

void cuvee__gemm_int8_32x32_amx(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                const int8_t *panel, struct ahead ahead, size_t run, int32_t *tile)
{
    (void)run;
    const uint8_t *weights = (const uint8_t *)panel;
    const size_t n_bytes = cuvee__round_up(n_k, AMX_GROUP);
    const bool is_high = rows > AMX_REGISTER_ROWS;
    _tile_loadconfig(cuvee__amx_config(rows)); /* all registers become 0 */
    if (is_high)
        AMX_MULTIPLY_ALL(AMX_MULTIPLY_32, _tile_dpbusd, rows, n_bytes, a, lda, weights, ahead);
    else
        AMX_MULTIPLY_ALL(AMX_MULTIPLY_16, _tile_dpbusd, rows, n_bytes, a, lda, weights, ahead);
    amx_store(tile, CUVEE__PANEL * sizeof *tile, is_high);
    _tile_release();
}
