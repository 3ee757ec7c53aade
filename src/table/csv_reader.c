/* SPDX-License-Identifier: Apache-2.0
 *
 * libcsv is fed one line at a time. A line holds at most one end of a record, so after each the
 * reader knows where it is: which line a record starts on, and whether it is complete.
 *
 * libcsv runs in strict mode, which stops at a quote that RFC 4180 does not allow. Of the two
 * kinds, one is harmless and one is not:
 *   5" pipe,x        a quote inside an unquoted cell: a plain character, as every reader takes it
 *   "say "hi"",x     text after a closing quote: no telling where the cell ends
 * The second, a quote that is never closed, and a record over TABLE_MAX_RECORD_BYTES make an error
 * row of the line that the record starts on, and reading goes on at the line after it. So a stray
 * quote costs its own row, not the file up to the next quote.
 *
 * Reading a line again and again would be quadratic, so a failed record leaves word behind
 * (doomed_line): at the end of a line the parser is inside quotes or between records and knows
 * nothing else, so what starts later and is inside quotes at the same place meets the same end.
 * Each line is parsed twice at most.
 *
 * Blank lines between records are no records (so does libcsv have it, and pandas, and Python's
 * DictReader; those who write a one-column file put "" for an empty cell). A lone CR ends a record
 * outside quotes. */
#include "table/csv_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "table/row_block.h"

/* libcsv grows its cell by this much each time; its own default of 128 bytes is slow for long
 * cells. */
#define CELL_STEP_BYTES ((size_t)16 * 1024)

static int no_byte_is_space(unsigned char c)
{
    (void)c; /* libcsv would trim blanks; RFC 4180 gives them to the cell */
    return 0;
}

static void *grow_cell(void *old, size_t bytes)
{
    return cuvee__realloc_array(old, bytes, 1);
}

static int start_parser(struct csv_reader *c)
{
    if (csv_init(&c->parser, CSV_STRICT) != 0) return CUVEE_E_NOMEM;
    csv_set_delim(&c->parser, c->delimiter);
    csv_set_space_func(&c->parser, no_byte_is_space);
    csv_set_realloc_func(&c->parser, grow_cell);
    csv_set_free_func(&c->parser, cuvee__free);
    csv_set_blk_size(&c->parser, CELL_STEP_BYTES);
    return CUVEE_OK;
}

/* Forget a record in the middle. csv_fini() would do it, by way of handing the record out. */
static int restart_parser(struct csv_reader *c)
{
    csv_free(&c->parser);
    return start_parser(c);
}

/* ---- callbacks of libcsv ---- */

static void on_cell(void *bytes, size_t len, void *arg)
{
    struct csv_reader *c = arg;
    const size_t i = c->n_cells++;
    if (c->rc < 0) return;
    if (c->is_header && i >= TABLE_MAX_COLUMNS) {
        c->rc = CUVEE_E_LIMIT;
        return;
    }
    const bool is_text = i == c->text_column, is_pair = i == c->pair_column;
    const bool is_kept = c->is_header || (c->keep_columns && i < c->n_columns);
    if (!is_text && !is_pair && !is_kept) return;

    struct piece piece;
    c->rc = cuvee__block_add_text(c->block, (struct span){bytes, len}, &piece, &c->row->n_replaced);
    if (c->rc == CUVEE_OK && is_kept) c->rc = cuvee__block_add_field(c->block, piece);
    if (is_text) {
        c->row->text = piece;
        c->row->has_text = true;
    }
    if (is_pair) {
        c->row->pair = piece;
        c->row->has_pair = true;
    }
}

static void on_record(int end, void *arg)
{
    (void)end;
    ((struct csv_reader *)arg)->is_complete = true;
}

/* ---- records ---- */

/* Feed one line. Returns CUVEE_OK or CUVEE_E_NOMEM. */
static int feed(struct csv_reader *c, struct span line, enum csv_defect *ret_defect)
{
    while (line.len) {
        size_t n = csv_parse(&c->parser, line.ptr, line.len, on_cell, on_record, c);
        line.ptr += n;
        line.len -= n;
        if (!line.len) break;
        if (csv_error(&c->parser) != CSV_EPARSE) return CUVEE_E_NOMEM;
        if (*line.ptr != '"') {
            *ret_defect = CSV_TEXT_AFTER_QUOTE;
            return CUVEE_OK;
        }
        csv_set_opts(&c->parser, 0); /* lenient for the one quote that is text */
        n = csv_parse(&c->parser, line.ptr, 1, on_cell, on_record, c);
        csv_set_opts(&c->parser, CSV_STRICT);
        if (n != 1) return CUVEE_E_NOMEM;
        line.ptr++;
        line.len--;
    }
    return CUVEE_OK;
}

