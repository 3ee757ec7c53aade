/* SPDX-License-Identifier: Apache-2.0 */
#include "text/json_fields.h"

#include <inttypes.h>

#include "base/error.h"

const char *cuvee__json_kind(const json_t *value)
{
    if (!value) return "nothing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* What goes between a place and a key. */
static const char *separator(const char *where)
{
    const size_t len = strlen(where);
    if (len == 0) return "";
    return where[len - 1] == ':' ? " " : ".";
}

int cuvee__field_wrong(const json_t *value, const char *where, const char *key, const char *need,
                       cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s%s%s: need %s, found %s", where, separator(where),
                       key, need, cuvee__json_kind(value));
}

bool cuvee__field_present(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return value && !json_is_null(value);
}

int cuvee__field_object(const json_t *o, const char *where, const char *key, json_t **ret,
                        cuvee_error *err)
{
    json_t *value = json_object_get(o, key);
    if (!json_is_object(value)) return cuvee__field_wrong(value, where, key, "an object", err);
    *ret = value;
    return CUVEE_OK;
}

int cuvee__field_array(const json_t *o, const char *where, const char *key, json_t **ret,
                       cuvee_error *err)
{
    json_t *value = json_object_get(o, key);
    if (!json_is_array(value)) return cuvee__field_wrong(value, where, key, "a list", err);
    *ret = value;
    return CUVEE_OK;
}

int cuvee__field_string(const json_t *o, const char *where, const char *key, struct span *ret,
                        cuvee_error *err)
{
    const json_t *value = json_object_get(o, key);
    if (!json_is_string(value)) return cuvee__field_wrong(value, where, key, "a string", err);
    *ret = (struct span){json_string_value(value), json_string_length(value)};
    return CUVEE_OK;
}

int cuvee__field_bool(const json_t *o, const char *where, const char *key, bool *ret,
                      cuvee_error *err)
{
    const json_t *value = json_object_get(o, key);
    if (!json_is_boolean(value)) return cuvee__field_wrong(value, where, key, "a boolean", err);
    *ret = json_is_true(value);
    return CUVEE_OK;
}

int cuvee__field_bool_or(const json_t *o, const char *where, const char *key, bool *ret,
                         cuvee_error *err)
{
    return cuvee__field_present(o, key) ? cuvee__field_bool(o, where, key, ret, err) : CUVEE_OK;
}

int cuvee__field_integer(const json_t *o, const char *where, const char *key, int64_t lo,
                         int64_t hi, int64_t *ret, cuvee_error *err)
{
    const json_t *value = json_object_get(o, key);
    if (!json_is_integer(value)) return cuvee__field_wrong(value, where, key, "an integer", err);
    const int64_t n = json_integer_value(value);
    if (n < lo || n > hi)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s%s%s is %" PRId64 ", need %" PRId64 " to %" PRId64, where,
                           separator(where), key, n, lo, hi);
    *ret = n;
    return CUVEE_OK;
}
