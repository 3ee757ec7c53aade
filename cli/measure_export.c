/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_export.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "json_text.h"
#include "measure_page.h"
#include "measure_plot.h"
#include "measure_result.h"
#include "report/stats.h"
#include "table/csv_writer.h"

const char *const cli__measure_formats[] = {
    "markdown", "html", "svg",         "hyperfine", "google-benchmark",
    "github",   "csv",  "openmetrics", NULL};

/* As a JSON number, or null. */
static json_t *number(const json_t *result, const char *path, double factor)
{
    double x;
    return cli__measure_result_number(result, path, &x) ? json_real(x * factor) : json_null();
}

static json_t *whole(const json_t *result, const char *path)
{
    double x;
    return cli__measure_result_number(result, path, &x) ? json_integer((json_int_t)x) : json_null();
}

/* Takes the document. */
static int put_json(struct sink *out, json_t *o)
{
    char *text = json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(o);
    if (!text) return CUVEE_E_NOMEM;
    sink_put_str(out, text);
    sink_put_str(out, "\n");
    cli__json_text_free(text);
    return CUVEE_OK;
}

/* ---- JSON of others ---- */

static json_t *list_of_one(json_t *value)
{
    json_t *list = json_array();
    json_array_append_new(list, value);
    return list;
}

/* A figure of each run: key of runs[i]; or of the one run there is. Takes one. */
static json_t *of_all_runs(const json_t *result, const char *key, json_t *one)
{
    const json_t *runs = cuvee__json_at(result, "runs");
    const size_t n = json_array_size(runs);
    if (!n) return list_of_one(one);
    json_t *list = json_array();
    json_decref(one);
    for (size_t i = 0; i < n; i++) {
        json_t *x = json_object_get(json_array_get(runs, i), key);
        json_array_append_new(list, json_is_number(x) ? json_incref(x) : json_null());
    }
    return list;
}

/* What hyperfine says of its times; with one there is no deviation. */
static void put_moments(json_t *o, const json_t *times)
{
    const size_t n = json_array_size(times);
    double sum = 0, squares = 0, *x = cuvee__alloc_array(n + 1, sizeof *x);
    if (!x) return;
    for (size_t i = 0; i < n; i++) sum += x[i] = json_number_value(json_array_get(times, i));
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    cuvee__stats_sort(x, n);
    json_object_set_new(o, "mean", json_real(mean));
    json_object_set_new(o, "stddev",
                        n > 1 ? json_real(sqrt(squares / (double)(n - 1))) : json_null());
    json_object_set_new(o, "median", json_real(cuvee__stats_median(x, n)));
    json_object_set_new(o, "min", json_real(x[0]));
    json_object_set_new(o, "max", json_real(x[n - 1]));
    cuvee__free(x);
}

static int put_hyperfine(const json_t *result, const char *command, struct sink *out)
{
    static const char *const moments[] = {"mean", "stddev", "median", "min", "max"};
    json_t *o = json_object(), *r = json_object();
    json_t *times = of_all_runs(result, "wall_leader_s", number(result, "time.wall_leader_s", 1));
    json_object_set_new(r, "command", json_string(command));
    for (int i = 0; i < 5; i++) json_object_set_new(r, moments[i], json_null());
    if (json_is_number(json_array_get(times, 0))) put_moments(r, times);
    json_object_set_new(r, "user", number(result, "time.user_s", 1));
    json_object_set_new(r, "system", number(result, "time.sys_s", 1));
    json_object_set_new(r, "times", times);
    json_object_set_new(
        r, "memory_usage_byte",
        of_all_runs(result, "footprint_lower", whole(result, "memory.footprint.peak.lower")));
    json_object_set_new(r, "exit_codes",
                        of_all_runs(result, "exit_code", whole(result, "exit.code")));
    json_object_set_new(o, "results", list_of_one(r));
    return put_json(out, o);
}

