/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* nftw with FTW_ACTIONRETVAL */
#include "measure_attach.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "os/file.h"

static const char mount[] = "/sys/fs/cgroup";

static bool has_file(const char *directory, const char *name)
{
    char path[1200];
    const int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    return n > 0 && (size_t)n < sizeof path && cuvee__file_exists(path);
}

static bool is_group(const char *directory)
{
    return has_file(directory, "cgroup.procs");
}

static bool take(struct attach_target *target, const char *prefix, const char *path)
{
    const int n = snprintf(target->text, sizeof target->text, "%s%s", prefix, path);
    return n > 0 && (size_t)n < sizeof target->text && is_group(target->text);
}

/* As a directory, or below one of the hierarchies. */
static bool find_path(const char *path, struct attach_target *ret)
{
    static const char *const hierarchies[] = {"", "/unified", "/memory", "/systemd"};
    if (take(ret, "", path)) return true;
    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%s%s", mount, hierarchies[i]);
        if (take(ret, prefix, path)) return true;
    }
    return false;
}

/* What nftw() is looking for: it passes nothing on to its callback. */
static struct {
    const char *name;
    char found[1024];
} unit;

static int visit(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    if (type != FTW_D) return FTW_CONTINUE;
    if (strcmp(path + at->base, unit.name) != 0 || !is_group(path)) return FTW_CONTINUE;
    if (strlen(path) >= sizeof unit.found) return FTW_CONTINUE;
    snprintf(unit.found, sizeof unit.found, "%s", path);
    /* In v1 a unit has a group in each hierarchy; one that knows its memory says more. */
    const bool says_most =
        has_file(path, "memory.current") || has_file(path, "memory.usage_in_bytes");
    return says_most ? FTW_STOP : FTW_SKIP_SUBTREE;
}

static bool find_unit(const char *name, struct attach_target *ret)
{
    enum { MAX_OPEN = 16 };
    unit.name = name;
    unit.found[0] = '\0';
    nftw(mount, visit, MAX_OPEN, FTW_PHYS | FTW_ACTIONRETVAL);
    return take(ret, "", unit.found);
}

int cli__measure_attach_find(const char *text, struct attach_target *ret, cuvee_error *err)
{
    enum { MAX_PID = 1 << 22 };
    char *end, name[256];
    *ret = (struct attach_target){.is_group = true};
    const long pid = strtol(text, &end, 10);
    if (end != text && !*end) {
        if (pid <= 0 || pid > MAX_PID)
            return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s is no process", text);
        ret->is_group = false;
        snprintf(ret->text, sizeof ret->text, "%ld", pid);
        return CUVEE_OK;
    }
    if (strchr(text, '/')) {
        if (find_path(text, ret)) return CUVEE_OK;
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s is no control group", text);
    }
    snprintf(name, sizeof name, "%s%s", text, strchr(text, '.') ? "" : ".service");
    if (find_unit(name, ret)) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_ARGUMENT, "no unit %s has a control group below %s", name,
                       mount);
}
