/* SPDX-License-Identifier: Apache-2.0
 *
 * What all arms work on: how many rows, whether it is the same file as then, and the true labels,
 * where a column has them. */
#ifndef CUVEE_BENCH_INPUT_H
#define CUVEE_BENCH_INPUT_H

#include <stddef.h>

#include "bench/labels.h"
#include "cuvee/cuvee.h"

/* Start with {0}. */
struct bench_input {
    char sha256[65];
    size_t n_items;
    struct label_list gold; /* (n_items), or none */
};

/* Read a table (table/reader.h).
 *   column, gold  names or indexes; gold may be NULL
 *   limit         at most so many rows; 0: all
 * Returns CUVEE_OK; as table/reader.h; CUVEE_E_FORMAT for a row that cannot be read. */
int cuvee__bench_input_read(const char *path, const char *column, const char *gold, size_t limit,
                            struct bench_input *ret, cuvee_error *err);
void cuvee__bench_input_deinit(struct bench_input *in);

#endif
