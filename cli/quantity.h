/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers with a unit behind them, as people write them on a command line. */
#ifndef CUVEE_CLI_QUANTITY_H
#define CUVEE_CLI_QUANTITY_H

#include <stdbool.h>

/* A number, of bytes with K, M, G or T behind it. Moves *text to what follows. */
bool cli__quantity_bytes(const char **text, double *ret);

/* A number, of seconds, or with s, m, h or d behind it. Moves *text to what follows. */
bool cli__quantity_seconds(const char **text, double *ret);

#endif