/* What one attempt at a record came to. */
struct attempt {
    size_t bytes, lines; /* of the record so far */
    size_t first_bytes;  /* of its first line; 0 when that line alone is too long */
    enum csv_defect defect;
    uint64_t defect_at; /* CSV_TEXT_AFTER_QUOTE: the line of that text */
};

static bool is_blank(struct span line)
{
    return line.ptr[0] == '\n' || line.ptr[0] == '\r';
}

/* Feed the next line of the record, which is on line line_no, and see what became of it. */
static int feed_line(struct csv_reader *c, struct span line, uint64_t line_no, struct attempt *a,
                     cuvee_error *err)
{
    const char last = line.ptr[line.len - 1];
    const bool is_cut = last != '\n' && last != '\r'; /* the input ends without a line end */
    int rc = feed(c, line, &a->defect);
    if (rc == CUVEE_OK && !a->defect && is_cut) rc = feed(c, (struct span){"\n", 1}, &a->defect);
    if (rc < 0) return cuvee__fail(err, rc, "out of memory");
    if (c->rc == CUVEE_E_LIMIT)
        return cuvee__fail(err, c->rc, "the header has more than %zu columns", TABLE_MAX_COLUMNS);
    if (c->rc < 0) return cuvee__fail(err, c->rc, "out of memory");

    a->bytes += line.len;
    a->lines++;
    if (a->lines == 1) a->first_bytes = line.len;
    if (a->defect) a->defect_at = line_no;
    if (a->defect || c->is_complete) return CUVEE_OK;
    if (is_cut) {
        a->defect = CSV_OPEN_QUOTE;
    } else if (line_no <= c->doomed_line) {
        a->defect = c->doomed_defect;
        a->defect_at = c->doomed_at;
    }
    return CUVEE_OK;
}

/* Parse the record at the window's begin, which is not consumed (blank lines before it are).
 * Returns INPUT_LINE (complete, or with a defect), INPUT_END, INPUT_PAUSED or CUVEE_E_*. */
static int attempt_record(struct csv_reader *c, struct input_stream *in, struct attempt *a,
                          cuvee_error *err)
{
    *a = (struct attempt){0};
    c->is_complete = false;
    c->n_cells = 0;
    c->rc = CUVEE_OK;
    while (!c->is_complete && !a->defect) {
        struct span line;
        const int got = cuvee__input_line(in, a->bytes, true, &line, err);
        if (got < 0 || got == INPUT_PAUSED || (got == INPUT_END && !a->bytes)) return got;
        if (got != INPUT_LINE) {
            a->defect = got == INPUT_END ? CSV_OPEN_QUOTE : CSV_TOO_LONG;
        } else if (!a->bytes && is_blank(line)) {
            cuvee__input_consume(in, line.len);
            c->line++;
        } else {
            const int rc = feed_line(c, line, c->line + a->lines, a, err);
            if (rc < 0) return rc;
        }
    }
    return INPUT_LINE;
}

/* Say on an error row what is wrong with the record. */
static int describe_defect(struct row_block *b, struct row *row, const struct attempt *a)
{
    char where[48] = "";
    switch (a->defect) {
    case CSV_TEXT_AFTER_QUOTE:
        if (a->defect_at > row->line)
            snprintf(where, sizeof where, " on line %" PRIu64, a->defect_at);
        return cuvee__block_set_error(b, row,
                                      "text after a closing quote%s (a quote inside a quoted cell "
                                      "must be doubled)",
                                      where);
    case CSV_OPEN_QUOTE:
        return cuvee__block_set_error(b, row, "a quote is opened and never closed");
    default:
        return cuvee__block_set_error(b, row, "record longer than %zu bytes; a quote left open?",
                                      TABLE_MAX_RECORD_BYTES);
    }
}

