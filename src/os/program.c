/* SPDX-License-Identifier: Apache-2.0 */
#include "os/program.h"

#include <string.h>
#include <unistd.h>

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

void cuvee__process_end(int status)
{
    _exit(status);
}
