/* SPDX-License-Identifier: Apache-2.0
 *
 * The sentences of an advice, made of the advice itself: `from` of each has the paths of its
 * numbers in that document. */
#ifndef CUVEE_BENCH_ADVISE_WORDS_H
#define CUVEE_BENCH_ADVISE_WORDS_H

#include "bench/advise_contest.h"

/* How a limit is called: "memory", "latency_p99", "finish_within", "rate". */
const char *cuvee__advise_limit_name(enum advise_limit which);

/* All that says why, of what and against what: `reasons`, `changes`, `plain_python`, `warnings`,
 * `others`. chosen, second, nearest: NULL where there is none.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__advise_words(json_t *advice, const json_t *results, const struct contest *c,
                        const struct advise_limits *limits, const struct candidate *chosen,
                        const struct candidate *second, cuvee_error *err);

#endif
