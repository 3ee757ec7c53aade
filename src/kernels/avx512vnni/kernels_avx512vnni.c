/* SPDX-License-Identifier: Apache-2.0
 *
 * The avx512vnni tier: avx512 with integer dot products. */
#include "kernels/tiers.h"

void cuvee__kernels_init_avx512vnni(struct kernels *k)
{
    cuvee__kernels_init_avx512(k);
    k->name = "avx512vnni";
    k->int8_tile_rows = 14;
    k->gemm_int8_tile = cuvee__gemm_int8_14x32_avx512vnni;
}