/* Turn a failed attempt into an error row of its first line, and go on after that line. */
static int finish_defect(struct csv_reader *c, struct input_stream *in, const struct attempt *a,
                         cuvee_error *err)
{
    struct row row = {.line = c->line};
    int rc = restart_parser(c);
    if (rc == CUVEE_OK) rc = describe_defect(c->block, &row, a);
    if (rc == CUVEE_OK) rc = cuvee__block_add_row(c->block, &row);
    if (rc < 0) return cuvee__fail(err, rc, "out of memory");
    /* Its last line is the one it went wrong in, or was still inside quotes at its end. */
    const uint64_t end = c->line + a->lines - (a->defect == CSV_TEXT_AFTER_QUOTE);
    if (end > c->doomed_line + 1) {
        c->doomed_line = end - 1;
        c->doomed_defect = a->defect;
        c->doomed_at = a->defect_at;
    }
    c->line++;
    if (!a->first_bytes) return cuvee__input_skip_line(in, true, err);
    cuvee__input_consume(in, a->first_bytes);
    return INPUT_LINE;
}

/* Check a complete record against the columns. */
static int check_cells(struct csv_reader *c, struct row_block *b, struct row *row)
{
    if (c->n_cells > c->n_columns)
        return cuvee__block_set_error(b, row, "row has %zu cells, the %s has %zu", c->n_cells,
                                      c->header_is_row ? "first row" : "header", c->n_columns);
    size_t missing = CSV_NO_COLUMN;
    if (!row->has_pair) missing = c->pair_column; /* none when there is none to have */
    if (!row->has_text) missing = c->text_column;
    if (missing == CSV_NO_COLUMN) return CUVEE_OK;
    const struct span name = block_span(&c->header, c->header.fields[missing]);
    return cuvee__block_set_error(b, row, "row has %zu cells, column '%.*s' would be cell %zu",
                                  c->n_cells, (int)name.len, name.ptr, missing + 1);
}

int cuvee__csv_next(struct csv_reader *c, struct input_stream *in, struct row_block *b,
                    cuvee_error *err)
{
    const struct block_mark mark = cuvee__block_mark(b);
    struct row row = {.first_field = b->n_fields};
    struct attempt a;
    c->block = b;
    c->row = &row;
    int rc = attempt_record(c, in, &a, err);
    if (rc == INPUT_LINE && !a.defect) {
        row.line = c->line;
        row.n_fields = b->n_fields - row.first_field;
        int added = check_cells(c, b, &row);
        if (added == CUVEE_OK) added = cuvee__block_add_row(b, &row);
        if (added == CUVEE_OK) {
            cuvee__input_consume(in, a.bytes);
            c->line += a.lines;
            return INPUT_LINE;
        }
        rc = cuvee__fail(err, added, "out of memory");
    }
    cuvee__block_rewind(b, mark);
    if (rc == INPUT_LINE) return finish_defect(c, in, &a, err);
    /* A pause, a stop or a failure inside the record: the next call starts it anew. */
    if (a.bytes && restart_parser(c) < 0) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    return rc;
}

/* ---- header and columns ---- */

/* The row block of the header gets its names as fields. */
static int read_header(struct csv_reader *c, struct input_stream *in, cuvee_error *err)
{
    struct row row = {0};
    struct attempt a;
    c->block = &c->header;
    c->row = &row;
    c->is_header = true;
    c->text_column = c->pair_column = CSV_NO_COLUMN;
    int rc = attempt_record(c, in, &a, err);
    c->is_header = false;
    if (rc == INPUT_END) {
        if (c->header_is_row) return CUVEE_OK;
        return cuvee__fail(err, CUVEE_E_FORMAT, "empty file: no header");
    }
    if (rc < 0) return rc;
    if (a.defect) {
        row.line = c->line;
        rc = describe_defect(&c->header, &row, &a);
        if (rc < 0) return cuvee__fail(err, rc, "out of memory");
        return cuvee__fail(err, CUVEE_E_FORMAT, "header: %.*s", (int)row.error.len,
                           block_span(&c->header, row.error).ptr);
    }
    c->n_columns = c->n_cells;
    if (c->header_is_row) return CUVEE_OK; /* not consumed: it is the first row */
    cuvee__input_consume(in, a.bytes);
    c->line += a.lines;
    return CUVEE_OK;
}

