/* SPDX-License-Identifier: Apache-2.0
 *
 * What an arm answered (docs/formats.md, "What an arm does"), and whether it is what another one
 * answered, item by item. Equal counts of labels prove nothing: answers may have changed places. */
#ifndef CUVEE_BENCH_ANSWERS_H
#define CUVEE_BENCH_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/labels.h"
#include "cuvee/cuvee.h"

/* Start with {0}. */
struct answers {
    struct label_list labels; /* (n) */
    double *scores;           /* (n) */
    double *ms;               /* (n) what each took; NaN: not said */
    double *batch, *worker;   /* (n) numbers of the call and of who made it; NaN: not said */
    size_t n, room;
};

/* Read n_items lines.
 * Returns CUVEE_OK; as os/file.h; CUVEE_E_FORMAT with the line: no JSON, no label, no score, an
 * error in the place of an answer, an index that is not the line's, more or fewer lines;
 * CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__answers_read(const char *path, size_t n_items, struct answers *ret, cuvee_error *err);
/* The same of a file that may have more: the first n_items. */
int cuvee__answers_read_first(const char *path, size_t n_items, struct answers *ret,
                              cuvee_error *err);
void cuvee__answers_deinit(struct answers *a);

struct answers_difference {
    size_t n;        /* items compared */
    size_t n_labels; /* whose labels differ */
    double score;    /* largest difference of scores where labels agree */
    size_t first;    /* item: of the labels that differ, else the one with that score */
};

/* The items that both have. */
struct answers_difference cuvee__answers_compare(const struct answers *a, const struct answers *b);

/* Share of the items whose label is the true one. */
double cuvee__answers_accuracy(const struct answers *a, const struct label_list *gold);

#endif
