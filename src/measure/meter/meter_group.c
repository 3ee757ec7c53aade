/* SPDX-License-Identifier: Apache-2.0
 *
 * A control group of the tree's own, below the one that we are in: it lists all members, also those
 * that left by every other way; its processor time is exact; and the memory that it is charged
 * bounds the peak. v2 where it can be written; v1 for what v2 does not have on this machine.
 *   A v2 group that has processes cannot hand the memory controller to groups below itself. Where
 * that is in the way, the group is made beside our own, if no limit of our own is escaped by it. */
#define _GNU_SOURCE /* pread, O_CLOEXEC, fstatat */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "measure/meter/meter.h"
#include "os/cgroup.h"

#define GROUP_PREFIX "cuvee-measure."

enum { FILE_PATH_BYTES = METER_PATH_BYTES + 64, REMOVE_TRIES = 500, RESET_US = 50 };

/* ---- small files ---- */

static int open_in(const char *directory, const char *name, int flags)
{
    char path[FILE_PATH_BYTES];
    if (!*directory) return -1;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return open(path, flags | O_CLOEXEC);
}

static bool write_in(const char *directory, const char *name, const char *text)
{
    const int fd = open_in(directory, name, O_WRONLY);
    if (fd < 0) return false;
    const bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    const int e = errno;
    close(fd);
    errno = e;
    return ok;
}

/* From the start, at most room - 1 bytes; 0 when it cannot be read. */
static size_t read_again(int fd, char *text, size_t room)
{
    const ssize_t n = fd < 0 ? -1 : pread(fd, text, room - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static bool has_word(const char *directory, const char *name, const char *word)
{
    char text[512];
    const int fd = open_in(directory, name, O_RDONLY);
    read_again(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    const size_t n = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at += n)
        if ((at == text || at[-1] == ' ') && (!at[n] || at[n] == ' ' || at[n] == '\n')) return true;
    return false;
}

static uint64_t number_of(int fd)
{
    char text[64];
    return read_again(fd, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

/* The number after a word at the start of a line. */
static uint64_t number_after(const char *text, const char *word)
{
    const size_t n = strlen(word);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, word, n) == 0 && line[n] == ' ') return strtoull(line + n, NULL, 10);
    }
    return 0;
}

/* ---- making ---- */

/* Groups of meters that were killed: nobody else takes them away. Who does not see all processes
 * may take another's pid for that of none, so one that was made just now is left alone. */
static void remove_abandoned(const char *parent)
{
    enum { SURELY_USED_S = 60 };
    DIR *directory = opendir(parent);
    if (!directory) return;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        struct stat made;
        int pid;
        if (sscanf(entry->d_name, GROUP_PREFIX "%d", &pid) != 1 || pid <= 0) continue;
        if (pid != getpid() &&
            (kill(pid, 0) == 0 || errno != ESRCH ||
             fstatat(dirfd(directory), entry->d_name, &made, AT_SYMLINK_NOFOLLOW) < 0 ||
             time(NULL) - made.st_mtime < SURELY_USED_S))
            continue;
        unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR); /* refused while it is used */
    }
    closedir(directory);
}

static bool make(struct meter *m, const char *parent, char leaf[METER_PATH_BYTES])
{
    remove_abandoned(parent);
    const int n = snprintf(leaf, METER_PATH_BYTES, "%s/%s", parent, m->group.name);
    if (n > 0 && n < METER_PATH_BYTES && mkdir(leaf, 0755) == 0) return true;
    leaf[0] = '\0';
    return false;
}

static void remove_leaf(char leaf[METER_PATH_BYTES])
{
    /* Its processes are gone for us before they are for the kernel. */
    for (int i = 0; *leaf && rmdir(leaf) < 0 && errno == EBUSY && i < REMOVE_TRIES; i++)
        nanosleep(&(const struct timespec){0, 2000000}, NULL);
    leaf[0] = '\0';
}

static bool is_unlimited(const char *group)
{
    static const char *const limits[] = {"memory.max", "memory.high", "cpu.max"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const int fd = open_in(group, limits[i], O_RDONLY);
        if (fd < 0) continue;
        close(fd);
        if (!has_word(group, limits[i], "max")) return false;
    }
    return true;
}

static void make_v2(struct meter *m, const char *own)
{
    struct group *g = &m->group;
    static char parent[METER_PATH_BYTES];
    bool hands_memory = has_word(own, "cgroup.subtree_control", "memory");
    if (!hands_memory && has_word(own, "cgroup.controllers", "memory"))
        hands_memory = write_in(own, "cgroup.subtree_control", "+memory");
    snprintf(parent, sizeof parent, "%s", own);
    char *slash = strrchr(parent, '/');
    if (!hands_memory && slash && slash != parent) {
        *slash = '\0';
        if (has_word(parent, "cgroup.subtree_control", "memory") && is_unlimited(own) &&
            make(m, parent, g->tree))
            return;
    }
    make(m, own, g->tree);
}

