/* SPDX-License-Identifier: Apache-2.0
 *
 * What the whole stream says, once it has ended. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "measure/account_parts.h"

int cuvee__account_compare(const void *x, const void *y)
{
    const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

/* The median over the time of the curve through the stable anchors, sampled a thousand times. What
 * the last one said holds to the end: the tree is looked at again only when something moved. */
static int conclude_curve(struct account *a)
{
    enum { SAMPLES = 1000 };
    const uint64_t last = cuvee__max(a->seen_us, a->is_complete ? a->wall_tree_us : 0);
    const struct account_anchor *before = NULL;
    uint64_t *values = cuvee__alloc_array(SAMPLES, sizeof *values), first = 0, end = 0;
    size_t n = 0;
    if (!values) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < a->n_anchors; i++) {
        const struct account_anchor *x = &a->anchors[i];
        if (!x->is_stable) continue;
        if (!before) first = x->t_us;
        end = cuvee__max(x->t_us, last);
        before = x;
    }
    before = NULL;
    for (size_t i = 0; i < a->n_anchors && end > first; i++) {
        const struct account_anchor *x = &a->anchors[i];
        if (!x->is_stable) continue;
        while (before && n < SAMPLES && first + (end - first) * n / SAMPLES < x->t_us)
            values[n++] = before->footprint;
        before = x;
    }
    while (before && n < SAMPLES && end > first) values[n++] = before->footprint;
    if (a->has_peak)
        a->integral_mib_s += a->stood_mib_s + (double)a->stands / 1024.0 *
                                                  (double)(end - cuvee__min(end, a->stands_us)) /
                                                  1e6;
    qsort(values, n, sizeof *values, cuvee__account_compare);
    a->steady_median = n ? values[n / 2] : a->lower;
    cuvee__free(values);
    return CUVEE_OK;
}

static void conclude_cpu(struct account *a)
{
    if (a->is_attached) a->wall_leader_us = a->wall_tree_us;
    uint64_t sampled_us = a->exited_cpu_us;
    for (size_t i = 0; i < a->n_processes; i++) {
        const struct account_process *p = &a->processes[i];
        a->naive_sum_of_peaks += p->peak_rss;
        a->wait_us += p->wait_us;
        if (p->is_here) sampled_us += over(p->cpu_us, p->base_cpu_us);
    }
    a->has_cpu = a->has_tree_cpu || a->has_status || (a->is_attached && a->n_processes);
    a->cpu_is_exact = a->has_tree_cpu;
    /* Children that nobody waits for are in neither of these; the largest one misses least. */
    const uint64_t waited_us = a->user_us + a->system_us;
    a->cpu_us = a->has_tree_cpu ? a->tree_cpu_us
                                : cuvee__max(waited_us, cuvee__max(sampled_us, a->traced_cpu_us));
    if (!a->has_tree_cpu)
        snprintf(a->cpu_source, sizeof a->cpu_source, "%s",
                 a->cpu_us == a->traced_cpu_us ? "ptrace"
                 : a->cpu_us == waited_us      ? "rusage"
                                               : "samples");
}

const char *cuvee__account_membership(const struct account *a, bool *ret_is_complete)
{
    const bool by_events = a->events.is_used && !a->n_overruns;
    *ret_is_complete =
        a->is_complete && !a->n_lost && (a->trace.is_used || a->group.is_used || by_events);
    if (a->trace.is_used) return "ptrace";
    if (a->group.is_used) return "cgroup";
    return a->events.is_used ? "events" : "poll";
}

uint64_t cuvee__account_processes(const struct account *a)
{
    const uint64_t known = a->leader > 0 && !a->is_attached ? 1 : 0;
    return cuvee__max(known, cuvee__max(a->n_born, a->has_counts ? a->n_counted : 0));
}

bool cuvee__account_missed(const struct account *a, uint64_t *ret)
{
    const bool is_counted = a->trace.is_used || a->events.is_used;
    *ret = 0;
    if (is_counted && a->has_counts && !a->n_overruns) return true;
    if (!a->has_pids) return false;
    /* The first one's was given before. */
    const uint64_t seen = a->n_born - a->n_here_first + a->n_threads_seen + a->n_pids_foreign;
    *ret = over(a->n_pids + (a->is_attached ? 0 : 1), seen);
    return true;
}

int cuvee__account_conclude(struct account *a)
{
    if (conclude_curve(a) < 0) return CUVEE_E_NOMEM;
    conclude_cpu(a);
    return CUVEE_OK;
}
