/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic on sizes that come from outside: false instead of wrapping round. */
#ifndef CUVEE_BASE_CHECKED_H
#define CUVEE_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool cuvee__add(size_t a, size_t b, size_t *ret)
{
    if (a > SIZE_MAX - b) return false;
    *ret = a + b;
    return true;
}

static inline bool cuvee__mul(size_t a, size_t b, size_t *ret)
{
    if (b && a > SIZE_MAX / b) return false;
    *ret = a * b;
    return true;
}

static inline size_t cuvee__min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t cuvee__max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Smallest multiple of step that is >= n; n + step must not wrap (callers' sizes are capped). */
static inline size_t cuvee__round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

#endif
