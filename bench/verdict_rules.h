/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules for "better" and "worse" that were tried for src/bench/verdict.c, and the one taken. */
#ifndef CUVEE_BENCH_VERDICT_RULES_H
#define CUVEE_BENCH_VERDICT_RULES_H

#include "bench/verdict.h"

enum { VERDICT_RULES = 11 };
struct verdict_rule {
    const char *name;
    /* Does it say that the arm differs? n blocks of times, of which the arm's are longer by the
     * share `slower`; v: what the experiment says of them. */
    bool (*claims)(const struct verdict_block *blocks, size_t n, double slower,
                   const struct verdict *v);
};
extern const struct verdict_rule verdict_rules[VERDICT_RULES];

#endif
