/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_MEASURE_SELF_TEST_H
#define CUVEE_CLI_MEASURE_SELF_TEST_H

#include "options.h"

extern const struct command cli__command_measure_self_test;

/* cuvee measure self-test: measures programs whose true cost is known, and prints a card for each:
 * what a naive method claims, what is true, why, and the command to see it. argv[0] is "self-test".
 * Returns an exit code: 0, 1 when one did not hold, 125 when nothing can be measured. */
int cli__measure_self_test(int argc, char **argv);

#endif
