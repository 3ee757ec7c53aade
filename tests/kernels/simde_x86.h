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

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/and.h>
#include <simde/x86/avx512/andnot.h>
#include <simde/x86/avx512/blend.h>
#include <simde/x86/avx512/cast.h>
#include <simde/x86/avx512/cmp.h>
#include <simde/x86/avx512/div.h>
#include <simde/x86/avx512/extract.h>
#include <simde/x86/avx512/load.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/max.h>
#include <simde/x86/avx512/min.h>
#include <simde/x86/avx512/mov.h>
#include <simde/x86/avx512/mov_mask.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/or.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/setzero.h>
#include <simde/x86/avx512/slli.h>
#include <simde/x86/avx512/store.h>
#include <simde/x86/avx512/storeu.h>
#include <simde/x86/avx512/sub.h>
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

#endif
