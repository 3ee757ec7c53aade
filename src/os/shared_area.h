/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory shared with one other process: a file without a name (no folder to fill, nothing left
 * behind), sealed so that it can grow but never shrink: a mapping of it cannot be pulled away. */
#ifndef CUVEE_OS_SHARED_AREA_H
#define CUVEE_OS_SHARED_AREA_H

#include <stddef.h>

#include "cuvee/cuvee.h"

struct shared_area {
    int fd; /* -1: none */
    unsigned char *ptr;
    size_t len; /* mapped */
};

#define CUVEE__NO_SHARED_AREA                                                                      \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cuvee__shared_area_create(struct shared_area *area, const char *name, size_t len,
                              cuvee_error *err);
/* Make it at least so long; the mapping may move. */
int cuvee__shared_area_grow(struct shared_area *area, size_t len, cuvee_error *err);
/* Map what the other process has grown it to, at most max_len bytes (CUVEE_E_LIMIT). */
int cuvee__shared_area_refresh(struct shared_area *area, size_t max_len, cuvee_error *err);
void cuvee__shared_area_close(struct shared_area *area);

#endif
