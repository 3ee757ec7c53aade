/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of MetaCall's C API that the MetaCall host uses, looked up in libmetacall at run time:
 * no header of MetaCall is read. Values are opaque there, too. */
#ifndef CUVEE_PYTHON_LIBMETACALL_H
#define CUVEE_PYTHON_LIBMETACALL_H

#include <stddef.h>

#include "cuvee/cuvee.h"

/* X(result, name, arguments). Enumerations are int there. */
#define CUVEE__LIBMETACALL_FUNCTIONS(X)                                                            \
    X(void, metacall_log_null, (void))                                                             \
    X(int, metacall_initialize, (void))                                                            \
    X(int, metacall_load_from_memory, (const char *, const char *, size_t, void **))               \
    X(void *, metacall_handle_function, (void *, const char *))                                    \
    X(void *, metacallfv_s, (void *, void *[], size_t))                                            \
    X(void *, metacall_value_create_buffer, (const void *, size_t))                                \
    X(int, metacall_value_id, (void *))                                                            \
    X(size_t, metacall_value_size, (void *))                                                       \
    X(void *, metacall_value_to_buffer, (void *))                                                  \
    X(void, metacall_value_destroy, (void *))

enum { METACALL_BUFFER = 8 }; /* of enum metacall_value_id */

struct libmetacall {
#define DECLARE(result, name, arguments) result(*name) arguments;
    CUVEE__LIBMETACALL_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* Load it: the library that CUVEE_METACALL_LIBRARY names, else libmetacall.so where libraries are
 * sought, or where MetaCall's installer puts it. It is not initialised, and stays loaded.
 *   ret_path  where it lies; room bytes.
 * Returns CUVEE_OK; CUVEE_E_UNSUPPORTED: it is not there, or lacks a function; says what to do. */
int cuvee__libmetacall_load(struct libmetacall *ret, char *ret_path, size_t room, cuvee_error *err);

#endif
