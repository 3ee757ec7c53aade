/* SPDX-License-Identifier: Apache-2.0
 *
 * The x86 intrinsics of the kernels in portable C, by SIMDe (Debian: libsimde-dev), so that every
 * tier's source runs in the tests of every machine. What SIMDe 0.7.4 lacks is added below; its
 * multiply-adds are replaced, because they round twice where the instruction rounds once, and its
 * masked moves, because they touch memory that the mask excludes. */
#ifndef TESTS_KERNELS_SIMDE_X86_H
#define TESTS_KERNELS_SIMDE_X86_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernels/amx_model.h"
#include "kernels/bf16.h"

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/and.h>
#include <simde/x86/avx512/andnot.h>
#include <simde/x86/avx512/blend.h>
#include <simde/x86/avx512/cast.h>
#include <simde/x86/avx512/cmp.h>
#include <simde/x86/avx512/cvt.h>
#include <simde/x86/avx512/cvts.h>
#include <simde/x86/avx512/div.h>
#include <simde/x86/avx512/dpbusd.h>
#include <simde/x86/avx512/extract.h>
#include <simde/x86/avx512/load.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/madd.h>
#include <simde/x86/avx512/maddubs.h>
#include <simde/x86/avx512/max.h>
#include <simde/x86/avx512/min.h>
#include <simde/x86/avx512/mov.h>
#include <simde/x86/avx512/mov_mask.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/mullo.h>
#include <simde/x86/avx512/or.h>
#include <simde/x86/avx512/packs.h>
#include <simde/x86/avx512/packus.h>
#include <simde/x86/avx512/permutexvar.h>
#include <simde/x86/avx512/set.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/setr.h>
#include <simde/x86/avx512/setzero.h>
#include <simde/x86/avx512/slli.h>
#include <simde/x86/avx512/srli.h>
#include <simde/x86/avx512/store.h>
#include <simde/x86/avx512/storeu.h>
#include <simde/x86/avx512/sub.h>
#include <simde/x86/avx512/unpackhi.h>
#include <simde/x86/avx512/unpacklo.h>
#include <simde/x86/f16c.h>

typedef simde__mmask16 __mmask16; /* the alias that SIMDe forgets */

#define LANEWISE(bits, name, expression)                                                           \
    static inline simde__m##bits name(simde__m##bits a, simde__m##bits b, simde__m##bits c)        \
    {                                                                                              \
        const simde__m##bits##_private x = simde__m##bits##_to_private(a),                         \
                                       y = simde__m##bits##_to_private(b),                         \
                                       z = simde__m##bits##_to_private(c);                         \
        simde__m##bits##_private ret;                                                              \
        for (size_t i = 0; i < bits / 32; i++) ret.f32[i] = (expression);                          \
        return simde__m##bits##_from_private(ret);                                                 \
    }
LANEWISE(256, emulated_fmadd_256, fmaf(x.f32[i], y.f32[i], z.f32[i]))
LANEWISE(256, emulated_fnmadd_256, fmaf(-x.f32[i], y.f32[i], z.f32[i]))
LANEWISE(512, emulated_fmadd_512, fmaf(x.f32[i], y.f32[i], z.f32[i]))
LANEWISE(512, emulated_fnmadd_512, fmaf(-x.f32[i], y.f32[i], z.f32[i]))
#undef LANEWISE
#undef _mm256_fmadd_ps
#undef _mm256_fnmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_fnmadd_ps
#define _mm256_fmadd_ps emulated_fmadd_256
#define _mm256_fnmadd_ps emulated_fnmadd_256
#define _mm512_fmadd_ps emulated_fmadd_512
#define _mm512_fnmadd_ps emulated_fnmadd_512

static inline simde__m256 emulated_maskload(const float *p, simde__m256i mask)
{
    const simde__m256i_private mask_ = simde__m256i_to_private(mask);
    simde__m256_private ret;
    for (size_t i = 0; i < 8; i++) ret.f32[i] = mask_.i32[i] < 0 ? p[i] : 0.0f;
    return simde__m256_from_private(ret);
}
#undef _mm256_maskload_ps
#define _mm256_maskload_ps emulated_maskload

