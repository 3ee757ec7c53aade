/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be said of an arm against the reference: ratios of runs of one block, an interval of
 * their median, how far the reference differs from itself, and one of four words. Why the rules are
 * as they are is in docs/bench.md, "Verdicts". Pure functions on arrays. */
#ifndef CUVEE_BENCH_VERDICT_H
#define CUVEE_BENCH_VERDICT_H

#include <jansson.h>
#include <stdbool.h>

#include "report/stats.h"

/* Fewest pairs for an interval of 95 %, for a word without one, and for Holm's correction. */
enum { VERDICT_MIN_INTERVAL = 6, VERDICT_MIN_RANGE = 3, VERDICT_MIN_HOLM = 10 };

/* The metric of one block's runs. Not above 0, not finite, NAN: no run that counts. */
struct verdict_block {
    double reference, twin, arm;
};

struct verdict_options {
    bool less_is_better; /* of the metric; ratios are turned so that more than 1 is better */
    double least_effect; /* of interest, such as 0.03; 0: any */
    bool use_bootstrap;
    size_t n_resamples; /* of the bootstrap; of p, where all signs are too many: 10,000 */
    uint64_t seed;
};

enum verdict_word {
    VERDICT_NONE, /* no pairs */
    VERDICT_BETTER,
    VERDICT_WORSE,
    VERDICT_INDISTINGUISHABLE,
    VERDICT_INCONCLUSIVE
};

/* Ratios of n pairs: their median, and an interval of the true one. Below VERDICT_MIN_INTERVAL
 * pairs it is the least and the greatest, whose coverage is less than 95 %: 1 - 2 / 2^n. */
struct verdict_ratio {
    size_t n;
    double median;
    struct stats_interval interval;
    bool is_range;
};

struct verdict {
    struct verdict_ratio ratio; /* arm to reference; more than 1 is better */
    struct verdict_ratio floor; /* A/A: twin to reference */
    double limit;               /* >= 1: the A/A interval is from its inverse to it */
    double margin;              /* >= limit: ratios between its inverse and it are no difference */
    bool has_bootstrap;
    bool is_bca; /* of the bootstrap; else percentile */
    struct stats_interval bootstrap;
    double hodges_lehmann;
    double p;      /* of signed ranks, both sides, by flipping signs */
    double p_holm; /* NAN: not corrected */
    enum verdict_word word;
};

/* An arm against the reference.
 *   blocks   n of them; a pair is a block in which the arm and at least one of reference and twin
 *            ran. Where both did, the arm is compared with the geometric mean of the two
 * Returns CUVEE_OK, CUVEE_E_LIMIT (more than 4096 pairs), CUVEE_E_NOMEM. */
int cuvee__verdict(const struct verdict_block *blocks, size_t n,
                   const struct verdict_options *options, struct verdict *ret, cuvee_error *err);

/* The verdicts of all arms of an experiment, after each was made: those with enough pairs get
 * p_holm, and one that does not stand the correction becomes inconclusive.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__verdict_correct(struct verdict *verdicts, size_t n, cuvee_error *err);

/* As docs/formats.md has it: "better", ...; NULL for VERDICT_NONE. */
const char *cuvee__verdict_text(enum verdict_word word);

/* The objects `ratio` and `floor` of bench/1; JSON null without pairs (floor: below two).
 * NULL: out of memory. */
json_t *cuvee__verdict_to_json(const struct verdict *v);
json_t *cuvee__verdict_floor_to_json(const struct verdict *v);

#endif
