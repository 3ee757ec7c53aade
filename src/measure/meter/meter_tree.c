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

static void say_gone(struct meter *m, const struct process *p)
{
    meter_say(m, "G %llu %d\n", (unsigned long long)meter_now_us(m), p->pid);
    meter_want_anchor(m, "gone");
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
                          .is_here = true,
                          .rss_pages = stat->resident_pages,
                          .faults = stat->minor_faults + stat->major_faults,
                          .threads = stat->threads};
    memcpy(p->comm, stat->comm, sizeof p->comm);
    meter_say(m, "B %llu %d %llu %d %s\n", (unsigned long long)meter_now_us(m), p->pid,
              (unsigned long long)p->start, p->ppid, p->comm[0] ? p->comm : "?");
    meter_want_anchor(m, "born");
}

void meter_add(struct meter *m, int pid)
{
    struct proc_stat stat;
    if (pid == getpid() || meter_find(m, pid)) return;
    if (cuvee__proc_stat_read(pid, &stat) && stat.state != 'Z' && stat.state != 'X')
        add_stat(m, &stat);
}

void meter_discover(struct meter *m, bool look_everywhere)
{
    static int pids[2 * CUVEE__METER_PROCESSES];
    const size_t room = sizeof pids / sizeof pids[0];
    /* Grandchildren are found in the same round: the list grows under way. Our own children are
     * the command and orphans. */
    const size_t n_own = cuvee__proc_children(getpid(), pids, room);
    for (size_t k = 0; k < n_own; k++) meter_add(m, pids[k]);
    for (size_t i = 0; i < m->n; i++) {
        const size_t n = cuvee__proc_children(m->processes[i].pid, pids, room);
        for (size_t k = 0; k < n; k++) meter_add(m, pids[k]);
    }
    if (!look_everywhere) return;
    const size_t n = cuvee__proc_all(pids, room);
    for (size_t k = 0; k < n; k++) {
        struct proc_stat stat;
        if (!meter_find(m, pids[k]) && cuvee__proc_stat_read(pids[k], &stat) &&
            meter_find(m, stat.ppid) && stat.state != 'Z')
            add_stat(m, &stat);
    }
}

void meter_refresh(struct meter *m)
{
    const uint64_t t = meter_now_us(m);
    const uint64_t us_per_tick = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct process *p = &m->processes[i];
        struct proc_stat stat;
        if (!cuvee__proc_stat_read(p->pid, &stat) || stat.start != p->start || stat.state == 'Z' ||
            stat.state == 'X') {
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
        meter_say(m, "S %llu %d %llu %llu %llu %llu %llu %llu\n", (unsigned long long)t, p->pid,
                  (unsigned long long)(p->rss_pages * m->page_kb),
                  (unsigned long long)((stat.user_ticks + stat.system_ticks) * us_per_tick),
                  (unsigned long long)stat.minor_faults, (unsigned long long)stat.major_faults,
                  (unsigned long long)stat.threads,
                  (unsigned long long)(cuvee__proc_shared_pages(p->pid) * m->page_kb));
        m->processes[kept++] = *p;
    }
    m->n = kept;
}

void meter_signal_all(struct meter *m, int signal)
{
    for (size_t i = 0; i < m->n; i++) kill(m->processes[i].pid, signal);
}
