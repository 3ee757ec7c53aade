/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_at.h"

#include <stdlib.h>
#include <string.h>

const json_t *cuvee__json_at(const json_t *json, const char *path)
{
    while (json && *path) {
        const size_t n = strcspn(path, ".");
        if (json_is_array(json)) {
            char *end;
            const unsigned long i = strtoul(path, &end, 10);
            json = end == path + n && n ? json_array_get(json, i) : NULL;
        } else {
            char key[64];
            if (n >= sizeof key) return NULL;
            memcpy(key, path, n);
            key[n] = '\0';
            json = json_object_get(json, key);
        }
        path += n + (path[n] == '.');
    }
    return json;
}

bool cuvee__json_number_at(const json_t *json, const char *path, double *ret)
{
    const json_t *value = cuvee__json_at(json, path);
    if (!json_is_number(value)) return false;
    *ret = json_number_value(value);
    return true;
}

const char *cuvee__json_text_at(const json_t *json, const char *path)
{
    const char *text = json_string_value(cuvee__json_at(json, path));
    return text ? text : "";
}

bool cuvee__json_text_is(const json_t *json, const char *path, const char *text)
{
    return strcmp(cuvee__json_text_at(json, path), text) == 0;
}
