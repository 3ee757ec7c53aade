/* SPDX-License-Identifier: Apache-2.0
 *
 * The vocabulary of vector_math.h and vector_kernels.h in AVX-512 F, BW, DQ, VL: 16 lanes. What
 * each word means stands in avx2/vec_avx2.h. */
#ifndef CUVEE_KERNELS_AVX512_VEC_AVX512_H
#define CUVEE_KERNELS_AVX512_VEC_AVX512_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/x86_intrin.h"

typedef __m512 vec;
enum { VEC_LANES = 16 };

CUVEE__INLINE vec vec_set1(float x)
{
    return _mm512_set1_ps(x);
}

CUVEE__INLINE __mmask16 vec_mask_first(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

CUVEE__INLINE vec vec_load(const float *p, size_t n)
{
    return n >= VEC_LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(vec_mask_first(n), p);
}

CUVEE__INLINE void vec_store(float *p, vec v, size_t n)
{
    if (n >= VEC_LANES)
        _mm512_storeu_ps(p, v);
    else
        _mm512_mask_storeu_ps(p, vec_mask_first(n), v);
}

CUVEE__INLINE vec vec_keep_first(vec v, size_t n)
{
    return n >= VEC_LANES ? v : _mm512_maskz_mov_ps(vec_mask_first(n), v);
}

CUVEE__INLINE vec vec_first_or(vec v, size_t n, vec other)
{
    return _mm512_mask_mov_ps(other, vec_mask_first(n), v);
}

/* Pairs of rows, then of pairs, within quarters of 128 bits; then the quarters. */
CUVEE__INLINE void vec_transpose(vec *v)
{
    vec t[16], u[16];
#pragma GCC unroll 8
    for (size_t i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 16; i += 4) {
        const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]),
                      c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
        u[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        u[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        u[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        u[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        const vec low = _mm512_shuffle_f32x4(u[i], u[i + 4], 0x88);
        const vec high = _mm512_shuffle_f32x4(u[i], u[i + 4], 0xDD);
        const vec low_too = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0x88);
        const vec high_too = _mm512_shuffle_f32x4(u[i + 8], u[i + 12], 0xDD);
        v[i] = _mm512_shuffle_f32x4(low, low_too, 0x88);
        v[i + 4] = _mm512_shuffle_f32x4(high, high_too, 0x88);
        v[i + 8] = _mm512_shuffle_f32x4(low, low_too, 0xDD);
        v[i + 12] = _mm512_shuffle_f32x4(high, high_too, 0xDD);
    }
}

CUVEE__INLINE vec vec_widen_f16(const void *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}

CUVEE__INLINE vec vec_widen_bf16(const void *p)
{
    const __m512i x = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
}

CUVEE__INLINE vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

CUVEE__INLINE vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

CUVEE__INLINE vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

CUVEE__INLINE vec vec_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}

CUVEE__INLINE vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

CUVEE__INLINE vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

CUVEE__INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

CUVEE__INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

CUVEE__INLINE vec vec_abs(vec x)
{
    return _mm512_andnot_ps(vec_set1(-0.0f), x);
}

CUVEE__INLINE vec vec_neg_abs(vec x)
{
    return _mm512_or_ps(vec_set1(-0.0f), x);
}

CUVEE__INLINE vec vec_copysign(vec x, vec s)
{
    return _mm512_or_ps(vec_abs(x), _mm512_and_ps(vec_set1(-0.0f), s));
}

CUVEE__INLINE vec vec_if_signed(vec s, vec yes, vec no)
{
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(s)), no, yes);
}

CUVEE__INLINE vec vec_zero_below(vec v, vec x, vec limit)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_NLT_UQ), v);
}

CUVEE__INLINE vec vec_low_byte_to_exponent(vec x)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(x), 23));
}

CUVEE__INLINE float vec_sum(vec v)
{
    const __m256 low = _mm512_castps512_ps256(v), high = _mm512_extractf32x8_ps(v, 1);
    const __m256 y = _mm256_add_ps(low, high);
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}

CUVEE__INLINE float vec_largest(vec v)
{
    const __m256 low = _mm512_castps512_ps256(v), high = _mm512_extractf32x8_ps(v, 1);
    const __m256 y = _mm256_max_ps(low, high);
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

/* h: also 8. */
CUVEE__INLINE vec vec_swap(vec x, size_t h)
{
    return h == 1   ? _mm512_permute_ps(x, 0xB1)
           : h == 2 ? _mm512_permute_ps(x, 0x4E)
           : h == 4 ? _mm512_shuffle_f32x4(x, x, 0xB1)
                    : _mm512_shuffle_f32x4(x, x, 0x4E);
}

typedef __m512i ivec;

CUVEE__INLINE ivec ivec_set1(int32_t x)
{
    return _mm512_set1_epi32(x);
}

CUVEE__INLINE ivec ivec_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

CUVEE__INLINE ivec ivec_sub(ivec a, ivec b)
{
    return _mm512_sub_epi32(a, b);
}

CUVEE__INLINE ivec ivec_mul(ivec a, ivec b)
{
    return _mm512_mullo_epi32(a, b);
}

CUVEE__INLINE ivec ivec_of_vec(vec x)
{
    return _mm512_cvtps_epi32(x);
}

CUVEE__INLINE vec vec_of_ivec(ivec x)
{
    return _mm512_cvtepi32_ps(x);
}

CUVEE__INLINE void ivec_store_u8(uint8_t *p, const ivec *v, uint8_t most)
{
    /* Packing works in quarters, so that these are left as the columns of a 4 x 4. */
    const __m512i low = _mm512_packs_epi32(v[0], v[1]), high = _mm512_packs_epi32(v[2], v[3]);
    const __m512i bytes = _mm512_min_epu8(_mm512_packus_epi16(low, high),
                                          _mm512_set1_epi8((char)most));
    const __m512i order =
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, bytes));
}

CUVEE__INLINE vec vec_of_bf16_low(ivec pairs)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}

CUVEE__INLINE vec vec_of_bf16_high(ivec pairs)
{
    return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(-0x10000)));
}

#endif
