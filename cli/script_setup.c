/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* setenv */
#include "script_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "base/checked.h"
#include "os/cpu.h"
#include "os/file.h"

enum { MAX_ARENAS = 2 };

bool cli__is_script(const struct model_request *request)
{
    char path[MODEL_PATH_ROOM];
    return !cli__model_find(request->path, path, NULL) && cuvee__path_is_script(path);
}

void cli__script_prepare(const struct model_request *request)
{
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return; /* no standard error: print() goes nowhere */
    setenv("TOKENIZERS_PARALLELISM", "false", 0);
    if (request->concurrency > 1) {
        char threads[24];
        const uint32_t cores = cuvee__cpu_default_workers();
        snprintf(threads, sizeof threads, "%zu",
                 cuvee__max(1, cores / (size_t)request->concurrency));
        setenv("OMP_NUM_THREADS", threads, 0);
    }
#if defined(__GLIBC__)
    mallopt(M_ARENA_MAX, MAX_ARENAS);
#endif
}
