/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

bool samples_add(struct samples *s, double x)
{
    if (s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 64;
        double *items = cuvee__realloc_array(s->items, room, sizeof *items);
        if (!items) return false;
        s->items = items;
        s->room = room;
    }
    s->items[s->n++] = x;
    return true;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_quantile(struct samples *s, double q)
{
    if (s->n == 0) return 0.0;
    qsort(s->items, s->n, sizeof *s->items, compare);
    const size_t rank = (size_t)ceil(q * (double)s->n);
    return s->items[rank > 0 ? rank - 1 : 0];
}

double samples_median(struct samples *s)
{
    return samples_quantile(s, 0.5);
}

void samples_deinit(struct samples *s)
{
    cuvee__free(s->items);
    *s = (struct samples){0};
}
