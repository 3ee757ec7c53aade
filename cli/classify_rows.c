/* SPDX-License-Identifier: Apache-2.0 */
#include "classify_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "console.h"

#define MAX_TOLD 10 /* errors told one by one; all of them are in the output */

/* Room for all labels that there are now: a script's become more. */
static int grow(struct row_sink *s, cuvee_error *err)
{
    const size_t n = s->labels->n;
    if (n <= s->room_labels) return CUVEE_OK;
    struct label_score *scores = cuvee__realloc_array(s->scores, n, sizeof *scores);
    if (scores) s->scores = scores;
    uint32_t *above = cuvee__realloc_array(s->above, n, sizeof *above);
    if (above) s->above = above;
    uint64_t *counts = cuvee__realloc_array(s->stats->label_counts, n, sizeof *counts);
    if (counts) s->stats->label_counts = counts;
    if (!scores || !above || !counts)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for scores");
    memset(counts + s->room_labels, 0, (n - s->room_labels) * sizeof *counts);
    s->room_labels = n;
    return CUVEE_OK;
}

int cli__row_sink_open(struct row_sink *s, cuvee_error *err)
{
    return grow(s, err);
}

/* What a result speaks of must have a name. */
static int learn_labels(struct row_sink *s, cuvee_error *err)
{
    const size_t known = s->labels->n;
    int rc = cli__label_names_grow(s->labels, s->model, err);
    if (rc == CUVEE_OK && s->labels->n > known)
        rc = cuvee__row_writer_add_labels(s->writer, s->labels->names + known, s->labels->n - known,
                                          err);
    return rc < 0 ? rc : grow(s, err);
}

void cli__row_sink_close(struct row_sink *s)
{
    cuvee__free(s->scores);
    cuvee__free(s->above);
    cuvee__free(s->fields);
    if (s->stats) cuvee__free(s->stats->label_counts);
}

/* Best first; of equals the smaller index, as in cuvee_result_labels(). */
static int compare_scores(const void *a, const void *b)
{
    const struct label_score *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->label < y->label ? -1 : 1;
}

/* all: NULL = as the script told them. */
static void fill_scores(struct row_sink *s, const float *all, const cuvee_label_score *told,
                        size_t n, struct out_row *out)
{
    for (uint32_t i = 0; i < n; i++)
        s->scores[i] = all ? (struct label_score){i, (double)all[i]}
                           : (struct label_score){told[i].label, told[i].score};
    qsort(s->scores, n, sizeof *s->scores, compare_scores);
    out->scores = s->scores;
    out->n_scores = cuvee__min(s->top_k, n);
    out->above = s->above;
    while (out->n_above < n && s->scores[out->n_above].score >= s->threshold) {
        s->above[out->n_above] = s->scores[out->n_above].label;
        out->n_above++;
    }
}

/* The first traceback is worth its lines; the others are like it or in the rows. */
static void tell_traceback(struct row_sink *s, const char *lines)
{
    if (s->told_traceback) return;
    s->told_traceback = true;
    while (*lines) {
        const size_t n = strcspn(lines, "\n");
        cli__console_say("  %.*s", (int)cuvee__min(n, 1000), lines);
        lines += n + (lines[n] == '\n');
    }
}

/* A script's message: its first line. */
static void print_message(struct row_sink *s, const char *message, uint64_t line, char *out,
                          size_t room)
{
    const size_t n = strcspn(message, "\n");
    snprintf(out, room, "line %" PRIu64 ": %.*s", line, (int)cuvee__min(n, 900), message);
    if (message[n]) tell_traceback(s, message + n + 1);
}

/* Why text t has no label, for people. */
static void print_status(const struct row_sink *s, int32_t status, uint64_t line, char *out,
                         size_t room)
{
    if (status == CUVEE_E_TOO_LONG)
        snprintf(out, room, "line %" PRIu64 ": the text has more than %" PRIu32 " tokens", line,
                 s->max_length);
    else if (status == CUVEE_E_NONFINITE)
        snprintf(out, room, "line %" PRIu64 ": the model gave a score that is not finite", line);
    else
        snprintf(out, room, "line %" PRIu64 ": %s", line, cuvee_code_name(status));
}

/* What only scripts tell. All scores are written when there are some: they are what the script
 * gave. A label that it told twice is told twice, but never more scores than labels. */
static void fill_script_result(struct row_sink *s, const cuvee_result *result, size_t t,
                               struct out_row *out)
{
    size_t n = 0;
    const cuvee_label_score *told = cuvee_result_label_scores(result, t, &n);
    const cuvee_label_score own = {(uint32_t)out->label, cuvee_result_exact_scores(result)[t]};
    const char *extra = cuvee_result_extra(result, t);
    if (extra) out->extra = span_of(extra);
    out->score = own.score;
    out->is_exact = true;
    if (!s->top_k && isnan(s->threshold)) return;
    if (n == 0)
        fill_scores(s, NULL, &own, 1, out);
    else
        fill_scores(s, NULL, told, cuvee__min(n, s->room_labels), out);
}

