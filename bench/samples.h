/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of one kind, to be summed up by median and quantiles. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

/* Start with {0}. */
struct samples {
    double *items;
    size_t n, room;
};

/* False when out of memory. */
bool samples_add(struct samples *s, double x);
/* As cuvee__stats_quantile(); sorts them. 0 without samples. */
double samples_quantile(struct samples *s, double q);
double samples_median(struct samples *s);
void samples_deinit(struct samples *s);

#endif
