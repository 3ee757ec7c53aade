/* SPDX-License-Identifier: Apache-2.0
 *
 * What an experiment begins with: the plan as the options say, the machine, the model. */
#ifndef CUVEE_CLI_BENCH_BEGIN_H
#define CUVEE_CLI_BENCH_BEGIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

/* What a command line says about the plan; NULL, 0 or, of numbers that are not whole, NAN: as the
 * plan says. */
struct bench_request {
    const char *plan; /* file; NULL: the one that comes with cuvee */
    const char *arms, *input, *column, *gold;
    const char
        *scenarios;    /* names, separated by commas: the first is the plan's, the others also */
    const char *sweep; /* of this arm, in the place of the plan's */
    const json_t *resumed; /* plan of the experiment that goes on; NULL: none */
    int64_t blocks, limit;
    double rate, latency_bound_ms, core_hour_price;
    bool is_quick;
    bool is_random_model; /* its labels mean nothing */
    bool without_sweep;
};

/* The plan that will run, settled for n_cores.
 * Returns CUVEE_OK; CUVEE_E_ARGUMENT when the request is wrong; CUVEE_E_FORMAT and CUVEE_E_IO when
 * the plan or what it names is; CUVEE_E_NOMEM. */
int cli__bench_plan(const struct bench_request *request, size_t n_cores, json_t **ret_plan,
                    cuvee_error *err);

/* See that there is something to run; results as they begin. Says so when the reference cannot run,
 * since then nothing will be compared, which somebody who waits for hours may want to know before.
 * Returns CUVEE_OK; CUVEE_E_IO when no arm can run, with the reason of the first. */
int cli__bench_check_arms(const json_t *results, cuvee_error *err);

/* `machine` of the results. n_cores: that arms may use. NULL when out of memory. */
json_t *cli__bench_machine(size_t n_cores);

/* `model` of the results: a directory or a file and its hash.
 * Returns CUVEE_OK; as os/file.h and os/directory.h. */
int cli__bench_model(const char *path, json_t **ret, cuvee_error *err);

/* Bytes of the weights of a directory, of which that is the `model`, once they are f32: about, for
 * estimates of memory. */
double cli__bench_f32_bytes(const char *dir, const json_t *model);

#endif
