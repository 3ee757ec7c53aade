/* SPDX-License-Identifier: Apache-2.0 */
#include "json_text.h"

#include <stdio.h>

#include "console.h"
#include "exit_code.h"

void cli__json_text_free(char *text)
{
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    if (text) release(text);
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
