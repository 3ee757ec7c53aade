/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser is strict: it refuses lone surrogates, invalid UTF-8, raw control characters, NaN,
 * text after the value, duplicate keys and deep nesting. Each makes an error row. A line of blanks
 * only is no record, as JSON Lines files end in one now and then.
 *
 * Integers are read as reals, or an unsigned id of 64 bits would be an error; no number is used
 * here, and those of kept columns stay text. */
#include "table/jsonl_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "table/row_block.h"

int cuvee__jsonl_init(struct jsonl_reader *j, const struct reader_options *options,
                      cuvee_error *err)
{
    const char *text_key = options->column ? options->column : "text";
    const char *pair_key = options->pair_column;
    *j = (struct jsonl_reader){.line = 1, .keep_columns = options->keep_columns};
    j->text_key = cuvee__strndup(text_key, strlen(text_key));
    if (pair_key) j->pair_key = cuvee__strndup(pair_key, strlen(pair_key));
    if (!j->text_key || (pair_key && !j->pair_key))
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    return CUVEE_OK;
}

void cuvee__jsonl_deinit(struct jsonl_reader *j)
{
    cuvee__free(j->text_key);
    cuvee__free(j->pair_key);
    *j = (struct jsonl_reader){0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span line)
{
    while (line.len && is_blank(line.ptr[line.len - 1])) line.len--;
    while (line.len && is_blank(line.ptr[0])) {
        line.ptr++;
        line.len--;
    }
    return line;
}

/* Find the next line that is not blank. Returns as cuvee__input_line. */
static int find_record(struct jsonl_reader *j, struct input_stream *in, struct span *ret_line,
                       struct span *ret_record, cuvee_error *err)
{
    for (;;) {
        const int rc = cuvee__input_line(in, 0, false, ret_line, err);
        if (rc != INPUT_LINE) return rc;
        *ret_record = trim(*ret_line);
        if (ret_record->len) return INPUT_LINE;
        cuvee__input_consume(in, ret_line->len);
        j->line++;
    }
}

int cuvee__jsonl_check_first(struct jsonl_reader *j, struct input_stream *in, cuvee_error *err)
{
    cuvee_error why; /* err may be NULL */
    struct span line, record;
    const int rc = find_record(j, in, &line, &record, err);
    if (rc == INPUT_END) return CUVEE_OK;
    if (rc < 0) return rc;
    if (rc == INPUT_LINE && record.ptr[0] == '{') {
        json_t *json = NULL;
        const int parsed = cuvee__json_parse_as_reals(record, "", &json, &why);
        json_decref(json);
        if (parsed == CUVEE_E_NOMEM) return cuvee__fail(err, parsed, "out of memory");
        /* A document over many lines goes wrong at the end of its first. What goes wrong before is
         * a bad row, which reading will report. */
        if (parsed == CUVEE_OK || why.offset < (int64_t)record.len) return CUVEE_OK;
    }
    return cuvee__fail(
        err, CUVEE_E_FORMAT,
        "this is one JSON document; JSON Lines are needed, an object a line: convert it with "
        "`jq -c '.[]' FILE` (an array) or `jq -c . FILE`");
}

/* Take the string under key. Returns CUVEE_OK, also when the row became an error row. */
static int take_text(struct row_block *b, struct row *row, const json_t *object, const char *key,
                     struct piece *ret_piece, bool *ret_has)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null"};
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) {
        if (row->error.len) return CUVEE_OK; /* the first of two complaints is enough */
        if (!value) return cuvee__block_set_error(b, row, "key '%s' is missing", key);
        return cuvee__block_set_error(b, row, "key '%s' is %s, not a string", key,
                                      kinds[json_typeof(value)]);
    }
    const struct span text = {json_string_value(value), json_string_length(value)};
    *ret_has = true;
    return cuvee__block_add_text(b, text, ret_piece, &row->n_replaced);
}

/* Fill row from one line of JSON. */
static int take_record(const struct jsonl_reader *j, struct row_block *b, struct row *row,
                       struct span record)
{
    char name[32];
    json_t *json;
    cuvee_error why;
    snprintf(name, sizeof name, "line %" PRIu64, row->line);
    int rc = cuvee__json_parse_as_reals(record, name, &json, &why);
    if (rc == CUVEE_E_NOMEM) return rc;
    if (rc < 0) return cuvee__block_set_message(b, row, &why);
    if (!json_is_object(json)) {
        rc = cuvee__block_set_error(b, row, "not a JSON object");
    } else {
        rc = take_text(b, row, json, j->text_key, &row->text, &row->has_text);
        if (rc == CUVEE_OK && j->pair_key)
            rc = take_text(b, row, json, j->pair_key, &row->pair, &row->has_pair);
        if (rc == CUVEE_OK && j->keep_columns) {
            struct piece raw;
            rc = cuvee__block_add_text(b, record, &raw, &row->n_replaced);
            if (rc == CUVEE_OK) rc = cuvee__block_add_field(b, raw);
        }
    }
    json_decref(json);
    return rc;
}

int cuvee__jsonl_next(struct jsonl_reader *j, struct input_stream *in, struct row_block *b,
                      cuvee_error *err)
{
    struct span line, record;
    const int rc = find_record(j, in, &line, &record, err);
    if (rc != INPUT_LINE && rc != INPUT_TOO_LONG) return rc;
    const struct block_mark mark = cuvee__block_mark(b);
    struct row row = {.line = j->line, .first_field = b->n_fields};
    int added = rc == INPUT_LINE ? take_record(j, b, &row, record)
                                 : cuvee__block_set_error(b, &row, "longer than %zu bytes",
                                                          TABLE_MAX_RECORD_BYTES);
    row.n_fields = b->n_fields - row.first_field;
    if (added == CUVEE_OK) added = cuvee__block_add_row(b, &row);
    if (added < 0) {
        cuvee__block_rewind(b, mark);
        return cuvee__fail(err, added, "out of memory");
    }
    j->line++;
    if (rc == INPUT_TOO_LONG) return cuvee__input_skip_line(in, false, err);
    cuvee__input_consume(in, line.len);
    return INPUT_LINE;
}
