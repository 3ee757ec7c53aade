/* SPDX-License-Identifier: Apache-2.0
 *
 * Strict JSON for files of the model directory, over jansson: duplicate keys are refused, numbers keep
 * their kind, and an error names the byte. Rows of users' data are parsed in table/, not here. */
#ifndef CUVEE_BASE_JSON_H
#define CUVEE_BASE_JSON_H

#include <jansson.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Parse one JSON document (any value). `name` is for messages. *ret_json: release with json_decref(). */
int cuvee__json_parse(struct span text, const char *name, json_t **ret_json, cuvee_error *err);

#endif
