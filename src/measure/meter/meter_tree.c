/* SPDX-License-Identifier: Apache-2.0
 *
 * Who belongs to the tree. A process is its pid and its start time. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "measure/meter/meter.h"

struct process *meter_find(struct meter *m, int pid)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->processes[i].pid == pid) return &m->processes[i];
    return NULL;
}

/* A zombie has nothing left but its number. */
static bool read_alive(int pid, struct proc_stat *ret)
{
    return cuvee__proc_stat_read(pid, ret) && ret->state != 'Z' && ret->state != 'X';
}

static void say_gone(struct meter *m, const struct process *p)
{
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
                          .threads = stat->threads};
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

static void look_at_all(struct meter *m)
{
    static int pids[4 * CUVEE__METER_PROCESSES];
    const size_t n = cuvee__proc_all(pids, sizeof pids / sizeof pids[0]);
    for (size_t k = 0; k < n; k++) {
        struct proc_stat stat;
        if (meter_find(m, pids[k]) || pids[k] == getpid() || !read_alive(pids[k], &stat) ||
            !meter_find(m, stat.ppid))
            continue;
        add_stat(m, &stat);
        if (!m->group.is_charged || meter_group_has(m, pids[k])) continue;
        /* What it uses from now on is on another bill. */
        m->group.is_charged = false;
        meter_say(m, "U charge 0 process %d has moved itself out of the control group\n", pids[k]);
    }
}

void meter_discover(struct meter *m, bool look_everywhere)
{
    static int pids[2 * CUVEE__METER_PROCESSES];
    meter_events_drain(m);
    if (m->group.is_used) {
        const size_t n = meter_group_pids(m, pids, sizeof pids / sizeof pids[0]);
        for (size_t k = 0; k < n; k++) meter_add(m, pids[k]);
    } else if (m->events_fd < 0 && !m->is_exact) {
        meter_discover_below(m);
    }
    if (look_everywhere) look_at_all(m);
}

void meter_refresh(struct meter *m)
{
    const uint64_t t = meter_now_us(m);
    const uint64_t us_per_tick = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct process *p = &m->processes[i];
        struct proc_stat stat;
        if (!read_alive(p->pid, &stat) || stat.start != p->start) {
            say_gone(m, p);
            continue;
        }
        if (memcmp(stat.comm, p->comm, sizeof p->comm) != 0) {
            memcpy(p->comm, stat.comm, sizeof p->comm);
            meter_say(m, "C %llu %d %s\n", (unsigned long long)t, p->pid, p->comm);
        }
        p->rss_pages = stat.resident_pages;
        p->faults = stat.minor_faults + stat.major_faults;
        p->threads = stat.threads;
        p->ppid = stat.ppid;
        meter_say(m, "S %llu %d %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)t,
                  p->pid, (unsigned long long)(p->rss_pages * m->page_kb),
                  (unsigned long long)((stat.user_ticks + stat.system_ticks) * us_per_tick),
                  (unsigned long long)stat.minor_faults, (unsigned long long)stat.major_faults,
                  (unsigned long long)stat.threads,
                  (unsigned long long)(cuvee__proc_shared_pages(p->pid) * m->page_kb),
                  (unsigned long long)stat.waited_faults);
        m->processes[kept++] = *p;
    }
    m->n = kept;
    meter_group_say_charge(m);
}

bool meter_is_empty(struct meter *m)
{
    struct proc_stat stat;
    /* While the first is there, no more need be asked. */
    if (m->n && read_alive(m->processes[0].pid, &stat) && stat.start == m->processes[0].start)
        return false;
    if (m->n) meter_refresh(m);
    if (m->n) return false;
    meter_discover(m, true);
    return m->n == 0;
}

void meter_signal_all(struct meter *m, int signal)
{
    if (!signal) return;
    if (signal == SIGKILL) meter_group_kill(m);
    for (size_t i = 0; i < m->n; i++) {
        struct proc_stat stat;
        const struct process *p = &m->processes[i];
        if (cuvee__proc_stat_read(p->pid, &stat) && stat.start == p->start) kill(p->pid, signal);
    }
}
