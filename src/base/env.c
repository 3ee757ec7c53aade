/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <stdlib.h>

static const char *non_empty(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

const char *cuvee__env_isa(void)
{
    return non_empty("CUVEE_ISA");
}

const char *cuvee__env_model(void)
{
    return non_empty("CUVEE_MODEL");
}

const char *cuvee__env_cache(void)
{
    return non_empty("CUVEE_CACHE");
}

const char *cuvee__env_cache_max(void)
{
    return non_empty("CUVEE_CACHE_MAX");
}

const char *cuvee__env_xdg_cache(void)
{
    return non_empty("XDG_CACHE_HOME");
}

const char *cuvee__env_home(void)
{
    return non_empty("HOME");
}

const char *cuvee__env_virtual_env(void)
{
    return non_empty("VIRTUAL_ENV");
}

const char *cuvee__env_metacall_library(void)
{
    return non_empty("CUVEE_METACALL_LIBRARY");
}

const char *cuvee__env_measure_fd(void)
{
    return non_empty("MEASURE_FD");
}

const char *cuvee__env_no_color(void)
{
    return non_empty("NO_COLOR");
}

const char *cuvee__env_term(void)
{
    return non_empty("TERM");
}

const char *cuvee__env_path(void)
{
    return non_empty("PATH");
}

const char *cuvee__env_xdg_data(void)
{
    return non_empty("XDG_DATA_HOME");
}
