/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits that a control group (a container, a systemd slice) puts on this process: v2, and v1 as
 * mounted by most distributions. The limit of any enclosing group counts, so the tightest one is
 * reported. */
#ifndef CUVEE_OS_CGROUP_H
#define CUVEE_OS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where to look; tests bring their own tree. */
struct cgroup_paths {
    const char *list;  /* as /proc/self/cgroup */
    const char *mount; /* as /sys/fs/cgroup; at most 256 bytes */
};

extern const struct cgroup_paths cuvee__cgroup_own;

/* CPU quota (v2 cpu.max, v1 cpu.cfs_quota_us / cpu.cfs_period_us) in cores; 0 = none. */
double cuvee__cgroup_cpu_quota(const struct cgroup_paths *paths);

/* Memory limit in bytes; 0 = none. */
uint64_t cuvee__cgroup_memory_limit(const struct cgroup_paths *paths);

/* Directory of this process's own group in one hierarchy, wherever it is mounted.
 *   list, mounts  as /proc/self/cgroup and /proc/self/mountinfo; tests bring their own
 *   controller    "" for v2, else the name of a v1 controller
 * Returns false when there is no such hierarchy, or its mount does not show the group, as in some
 * containers. */
bool cuvee__cgroup_place(const char *list, const char *mounts, const char *controller, char *path,
                         size_t room);

#endif
