/* SPDX-License-Identifier: Apache-2.0 */
#include "run_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/json.h"
#include "console.h"
#include "json_text.h"
#include "progress.h"

#define MAX_SHOWN_LABELS 12
#define BAR_CELLS 24
#define MAX_NAME_COLUMNS 24

/* Milliseconds with three decimals: more would be noise. */
static json_t *json_ms(uint64_t ns)
{
    return json_real(round((double)ns / 1e3) / 1e3);
}

static json_t *json_count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* What CUVEE_ACTIVATION_AUTO means for this model; as cuvee.h says. */
static const char *activation_name(const struct run_report *r)
{
    static const char *const names[] = {NULL, "softmax", "sigmoid", "none"};
    if (r->model.script_host) return "script";
    if (r->activation != CUVEE_ACTIVATION_AUTO) return names[r->activation];
    if (strcmp(r->model.problem_type, "regression") == 0) return "none";
    const bool is_multi = strcmp(r->model.problem_type, "multi_label") == 0;
    return is_multi || r->model.n_labels == 1 ? "sigmoid" : "softmax";
}

void cli__report_merge_counts(const struct label_names *labels, uint64_t *counts)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (labels->first[i] == i) continue;
        counts[labels->first[i]] += counts[i];
        counts[i] = 0;
    }
}

static json_t *label_counts(const struct run_report *r)
{
    json_t *counts = json_object();
    for (size_t i = 0; i < r->labels->n; i++)
        if (r->labels->first[i] == i)
            json_object_set_new(counts, r->labels->names[i], json_count(r->stats->label_counts[i]));
    return counts;
}

json_t *cli__report_metadata(const struct run_report *r, const char *sha256_hex)
{
    json_t *m = json_object();
    json_object_set_new(m, "total_records", json_count(stats_get(&r->stats->n_rows)));
    json_object_set_new(m, "label_counts", label_counts(r));
    json_object_set_new(m, "model", cuvee__json_string(r->model.path));
    json_object_set_new(m, "model_sha256", json_string(sha256_hex));
    if (r->model.script_host) {
        json_object_set_new(m, "python_host", json_string(r->model.script_host));
        json_object_set_new(m, "python", cuvee__json_string(r->model.python));
        json_object_set_new(m, "python_version", json_string(r->model.python_version));
        json_object_set_new(m, "max_batch", json_count(r->model.max_batch));
    } else {
        json_object_set_new(m, "precision", json_string(r->model.precision));
        json_object_set_new(m, "isa", json_string(r->pool.isa));
    }
    json_object_set_new(m, "threads", json_count(r->pool.n_workers));
    json_object_set_new(m, "activation", json_string(activation_name(r)));
    json_object_set_new(m, "processing_time_ms", json_ms(r->work_ns));
    json_object_set_new(m, "load_time_ms", json_ms(r->load_ns));
    json_object_set_new(m, "total_batches", json_count(r->pool.n_batches));
    json_object_set_new(m, "tokens", json_count(r->stats->n_tokens));
    json_object_set_new(m, "truncated", json_count(r->stats->n_truncated));
    json_object_set_new(m, "replaced", json_count(r->stats->n_replaced));
    json_object_set_new(m, "errors", json_count(stats_get(&r->stats->n_error_rows)));
    json_object_set_new(m, "complete", json_boolean(r->is_whole));
    json_object_set_new(m, "version", json_string(cuvee_version()));
    return m;
}

json_t *cli__report_process(const struct run_report *r)
{
    json_t *p = json_object();
    json_object_set_new(p, "records", json_count(stats_get(&r->stats->n_rows)));
    json_object_set_new(p, "batches", json_count(r->pool.n_batches));
    json_object_set_new(p, "tokens", json_count(r->stats->n_tokens));
    json_object_set_new(p, "threads", json_count(r->pool.n_workers));
    json_object_set_new(p, "batch_tokens", json_count(r->pool.batch_tokens));
    json_object_set_new(p, "isa", json_string(r->pool.isa));
    json_object_set_new(p, "load_time_ms", json_ms(r->load_ns));
    json_object_set_new(p, "processing_time_ms", json_ms(r->work_ns));
    json_object_set_new(p, "peak_pss_bytes", json_count(r->peak_pss_bytes));
    json_object_set_new(p, "complete", json_boolean(r->is_whole));
    return p;
}

/* A name in at most MAX_NAME_COLUMNS characters, without control characters, padded. */
static void append_name(struct buffer *to, const char *name, size_t columns)
{
    size_t n = 0;
    for (; *name && n < columns; n++) {
        cuvee__buffer_append_char(to, (unsigned char)*name < 0x20 ? '?' : *name);
        name++;
        while (((unsigned char)*name & 0xC0) == 0x80) cuvee__buffer_append_char(to, *name++);
    }
    for (; n < columns; n++) cuvee__buffer_append_char(to, ' ');
}

static size_t name_columns(const struct label_names *labels)
{
    size_t widest = 0;
    for (size_t i = 0; i < labels->n; i++) {
        size_t n = 0;
        for (const char *p = labels->names[i]; *p; p++) n += ((unsigned char)*p & 0xC0) != 0x80;
        widest = cuvee__max(widest, n);
    }
    return cuvee__min(widest, MAX_NAME_COLUMNS);
}

struct label_count {
    const char *name;
    uint64_t n_rows;
};

