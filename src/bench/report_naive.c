/* SPDX-License-Identifier: Apache-2.0
 *
 * What naive meters would have said, and which of it is worth a card. */
#include <math.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_parts.h"

const struct report_method cuvee__report_methods[REPORT_METHODS] = {
    {"reported_heap", "the heap that the program reports",
     "One runtime's own heap: not the interpreter, not the libraries, not the weights, no other "
     "process."},
    {"parent_rss_peak", "RSS of the parent",
     "Its children are other processes, and are not in it."},
    {"parent_vm_hwm", "VmHWM of the parent",
     "The high-water mark of one address space; children have their own, and exec begins it anew."},
    {"sampled_1s", "RSS of the parent, once a second",
     "What rises and falls between two samples is not seen, nor are children."},
    {"max_single_maxrss", "ru_maxrss (GNU time)",
     "The largest single process that was waited for, not the tree."},
    {"sum_rss", "sum of RSS over the tree",
     "Pages that several processes share are counted once for each of them."},
    {"sum_of_peaks", "sum of the processes' own peaks",
     "Shared pages many times, and peaks that were at different times."},
    {"uss", "USS (private pages)",
     "Pages that are shared within the tree are not counted at all."}};

const struct report_method *cuvee__report_method(const char *key)
{
    for (size_t i = 0; i < REPORT_METHODS; i++)
        if (strcmp(cuvee__report_methods[i].key, key) == 0) return &cuvee__report_methods[i];
    return NULL;
}

/* How far outside of the bracket, as a ratio above 1; 1: it is within. */
static double error_of(const json_t *entry)
{
    double claimed, low, high;
    if (!cuvee__json_number_at(entry, "claimed", &claimed) ||
        !cuvee__json_number_at(entry, "low", &low) ||
        !cuvee__json_number_at(entry, "high", &high) || !(claimed > 0) || !(low > 0))
        return 1;
    if (claimed > high) return claimed / high;
    return claimed < low ? low / claimed : 1;
}

static size_t count_same(const json_t *list, const size_t *taken, size_t n, const json_t *entry,
                         const char *key)
{
    size_t n_same = 0;
    for (size_t i = 0; i < n; i++)
        n_same += json_equal(json_object_get(json_array_get(list, taken[i]), key),
                             json_object_get(entry, key));
    return n_same;
}

static bool is_taken(const size_t *taken, size_t n, size_t i)
{
    for (size_t k = 0; k < n; k++)
        if (taken[k] == i) return true;
    return false;
}

/* The twin is the same program as the reference. */
static bool is_of_twin(const struct report *r, const json_t *entry)
{
    const struct report_arm *a = cuvee__report_find(r, cuvee__json_text_at(entry, "arm"));
    return !a || a->is_twin;
}

size_t cuvee__report_cards(const struct report *r, size_t ret[REPORT_CARDS])
{
    const json_t *list = cuvee__json_at(r->results, "summary.naive_sum"), *entry;
    size_t n = 0;
    while (n < REPORT_CARDS) {
        double worst = 1.05; /* what is nearer is not worth a card */
        size_t i, best = REPORT_NONE;
        json_array_foreach(list, i, entry)
        {
            if (is_taken(ret, n, i) || is_of_twin(r, entry) || !(error_of(entry) > worst) ||
                !cuvee__report_method(cuvee__json_text_at(entry, "method")) ||
                count_same(list, ret, n, entry, "arm") >= 2 ||
                count_same(list, ret, n, entry, "method") >= 2)
                continue;
            worst = error_of(entry);
            best = i;
        }
        if (best == REPORT_NONE) break;
        ret[n++] = best;
    }
    return n;
}
