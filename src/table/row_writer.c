/* SPDX-License-Identifier: Apache-2.0
 *
 * A row is put together in memory and handed to the output whole, so an output that ends early (a
 * full disk, Ctrl-C) ends between rows as far as it is up to us.
 *
 *   JSONL  {input columns, "index", "source", "text", "text_pair", "label", "score", "labels",
 *          "scores", "truncated"}, without the blanks
 *   JSON   {"results":[row, ...],"metadata":{...}}, a row a line
 *   CSV    the same columns in that order, but `scores` as one score_<LABEL> per label, no
 *          `truncated`, and `error` as the last; lines end in LF
 *
 * Parts that an option leaves out are not there; an error row has "error" in place of label and all
 * after it. */
#include "table/writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "table/csv_writer.h"
#include "table/json_writer.h"
#include "table/name_list.h"
#include "base/sink.h"

struct row_writer {
    struct output_file *output;
    enum table_format format;
    bool with_text, with_pair, with_source, with_scores, with_labels, keep_columns, is_script;
    bool has_rows;           /* JSON: a comma is due before the next */
    struct name_list labels; /* as printed */
    struct name_list own;    /* columns of ours */
    struct name_list kept;   /* columns of the input, under the names they get here */
    double *score_of;        /* (labels.n) CSV: scores of the row by label, NaN = none */

    struct sink row;  /* the row at hand */
    size_t n_members; /* of it so far: members or cells */
};

static int fail_nomem(const struct row_writer *w, cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", cuvee__output_name(w->output));
}

/* Hand what was put together to the output. */
static int send_row(struct row_writer *w, cuvee_error *err)
{
    if (w->row.rc < 0) return fail_nomem(w, err);
    return cuvee__output_write(w->output, w->row.bytes.ptr, w->row.bytes.len, err);
}

static void start_row(struct row_writer *w)
{
    w->row.rc = CUVEE_OK;
    w->row.bytes.len = 0;
    w->n_members = 0;
}

static void put_u64(struct sink *out, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    sink_put_str(out, text);
}

static void put_score(struct sink *out, double x, bool is_exact, const char *if_not_finite)
{
    char text[32];
    if (!isfinite(x))
        sink_put_str(out, if_not_finite);
    else
        sink_put(out, text,
                 is_exact ? cuvee__print_f64(text, x) : cuvee__print_f32(text, (float)x));
}

/* ---- JSON ---- */

static void put_key(struct row_writer *w, struct span key)
{
    if (w->n_members++) sink_put_char(&w->row, ',');
    cuvee__json_put_string(&w->row, key);
    sink_put_char(&w->row, ':');
}

static void put_string(struct row_writer *w, const char *key, struct span value, bool has_value)
{
    put_key(w, span_of(key));
    if (has_value)
        cuvee__json_put_string(&w->row, value);
    else
        sink_put_str(&w->row, "null");
}

static int put_kept_members(struct row_writer *w, const struct out_row *row)
{
    if (row->fields_are_json && row->n_fields == 1)
        return cuvee__json_put_members(&w->row, row->fields[0], w->own.items, w->own.n,
                                       &w->n_members);
    for (size_t i = 0; i < w->kept.n; i++) {
        put_key(w, w->kept.items[i]);
        if (i < row->n_fields)
            cuvee__json_put_string(&w->row, row->fields[i]);
        else
            sink_put_str(&w->row, "null");
    }
    return CUVEE_OK;
}

