/* SPDX-License-Identifier: Apache-2.0
 *
 * The cases of `cuvee measure self-test`: what a naive method claims of each, what is true, and
 * whether a measurement has shown both. */
#ifndef CUVEE_CLI_MEASURE_TRAPS_H
#define CUVEE_CLI_MEASURE_TRAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/account.h"

struct trap {
    const char *name;  /* as cuvee-measure-cases has it */
    const char *apart; /* the truth is another case's; NULL: the same one's */
    const char *title;
    const char *naive;          /* key in measure/naive.h; NULL: the next two */
    const char *method, *cause; /* whose claim it is, and why it is wrong */
    bool is_time;               /* seconds, else MiB */
    bool is_brief;              /* known by its upper bound alone */

    double claimed_least, claimed_most; /* when the method fails as it should */
    double truth, slack;                /* of processes themselves, beyond what the case holds */
};

enum { CUVEE__TRAPS = 6 };
extern const struct trap cli__measure_traps[CUVEE__TRAPS];

/* What a measurement says; upper is infinite where there is a lower bound only. */
struct trap_figures {
    double claimed, lower, upper;
    const char *method, *cause;
};

/* Read them from the case's account, and from that of `apart` or the same. False: one of them is
 * not there. */
bool cli__measure_trap_read(const struct trap *trap, const struct account *claim,
                            const struct account *truth, struct trap_figures *ret);

/* The method has failed as it does, and the truth was found. */
bool cli__measure_trap_holds(const struct trap *trap, const struct trap_figures *figures);

#endif
