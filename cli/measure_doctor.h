/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_MEASURE_DOCTOR_H
#define CUVEE_CLI_MEASURE_DOCTOR_H

#include "options.h"

extern const struct command cli__command_measure_doctor;

/* cuvee measure doctor [--json]: which source each figure has on this machine, and why better ones
 * are missing. Nothing is guessed: the meter measures a small program, and says it. argv[0] is
 * "doctor". Returns an exit code: 0, or 125 when the meter does not work here. */
int cli__measure_doctor(int argc, char **argv);

#endif
