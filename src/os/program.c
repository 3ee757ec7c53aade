/* SPDX-License-Identifier: Apache-2.0 */
#include "os/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "os/file.h"

enum { PATH_ROOM = 4400 };

bool cuvee__program_directory(char *ret_path, size_t room)
{
    const ssize_t n = readlink("/proc/self/exe", ret_path, room);
    if (n <= 0 || (size_t)n >= room) return false; /* readlink cuts without a word */
    ret_path[n] = '\0';
    char *slash = strrchr(ret_path, '/');
    if (!slash) return false;
    *slash = '\0';
    return true;
}

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0 && !cuvee__path_is_directory(path);
}

bool cuvee__program_exists(const char *name)
{
    if (strchr(name, '/')) return is_program(name);
    for (const char *at = cuvee__env_path(); at && *at;) {
        char path[PATH_ROOM];
        const size_t n = strcspn(at, ":");
        const int len =
            snprintf(path, sizeof path, "%.*s/%s", (int)(n < PATH_ROOM ? n : 0), at, name);
        if (len > 0 && len < PATH_ROOM && is_program(path)) return true;
        at += n + (at[n] == ':');
    }
    return false;
}

void cuvee__process_end(int status)
{
    _exit(status);
}