static void put_result_members(struct row_writer *w, const struct out_row *row)
{
    put_string(w, "label", w->labels.items[row->label], true);
    put_key(w, span_of("score"));
    put_score(&w->row, row->score, row->is_exact, "null");
    if (w->with_labels) {
        put_key(w, span_of("labels"));
        sink_put_char(&w->row, '[');
        for (size_t i = 0; i < row->n_above; i++) {
            if (i) sink_put_char(&w->row, ',');
            cuvee__json_put_string(&w->row, w->labels.items[row->above[i]]);
        }
        sink_put_char(&w->row, ']');
    }
    if (w->with_scores) {
        put_key(w, span_of("scores"));
        sink_put_char(&w->row, '[');
        for (size_t i = 0; i < row->n_scores; i++) {
            sink_put_str(&w->row, i ? ",{\"label\":" : "{\"label\":");
            cuvee__json_put_string(&w->row, w->labels.items[row->scores[i].label]);
            sink_put_str(&w->row, ",\"score\":");
            put_score(&w->row, row->scores[i].score, row->is_exact, "null");
            sink_put_char(&w->row, '}');
        }
        sink_put_char(&w->row, ']');
    }
    if (row->truncated) {
        put_key(w, span_of("truncated"));
        sink_put_str(&w->row, "true");
    }
}

/* Further keys of a script's result, after ours, which keep their names: an equal one gets "in_" in
 * front. Beside input columns, whose names are anything, they have an object of their own. */
static int put_extra(struct row_writer *w, struct span extra)
{
    size_t n;
    if (!w->keep_columns) {
        sink_put_char(&w->row, ',');
        return cuvee__json_put_members(&w->row, extra, w->own.items, w->own.n, &n);
    }
    put_key(w, span_of("extra"));
    sink_put_span(&w->row, extra);
    return CUVEE_OK;
}

static int put_json_row(struct row_writer *w, const struct out_row *row)
{
    if (w->format == TABLE_JSON) sink_put_str(&w->row, w->has_rows ? ",\n" : "\n");
    sink_put_char(&w->row, '{');
    int rc = w->keep_columns ? put_kept_members(w, row) : CUVEE_OK;
    put_key(w, span_of("index"));
    put_u64(&w->row, row->index);
    if (w->with_source) put_string(w, "source", span_of(row->source), true);
    if (w->with_text) put_string(w, "text", row->text, row->has_text);
    if (w->with_text && w->with_pair) put_string(w, "text_pair", row->pair, row->has_pair);
    if (row->error.len)
        put_string(w, "error", row->error, true);
    else
        put_result_members(w, row);
    if (rc == CUVEE_OK && row->extra.len) rc = put_extra(w, row->extra);
    sink_put_str(&w->row, w->format == TABLE_JSONL ? "}\n" : "}");
    return rc;
}

/* ---- CSV ---- */

static void next_cell(struct row_writer *w)
{
    if (w->n_members++) sink_put_char(&w->row, ',');
}

static void put_cell(struct row_writer *w, struct span cell)
{
    next_cell(w);
    cuvee__csv_put_cell(&w->row, cell);
}

static const struct span empty_cell = {"", 0};

/* A path may be any bytes; the output is UTF-8. */
static void put_path(struct row_writer *w, const char *path)
{
    struct buffer valid = {0};
    uint64_t n_replaced = 0;
    const int rc = cuvee__utf8_append_valid(&valid, path, strlen(path), &n_replaced);
    put_cell(w, buffer_span(&valid));
    if (rc < 0) w->row.rc = rc;
    cuvee__buffer_deinit(&valid);
}

static void put_joined_labels(struct row_writer *w, const struct out_row *row)
{
    struct sink joined = {0};
    for (size_t i = 0; i < row->n_above; i++) {
        if (i) sink_put_char(&joined, '|');
        sink_put_span(&joined, w->labels.items[row->above[i]]);
    }
    put_cell(w, buffer_span(&joined.bytes));
    if (joined.rc < 0) w->row.rc = joined.rc;
    cuvee__buffer_deinit(&joined.bytes);
}

static void put_score_cells(struct row_writer *w, const struct out_row *row)
{
    for (size_t i = 0; i < w->labels.n; i++) w->score_of[i] = NAN;
    if (!row->error.len)
        for (size_t i = 0; i < row->n_scores; i++)
            w->score_of[row->scores[i].label] = row->scores[i].score;
    for (size_t i = 0; i < w->labels.n; i++) {
        next_cell(w);
        put_score(&w->row, w->score_of[i], row->is_exact, "");
    }
}

