/* SPDX-License-Identifier: Apache-2.0 */
#include "os/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

extern char **environ;

static bool is_among(const char *variable, char *const *variables)
{
    const size_t n = strcspn(variable, "=") + 1;
    while (*variables && strncmp(*variables, variable, n) != 0) variables++;
    return *variables != NULL;
}

char **cuvee__environment_with(const char *const *variables, bool keeps_ours)
{
    static char *none[] = {NULL};
    char **ours = environ ? environ : none;
    char *const *added = (char *const *)(uintptr_t)variables; /* older than const */
    size_t n_ours = 0, n_added = 0, n = 0;
    while (ours[n_ours]) n_ours++;
    while (added[n_added]) n_added++;
    char **all = cuvee__alloc_array(n_ours + n_added + 1, sizeof *all);
    if (!all) return NULL;
    for (size_t i = 0; i < n_ours; i++)
        if (keeps_ours || !is_among(ours[i], added)) all[n++] = ours[i];
    for (size_t i = 0; i < n_added; i++)
        if (!keeps_ours || !is_among(added[i], ours)) all[n++] = added[i];
    all[n] = NULL;
    return all;
}
