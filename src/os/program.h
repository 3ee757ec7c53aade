/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_OS_PROGRAM_H
#define CUVEE_OS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Directory of the running program, symlinks resolved, without a final slash; NUL-terminated.
 * False when the system does not tell or room is too small. */
bool cuvee__program_directory(char *ret_path, size_t room);

/* Is there a program of that name, where PATH says or, with a slash in it, just there? */
bool cuvee__program_exists(const char *name);

/* End this process at once: no handler runs, nothing is flushed, which would be done twice. For a
 * copy of us that somebody has forked; nothing else may call it. */
_Noreturn void cuvee__process_end(int status);

#endif
