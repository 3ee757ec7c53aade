/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that the runs of a results document name. Its names are data: one that leads out of
 * its directory is as if the file were not there. */
#ifndef CUVEE_BENCH_REPORT_FILES_H
#define CUVEE_BENCH_REPORT_FILES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* The text of run's files.KEY. False: there is no such file, or it cannot be read. */
bool cuvee__report_read_file(const char *dir, const json_t *run, const char *key,
                             struct buffer *ret);

/* The same as one JSON document; NULL: none. Release with json_decref(). */
json_t *cuvee__report_read_json(const char *dir, const json_t *run, const char *key);

/* The answers of an arm that DIR keeps: of its first run that succeeded. */
bool cuvee__report_read_answers(const char *dir, const char *arm, struct buffer *ret);

/* Call f with each line of answers (an object); until it returns less than 0, which is returned. */
int cuvee__report_each_answer(struct span text, int (*f)(void *user, const json_t *answer),
                              void *user);

#endif
