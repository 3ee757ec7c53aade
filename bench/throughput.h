/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts per second with all workers busy, and how near to the machine's limit that is. */
#ifndef BENCH_THROUGHPUT_H
#define BENCH_THROUGHPUT_H

#include <jansson.h>

#include "texts.h"

struct throughput_options {
    const char *model_dir;
    const char *const *precisions; /* NULL-terminated */
    const char *tier;              /* whose peak loops to use */
    double seconds;                /* for each precision, over all rounds */
    unsigned n_rounds;
    bool scaling; /* also one worker alone, in the first precision */
};

/* Returns a JSON array with an object for each precision that the library has, or NULL after a
 * message on stderr. */
json_t *bench_throughput(const struct throughput_options *o, const struct texts *texts);

#endif
