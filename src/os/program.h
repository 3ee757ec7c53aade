/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_OS_PROGRAM_H
#define CUVEE_OS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Directory of the running program, symlinks resolved, without a final slash; NUL-terminated.
 * False when the system does not tell or room is too small. */
bool cuvee__program_directory(char *ret_path, size_t room);

#endif
