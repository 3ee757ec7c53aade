/* SPDX-License-Identifier: Apache-2.0
 *
 * A number sent to code that waits for it by read() of a descriptor, such as that of another
 * language in this process. */
#ifndef CUVEE_OS_BELL_H
#define CUVEE_OS_BELL_H

#include <stdint.h>

#include "cuvee/cuvee.h"

struct bell {
    int to, from; /* from: where the other side reads 8 bytes in this machine's order */
};

/* CUVEE_OK or CUVEE_E_IO. */
int cuvee__bell_open(struct bell *b, cuvee_error *err);
void cuvee__bell_close(struct bell *b);

/* Never blocks: when nobody reads, numbers get lost in the end. Any thread. */
void cuvee__bell_ring(const struct bell *b, uint64_t number);

#endif
