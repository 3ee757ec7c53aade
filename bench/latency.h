/* SPDX-License-Identifier: Apache-2.0
 *
 * Milliseconds for one text, all cores, nothing else to do. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <jansson.h>

struct latency_options {
    const char *model_dir;
    const char *const *precisions; /* NULL-terminated */
    const char *tier;
    double seconds;       /* for each precision and length */
    double bandwidth_gbs; /* of all cores */
};

/* Returns a JSON array with an object for each precision and length, or NULL after a message on
 * stderr. */
json_t *bench_latency(const struct latency_options *o);

#endif
