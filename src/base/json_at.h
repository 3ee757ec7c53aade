/* SPDX-License-Identifier: Apache-2.0
 *
 * What a JSON document has at a path: members and indexes from the top, by dots, such as
 * "summary.arms.2.wall_s.median". A part of a path has at most 63 bytes. */
#ifndef CUVEE_BASE_JSON_AT_H
#define CUVEE_BASE_JSON_AT_H

#include <jansson.h>
#include <stdbool.h>

/* Borrowed; NULL: nothing. */
const json_t *cuvee__json_at(const json_t *json, const char *path);
/* A number, or false; *ret stays as it was. */
bool cuvee__json_number_at(const json_t *json, const char *path, double *ret);
/* A string, borrowed, or "". */
const char *cuvee__json_text_at(const json_t *json, const char *path);
/* Is it that string? */
bool cuvee__json_text_is(const json_t *json, const char *path, const char *text);

#endif
