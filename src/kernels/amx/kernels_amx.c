/* SPDX-License-Identifier: Apache-2.0
 *
 * The amx tier: avx512bf16 with Intel's tile registers for products of bf16 and of integers. */
#include "kernels/amx/tiles_amx.h"

#define LOW(n) ((n) < AMX_REGISTER_ROWS ? (n) : AMX_REGISTER_ROWS)
/* An unused register has a row too: one with bytes but no rows is refused. */
#define HIGH(n) ((n) > AMX_REGISTER_ROWS ? (n)-AMX_REGISTER_ROWS : 1)
#define ROWS(n)                                                                                    \
    {                                                                                              \
        .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},                               \
        .rows = {LOW(n), LOW(n), HIGH(n), HIGH(n), LOW(n), HIGH(n), 16, 16},                       \
    }

const struct amx_config *cuvee__amx_config(size_t rows)
{
    static _Alignas(64) const struct amx_config configs[AMX_TILE_ROWS] = {
        ROWS(1),  ROWS(2),  ROWS(3),  ROWS(4),  ROWS(5),  ROWS(6),  ROWS(7),  ROWS(8),
        ROWS(9),  ROWS(10), ROWS(11), ROWS(12), ROWS(13), ROWS(14), ROWS(15), ROWS(16),
        ROWS(17), ROWS(18), ROWS(19), ROWS(20), ROWS(21), ROWS(22), ROWS(23), ROWS(24),
        ROWS(25), ROWS(26), ROWS(27), ROWS(28), ROWS(29), ROWS(30), ROWS(31), ROWS(32),
    };
    return &configs[rows - 1];
}

void cuvee__kernels_init_amx(struct kernels *k)
{
    cuvee__kernels_init_avx512bf16(k);
    k->name = "amx";
    k->block_rows = 256; /* such machines have 2 MB of second-level cache */
    k->prefers_bf16_attention = true;
    k->bf16_tile_rows = AMX_TILE_ROWS;
    k->gemm_bf16_tile = cuvee__gemm_bf16_32x32_amx;
    k->int8_tile_rows = AMX_TILE_ROWS;
    k->gemm_int8_tile = cuvee__gemm_int8_32x32_amx;
    k->gemm_rows = cuvee__gemm_rows_amx;
}
