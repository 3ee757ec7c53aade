/* SPDX-License-Identifier: Apache-2.0
 *
 * How many tokens each side of a pair keeps. */
#ifndef CUVEE_TEXT_TRUNCATION_H
#define CUVEE_TEXT_TRUNCATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/checked.h"

/* Strategy "longest_first" of the reference: the shorter side is kept whole if it fits into half
 * the budget, and the longer one gets the rest; otherwise both get half, and the odd token goes to
 * the longer side, to B when they are equal. Only called when n_a + n_b > budget. A count above the
 * budget may be any number above it: then, and only then, a_is_longer decides by itself. */
static inline void truncate_pair(size_t n_a, size_t n_b, size_t budget, bool a_is_longer,
                                 size_t *ret_keep_a, size_t *ret_keep_b)
{
    const size_t shorter = cuvee__min(a_is_longer ? n_b : n_a, budget / 2);
    *ret_keep_a = a_is_longer ? budget - shorter : shorter;
    *ret_keep_b = budget - *ret_keep_a;
}

#endif
