/* SPDX-License-Identifier: Apache-2.0
 *
 * What each tier's folder gives to kernels.c. */
#ifndef CUVEE_KERNELS_TIERS_H
#define CUVEE_KERNELS_TIERS_H

#include "kernels/kernels.h"

/* Fill every slot. */
void cuvee__kernels_init_ref(struct kernels *k);

#if defined(__x86_64__) || defined(CUVEE__INTRINSICS_HEADER) /* built, or emulated in tests */
void cuvee__kernels_init_avx2(struct kernels *k);
void cuvee__kernels_init_avx512(struct kernels *k);

/* The microkernels: struct kernels, gemm_f32_tile. */
void cuvee__gemm_f32_6x16_avx2(size_t rows, size_t n_k, const float *a, size_t lda,
                               const float *panel, float *tile, bool accumulate);
void cuvee__gemm_f32_14x32_avx512(size_t rows, size_t n_k, const float *a, size_t lda,
                                  const float *panel, float *tile, bool accumulate);
#endif

#endif