bool meter_group_make(struct meter *m)
{
    static const char list[] = "/proc/self/cgroup", mounts[] = "/proc/self/mountinfo";
    static char own[METER_PATH_BYTES];
    struct group *g = &m->group;
    int e = ENOENT;
    snprintf(g->name, sizeof g->name, GROUP_PREFIX "%d", (int)getpid());
    if (cuvee__cgroup_place(list, mounts, "", own, sizeof own)) {
        make_v2(m, own);
        e = errno;
    }
    const int charge = open_in(g->tree, "memory.current", O_RDONLY);
    if (charge >= 0) {
        close(charge);
        memcpy(g->memory, g->tree, sizeof g->memory);
    } else if (cuvee__cgroup_place(list, mounts, "memory", own, sizeof own) &&
               !make(m, own, g->memory)) {
        e = errno;
    }
    if (*g->tree)
        memcpy(g->cpu, g->tree, sizeof g->cpu);
    else if (cuvee__cgroup_place(list, mounts, "cpuacct", own, sizeof own) && !make(m, own, g->cpu))
        e = errno;
    if (!*g->tree) memcpy(g->tree, *g->memory ? g->memory : g->cpu, sizeof g->tree);
    g->is_used = *g->tree;
    if (!g->is_used) {
        meter_say(m, "U group 0 no control group can be made here: %s\n", strerror(e));
        meter_say(m, "U charge 0 no control group of the tree's own\n");
    }
    return g->is_used;
}

/* ---- using ---- */

static void open_files(struct meter *m)
{
    struct group *g = &m->group;
    const char *how = "v1";
    g->procs = open_in(g->tree, "cgroup.procs", O_RDONLY);
    g->usage = open_in(g->memory, "memory.current", O_RDONLY);
    if (g->usage >= 0) {
        how = "memory.peak";
        g->peak = open_in(g->memory, "memory.peak", O_RDWR);
        if (g->peak < 0) g->peak = open_in(g->memory, "memory.peak", O_RDONLY);
        g->swap_peak = open_in(g->memory, "memory.swap.peak", O_RDONLY);
    } else {
        how = "memory.max_usage_in_bytes";
        g->usage = open_in(g->memory, "memory.usage_in_bytes", O_RDONLY);
        g->peak = open_in(g->memory, how, *g->name ? O_RDWR : O_RDONLY);
        g->kernel = open_in(g->memory, "memory.kmem.usage_in_bytes", O_RDONLY);
    }
    g->stat = open_in(g->memory, "memory.stat", O_RDONLY);
    g->is_charged = g->usage >= 0 && g->peak >= 0 && g->stat >= 0;
    /* v1 has one peak for all readers, v2 (since 6.12) one for each open file. */
    g->resets = g->is_charged && write(g->peak, "0", 1) == 1;
    g->cpu_time = open_in(g->cpu, "cpu.stat", O_RDONLY);
    if (g->cpu_time < 0) g->cpu_time = open_in(g->cpu, "cpuacct.usage", O_RDONLY);
    meter_group_cpu_us(m, &g->cpu_base_us);
    meter_say(m, "U group 1 %s\n", g->tree);
    if (g->is_charged)
        meter_say(m, "U charge 1 %s\n", how);
    else
        meter_say(m, "U charge 0 the control group has no figures of memory\n");
}

bool meter_group_limit(struct meter *m, uint64_t bytes)
{
    const struct group *g = &m->group;
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)bytes);
    if (*g->memory && *g->name &&
        (write_in(g->memory, "memory.max", text) ||
         write_in(g->memory, "memory.limit_in_bytes", text)))
        return true;
    meter_say(m, "U limit 0 no control group of the tree's own can limit its memory here\n");
    return false;
}

bool meter_group_use(struct meter *m, const char *directory)
{
    struct group *g = &m->group;
    snprintf(g->tree, sizeof g->tree, "%s", directory);
    memcpy(g->memory, g->tree, sizeof g->memory);
    memcpy(g->cpu, g->tree, sizeof g->cpu);
    open_files(m);
    g->is_used = g->procs >= 0;
    return g->is_used;
}

bool meter_group_enter(struct meter *m, int pid)
{
    struct group *g = &m->group;
    char text[16];
    snprintf(text, sizeof text, "%d", pid);
    const bool is_one = strcmp(g->memory, g->tree) == 0;
    if (!write_in(g->tree, "cgroup.procs", text)) {
        meter_say(m, "U group 0 the command could not be moved to its group: %s\n",
                  strerror(errno));
        meter_say(m, "U charge 0 no control group of the tree's own\n");
        meter_group_remove(m);
        return false;
    }
    if (!is_one && *g->memory && !write_in(g->memory, "cgroup.procs", text)) remove_leaf(g->memory);
    if (*g->cpu && strcmp(g->cpu, g->tree) != 0 && !write_in(g->cpu, "cgroup.procs", text))
        remove_leaf(g->cpu);
    open_files(m);
    return true;
}

