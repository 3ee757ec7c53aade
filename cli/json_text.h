/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_JSON_TEXT_H
#define CUVEE_CLI_JSON_TEXT_H

#include <jansson.h>

/* Release what json_dumps() gave, with the allocator that jansson was told to use; NULL is fine. */
void cli__json_text_free(char *text);

/* Print an object on stdout, indented, for the --json of `command`; takes the object. Returns an
 * exit code, after a message when memory is out. */
int cli__json_print(const char *command, json_t *object);

#endif
