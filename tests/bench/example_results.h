/* SPDX-License-Identifier: Apache-2.0
 *
 * The results of an experiment that was never made (bench/1): what `cuvee bench` writes, from a
 * seed, with all that can go wrong: an arm that is skipped, one that fails, one that was disturbed,
 * one with other answers, names that are long or look like markup. For tests of what is made of
 * results, and (make_results) to look at it. */
#ifndef CUVEE_TESTS_BENCH_EXAMPLE_RESULTS_H
#define CUVEE_TESTS_BENCH_EXAMPLE_RESULTS_H

#include <jansson.h>
#include <stdint.h>

/* input: the CSV that the answers are of, with n_items rows at least.
 * Release with json_decref(); NULL when out of memory. */
json_t *example_results(uint64_t seed, int n_blocks, int n_items, const char *input);

/* The answers of each arm that succeeded, where the experiment keeps them. Returns 0 or -1. */
int example_write_answers(const json_t *results, const char *dir, uint64_t seed);

enum { EXAMPLE_DIR_ROOM = 40 };
/* A new directory for results, below /tmp, as an experiment makes it: with answers/ and runs/.
 * ret_dir: room for EXAMPLE_DIR_ROOM. Returns 0 or -1. */
int example_directory_make(char *ret_dir);

/* The text of a file in it; release with free(). Aborts when it cannot be read. */
char *example_read_text(const char *dir, const char *name);

/* Remove it with all that is in it. Returns 0 or -1. */
int example_directory_remove(const char *dir);

#endif
