/* SPDX-License-Identifier: Apache-2.0
 *
 * The one way to the x86 intrinsics. tests/kernels defines CUVEE__INTRINSICS_HEADER to build the
 * same kernel files against an emulation, so that a tier is tested on machines that lack it. */
#ifndef CUVEE_KERNELS_X86_INTRIN_H
#define CUVEE_KERNELS_X86_INTRIN_H

#ifdef CUVEE__INTRINSICS_HEADER
#include CUVEE__INTRINSICS_HEADER
#else
#include <immintrin.h>
#endif

/* A microkernel's body is compiled once per row count, with the count a constant, so that the sums
 * stay in registers. */
#define CUVEE__INLINE static inline __attribute__((always_inline))

/* Makes the compiler forget what it knows about a pointer. Else it keeps what it loaded for one row
 * of a tile for the next one, on the stack, where a second load is free. */
#define CUVEE__FORGET(pointer) __asm__("" : "+r"(pointer))

#endif
