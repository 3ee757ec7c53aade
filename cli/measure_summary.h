/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person reads of a measurement in ten seconds, on standard error. */
#ifndef CUVEE_CLI_MEASURE_SUMMARY_H
#define CUVEE_CLI_MEASURE_SUMMARY_H

#include <stdbool.h>

#include "measure/account.h"

/* explain: a sentence below each naive figure on why it differs. */
void cli__measure_summary(const struct account *a, bool explain);

#endif
