/* SPDX-License-Identifier: Apache-2.0
 *
 * The environment of programs that we start. */
#ifndef CUVEE_OS_ENVIRONMENT_H
#define CUVEE_OS_ENVIRONMENT_H

#include <stdbool.h>

/* Our environment with variables ("NAME=value", NULL-terminated) added: in the place of those of
 * the same name, or, when ours are kept, only where there is none. Only the array is allocated:
 * release it with cuvee__free(); the strings are borrowed. NULL when out of memory. */
char **cuvee__environment_with(const char *const *variables, bool keeps_ours);

#endif
