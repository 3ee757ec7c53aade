/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of the arms to run: their figures against limits. Text is made elsewhere
 * (advise_words.c). */
#ifndef CUVEE_BENCH_ADVISE_CONTEST_H
#define CUVEE_BENCH_ADVISE_CONTEST_H

#include <stddef.h>

#include "bench/advise_arms.h"

/* What plans go by. */
#define ADVISE_HEADROOM 0.10 /* of memory, above the largest upper bound of any run */
#define ADVISE_BUSY     0.70 /* of the throughput: more would let a queue grow with every burst */
#define ADVISE_WORTH    1.25 /* times better: less is not worth one more part */

enum advise_limit { ADVISE_MEMORY, ADVISE_LATENCY, ADVISE_FINISH, ADVISE_RATE, ADVISE_N_LIMITS };

/* An arm as it was measured, or at another number of workers in the sweep. NAN: not known. */
struct candidate {
    char from[48]; /* where the results have its figures */
    const char *arm, *title, *precision;
    const json_t *command;
    const struct arm_traits *traits;
    bool can_run; /* the model */
    int parts;    /* for this reader */
    double n, workers, threads, labels_differ;
    double items_per_s, items_per_core_hour; /* at least: the lower end of its interval */
    double upper, steady, load_s;
    double memory_bytes, finish_s; /* with headroom; for the rows */
    /* Of its callers: one at a time; at a rate that was given; at those that were tried ({rate,
     * p99_ms, met}, or NULL). */
    double single_p99_ms, served_rate, served_p99_ms, max_rate;
    const json_t *probes;
    bool should_have_served; /* others were asked at a rate: of this one nothing is assumed */
};

struct contest {
    struct candidate *list;
    size_t n;
};

/* Results that are not those of an experiment: CUVEE_E_FORMAT. cuvee__contest_deinit() in any case.
 * Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_NOMEM. */
int cuvee__contest_init(struct contest *c, const json_t *results,
                        const struct advise_limits *limits, cuvee_error *err);
void cuvee__contest_deinit(struct contest *c);

/* Of an enum advise_limit; NAN: not limited. */
double cuvee__contest_limit(const struct advise_limits *limits, enum advise_limit which);
/* The same limits with another one. */
struct advise_limits cuvee__contest_with_limit(const struct advise_limits *limits,
                                               enum advise_limit which, double value);

/* What an arm takes of what is limited: bytes with headroom; ms of a p99; seconds for the rows;
 * items a second that it can be asked for. A wait depends on the rate and a rate on the wait that
 * is allowed, so they are looked up among the rates that were tried. NAN: not known. */
double cuvee__contest_amount(const struct candidate *c, const struct advise_limits *limits,
                             enum advise_limit which);
/* Its rate was measured under arrivals, and is no share of its throughput. */
bool cuvee__contest_is_served(const struct candidate *c, const struct advise_limits *limits);

/* How much of a limit is used: above 1 is too much. 0: not limited. NAN: not known. */
double cuvee__contest_use(const struct candidate *c, const struct advise_limits *limits,
                          enum advise_limit which);
/* The limit of which most is used; one that is not known before all. */
enum advise_limit cuvee__contest_tightest(const struct candidate *c,
                                          const struct advise_limits *limits);
bool cuvee__contest_fits(const struct candidate *c, const struct advise_limits *limits);

/* The one to run, of those that fit; NULL: none does. without: no candidate of this arm; NULL: of
 * all. */
const struct candidate *cuvee__contest_choose(const struct contest *c,
                                              const struct advise_limits *limits,
                                              const char *without);
/* The one that can run the model and misses by least; NULL: nothing is known of any. */
const struct candidate *cuvee__contest_nearest_miss(const struct contest *c,
                                                    const struct advise_limits *limits);

/* Another value of a limit at which another arm would be the one (or none would fit), the nearest
 * to what is asked or, where nothing is, to what the chosen one takes. */
struct change {
    enum advise_limit which;
    double value;
    bool is_below;              /* of value; else from it on */
    double distance;            /* as |log| */
    const struct candidate *to; /* NULL: nothing fits then */
};
/* False: no value would. */
bool cuvee__contest_change(const struct contest *c, const struct advise_limits *limits,
                           const struct candidate *chosen, enum advise_limit which,
                           struct change *ret);

#endif