static inline void emulated_maskstore(float *p, simde__m256i mask, simde__m256 v)
{
    const simde__m256i_private mask_ = simde__m256i_to_private(mask);
    const simde__m256_private v_ = simde__m256_to_private(v);
    for (size_t i = 0; i < 8; i++)
        if (mask_.i32[i] < 0) p[i] = v_.f32[i];
}
#undef _mm256_maskstore_ps
#define _mm256_maskstore_ps emulated_maskstore

static inline simde__m512 emulated_maskz_loadu(simde__mmask16 mask, const void *p)
{
    const float *x = p;
    simde__m512_private ret;
    for (size_t i = 0; i < 16; i++) ret.f32[i] = mask >> i & 1 ? x[i] : 0.0f;
    return simde__m512_from_private(ret);
}
#define _mm512_maskz_loadu_ps emulated_maskz_loadu

static inline void emulated_mask_storeu(void *p, simde__mmask16 mask, simde__m512 v)
{
    float *x = p;
    const simde__m512_private v_ = simde__m512_to_private(v);
    for (size_t i = 0; i < 16; i++)
        if (mask >> i & 1) x[i] = v_.f32[i];
}
#define _mm512_mask_storeu_ps emulated_mask_storeu

static inline simde__m512 emulated_join(simde__m256 low, simde__m256 high)
{
    simde__m512_private ret;
    ret.m256[0] = low;
    ret.m256[1] = high;
    return simde__m512_from_private(ret);
}

static inline simde__m512 emulated_cvtph(simde__m256i v)
{
    return emulated_join(simde_mm256_cvtph_ps(simde_mm256_extracti128_si256(v, 0)),
                         simde_mm256_cvtph_ps(simde_mm256_extracti128_si256(v, 1)));
}
#define _mm512_cvtph_ps emulated_cvtph

static inline simde__m512i emulated_cvtepu16(simde__m256i v)
{
    const simde__m256i low = simde_mm256_cvtepu16_epi32(simde_mm256_extracti128_si256(v, 0)),
                       high = simde_mm256_cvtepu16_epi32(simde_mm256_extracti128_si256(v, 1));
    return simde_mm512_castps_si512(
        emulated_join(simde_mm256_castsi256_ps(low), simde_mm256_castsi256_ps(high)));
}
#define _mm512_cvtepu16_epi32 emulated_cvtepu16

static inline simde__m256 emulated_extract(simde__m512 v, int half)
{
    return simde__m512_to_private(v).m256[half];
}
#define _mm512_extractf32x8_ps emulated_extract

/* Functions of their own, not inline: a microkernel has hundreds of them. */
#define EMULATED static __attribute__((noinline, unused))

EMULATED simde__m512i emulated_madd(simde__m512i a, simde__m512i b)
{
    const simde__m512i_private a_ = simde__m512i_to_private(a), b_ = simde__m512i_to_private(b);
    simde__m512i_private ret;
    for (size_t i = 0; i < 16; i++)
        ret.i32[i] = a_.i16[2 * i] * b_.i16[2 * i] + a_.i16[2 * i + 1] * b_.i16[2 * i + 1];
    return simde__m512i_from_private(ret);
}
#undef _mm512_madd_epi16
#define _mm512_madd_epi16 emulated_madd

EMULATED simde__m512i emulated_maddubs(simde__m512i a, simde__m512i b)
{
    const simde__m512i_private a_ = simde__m512i_to_private(a), b_ = simde__m512i_to_private(b);
    simde__m512i_private ret;
    for (size_t i = 0; i < 32; i++) {
        const int sum = a_.u8[2 * i] * b_.i8[2 * i] + a_.u8[2 * i + 1] * b_.i8[2 * i + 1];
        ret.i16[i] = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
    }
    return simde__m512i_from_private(ret);
}
#undef _mm512_maddubs_epi16
#define _mm512_maddubs_epi16 emulated_maddubs

