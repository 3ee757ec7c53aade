/* SPDX-License-Identifier: Apache-2.0
 *
 * What was published, claim by claim (README and code of MetaCall-ML-Go, February 2025: a thousand
 * wine reviews, a model of 66 M parameters, 8 logical cores), beside what was found here. Figures
 * of another machine and model need not be the same; their order and their ratios tell. */
#include <stdio.h>
#include <string.h>

#include "bench/report_parts.h"

enum claim {
    SINGLE_TIME,
    SINGLE_MEMORY,
    SINGLE_CORES,
    MULTI_TIME,
    MULTI_RATIO,
    MULTI_MEMORY,
    SHARED_TIME,
    SHARED_MEMORY,
    BRIDGE_TIME,
    BRIDGE_CLAIM,
    BRIDGE_MEMORY,
    BRIDGE_TO_SINGLE,
    BRIDGE_TO_MULTI,
    RANKING
};

const struct report_claim cuvee__report_claims[REPORT_CLAIMS] = {
    [SINGLE_TIME] = {"Python, one process: time", "38 s (26.3 items/s)", ""},
    [SINGLE_MEMORY] = {"Python, one process: memory", "~500 MB",
                       "runtime 50, PyTorch 150, model 300"},
    [SINGLE_CORES] = {"Python, one process: cores in use", "4 to 5 of 8",
                      "inside PyTorch, without being asked to"},
    [MULTI_TIME] = {"Python, 8 processes: time", "220 s+",
                    "16 s of it were sleeps within the timer"},
    [MULTI_RATIO] = {"8 processes against one", "5.8 x slower", ""},
    [MULTI_MEMORY] = {"Python, 8 processes: memory", "~4000 MB", "8 x 500: 8 models"},
    [SHARED_TIME] = {"Python, shared weights: time", "45-50 s", "an estimate: it was not built"},
    [SHARED_MEMORY] = {"Python, shared weights: memory", "~1200 MB",
                       "an estimate: it was not built"},
    [BRIDGE_TIME] = {"orchestrator and one Python: time", "40 s", "Go and MetaCall"},
    [BRIDGE_CLAIM] = {"orchestrator and one Python: memory, as first claimed", "94 MB",
                      "MemStats.Alloc: the Go heap alone"},
    [BRIDGE_MEMORY] = {"orchestrator and one Python: memory, as corrected", "~694 MB",
                       "Go 10, MetaCall 10, Go heap 74, Python 50, PyTorch 200, model 300, "
                       "buffers 50"},
    [BRIDGE_TO_SINGLE] = {"its memory against one process", "39 % more", ""},
    [BRIDGE_TO_MULTI] = {"its memory against 8 processes", "83 % less", ""},
    [RANKING] = {"least memory first", "single, orchestrator, shared, 8 processes", ""},
};

/* The first of these that has runs. */
static const struct report_arm *first_of(const struct report *r, const char *const *names)
{
    for (; *names; names++) {
        const struct report_arm *a = cuvee__report_find(r, *names);
        if (a && a->has_runs) return a;
    }
    return NULL;
}

static const char *const single[] = {"python-single", NULL};
static const char *const multi[] = {"python-multi", NULL};
static const char *const shared[] = {"python-shared", NULL};
static const char *const bridge[] = {"go-metacall", "metacall", "embed", NULL};

bool cuvee__report_is_of_story(const struct report *r)
{
    return first_of(r, single) || first_of(r, multi) || first_of(r, shared) || first_of(r, bridge);
}

static void put_time(struct prose *p, const struct report_arm *a)
{
    cuvee__prose_say(p,
                     "{s summary.arms.%zu.wall_s.median} ({per_s "
                     "summary.arms.%zu.items_per_s.median} items/s)",
                     a->sum, a->sum);
}

static void put_memory(struct prose *p, const struct report_arm *a)
{
    char low[64], high[64];
    snprintf(low, sizeof low, "summary.arms.%zu.lower.median", a->sum);
    snprintf(high, sizeof high, "summary.arms.%zu.upper.median", a->sum);
    cuvee__prose_range(p, PROSE_BYTES, true, low, high);
}

static void put_more_or_less(const struct report *r, struct prose *p, const struct report_arm *a,
                             const struct report_arm *b)
{
    double x = 0, y = 0;
    cuvee__report_number(r, &x, "summary.arms.%zu.lower.median", a->sum);
    cuvee__report_number(r, &y, "summary.arms.%zu.lower.median", b->sum);
    cuvee__prose_say(p, "{off summary.arms.%zu.lower.median / summary.arms.%zu.lower.median} %s",
                     a->sum, b->sum, x < y ? "less" : "more");
}

static void put_ranking(const struct report *r, struct prose *p)
{
    const struct report_arm *all[] = {first_of(r, single), first_of(r, bridge), first_of(r, shared),
                                      first_of(r, multi)};
    enum { N = sizeof all / sizeof *all };
    double bytes[N];
    bool is_first = true;
    for (size_t i = 0; i < N; i++)
        if (!all[i] ||
            !cuvee__report_number(r, &bytes[i], "summary.arms.%zu.lower.median", all[i]->sum))
            all[i] = NULL;
    for (size_t k = 0; k < N; k++) {
        size_t least = N;
        for (size_t i = 0; i < N; i++)
            if (all[i] && (least == N || bytes[i] < bytes[least])) least = i;
        if (least == N) break;
        cuvee__prose_text(p, is_first ? "" : ", ");
        cuvee__prose_name(p, "summary.arms.%zu.arm", all[least]->sum);
        is_first = false;
        all[least] = NULL;
    }
    if (is_first) cuvee__prose_text(p, "not run");
}

