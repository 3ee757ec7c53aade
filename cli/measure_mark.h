/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_MEASURE_MARK_H
#define CUVEE_CLI_MEASURE_MARK_H

#include "options.h"

extern const struct command cli__command_measure_mark;

/* cuvee measure mark NAME: what a script writes to MEASURE_FD. argv[0] is "mark". Returns an exit
 * code: 0, also when nobody measures; 125 for a name that is none. */
int cli__measure_mark(int argc, char **argv);

#endif
