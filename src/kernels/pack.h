/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_KERNELS_PACK_H
#define CUVEE_KERNELS_PACK_H

#include "kernels/kernels.h"

/* Fill all of p from V (p->k rows of p->n values, row stride ldv): a product with p is a V. */
void cuvee__pack_f32_transposed(struct packed_f32 *p, const float *v, size_t ldv);

#endif
