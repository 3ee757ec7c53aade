/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/error.h"

int cuvee__json_parse(struct span text, const char *name, json_t **ret_json, cuvee_error *err)
{
    json_error_t detail;
    /* jansson stops at depth 2048 by itself (JSON_PARSER_MAX_DEPTH), so "[[[[" cannot exhaust the stack. */
    json_t *json = json_loadb(text.ptr ? text.ptr : "", text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &detail);
    if (json) {
        *ret_json = json;
        return CUVEE_OK;
    }
    if (json_error_code(&detail) == json_error_out_of_memory)
        return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    return cuvee__fail_at(err, CUVEE_E_FORMAT, detail.position, "%s: not JSON at byte %d (line %d): %s",
                          name, detail.position, detail.line, detail.text);
}
