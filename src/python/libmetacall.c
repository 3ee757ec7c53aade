/* SPDX-License-Identifier: Apache-2.0 */
#include "python/libmetacall.h"

#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/error.h"
#include "os/dynamic_library.h"

static void *open_first(const char *const *paths, cuvee_error *ret_first)
{
    void *library = NULL;
    for (size_t i = 0; paths[i] && !library; i++)
        if (cuvee__dynamic_library_open(paths[i], &library, i ? NULL : ret_first) < 0)
            library = NULL;
    return library;
}

static int find_functions(void *library, const char *path, struct libmetacall *ret,
                          cuvee_error *err)
{
    /* Object and function pointers have one size here, but C has no cast between them. */
#define FIND(result, function, arguments)                                                          \
    {                                                                                              \
        void *symbol = cuvee__dynamic_library_symbol(library, #function);                          \
        if (!symbol)                                                                               \
            return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s has no %s()", path, #function);       \
        memcpy(&ret->function, &symbol, sizeof symbol);                                            \
    }
    CUVEE__LIBMETACALL_FUNCTIONS(FIND)
#undef FIND
    return CUVEE_OK;
}

int cuvee__libmetacall_load(struct libmetacall *ret, char *ret_path, size_t room, cuvee_error *err)
{
    const char *const usual[] = {"libmetacall.so", "/usr/local/lib/libmetacall.so",
                                 "/gnu/lib/libmetacall.so", NULL};
    const char *const named[] = {cuvee__env_metacall_library(), NULL};
    cuvee_error first = {0};
    void *library = open_first(*named ? named : usual, &first);
    if (!library)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "MetaCall is not found (%s): install it (https://github.com/metacall/"
                           "install), or name its library in CUVEE_METACALL_LIBRARY",
                           first.msg);
    void *any = cuvee__dynamic_library_symbol(library, "metacall_initialize");
    snprintf(ret_path, room, "%s", cuvee__dynamic_library_of(any, *named ? *named : *usual));
    return find_functions(library, ret_path, ret, err);
}