/* One run, or the i-th of several; what compare.py tests for significance are repetitions. */
static json_t *google_entry(const json_t *result, const char *command, const json_t *times,
                            const json_t *cpu_times, size_t i)
{
    json_t *b = json_object();
    const size_t n = json_array_size(times);
    json_object_set_new(b, "name", json_string(command));
    json_object_set_new(b, "family_index", json_integer(0));
    json_object_set_new(b, "per_family_instance_index", json_integer(0));
    json_object_set_new(b, "run_name", json_string(command));
    json_object_set_new(b, "run_type", json_string("iteration"));
    json_object_set_new(b, "repetitions", json_integer((json_int_t)n));
    json_object_set_new(b, "repetition_index", json_integer((json_int_t)i));
    json_object_set_new(b, "threads", json_integer(1));
    json_object_set_new(b, "iterations", json_integer(1));
    json_object_set_new(b, "real_time",
                        json_real(1e3 * json_number_value(json_array_get(times, i))));
    json_object_set_new(b, "cpu_time",
                        json_real(1e3 * json_number_value(json_array_get(cpu_times, i))));
    json_object_set_new(b, "time_unit", json_string("ms"));
    /* Counters of our own; what is not known is left out, since readers take any as a number. */
    static const char *const counters[][3] = {
        {"footprint_peak_lower_bytes", "memory.footprint.peak.lower", "footprint_lower"},
        {"footprint_peak_upper_bytes", "memory.footprint.peak.upper", "footprint_upper"},
        {"footprint_median_bytes", "memory.footprint.steady_median", NULL}};
    for (int k = 0; k < 3; k++) {
        if (!counters[k][2] && i + 1 < n) continue; /* of the last run only */
        json_t *value = number(result, counters[k][1], 1);
        if (counters[k][2]) {
            json_t *all = of_all_runs(result, counters[k][2], value);
            value = json_incref(json_array_get(all, i));
            json_decref(all);
        }
        if (json_is_null(value))
            json_decref(value);
        else
            json_object_set_new(b, counters[k][0], value);
    }
    return b;
}

static int put_google(const json_t *result, const char *command, struct sink *out)
{
    json_t *o = json_object(), *context = json_object(), *list = json_array();
    json_t *times = of_all_runs(result, "wall_leader_s", number(result, "time.wall_leader_s", 1)),
           *cpu_times = of_all_runs(result, "cpu_s", number(result, "time.cpu_s", 1));
    const json_t *cpus = cuvee__json_at(result, "host.cpus_allowed");
    json_object_set_new(context, "date", json_string(cuvee__json_text_at(result, "started")));
    json_object_set_new(context, "executable", json_string("cuvee measure"));
    json_object_set_new(context, "num_cpus", json_integer((json_int_t)json_array_size(cpus)));
    json_object_set_new(context, "library_version",
                        json_string(cuvee__json_text_at(result, "tool.version")));
    json_object_set_new(context, "library_build_type", json_string("release"));
    json_object_set_new(context, "json_schema_version", json_integer(1));
    /* Readers calculate with both times: a run that lacks one is none to them. */
    for (size_t i = 0; i < json_array_size(times); i++)
        if (json_is_number(json_array_get(times, i)) &&
            json_is_number(json_array_get(cpu_times, i)))
            json_array_append_new(list, google_entry(result, command, times, cpu_times, i));
    json_decref(times);
    json_decref(cpu_times);
    json_object_set_new(o, "context", context);
    json_object_set_new(o, "benchmarks", list);
    return put_json(out, o);
}

static void add_github(json_t *list, const char *command, const char *name, const char *unit,
                       json_t *value, const char *range)
{
    if (json_is_null(value)) {
        json_decref(value);
        return;
    }
    json_t *o = json_object();
    char text[160];
    snprintf(text, sizeof text, "%.100s: %s", command, name);
    /* Cut in the midst of a character, it is no string of JSON. */
    json_t *title = json_string(text);
    json_object_set_new(o, "name", title ? title : json_string(name));
    json_object_set_new(o, "unit", json_string(unit));
    json_object_set_new(o, "value", value);
    if (*range) json_object_set_new(o, "range", json_string(range));
    json_object_set_new(o, "extra", json_string("cuvee measure"));
    json_array_append_new(list, o);
}

/* The median of all runs, and how far the middle half of them is from it; of one run, the figure.
 */
