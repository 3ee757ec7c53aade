/* SPDX-License-Identifier: Apache-2.0
 *
 * What an arm needs and this machine may not have. */
#ifndef CUVEE_BENCH_NEEDS_H
#define CUVEE_BENCH_NEEDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

/* Does it run in this scenario? One that does not say runs in all. */
bool cuvee__arm_has_scenario(const json_t *arm, const char *scenario);

/* What the reason begins with when packages of Python are missing. */
#define CUVEE__NEEDS_SETUP "'cuvee bench setup' installs what is missing"

/* Why an arm cannot run: what of its `needs` is missing, or the scenario is none of its. The empty
 * string when it can.
 *   python    the interpreter that arms in Python run in
 *   scenario  of the plan
 * Returns CUVEE_OK, CUVEE_E_FORMAT (a need of no known kind), CUVEE_E_NOMEM. */
int cuvee__needs_missing(const json_t *arm, const char *python, const char *scenario,
                         char *ret_reason, size_t room, cuvee_error *err);

#endif
