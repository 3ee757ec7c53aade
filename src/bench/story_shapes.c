/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/story_shapes.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "base/sha256.h"
#include "base/sink.h"
#include "bench/report_files.h"
#include "os/file.h"
#include "table/csv_writer.h"
#include "table/reader.h"
#include "table/writer.h"

enum { PATH_BYTES = 4200, MAX_LABELS = 64 };

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for an arm's answers");
}

/* ---- texts ---- */

struct texts {
    struct row_block block;
    const char *note; /* why there are none */
};

/* The file's SHA-256 in hex is the one that the results have. */
static bool is_unchanged(const json_t *results, const char *path)
{
    struct file_map map = {0};
    char hex[65];
    if (cuvee__file_map_open(&map, path, NULL) < 0) return false;
    struct sha256 h;
    cuvee__sha256_init(&h);
    cuvee__sha256_update(&h, map.ptr, map.len);
    cuvee__sha256_final_hex(&h, hex);
    cuvee__file_map_close(&map);
    return strcmp(hex, cuvee__json_text_at(results, "input.sha256")) == 0;
}

static int read_texts(const json_t *results, bool with_texts, struct texts *t, cuvee_error *err)
{
    const char *path = cuvee__json_text_at(results, "input.path");
    const char *column = cuvee__json_text_at(results, "input.column");
    const struct reader_options options = {.column = *column ? column : NULL};
    struct reader *reader = NULL;
    double n_items = 0;
    bool is_end = false;
    if (!with_texts) {
        t->note = "left out, as was asked for";
        return CUVEE_OK;
    }
    if (!cuvee__file_exists(path) || !is_unchanged(results, path)) {
        t->note = "left out: the input is not there any more, or not what it was";
        return CUVEE_OK;
    }
    cuvee__json_number_at(results, "input.n_items", &n_items);
    const size_t n = n_items > 0 && n_items < 1e9 ? (size_t)n_items : 0;
    int rc = cuvee__reader_open(path, &options, &reader, err);
    while (rc == CUVEE_OK && !is_end && t->block.n_rows < n)
        rc = cuvee__reader_fill(reader, &t->block, n, SIZE_MAX, NULL, &is_end, err);
    cuvee__reader_close(reader);
    return rc;
}

static struct span text_of(const struct texts *t, size_t index)
{
    if (t->note || index >= t->block.n_rows || !t->block.rows[index].has_text)
        return (struct span){NULL, 0};
    return block_span(&t->block, t->block.rows[index].text);
}

/* ---- one arm ---- */

struct shape {
    const json_t *results, *arm, *run;
    const char *dir;
    const struct texts *texts;
    json_t *answers, *batches; /* lists */
    struct {
        const char *label;
        size_t n;
    } counts[MAX_LABELS];
    size_t n_labels;
    cuvee_error *err;
};

static int add_answer(void *user, const json_t *answer)
{
    struct shape *s = user;
    return json_array_append(s->answers, (json_t *)(uintptr_t)answer) < 0 ? CUVEE_E_NOMEM
                                                                           : CUVEE_OK;
}

static void count_label(struct shape *s, const char *label)
{
    size_t i = 0;
    while (i < s->n_labels && strcmp(s->counts[i].label, label) != 0) i++;
    if (i == MAX_LABELS) return;
    if (i == s->n_labels) s->counts[s->n_labels++].label = label;
    s->counts[i].n++;
}

static size_t n_of_label(const struct shape *s, const char *label)
{
    for (size_t i = 0; i < s->n_labels; i++)
        if (strcmp(s->counts[i].label, label) == 0) return s->counts[i].n;
    return 0;
}

static json_t *copy_of(const json_t *from, const char *path)
{
    const json_t *value = cuvee__json_at(from, path);
    return value ? json_deep_copy(value) : json_null();
}

