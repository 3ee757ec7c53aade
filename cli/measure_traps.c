/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_traps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/naive.h"

/* What they hold is in src/measure/cases/cases_main.c. */
const struct trap cli__measure_traps[CUVEE__TRAPS] = {
    {.name = "heap",
     .title = "a small program over a large child",
     .naive = "reported_heap",
     .claimed_least = 32,
     .claimed_most = 32,
     .truth = 232,
     .slack = 4},
    {.name = "shared",
     .title = "five processes that share what one of them had before it forked",
     .naive = "sum_rss",
     .claimed_least = 495,
     .claimed_most = 520,
     .truth = 100,
     .slack = 10},
    {.name = "floor",
     .apart = "small",
     .title = "a tiny program that a large one starts",
     .method = "ru_maxrss of the tiny program, asked by the large one",
     .cause = "ru_maxrss goes on across exec: it begins with the size of whatever started the "
              "program. The meter is small, so nothing that it starts looks large.",
     .claimed_least = 100,
     .claimed_most = 108,
     .truth = 0.5,
     .slack = 2.5},
    {.name = "orphan",
     .title = "a daemon that outlives whoever started it",
     .naive = "parent_rss_peak",
     .claimed_least = 0,
     .claimed_most = 4,
     .truth = 100,
     .slack = 2},
    {.name = "spike",
     .title = "memory that is there for an instant",
     .naive = "sampled_1s",
     .is_brief = true,
     .claimed_least = 0,
     .claimed_most = 10,
     .truth = 100,
     .slack = 2},
    {.name = "unwaited",
     .title = "a child that nobody waits for",
     .method = "rusage: time, GNU time",
     .cause = "Processor time of a child comes to its parent's account when it is waited for; a "
              "parent that ignores SIGCHLD never does.",
     .is_time = true,
     .claimed_least = 0,
     .claimed_most = 0.2,
     .truth = 0.4,
     .slack = 0.1},
};

static double mib(uint64_t kb)
{
    return (double)kb / 1024;
}

/* The last mark claim=BYTES. */
static bool find_claim(const struct account *a, double *ret_mib)
{
    static const char key[] = "claim=";
    for (size_t i = a->n_marks; i > 0; i--) {
        const char *text = a->marks[i - 1].text;
        if (strncmp(text, key, sizeof key - 1) != 0) continue;
        *ret_mib = strtod(text + sizeof key - 1, NULL) / 1048576;
        return true;
    }
    return false;
}

static bool read_naive(const struct trap *trap, const struct account *a, struct trap_figures *ret)
{
    struct naive_figure all[CUVEE__NAIVE_FIGURES];
    cuvee__naive_figures(a, all);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) {
        if (strcmp(all[i].key, trap->naive) != 0) continue;
        ret->claimed = (double)all[i].bytes / 1048576;
        ret->method = all[i].method;
        ret->cause = all[i].reason;
        return all[i].is_known;
    }
    return false;
}

bool cli__measure_trap_read(const struct trap *trap, const struct account *claim,
                            const struct account *truth, struct trap_figures *ret)
{
    *ret = (struct trap_figures){.method = trap->method, .cause = trap->cause};
    if (trap->is_time) {
        ret->claimed = (double)(claim->user_us + claim->system_us) / 1e6;
        ret->lower = (double)truth->cpu_us / 1e6;
        ret->upper = truth->cpu_is_exact ? ret->lower : (double)INFINITY;
        return claim->has_status && truth->has_cpu;
    }
    ret->lower = mib(truth->lower);
    ret->upper = mib(truth->upper);
    const bool has_claim =
        trap->naive ? read_naive(trap, claim, ret) : find_claim(claim, &ret->claimed);
    return has_claim && truth->has_peak;
}

bool cli__measure_trap_holds(const struct trap *trap, const struct trap_figures *f)
{
    /* Looking finds all but the last tick of a time; pages are counted one by one. */
    const double least = trap->is_time ? trap->truth * 0.9 : trap->truth * 0.99;
    return f->claimed >= trap->claimed_least && f->claimed <= trap->claimed_most &&
           f->lower <= trap->truth + trap->slack && f->upper >= least &&
           (trap->is_brief || f->lower >= least);
}
