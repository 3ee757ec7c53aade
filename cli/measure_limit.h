/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of `cuvee measure`: what --fail-if asks of the figures afterwards, and --limit-mem of the
 * kernel while the command runs. */
#ifndef CUVEE_CLI_MEASURE_LIMIT_H
#define CUVEE_CLI_MEASURE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "measure/account.h"

struct measure_limit {
    enum { LIMIT_NONE, LIMIT_FOOTPRINT, LIMIT_WALL, LIMIT_CPU } kind;
    double most; /* bytes or seconds */
};

/* "footprint>1G", "wall>10", "cpu>5"; NULL: none. False: no limit. */
bool cli__measure_limit_parse(const char *text, struct measure_limit *ret);

/* Bytes, as "500M"; NULL: 0, none. */
bool cli__measure_limit_parse_memory(const char *text, uint64_t *ret);

/* Of a footprint the upper bound counts. Returns 0; 1 when the limit was passed, after a message. A
 * check that could not be made is said, too. */
int cli__measure_limit_check(const struct measure_limit *limit, const struct account *a);

#endif