/* Items that follow each other and have the same batch and worker. */
static int add_to_batch(struct shape *s, const json_t *answer)
{
    json_t *last = json_array_get(s->batches, json_array_size(s->batches) - 1);
    const json_t *number = json_object_get(answer, "batch");
    double ms, most;
    if (!json_is_number(number)) return 0;
    if (!last || !json_equal(json_object_get(last, "number"), number) ||
        !json_equal(json_object_get(last, "worker"), json_object_get(answer, "worker"))) {
        last = json_pack("{s:O, s:i, s:o, s:n, s:o}", "number", number, "items", 0, "time_ms",
                         copy_of(answer, "ms"), "memory_bytes", "worker",
                         copy_of(answer, "worker"));
        if (json_array_append_new(s->batches, last) < 0) return -1;
    }
    if (cuvee__json_number_at(answer, "ms", &ms) &&
        cuvee__json_number_at(last, "time_ms", &most) && ms > most &&
        json_object_set_new(last, "time_ms", json_real(ms)) < 0)
        return -1;
    return json_object_set_new(
        last, "items", json_integer(json_integer_value(json_object_get(last, "items")) + 1));
}

static json_t *labels_of(const struct shape *s)
{
    json_t *labels = json_object();
    int rc = labels ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < s->n_labels; i++)
        rc = json_object_set_new(labels, s->counts[i].label,
                                 json_integer((json_int_t)s->counts[i].n));
    if (rc == 0) return labels;
    json_decref(labels);
    return NULL;
}

/* Why it is this run. */
static const char *chosen_as(const struct shape *s)
{
    return s->run == cuvee__report_typical(s->results, cuvee__json_text_at(s->arm, "name"))
               ? "nearest to the arm's median time"
               : "the arm's first that succeeded: answers of others were not kept";
}

static json_t *metadata_of(const struct shape *s)
{
    const size_t n = json_array_size(s->answers);
    double work_s;
    const bool has_work = cuvee__json_number_at(s->run, "work_s", &work_s) && n;
    return json_pack(
        "{s:o, s:o, s:s, s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o, "
        "s:s?}",
        "arm", copy_of(s->arm, "name"), "run", copy_of(s->run, "id"), "chosen", chosen_as(s),
        "title", copy_of(s->arm, "title"), "total_records", (int)n,
        "positive_count", (int)n_of_label(s, "POSITIVE"), "negative_count",
        (int)n_of_label(s, "NEGATIVE"), "labels", labels_of(s), "model",
        copy_of(s->results, "model.path"), "total_time_s", copy_of(s->run, "wall_s"),
        "load_time_s", copy_of(s->run, "load_s"), "processing_time_s", copy_of(s->run, "work_s"),
        "average_ms", has_work ? json_real(work_s * 1000 / (double)n) : json_null(), "batches",
        (int)json_array_size(s->batches), "batch_size", copy_of(s->arm, "settings.batch"),
        "workers", copy_of(s->arm, "settings.workers"), "memory_bytes",
        copy_of(s->run, "footprint"), "texts_note", s->texts->note);
}

static json_t *result_of(const struct shape *s, size_t index, const json_t *answer)
{
    const struct span text = text_of(s->texts, index);
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "index", (int)index, "text",
                     text.ptr ? json_stringn(text.ptr, text.len) : json_null(), "label",
                     copy_of(answer, "label"), "score", copy_of(answer, "score"), "batch",
                     copy_of(answer, "batch"), "worker", copy_of(answer, "worker"), "time_ms",
                     copy_of(answer, "ms"));
}

