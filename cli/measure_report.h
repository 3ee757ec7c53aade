/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_MEASURE_REPORT_H
#define CUVEE_CLI_MEASURE_REPORT_H

#include "options.h"

extern const struct command cli__command_measure_report;

/* cuvee measure report [OPTION...] RESULT.json: a saved result as a page, a table, a plot, or in
 * the format of another tool. argv[0] is "report". Returns an exit code; failures of ours are 125,
 * as in all of `cuvee measure`. */
int cli__measure_report(int argc, char **argv);

#endif
