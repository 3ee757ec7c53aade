/* SPDX-License-Identifier: Apache-2.0
 *
 * The avx512 tier: the shared vector kernels over this tier's vectors, and its own microkernels. */
#include "kernels/avx512/vec_avx512.h"

#include "kernels/tiers.h"
#include "kernels/vector_kernels.h"

void cuvee__kernels_init_avx512(struct kernels *k)
{
    init_vector_kernels(k);
    k->name = "avx512";
    k->tile_rows = 14;
    k->int8_tile_rows = 12;
    k->gemm_f32_tile = cuvee__gemm_f32_14x32_avx512;
    k->gemm_bf16_tile = NULL;
    k->gemm_int8_tile = cuvee__gemm_int8_12x32_avx512;
}
