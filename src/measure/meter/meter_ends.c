/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* wait4, __WALL */
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/meter/meter.h"

static unsigned long long microseconds(const struct timeval *t)
{
    return (unsigned long long)t->tv_sec * 1000000u + (unsigned long long)t->tv_usec;
}

/* ---- processes ---- */

void meter_say_io(struct meter *m, int pid)
{
    uint64_t bytes_read, written;
    if (cuvee__proc_io_read(pid, &bytes_read, &written))
        meter_say(m, "O %d %llu %llu\n", pid, (unsigned long long)bytes_read,
                  (unsigned long long)written);
}

static void say_ended(struct meter *m, int pid, int status, const struct rusage *usage)
{
    const unsigned long long t = meter_now_us(m);
    if (pid == m->leader) {
        m->leader_is_gone = true;
        meter_say(m, "X %llu %d ", t, status);
    } else {
        meter_say(m, "W %llu %d %d ", t, pid, status);
    }
    meter_say(m, "%llu %llu %llu %llu %llu %llu\n", (unsigned long long)usage->ru_maxrss,
              microseconds(&usage->ru_utime), microseconds(&usage->ru_stime),
              (unsigned long long)(usage->ru_nvcsw + usage->ru_nivcsw),
              (unsigned long long)usage->ru_nivcsw,
              (unsigned long long)(usage->ru_minflt + usage->ru_majflt));
}

/* Traced: threads that stop, and every process that ends, also those of other parents. */
static void reap_traced(struct meter *m)
{
    int status;
    struct rusage usage;
    for (pid_t pid; (pid = wait4(-1, &status, __WALL | WNOHANG, &usage)) > 0;) {
        if (WIFSTOPPED(status)) {
            meter_trace_stopped(m, pid, status);
            continue;
        }
        struct process *p = meter_find(m, pid);
        if (pid == m->leader || (p && p->ppid == getpid())) say_ended(m, pid, status, &usage);
        if (p) meter_drop(m, p);
    }
}

/* How long its only thread waited for a processor: a zombie can still be asked. */
static void say_last_wait(struct meter *m, int pid)
{
    uint64_t run, wait;
    const struct process *p = meter_find(m, pid);
    if (p && p->threads == 1 && cuvee__proc_schedstat_read(pid, &run, &wait))
        meter_say(m, "J %llu %d %llu\n", (unsigned long long)meter_now_us(m), pid,
                  (unsigned long long)(wait / 1000));
}

void meter_reap(struct meter *m)
{
    if (m->is_exact) {
        reap_traced(m);
        return;
    }
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        int status;
        struct rusage usage;
        /* Left as it is for a moment: what it read and wrote can still be asked for. */
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid) return;
        meter_say_io(m, info.si_pid);
        say_last_wait(m, info.si_pid);
        /* Who ended with it is said first, and the charge until then: so its faults are told from
         * theirs, and belong to that charge. */
        meter_refresh(m);
        if (wait4(info.si_pid, &status, 0, &usage) != info.si_pid) return;
        say_ended(m, info.si_pid, status, &usage);
    }
}

/* ---- the tree ---- */

static const char *const pressures[] = {"cpu", "memory", "io"};

/* Of the tree's own group, or of the whole machine. */
static bool read_pressures(const struct meter *m, bool of_tree, uint64_t ret[3])
{
    for (int i = 0; i < 3; i++) {
        char path[METER_PATH_BYTES + 32];
        if (of_tree)
            snprintf(path, sizeof path, "%s/%s.pressure", m->group.tree, pressures[i]);
        else
            snprintf(path, sizeof path, "/proc/pressure/%s", pressures[i]);
        if (!cuvee__pressure_read(path, &ret[i])) return false;
    }
    return true;
}

void meter_start_pressure(struct meter *m)
{
    if (!read_pressures(m, false, m->pressure_base_us)) m->pressure_base_us[0] = UINT64_MAX;
}

static void say_pressure(struct meter *m)
{
    uint64_t us[3];
    if (m->group.is_used && *m->group.name && read_pressures(m, true, us)) {
        meter_say(m, "I tree %llu %llu %llu\n", (unsigned long long)us[0],
                  (unsigned long long)us[1], (unsigned long long)us[2]);
        return;
    }
    const uint64_t *base = m->pressure_base_us;
    if (base[0] == UINT64_MAX || !read_pressures(m, false, us)) return;
    meter_say(m, "I machine %llu %llu %llu\n", (unsigned long long)(us[0] - base[0]),
              (unsigned long long)(us[1] - base[1]), (unsigned long long)(us[2] - base[2]));
}

int64_t meter_tree_cpu_us(const struct meter *m)
{
    uint64_t us, ns;
    if (meter_group_cpu_us(m, &us)) return (int64_t)us;
    if (m->perf_fd >= 0 && read(m->perf_fd, &ns, sizeof ns) == (ssize_t)sizeof ns)
        return (int64_t)(ns / 1000);
    return -1;
}

void meter_say_end(struct meter *m)
{
    struct proc_memory self = {0};
    meter_events_drain(m);
    meter_group_say_charge(m);
    meter_say_machine(m);
    say_pressure(m);
    if (m->events_fd >= 0 || m->is_exact)
        meter_say(m, "N %llu %llu %llu %llu\n", (unsigned long long)m->n_processes,
                  (unsigned long long)m->n_execs, (unsigned long long)m->n_exits,
                  (unsigned long long)m->n_overruns);
    if (meter_count_pids(m))
        meter_say(m, "F %llu %llu\n", (unsigned long long)m->n_given,
                  (unsigned long long)m->n_foreign);
    if (m->is_exact)
        meter_say(m, "T %llu %llu\n", (unsigned long long)(m->thread_cpu_ns / 1000),
                  (unsigned long long)(m->thread_wait_ns / 1000));
    const long long cpu_us = meter_tree_cpu_us(m);
    cuvee__proc_memory_read(getpid(), &self);
    meter_say(m, "Z %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %lld\n",
              (unsigned long long)meter_now_us(m), (unsigned long long)meter_cpu_us(),
              (unsigned long long)self.rss, (unsigned long long)m->ticks,
              (unsigned long long)m->late, (unsigned long long)m->worst_late_us,
              (unsigned long long)m->anchors, (unsigned long long)m->torn,
              (unsigned long long)m->unserved, (unsigned long long)m->lost, cpu_us);
    meter_flush(m);
}