size_t meter_group_pids(const struct meter *m, int *pids, size_t room)
{
    char text[4096];
    size_t n = 0;
    off_t at = 0;
    int pid = 0;
    for (ssize_t got; (got = pread(m->group.procs, text, sizeof text, at)) > 0; at += got)
        for (ssize_t i = 0; i < got; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else {
                if (pid && n < room) pids[n++] = pid;
                pid = 0;
            }
        }
    return n;
}

bool meter_group_has(const struct meter *m, int pid)
{
    char path[32], text[4096];
    if (!*m->group.name) return true;
    snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return true; /* gone meanwhile */
    const size_t n = read_again(fd, text, sizeof text);
    close(fd);
    /* Once for each hierarchy that it was moved in. */
    size_t found = 0, wanted = 1;
    for (const char *at = text; (at = strstr(at, m->group.name)); at++) found++;
    wanted += *m->group.memory && strcmp(m->group.memory, m->group.tree) != 0;
    return !n || found >= wanted;
}

void meter_group_say_charge(struct meter *m)
{
    static char text[8192];
    struct group *g = &m->group;
    if (!g->is_charged) return;
    const uint64_t asked_us = meter_now_us(m);
    uint64_t peak = number_of(g->peak);
    if (g->resets && write(g->peak, "0", 1) < 0) return;
    const bool is_sure = !g->resets || meter_now_us(m) - asked_us < RESET_US;
    const uint64_t usage = g->said_usage = number_of(g->usage);
    if (peak < usage) peak = usage;
    if (!is_sure) peak = 0; /* what came and went between the two calls nobody has seen */
    read_again(g->stat, text, sizeof text);
    uint64_t file, kernel;
    if (g->kernel >= 0) {
        file = number_after(text, "total_cache");
        kernel = number_of(g->kernel);
    } else {
        file = number_after(text, "file");
        kernel = number_after(text, "kernel_stack") + number_after(text, "pagetables");
    }
    /* The kernel adds up its processors' counts only when 64 pages of each have come together,
     * twice over: each tells of its own then, and those are summed up when that is true of all. */
    static uint64_t slack;
    if (!slack) slack = 2 * 64 * 4096 * (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    file -= file < slack ? file : slack;
    meter_say(m, "H %llu %llu %llu %llu %llu %llu\n", (unsigned long long)meter_now_us(m),
              (unsigned long long)(usage / 1024), (unsigned long long)(peak / 1024),
              (unsigned long long)(number_of(g->swap_peak) / 1024),
              (unsigned long long)(file / 1024), (unsigned long long)(kernel / 1024));
}

bool meter_group_is_still(const struct meter *m)
{
    const struct group *g = &m->group;
    const uint64_t batch = 64 * 4096; /* that a processor takes in advance */
    if (!g->is_charged || !g->resets || !g->is_used) return false;
    const uint64_t usage = number_of(g->usage);
    return usage <= g->said_usage + batch && g->said_usage <= usage + batch &&
           number_of(g->peak) <= g->said_usage + batch;
}

/* ---- processor time ---- */

bool meter_group_cpu_us(const struct meter *m, uint64_t *ret_us)
{
    char text[1024];
    if (!read_again(m->group.cpu_time, text, sizeof text)) return false;
    const bool is_v1 = text[0] >= '0' && text[0] <= '9'; /* nanoseconds, alone */
    const uint64_t us = is_v1 ? strtoull(text, NULL, 10) / 1000 : number_after(text, "usage_usec");
    *ret_us = us - m->group.cpu_base_us;
    return true;
}

const char *meter_group_cpu_source(const struct meter *m)
{
    char text[32];
    if (!read_again(m->group.cpu_time, text, sizeof text)) return NULL;
    return text[0] >= '0' && text[0] <= '9' ? "cpuacct.usage" : "cpu.stat";
}

/* ---- the end ---- */

void meter_group_kill(struct meter *m)
{
    if (m->group.is_used && *m->group.name) write_in(m->group.tree, "cgroup.kill", "1");
}

void meter_group_remove(struct meter *m)
{
    struct group *g = &m->group;
    g->is_used = g->is_charged = false;
    if (!*g->name) return;
    if (strcmp(g->memory, g->tree) != 0) remove_leaf(g->memory);
    if (strcmp(g->cpu, g->tree) != 0) remove_leaf(g->cpu);
    remove_leaf(g->tree);
}