static void put_csv_row(struct row_writer *w, const struct out_row *row)
{
    const bool is_error = row->error.len > 0;
    for (size_t i = 0; i < w->kept.n; i++)
        put_cell(w, i < row->n_fields ? row->fields[i] : empty_cell);
    next_cell(w);
    put_u64(&w->row, row->index);
    if (w->with_source) put_path(w, row->source);
    if (w->with_text) put_cell(w, row->has_text ? row->text : empty_cell);
    if (w->with_text && w->with_pair) put_cell(w, row->has_pair ? row->pair : empty_cell);
    put_cell(w, is_error ? empty_cell : w->labels.items[row->label]);
    next_cell(w);
    if (!is_error) put_score(&w->row, row->score, row->is_exact, "");
    if (w->with_labels && is_error) put_cell(w, empty_cell);
    if (w->with_labels && !is_error) put_joined_labels(w, row);
    if (w->with_scores) put_score_cells(w, row);
    if (w->is_script) put_cell(w, row->extra.len ? row->extra : empty_cell);
    put_cell(w, row->error);
    sink_put_char(&w->row, '\n');
}

static void put_csv_header(struct row_writer *w)
{
    for (size_t i = 0; i < w->kept.n; i++) put_cell(w, w->kept.items[i]);
    for (size_t i = 0; i < w->own.n; i++) put_cell(w, w->own.items[i]);
    sink_put_char(&w->row, '\n');
}

/* ---- the writer ---- */

/* Names that this writer's rows may have: reserved, whether a row has them or not. */
static int name_own_columns(struct row_writer *w)
{
    const bool is_csv = w->format == TABLE_CSV;
    const struct {
        const char *name;
        bool is_there;
    } columns[] = {{"index", true},
                   {"source", w->with_source},
                   {"text", w->with_text},
                   {"text_pair", w->with_text && w->with_pair},
                   {"label", true},
                   {"score", true},
                   {"labels", w->with_labels},
                   {"scores", w->with_scores && !is_csv},
                   {"truncated", !is_csv}};
    int rc = CUVEE_OK;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0] && rc == CUVEE_OK; i++)
        if (columns[i].is_there) rc = cuvee__names_add(&w->own, "", span_of(columns[i].name));
    for (size_t i = 0; is_csv && w->with_scores && i < w->labels.n && rc == CUVEE_OK; i++)
        rc = cuvee__names_add(&w->own, "score_", w->labels.items[i]);
    if (rc == CUVEE_OK && w->is_script && (is_csv || w->keep_columns))
        rc = cuvee__names_add(&w->own, "", span_of("extra"));
    return rc == CUVEE_OK ? cuvee__names_add(&w->own, "", span_of("error")) : rc;
}

static int init_names(struct row_writer *w, const struct writer_options *options)
{
    int rc = CUVEE_OK;
    for (size_t i = 0; i < options->n_labels && rc == CUVEE_OK; i++)
        rc = cuvee__names_add(&w->labels, "", span_of(options->labels[i]));
    if (rc == CUVEE_OK) rc = name_own_columns(w);
    if (rc == CUVEE_OK && w->keep_columns)
        rc = cuvee__names_add_columns(&w->kept, options->columns, options->n_columns, &w->own);
    w->score_of = cuvee__alloc_array(options->n_labels + 1, sizeof *w->score_of);
    return rc == CUVEE_OK && !w->score_of ? CUVEE_E_NOMEM : rc;
}

