/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/naive.h"

void cuvee__naive_figures(const struct account *a, struct naive_figure ret[CUVEE__NAIVE_FIGURES])
{
    const uint64_t kb = 1024;
    const struct naive_figure all[CUVEE__NAIVE_FIGURES] = {
        {"reported_heap", "heap that the program reports", a->has_heap, a->heap_bytes,
         "One runtime's own heap: no other process, no mapped file, no code, no memory of other "
         "libraries."},
        {"parent_rss_peak", "RSS of the parent alone", a->has_leader_samples,
         a->naive_parent_rss * kb, "Children are other processes, and are not in it."},
        {"parent_vm_hwm", "VmHWM of the parent", a->has_leader_anchor, a->naive_parent_hwm * kb,
         "The high-water mark of one address space; an exec begins it anew."},
        {"sampled_1s", "RSS of the parent, sampled once a second", a->has_leader_samples,
         a->naive_sampled * kb, "What rises and falls between two samples is not seen."},
        {"max_single_maxrss", "ru_maxrss (GNU time)", a->has_status, a->naive_max_rss * kb,
         "The largest single process that was waited for, not the tree; and it begins with the "
         "size of whatever started the command."},
        {"sum_rss", "sum of RSS over the tree", a->has_samples, a->naive_sum_rss * kb,
         "Pages that several processes share are counted once for each of them."},
        {"sum_of_peaks", "sum of the processes' own peaks", a->has_samples,
         a->naive_sum_of_peaks * kb,
         "Shared pages many times, and peaks that were at different times."},
        {"uss", "USS (private pages)", a->has_peak, a->private_peak * kb,
         "Pages that are shared within the tree are counted not at all."},
    };
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) ret[i] = all[i];
}
