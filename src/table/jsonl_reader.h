/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines: an object a line. */
#ifndef CUVEE_TABLE_JSONL_READER_H
#define CUVEE_TABLE_JSONL_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "table/input_stream.h"
#include "table/reader.h"

struct jsonl_reader {
    uint64_t line;             /* of the window's begin; lines end in LF */
    char *text_key, *pair_key; /* pair: NULL = none */
    bool keep_columns;
};

/* Release with cuvee__jsonl_deinit, also after a failure. Does not read. */
int cuvee__jsonl_init(struct jsonl_reader *j, const struct reader_options *options,
                      cuvee_error *err);
void cuvee__jsonl_deinit(struct jsonl_reader *j);

/* Is the first line that is not blank a whole JSON object? For files named *.json, which may be a
 * document over many lines or an array: CUVEE_E_FORMAT with what to do. Consumes nothing but blank
 * lines. */
int cuvee__jsonl_check_first(struct jsonl_reader *j, struct input_stream *in, cuvee_error *err);

/* As cuvee__csv_next. */
int cuvee__jsonl_next(struct jsonl_reader *j, struct input_stream *in, struct row_block *b,
                      cuvee_error *err);

#endif
