/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of any bytes, read in two ways that must agree: large blocks, and one row at a time. The
 * first byte chooses format and options, the rest is the file. What is kept of a row is written as
 * JSON, which must parse again, and as CSV, which must read back as the same cells. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "table/csv_writer.h"
#include "table/json_writer.h"
#include "table/reader.h"

static void put(struct buffer *out, struct span text)
{
    HOLDS(cuvee__buffer_append(out, text.ptr, text.len) == CUVEE_OK);
    HOLDS(cuvee__buffer_append_char(out, '\n') == CUVEE_OK);
}

static void check_text(const struct row_block *b, struct piece p)
{
    HOLDS(p.off <= b->bytes.len && p.len <= b->bytes.len - p.off);
    HOLDS(cuvee__utf8_valid_prefix(b->bytes.ptr + p.off, p.len) == p.len);
}

/* Members of a kept object, with all clashes resolved, are JSON. */
static void check_members(struct span object)
{
    static const struct span taken[] = {{"text", 4}, {"index", 5}, {"", 0}, {"a", 1}};
    struct sink out = {0};
    size_t n = 0;
    json_t *before = NULL, *after = NULL;
    cuvee_error err;
    sink_put_char(&out, '{');
    HOLDS(cuvee__json_put_members(&out, object, taken, 4, &n) == CUVEE_OK);
    sink_put_char(&out, '}');
    HOLDS(cuvee__json_parse_as_reals(object, "before", &before, &err) == CUVEE_OK);
    HOLDS(cuvee__json_parse_as_reals(buffer_span(&out.bytes), "after", &after, &err) == CUVEE_OK);
    HOLDS(json_object_size(before) == n && json_object_size(after) == n);
    for (size_t i = 0; i < 4; i++) HOLDS(!json_object_getn(after, taken[i].ptr, taken[i].len));
    json_decref(before);
    json_decref(after);
    cuvee__buffer_deinit(&out.bytes);
}

static void check_string(struct span text)
{
    struct sink out = {0};
    json_t *json = NULL;
    cuvee_error err;
    cuvee__json_put_string(&out, text);
    HOLDS(cuvee__json_parse(buffer_span(&out.bytes), "string", &json, &err) == CUVEE_OK);
    HOLDS(span_equal((struct span){json_string_value(json), json_string_length(json)}, text));
    json_decref(json);
    cuvee__buffer_deinit(&out.bytes);
}

static void check_row(const struct row_block *b, const struct row *r, enum table_format format)
{
    check_text(b, r->error);
    check_text(b, r->text);
    check_text(b, r->pair);
    HOLDS(r->has_text || r->error.len);
    HOLDS(r->line >= 1);
    HOLDS(r->first_field <= b->n_fields && r->n_fields <= b->n_fields - r->first_field);
    check_string(block_span(b, r->text));
    check_string(block_span(b, r->error));
    for (size_t i = 0; i < r->n_fields; i++) {
        check_text(b, b->fields[r->first_field + i]);
        if (format == TABLE_JSONL) check_members(block_span(b, b->fields[r->first_field + i]));
    }
}

static void describe(struct buffer *out, const struct row_block *b)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        const struct row *r = &b->rows[i];
        HOLDS(cuvee__buffer_printf(out, "%" PRIu64 " %d %d %u %zu ", r->line, r->has_text,
                                   r->has_pair, (unsigned)r->n_replaced, r->n_fields) == CUVEE_OK);
        put(out, block_span(b, r->error));
        put(out, block_span(b, r->text));
        put(out, block_span(b, r->pair));
        for (size_t k = 0; k < r->n_fields; k++)
            put(out, block_span(b, b->fields[r->first_field + k]));
    }
}

/* Write the fields of a row, made up to n_columns. Empty ones in quotes: a line without a byte
 * would be no record. */
static void put_csv(struct sink *out, const struct row_block *b, const struct row *row,
                    size_t n_columns)
{
    for (size_t k = 0; k < n_columns; k++) {
        struct span cell = {0};
        if (k < row->n_fields) cell = block_span(b, b->fields[row->first_field + k]);
        if (k) sink_put_char(out, ',');
        if (cell.len)
            cuvee__csv_put_cell(out, cell);
        else
            sink_put_str(out, "\"\"");
    }
    sink_put_char(out, '\n');
}

