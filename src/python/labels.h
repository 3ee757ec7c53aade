/* SPDX-License-Identifier: Apache-2.0
 *
 * The label names that a script has used so far, and their indexes. The table only grows: names
 * are read without a lock while others are added. */
#ifndef CUVEE_PYTHON_LABELS_H
#define CUVEE_PYTHON_LABELS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"
#include "os/thread.h"

/* Labels of one script at most; names lie in chunks that double, so none ever moves. */
#define CUVEE__MAX_SCRIPT_LABELS 65535u

enum { LABEL_CHUNKS = 16 };

struct script_labels {
    struct mutex mu; /* for adding */
    _Atomic uint32_t n;
    char **chunks[LABEL_CHUNKS]; /* chunk c holds 1 << c names: index i is in chunk log2(i + 1) */
    uint32_t *slots;             /* hash table, open addressing: index + 1; 0 = free */
    size_t n_slots;              /* a power of two */
};

int cuvee__script_labels_init(struct script_labels *l, cuvee_error *err);
void cuvee__script_labels_deinit(struct script_labels *l);

/* The index of a name, which is added when it is new.
 * Returns CUVEE_OK, CUVEE_E_LIMIT, CUVEE_E_NOMEM. Threads: any. */
int cuvee__script_labels_index(struct script_labels *l, struct span name, uint32_t *ret_index);

/* i < n, as read from l->n. */
const char *cuvee__script_labels_name(const struct script_labels *l, uint32_t i);

#endif
