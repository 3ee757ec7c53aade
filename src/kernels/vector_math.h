/* SPDX-License-Identifier: Apache-2.0
 *
 * exp and the activation functions over a tier's vector type; include the tier's vec_*.h first.
 * Errors stand in docs/numerics.md, coefficients come from scripts/fit-polynomials.
 *
 * Everything goes through e^x for x <= 0, which cannot overflow; results below the smallest normal
 * number are 0. Polynomials are summed in pairs (Estrin): a chain of multiply-adds would wait for
 * its latency. NaN goes in, NaN comes out; at -infinity and +infinity each gives its limit. */
#ifndef CUVEE_KERNELS_VECTOR_MATH_H
#define CUVEE_KERNELS_VECTOR_MATH_H

#include <float.h>

#include "kernels/kernels.h"

/* e^x = 2^n (1 + p): p = e^r - 1 where r = x - n ln 2, |r| <= ln(2) / 2. */
struct exp_parts {
    vec p;
    vec two_n; /* 2^n; right for -126 <= n <= 127 only */
};

CUVEE__INLINE struct exp_parts exp_split(vec x)
{
    /* Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits; 127 more make it the
     * biased exponent. */
    const vec magic = vec_set1(0x1.8p23f + 127.0f);
    const vec shifted = vec_fma(x, vec_set1(1.44269504f), magic);
    const vec n = vec_sub(shifted, magic);
    /* ln 2 in two parts, the first so short that n times it is exact. */
    vec r = vec_fnma(n, vec_set1(0x1.62e4p-1f), x);
    r = vec_fnma(n, vec_set1(1.42860677e-6f), r);
    const vec r2 = vec_mul(r, r);
    const vec q01 = vec_fma(vec_set1(0.166665211f), r, vec_set1(0.49999994f));
    const vec q23 = vec_fma(vec_set1(0.00836871751f), r, vec_set1(0.041668389f));
    const vec q = vec_fma(vec_fma(vec_set1(0.00138145976f), r2, q23), r2, q01);
    const vec p = vec_fma(r2, q, r);
    return (struct exp_parts){p, vec_low_byte_to_exponent(shifted)};
}

/* e^x for x <= 0 (a little above is fine: the exponent must stay below 128). */
CUVEE__INLINE vec exp_nonpositive(vec x)
{
    const struct exp_parts e = exp_split(x);
    return vec_zero_below(vec_fma(e.p, e.two_n, e.two_n), x, vec_set1(-87.3365f));
}

/* 1 / (1 + e^-x). For negative x the form e^x / (1 + e^x): no overflow, and small results keep
 * their digits. */
CUVEE__INLINE vec sigmoid(vec x)
{
    const vec one = vec_set1(1.0f), e = exp_nonpositive(vec_neg_abs(x));
    return vec_div(vec_if_signed(x, e, one), vec_add(one, e));
}

/* x g, where g is 0 for x = -infinity and the product shall be too. */
CUVEE__INLINE vec gated(vec x, vec g)
{
    return vec_mul(vec_max(vec_set1(-FLT_MAX), x), g);
}

/* x Phi(x) = max(x, 0) - |x| Q(|x|), where Q = 1 - Phi is the normal distribution's upper tail. ln
 * Q is close to a parabola, so a short polynomial and one e^x replace erf, without a division.
 * Above 8, Q is below 1e-15 and taken as Q(8). */
CUVEE__INLINE vec gelu(vec x)
{
    const vec a = vec_min(vec_set1(8.0f), vec_abs(x));
    const vec a2 = vec_mul(a, a), a4 = vec_mul(a2, a2), a8 = vec_mul(a4, a4);
    const vec c01 = vec_fma(vec_set1(-0.797886491f), a, vec_set1(-0.693147123f));
    const vec c23 = vec_fma(vec_set1(-0.0364158601f), a, vec_set1(-0.31828934f));
    const vec c45 = vec_fma(vec_set1(-0.000116052644f), a, vec_set1(0.0049330839f));
    const vec c67 = vec_fma(vec_set1(2.99771273e-05f), a, vec_set1(-0.000126808474f));
    const vec c89 = vec_fma(vec_set1(1.19631224e-07f), a, vec_set1(-3.03933439e-06f));
    const vec low = vec_fma(c23, a2, c01), high = vec_fma(c67, a2, c45);
    const vec ln_q = vec_fma(c89, a8, vec_fma(high, a4, low));
    const struct exp_parts e = exp_split(ln_q); /* Q(8) is far from underflow */
    const vec q = vec_fma(e.p, e.two_n, e.two_n);
    return vec_fnma(a, q, vec_max(vec_set1(0.0f), x));
}

/* The same with a polynomial for Q itself, up to 4, which is Q(4) from there on. */
CUVEE__INLINE vec gelu_coarse(vec x)
{
    const vec a = vec_min(vec_set1(4.0f), vec_abs(x));
    const vec a2 = vec_mul(a, a), a4 = vec_mul(a2, a2);
    const vec c01 = vec_fma(vec_set1(-0.370625287f), a, vec_set1(0.496678263f));
    const vec c23 = vec_fma(vec_set1(0.17618604f), a, vec_set1(-0.0813889578f));
    const vec c45 = vec_fma(vec_set1(0.0152396243f), a, vec_set1(-0.076151222f));
    const vec c67 = vec_fma(vec_set1(4.86907411e-05f), a, vec_set1(-0.00143951958f));
    const vec q = vec_fma(vec_fma(c67, a2, c45), a4, vec_fma(c23, a2, c01));
    return vec_fnma(a, q, vec_max(vec_set1(0.0f), x));
}

/* x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3). */
CUVEE__INLINE vec gelu_tanh(vec x)
{
    const vec c1 = vec_set1(1.59576912f), c3 = vec_set1(1.59576912f * 0.044715f);
    return gated(x, sigmoid(vec_mul(x, vec_fma(vec_mul(x, x), c3, c1))));
}

/* With m = e^(-2|x|) - 1, which keeps its digits near 0: tanh |x| = -m / (2 + m). */
CUVEE__INLINE vec tanh_vec(vec x)
{
    /* At -30 m is -1 to the last bit; the clamp keeps the exponent in range. */
    const vec minus_2x = vec_max(vec_set1(-30.0f), vec_mul(vec_set1(2.0f), vec_neg_abs(x)));
    const struct exp_parts e = exp_split(minus_2x);
    const vec m = vec_fma(e.p, e.two_n, vec_sub(e.two_n, vec_set1(1.0f)));
    return vec_copysign(vec_div(m, vec_add(vec_set1(2.0f), m)), x);
}

/* A compile-time constant `act` leaves one branch. */
CUVEE__INLINE vec act_vec(enum act act, vec x)
{
    switch (act) {
    case ACT_NONE:
        return x;
    case ACT_GELU:
        return gelu(x);
    case ACT_GELU_COARSE:
        return gelu_coarse(x);
    case ACT_GELU_TANH:
        return gelu_tanh(x);
    case ACT_QUICK_GELU:
        return gated(x, sigmoid(vec_mul(vec_set1(1.702f), x)));
    case ACT_RELU:
        return vec_max(vec_set1(0.0f), x);
    case ACT_SILU:
        return gated(x, sigmoid(x));
    case ACT_TANH:
        return tanh_vec(x);
    }
    return x;
}

#endif
