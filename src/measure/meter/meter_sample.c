/* SPDX-License-Identifier: Apache-2.0
 *
 * Ticks and anchors; meter.h says when. */
#include <time.h>
#include <unistd.h>

#include "measure/meter/meter.h"

enum {
    LOOK_EVERYWHERE = 10, /* ticks */
    SETTLE_US = 200000,
    ANCHOR_EVERY_US = 1000000,
    CREDIT_US = 250000, /* at most, and at the start */
    SLACK_KB = 512,     /* of a stable anchor */
    MANY_THREADS = 64,
    MAX_STRETCH = 50,    /* intervals */
    COST_US_PER_MB = 15, /* of reading PSS, for the budget, before it was read */
};

uint64_t meter_cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

struct sums {
    uint64_t rss, faults, identity; /* pages; a hash of who is there */
};

static struct sums sums_now(const struct meter *m)
{
    struct sums s = {0, 0, 0};
    for (size_t i = 0; i < m->n; i++) {
        const struct process *p = &m->processes[i];
        s.rss += p->rss_pages;
        s.faults += p->faults;
        s.identity += (uint64_t)p->pid * 2654435761u ^ p->start;
    }
    return s;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

void meter_want_anchor(struct meter *m, const char *trigger)
{
    if (m->pending) return;
    m->pending = trigger;
    m->pending_us = meter_now_us(m);
}

/* A mapping that is being removed is in no list any more, while its pages are still there: the
 * counter says so. */
static bool is_whole(const struct proc_memory *p)
{
    return !p->counted_rss || distance(p->counted_rss, p->rss) <= p->rss / 50 + SLACK_KB;
}

/* One process after the other, before and after with what is cheap to read. */
static void take_anchor(struct meter *m)
{
    static struct proc_memory memory[CUVEE__METER_PROCESSES];
    static bool has[CUVEE__METER_PROCESSES];
    const uint64_t cpu = meter_cpu_us(), t = meter_now_us(m);
    meter_discover(m, false);
    meter_refresh(m);
    const struct sums before = sums_now(m);
    const size_t n = m->n;
    size_t n_read = 0;
    uint64_t pss = 0;
    bool has_all = true;
    for (size_t i = 0; i < n; i++) {
        has[i] = cuvee__proc_memory_read(m->processes[i].pid, &memory[i]);
        has_all = has_all && has[i] && is_whole(&memory[i]);
        n_read += has[i];
        pss += has[i] ? memory[i].pss : 0;
    }
    /* Before refresh moves them: the lines are of these processes. */
    static int pids[CUVEE__METER_PROCESSES];
    static uint64_t threads[CUVEE__METER_PROCESSES];
    for (size_t i = 0; i < n; i++) {
        pids[i] = m->processes[i].pid;
        threads[i] = m->processes[i].threads;
    }
    meter_discover(m, false);
    meter_refresh(m);
    const struct sums after = sums_now(m);
    const uint64_t moved = distance(before.rss, after.rss) + distance(before.faults, after.faults);
    const bool is_stable = before.identity == after.identity && has_all &&
                           moved * m->page_kb <= before.rss * m->page_kb / 200 + SLACK_KB;
    const uint64_t cost = meter_cpu_us() - cpu;
    meter_say(m, "A %llu %zu %d %s %llu\n", (unsigned long long)t, n_read, is_stable, m->pending,
              (unsigned long long)cost);
    for (size_t i = 0; i < n; i++) {
        const struct proc_memory *p = &memory[i];
        if (!has[i]) continue;
        meter_say(m, "P %d %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", pids[i],
                  (unsigned long long)p->pss, (unsigned long long)p->pss_anon,
                  (unsigned long long)p->pss_file, (unsigned long long)p->pss_shmem,
                  (unsigned long long)p->swap_pss, (unsigned long long)p->page_tables,
                  (unsigned long long)threads[i], (unsigned long long)p->private_,
                  (unsigned long long)p->rss, (unsigned long long)p->high_water);
    }
    m->anchors++;
    m->torn += !is_stable;
    m->pending = NULL;
    m->credit_us -= (double)cost;
    m->anchor_us = t;
    m->anchor_rss = after.rss;
    m->anchor_pss = pss / m->page_kb;
    m->anchor_faults = after.faults;
    /* What is still in motion is worth another look. */
    if (!is_stable) meter_want_anchor(m, "grown");
}

void meter_anchor_if_due(struct meter *m, bool force)
{
    const uint64_t now = meter_now_us(m);
    m->credit_us += (double)(now - m->credit_at_us) * m->budget;
    if (m->credit_us > CREDIT_US) m->credit_us = CREDIT_US;
    m->credit_at_us = now;
    if (!m->pending || m->n == 0) return;
    if (!force) {
        const struct sums s = sums_now(m);
        const bool settled = distance(s.rss, m->tick_rss) * 200 < s.rss + 200;
        if (!settled && now - m->pending_us < SETTLE_US) return;
        const double cost = (double)(s.rss * m->page_kb / 1024) * COST_US_PER_MB;
        if (m->credit_us < cost && m->credit_us < CREDIT_US) {
            m->unserved++;
            return;
        }
    }
    take_anchor(m);
}

void meter_say_machine(struct meter *m)
{
    struct proc_cpu_times cpu;
    if (cuvee__proc_cpu_times_read(&cpu))
        meter_say(m, "Y %llu %llu %llu\n", (unsigned long long)meter_now_us(m),
                  (unsigned long long)cpu.busy_us, (unsigned long long)cpu.steal_us);
}

/* What is dear to read and changes slowly. */
static void say_waiting(struct meter *m)
{
    uint64_t threads = 0;
    for (size_t i = 0; i < m->n; i++) threads += m->processes[i].threads;
    if (threads > MANY_THREADS && m->ticks % (LOOK_EVERYWHERE * LOOK_EVERYWHERE)) return;
    const unsigned long long now = meter_now_us(m);
    for (size_t i = 0; i < m->n; i++) {
        const struct process *p = &m->processes[i];
        uint64_t wait_us;
        if (cuvee__proc_run_wait_read(p->pid, &wait_us))
            meter_say(m, "J %llu %d %llu\n", now, p->pid, (unsigned long long)wait_us);
        if (p->ppid == getpid()) meter_say_io(m, p->pid);
    }
}

static void look(struct meter *m)
{
    const bool is_slow = ++m->ticks % LOOK_EVERYWHERE == 0;
    m->tick_rss = sums_now(m).rss;
    meter_discover(m, is_slow);
    meter_refresh(m);
    const struct sums s = sums_now(m);
    const uint64_t now = meter_now_us(m);
    /* Of PSS: where much is shared, 1 % of the sum of RSS is many. */
    if (distance(s.rss, m->anchor_rss) * 100 > m->anchor_pss ||
        distance(s.faults, m->anchor_faults) * 100 > m->anchor_pss)
        meter_want_anchor(m, "grown");
    if (now - m->anchor_us > ANCHOR_EVERY_US) meter_want_anchor(m, "time");
    if (!is_slow) return;
    meter_say_machine(m);
    say_waiting(m);
}

void meter_tick(struct meter *m)
{
    const uint64_t now = meter_now_us(m), cpu = meter_cpu_us();
    m->tick_credit_us += (double)(now - m->tick_at_us) * m->budget / 2;
    if (m->tick_credit_us > CREDIT_US) m->tick_credit_us = CREDIT_US;
    m->tick_at_us = now;
    /* With many processes the interval stretches. */
    if (m->tick_credit_us < 0 && now - m->looked_us < MAX_STRETCH * m->interval_us) return;
    m->looked_us = now;
    look(m);
    const double cost = (double)(meter_cpu_us() - cpu);
    m->tick_credit_us -= cost;
    m->credit_us -= cost;
    meter_anchor_if_due(m, false);
}
