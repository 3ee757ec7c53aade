/* SPDX-License-Identifier: Apache-2.0
 *
 * What naive meters would have said, and which of it is worth a card. */
#include <math.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_parts.h"

enum family { HEAP, ONE_PROCESS, SUM, PRIVATE };

const struct report_method cuvee__report_methods[REPORT_METHODS] = {
    {"reported_heap", "the heap that the program reports",
     "One runtime's own heap: not the interpreter, not the libraries, not the weights, no other "
     "process.",
     HEAP},
    {"parent_rss_peak", "RSS of the parent", "Its children are other processes, and are not in it.",
     ONE_PROCESS},
    {"parent_vm_hwm", "VmHWM of the parent",
     "The high-water mark of one address space; children have their own, and exec begins it anew.",
     ONE_PROCESS},
    {"sampled_1s", "RSS of the parent, once a second",
     "What rises and falls between two samples is not seen, nor are children.", ONE_PROCESS},
    {"max_single_maxrss", "ru_maxrss (GNU time)",
     "The largest single process that was waited for, not the tree.", ONE_PROCESS},
    {"sum_rss", "sum of RSS over the tree",
     "Pages that several processes share are counted once for each of them.", SUM},
    {"sum_of_peaks", "sum of the processes' own peaks",
     "Shared pages many times, and peaks that were at different times.", SUM},
    {"uss", "USS (private pages)", "Pages that are shared within the tree are not counted at all.",
     PRIVATE}};

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

struct chosen {
    const json_t *list;
    size_t *at, n;
};

static const struct report_method *method_of(const json_t *entry)
{
    return cuvee__report_method(cuvee__json_text_at(entry, "method"));
}

static bool is_same(const json_t *a, const json_t *b, const char *key)
{
    return json_equal(json_object_get(a, key), json_object_get(b, key));
}

/* Of each arm two cards that err in different ways, of each method two. */
static bool is_news(const struct chosen *c, const json_t *entry)
{
    size_t n_arm = 0, n_method = 0;
    for (size_t i = 0; i < c->n; i++) {
        const json_t *other = json_array_get(c->list, c->at[i]);
        const bool same_arm = is_same(entry, other, "arm");
        if (same_arm && method_of(entry)->family == method_of(other)->family) return false;
        n_arm += same_arm;
        n_method += is_same(entry, other, "method");
    }
    return n_arm < 2 && n_method < 2;
}

/* The twin is the same program as the reference. */
static bool is_of_twin(const struct report *r, const json_t *entry)
{
    const struct report_arm *a = cuvee__report_find(r, cuvee__json_text_at(entry, "arm"));
    return !a || a->is_twin;
}

size_t cuvee__report_cards(const struct report *r, size_t ret[REPORT_CARDS])
{
    struct chosen c = {cuvee__json_at(r->results, "summary.naive_sum"), ret, 0};
    while (c.n < REPORT_CARDS) {
        double worst = 1.05; /* what is nearer is not worth a card */
        const json_t *entry;
        size_t i, best = REPORT_NONE;
        json_array_foreach(c.list, i, entry)
        {
            if (!method_of(entry) || is_of_twin(r, entry) || !(error_of(entry) > worst) ||
                !is_news(&c, entry))
                continue;
            worst = error_of(entry);
            best = i;
        }
        if (best == REPORT_NONE) break;
        ret[c.n++] = best;
    }
    return c.n;
}
