/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of an architecture beyond its figures: which models it runs, of how many parts it
 * is made, and what breaks when one of them does. By the name of the arm in the default plan. */
#ifndef CUVEE_BENCH_ADVISE_ARMS_H
#define CUVEE_BENCH_ADVISE_ARMS_H

#include <stdbool.h>

#include "bench/advise.h"

struct arm_traits {
    const char *name;      /* of arms called so, or so and a dash and more */
    enum advise_team team; /* whose language it is; ADVISE_ANY_TEAM: nobody's in particular */
    int parts;             /* to install and keep running: programs, runtimes, bridges */
    bool runs_scripts;     /* else model directories only */
    bool is_plain_python;  /* one Python process and nothing else */
    bool takes_callers;    /* has a queue before it; else a service needs one more part */
    bool is_classify;      /* what it does, `cuvee classify` does */
    const char *host;      /* --python-host of that; NULL: no Python in it */
    const char *parts_text, *breaks_text; /* sentences without digits */
};

/* Never NULL: arms that nobody knows have traits too. */
const struct arm_traits *cuvee__advise_traits(const char *arm);

#endif
