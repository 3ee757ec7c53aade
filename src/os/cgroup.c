/* SPDX-License-Identifier: Apache-2.0 */
#include "os/cgroup.h"

#include <stdio.h>
#include <string.h>

const struct cgroup_paths cuvee__cgroup_own = {"/proc/self/cgroup", "/sys/fs/cgroup"};

/* First line of a small file, without its newline; false when it cannot be read. */
static bool read_line(const char *path, char *line, size_t room)
{
    FILE *f = fopen(path, "re");
    if (!f) return false;
    const bool ok = fgets(line, (int)room, f) != NULL;
    fclose(f);
    if (ok) line[strcspn(line, "\n")] = '\0';
    return ok;
}

/* Path of this process's group below the mount of a hierarchy: controller "" is v2 ("0::/a/b"),
 * else the v1 line whose controller list names it. */
static bool own_group(const char *list_path, const char *controller, char *path, size_t room)
{
    FILE *f = fopen(list_path, "re");
    if (!f) return false;
    char line[4096];
    bool found = false;
    while (!found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *list = strchr(line, ':');
        char *group = list ? strchr(list + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        list++;
        if (!*controller) {
            found = !*list;
        } else {
            for (const char *item = list; item && !found; item = strchr(item, ',')) {
                item += *item == ',';
                const size_t n = strcspn(item, ",");
                found = n == strlen(controller) && memcmp(item, controller, n) == 0;
            }
        }
        if (found) snprintf(path, room, "%s", group);
    }
    fclose(f);
    return found;
}

/* Call visit(dir) for the group and each of its parents up to the mount: a limit anywhere above
 * binds. In a container the path may not exist below the mount (a namespace); its root is then what
 * is seen. sub: "" for v2, "/cpu" or "/memory" for a v1 hierarchy, whose controller has the same
 * name. */
static void for_each_group(const struct cgroup_paths *paths, const char *sub,
                           void (*visit)(const char *dir, void *user), void *user)
{
    char group[4096], dir[4096 + 512];
    const char *controller = *sub ? sub + 1 : sub;
    if (!own_group(paths->list, controller, group, sizeof group)) group[0] = '\0';
    for (;;) {
        size_t n = strlen(group);
        while (n && group[n - 1] == '/') group[--n] = '\0';
        snprintf(dir, sizeof dir, "%.256s%s%s", paths->mount, sub, group);
        visit(dir, user);
        char *slash = strrchr(group, '/');
        if (!slash) break;
        *slash = '\0';
    }
}

static void visit_cpu(const char *dir, void *user)
{
    double *tightest = user;
    char path[4096 + 600], line[256];
    double quota = -1, period = 100000;
    snprintf(path, sizeof path, "%s/cpu.max", dir); /* v2: "max 100000" or "150000 100000" */
    if (read_line(path, line, sizeof line)) {
        if (strncmp(line, "max", 3) == 0 || sscanf(line, "%lf %lf", &quota, &period) < 1) return;
    } else {
        snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", dir);
        if (!read_line(path, line, sizeof line) || sscanf(line, "%lf", &quota) != 1) return;
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", dir);
        if (read_line(path, line, sizeof line)) sscanf(line, "%lf", &period);
    }
    if (quota <= 0 || period <= 0) return;
    const double cores = quota / period;
    if (*tightest == 0 || cores < *tightest) *tightest = cores;
}

double cuvee__cgroup_cpu_quota(const struct cgroup_paths *paths)
{
    double tightest = 0;
    for_each_group(paths, "", visit_cpu, &tightest);
    for_each_group(paths, "/cpu", visit_cpu, &tightest);
    return tightest;
}

static void visit_memory(const char *dir, void *user)
{
    uint64_t *tightest = user;
    char path[4096 + 600], line[256];
    snprintf(path, sizeof path, "%s/memory.max", dir);
    if (!read_line(path, line, sizeof line)) {
        snprintf(path, sizeof path, "%s/memory.limit_in_bytes", dir);
        if (!read_line(path, line, sizeof line)) return;
    }
    unsigned long long limit;
    if (sscanf(line, "%llu", &limit) != 1) return; /* "max" */
    if (limit >= (1ull << 60)) return;             /* v1 writes "no limit" as a huge number */
    if (*tightest == 0 || limit < *tightest) *tightest = limit;
}

uint64_t cuvee__cgroup_memory_limit(const struct cgroup_paths *paths)
{
    uint64_t tightest = 0;
    for_each_group(paths, "", visit_memory, &tightest);
    for_each_group(paths, "/memory", visit_memory, &tightest);
    return tightest;
}

/* ---- places ---- */

/* Is name one of the comma-separated items? */
static bool is_listed(const char *items, const char *name)
{
    const size_t n = strlen(name);
    for (const char *item = items; *item; item += strcspn(item, ","), item += *item == ',')
        if (strcspn(item, ",") == n && memcmp(item, name, n) == 0) return true;
    return false;
}

/* A line of mountinfo: "36 35 0:29 /root /mount/point options... - type source superoptions". Where
 * the group is below that mount; false when the mount is another one. */
static bool place_below(char *line, const char *controller, const char *group, char *path,
                        size_t room)
{
    char root[1024], point[1024], type[32], super[512];
    char *rest = strstr(line, " - ");
    if (!rest || sscanf(line, "%*d %*d %*s %1023s %1023s", root, point) != 2) return false;
    if (sscanf(rest, " - %31s %*s %511s", type, super) != 2) return false;
    if (strcmp(type, *controller ? "cgroup" : "cgroup2") != 0) return false;
    if (*controller && !is_listed(super, controller)) return false;
    const size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(group, root, n) != 0 || (group[n] && group[n] != '/')) return false;
    if (strstr(group, "/..")) return false; /* above what this namespace shows */
    const char *below = group + n;
    const int len = snprintf(path, room, "%s%s", point, strcmp(below, "/") == 0 ? "" : below);
    return len > 0 && (size_t)len < room;
}

bool cuvee__cgroup_place(const char *list, const char *mounts, const char *controller, char *path,
                         size_t room)
{
    char group[4096], line[4096];
    if (!own_group(list, controller, group, sizeof group)) return false;
    FILE *f = fopen(mounts, "re");
    if (!f) return false;
    bool found = false;
    while (!found && fgets(line, sizeof line, f))
        found = place_below(line, controller, group, path, room);
    fclose(f);
    return found;
}
