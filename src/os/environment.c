/* SPDX-License-Identifier: Apache-2.0 */
#include "os/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

extern char **environ;

static bool is_among(const char *variable, const char *const *variables)
{
    const size_t n = strcspn(variable, "=") + 1;
    while (*variables && strncmp(*variables, variable, n) != 0) variables++;
    return *variables != NULL;
}

char **cuvee__environment_with(const char *const *variables)
{
    size_t n = 0, n_added = 0;
    while (environ && environ[n]) n++;
    while (variables[n_added]) n_added++;
    char **all = cuvee__alloc_array(n + n_added + 1, sizeof *all);
    if (!all) return NULL;
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_among(environ[i], variables)) all[at++] = environ[i];
    for (size_t i = 0; i < n_added; i++) all[at++] = (char *)(uintptr_t)variables[i];
    all[at] = NULL;
    return all;
}