/* Of one arm. */
static void put_of(struct prose *p, enum claim claim, const struct report_arm *a)
{
    switch (claim) {
    case SINGLE_TIME:
    case MULTI_TIME:
    case SHARED_TIME:
    case BRIDGE_TIME:
        put_time(p, a);
        break;
    case SINGLE_CORES:
        cuvee__prose_say(p, "{ratio summary.arms.%zu.cores_used.median} of {count machine.cores}",
                         a->sum);
        break;
    case BRIDGE_CLAIM:
        cuvee__prose_say(p, "its own heap says {bytes summary.arms.%zu.naive.reported_heap}",
                         a->sum);
        break;
    default:
        put_memory(p, a);
    }
}

void cuvee__report_put_found(const struct report *r, size_t claim, struct prose *p)
{
    const struct report_arm *s = first_of(r, single), *m = first_of(r, multi),
                            *b = first_of(r, bridge), *h = first_of(r, shared);
    const struct report_arm *of[REPORT_CLAIMS] = {
        [SINGLE_TIME] = s,  [SINGLE_MEMORY] = s, [SINGLE_CORES] = s,  [MULTI_TIME] = m,
        [MULTI_MEMORY] = m, [SHARED_TIME] = h,   [SHARED_MEMORY] = h, [BRIDGE_TIME] = b,
        [BRIDGE_CLAIM] = b, [BRIDGE_MEMORY] = b};
    if (claim == RANKING)
        put_ranking(r, p);
    else if (claim == MULTI_RATIO && s && m)
        cuvee__prose_say(p,
                         "{ratio summary.arms.%zu.wall_s.median / "
                         "summary.arms.%zu.wall_s.median} times its time",
                         m->sum, s->sum);
    else if (claim == BRIDGE_TO_SINGLE && b && s)
        put_more_or_less(r, p, b, s);
    else if (claim == BRIDGE_TO_MULTI && b && m)
        put_more_or_less(r, p, b, m);
    else if (of[claim])
        put_of(p, (enum claim)claim, of[claim]);
    else
        cuvee__prose_text(p, "not run");
    if (of[claim] && of[claim] == b) {
        cuvee__prose_text(p, " (");
        cuvee__prose_name(p, "summary.arms.%zu.arm", b->sum);
        cuvee__prose_text(p, ")");
    }
}

/* ---- what to use for what ---- */

enum { BATCH, SERVICE, EDGE, THROUGHPUT };

const struct report_use cuvee__report_uses[REPORT_USES] = {
    [BATCH] = {"simple batch: least time, loading included", "Python, one process"},
    [SERVICE] = {"concurrent API service: highest rate", "orchestrator and one Python"},
    [EDGE] = {"edge: least memory", "orchestrator and one Python"},
    [THROUGHPUT] = {"high throughput: most items a second, once loaded", "Python, shared weights"}};

const char *const cuvee__report_use_columns[REPORT_USE_COLUMNS] = {
    "use", "recommended then", "of those published, here", "of all, here"};

/* What a use asks for, the more the better. False: the arm has no such figure. */
static bool merit_of(const struct report *r, size_t use, const struct report_arm *a, double *ret)
{
    double items, all, x;
    if (!a->has_runs || a->is_twin) return false;
    switch (use) {
    case BATCH: /* the time of fewer items is none to compare */
        if (!cuvee__report_number(r, &items, "summary.arms.%zu.n_items", a->sum) ||
            !cuvee__report_number(r, &all, "input.n_items") || items < all ||
            !cuvee__report_number(r, &x, "summary.arms.%zu.wall_s.median", a->sum))
            return false;
        *ret = -x;
        return true;
    case SERVICE:
        return cuvee__report_number(r, ret, "summary.arms.%zu.max_rate.rate", a->sum);
    case EDGE:
        if (!cuvee__report_number(r, &x, "summary.arms.%zu.plan_bytes", a->sum)) return false;
        *ret = -x;
        return true;
    default:
        if (!cuvee__report_number(r, &items, "summary.arms.%zu.n_items", a->sum) ||
            !cuvee__report_number(r, &x, "summary.arms.%zu.work_s.median", a->sum) || !(x > 0))
            return false;
        *ret = items / x;
        return true;
    }
}

static bool is_published(const struct report *r, const struct report_arm *a)
{
    return a == first_of(r, single) || a == first_of(r, multi) || a == first_of(r, shared) ||
           a == first_of(r, bridge);
}

void cuvee__report_put_use(const struct report *r, size_t use, bool of_published, struct prose *p)
{
    const struct report_arm *best = NULL;
    double most = 0, x;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        if ((of_published && !is_published(r, a)) || !merit_of(r, use, a, &x)) continue;
        if (best && x <= most) continue;
        best = a;
        most = x;
    }
    if (!best) {
        cuvee__prose_text(p, use == SERVICE ? "not measured: it needs --scenario "
                                              "offline,single,server"
                                            : "not measured");
        return;
    }
    cuvee__prose_name(p, "summary.arms.%zu.arm", best->sum);
    cuvee__prose_text(p, ": ");
    if (use == BATCH)
        cuvee__prose_number(p, PROSE_SECONDS, "summary.arms.%zu.wall_s.median", best->sum);
    else if (use == SERVICE)
        cuvee__prose_say(p,
                         "{per_s summary.arms.%zu.max_rate.rate} a second, within {ms "
                         "summary.arms.%zu.max_rate.bound_ms}",
                         best->sum, best->sum);
    else if (use == EDGE)
        cuvee__prose_number(p, PROSE_BYTES, "summary.arms.%zu.plan_bytes", best->sum);
    else
        cuvee__prose_say(p, "{per_s summary.arms.%zu.n_items / summary.arms.%zu.work_s.median}",
                         best->sum, best->sum);
}
