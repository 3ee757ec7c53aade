/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of an arm: `cuvee measure` runs its command, its answers are compared, and what came of
 * it becomes a record (docs/formats.md, `runs` of bench/1). An arm that fails is a record that says
 * so, not an error of ours. */
#ifndef CUVEE_BENCH_RUN_H
#define CUVEE_BENCH_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/answers.h"
#include "bench/input.h"
#include "cuvee/cuvee.h"

/* What all runs of an experiment share. */
struct bench_setup {
    const char *dir;     /* of the results, absolute */
    const char *cuvee;   /* this program */
    const char *library; /* libcuvee.so; "" where there is none */
    const char *python;  /* for arms in Python */
    const char *arms;    /* directory of the arms that come with cuvee */
    const char *model;
    const json_t *plan;
    const struct bench_input *input;
    const char *cpus;         /* processors that arms may use; NULL: as ours */
    const char *memory_limit; /* of an arm's tree, as 500M; NULL: none */
    size_t n_cores;           /* that arms may use */
    double timeout_s;         /* of a run, where the arm has none of its own */
    double max_wait_s;        /* for a quiet machine; 0: do not look */
    size_t max_items;         /* of a run; 0: all. A short warm-up sets it */
    uint64_t deadline_ns;     /* of os/clock.h: a run that has not ended then is; 0: none */
    const volatile int *stop; /* set: the user asked for the end */
};

struct run_request {
    const json_t *arm;
    const char *name;     /* as in the results: the arm's, or that of its twin */
    const char *kind;     /* warm-up, timed, again, sweep, scenario, rate */
    const char *scenario; /* NULL: the plan's */
    size_t id;
    long block;
    long again_of;         /* -1: none */
    long workers, threads; /* of a sweep; workers 0: both are the arm's own */
    double rate;           /* of arrivals; 0: none */
    const char *schedule;  /* file of arrivals, for server; NULL: none */
};

/* Wait for quiet, run, look. The machine is this run's alone until it returns.
 *   expected     answers to compare with; NULL: only their form is looked at
 *   ret_record   release with json_decref()
 *   ret_answers  what it answered, when the record's status is ok or wrong; else n is 0. Release
 *                with cuvee__answers_deinit().
 * Returns CUVEE_OK; CUVEE_E_IO, CUVEE_E_NOMEM when no record could be made; CUVEE_E_FORMAT when the
 * plan's command has an unknown {name}. */
int cuvee__bench_run(const struct bench_setup *setup, const struct run_request *request,
                     const struct answers *expected, json_t **ret_record,
                     struct answers *ret_answers, cuvee_error *err);

/* More threads than cores, by its settings; threads 0 is a library's own choice, all cores. */
bool cuvee__is_oversubscribed(const json_t *settings, size_t n_cores);

/* Items that the arm is given. */
size_t cuvee__arm_items(const struct bench_setup *setup, const json_t *arm);

/* Where the answers of an arm are kept, below the results' directory. */
const char *cuvee__answers_path(const struct bench_setup *setup, const char *name, char *path,
                                size_t room);

#endif