/* Without a header the indexes are the names. */
static int name_by_index(struct csv_reader *c)
{
    cuvee__row_block_clear(&c->header);
    for (size_t i = 0; i < c->n_columns; i++) {
        char digits[24];
        struct piece piece;
        uint32_t n_replaced = 0;
        snprintf(digits, sizeof digits, "%zu", i);
        int rc = cuvee__block_add_text(&c->header, span_of(digits), &piece, &n_replaced);
        if (rc == CUVEE_OK) rc = cuvee__block_add_field(&c->header, piece);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

/* Index of a column's name. Returns CUVEE_OK with CSV_NO_COLUMN when there is none, CUVEE_E_FORMAT
 * when there are two. */
static int find_name(const struct csv_reader *c, const char *name, size_t *ret_idx,
                     cuvee_error *err)
{
    *ret_idx = CSV_NO_COLUMN;
    for (size_t i = 0; i < c->n_columns; i++) {
        if (!span_is(block_span(&c->header, c->header.fields[i]), name)) continue;
        if (*ret_idx != CSV_NO_COLUMN)
            return cuvee__fail(
                err, CUVEE_E_FORMAT,
                "column '%s' is there twice, as %zu and %zu; choose it by that index", name,
                *ret_idx, i);
        *ret_idx = i;
    }
    return CUVEE_OK;
}

/* A name of decimal digits as an index; CSV_NO_COLUMN when it is none or out of range. */
static size_t parse_index(const struct csv_reader *c, const char *name)
{
    if (!*name || strspn(name, "0123456789") != strlen(name)) return CSV_NO_COLUMN;
    errno = 0;
    const unsigned long long idx = strtoull(name, NULL, 10);
    return errno || idx >= c->n_columns ? CSV_NO_COLUMN : (size_t)idx;
}

/* "these columns: a, b, c"; cut by the length of the message when there are many. */
static int fail_columns(const struct csv_reader *c, cuvee_error *err, const char *what,
                        const char *name)
{
    struct buffer list = {.cap_bytes = sizeof err->msg};
    for (size_t i = 0; i < c->n_columns; i++) {
        const struct span column = block_span(&c->header, c->header.fields[i]);
        int rc = i ? cuvee__buffer_append_str(&list, ", ") : CUVEE_OK;
        if (rc == CUVEE_OK) rc = cuvee__buffer_append(&list, column.ptr, column.len);
        if (rc < 0) break;
    }
    cuvee__fail(err, CUVEE_E_FORMAT, "%s%s%s; columns: %.*s", what, name ? name : "",
                name ? "'" : "", (int)list.len, list.len ? list.ptr : "");
    cuvee__buffer_deinit(&list);
    return CUVEE_E_FORMAT;
}

static int find_column(const struct csv_reader *c, const char *name, size_t *ret_idx,
                       cuvee_error *err)
{
    const int rc = find_name(c, name, ret_idx, err);
    if (rc < 0) return rc;
    if (*ret_idx == CSV_NO_COLUMN) *ret_idx = parse_index(c, name);
    return *ret_idx == CSV_NO_COLUMN ? fail_columns(c, err, "no column '", name) : CUVEE_OK;
}

static int find_text_column(struct csv_reader *c, const char *name, cuvee_error *err)
{
    if (name) return find_column(c, name, &c->text_column, err);
    const int rc = find_name(c, "text", &c->text_column, err);
    if (rc < 0 || c->text_column != CSV_NO_COLUMN) return rc;
    if (c->n_columns != 1)
        return fail_columns(
            c, err, "several columns and none is named 'text', choose one with --column", NULL);
    c->text_column = 0;
    return CUVEE_OK;
}

int cuvee__csv_init(struct csv_reader *c, struct input_stream *in,
                    const struct reader_options *options, cuvee_error *err)
{
    const char delimiter = options->delimiter ? options->delimiter : ',';
    *c = (struct csv_reader){.line = 1,
                             .delimiter = (unsigned char)delimiter,
                             .keep_columns = options->keep_columns,
                             .header_is_row = options->no_header};
    int rc = start_parser(c);
    if (rc < 0) return cuvee__fail(err, rc, "out of memory");
    if (delimiter == '"' || delimiter == '\n' || delimiter == '\r')
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "a quote or a line end cannot be the delimiter");
    rc = read_header(c, in, err);
    if (rc < 0) return rc;
    if (c->header_is_row) {
        if (c->n_columns == 0) return CUVEE_OK; /* no rows, so no columns to find */
        rc = name_by_index(c);
        if (rc < 0) return cuvee__fail(err, rc, "out of memory");
    }
    rc = find_text_column(c, options->column, err);
    if (rc == CUVEE_OK && options->pair_column)
        rc = find_column(c, options->pair_column, &c->pair_column, err);
    return rc;
}

void cuvee__csv_deinit(struct csv_reader *c)
{
    csv_free(&c->parser);
    cuvee__row_block_deinit(&c->header);
}