int cuvee__row_writer_create(struct output_file *o, const struct writer_options *options,
                             struct row_writer **ret_writer, cuvee_error *err)
{
    struct row_writer *w = cuvee__malloc(sizeof *w);
    if (!w) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", cuvee__output_name(o));
    *w = (struct row_writer){.output = o,
                             .format = options->format,
                             .with_text = options->with_text,
                             .with_pair = options->with_pair,
                             .with_source = options->with_source,
                             .with_scores = options->with_scores,
                             .with_labels = options->with_labels,
                             .keep_columns = options->keep_columns,
                             .is_script = options->is_script};
    int rc = init_names(w, options) < 0 ? fail_nomem(w, err) : CUVEE_OK;
    if (rc == CUVEE_OK) {
        if (w->format == TABLE_CSV) put_csv_header(w);
        if (w->format == TABLE_JSON) sink_put_str(&w->row, "{\"results\":[");
        rc = send_row(w, err);
    }
    if (rc < 0) {
        cuvee__row_writer_free(w);
        return rc;
    }
    *ret_writer = w;
    return CUVEE_OK;
}

void cuvee__row_writer_free(struct row_writer *w)
{
    if (!w) return;
    cuvee__names_deinit(&w->labels);
    cuvee__names_deinit(&w->own);
    cuvee__names_deinit(&w->kept);
    cuvee__buffer_deinit(&w->row.bytes);
    cuvee__free(w->score_of);
    cuvee__free(w);
}

int cuvee__row_writer_add_labels(struct row_writer *w, const char *const *labels, size_t n,
                                 cuvee_error *err)
{
    if (w->format == TABLE_CSV && w->with_scores)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "a new label, '%s': CSV columns of scores must be known at the start; "
                           "use --format jsonl, or LABELS in the script",
                           labels[0]);
    for (size_t i = 0; i < n; i++)
        if (cuvee__names_add(&w->labels, "", span_of(labels[i])) < 0) return fail_nomem(w, err);
    return CUVEE_OK;
}

/* Labels of a row come from the caller: a wrong one must not read past the names. */
static bool has_known_labels(const struct row_writer *w, const struct out_row *row)
{
    const size_t n = w->labels.n;
    if (row->error.len) return true;
    if (row->label < 0 || (size_t)row->label >= n) return false;
    for (size_t i = 0; i < row->n_scores; i++)
        if (row->scores[i].label >= n) return false;
    for (size_t i = 0; i < row->n_above; i++)
        if (row->above[i] >= n) return false;
    return true;
}

int cuvee__row_writer_row(struct row_writer *w, const struct out_row *row, cuvee_error *err)
{
    if (!has_known_labels(w, row))
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "row %" PRIu64 " has a label without a name",
                           row->index);
    if (w->format == TABLE_CSV && w->keep_columns && row->fields_are_json)
        return cuvee__fail(
            err, CUVEE_E_UNSUPPORTED,
            "keys of JSON Lines cannot become CSV columns: they are not known before the end; "
            "use --format jsonl or leave out --keep-columns");
    int rc = CUVEE_OK;
    start_row(w);
    if (w->format == TABLE_CSV)
        put_csv_row(w, row);
    else
        rc = put_json_row(w, row);
    if (rc < 0)
        return cuvee__fail(err, rc, "row %" PRIu64 ": the kept columns are no JSON object",
                           row->index);
    rc = send_row(w, err);
    if (rc == CUVEE_OK) w->has_rows = true;
    return rc;
}

/* ---- the end ---- */

/* 15 digits: times that were rounded to 10.825 come out so, not as 10.824999999999999. */
#define METADATA_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

int cuvee__row_writer_end(struct row_writer *w, const json_t *metadata, cuvee_error *err)
{
    if (w->format != TABLE_JSON) return CUVEE_OK;
    start_row(w);
    sink_put_str(&w->row, w->has_rows ? "\n],\"metadata\":" : "],\"metadata\":");
    if (!metadata) sink_put_str(&w->row, "{}");
    int rc = send_row(w, err);
    if (rc < 0) return rc;
    if (metadata) rc = cuvee__output_write_json(w->output, metadata, METADATA_FLAGS, err);
    if (rc < 0) return rc;
    return cuvee__output_write(w->output, "}\n", 2, err);
}
