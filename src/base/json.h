/* SPDX-License-Identifier: Apache-2.0
 *
 * Strict JSON (RFC 8259) for files of the model directory, read into jansson's values: duplicate
 * keys, lone surrogates and invalid UTF-8 are refused, numbers keep their kind, an error names the
 * byte, and want of memory is always noticed. Rows of JSON Lines (table/) are read by it too. */
#ifndef CUVEE_BASE_JSON_H
#define CUVEE_BASE_JSON_H

#include <jansson.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

#define CUVEE__MAX_JSON_DEPTH 256 /* of nested values; real files stay below 20 */

/* Parse one JSON document (any value). `name` is for messages. *ret_json: release with
 * json_decref(). */
int cuvee__json_parse(struct span text, const char *name, json_t **ret_json, cuvee_error *err);

/* The same, but integers come as reals: for tokenizer_config.json, where "no limit" is the integer
 * 1e30, and for rows of data, which may have unsigned ids of 64 bits. */
int cuvee__json_parse_as_reals(struct span text, const char *name, json_t **ret_json,
                               cuvee_error *err);

/* A JSON string of any bytes up to their NUL, such as a path or the name of a process: what is not
 * UTF-8 becomes U+FFFD. NULL when out of memory. */
json_t *cuvee__json_string(const char *bytes);

/* A JSON number; null for what is none (NAN, infinite). NULL when out of memory. */
json_t *cuvee__json_real(double x);

#endif
