/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of a result: sizes in bytes, times in seconds, what is not known null with its reason. */
#ifndef CUVEE_MEASURE_JSON_VALUES_H
#define CUVEE_MEASURE_JSON_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

json_t *cuvee__json_bytes(uint64_t kb);
json_t *cuvee__json_count(uint64_t n);
json_t *cuvee__json_seconds(uint64_t us);

/* The value (taken), or null and its reason under the same key of `why`. */
void cuvee__json_set_or_null(json_t *o, json_t *why, const char *key, bool is_known, json_t *value,
                             const char *reason);

#endif
