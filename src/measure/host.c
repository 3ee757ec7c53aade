/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/checked.h"
#include "base/json.h"
#include "os/cpu_list.h"

/* The first bytes of a file, NUL-terminated; NULL when it cannot be read. */
static const char *read_text(const char *root, const char *path, char *text, size_t room)
{
    char whole[512];
    const int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    if (n < 0 || (size_t)n >= sizeof whole) return NULL;
    FILE *f = fopen(whole, "re");
    if (!f) return NULL;
    const size_t len = fread(text, 1, room - 1, f);
    fclose(f);
    text[len] = '\0';
    return len ? text : NULL;
}

static void cut_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
}

/* What stands behind "name<blanks>:<blanks>" in a file of such lines, up to the end of its line. */
static bool find_value(const char *text, const char *name, char *ret, size_t room)
{
    const size_t n = strlen(name);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, n) != 0) continue;
        const char *at = line + n + strspn(line + n, " \t");
        if (*at != ':') continue;
        at += 1 + strspn(at + 1, " \t");
        snprintf(ret, room, "%.*s", (int)cuvee__min(strcspn(at, "\n"), room - 1), at);
        return true;
    }
    return false;
}

/* "0-2,5" as numbers; NULL when it is something else. */
static json_t *list_of_cpus(const char *text)
{
    struct cpu_list cpus;
    if (!cuvee__cpu_list_parse(text, &cpus)) return NULL;
    json_t *list = json_array();
    for (unsigned cpu = 0; cpu < CUVEE__CPU_LIST_MAX; cpu++)
        if (cpu_list_has(&cpus, cpu)) json_array_append_new(list, json_integer(cpu));
    return list;
}

struct host {
    const char *root;
    json_t *o, *why;
    char text[16384]; /* of the file at hand */
};

static void set(struct host *h, const char *key, json_t *value, const char *reason)
{
    char path[64];
    json_object_set_new(h->o, key, value ? value : json_null());
    if (value) return;
    snprintf(path, sizeof path, "host.%s", key);
    json_object_set_new(h->why, path, json_string(reason));
}

static void set_kernel(struct host *h)
{
    const char *release = read_text(h->root, "/proc/sys/kernel/osrelease", h->text, sizeof h->text);
    cut_line(h->text);
    set(h, "kernel", release ? cuvee__json_string(release) : NULL, "/proc/sys is not there");
    unsigned major = 0, minor = 0;
    const bool has_version = release && sscanf(release, "%u.%u", &major, &minor) == 2;
    /* CONFIG_NO_PAGE_MAPCOUNT, with which PSS is an estimate, came with 6.15. */
    if (has_version && (major < 6 || (major == 6 && minor < 15))) {
        set(h, "no_page_mapcount", json_false(), NULL);
        return;
    }
    char path[320];
    snprintf(path, sizeof path, "/boot/config-%.256s", release ? release : "");
    char whole[512], line[256];
    snprintf(whole, sizeof whole, "%.128s%s", h->root, path);
    FILE *f = release ? fopen(whole, "re") : NULL;
    bool is_set = false;
    while (f && fgets(line, sizeof line, f))
        is_set |= strncmp(line, "CONFIG_NO_PAGE_MAPCOUNT=y", 25) == 0;
    set(h, "no_page_mapcount", f ? json_boolean(is_set) : NULL,
        "the kernel's configuration cannot be read");
    if (f) fclose(f);
}

static void set_cpus(struct host *h)
{
    char cpus[4096];
    const char *text = read_text(h->root, "/proc/self/status", h->text, sizeof h->text);
    const bool is_there = text && find_value(text, "Cpus_allowed_list", cpus, sizeof cpus);
    set(h, "cpus_allowed", is_there ? list_of_cpus(cpus) : NULL, "/proc/self/status is silent");
}

/* What a hypervisor calls itself: leaf 0x40000000. */
static const char *hypervisor(void)
{
#if defined(__x86_64__)
    static const struct {
        const char *signature, *name;
    } known[] = {{"KVMKVMKVM", "kvm"},       {"Microsoft Hv", "hyperv"}, {"VMwareVMware", "vmware"},
                 {"XenVMMXenVMM", "xen"},    {"TCGTCGTCGTCG", "qemu"},   {"bhyve bhyve ", "bhyve"},
                 {"VBoxVBoxVBox", "oracle"}, {"ACRNACRNACRN", "acrn"}};
    unsigned a, b, c, d;
    char signature[13] = "";
    __cpuid(0x40000000u, a, b, c, d);
    (void)a;
    memcpy(signature, &b, 4);
    memcpy(signature + 4, &c, 4);
    memcpy(signature + 8, &d, 4);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(signature, known[i].signature) == 0) return known[i].name;
    return "other";
#else
    return "other";
#endif
}

static void set_processor(struct host *h)
{
    char name[256], flags[8192];
    const char *text = read_text(h->root, "/proc/cpuinfo", h->text, sizeof h->text);
    const bool has_name = text && find_value(text, "model name", name, sizeof name);
    set(h, "model", has_name ? cuvee__json_string(name) : NULL, "/proc/cpuinfo names none");
    const bool has_flags = text && find_value(text, "flags", flags, sizeof flags);
    const char *virt = has_flags && strstr(flags, " hypervisor") ? hypervisor() : "none";
    set(h, "virt", has_flags ? json_string(virt) : NULL, "/proc/cpuinfo has no flags");
}

/* "always [madvise] never" */
static void set_huge_pages(struct host *h)
{
    char *text = NULL;
    if (read_text(h->root, "/sys/kernel/mm/transparent_hugepage/enabled", h->text, sizeof h->text))
        text = strchr(h->text, '[');
    const size_t n = text ? strcspn(text + 1, "]") : 0;
    set(h, "thp", n ? json_stringn(text + 1, n) : NULL,
        "/sys/kernel/mm/transparent_hugepage is not there");
}

/* Lines "id:controllers:path"; of v2 "0::path". */
static void set_control_groups(struct host *h)
{
    bool has_v1 = false, has_v2 = false;
    const char *text = read_text(h->root, "/proc/self/cgroup", h->text, sizeof h->text);
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, "0::", 3) == 0)
            has_v2 = true;
        else if (strchr(line, ':') && strncmp(strchr(line, ':'), ":name=", 6) != 0)
            has_v1 = true; /* a controller; a name alone counts and limits nothing */
    }
    const char *kind = has_v1 && has_v2 ? "hybrid" : has_v1 ? "v1" : has_v2 ? "v2" : NULL;
    set(h, "cgroup", kind ? json_string(kind) : NULL, "/proc/self/cgroup names none");
}

json_t *cuvee__host_to_json(const char *root, json_t *why)
{
    struct host h = {.root = root, .o = json_object(), .why = why};
    set_kernel(&h);
    set_cpus(&h);
    set_processor(&h);
    set_huge_pages(&h);
    set(&h, "page", json_integer(sysconf(_SC_PAGESIZE)), NULL);
    set_control_groups(&h);
    return h.o;
}
