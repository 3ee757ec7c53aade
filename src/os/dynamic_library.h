/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared libraries that are loaded when they are needed, not linked. */
#ifndef CUVEE_OS_DYNAMIC_LIBRARY_H
#define CUVEE_OS_DYNAMIC_LIBRARY_H

#include "cuvee/cuvee.h"

/* Load a library with its symbols visible to libraries that are loaded later (extension modules of
 * Python need that). It stays until the process ends: there is no closing.
 * Returns CUVEE_OK, CUVEE_E_IO (the message is the loader's). */
int cuvee__dynamic_library_open(const char *path, void **ret_library, cuvee_error *err);

/* The address of a symbol, NULL when there is none. library NULL: of the program itself and all
 * that it has loaded. */
void *cuvee__dynamic_library_symbol(void *library, const char *name);

/* The path of the library that a symbol lies in, kept as long as that; `unknown` when the loader
 * does not know. */
const char *cuvee__dynamic_library_of(void *symbol, const char *unknown);

#endif
