/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_HELP_H
#define CUVEE_CLI_HELP_H

#include <stdio.h>

#include "options.h"

/* Help of a subcommand, made from its table: examples first, at most 80 columns wide. */
void cli__help_print(const struct command *command, FILE *to);
/* Version of the library that runs, and how it was built. */
void cli__version_print(void);

#endif
