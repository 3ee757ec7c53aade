/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole experiment: a run of each arm to warm up, blocks in random order with the reference
 * twice, disturbed runs again, a sweep, and the results on disk after each run, so that it can be
 * interrupted anywhere and go on later.
 *
 * An arm that takes more than five times as long as the reference runs in three blocks only; one
 * that has failed twice without a success is given up. Both are said in its entry of `arms`. */
#ifndef CUVEE_BENCH_EXPERIMENT_H
#define CUVEE_BENCH_EXPERIMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run.h"

enum { CUVEE__SLOW_ARM_BLOCKS = 3, CUVEE__AGAIN_MAX = 2 };
#define CUVEE__SLOW_ARM_RATIO 5.0
#define CUVEE__TWIN_SUFFIX    "-again"

struct experiment {
    struct bench_setup setup;
    json_t *results; /* bench/1: all but runs, summary and sentences are there */
    struct answers
        expected; /* n > 0: answers that came with the plan, else those of the reference */
    bool has_given_answers; /* they came with the plan */
    bool warms_up_briefly;  /* with one item: what is made once, as a packed model, is made then */
    bool repeats;           /* disturbed runs */
    double budget_s;        /* for all of it: no run begins in its last part; 0: none */
    uint64_t begin_ns;      /* set by cuvee__experiment_run() */
    bool has_left_out;      /* a run did not begin, or was ended, since the budget was spent */
    double rate;            /* of scenario server: of the plan */
    char schedule[4400];    /* its arrivals; "": none */

    /* What happens, for people; may be NULL. Never during a run. */
    void (*on_begin)(void *arg, const char *arm, long block, const char *kind);
    void (*on_end)(void *arg, const json_t *run);
    void *arg;
};

/* Run what is not yet in results.runs. When the user asks for the end (setup.stop), the state of
 * the results is "interrupted", when the budget is spent "out of time", and the rest can be run
 * another time.
 * Returns CUVEE_OK, also when arms failed; CUVEE_E_IO (the results cannot be written),
 * CUVEE_E_NOMEM; as cuvee__bench_run(). */
int cuvee__experiment_run(struct experiment *e, cuvee_error *err);

/* One run, kept in the results and on disk; for those that search (rates.h).
 *   ret_run  borrowed from the results */
int cuvee__experiment_run_once(struct experiment *e, struct run_request *request, json_t **ret_run,
                               cuvee_error *err);

/* A run, and again while it is disturbed, as long as runs may begin; `again` is the kind of those
 * that repeat it. */
int cuvee__experiment_run_quiet(struct experiment *e, struct run_request *request,
                                const char *again, cuvee_error *err);

/* The user asked for the end, or the budget is spent: no run may begin. */
bool cuvee__experiment_is_over(const struct experiment *e);
/* To be asked before a run that there should be: false when it is over, which is then remembered.
 */
bool cuvee__experiment_may_begin(struct experiment *e);

/* Arms that can run, for those that run them in their own order: the entry i of results.arms, its
 * arm of the plan; false: no arm (the twin), skipped, or given up. */
bool cuvee__experiment_takes(const struct experiment *e, size_t i, const json_t **ret_arm);

/* The entry of results.arms that the plan's sweep is of; NULL: none, or it cannot run. */
const json_t *cuvee__experiment_swept(const struct experiment *e);

/* Runs that there will be, at most, without those again. */
size_t cuvee__experiment_n_runs(const struct experiment *e);

#endif
