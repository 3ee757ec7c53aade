/* SPDX-License-Identifier: Apache-2.0
 *
 * From the results of an experiment and what the reader can afford, what to run. A pure function of
 * documents: results (bench/1) in, advice (advice/1) out; docs/bench.md, "Advice", has the rules,
 * docs/formats.md the keys. */
#ifndef CUVEE_BENCH_ADVISE_H
#define CUVEE_BENCH_ADVISE_H

#include <jansson.h>

#include "cuvee/cuvee.h"

enum advise_team { ADVISE_ANY_TEAM, ADVISE_PYTHON, ADVISE_C, ADVISE_GO };

/* NAN: not limited, not known. */
struct advise_limits {
    double memory_bytes;
    double latency_p99_ms;
    double rows, finish_within_s; /* finish_within_s needs rows */
    double items_per_s;           /* that arrive, on average */
    double core_hour_price;       /* in whatever currency */
    const char *model;      /* a directory, a packed file or a script; NULL: as in the results */
    const char *machine_id; /* of the machine that asks; NULL: not known */
    enum advise_team team;
    /* For the command of an arm, where they are on that machine; NULL: as words for them. */
    const char *python, *arms, *library;
};

/* *ret_advice: release with json_decref(). Where nothing fits its `fits` is false, and that is no
 * error.
 * Returns CUVEE_OK; CUVEE_E_FORMAT: no results of bench/1, or none that count; CUVEE_E_NOMEM. */
int cuvee__advise(const json_t *results, const struct advise_limits *limits, json_t **ret_advice,
                  cuvee_error *err);

#endif
