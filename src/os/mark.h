/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks for `cuvee measure`: lines that say which phase has ended, written to the pipe whose number
 * is in MEASURE_FD. Without it nothing happens. */
#ifndef CUVEE_OS_MARK_H
#define CUVEE_OS_MARK_H

enum { CUVEE__MARK_BYTES = 63 }; /* of a name, in a result */

/* Remember which pipe MEASURE_FD names. A program calls this before it opens anything: its own
 * descriptor may come to have that number when the pipe was not passed on. Else the first mark
 * does it. */
void cuvee__mark_open(void);

/* One line; of a name that is too long, its start. Nothing, when the descriptor is no longer what
 * it was. Any thread. */
void cuvee__mark(const char *name);

#endif
