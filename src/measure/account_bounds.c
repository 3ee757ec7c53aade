/* SPDX-License-Identifier: Apache-2.0
 *
 * How large may the tree have been between two readings? account.h has the four bounds, of which
 * the least counts. */
#include <inttypes.h>
#include <stdio.h>

#include "measure/account_parts.h"
#include "measure/record.h"

/* The bound of a tick may still fall: at the next stable anchor less can have gone than was there.
 * With too many at a time, two become one. */
void cuvee__bounds_keep(struct account *a, uint64_t bound)
{
    const size_t most = sizeof a->open / sizeof *a->open;
    if (a->n_open == most) {
        for (size_t i = 0; i < most / 2; i++) {
            const struct account_bound *first = &a->open[2 * i], *second = first + 1;
            a->open[i] = (struct account_bound){cuvee__max(first->bound, second->bound),
                                                first->released_before};
        }
        a->n_open = most / 2;
    }
    a->open[a->n_open++] = (struct account_bound){bound, a->tick_released_before};
    a->tick_released_before = a->released;
}

void cuvee__bounds_settle(struct account *a, uint64_t footprint, uint64_t excess)
{
    uint64_t most = 0;
    for (size_t i = 0; i < a->n_open; i++) {
        const struct account_bound *b = &a->open[i];
        uint64_t bound = b->bound;
        if (footprint != UINT64_MAX)
            bound = cuvee__min(bound, footprint + a->released - b->released_before);
        most = cuvee__max(most, bound);
    }
    a->upper = cuvee__max(a->upper, most + excess);
    a->n_open = 0;
}

/* Faults have come to the accounts of those that waited. Those that were seen before are none of
 * them; the rest was faulted in and gone since the last tick. Only now, since who is gone may be
 * said after who waited for it. Traced, nothing goes unseen. */
void cuvee__bounds_settle_claims(struct account *a)
{
    const uint64_t known = cuvee__min(a->claimed, a->unwaited);
    const uint64_t found = a->trace.is_used ? 0 : a->claimed - known;
    const uint64_t kb = found * (a->page_bytes / 1024);
    a->unwaited -= known;
    a->claimed = 0;
    a->rise += kb;
    a->tick_bound += kb;
    a->released += kb;
    a->faults += found;
}

/* By how much a process may have made the tree larger since its last sample.
 *   Pages of its own come by faults, one each; by RSS where a fault brings more, as huge pages do.
 * Pages of files come by up to 16 with a fault, and those faults are no pages of its own.
 *   One that is new has its parent's pages, if it was forked, and those were there already; its own
 * are what it faulted in, and what it has of files more than its parent. */
uint64_t cuvee__bounds_growth(struct account *a, const struct account_process *p,
                              const struct account_process *parent, const struct usage *now)
{
    enum { FAULT_AROUND = 16, TABLES_KB = 64 /* of a small process */ };
    const uint64_t faulted = now->new_faults * (a->page_bytes / 1024);
    const uint64_t shared_before = p->has_sample ? p->shared : parent ? parent->shared : 0;
    const uint64_t file = over(now->shared, shared_before);
    uint64_t own = over(faulted, file / FAULT_AROUND);
    if (p->has_sample)
        own = cuvee__max(own, over(over(now->rss, now->shared), over(p->rss, p->shared)));
    const uint64_t new_threads = over(now->threads, p->has_sample ? p->threads : 0);
    a->mapped += file;
    return own + file + (own + file) / 512 + new_threads * CUVEE__KERNEL_STACK_KB +
           (p->has_sample ? 0 : TABLES_KB);
}

/* And what it may have given back: what it faulted in, and had, and has no more. */
uint64_t cuvee__bounds_shrinkage(const struct account *a, const struct account_process *p,
                                 const struct usage *now)
{
    const uint64_t faulted = now->new_faults * (a->page_bytes / 1024);
    const bool has_inherited = !p->has_sample && p->pid != a->leader;
    uint64_t given = over(p->rss + faulted, has_inherited ? 0 : now->rss);
    const uint64_t lag = lag_of(a, cuvee__max(p->threads, now->threads));
    if (given > lag) /* no noise: then as much as it can be */
        given = over(cuvee__max(p->rss, p->rss_most) + faulted, has_inherited ? 0 : now->rss) + lag;
    return given + given / 512 + over(p->threads, now->threads) * CUVEE__KERNEL_STACK_KB;
}

void cuvee__bounds_charge(struct account *a, const char *line)
{
    uint64_t t, usage, peak, swap, file, kernel;
    if (sscanf(line, "H %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &t,
               &usage, &peak, &swap, &file, &kernel) != 6)
        return;
    a->has_charge = true;
    if (a->charge.is_used) {
        a->tick.has_charge = true;
        a->tick.charged = usage;
        a->tick.has_charge_peak = peak != 0;
        a->tick.charged_peak = peak;
    }
    a->charged_peak = cuvee__max(a->charged_peak, peak);
    const uint64_t least_file = a->has_charged_file ? cuvee__min(file, a->charged_file) : 0;
    a->charged_file = file;
    a->has_charged_file = true;
    /* What was there before us may have been charged elsewhere. */
    if (!a->has_rise || !a->charge.is_used || a->is_attached) return;
    /* Where the kernel's own memory is not charged, or not as much as we count. */
    const uint64_t uncharged = over(a->rest_kernel, kernel);
    const uint64_t bound =
        peak ? over(peak, least_file) + a->mapped + uncharged + cuvee__max(swap, a->rest_swap)
             : UINT64_MAX;
    /* Faults of a tick were read a little before its charge: what was faulted in between is in the
     * charge before. And the last H comes without a tick. */
    a->tick_charge = cuvee__max(a->tick_charge, cuvee__max(bound, a->charge_before));
    a->charge_before = bound;
}