/* Read all; the code that reading ended with. cells: NULL, or gets the kept cells as CSV. */
static int read_all(const char *path, const struct reader_options *options, size_t max_rows,
                    struct buffer *out, struct sink *cells)
{
    struct reader *r;
    struct row_block block = {0};
    cuvee_error err;
    int rc = cuvee__reader_open(path, options, &r, &err);
    if (rc < 0) return rc;
    uint64_t line = 0;
    for (bool end = false; rc == CUVEE_OK && !end;) {
        cuvee__row_block_clear(&block);
        rc = cuvee__reader_fill(r, &block, max_rows, 1 << 16, NULL, &end, &err);
        for (size_t i = 0; i < block.n_rows; i++) {
            const struct row *row = &block.rows[i];
            check_row(&block, row, cuvee__reader_format(r));
            HOLDS(row->line > line);
            line = row->line;
            if (cells && !row->error.len) put_csv(cells, &block, row, cuvee__reader_n_columns(r));
        }
        describe(out, &block);
    }
    cuvee__reader_close(r);
    cuvee__row_block_deinit(&block);
    return rc;
}

static const char *scratch_file(const void *bytes, size_t len, FILE **ret_file)
{
    static char path[64];
    FILE *f = tmpfile();
    HOLDS(f && fwrite(bytes, 1, len, f) == len && fflush(f) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(f));
    *ret_file = f;
    return path;
}

/* Cells that were written as CSV are the same when read: they are written as the same bytes
 * again. */
static void check_csv_again(struct span csv)
{
    /* It would be read as a byte-order mark. */
    if (csv.len >= 3 && memcmp(csv.ptr, "\xEF\xBB\xBF", 3) == 0) return;
    const struct reader_options options = {
        .format = TABLE_CSV, .no_header = true, .column = "0", .keep_columns = true};
    struct buffer rows = {0};
    struct sink again = {0};
    FILE *f;
    const char *path = scratch_file(csv.ptr, csv.len, &f);
    HOLDS(read_all(path, &options, 1000, &rows, &again) == CUVEE_OK);
    HOLDS(span_equal(buffer_span(&again.bytes), csv));
    fclose(f);
    cuvee__buffer_deinit(&rows);
    cuvee__buffer_deinit(&again.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const enum table_format formats[] = {TABLE_AUTO, TABLE_CSV, TABLE_JSONL, TABLE_TEXT,
                                                TABLE_JSON, TABLE_CSV, TABLE_JSONL, TABLE_CSV};
    static const char *const encodings[] = {NULL, "CP1252", "UTF-16LE", "SHIFT_JIS"};
    if (!len) return 0;
    const uint8_t choice = bytes[0];
    struct reader_options options = {.format = formats[choice & 7],
                                     .encoding = encodings[choice >> 3 & 3],
                                     .no_header = choice >> 5 & 1,
                                     .keep_columns = true};
    if (options.no_header) options.column = "0";
    if (options.format == TABLE_TEXT) options.column = NULL;
    if (choice >> 6 & 1) options.delimiter = ';';
    if (choice >> 7 & 1 && options.format != TABLE_TEXT) options.pair_column = "1";

    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    struct buffer whole = {0}, single = {0};
    struct sink csv = {0};
    FILE *f;
    const char *path = scratch_file(bytes + 1, len - 1, &f);
    const int rc =
        read_all(path, &options, 1000, &whole, options.format == TABLE_CSV ? &csv : NULL);
    HOLDS(rc == CUVEE_OK || rc == CUVEE_E_FORMAT || rc == CUVEE_E_LIMIT || rc == CUVEE_E_ARGUMENT);
    HOLDS(read_all(path, &options, 1, &single, NULL) == rc);
    HOLDS(span_equal(buffer_span(&whole), buffer_span(&single)));
    fclose(f);
    if (csv.bytes.len) check_csv_again(buffer_span(&csv.bytes));
    cuvee__buffer_deinit(&whole);
    cuvee__buffer_deinit(&single);
    cuvee__buffer_deinit(&csv.bytes);
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);
    return 0;
}
