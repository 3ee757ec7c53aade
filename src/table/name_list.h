/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of output columns, and how those of the input find room among them. */
#ifndef CUVEE_TABLE_NAME_LIST_H
#define CUVEE_TABLE_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/* Start with {0}. */
struct name_list {
    struct span *items; /* each owned by the list */
    size_t n, room;
};

void cuvee__names_deinit(struct name_list *names);

/* Append prefix and name as one name, copied. Returns CUVEE_OK or CUVEE_E_NOMEM. */
int cuvee__names_add(struct name_list *names, const char *prefix, struct span name);
bool cuvee__names_have(const struct name_list *names, struct span name);

/* Append the input's columns under names that are unique among themselves and not in `own`: one
 * that is in `own` gets "in_" in front, the second of two equal ones "_2" behind, each until
 * nothing else has the name.
 * Returns CUVEE_OK or CUVEE_E_NOMEM. */
int cuvee__names_add_columns(struct name_list *names, const struct span *columns, size_t n_columns,
                             const struct name_list *own);

#endif
