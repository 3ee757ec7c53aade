/* SPDX-License-Identifier: Apache-2.0
 *
 * The results of an experiment as a document (docs/formats.md, bench/1): begun, kept on disk after
 * each run, read again. */
#ifndef CUVEE_BENCH_RESULTS_H
#define CUVEE_BENCH_RESULTS_H

#include <jansson.h>

#include "bench/input.h"
#include "cuvee/cuvee.h"

/* What was known before the first run. All borrowed. */
struct results_begin {
    const json_t *plan, *machine, *model; /* as in the document */
    const struct bench_input *input;
    const char *python;
    const char *cpus, *memory_limit; /* of arms; NULL: none */
};

/* A document without runs: its arms are those of the plan, with why some cannot run, and the
 * reference's twin. *ret: release with json_decref().
 * Returns CUVEE_OK, CUVEE_E_FORMAT (as cuvee__needs_missing()), CUVEE_E_NOMEM. */
int cuvee__results_begin(const struct results_begin *b, json_t **ret, cuvee_error *err);

/* Read dir/results.json and see that it is of this schema. *ret: release with json_decref().
 * Returns CUVEE_OK; as os/file.h and base/json.h; CUVEE_E_FORMAT. */
int cuvee__results_read(const char *dir, json_t **ret, cuvee_error *err);

/* Let the experiment go on that old is of, when fresh is what would begin now: the same input and
 * model, wherever they are by now, and the same machine and limits, since figures of two are not
 * comparable; the same plan, or one that adds what is measured after the blocks
 * (cuvee__plan_extend()).
 * Returns CUVEE_OK, CUVEE_E_ARGUMENT (the message says what differs), CUVEE_E_NOMEM. */
int cuvee__results_resume(json_t *old, const json_t *fresh, cuvee_error *err);

/* Write dir/results.json, whole or not at all.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cuvee__results_write(const json_t *results, const char *dir, cuvee_error *err);

/* The time now, "2026-11-26T15:09:56Z". room: at least 24. Returns text. */
const char *cuvee__utc_now(char *text, size_t room);

#endif
