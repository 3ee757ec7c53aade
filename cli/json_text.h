/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_CLI_JSON_TEXT_H
#define CUVEE_CLI_JSON_TEXT_H

#include <jansson.h>

/* Release what json_dumps() gave, with the allocator that jansson was told to use; NULL is fine. */
void cli__json_text_free(char *text);

/* Print an object on stdout, indented, for the --json of `command`; takes the object. NULL, which is what
 * jansson makes of a name that is not UTF-8, gives a message. Returns an exit code. */
int cli__json_print(const char *command, json_t *object);

#endif
