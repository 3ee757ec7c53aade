/* SPDX-License-Identifier: Apache-2.0
 *
 * The avx2 tier: the shared vector kernels over this tier's vectors, and its own microkernels. */
#include "kernels/avx2/vec_avx2.h"

#include "kernels/tiers.h"
#include "kernels/vector_kernels.h"

void cuvee__kernels_init_avx2(struct kernels *k)
{
    init_vector_kernels(k);
    k->name = "avx2";
    k->tile_rows = 6;
    k->int8_tile_rows = 4;
    k->gemm_f32_tile = cuvee__gemm_f32_6x16_avx2;
    k->gemm_bf16_tile = NULL;
    k->gemm_int8_tile = cuvee__gemm_int8_4x16_avx2;
}
