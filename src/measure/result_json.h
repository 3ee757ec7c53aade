/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_MEASURE_RESULT_JSON_H
#define CUVEE_MEASURE_RESULT_JSON_H

#include <jansson.h>

#include "measure/account.h"

/* The document of `cuvee measure -o` (docs/formats.md): sizes in bytes, times in seconds. What is
 * not known is null, with a word in "why". argv: the command, NULL-terminated; redact: its
 * arguments are left out. NULL when out of memory. */
json_t *cuvee__result_to_json(const struct account *a, const char *const *argv, bool redact);

#endif
