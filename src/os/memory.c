/* SPDX-License-Identifier: Apache-2.0 */
#include "os/memory.h"

#include <stdio.h>

uint64_t cuvee__memory_pss(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "re");
    if (!f) return 0;
    char line[256];
    unsigned long long kib = 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "Pss: %llu kB", &kib) == 1) break;
    fclose(f);
    return (uint64_t)kib * 1024;
}
