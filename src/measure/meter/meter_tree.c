/* SPDX-License-Identifier: Apache-2.0
 *
 * Who belongs to the tree. A process is its pid and its start time. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "measure/meter/meter.h"

#define UNREAD UINT64_MAX

struct process *meter_find(struct meter *m, int pid)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->processes[i].pid == pid) return &m->processes[i];
    return NULL;
}

/* A zombie has nothing left but its number. */
static bool is_alive(const struct proc_stat *stat)
{
    return stat->state != 'Z' && stat->state != 'X';
}

static bool read_alive(int pid, struct proc_stat *ret)
{
    return cuvee__proc_stat_read(pid, ret) && is_alive(ret);
}

/* The same for one of ours: somebody else's, that has the pid now, is not. */
static bool read_member(const struct process *p, struct proc_stat *ret)
{
    const bool has = p->stat_fd >= 0 ? cuvee__proc_stat_read_again(p->stat_fd, ret)
                                     : cuvee__proc_stat_read(p->pid, ret);
    return has && is_alive(ret) && ret->start == p->start;
}

static void say_gone(struct meter *m, const struct process *p)
{
    if (p->stat_fd >= 0) {
        close(p->stat_fd);
        m->n_open--;
    }
    meter_say(m, "G %llu %d\n", (unsigned long long)meter_now_us(m), p->pid);
    meter_want_anchor(m, "gone");
}

void meter_drop(struct meter *m, struct process *p)
{
    say_gone(m, p);
    *p = m->processes[--m->n];
}

static void add_stat(struct meter *m, const struct proc_stat *stat)
{
    if (m->n == CUVEE__METER_PROCESSES) {
        m->lost++;
        return;
    }
    struct process *p = &m->processes[m->n++];
    *p = (struct process){.pid = stat->pid,
                          .ppid = stat->ppid,
                          .start = stat->start,
                          .rss_pages = stat->resident_pages,
                          .faults = stat->minor_faults + stat->major_faults,
                          .shared_pages = UNREAD,
                          .threads = stat->threads,
                          .stat_fd = -1};
    if (m->n_open < m->most_open && (p->stat_fd = cuvee__proc_stat_open(p->pid)) >= 0) m->n_open++;
    memcpy(p->comm, stat->comm, sizeof p->comm);
    meter_say(m, "B %llu %d %llu %d %s\n",
              (unsigned long long)(m->is_starting ? 0 : meter_now_us(m)), p->pid,
              (unsigned long long)p->start, p->ppid, p->comm[0] ? p->comm : "?");
    meter_want_anchor(m, "born");
}

void meter_add(struct meter *m, int pid)
{
    struct proc_stat stat;
    if (pid == getpid() || meter_find(m, pid)) return;
    if (read_alive(pid, &stat)) add_stat(m, &stat);
}

void meter_discover_below(struct meter *m)
{
    static int pids[CUVEE__METER_PROCESSES];
    const size_t room = sizeof pids / sizeof pids[0];
    /* Grandchildren are found in the same round: the list grows under way. Our own children are
     * the command and orphans. */
    const size_t n_own = cuvee__proc_children(getpid(), pids, room);
    for (size_t k = 0; k < n_own; k++) meter_add(m, pids[k]);
    for (size_t i = 0; i < m->n; i++) {
        const size_t n = cuvee__proc_children(m->processes[i].pid, pids, room);
        for (size_t k = 0; k < n; k++) meter_add(m, pids[k]);
    }
}

/* From one pid to a later one, when they may have begun anew, with the first that is free. */
static uint64_t pids_between(const struct meter *m, int from, int to)
{
    enum { RESERVED_PIDS = 300 };
    if (to >= from) return (uint64_t)(to - from);
    return (uint64_t)(m->most_pids - from) +
           (uint64_t)(to > RESERVED_PIDS ? to - RESERVED_PIDS : to);
}

/* Whoever has a parent among us; `last` is the last pid that was given, 0: not known. */
static void look_at_all(struct meter *m, int last)
{
    static int pids[4 * CUVEE__METER_PROCESSES];
    const size_t n = cuvee__proc_all(pids, sizeof pids / sizeof pids[0]), n_before = m->n;
    const uint64_t n_new = pids_between(m, m->searched_pid, last);
    uint64_t n_foreign = 0;
    for (size_t k = 0; k < n; k++) {
        struct proc_stat stat;
        if (meter_find(m, pids[k]) || pids[k] == getpid() || !read_alive(pids[k], &stat)) continue;
        if (stat.ppid != getpid() && !meter_find(m, stat.ppid)) {
            const uint64_t at = pids_between(m, m->searched_pid, pids[k]);
            n_foreign += at > 0 && at <= n_new; /* given since the last search */
            continue;
        }
        add_stat(m, &stat);
        if (!m->group.is_charged || meter_group_has(m, pids[k])) continue;
        /* What it uses from now on is on another bill. */
        m->group.is_charged = false;
        meter_say(m, "U charge 0 process %d has moved itself out of the control group\n", pids[k]);
    }
    /* Children of those that were found may have been passed by, as somebody else's: once more. */
    if (!last || m->n != n_before) return;
    m->n_foreign += n_foreign;
    m->searched_pid = last;
}

