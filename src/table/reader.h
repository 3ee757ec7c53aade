/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows from CSV, JSONL or plain text, as a stream: memory does not grow with the file.
 *
 * A reader fills row blocks. A block owns the bytes of its rows, so it can travel through the pool
 * and back to the writer on its own; blocks are reused. Every record of the input becomes exactly
 * one row, in order; what is wrong with it is the row's `error` ("line 17: key 'text' is missing"),
 * never a missing row. README.md has the rules: what a record is, which format is taken, what is
 * tolerated.
 *
 * Blank lines: in text each is a row (an empty text); in CSV and JSONL they are no records. */
#ifndef CUVEE_TABLE_READER_H
#define CUVEE_TABLE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

enum table_format { TABLE_AUTO, TABLE_CSV, TABLE_JSONL, TABLE_JSON, TABLE_TEXT };

struct reader_options {
    /* CSV, JSONL, TEXT; JSON = JSONL that must be one object a line, else a clear error (*.json).
     * AUTO: by suffix (.csv .tsv .jsonl .ndjson .json .txt), else JSONL when the first non-blank
     * byte is '{', else CSV when column, pair_column, delimiter or no_header is set, else text. */
    enum table_format format;
    const char *column;       /* name or 0-based index; NULL = the rules of the manual */
    const char *pair_column;  /* NULL = no pairs */
    const char *encoding;     /* iconv name; NULL = UTF-8, or what a byte-order mark says */
    char delimiter;           /* CSV; 0 = ',' (tab for *.tsv) */
    bool no_header;           /* CSV: columns have indexes only */
    bool keep_columns;        /* fill row.fields */
    const volatile int *stop; /* set: reader_open gives up, CUVEE_E_CANCELLED; NULL = never */
};

#define TABLE_MAX_RECORD_BYTES ((size_t)64 << 20) /* a longer record is an error row */
#define TABLE_MAX_COLUMNS      ((size_t)4096)     /* a wider CSV header is CUVEE_E_LIMIT */

/* A piece of its block's bytes. */
struct piece {
    size_t off, len;
};

struct row {
    uint64_t line;      /* 1-based line of the input on which the row starts */
    struct piece text;  /* valid UTF-8; the first text */
    struct piece pair;  /* with has_pair */
    struct piece error; /* len > 0: an error row, why; has_text when the text is known yet */
    bool has_text, has_pair;
    uint32_t n_replaced; /* invalid UTF-8 parts replaced by U+FFFD in what is kept of the row */
    /* keep_columns: CSV: n_fields pieces from first_field on in block->fields, one per header
     * column (a short row gives fewer; a long row is an error row with the first of them). JSONL:
     * one field, the raw line when it is a JSON object. */
    size_t first_field, n_fields;
};

struct row_block {
    struct buffer bytes;
    struct row *rows;
    size_t n_rows, room_rows;
    struct piece *fields;
    size_t n_fields, room_fields;
};

static inline struct span block_span(const struct row_block *b, struct piece p)
{
    return (struct span){b->bytes.ptr + p.off, p.len};
}

void cuvee__row_block_clear(struct row_block *b);  /* keeps the memory */
void cuvee__row_block_deinit(struct row_block *b); /* {0} is fine */

struct reader;

/* path "-" is standard input. Resolves columns, so a missing column is found here (CUVEE_E_FORMAT;
 * the message lists the columns). Blocks until the header is there, or the first byte when AUTO
 * needs one.
 *   path, options  borrows (options->stop until return).
 * Returns CUVEE_OK, CUVEE_E_ARGUMENT (encoding, delimiter, a column of plain text), CUVEE_E_IO
 * (also a directory), CUVEE_E_FORMAT, CUVEE_E_LIMIT, CUVEE_E_NOMEM, CUVEE_E_CANCELLED. Every
 * message names the file. */
int cuvee__reader_open(const char *path, const struct reader_options *options,
                       struct reader **ret_reader, cuvee_error *err);
void cuvee__reader_close(struct reader *r);

/* Names of the CSV columns, in order; 0 for JSONL and text. CSV without header: "0", "1", ... as
 * many as the first row has. */
size_t cuvee__reader_n_columns(const struct reader *r);
struct span cuvee__reader_column(const struct reader *r, size_t i);
/* TABLE_CSV, TABLE_JSONL or TABLE_TEXT: JSON is read as JSONL. */
enum table_format cuvee__reader_format(const struct reader *r);

/* Append rows to block until it holds max_rows or max_bytes, the input ends (*ret_end), or the
 * input pauses (a pipe with nothing to read) while the block is not empty.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_FORMAT (nothing more can be read: a broken encoding),
 * CUVEE_E_LIMIT, CUVEE_E_NOMEM. Rows before the failure stay in the block. When *stop is set (NULL
 * = never) a wait for input ends early with CUVEE_OK, perhaps without rows: the caller looks at its
 * own flag. */
int cuvee__reader_fill(struct reader *r, struct row_block *block, size_t max_rows, size_t max_bytes,
                       const volatile int *stop, bool *ret_end, cuvee_error *err);

/* Bytes that the rows so far came from, and the size of the input (0 when unknown: a pipe), for
 * progress bars. */
uint64_t cuvee__reader_bytes_read(const struct reader *r);
uint64_t cuvee__reader_bytes_total(const struct reader *r);

#endif
