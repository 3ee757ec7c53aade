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

enum { CUVEE__REPORT_PATH_ROOM = 4200 };

/* The path of run's files.KEY. False: there is no such file. */
bool cuvee__report_file_path(const char *dir, const json_t *run, const char *key,
                             char path[CUVEE__REPORT_PATH_ROOM]);

/* The text of run's files.KEY. Returns CUVEE_OK, CUVEE_E_NOMEM; CUVEE_E_IO: there is no such file,
 * or it cannot be read. */
int cuvee__report_read_file(const char *dir, const json_t *run, const char *key,
                            struct buffer *ret);

/* The same as one JSON document; *ret NULL and CUVEE_OK: there is none. Release with json_decref().
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__report_read_json(const char *dir, const json_t *run, const char *key, json_t **ret);

/* The run that is shown of an arm: of those that count the one nearest to their median time, as the
 * summary says. NULL: none counts. */
const json_t *cuvee__report_typical(const json_t *results, const char *arm);

/* Of which run DIR has answers to show: the typical one; where its own were not kept, the arm's
 * first that succeeded. NULL: none are there. */
const json_t *cuvee__report_answered(const json_t *results, const char *dir, const char *arm);
/* The answers of that run. Returns as above. */
int cuvee__report_read_answers(const json_t *results, const char *dir, const char *arm,
                               struct buffer *ret);

/* Call f with each line of answers (an object); until it returns less than 0, which is returned;
 * CUVEE_E_NOMEM too. */
int cuvee__report_each_answer(struct span text, int (*f)(void *user, const json_t *answer),
                              void *user);

#endif
