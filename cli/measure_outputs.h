/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that `cuvee measure` writes: opened before the command starts, since afterwards would
 * be too late to hear that they cannot be written. */
#ifndef CUVEE_CLI_MEASURE_OUTPUTS_H
#define CUVEE_CLI_MEASURE_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "measure/account.h"
#include "measure/series_stream.h"
#include "measure_cache.h"
#include "measure_runs.h"
#include "table/writer.h"

/* NULL: not wanted. */
struct measure_paths {
    const char *json, *series, *html, *markdown;
};

/* Start with {0}. */
struct measure_outputs {
    struct output_file *json, *series, *html, *markdown;
    struct series_stream stream;
    cuvee_error stream_error;
    int64_t started_s;                 /* of the calendar */
    const struct measure_runs *runs;   /* NULL: there is one only */
    const struct measure_cache *cache; /* NULL: no file was looked at */
};

/* All or none. Returns as cuvee__output_open(). */
int cli__measure_outputs_open(struct measure_outputs *o, const struct measure_paths *paths,
                              cuvee_error *err);

/* The series is written while records come: `o` must stay where it is. Before the first record. */
void cli__measure_outputs_follow(struct measure_outputs *o, struct account *a);

/* The end has come: everything else. Returns CUVEE_OK, CUVEE_E_IO (also of the series before),
 * CUVEE_E_NOMEM. */
int cli__measure_outputs_write(struct measure_outputs *o, const struct account *a,
                               const char *const *command, bool redact, cuvee_error *err);

/* What was not written whole is removed; a series stays as it is. */
void cli__measure_outputs_close(struct measure_outputs *o);

#endif
