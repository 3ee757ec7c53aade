/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_outputs.h"

#include <jansson.h>
#include <time.h>

#include "base/error.h"
#include "measure/result_json.h"
#include "measure_export.h"

int cli__measure_outputs_open(struct measure_outputs *o, const struct measure_paths *paths,
                              cuvee_error *err)
{
    const struct {
        const char *path;
        struct output_file **file;
    } all[] = {{paths->json, &o->json},
               {paths->series, &o->series},
               {paths->html, &o->html},
               {paths->markdown, &o->markdown}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const int rc = all[i].path ? cuvee__output_open(all[i].path, all[i].file, err) : CUVEE_OK;
        if (rc == CUVEE_OK) continue;
        cli__measure_outputs_close(o);
        return rc;
    }
    return CUVEE_OK;
}

/* ---- the series ---- */

/* To the file at once: what is seen after a crash is what was there before it. */
static int write_lines(void *arg, const char *bytes, size_t n)
{
    struct measure_outputs *o = arg;
    int rc = cuvee__output_write(o->series, bytes, n, &o->stream_error);
    if (rc == CUVEE_OK) rc = cuvee__output_flush(o->series, &o->stream_error);
    return rc < 0 ? -1 : 0;
}

static void on_frame(void *arg, const struct series_frame *f)
{
    cuvee__series_stream_frame(arg, f);
}

static void on_mark(void *arg, const struct account_mark *m)
{
    cuvee__series_stream_mark(arg, m->t_us, m->text);
}

void cli__measure_outputs_follow(struct measure_outputs *o, struct account *a)
{
    o->started_s = time(NULL);
    if (!o->series) return;
    o->stream = (struct series_stream){.write = write_lines, .arg = o};
    a->on_frame = on_frame;
    a->on_mark = on_mark;
    a->on_arg = &o->stream;
}

static int finish_series(struct measure_outputs *o, cuvee_error *err)
{
    cuvee__series_stream_end(&o->stream);
    if (!o->stream.has_failed) return cuvee__output_commit(o->series, err);
    if (o->stream_error.code < 0) {
        if (err) *err = o->stream_error;
        return o->stream_error.code;
    }
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for the series");
}

/* ---- the rest ---- */

static int write_json(struct output_file *output, const json_t *result, cuvee_error *err)
{
    const size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(12);
    int rc = cuvee__output_write_json(output, result, flags, err);
    if (rc == CUVEE_OK) rc = cuvee__output_write(output, "\n", 1, err);
    return rc == CUVEE_OK ? cuvee__output_commit(output, err) : rc;
}

static int write_report(struct output_file *output, const json_t *result,
                        enum measure_format format, cuvee_error *err)
{
    struct sink m = {0};
    int rc = cli__measure_export(result, format, &m, err);
    if (rc == CUVEE_OK) rc = cuvee__output_write(output, m.bytes.ptr, m.bytes.len, err);
    if (rc == CUVEE_OK) rc = cuvee__output_commit(output, err);
    cuvee__buffer_deinit(&m.bytes);
    return rc;
}

static json_t *date(int64_t seconds)
{
    char text[32];
    struct tm t;
    const time_t at = (time_t)seconds;
    if (!gmtime_r(&at, &t) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t))
        return json_null();
    return json_string(text);
}

int cli__measure_outputs_write(struct measure_outputs *o, const struct account *a,
                               const char *const *command, bool redact, cuvee_error *err)
{
    int rc = o->series ? finish_series(o, err) : CUVEE_OK;
    if (rc < 0 || (!o->json && !o->html && !o->markdown)) return rc;
    json_t *result = cuvee__result_to_json(a, command, redact);
    if (!result) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for the result");
    json_object_set_new(result, "started", date(o->started_s));
    if (o->cache)
        json_object_set_new(json_object_get(result, "io"), "cached_before",
                            json_pack("{s%:f}", redact ? "***" : o->cache->file,
                                      strlen(redact ? "***" : o->cache->file),
                                      o->cache->cached_share));
    if (o->runs) json_object_set_new(result, "runs", cli__measure_runs_to_json(o->runs));
    if (o->json) rc = write_json(o->json, result, err);
    if (rc == CUVEE_OK && o->html) rc = write_report(o->html, result, MEASURE_HTML, err);
    if (rc == CUVEE_OK && o->markdown)
        rc = write_report(o->markdown, result, MEASURE_MARKDOWN, err);
    json_decref(result);
    return rc;
}

void cli__measure_outputs_close(struct measure_outputs *o)
{
    cuvee__output_close(o->json, false);
    cuvee__output_close(o->html, false);
    cuvee__output_close(o->markdown, false);
    cuvee__output_close(o->series, o->stream.has_begun);
    cuvee__series_stream_deinit(&o->stream);
    *o = (struct measure_outputs){0};
}
