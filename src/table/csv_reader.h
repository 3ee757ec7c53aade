/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of a CSV file, through libcsv. csv_reader.c says what is tolerated and how it goes on
 * after an error. */
#ifndef CUVEE_TABLE_CSV_READER_H
#define CUVEE_TABLE_CSV_READER_H

#include <csv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/input_stream.h"
#include "table/reader.h"

#define CSV_NO_COLUMN SIZE_MAX

enum csv_defect { CSV_SOUND, CSV_TEXT_AFTER_QUOTE, CSV_OPEN_QUOTE, CSV_TOO_LONG };

struct csv_reader {
    struct csv_parser parser;
    unsigned char delimiter;
    uint64_t line; /* of the window's begin; lines end in LF, CRLF or CR, inside quotes too */

    /* The last record that went wrong: it was inside quotes at the end of each line up to
     * doomed_line. So a record that starts further down and is inside quotes there goes wrong as
     * well. */
    enum csv_defect doomed_defect;
    uint64_t doomed_line, doomed_at; /* at: the line of the text after the quote */

    /* The header, or for a file without one the indexes as names. */
    struct row_block header;
    size_t n_columns;                /* its fields; the width that a row may have */
    size_t text_column, pair_column; /* pair: CSV_NO_COLUMN = none */
    bool keep_columns;
    bool header_is_row; /* no header: the first record is a row too */

    /* The record at hand. */
    struct row_block *block; /* where its cells go */
    struct row *row;
    size_t n_cells;
    bool is_header;   /* it is the header: all cells are kept, as fields */
    bool is_complete; /* libcsv saw its end */
    int rc;           /* of the block, kept for after the callbacks */
};

/* Read the header and find the columns. Release with cuvee__csv_deinit, also after a failure.
 * Returns CUVEE_OK or CUVEE_E_*; messages do not name the file. */
int cuvee__csv_init(struct csv_reader *c, struct input_stream *in,
                    const struct reader_options *options, cuvee_error *err);
void cuvee__csv_deinit(struct csv_reader *c);

/* Append the next row to b. Returns INPUT_LINE (done), INPUT_END, INPUT_PAUSED or CUVEE_E_*; b
 * holds whole rows only, whatever happens. */
int cuvee__csv_next(struct csv_reader *c, struct input_stream *in, struct row_block *b,
                    cuvee_error *err);

#endif
