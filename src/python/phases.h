/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens once to a script in this process, whoever of its callers comes first: warmup(),
 * which no call precedes, and the first result; with their marks (os/mark.h). */
#ifndef CUVEE_PYTHON_PHASES_H
#define CUVEE_PYTHON_PHASES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cuvee/cuvee.h"
#include "os/thread.h"

struct phases {
    struct mutex warming; /* held while warmup() runs; never waited for with the GIL */
    bool is_warm;         /* under it */
    _Atomic bool has_answered;
};

int cuvee__phases_init(struct phases *p, cuvee_error *err);
void cuvee__phases_deinit(struct phases *p);

/* The first caller runs warm_up(caller, err), all others wait for it; when it fails the next one
 * tries. */
int cuvee__phases_warm_up(struct phases *p, int (*warm_up)(void *caller, cuvee_error *err),
                          void *caller, cuvee_error *err);

/* A call has its rows. Any thread. */
void cuvee__phases_answered(struct phases *p);

#endif
