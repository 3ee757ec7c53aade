/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows out: JSON, JSONL or CSV, to a file that appears whole or not at all, or to a stream.
 * Floats are printed with the fewest digits that read back to the same f32. */
#ifndef CUVEE_TABLE_WRITER_H
#define CUVEE_TABLE_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"
#include "table/reader.h"

/* ---- where the bytes go (output_file.c) ---- */

struct output_file;

/* path NULL, "-" or "/dev/stdout": standard output. A regular or new path: symlinks are followed,
 * bytes go to PATH.partial beside the target until commit renames it. Anything else (/dev/full, a
 * FIFO): written directly. */
int cuvee__output_open(const char *path, struct output_file **ret_output, cuvee_error *err);
/* Buffered; a closed pipe gives CUVEE_E_IO with os_errno EPIPE. */
int cuvee__output_write(struct output_file *o, const void *bytes, size_t n, cuvee_error *err);
/* The same of a JSON document; flags are jansson's. Returns also CUVEE_E_NOMEM. */
int cuvee__output_write_json(struct output_file *o, const json_t *json, size_t flags,
                             cuvee_error *err);
int cuvee__output_flush(struct output_file *o, cuvee_error *err);
/* Flush, fsync and rename a staged file; flush a stream. Reports what close() says. */
int cuvee__output_commit(struct output_file *o, cuvee_error *err);
/* Release. Without a commit before, a staged file stays as PATH.partial when keep_partial, else is
 * removed. */
void cuvee__output_close(struct output_file *o, bool keep_partial);
/* All of these: a file of one text. Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cuvee__output_write_whole(const char *path, struct span text, cuvee_error *err);
/* Standard output gets a descriptor of its own, so that STDOUT_FILENO may become something else;
 * others stay as they are. */
int cuvee__output_detach(struct output_file *o, cuvee_error *err);
/* Name for messages: the path, or "standard output". */
const char *cuvee__output_name(const struct output_file *o);
/* Where the bytes are until commit: PATH.partial, beside the target when PATH is a symlink; the
 * name of what is written directly. */
const char *cuvee__output_place(const struct output_file *o);
/* The file that a process which is killed leaves behind, without use for anybody while it is empty;
 * NULL: none. */
const char *cuvee__output_leftover(const struct output_file *o);

/* ---- rows (row_writer.c) ---- */

struct writer_options {
    enum table_format format;  /* TABLE_JSON, TABLE_JSONL or TABLE_CSV */
    bool with_text;            /* column `text` */
    bool with_pair;            /* column `text_pair` beside it */
    bool with_source;          /* column `source` */
    bool with_scores;          /* `scores` / score_<LABEL> columns */
    bool with_labels;          /* `labels`: names at or above a threshold; in CSV joined by '|' */
    bool keep_columns;         /* input columns pass through; a clash gets the prefix in_ */
    const char *const *labels; /* (n_labels) as printed */
    size_t n_labels;
    bool is_script; /* rows may have `extra`: in CSV a column of that name, JSON in its cells */
    /* keep_columns from CSV: names of the input's columns, in order; copied. */
    const struct span *columns;
    size_t n_columns;
};

struct label_score {
    uint32_t label;
    double score; /* of an f32, unless the row says that it is exact */
};

struct out_row {
    uint64_t index;
    const char *source;     /* with_source */
    struct span text, pair; /* has_text false: null in JSON, an empty cell in CSV */
    bool has_text, has_pair;
    struct span error; /* len > 0: an error row; label, score and scores are left out */
    int32_t label;     /* index into labels */
    double score;
    const struct label_score *scores; /* best first */
    size_t n_scores;
    const uint32_t *above; /* with_labels: label indexes, best first */
    size_t n_above;
    bool is_exact;             /* scores are doubles, printed as such; NaN = none */
    struct span extra;         /* a JSON object, whose members join the row; empty = none */
    bool truncated;            /* JSON and JSONL: "truncated": true, left out when false */
    const struct span *fields; /* keep_columns: CSV cells, or one raw JSON object */
    size_t n_fields;
    bool fields_are_json; /* the one field is a raw JSON object */
};

struct row_writer;

int cuvee__row_writer_create(struct output_file *o, const struct writer_options *options,
                             struct row_writer **ret_writer, cuvee_error *err);
void cuvee__row_writer_free(struct row_writer *w);
/* Labels n.. of the table have become known; not with score_<LABEL> columns. */
int cuvee__row_writer_add_labels(struct row_writer *w, const char *const *labels, size_t n,
                                 cuvee_error *err);
/* TABLE_CSV refuses a row with fields_are_json: CUVEE_E_UNSUPPORTED. */
int cuvee__row_writer_row(struct row_writer *w, const struct out_row *row, cuvee_error *err);
/* End of the document; TABLE_JSON: `metadata` (a JSON object, borrows) follows the results. */
int cuvee__row_writer_end(struct row_writer *w, const json_t *metadata, cuvee_error *err);

/* Shortest decimal that reads back as the same f32; at most 15 characters. x must be finite. */
size_t cuvee__print_f32(char out[32], float x);
/* The same of a double; at most 24 characters. */
size_t cuvee__print_f64(char out[32], double x);

#endif
