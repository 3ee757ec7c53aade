/* SPDX-License-Identifier: Apache-2.0
 *
 * A label for each item; few different ones, so each is kept once. */
#ifndef CUVEE_BENCH_LABELS_H
#define CUVEE_BENCH_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

enum { CUVEE__MAX_LABELS = 4096, CUVEE__LABEL_BYTES = 128 };

/* Start with {0}. */
struct label_list {
    char (*names)[CUVEE__LABEL_BYTES]; /* (n_names), NUL-terminated; a longer one is cut */
    size_t n_names, room_names;
    uint16_t *items; /* (n) index of its name */
    size_t n, room;
};

/* Returns CUVEE_OK, CUVEE_E_LIMIT (more than CUVEE__MAX_LABELS different ones), CUVEE_E_NOMEM. */
int cuvee__labels_add(struct label_list *l, struct span name, cuvee_error *err);
void cuvee__labels_deinit(struct label_list *l);

/* The label of item i. */
static inline const char *label_of(const struct label_list *l, size_t i)
{
    return l->names[l->items[i]];
}

#endif