/* Result column t into the row. */
static void fill_result(struct row_sink *s, const cuvee_result *result, size_t t,
                        struct out_row *out)
{
    struct run_stats *stats = s->stats;
    out->label = cuvee_result_labels(result)[t];
    out->score = (double)cuvee_result_scores(result)[t];
    out->truncated = (cuvee_result_notes(result)[t] & CUVEE_NOTE_TRUNCATED) != 0;
    const float *all = cuvee_result_all_scores(result);
    if (all) {
        if (s->top_k || !isnan(s->threshold))
            fill_scores(s, all + t * s->labels->n, NULL, s->labels->n, out);
    } else {
        fill_script_result(s, result, t, out);
    }
    stats->label_counts[out->label]++;
    stats->n_truncated += out->truncated;
    stats->n_tokens += cuvee_result_tokens(result)[t];
}

static void tell_error(struct row_sink *s, const struct slot *slot, struct span error)
{
    const bool is_stdin = strcmp(slot->source, "-") == 0;
    if (stats_get(&s->stats->n_error_rows) < MAX_TOLD)
        cli__console_say("cuvee classify: %s: %.*s", is_stdin ? "standard input" : slot->source,
                         (int)cuvee__min(error.len, 1000), error.ptr);
    stats_add(&s->stats->n_error_rows, 1);
}

void cli__row_sink_tell_rest(const struct row_sink *s)
{
    const uint64_t n = stats_get(&s->stats->n_error_rows);
    if (n > MAX_TOLD)
        cli__console_say("cuvee classify: ... and %" PRIu64 " more error rows, see the output",
                         n - MAX_TOLD);
}

static int fill_fields(struct row_sink *s, const struct slot *slot, const struct row *row,
                       struct out_row *out, cuvee_error *err)
{
    if (row->n_fields > s->room_fields) {
        struct span *grown = cuvee__realloc_array(s->fields, row->n_fields, sizeof *grown);
        if (!grown) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for columns");
        s->fields = grown;
        s->room_fields = row->n_fields;
    }
    for (size_t i = 0; i < row->n_fields; i++)
        s->fields[i] = block_span(&slot->block, slot->block.fields[row->first_field + i]);
    out->fields = s->fields;
    out->n_fields = row->n_fields;
    out->fields_are_json = slot->fields_are_json && row->n_fields;
    return CUVEE_OK;
}

/* Row i of the slot, whose text, if it has one for the model, is text t of the result. */
static int write_row(struct row_sink *s, const struct slot *slot, size_t i, size_t t,
                     cuvee_error *err)
{
    const struct row *row = &slot->block.rows[i];
    char reason[1024];
    struct out_row out = {.index = slot->first_index + i,
                          .source = slot->source,
                          .text = block_span(&slot->block, row->text),
                          .pair = block_span(&slot->block, row->pair),
                          .has_text = row->has_text,
                          .has_pair = row->has_pair,
                          .error = block_span(&slot->block, row->error),
                          .label = -1};
    int rc = fill_fields(s, slot, row, &out, err);
    if (rc < 0) return rc;
    if (!out.error.len) {
        const int32_t status = cuvee_result_status(slot->result)[t];
        if (status == CUVEE_E_CANCELLED)
            return cuvee__fail(err, CUVEE_E_CANCELLED, "stopped before row %" PRIu64, out.index);
        if (status == CUVEE_OK)
            fill_result(s, slot->result, t, &out);
        else {
            const char *message = cuvee_result_message(slot->result, t);
            if (message)
                print_message(s, message, row->line, reason, sizeof reason);
            else
                print_status(s, status, row->line, reason, sizeof reason);
            out.error = span_of(reason);
        }
    }
    if ((rc = cuvee__row_writer_row(s->writer, &out, err)) < 0) return rc;
    if (out.error.len) tell_error(s, slot, out.error);
    s->stats->n_replaced += row->n_replaced;
    stats_add(&s->stats->n_rows, 1);
    return CUVEE_OK;
}

int cli__row_sink_slot(struct row_sink *s, const struct slot *slot, cuvee_error *err)
{
    size_t t = 0;
    int rc = learn_labels(s, err);
    if (rc < 0) return rc;
    for (size_t i = 0; i < slot->block.n_rows; i++) {
        rc = write_row(s, slot, i, t, err);
        if (rc < 0) return rc;
        t += slot->block.rows[i].error.len == 0;
    }
    atomic_store_explicit(&s->stats->n_input_bytes, slot->n_input_bytes, memory_order_relaxed);
    return CUVEE_OK;
}
