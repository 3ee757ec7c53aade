/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "api/args.h"
#include "cuvee/cuvee.h"
#include "python/interpreter.h"
#include "python/libmetacall.h"
#include "python/script.h"

static const struct struct_sizes info_sizes = STRUCT_SIZES(cuvee_python_info, why);

static void fill_metacall(cuvee_python_info *info)
{
    struct libmetacall api;
    cuvee_error err = {0};
    if (cuvee__libmetacall_load(&api, info->metacall, sizeof info->metacall, &err) == CUVEE_OK)
        return;
    info->metacall[0] = '\0';
    snprintf(info->metacall_trouble, sizeof info->metacall_trouble, "%s", err.msg);
}

int cuvee_python_describe(const char *python, cuvee_python_info *info, cuvee_error *err)
{
    struct interpreter found;
    int rc = cuvee__info_check(&info_sizes, info, err);
    if (rc < 0) return rc;
    cuvee_python_info filled = {.struct_size = sizeof filled};
    fill_metacall(&filled);
    rc = cuvee__interpreter_find(python, &found, err);
    if (rc == CUVEE_OK) {
        snprintf(filled.python, sizeof filled.python, "%s", found.executable);
        snprintf(filled.version, sizeof filled.version, "%s", found.version);
        snprintf(filled.library, sizeof filled.library, "%s", found.library ? found.library : "");
        filled.host = cuvee__script_auto_host(&found, &filled.why);
        cuvee__interpreter_deinit(&found);
    }
    cuvee__info_write(&info_sizes, info, &filled);
    return rc;
}
