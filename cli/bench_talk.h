/* SPDX-License-Identifier: Apache-2.0
 *
 * What `cuvee bench` says: a line for each run, the plan of a dry run, the table at the end.
 * Nothing is drawn while a run is measured. */
#ifndef CUVEE_CLI_BENCH_TALK_H
#define CUVEE_CLI_BENCH_TALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/experiment.h"

struct bench_talk {
    const struct experiment *experiment;
    size_t n_runs; /* that there will be */
    size_t n_done;
    uint64_t begin_ns;     /* of the first run */
    double work;           /* of a text, against the default model */
    bool to_be_made;       /* the model: a dry run has not made it */
    double model_bytes;    /* of its weights as f32, about */
    const char *downloads; /* what must be had first, and how much it is; "" or NULL: nothing */
};

/* As struct experiment wants them; arg is the talk. */
void cli__bench_talk_begin(void *arg, const char *arm, long block, const char *kind);
void cli__bench_talk_end(void *arg, const json_t *run);

/* What would run and what cannot, on standard output. Returns an exit code. */
int cli__bench_talk_plan(const struct bench_talk *talk);

/* The plan as JSON on standard output. Returns an exit code. */
int cli__bench_print_plan(const json_t *plan);

#endif
