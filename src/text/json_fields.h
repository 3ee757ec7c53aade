/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed access to members of a JSON object. `where` is the object's place in its file ("model"), ""
 * at the top, or a file name with a colon ("added_tokens.json:"); an error names the place, the
 * key, what was needed and what is there. A member that is null counts as absent. */
#ifndef CUVEE_TEXT_JSON_FIELDS_H
#define CUVEE_TEXT_JSON_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/json.h"

/* Member of the given type; an error when it is absent. Returns CUVEE_OK or CUVEE_E_FORMAT. */
int cuvee__field_object(const json_t *o, const char *where, const char *key, json_t **ret,
                        cuvee_error *err);
int cuvee__field_array(const json_t *o, const char *where, const char *key, json_t **ret,
                       cuvee_error *err);
int cuvee__field_string(const json_t *o, const char *where, const char *key, struct span *ret,
                        cuvee_error *err);
int cuvee__field_bool(const json_t *o, const char *where, const char *key, bool *ret,
                      cuvee_error *err);
/* An integer from lo to hi. */
int cuvee__field_integer(const json_t *o, const char *where, const char *key, int64_t lo,
                         int64_t hi, int64_t *ret, cuvee_error *err);

/* As above, but *ret stays as it is when the member is absent. */
int cuvee__field_bool_or(const json_t *o, const char *where, const char *key, bool *ret,
                         cuvee_error *err);

/* True when the member is there and not null. */
bool cuvee__field_present(const json_t *o, const char *key);

/* Error for a value of the wrong type at where.key. */
int cuvee__field_wrong(const json_t *value, const char *where, const char *key, const char *need,
                       cuvee_error *err);

/* "an object", "a string", ...; "nothing" for NULL. */
const char *cuvee__json_kind(const json_t *value);

#endif
