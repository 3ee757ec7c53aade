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
void cuvee__kernels_init_avx512vnni(struct kernels *k);
void cuvee__kernels_init_avx512bf16(struct kernels *k);
void cuvee__kernels_init_amx(struct kernels *k);

/* The microkernels: struct kernels, gemm_f32_tile, gemm_bf16_tile and gemm_int8_tile. */
void cuvee__gemm_f32_6x16_avx2(size_t rows, size_t n_k, const float *a, size_t lda,
                               const float *panel, size_t ld_panel, struct ahead ahead, float *tile,
                               size_t ld_tile, bool accumulate);
void cuvee__gemm_f32_14x32_avx512(size_t rows, size_t n_k, const float *a, size_t lda,
                                  const float *panel, size_t ld_panel, struct ahead ahead,
                                  float *tile, size_t ld_tile, bool accumulate);
void cuvee__gemm_bf16_14x32_avx512bf16(size_t rows, size_t n_k, const uint16_t *a, size_t lda,
                                       const uint16_t *panel, struct ahead ahead, float *tile,
                                       size_t ld_tile, bool accumulate);
void cuvee__gemm_int8_4x16_avx2(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                const int8_t *panel, struct ahead ahead, size_t run, int32_t *tile);
void cuvee__gemm_int8_12x32_avx512(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                   const int8_t *panel, struct ahead ahead, size_t run,
                                   int32_t *tile);
void cuvee__gemm_int8_14x32_avx512vnni(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                       const int8_t *panel, struct ahead ahead, size_t run,
                                       int32_t *tile);

void cuvee__gemm_bf16_32x32_amx(size_t rows, size_t n_k, const uint16_t *a, size_t lda,
                                const uint16_t *panel, struct ahead ahead, float *tile,
                                size_t ld_tile, bool accumulate);
void cuvee__gemm_int8_32x32_amx(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                const int8_t *panel, struct ahead ahead, size_t run, int32_t *tile);
bool cuvee__gemm_rows_amx(size_t m, const struct inputs *in, const struct packed *w,
                          const struct epilogue *e, struct rows c);

/* gemm_int8_tile for any weights, by sums of 32 bits throughout; for panels without runs. */
void cuvee__gemm_int8_wide_avx2(size_t rows, size_t n_k, const uint8_t *a, size_t lda,
                                const int8_t *panel, int32_t *tile);
#endif

/* A row whose values span less than this is quantised to zeros: 255 / range must not overflow. */
#define QUANTISE_LEAST_RANGE 0x1p-100f

#endif
