/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/json_values.h"

json_t *cuvee__json_bytes(uint64_t kb)
{
    return json_integer((json_int_t)(kb * 1024));
}

json_t *cuvee__json_count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

json_t *cuvee__json_seconds(uint64_t us)
{
    return json_real((double)us / 1e6);
}

void cuvee__json_set_or_null(json_t *o, json_t *why, const char *key, bool is_known, json_t *value,
                             const char *reason)
{
    json_object_set_new(o, key, is_known ? value : json_null());
    if (is_known) return;
    json_decref(value);
    json_object_set_new(why, key, json_string(reason));
}
