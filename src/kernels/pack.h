/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_KERNELS_PACK_H
#define CUVEE_KERNELS_PACK_H

#include "kernels/kernels.h"

/* Fill the panels of an f32 matrix (p->n, p->k) from V (p->k rows of p->n values, row stride ldv):
 * a product with it is a V. */
void cuvee__pack_f32_transposed(const struct packed *p, float *panels, const float *v, size_t ldv);

/* Inputs up to a whole group of 4 bytes. */
static inline size_t packed_depth(enum weight_type type, size_t k)
{
    const size_t group = type == WEIGHT_F32 ? 1 : type == WEIGHT_BF16 ? 2 : 4;
    return (k + group - 1) / group * group;
}

static inline size_t weight_bytes(enum weight_type type)
{
    return type == WEIGHT_F32 ? 4 : type == WEIGHT_BF16 ? 2 : 1;
}

static inline size_t panel_bytes(enum weight_type type, size_t k)
{
    return packed_depth(type, k) * weight_bytes(type) * CUVEE__PANEL;
}

#endif