static void add_github_time(json_t *list, const char *command, const char *name, const char *key,
                            json_t *one, const json_t *result)
{
    json_t *all = of_all_runs(result, key, one);
    const size_t n = json_array_size(all);
    double *x = cuvee__alloc_array(n + 1, sizeof *x);
    char range[64] = "";
    size_t n_known = 0;
    for (size_t i = 0; x && i < n; i++)
        if (json_is_number(json_array_get(all, i)))
            x[n_known++] = json_number_value(json_array_get(all, i));
    if (n_known) {
        cuvee__stats_sort(x, n_known);
        const double half =
            (cuvee__stats_quantile(x, n_known, 0.75) - cuvee__stats_quantile(x, n_known, 0.25)) / 2;
        if (n_known > 1) snprintf(range, sizeof range, "\xC2\xB1 %.6f", half);
        add_github(list, command, name, "s", json_real(cuvee__stats_median(x, n_known)), range);
    }
    cuvee__free(x);
    json_decref(all);
}

static int put_github(const json_t *result, const char *command, struct sink *out)
{
    json_t *list = json_array();
    char range[64] = "";
    double lower, upper;
    if (cli__measure_result_peak(result, &lower, &upper))
        snprintf(range, sizeof range, "at most %.2f", upper / 1048576);
    add_github_time(list, command, "time", "wall_leader_s", number(result, "time.wall_leader_s", 1),
                    result);
    add_github_time(list, command, "CPU", "cpu_s", number(result, "time.cpu_s", 1), result);
    add_github(list, command, "peak of memory", "MiB",
               number(result, "memory.footprint.peak.lower", 1.0 / 1048576), range);
    add_github(list, command, "memory, most of the time", "MiB",
               number(result, "memory.footprint.steady_median", 1.0 / 1048576), "");
    return put_json(out, list);
}

/* ---- CSV ---- */

static void put_csv_row(struct sink *s, const json_t *result, const char *path, const char *unit)
{
    char text[48] = "";
    const char *dot = strrchr(path, '.'), *reason = "";
    const json_t *value = cuvee__json_at(result, path);
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, sizeof text, "%.12g", json_real_value(value));
    else
        reason = json_string_value(
            json_object_get(json_object_get(result, "why"), dot ? dot + 1 : path));
    cuvee__csv_put_cell(s, span_of(path));
    sink_put_char(s, ',');
    cuvee__csv_put_cell(s, span_of(text));
    sink_put_char(s, ',');
    cuvee__csv_put_cell(s, span_of(unit));
    sink_put_char(s, ',');
    cuvee__csv_put_cell(s, span_of(reason ? reason : ""));
    sink_put_char(s, '\n');
}

static int put_csv(const json_t *result, struct sink *out)
{
    static const char *const units[] = {[MEASURE_SECONDS] = "s",
                                        [MEASURE_BYTES] = "byte",
                                        [MEASURE_MIB_SECONDS] = "MiB s",
                                        [MEASURE_COUNT] = ""};
    struct naive_figure naive[CUVEE__NAIVE_FIGURES];
    char path[64];
    sink_put_str(out, "metric,value,unit,why\n");
    for (size_t i = 0; i < cli__measure_n_figures; i++)
        put_csv_row(out, result, cli__measure_figures[i].path, units[cli__measure_figures[i].unit]);
    cli__measure_naive_methods(naive);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++)
        put_csv_row(out, result, cli__measure_naive_path(&naive[i], path, sizeof path), "byte");
    return CUVEE_OK;
}

/* ---- OpenMetrics ---- */

/* The value of a label: quotes, backslashes and line ends are escaped. */
static void put_label(struct sink *out, const char *text)
{
    for (; *text; text++) {
        const char c[] = {*text, '\0'};
        if (*text == '\n')
            sink_put_str(out, "\\n");
        else if (*text == '"' || *text == '\\')
            cuvee__markup_printf(out, "\\%c", *text);
        else
            sink_put_str(out, c);
    }
}

