/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RTLD_DEFAULT, dladdr */
#include "os/dynamic_library.h"

#include <dlfcn.h>

#include "base/error.h"

int cuvee__dynamic_library_open(const char *path, void **ret_library, cuvee_error *err)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        const char *why = dlerror(); /* names the file */
        return cuvee__fail(err, CUVEE_E_IO, "%s", why ? why : path);
    }
    *ret_library = library;
    return CUVEE_OK;
}

void *cuvee__dynamic_library_symbol(void *library, const char *name)
{
    return dlsym(library ? library : RTLD_DEFAULT, name);
}

const char *cuvee__dynamic_library_of(void *symbol, const char *unknown)
{
    Dl_info info;
    return symbol && dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : unknown;
}
