/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader is an input stream and the record reader of one format over it. */
#include "table/reader.h"

#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/error.h"
#include "table/csv_reader.h"
#include "table/input_stream.h"
#include "table/jsonl_reader.h"
#include "table/text_reader.h"

struct reader {
    char *name;               /* for messages */
    enum table_format format; /* TABLE_CSV, TABLE_JSONL or TABLE_TEXT */
    struct input_stream in;
    union {
        struct csv_reader csv;
        struct jsonl_reader jsonl;
        struct text_reader text;
    } of;
};

static bool ends_with(const char *path, const char *suffix)
{
    const size_t n = strlen(path), m = strlen(suffix);
    return n >= m && strcasecmp(path + n - m, suffix) == 0;
}

static enum table_format format_by_suffix(const char *path)
{
    static const struct {
        const char *suffix;
        enum table_format format;
    } known[] = {{".csv", TABLE_CSV},      {".tsv", TABLE_CSV},   {".jsonl", TABLE_JSONL},
                 {".ndjson", TABLE_JSONL}, {".json", TABLE_JSON}, {".txt", TABLE_TEXT}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (ends_with(path, known[i].suffix)) return known[i].format;
    return TABLE_AUTO;
}

/* Settle options->format: what was asked for, else the suffix, else the first byte. */
static int choose_format(struct input_stream *in, const char *path, struct reader_options *options,
                         cuvee_error *err)
{
    if (options->format == TABLE_AUTO) options->format = format_by_suffix(path);
    if (options->format == TABLE_AUTO) {
        int first;
        const int rc = cuvee__input_peek(in, &first, err);
        if (rc < 0) return rc;
        const bool is_table =
            options->column || options->pair_column || options->delimiter || options->no_header;
        options->format = first == '{' ? TABLE_JSONL : is_table ? TABLE_CSV : TABLE_TEXT;
    }
    if (options->format == TABLE_CSV && !options->delimiter && ends_with(path, ".tsv"))
        options->delimiter = '\t';
    if (options->format == TABLE_TEXT && (options->column || options->pair_column))
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "plain text has no columns to choose from");
    return CUVEE_OK;
}

static int init_format(struct reader *r, const struct reader_options *options, cuvee_error *err)
{
    int rc;
    switch (options->format) {
    case TABLE_CSV:
        r->format = TABLE_CSV;
        return cuvee__csv_init(&r->of.csv, &r->in, options, err);
    case TABLE_JSONL:
    case TABLE_JSON:
        r->format = TABLE_JSONL;
        rc = cuvee__jsonl_init(&r->of.jsonl, options, err);
        if (rc == CUVEE_OK && options->format == TABLE_JSON)
            rc = cuvee__jsonl_check_first(&r->of.jsonl, &r->in, err);
        return rc;
    default:
        r->format = TABLE_TEXT;
        r->of.text = (struct text_reader){.line = 1};
        return CUVEE_OK;
    }
}

int cuvee__reader_open(const char *path, const struct reader_options *options,
                       struct reader **ret_reader, cuvee_error *err)
{
    const char *name = cuvee__input_is_stdin(path) ? "standard input" : path;
    struct reader *r = cuvee__calloc(1, sizeof *r);
    if (!r) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    struct reader_options settled = *options;
    r->name = cuvee__strndup(name, strlen(name));
    int rc = r->name ? cuvee__input_init(&r->in, path, options->encoding, err)
                     : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    r->in.stop = options->stop;
    if (rc == CUVEE_OK) rc = choose_format(&r->in, path, &settled, err);
    if (rc == CUVEE_OK) rc = init_format(r, &settled, err);
    if (rc < 0) {
        cuvee__error_prefix(err, "%s", name);
        cuvee__reader_close(r);
        return rc;
    }
    *ret_reader = r;
    return CUVEE_OK;
}

void cuvee__reader_close(struct reader *r)
{
    if (!r) return;
    if (r->format == TABLE_CSV) cuvee__csv_deinit(&r->of.csv);
    if (r->format == TABLE_JSONL) cuvee__jsonl_deinit(&r->of.jsonl);
    cuvee__input_deinit(&r->in);
    cuvee__free(r->name);
    cuvee__free(r);
}

size_t cuvee__reader_n_columns(const struct reader *r)
{
    return r->format == TABLE_CSV ? r->of.csv.n_columns : 0;
}

struct span cuvee__reader_column(const struct reader *r, size_t i)
{
    if (i >= cuvee__reader_n_columns(r)) return (struct span){0};
    return block_span(&r->of.csv.header, r->of.csv.header.fields[i]);
}

enum table_format cuvee__reader_format(const struct reader *r)
{
    return r->format;
}

static int next_row(struct reader *r, struct row_block *block, cuvee_error *err)
{
    switch (r->format) {
    case TABLE_CSV:
        return cuvee__csv_next(&r->of.csv, &r->in, block, err);
    case TABLE_JSONL:
        return cuvee__jsonl_next(&r->of.jsonl, &r->in, block, err);
    default:
        return cuvee__text_next(&r->of.text, &r->in, block, err);
    }
}

int cuvee__reader_fill(struct reader *r, struct row_block *block, size_t max_rows, size_t max_bytes,
                       const volatile int *stop, bool *ret_end, cuvee_error *err)
{
    int rc = INPUT_LINE;
    r->in.stop = stop;
    while (rc == INPUT_LINE && block->n_rows < max_rows && block->bytes.len < max_bytes) {
        r->in.may_pause = block->n_rows > 0;
        rc = next_row(r, block, err);
    }
    if (rc == CUVEE_E_CANCELLED) rc = INPUT_PAUSED;
    if (rc < 0) {
        cuvee__error_prefix(err, "%s", r->name);
        return rc;
    }
    *ret_end = rc == INPUT_END;
    return CUVEE_OK;
}

uint64_t cuvee__reader_bytes_read(const struct reader *r)
{
    /* What waits in the window was read, but no row came from it yet. Behind a decoder the window
     * counts other bytes than the file does; there the figure runs a little ahead. */
    return r->in.bytes_read - (r->in.decoder ? 0 : r->in.end - r->in.begin);
}

uint64_t cuvee__reader_bytes_total(const struct reader *r)
{
    return r->in.bytes_total;
}