/* "cuvee_measure_wall_seconds" is in seconds: its unit is what a name of it ends with. */
static void put_family(struct sink *out, const char *metric, const char *help)
{
    static const char *const units[] = {"byte_seconds", "seconds", "bytes"};
    const size_t n = strlen(metric);
    cuvee__markup_printf(out, "# TYPE %s gauge\n", metric);
    for (int i = 0; i < 3; i++) {
        const size_t n_unit = strlen(units[i]);
        if (n <= n_unit || strcmp(metric + n - n_unit, units[i]) != 0) continue;
        cuvee__markup_printf(out, "# UNIT %s %s\n", metric, units[i]);
        break;
    }
    cuvee__markup_printf(out, "# HELP %s %s.\n", metric, help);
}

static void put_sample(struct sink *out, const char *metric, const char *label, double value)
{
    cuvee__markup_printf(out, *label ? "%s{%s} %.15g\n" : "%s%s %.15g\n", metric, label, value);
}

static int put_openmetrics(const json_t *result, const char *command, struct sink *out)
{
    struct naive_figure naive[CUVEE__NAIVE_FIGURES];
    const char *family = "";
    double x;
    sink_put_str(out, "# TYPE cuvee_measure info\n# HELP cuvee_measure What was measured.\n"
                      "cuvee_measure_info{command=\"");
    put_label(out, command);
    sink_put_str(out, "\",version=\"");
    put_label(out, cuvee__json_text_at(result, "tool.version"));
    sink_put_str(out, "\"} 1\n");
    for (size_t i = 0; i < cli__measure_n_figures; i++) {
        const struct measure_figure *f = &cli__measure_figures[i];
        if (!cli__measure_result_number(result, f->path, &x)) continue;
        if (strcmp(family, f->metric) != 0) put_family(out, f->metric, f->help);
        family = f->metric;
        put_sample(out, f->metric, f->label, f->unit == MEASURE_MIB_SECONDS ? x * 1048576 : x);
    }
    cli__measure_naive_methods(naive);
    family = "";
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) {
        char label[64];
        if (!cli__measure_result_claim(result, &naive[i], &x)) continue;
        if (!*family)
            put_family(out, family = "cuvee_measure_naive_bytes",
                       "What other methods say of the peak");
        snprintf(label, sizeof label, "method=\"%s\"", naive[i].key);
        put_sample(out, family, label, x);
    }
    sink_put_str(out, "# EOF\n");
    return CUVEE_OK;
}

/* ---- all of them ---- */

static int put(const json_t *result, enum measure_format format, const char *command,
               struct sink *out, cuvee_error *err)
{
    switch (format) {
    case MEASURE_MARKDOWN:
        return cli__measure_markdown(result, out, err);
    case MEASURE_HTML:
        return cli__measure_page(result, out, err);
    case MEASURE_SVG:
        return cli__measure_plot_memory(result, out, true, err);
    case MEASURE_HYPERFINE:
        return put_hyperfine(result, command, out);
    case MEASURE_GOOGLE:
        return put_google(result, command, out);
    case MEASURE_GITHUB:
        return put_github(result, command, out);
    case MEASURE_CSV:
        return put_csv(result, out);
    case MEASURE_OPENMETRICS:
        return put_openmetrics(result, command, out);
    }
    return CUVEE_OK;
}

int cli__measure_export(const json_t *result, enum measure_format format, struct sink *out,
                        cuvee_error *err)
{
    struct buffer command = {0};
    double wall;
    int rc = cli__measure_result_command(result, &command);
    if (rc == CUVEE_OK && (format == MEASURE_HYPERFINE || format == MEASURE_GOOGLE) &&
        !cli__measure_result_number(result, "time.wall_leader_s", &wall)) {
        cuvee__buffer_deinit(&command);
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s needs the time of the command, which is not known",
                           cli__measure_formats[format]);
    }
    if (err) *err = (cuvee_error){0};
    if (rc == CUVEE_OK) rc = put(result, format, command.ptr, out, err);
    cuvee__buffer_deinit(&command);
    if (rc == CUVEE_OK) rc = out->rc;
    if (rc == CUVEE_OK || (err && err->code < 0)) return rc;
    return cuvee__fail(
        err, rc, rc == CUVEE_E_NOMEM ? "out of memory for a report" : "a report is too large");
}