static json_t *detailed(const struct shape *s)
{
    json_t *list = json_array(), *answer;
    size_t i;
    json_array_foreach(s->answers, i, answer)
    {
        if (json_array_append_new(list, result_of(s, i, answer)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return json_pack("{s:o, s:o}", "metadata", metadata_of(s), "results", list);
}

/* What ended at each mark, and the rest. */
static json_t *operations_of(const struct shape *s)
{
    json_t *list = json_array(), *phase;
    double begin = 0, end;
    size_t i;
    int rc = list ? 0 : -1;
    json_array_foreach(json_object_get(s->run, "phases"), i, phase)
    {
        const char *name = cuvee__json_text_at(phase, "name");
        if (rc < 0 || !cuvee__json_number_at(phase, "t_s", &end) || strncmp(name, "heap=", 5) == 0)
            continue;
        rc = json_array_append_new(
            list, json_pack("{s:s, s:f, s:o, s:n, s:n}", "operation", name, "duration_s",
                            end - begin, "memory_bytes", copy_of(phase, "footprint"), "batch_size",
                            "worker"));
        begin = end;
    }
    if (rc == 0 && cuvee__json_number_at(s->run, "wall_s", &end))
        rc = json_array_append_new(
            list, json_pack("{s:s, s:f, s:o, s:o, s:n}", "operation", "work", "duration_s",
                            end - begin, "memory_bytes", copy_of(s->run, "footprint.upper"),
                            "batch_size", copy_of(s->arm, "settings.batch"), "worker"));
    if (rc == 0) return list;
    json_decref(list);
    return NULL;
}

/* NULL: out of memory. */
static json_t *process_metrics(const struct shape *s)
{
    json_t *measured = NULL;
    if (cuvee__report_read_json(s->dir, s->run, "measure", &measured) < 0) return NULL;
    json_t *o = json_pack("{s:o, s:o, s:o}", "operations", operations_of(s), "processes",
                          copy_of(measured, "processes"), "naive", copy_of(s->run, "naive"));
    json_decref(measured);
    return o;
}

/* ---- files ---- */

static int write_file(const struct shape *s, const char *suffix, const json_t *json,
                      const struct sink *text)
{
    struct output_file *out = NULL;
    char path[PATH_BYTES];
    const int n = snprintf(path, sizeof path, "%s/answers/%s%s", s->dir,
                           cuvee__json_text_at(s->arm, "name"), suffix);
    if (n < 0 || (size_t)n >= sizeof path)
        return cuvee__fail(s->err, CUVEE_E_LIMIT, "the path of an arm's answers is too long");
    int rc = cuvee__output_open(path, &out, s->err);
    if (rc == CUVEE_OK && json) rc = cuvee__output_write_json(out, json, JSON_INDENT(1), s->err);
    if (rc == CUVEE_OK && text)
        rc = cuvee__output_write(out, text->bytes.ptr, text->bytes.len, s->err);
    if (rc == CUVEE_OK) rc = cuvee__output_commit(out, s->err);
    cuvee__output_close(out, false);
    return rc;
}

/* Takes the document; NULL: there was no memory for it. */
static int write_json(const struct shape *s, const char *suffix, json_t *json)
{
    if (!json) return no_memory(s->err);
    const int rc = write_file(s, suffix, json, NULL);
    json_decref(json);
    return rc;
}

static int write_text(const struct shape *s, const char *suffix, struct sink *text)
{
    const int rc = text->rc == CUVEE_OK
                       ? write_file(s, suffix, NULL, text)
                       : cuvee__fail(s->err, text->rc, "out of memory for an arm's answers");
    cuvee__buffer_deinit(&text->bytes);
    return rc;
}

static void put_value(struct sink *out, const json_t *value)
{
    char number[32];
    if (json_is_string(value)) cuvee__csv_put_cell(out, span_of(json_string_value(value)));
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        sink_put_str(out, number);
    } else if (json_is_real(value)) {
        sink_put(out, number, cuvee__print_f64(number, json_real_value(value)));
    }
}

static int write_csv(const struct shape *s)
{
    static const char *const keys[] = {"label", "score", "batch", "worker", "ms"};
    struct sink out = {0};
    const json_t *answer;
    size_t i;
    sink_put_str(&out, "index,text,label,score,batch,worker,time_ms\n");
    json_array_foreach(s->answers, i, answer)
    {
        char index[32];
        snprintf(index, sizeof index, "%zu,", i);
        sink_put_str(&out, index);
        cuvee__csv_put_cell(&out, text_of(s->texts, i));
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            sink_put_char(&out, ',');
            put_value(&out, json_object_get(answer, keys[k]));
        }
        sink_put_char(&out, '\n');
    }
    return write_text(s, ".csv", &out);
}

static void put_pair(struct sink *out, const char *name, const char *value)
{
    char padded[64];
    snprintf(padded, sizeof padded, "%-28.60s", name);
    sink_put_str(out, padded);
    sink_put_str(out, value);
    sink_put_char(out, '\n');
}

static void put_line(struct sink *out, const char *name, const json_t *from, const char *path,
                     double factor, const char *format)
{
    char text[96] = "not known";
    double x;
    if (cuvee__json_number_at(from, path, &x)) {
        const double shown = x * factor;
        if (*format == 's')
            snprintf(text, sizeof text, "%.3f s", shown);
        else if (*format == 'M')
            snprintf(text, sizeof text, "%.1f MiB", shown);
        else if (*format == 'm')
            snprintf(text, sizeof text, "%.3f ms", shown);
        else
            snprintf(text, sizeof text, "%.0f", shown);
    }
    put_pair(out, name, text);
}

static int write_summary(const struct shape *s)
{
    struct sink out = {0};
    json_t *m = metadata_of(s);
    if (!m) return no_memory(s->err);
    sink_put_str(&out, cuvee__json_text_at(s->arm, "name"));
    sink_put_str(&out, ": ");
    sink_put_str(&out, cuvee__json_text_at(s->arm, "title"));
    sink_put_str(&out, "\n\n");
    put_line(&out, "run", m, "run", 1, "");
    put_pair(&out, "which is", cuvee__json_text_at(m, "chosen"));
    put_line(&out, "records", m, "total_records", 1, "");
    for (size_t i = 0; i < s->n_labels; i++) {
        char n[32];
        snprintf(n, sizeof n, "%zu", s->counts[i].n);
        put_pair(&out, s->counts[i].label, n);
    }
    put_line(&out, "total time", m, "total_time_s", 1, "s");
    put_line(&out, "until the model was loaded", m, "load_time_s", 1, "s");
    put_line(&out, "processing time", m, "processing_time_s", 1, "s");
    put_line(&out, "average of an item", m, "average_ms", 1, "m");
    put_line(&out, "batch size", m, "batch_size", 1, "");
    put_line(&out, "workers", m, "workers", 1, "");
    put_line(&out, "batches", m, "batches", 1, "");
    put_line(&out, "peak of memory, at least", m, "memory_bytes.lower", 1.0 / 1048576, "M");
    put_line(&out, "peak of memory, at most", m, "memory_bytes.upper", 1.0 / 1048576, "M");
    json_decref(m);
    return write_text(s, "-summary.txt", &out);
}

static int write_arm(struct shape *s)
{
    json_t *answer;
    size_t i;
    json_array_foreach(s->answers, i, answer)
    {
        count_label(s, cuvee__json_text_at(answer, "label"));
        if (add_to_batch(s, answer) < 0)
            return no_memory(s->err);
    }
    int rc = write_json(s, "-detailed.json", detailed(s));
    if (rc == CUVEE_OK) rc = write_csv(s);
    if (rc == CUVEE_OK)
        rc = write_json(s, "-batches.json", json_pack("{s:O}", "batches", s->batches));
    if (rc == CUVEE_OK) rc = write_json(s, "-process.json", process_metrics(s));
    return rc == CUVEE_OK ? write_summary(s) : rc;
}

/* It becomes part of a path. */
static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    return *name && name[strspn(name, allowed)] == '\0';
}

