/* SPDX-License-Identifier: Apache-2.0
 *
 * The vocabulary of vector_math.h and vector_kernels.h in AVX2 + FMA + F16C: 8 lanes. */
#ifndef CUVEE_KERNELS_AVX2_VEC_AVX2_H
#define CUVEE_KERNELS_AVX2_VEC_AVX2_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/x86_intrin.h"

typedef __m256 vec;
enum { VEC_LANES = 8 };

CUVEE__INLINE vec vec_set1(float x)
{
    return _mm256_set1_ps(x);
}

/* Eight set lanes, then eight clear ones: a mask of n lanes starts 8 - n in. */
static const int32_t vec_mask_window[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

CUVEE__INLINE __m256i vec_mask_first(size_t n)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)(vec_mask_window + VEC_LANES - n));
}

/* The first n values at p; lanes past them are 0, and their memory is not touched. n >= 1. */
CUVEE__INLINE vec vec_load(const float *p, size_t n)
{
    return n >= VEC_LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, vec_mask_first(n));
}

CUVEE__INLINE void vec_store(float *p, vec v, size_t n)
{
    if (n >= VEC_LANES)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, vec_mask_first(n), v);
}

CUVEE__INLINE vec vec_keep_first(vec v, size_t n)
{
    return n >= VEC_LANES ? v : _mm256_and_ps(v, _mm256_castsi256_ps(vec_mask_first(n)));
}

/* The first n lanes of v, the others of `other`. */
CUVEE__INLINE vec vec_first_or(vec v, size_t n, vec other)
{
    return _mm256_blendv_ps(other, v, _mm256_castsi256_ps(vec_mask_first(n)));
}

/* VEC_LANES rows become VEC_LANES columns. Pairs of rows, then of pairs, within halves of 128 bits;
 * then the halves. */
CUVEE__INLINE void vec_transpose(vec *v)
{
    vec t[8], u[8];
#pragma GCC unroll 4
    for (size_t i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < 8; i += 4) {
        u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        v[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
        v[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
    }
}

/* Eight little-endian f16 or bf16, no alignment. */
CUVEE__INLINE vec vec_widen_f16(const void *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128(p));
}

CUVEE__INLINE vec vec_widen_bf16(const void *p)
{
    const __m256i x = _mm256_cvtepu16_epi32(_mm_loadu_si128(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
}

CUVEE__INLINE vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

CUVEE__INLINE vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}

CUVEE__INLINE vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

CUVEE__INLINE vec vec_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}

/* Where either is NaN, b: so a NaN in b stays. Of two zeros, b. */
CUVEE__INLINE vec vec_min(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}

CUVEE__INLINE vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

/* a b + c and c - a b, rounded once. */
CUVEE__INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

CUVEE__INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

/* |x|, -|x|, and x with the sign of s. */
CUVEE__INLINE vec vec_abs(vec x)
{
    return _mm256_andnot_ps(vec_set1(-0.0f), x);
}

CUVEE__INLINE vec vec_neg_abs(vec x)
{
    return _mm256_or_ps(vec_set1(-0.0f), x);
}

CUVEE__INLINE vec vec_copysign(vec x, vec s)
{
    return _mm256_or_ps(vec_abs(x), _mm256_and_ps(vec_set1(-0.0f), s));
}

/* yes where the sign bit of s is set, else no. */
CUVEE__INLINE vec vec_if_signed(vec s, vec yes, vec no)
{
    return _mm256_blendv_ps(no, yes, s);
}

/* v, but 0 where x < limit. */
CUVEE__INLINE vec vec_zero_below(vec v, vec x, vec limit)
{
    return _mm256_andnot_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ), v);
}

/* The bits of x moved up by 23: its low byte becomes an exponent. */
CUVEE__INLINE vec vec_low_byte_to_exponent(vec x)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(x), 23));
}

/* Across lanes, halves first: ((0+4)+(2+6)) + ((1+5)+(3+7)). */
CUVEE__INLINE float vec_sum(vec v)
{
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}

CUVEE__INLINE float vec_largest(vec v)
{
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_shuffle_ps(x, x, 1)));
}

/* Lanes i and i + h change places; h is 1, 2 or 4, a constant. */
CUVEE__INLINE vec vec_swap(vec x, size_t h)
{
    if (h == 1) return _mm256_permute_ps(x, 0xB1);
    if (h == 2) return _mm256_permute_ps(x, 0x4E);
    /* vperm2f128 would be 8 operations on Zen 1. */
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_extractf128_ps(x, 1)),
                                _mm256_castps256_ps128(x), 1);
}

/* Integers of 32 bits, for what is quantised. */
typedef __m256i ivec;

CUVEE__INLINE ivec ivec_set1(int32_t x)
{
    return _mm256_set1_epi32(x);
}

CUVEE__INLINE ivec ivec_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

CUVEE__INLINE ivec ivec_sub(ivec a, ivec b)
{
    return _mm256_sub_epi32(a, b);
}

CUVEE__INLINE ivec ivec_mul(ivec a, ivec b)
{
    return _mm256_mullo_epi32(a, b);
}

/* To the nearest integer, halves to even; |x| below 2^31. */
CUVEE__INLINE ivec ivec_of_vec(vec x)
{
    return _mm256_cvtps_epi32(x);
}

CUVEE__INLINE vec vec_of_ivec(ivec x)
{
    return _mm256_cvtepi32_ps(x);
}

/* 4 VEC_LANES bytes: v[0] .. v[3], cut to 0 .. most. */
CUVEE__INLINE void ivec_store_u8(uint8_t *p, const ivec *v, uint8_t most)
{
    /* Packing works in halves: their quarters come out in the order 0 2 4 6 1 3 5 7. */
    const __m256i low = _mm256_packs_epi32(v[0], v[1]), high = _mm256_packs_epi32(v[2], v[3]);
    const __m256i bytes = _mm256_min_epu8(_mm256_packus_epi16(low, high),
                                          _mm256_set1_epi8((char)most));
    _mm256_storeu_si256(
        (__m256i *)(void *)p,
        _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

/* Two bf16 in each 32 bits: the low or the high one, widened. */
CUVEE__INLINE vec vec_of_bf16_low(ivec pairs)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
}

CUVEE__INLINE vec vec_of_bf16_high(ivec pairs)
{
    return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-0x10000)));
}

#endif