/* 0: unknown. */
static int last_pid(const struct meter *m)
{
    int pid;
    return m->last_pid_fd >= 0 && cuvee__proc_last_pid_read_again(m->last_pid_fd, &pid) ? pid : 0;
}

void meter_open_last_pid(struct meter *m)
{
    m->last_pid_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    m->most_pids = cuvee__proc_most_pids();
    m->counted_pid = last_pid(m);
}

void meter_test_last_pid(struct meter *m, int pid)
{
    const int before = m->counted_pid, last = last_pid(m);
    m->counted_pid = m->searched_pid = pid;
    /* Others fork as well: ours lies between the two, and need not be either. */
    const uint64_t at = pids_between(m, before, pid), now = pids_between(m, before, last);
    if (before && last && m->most_pids && at > 0 && at <= now) return;
    /* Some containers have a file of their own there. */
    if (m->last_pid_fd >= 0) close(m->last_pid_fd);
    m->last_pid_fd = -1;
}

bool meter_count_pids(struct meter *m)
{
    const int last = last_pid(m);
    if (!last || !m->most_pids) return false;
    m->n_given += pids_between(m, m->counted_pid, last);
    m->counted_pid = last;
    return true;
}

bool meter_is_listed(const struct meter *m)
{
    const int last = last_pid(m);
    return last && last == m->listed_pid;
}

bool meter_has_searched(const struct meter *m)
{
    const int last = last_pid(m);
    return last && last == m->searched_pid;
}

void meter_discover(struct meter *m, enum meter_look look)
{
    static int pids[2 * CUVEE__METER_PROCESSES];
    /* Before the look: who is born meanwhile is found by the next. A pid is given a moment before
     * its process can be seen, so members are also listed when there is no new one, now and then.
     */
    const int last = last_pid(m);
    meter_events_drain(m);
    if (look == LOOK_IF_BORN && last && last == m->listed_pid) return;
    m->listed_pid = last;
    meter_count_pids(m);
    if (m->group.is_used) {
        const size_t n = meter_group_pids(m, pids, sizeof pids / sizeof pids[0]);
        for (size_t k = 0; k < n; k++) meter_add(m, pids[k]);
    } else if (m->events_fd < 0 && !m->is_exact) {
        meter_discover_below(m);
    }
    if (look == LOOK_EVERYWHERE) look_at_all(m, last);
}

void meter_refresh(struct meter *m)
{
    const uint64_t t = meter_now_us(m);
    const uint64_t us_per_tick = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct process *p = &m->processes[i];
        struct proc_stat stat;
        if (!read_member(p, &stat)) {
            say_gone(m, p);
            continue;
        }
        if (memcmp(stat.comm, p->comm, sizeof p->comm) != 0) {
            memcpy(p->comm, stat.comm, sizeof p->comm);
            meter_say(m, "C %llu %d %s\n", (unsigned long long)t, p->pid, p->comm);
        }
        /* Pages of files come by faults and go with RSS: else nothing need be read. */
        const uint64_t faults = stat.minor_faults + stat.major_faults;
        if (p->shared_pages == UNREAD || stat.resident_pages != p->rss_pages || faults != p->faults)
            p->shared_pages = cuvee__proc_shared_pages(p->pid);
        p->rss_pages = stat.resident_pages;
        p->faults = faults;
        p->threads = stat.threads;
        p->ppid = stat.ppid;
        meter_say(m, "S %llu %d %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)t,
                  p->pid, (unsigned long long)(p->rss_pages * m->page_kb),
                  (unsigned long long)((stat.user_ticks + stat.system_ticks) * us_per_tick),
                  (unsigned long long)stat.minor_faults, (unsigned long long)stat.major_faults,
                  (unsigned long long)stat.threads,
                  (unsigned long long)(p->shared_pages * m->page_kb),
                  (unsigned long long)stat.waited_faults);
        m->processes[kept++] = *p;
    }
    m->n = kept;
    meter_group_say_charge(m);
    const int64_t cpu_us = meter_tree_cpu_us(m);
    if (cpu_us >= 0)
        meter_say(m, "R %llu %llu\n", (unsigned long long)t, (unsigned long long)cpu_us);
}

bool meter_is_empty(struct meter *m)
{
    struct proc_stat stat;
    /* While the first is there, no more need be asked. */
    if (m->n && read_member(&m->processes[0], &stat)) return false;
    if (m->n) meter_refresh(m);
    if (m->n) return false;
    meter_discover(m, LOOK_EVERYWHERE);
    return m->n == 0;
}

void meter_signal_all(struct meter *m, int signal)
{
    if (!signal) return;
    if (signal == SIGKILL) meter_group_kill(m);
    for (size_t i = 0; i < m->n; i++) {
        struct proc_stat stat;
        if (read_member(&m->processes[i], &stat)) kill(stat.pid, signal);
    }
}
