/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/json_values.h"

#include "base/utf8.h"
#include "cuvee/cuvee.h"

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

json_t *cuvee__json_text(const char *bytes)
{
    struct buffer text = {0};
    uint64_t n_replaced = 0;
    json_t *string = NULL;
    if (cuvee__utf8_append_valid(&text, bytes, strlen(bytes), &n_replaced) == CUVEE_OK)
        string = json_stringn(text.len ? text.ptr : "", text.len);
    cuvee__buffer_deinit(&text);
    return string;
}

void cuvee__json_set_or_null(json_t *o, json_t *why, const char *key, bool is_known, json_t *value,
                             const char *reason)
{
    json_object_set_new(o, key, is_known ? value : json_null());
    if (is_known) return;
    json_decref(value);
    json_object_set_new(why, key, json_string(reason));
}
