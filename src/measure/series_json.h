/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_MEASURE_SERIES_JSON_H
#define CUVEE_MEASURE_SERIES_JSON_H

#include <jansson.h>

#include "measure/account.h"

enum { CUVEE__SERIES_SHOWN = 16 }; /* processes by name; the others are one */

/* The key "series" of a result (docs/formats.md). NULL when out of memory. */
json_t *cuvee__series_to_json(const struct account *a);

#endif
