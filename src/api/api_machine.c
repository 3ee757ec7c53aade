/* SPDX-License-Identifier: Apache-2.0 */
#include "api/args.h"
#include "cuvee/cuvee.h"
#include "kernels/kernels.h"
#include "os/cgroup.h"
#include "os/cpu.h"

static const struct struct_sizes info_sizes =
    STRUCT_SIZES(cuvee_machine_info, memory_limit_bytes);

int cuvee_machine_describe(const char *isa, cuvee_machine_info *info, cuvee_error *err)
{
    int rc = cuvee__info_check(&info_sizes, info, err);
    if (rc < 0) return rc;
    cuvee_machine_info filled = {.struct_size = sizeof filled};
    struct kernels kernels;
    rc = cuvee__kernels_choose(&kernels, isa, err);
    filled.tier = rc == CUVEE_OK ? kernels.name : NULL;
    filled.tiers_built = cuvee__kernels_built();
    filled.tiers_usable = cuvee__kernels_usable();
    cuvee__cpu_name(filled.cpu, sizeof filled.cpu);
    filled.allowed_cores = cuvee__cpu_allowed_cores();
    filled.cgroup_cores = cuvee__cgroup_cpu_quota(&cuvee__cgroup_own);
    filled.default_workers = cuvee__cpu_default_workers();
    filled.memory_bytes = cuvee__memory_bytes();
    filled.memory_limit_bytes = cuvee__cgroup_memory_limit(&cuvee__cgroup_own);
    cuvee__info_write(&info_sizes, info, &filled);
    return rc;
}