EMULATED simde__m512i emulated_dpbusd(simde__m512i sum, simde__m512i a, simde__m512i b)
{
    const simde__m512i_private a_ = simde__m512i_to_private(a), b_ = simde__m512i_to_private(b);
    simde__m512i_private ret = simde__m512i_to_private(sum);
    for (size_t i = 0; i < 64; i++) ret.i32[i / 4] += a_.u8[i] * b_.i8[i];
    return simde__m512i_from_private(ret);
}
#undef _mm512_dpbusd_epi32
#define _mm512_dpbusd_epi32 emulated_dpbusd

EMULATED simde__m512i emulated_dpwssd(simde__m512i sum, simde__m512i a, simde__m512i b)
{
    const simde__m512i_private a_ = simde__m512i_to_private(a), b_ = simde__m512i_to_private(b);
    simde__m512i_private ret = simde__m512i_to_private(sum);
    for (size_t i = 0; i < 32; i++) ret.i32[i / 2] += a_.i16[i] * b_.i16[i];
    return simde__m512i_from_private(ret);
}
#undef _mm512_dpwssd_epi32
#define _mm512_dpwssd_epi32 emulated_dpwssd

EMULATED simde__m512i emulated_cvtps_epi32(simde__m512 v)
{
    const simde__m512_private v_ = simde__m512_to_private(v);
    simde__m512i_private ret;
    for (size_t i = 0; i < 16; i++) ret.i32[i] = (int32_t)lrintf(v_.f32[i]);
    return simde__m512i_from_private(ret);
}
#define _mm512_cvtps_epi32 emulated_cvtps_epi32

EMULATED simde__m512 emulated_cvtepi32_ps(simde__m512i v)
{
    const simde__m512i_private v_ = simde__m512i_to_private(v);
    simde__m512_private ret;
    for (size_t i = 0; i < 16; i++) ret.f32[i] = (float)v_.i32[i];
    return simde__m512_from_private(ret);
}
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps

EMULATED simde__m512 emulated_permute(simde__m512 v, int order)
{
    const simde__m512_private v_ = simde__m512_to_private(v);
    simde__m512_private ret;
    for (size_t i = 0; i < 16; i++)
        ret.f32[i] = v_.f32[i / 4 * 4 + ((unsigned)order >> i % 4 * 2 & 3)];
    return simde__m512_from_private(ret);
}
#undef _mm512_permute_ps
#define _mm512_permute_ps emulated_permute

EMULATED simde__m512 emulated_shuffle_f32x4(simde__m512 a, simde__m512 b, int order)
{
    const simde__m512_private a_ = simde__m512_to_private(a), b_ = simde__m512_to_private(b);
    simde__m512_private ret;
    for (size_t i = 0; i < 16; i++) {
        const size_t quarter = (unsigned)order >> i / 4 * 2 & 3;
        ret.f32[i] = (i < 8 ? a_ : b_).f32[4 * quarter + i % 4];
    }
    return simde__m512_from_private(ret);
}
#undef _mm512_shuffle_f32x4
#define _mm512_shuffle_f32x4 emulated_shuffle_f32x4

/* The instruction takes denormals for 0; this does not. */
EMULATED simde__m512 emulated_dpbf16(simde__m512 sum, __m512bh a, __m512bh b)
{
    uint16_t a_[32], b_[32];
    memcpy(a_, &a, sizeof a_);
    memcpy(b_, &b, sizeof b_);
    simde__m512_private ret = simde__m512_to_private(sum);
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 2; j-- > 0;)
            ret.f32[i] = fmaf(float_of_bf16(a_[2 * i + j]), float_of_bf16(b_[2 * i + j]),
                              ret.f32[i]);
    return simde__m512_from_private(ret);
}
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps emulated_dpbf16

EMULATED __m256bh emulated_cvtneps_pbh(simde__m512 v)
{
    const simde__m512_private v_ = simde__m512_to_private(v);
    uint16_t narrow[16];
    __m256bh ret;
    for (size_t i = 0; i < 16; i++) narrow[i] = bf16_of_float(v_.f32[i]);
    memcpy(&ret, narrow, sizeof ret);
    return ret;
}
#define _mm512_cvtneps_pbh emulated_cvtneps_pbh

#endif
