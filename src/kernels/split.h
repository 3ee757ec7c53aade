/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows cut into parts of nearly equal size: 55 rows in tiles of at most 14 are 14 + 14 + 14 + 13.
 * Full tiles and a small rest would waste most of the last tile's arithmetic. */
#ifndef CUVEE_KERNELS_SPLIT_H
#define CUVEE_KERNELS_SPLIT_H

#include <stddef.h>

#include "kernels/kernels.h"

struct split {
    size_t n_parts;
    size_t small;   /* rows of a small part; a large one has a row more */
    size_t n_large; /* the first parts are the large ones */
};

static inline struct split split_rows(size_t n_rows, size_t max_part)
{
    const size_t n_parts = (n_rows + max_part - 1) / max_part;
    return (struct split){n_parts, n_rows / n_parts, n_rows % n_parts};
}

static inline size_t split_part(const struct split *s, size_t i)
{
    return s->small + (i < s->n_large);
}

/* Part i's share of the weights that come next, in as many bytes as the present piece has: the next
 * k block, the next panel, the next matrix. */
static inline struct ahead split_ahead(const struct split *s, const void *next, size_t bytes,
                                       size_t i)
{
    const size_t step_bytes = 4 * CUVEE__PANEL;
    return (struct ahead){(const char *)next + i * bytes / s->n_parts,
                          (step_bytes + s->n_parts - 1) / s->n_parts};
}

#endif
