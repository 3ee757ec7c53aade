/* SPDX-License-Identifier: Apache-2.0
 *
 * One figure of several runs. */
#ifndef CUVEE_BENCH_VALUES_H
#define CUVEE_BENCH_VALUES_H

#include <jansson.h>
#include <stddef.h>

/* Runs of the results, borrowed. */
struct run_list {
    const json_t **runs; /* (n) */
    size_t n;
};

/* The runs of an arm that count, in the order in which they ran. Returns 0, or -1 when out of
 * memory. */
int cuvee__runs_counted(const json_t *results, const char *arm, struct run_list *ret);
void cuvee__runs_deinit(struct run_list *list);
/* The run whose wall time is nearest to the median of all of them, the first of two. *ret NULL:
 * there is none. Returns 0 or -1. */
int cuvee__runs_typical(const struct run_list *list, const json_t **ret);

struct values {
    double *x; /* (n) ascending */
    size_t n;
};

/* What those runs have at the path that have it. Returns 0 or -1. */
int cuvee__values_take(struct values *ret, const struct run_list *list, const char *path);
void cuvee__values_deinit(struct values *v);

/* {median, min, max, low, high}: low and high are the order-statistic interval of the median at 95
 * %, null where n is too small for one. null without values. NULL when out of memory. */
json_t *cuvee__values_to_json(const struct values *v);
/* The median alone. */
json_t *cuvee__values_median(const struct values *v);

#endif
