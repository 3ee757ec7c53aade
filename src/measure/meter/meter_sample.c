/* SPDX-License-Identifier: Apache-2.0
 *
 * Ticks and anchors; meter.h says when. */
#include <time.h>
#include <unistd.h>

#include "measure/meter/meter.h"

enum {
    SLOW_TICKS = 10,
    SEARCH_TICKS = 100,
    SETTLE_US = 200000,
    ANCHOR_EVERY_US = 1000000,
    ANCHOR_STILL_US = 30000000, /* where nothing moved */
    CROWD_US = 500000,
    RESERVE_US = METER_CREDIT_US / 4 * 3, /* for when the tree has settled */
    SLACK_KB = 512,                       /* of a stable anchor */
    MANY_THREADS = 64,
    MAX_STRETCH = 50,    /* intervals */
    COST_US_PER_MB = 15, /* of reading PSS, before it was read */
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
 * counter says so, as far as it can. */
static bool is_whole(const struct meter *m, const struct proc_memory *p, uint64_t threads)
{
    const struct proc_rss_lag *lag = &m->rss_lag;
    uint64_t slack_kb = p->rss / 50 + SLACK_KB;
    if (lag->is_in_status)
        slack_kb += (lag->process_pages + threads * lag->thread_pages) * m->page_kb;
    return !p->counted_rss || distance(p->counted_rss, p->rss) <= slack_kb;
}

/* Pages that may move during a stable anchor. */
static uint64_t most_moved(const struct meter *m, uint64_t rss)
{
    return rss / 200 + SLACK_KB / m->page_kb;
}

/* One process after the other, before and after with what is cheap to read. */
static void take_anchor(struct meter *m)
{
    static struct proc_memory memory[CUVEE__METER_PROCESSES];
    static bool has[CUVEE__METER_PROCESSES];
    const uint64_t cpu = meter_cpu_us(), t = meter_now_us(m);
    meter_discover(m, LOOK_IF_BORN);
    meter_refresh(m);
    const struct sums before = sums_now(m);
    const size_t n = m->n;
    size_t n_read = 0;
    uint64_t pss = 0;
    bool has_all = true;
    for (size_t i = 0; i < n; i++) {
        has[i] = cuvee__proc_memory_read(m->processes[i].pid, &memory[i]);
        has_all = has_all && has[i] && is_whole(m, &memory[i], m->processes[i].threads);
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
    meter_discover(m, LOOK_IF_BORN);
    meter_refresh(m);
    const struct sums after = sums_now(m);
    const uint64_t moved = distance(before.rss, after.rss) + distance(before.faults, after.faults);
    const bool is_stable =
        before.identity == after.identity && has_all && moved <= most_moved(m, before.rss);
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
    m->paid_us += cost;
    m->anchor_us = t;
    m->anchor_cost_us_per_page = (double)cost / (double)(after.rss + 1);
    m->anchor_is_stable = is_stable;
    m->anchor_rss = after.rss;
    m->anchor_pss = pss / m->page_kb;
    m->anchor_faults = after.faults;
    /* What is still in motion is worth another look. */
    if (!is_stable) meter_want_anchor(m, "grown");
}

/* Of a core: where no processor has time to spare, what we use is taken from the tree. */
static double budget_now(const struct meter *m)
{
    return m->is_crowded ? m->budget / 3 : m->budget;
}

void meter_anchor_if_due(struct meter *m, bool force)
{
    const uint64_t now = meter_now_us(m);
    if (!m->pending || m->n == 0) return;
    /* Who marks every step is not slowed down by it. */
    if (force && m->credit_us > -METER_CREDIT_US) {
        take_anchor(m);
        return;
    }
    const uint64_t rss = sums_now(m).rss;
    const double each = m->anchor_cost_us_per_page > 0
                            ? m->anchor_cost_us_per_page
                            : (double)COST_US_PER_MB * (double)m->page_kb / 1024,
                 cost = (double)rss * each;
    /* Will what moves while it is read be little enough? */
    const bool settled = m->is_calm && m->moved_per_us * cost <= (double)most_moved(m, rss);
    if (!settled && now - m->pending_us < SETTLE_US) return;
    /* In motion it will hardly be stable: never with all that is left. */
    const double needed = cost + (settled ? 0 : RESERVE_US);
    if (m->credit_us >= needed || m->credit_us >= METER_CREDIT_US)
        take_anchor(m);
    else
        m->unserved++;
}

void meter_say_machine(struct meter *m)
{
    struct proc_cpu_times cpu;
    if (!cuvee__proc_cpu_times_read(&m->cpus_of_ours, &cpu)) return;
    const uint64_t now = meter_now_us(m);
    meter_say(m, "Y %llu %llu %llu\n", (unsigned long long)now, (unsigned long long)cpu.busy_us,
              (unsigned long long)cpu.steal_us);
    if (m->idle_us && now - m->idle_at_us < CROWD_US) return;
    /* Less than a tenth of one. */
    if (m->idle_us) m->is_crowded = (cpu.idle_us - m->idle_us) * 10 < now - m->idle_at_us;
    m->idle_us = cpu.idle_us;
    m->idle_at_us = now;
}

/* What is dear to read and changes slowly. */
static void say_waiting(struct meter *m)
{
    uint64_t threads = 0;
    for (size_t i = 0; i < m->n; i++) threads += m->processes[i].threads;
    if (threads > MANY_THREADS && m->ticks % (SLOW_TICKS * SLOW_TICKS)) return;
    const unsigned long long now = meter_now_us(m);
    for (size_t i = 0; i < m->n; i++) {
        const struct process *p = &m->processes[i];
        uint64_t wait_us;
        if (cuvee__proc_run_wait_read(p->pid, p->threads, &wait_us))
            meter_say(m, "J %llu %d %llu\n", now, p->pid, (unsigned long long)wait_us);
        if (p->ppid == getpid()) meter_say_io(m, p->pid);
    }
}

static void look(struct meter *m)
{
    const bool is_slow = ++m->ticks % SLOW_TICKS == 0;
    const bool searches = is_slow && (m->ticks % SEARCH_TICKS == 0 || !meter_has_searched(m));
    /* What only sleeps or computes need not be looked at one by one. */
    if (!is_slow && meter_is_listed(m) && meter_group_is_still(m)) {
        m->is_calm = true;
        return;
    }
    const struct sums before = sums_now(m);
    meter_discover(m, searches ? LOOK_EVERYWHERE : is_slow ? LOOK_AT_MEMBERS : LOOK_IF_BORN);
    meter_refresh(m);
    const struct sums s = sums_now(m);
    const uint64_t now = meter_now_us(m), moved = distance(s.rss, before.rss);
    m->is_calm = moved * 200 < s.rss + 200;
    m->moved_per_us =
        (double)(moved + distance(s.faults, before.faults)) / (double)(now - m->tick_us + 1);
    m->tick_us = now;
    /* Of PSS: where much is shared, 1 % of the sum of RSS is many. */
    if (distance(s.rss, m->anchor_rss) * 100 > m->anchor_pss ||
        distance(s.faults, m->anchor_faults) * 100 > m->anchor_pss)
        meter_want_anchor(m, "grown");
    /* What has not moved has the same PSS, unless somebody else shares it. */
    const bool is_still =
        m->anchor_is_stable && s.rss == m->anchor_rss && s.faults == m->anchor_faults;
    if (now - m->anchor_us > (is_still ? ANCHOR_STILL_US : ANCHOR_EVERY_US))
        meter_want_anchor(m, "time");
    if (!is_slow) return;
    meter_say_machine(m);
    say_waiting(m);
}

/* Processor time for both, each with half of the budget; what ticks leave over is for anchors. */
static void earn(struct meter *m)
{
    const uint64_t now = meter_now_us(m);
    const double each = (double)(now - m->credit_at_us) * budget_now(m) / 2;
    m->credit_at_us = now;
    m->tick_credit_us += each;
    m->credit_us += each;
    if (m->tick_credit_us > METER_TICK_CREDIT_US) {
        m->credit_us += m->tick_credit_us - METER_TICK_CREDIT_US;
        m->tick_credit_us = METER_TICK_CREDIT_US;
    }
    if (m->credit_us > METER_CREDIT_US) m->credit_us = METER_CREDIT_US;
}

void meter_tick(struct meter *m)
{
    const uint64_t now = meter_now_us(m);
    if (now >= m->due_us + m->interval_us) {
        const uint64_t late_us = now - m->due_us;
        m->late += late_us / m->interval_us;
        if (late_us > m->worst_late_us) m->worst_late_us = late_us;
    }
    earn(m);
    look(m);
    /* All that was no anchor, also what the loop itself took. */
    const uint64_t cpu = meter_cpu_us();
    m->tick_credit_us -= (double)(cpu - m->paid_us);
    m->paid_us = cpu;
    meter_anchor_if_due(m, false);
    m->due_us += m->interval_us;
    /* With many processes the interval stretches; what is late is left out. */
    uint64_t rest_us = 0;
    if (m->tick_credit_us < 0) {
        const double most = (double)MAX_STRETCH * (double)m->interval_us,
                     wanted = -m->tick_credit_us / (budget_now(m) / 2);
        rest_us = (uint64_t)(wanted < most ? wanted : most);
    }
    if (m->due_us < now + rest_us) m->due_us = now + rest_us;
    if (m->due_us < meter_now_us(m)) m->due_us = meter_now_us(m) + m->interval_us;
}
