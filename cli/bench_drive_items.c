/* SPDX-License-Identifier: Apache-2.0
 *
 * Items of an arm: the texts of a CSV file, when each arrives, and the answers as JSON Lines. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "bench_drive.h"
#include "os/clock.h"
#include "os/file.h"
#include "table/writer.h"

enum {
    MAX_SCHEDULE_BYTES = 256 << 20,
    SCORE_DIGITS = 9, /* enough for an f32 to be read back */
};
static const double max_arrival_s = 1e6;

/* ---- in ---- */

static int read_rows(const struct drive_options *o, struct row_block *block, cuvee_error *err)
{
    const struct reader_options options = {.format = TABLE_CSV, .column = o->column};
    const size_t max_rows = o->items ? (size_t)o->items : SIZE_MAX;
    struct reader *reader = NULL;
    int rc = cuvee__reader_open(o->input, &options, &reader, err);
    for (bool end = false; !rc && !end && block->n_rows < max_rows;)
        rc = cuvee__reader_fill(reader, block, max_rows, SIZE_MAX, NULL, &end, err);
    cuvee__reader_close(reader);
    if (rc) return rc;
    if (!block->n_rows) return cuvee__fail(err, CUVEE_E_FORMAT, "%s: no items", o->input);
    return CUVEE_OK;
}

static int allocate(struct drive_items *items, size_t n, bool has_schedule, cuvee_error *err)
{
    items->n = n;
    items->texts = cuvee__calloc(n, sizeof *items->texts);
    items->indexes = cuvee__calloc(n, sizeof *items->indexes);
    items->answers = cuvee__calloc(n, sizeof *items->answers);
    if (has_schedule) items->arrivals = cuvee__calloc(n, sizeof *items->arrivals);
    if (!items->texts || !items->indexes || !items->answers || (has_schedule && !items->arrivals))
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %zu items", n);
    return CUVEE_OK;
}

/* Line i of the schedule, for each item of ours. */
static int read_schedule(const struct drive_options *o, struct drive_items *items, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_SCHEDULE_BYTES};
    int rc = cuvee__file_read(o->schedule, &text, err);
    if (!rc) rc = cuvee__buffer_append_char(&text, '\0');
    const char *at = text.ptr;
    uint64_t line = 0;
    for (size_t k = 0; !rc && k < items->n; line++) {
        char *end;
        const double s = strtod(at, &end);
        if (end == at || !(s >= 0 && s <= max_arrival_s)) {
            rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: line %" PRIu64 ": no number of seconds",
                             o->schedule, line + 1);
        } else if (line == items->indexes[k]) {
            items->arrivals[k++] = (uint64_t)(s * 1e9);
        }
        at = end;
    }
    cuvee__buffer_deinit(&text);
    return rc;
}

int cli__drive_items_open(const struct drive_options *o, struct drive_items *items,
                          cuvee_error *err)
{
    const size_t step = (size_t)o->processes, first = o->part ? (size_t)o->part - 1 : 0;
    const bool has_schedule = o->scenario == DRIVE_SERVER;
    int rc = read_rows(o, &items->block, err);
    if (rc) return rc;
    const struct row_block *block = &items->block;
    const size_t n = block->n_rows > first ? (block->n_rows - first + step - 1) / step : 0;
    if ((rc = allocate(items, n, has_schedule, err))) return rc;
    for (size_t k = 0; k < n; k++) {
        const struct row *row = &block->rows[first + k * step];
        if (row->error.len) {
            const struct span why = block_span(block, row->error);
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s: %.*s", o->input, (int)why.len, why.ptr);
        }
        const struct span text = block_span(block, row->text);
        items->texts[k] = (cuvee_text){.ptr = text.ptr, .len = text.len};
        items->indexes[k] = first + k * step;
        items->answers[k].label = -1;
    }
    return has_schedule ? read_schedule(o, items, err) : CUVEE_OK;
}

void cli__drive_items_close(struct drive_items *items)
{
    cuvee__row_block_deinit(&items->block);
    cuvee__free(items->texts);
    cuvee__free(items->indexes);
    cuvee__free(items->arrivals);
    cuvee__free(items->answers);
}

/* ---- out ---- */

static int write_answer(struct output_file *output, const struct drive_options *o,
                        const struct drive_items *items, size_t k, const cuvee_model *model,
                        cuvee_error *err)
{
    const struct drive_answer *a = &items->answers[k];
    const char *const label = cuvee_model_label(model, (size_t)a->label);
    json_t *line =
        json_pack("{s:I, s:s, s:f, s:I, s:f}", "index", (json_int_t)items->indexes[k], "label",
                  label, "score", a->score, "batch", (json_int_t)a->batch, "ms", a->ms);
    if (line && o->part && json_object_set_new(line, "worker", json_integer(o->part - 1)) < 0) {
        json_decref(line);
        line = NULL;
    }
    if (!line) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for an answer");
    int rc = cuvee__output_write_json(output, line,
                                      JSON_COMPACT | JSON_REAL_PRECISION(SCORE_DIGITS), err);
    json_decref(line);
    return rc ? rc : cuvee__output_write(output, "\n", 1, err);
}

int cli__drive_answers_write(const char *path, const struct drive_options *o,
                             const struct drive_items *items, const cuvee_model *model,
                             cuvee_error *err)
{
    struct output_file *output = NULL;
    int rc = cuvee__output_open(path, &output, err);
    for (size_t k = 0; !rc && k < items->n; k++) rc = write_answer(output, o, items, k, model, err);
    if (!rc) rc = cuvee__output_commit(output, err);
    cuvee__output_close(output, false);
    return rc;
}