static int compare_counts(const void *a, const void *b)
{
    const struct label_count *x = a, *y = b;
    if (x->n_rows != y->n_rows) return x->n_rows > y->n_rows ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void append_label(struct buffer *to, const struct label_count *label, uint64_t n_labelled,
                         size_t columns)
{
    char count[32];
    const double share = (double)label->n_rows / (double)n_labelled;
    const size_t n_cells = (size_t)(share * BAR_CELLS + 0.5);
    cuvee__buffer_append_str(to, "  ");
    append_name(to, label->name, columns);
    cuvee__buffer_printf(to, " %9s  %5.1f %%", cli__print_count(count, label->n_rows), 100 * share);
    if (n_cells) cuvee__buffer_printf(to, "  %s", cli__console_style(STYLE_BAR));
    for (size_t i = 0; i < n_cells; i++)
        cuvee__buffer_append_str(to, cli__console_is_utf8() ? "━" : "=");
    if (n_cells) cuvee__buffer_append_str(to, cli__console_style(STYLE_PLAIN));
    cuvee__buffer_append_char(to, '\n');
}

/* The most frequent labels first; of many only those. */
static void append_labels(struct buffer *to, const struct run_report *r)
{
    const struct label_names *labels = r->labels;
    uint64_t n_labelled = 0;
    size_t n = 0;
    struct label_count *sorted = cuvee__alloc_array(labels->n, sizeof *sorted);
    if (!sorted) return;
    for (size_t i = 0; i < labels->n; i++) {
        if (labels->first[i] != i) continue;
        sorted[n++] = (struct label_count){labels->names[i], r->stats->label_counts[i]};
        n_labelled += r->stats->label_counts[i];
    }
    qsort(sorted, n, sizeof *sorted, compare_counts);
    const size_t n_shown = n_labelled ? cuvee__min(n, MAX_SHOWN_LABELS) : 0;
    for (size_t i = 0; i < n_shown; i++)
        append_label(to, &sorted[i], n_labelled, name_columns(labels));
    if (n_shown && n_shown < n) cuvee__buffer_printf(to, "  and %zu more labels\n", n - n_shown);
    cuvee__free(sorted);
}

static void append_line(struct buffer *to, const char *key, const char *value)
{
    cuvee__buffer_printf(to, "  %s%-8s%s ", cli__console_style(STYLE_DIM), key,
                         cli__console_style(STYLE_PLAIN));
    for (; *value; value++)
        cuvee__buffer_append_char(to, (unsigned char)*value < 0x20 ? '?' : *value);
    cuvee__buffer_append_char(to, '\n');
}

/* "3 errors, 2 truncated": what the reader should know, when there is something to know. */
static void append_notes(struct buffer *to, const struct run_report *r)
{
    const struct {
        uint64_t n;
        const char *one, *many;
    } notes[] = {
        {stats_get(&r->stats->n_error_rows), "error row", "error rows"},
        {r->stats->n_truncated, "text truncated", "texts truncated"},
        {r->stats->n_replaced, "invalid UTF-8 part replaced", "invalid UTF-8 parts replaced"},
    };
    struct buffer text = {0};
    char count[32];
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (!notes[i].n) continue;
        cuvee__buffer_printf(&text, "%s%s %s", text.len ? ", " : "",
                             cli__print_count(count, notes[i].n),
                             notes[i].n == 1 ? notes[i].one : notes[i].many);
    }
    if (text.len && cuvee__buffer_append_char(&text, '\0') == CUVEE_OK)
        append_line(to, "notes", text.ptr);
    cuvee__buffer_deinit(&text);
}

void cli__report_summary(const struct run_report *r)
{
    struct buffer out = {0};
    char text[512], count[32], rate[32], time[32];
    const double seconds = (double)r->work_ns / 1e9;
    const uint64_t n_rows = stats_get(&r->stats->n_rows);

    cuvee__buffer_printf(&out, "%s%s record%s%s in %s\n", cli__console_style(STYLE_BOLD),
                         cli__print_count(count, n_rows), n_rows == 1 ? "" : "s",
                         cli__console_style(STYLE_PLAIN),
                         cli__print_seconds(time, sizeof time, seconds));
    append_labels(&out, r);
    append_notes(&out, r);
    if (seconds > 0 && n_rows && r->model.script_host) {
        snprintf(text, sizeof text, "%s texts/s (%" PRIu32 " call%s at a time, %s, Python %s)",
                 cli__print_count(count, (uint64_t)((double)n_rows / seconds + 0.5)),
                 r->pool.n_workers, r->pool.n_workers == 1 ? "" : "s", r->model.script_host,
                 r->model.python_version);
        append_line(&out, "speed", text);
    } else if (seconds > 0 && n_rows) {
        snprintf(text, sizeof text, "%s texts/s, %s tokens/s (%" PRIu32 " thread%s, %s, %s)",
                 cli__print_count(count, (uint64_t)((double)n_rows / seconds + 0.5)),
                 cli__print_count(rate, (uint64_t)((double)r->stats->n_tokens / seconds + 0.5)),
                 r->pool.n_workers, r->pool.n_workers == 1 ? "" : "s", r->pool.isa,
                 r->model.precision);
        append_line(&out, "speed", text);
    }
    snprintf(text, sizeof text, "%.400s, opened in %s", r->model.path,
             cli__print_seconds(time, sizeof time, (double)r->load_ns / 1e9));
    append_line(&out, "model", text);
    if (r->peak_pss_bytes) {
        snprintf(text, sizeof text, "%.0f MB at the peak (PSS of the whole process)",
                 (double)r->peak_pss_bytes / 1e6);
        append_line(&out, "memory", text);
    }
    append_line(&out, "results", r->output);
    cli__console_write(buffer_span(&out));
    cuvee__buffer_deinit(&out);
}
