/* SPDX-License-Identifier: Apache-2.0
 *
 * Deadlines of embedded calls: a watchdog raises TimeoutError in Python code that runs too long,
 * again and again until the call ends. Code that does not come back to Python is not stopped. */
#ifndef CUVEE_PYTHON_DEADLINE_H
#define CUVEE_PYTHON_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

/* One per caller; used by its thread, which holds the GIL in all calls but init. */
struct deadline {
    unsigned long thread_id; /* as Python names it */

    const void *owner; /* whose calls are interrupted together */

    /* Under the watchdog's mutex. */
    struct deadline *next; /* while a call runs */
    uint64_t at_ns;
    bool was_late, was_interrupted;
};

int cuvee__deadline_init(struct deadline *d, cuvee_error *err);
void cuvee__deadline_set_thread(struct deadline *d); /* the calling one */

/* A call begins; at_ns 0: without a deadline. */
void cuvee__deadline_begin(struct deadline *d, uint64_t at_ns);
/* It has ended; no TimeoutError will come any more. True when the deadline had passed, or the call
 * was interrupted. */
bool cuvee__deadline_end(struct deadline *d);

/* The deadline of all calls of an owner is now. Any thread, without the GIL. */
void cuvee__deadline_interrupt(const void *owner);

#endif
