/* SPDX-License-Identifier: Apache-2.0
 *
 * What an experiment may need to be made first: the Python environment of its arms, a model of
 * another shape. */
#ifndef CUVEE_CLI_BENCH_SETUP_H
#define CUVEE_CLI_BENCH_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "bench_places.h"
#include "cuvee/cuvee.h"

/* Choices of --model-shape, NULL-terminated. */
extern const char *const cli__bench_shapes[];

/* The directory of a random model of a shape, made when it is not there (it needs numpy and takes
 * some seconds): speed and memory do not depend on the values of weights.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cli__bench_shape(size_t shape, const struct bench_places *places, char *path, size_t room,
                     cuvee_error *err);

/* Its path, and whether it is there. */
bool cli__bench_shape_is_made(size_t shape, const struct bench_places *places, char *path,
                              size_t room);

/* How many times the work of the default model a text of it is: layers x hidden^2, against 6 x
 * 384^2. */
double cli__bench_shape_work(size_t shape);

/* Bytes of its weights, made or not. */
double cli__bench_shape_bytes(size_t shape);

/* What `cuvee bench setup` would download for these places, and how much, in its own words. *ret:
 * NUL-terminated; release with cuvee__buffer_deinit().
 * Returns CUVEE_OK, CUVEE_E_IO (it is not there, or does not say), CUVEE_E_NOMEM. */
int cli__bench_setup_says(const struct bench_places *places, struct buffer *ret, cuvee_error *err);

/* cuvee bench setup. argv[0] is its name. Returns an exit code. */
int cli__bench_setup(int argc, char **argv);

#endif
