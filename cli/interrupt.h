/* SPDX-License-Identifier: Apache-2.0
 *
 * Ctrl-C and SIGTERM end the work, not the process: the first sets a flag, the second kills. */
#ifndef CUVEE_CLI_INTERRUPT_H
#define CUVEE_CLI_INTERRUPT_H

#include <stdbool.h>

/* From the main thread, before others start. */
void cli__interrupt_open(void);
/* The reading is over: no more alarms. Ctrl-C still does not kill at once, the second does. */
void cli__interrupt_close(void);

/* What cannot be interrupted begins, such as the loading of a script: a signal ends the process at
 * once, and removes these files first (NULL: none). The paths stay the caller's until the end. */
void cli__interrupt_load_begin(const char *first, const char *second);
void cli__interrupt_load_end(void);

/* Non-zero when the main thread is to stop reading; for cuvee__reader_fill(). Main thread only. */
const volatile int *cli__interrupt_stop(void);
/* The user asked for the end. Main thread only. */
bool cli__interrupt_seen(void);
/* Any thread: make the main thread stop reading, also when it waits in read(). */
void cli__interrupt_wake_reader(void);

#endif
