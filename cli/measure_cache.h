/* SPDX-License-Identifier: Apache-2.0
 *
 * --cache warm:FILE and cold:FILE: whether the system has a file in memory when a command starts
 * decides how long the first start takes. */
#ifndef CUVEE_CLI_MEASURE_CACHE_H
#define CUVEE_CLI_MEASURE_CACHE_H

#include "cuvee/cuvee.h"

enum measure_cache_mode { CACHE_KEEP, CACHE_WARM, CACHE_COLD };

struct measure_cache {
    enum measure_cache_mode mode;
    const char *file;    /* NULL: mode is CACHE_KEEP */
    double cached_share; /* of its pages, just before the run: 0 to 1 */
};

/* text: "keep", "warm:FILE", "cold:FILE", or NULL as keep. Returns CUVEE_OK, CUVEE_E_ARGUMENT. */
int cli__measure_cache_parse(const char *text, struct measure_cache *ret, cuvee_error *err);

/* Read the file whole, or have the system drop it (what other programs have mapped stays), and see
 * how much of it is in memory then. Before each run. Returns CUVEE_OK, CUVEE_E_IO. */
int cli__measure_cache_prepare(struct measure_cache *c, cuvee_error *err);

#endif