static int shape_arm(const json_t *results, const json_t *arm, const char *dir,
                     const struct texts *texts, bool *ret_is_there, cuvee_error *err)
{
    const char *name = cuvee__json_text_at(arm, "name");
    struct buffer answers = {0};
    if (!is_name(name))
        return cuvee__fail(err, CUVEE_E_FORMAT, "'%s' cannot be the name of an arm", name);
    struct shape s = {.results = results, .arm = arm, .dir = dir, .texts = texts, .err = err};
    s.run = cuvee__report_answered(results, dir, name);
    int rc = s.run ? cuvee__report_read_answers(results, dir, name, &answers) : CUVEE_E_IO;
    *ret_is_there = rc == CUVEE_OK;
    if (rc == CUVEE_E_IO) return CUVEE_OK;
    if (rc < 0) return no_memory(err);
    s.answers = json_array();
    s.batches = json_array();
    rc = s.answers && s.batches
             ? cuvee__report_each_answer(buffer_span(&answers), add_answer, &s)
             : CUVEE_E_NOMEM;
    rc = rc < 0 ? no_memory(err) : write_arm(&s);
    json_decref(s.answers);
    json_decref(s.batches);
    cuvee__buffer_deinit(&answers);
    return rc;
}

int cuvee__story_shapes(const json_t *results, const char *dir, bool with_texts, size_t *ret_n,
                        cuvee_error *err)
{
    const json_t *arm;
    struct texts texts = {.note = NULL};
    size_t i, n = 0;
    int rc = read_texts(results, with_texts, &texts, err);
    json_array_foreach(json_object_get(results, "arms"), i, arm)
    {
        bool is_there = false;
        if (rc == CUVEE_OK) rc = shape_arm(results, arm, dir, &texts, &is_there, err);
        n += is_there;
    }
    cuvee__row_block_deinit(&texts.block);
    if (rc == CUVEE_OK) *ret_n = n;
    return rc;
}
