/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain text: every line is a row, empty ones too. Lines end in LF or CRLF; a line end at the end
 * of the input starts no further row. */
#ifndef CUVEE_TABLE_TEXT_READER_H
#define CUVEE_TABLE_TEXT_READER_H

#include <stdint.h>

#include "table/input_stream.h"
#include "table/reader.h"

struct text_reader {
    uint64_t line; /* of the window's begin; starts at 1 */
};

/* As cuvee__csv_next. */
int cuvee__text_next(struct text_reader *t, struct input_stream *in, struct row_block *b,
                     cuvee_error *err);

#endif
