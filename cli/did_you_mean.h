/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_DID_YOU_MEAN_H
#define CUVEE_CLI_DID_YOU_MEAN_H

#include <stddef.h>

#include "base/bytes.h"

/* The name nearest to what was typed, or NULL when none is near enough to be meant. */
const char *cli__did_you_mean(struct span typed, const char *const *names, size_t n);

#endif
