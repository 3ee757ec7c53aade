/* SPDX-License-Identifier: Apache-2.0 */
#include "json_text.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "exit_code.h"

void cli__json_text_free(char *text)
{
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    if (text) release(text);
}

json_t *cli__json_string(const char *bytes)
{
    struct buffer text = {0};
    uint64_t n_replaced = 0;
    json_t *string = NULL;
    if (cuvee__utf8_append_valid(&text, bytes, strlen(bytes), &n_replaced) == CUVEE_OK)
        string = json_stringn(text.len ? text.ptr : "", text.len);
    cuvee__buffer_deinit(&text);
    return string;
}

int cli__json_print(const char *command, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
    json_decref(object);
    if (!text) {
        cli__console_say("cuvee %s: out of memory", command);
        return EXIT_MODEL;
    }
    puts(text);
    cli__json_text_free(text);
    return cli__stdout_finish();
}
