/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of `cuvee classify`: classify.c reads the options, classify_run.c does the work. */
#ifndef CUVEE_CLI_CLASSIFY_H
#define CUVEE_CLI_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model_path.h"
#include "options.h"
#include "table/reader.h"

/* As the option table fills it; enums are indexes into the choices there. */
struct classify_options {
    struct model_request model;
    const char *output, *metrics, *labels_map;
    const char *column, *pair_column, *encoding;
    int input_format, format, activation, truncate;
    char delimiter;
    bool no_header, keep_columns, no_text, quiet;
    int64_t threads, batch_tokens, max_length; /* 0 = default */
    int64_t top_k;                             /* 0 = no scores; INT64_MAX = all */
    int64_t limit, max_errors;
    double threshold; /* NaN = none */
    double deadline_s; /* 0 = none */

    /* What follows from these. */
    enum table_format read_format, write_format;
    const char *const *paths; /* (n_paths) */
    size_t n_paths;
};

/* The path means standard output, as for cuvee__output_open(). */
bool cli__is_stdout(const char *path);

/* Classify; all is checked that can be checked without opening anything. Returns an exit code. */
int cli__classify_run(const struct command *self, const struct classify_options *options);

#endif
