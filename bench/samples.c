/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include "base/alloc.h"
#include "report/stats.h"

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

double samples_quantile(struct samples *s, double q)
{
    if (s->n == 0) return 0.0;
    cuvee__stats_sort(s->items, s->n);
    return cuvee__stats_quantile(s->items, s->n, q);
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
