/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* syscall */
#include "os/perf_counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t kinds[PERF_N_COUNTERS] = {
    [PERF_CACHE_REFERENCES] = PERF_COUNT_HW_CACHE_REFERENCES,
    [PERF_CACHE_MISSES] = PERF_COUNT_HW_CACHE_MISSES,
};

static int open_counter(enum perf_counter which)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attr,
        .config = kinds[which],
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
        .inherit = 1,
        .exclude_kernel = 1, /* more is allowed to few */
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static const char *reason_of(int error)
{
    switch (error) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
        return "this machine has no counters of its caches, as many virtual machines";
    case EACCES:
    case EPERM:
        return "counting is not allowed here (perf_event_paranoid, or a container)";
    case ENOSYS:
        return "this system has no perf_event_open";
    default:
        return strerror(error);
    }
}

void cuvee__perf_counters_open(struct perf_counters *c, char *why, size_t room)
{
    snprintf(why, room, "%s", "");
    for (int i = 0; i < PERF_N_COUNTERS; i++) {
        c->fds[i] = open_counter((enum perf_counter)i);
        if (c->fds[i] < 0 && i == PERF_CACHE_MISSES) snprintf(why, room, "%s", reason_of(errno));
    }
}

bool cuvee__perf_counters_read(const struct perf_counters *c, enum perf_counter which, double *ret)
{
    struct {
        uint64_t value, enabled_ns, running_ns;
    } count;
    if (c->fds[which] < 0 || read(c->fds[which], &count, sizeof count) != sizeof count ||
        count.running_ns == 0)
        return false;
    *ret = (double)count.value * ((double)count.enabled_ns / (double)count.running_ns);
    return true;
}

void cuvee__perf_counters_close(struct perf_counters *c)
{
    for (int i = 0; i < PERF_N_COUNTERS; i++) {
        if (c->fds[i] >= 0) close(c->fds[i]);
        c->fds[i] = -1;
    }
}
