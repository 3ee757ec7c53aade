/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_page.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "measure_plot.h"
#include "measure_result.h"
#include "report/html.h"

/* A page stays small whatever ran: the result has the rest. */
enum { MAX_ROWS = 200, MIB = 1048576 };

/* The number at a path as people read it; "not known" when there is none. */
static const char *number(const json_t *o, const char *path, enum measure_unit unit, char *text,
                          size_t room)
{
    const struct measure_scale scale = cli__measure_scale(unit);
    double x;
    if (!cli__measure_result_number(o, path, &x)) return "not known";
    snprintf(text, room, "%.*f%s%s", scale.decimals, x * scale.factor, *scale.name ? " " : "",
             scale.name);
    return text;
}

/* The same for a cell, whose column has the unit: empty when there is none. */
static const char *bare(const json_t *o, const char *path, double factor, int decimals, char *text,
                        size_t room)
{
    double x;
    if (!cli__measure_result_number(o, path, &x)) return "";
    snprintf(text, room, "%.*f", decimals, x * factor);
    return text;
}

struct peak {
    bool is_known, is_tight; /* tight: one number says it */
    double low, high;        /* bytes */
};

static struct peak peak_of(const json_t *result)
{
    struct peak p = {false, false, 0, 0};
    p.is_known = cli__measure_result_peak(result, &p.low, &p.high);
    p.is_tight = json_is_true(cuvee__json_at(result, "memory.footprint.peak.tight"));
    return p;
}

/* A claim as a share of the peak; of both of its bounds when they are apart. */
static const char *share_of(const struct peak *p, double claim, char *text, size_t room)
{
    const double low = p->is_known ? p->low : 0;
    return cli__measure_share(claim, low, p->is_tight ? low : p->high, text, room);
}

/* It lies outside of the bracket: the claim is wrong, whatever the truth is. */
static bool is_wrong(const struct peak *p, double claim)
{
    return p->is_known && (claim < p->low * 0.99 || claim > p->high * 1.01);
}

static const char *peak_text(const json_t *result, char *text, size_t room)
{
    const struct peak p = peak_of(result);
    char range[96];
    if (!p.is_known) return "not known";
    snprintf(text, room, "%s MiB",
             cli__measure_range(p.low / MIB, p.high / MIB, range, sizeof range));
    return text;
}

/* ---- parts of the page ---- */

static void put_figures(struct sink *m, const json_t *result)
{
    char text[112];
    const bool is_exact = strcmp(cuvee__json_text_at(result, "time.cpu_quality"), "exact") == 0;
    cuvee__html_figures_open(m);
    cuvee__html_figure(m, "peak of memory", peak_text(result, text, sizeof text));
    cuvee__html_figure(
        m, "most of the time",
        number(result, "memory.footprint.steady_median", MEASURE_BYTES, text, sizeof text));
    cuvee__html_figure(
        m, "memory x time",
        number(result, "memory.footprint.integral_MiB_s", MEASURE_MIB_SECONDS, text, sizeof text));
    cuvee__html_figure(m, "time of command",
                       number(result, "time.wall_leader_s", MEASURE_SECONDS, text, sizeof text));
    cuvee__html_figure(m, "time of tree",
                       number(result, "time.wall_tree_s", MEASURE_SECONDS, text, sizeof text));
    cuvee__html_figure(m, is_exact ? "CPU" : "CPU, at least",
                       number(result, "time.cpu_s", MEASURE_SECONDS, text, sizeof text));
    cuvee__html_figure(m, "processes",
                       number(result, "membership.processes", MEASURE_COUNT, text, sizeof text));
    cuvee__html_figures_close(m);
}

static void put_outcome(struct sink *m, const json_t *result)
{
    char text[160];
    double code;
    if (json_is_true(cuvee__json_at(result, "exit.timeout")))
        cuvee__html_paragraph(m, "The tree was ended when its time was over.");
    if (json_is_true(cuvee__json_at(result, "exit.interrupted")))
        cuvee__html_paragraph(m, "It was interrupted: the figures are of the time until then.");
    if (json_is_false(cuvee__json_at(result, "complete")))
        cuvee__html_paragraph(m, "The meter did not live to the end: the figures are of a part.");
    if (cli__measure_result_number(result, "exit.signal", &code)) {
        snprintf(text, sizeof text, "Signal %.0f ended the command.", code);
        cuvee__html_paragraph(m, text);
    } else if (cli__measure_result_number(result, "exit.code", &code) && code > 0) {
        snprintf(text, sizeof text, "The command ended with exit code %.0f.", code);
        cuvee__html_paragraph(m, text);
    }
}

static void put_parts(struct sink *m, const json_t *result)
{
    static const char *const columns[] = {"part of the peak", ">MiB", ">share"};
    static const struct {
        const char *path, *name;
    } parts[] = {{"memory.footprint.parts_at_peak.anon", "anonymous: heaps, stacks"},
                 {"memory.footprint.parts_at_peak.file", "files that are mapped: code, weights"},
                 {"memory.footprint.parts_at_peak.shmem", "shared memory"},
                 {"memory.footprint.parts_at_peak.swap", "swapped out"},
                 {"memory.footprint.parts_at_peak.kernel", "page tables and kernel stacks"}};
    const struct peak peak = peak_of(result);
    struct html_table t;
    char text[64];
    if (!peak.is_known) return;
    cuvee__html_table_open(m, &t, columns, 3);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double bytes;
        if (!cli__measure_result_number(result, parts[i].path, &bytes)) continue;
        cuvee__html_cell(m, &t, parts[i].name);
        snprintf(text, sizeof text, "%.1f", bytes / MIB);
        cuvee__html_cell(m, &t, text);
        snprintf(text, sizeof text, "%.0f %%", peak.low > 0 ? 100 * bytes / peak.low : 0);
        cuvee__html_cell(m, &t, text);
    }
    cuvee__html_table_close(m, &t);
}

static void put_naive(struct sink *m, const json_t *result)
{
    static const char *const columns[] = {"method", ">claims, MiB", ">of the truth",
                                          "why it differs"};
    struct naive_figure naive[CUVEE__NAIVE_FIGURES];
    const struct peak peak = peak_of(result);
    struct html_table t;
    cli__measure_naive_methods(naive);
    cuvee__html_table_open(m, &t, columns, 4);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) {
        char text[64];
        double claim;
        const bool is_known = cli__measure_result_claim(result, &naive[i], &claim);
        cuvee__html_cell(m, &t, naive[i].method);
        snprintf(text, sizeof text, "%.1f", is_known ? claim / MIB : 0);
        if (is_known && is_wrong(&peak, claim))
            cuvee__html_cell_struck(m, &t, text);
        else
            cuvee__html_cell(m, &t, is_known ? text : "not known");
        cuvee__html_cell(m, &t, is_known ? share_of(&peak, claim, text, sizeof text) : "");
        cuvee__html_cell(m, &t, naive[i].reason);
    }
    cuvee__html_table_close(m, &t);
}

static void put_phases(struct sink *m, const json_t *result)
{
    static const char *const columns[] = {"mark", ">at, s", ">memory, MiB"};
    const json_t *list = json_object_get(result, "phases"), *mark;
    struct html_table t;
    char text[64];
    size_t i;
    if (!json_array_size(list)) return;
    cuvee__html_heading(m, "Marks of the program");
    cuvee__html_table_open(m, &t, columns, 3);
    json_array_foreach(list, i, mark)
    {
        if (i == MAX_ROWS) break;
        cuvee__html_cell(m, &t, cuvee__json_text_at(mark, "name"));
        cuvee__html_cell(m, &t, bare(mark, "t_s", 1, 3, text, sizeof text));
        cuvee__html_cell(m, &t, bare(mark, "footprint", 1.0 / MIB, 1, text, sizeof text));
    }
    cuvee__html_table_close(m, &t);
}

/* Which area of the plot is this process's; -1: none. A pid may have been used again: then both
 * have the name too. */
static int series_of(const json_t *result, const json_t *process)
{
    const json_t *list = cuvee__json_at(result, "series.processes"), *x;
    size_t i;
    json_array_foreach(
        list, i, x) if (json_equal(json_object_get(x, "pid"), json_object_get(process, "pid")) &&
                        json_equal(json_object_get(x, "comm"),
                                   json_object_get(process, "comm"))) return (int)i;
    return -1;
}

static void put_process(struct sink *m, struct html_table *t, const json_t *p, int series)
{
    static const struct {
        const char *path;
        double factor;
        int decimals;
    } cells[] = {{"pid", 1, 0},        {"ppid", 1, 0},  {"born_s", 1, 2},
                 {"exit_s", 1, 2},     {"cpu_s", 1, 2}, {"rss_peak", 1.0 / MIB, 1},
                 {"threads_max", 1, 0}};
    char text[64];
    cuvee__html_cell_with_colour(m, t, series, cuvee__json_text_at(p, "comm"));
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        cuvee__html_cell(
            m, t, bare(p, cells[i].path, cells[i].factor, cells[i].decimals, text, sizeof text));
}

static void put_processes(struct sink *m, const json_t *result)
{
    static const char *const columns[] = {
        "name",    ">pid", ">parent", ">from, s", ">to, s", ">CPU, s", ">own peak RSS, MiB",
        ">threads"};
    const json_t *list = json_object_get(result, "processes"), *process;
    struct html_table t;
    double left_out = 0;
    size_t i, n_rows = 0;
    cuvee__html_heading(m, "Processes");
    cuvee__html_table_open(m, &t, columns, 8);
    /* Those of the plot first: they are the largest. */
    for (int pass = 0; pass < 2; pass++) json_array_foreach(list, i, process)
        {
            const int series = series_of(result, process);
            if ((series >= 0) != (pass == 0) || n_rows == MAX_ROWS) continue;
            put_process(m, &t, process, series);
            n_rows++;
        }
    cuvee__html_table_close(m, &t);
    cli__measure_result_number(result, "processes_left_out", &left_out);
    left_out += (double)(json_array_size(list) - n_rows);
    if (left_out > 0) {
        char text[96];
        snprintf(text, sizeof text, "Not listed: %.0f smaller ones.", left_out);
        cuvee__html_paragraph(m, text);
    }
}

/* Any value as text, for tables of what there is. */
static void put_value(struct sink *m, struct html_table *t, const json_t *value)
{
    char text[512] = "";
    size_t i, n = 0;
    const json_t *x;
    if (json_is_string(value)) {
        cuvee__html_cell(m, t, json_string_value(value));
        return;
    }
    if (json_is_array(value)) json_array_foreach(value, i, x)
        {
            if (n + 32 > sizeof text) break;
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%" JSON_INTEGER_FORMAT,
                                  i ? ", " : "", json_integer_value(x));
        }
    else if (json_is_number(value))
        snprintf(text, sizeof text, "%.10g", json_number_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
    cuvee__html_cell(m, t, text);
}

static void put_object(struct sink *m, const char *heading, const char *const columns[2],
                       const json_t *object)
{
    struct html_table t;
    const char *key;
    json_t *value;
    size_t n_rows = 0;
    if (!json_object_size(object)) return;
    cuvee__html_heading(m, heading);
    cuvee__html_table_open(m, &t, columns, 2);
    /* Foreach takes no const. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (json_is_null(value) || json_is_object(value) || n_rows++ == MAX_ROWS) continue;
        cuvee__html_cell(m, &t, key);
        put_value(m, &t, value);
    }
    cuvee__html_table_close(m, &t);
}

static void put_details(struct sink *m, const json_t *result)
{
    static const char *const facts[] = {"", "value"}, *const reasons[] = {"figure", "why"};
    put_object(m, "The machine", facts, json_object_get(result, "host"));
    put_object(m, "Others on the machine", facts, json_object_get(result, "contention"));
    put_object(m, "How processes were found", facts, json_object_get(result, "membership"));
    put_object(m, "How often memory was read", facts, cuvee__json_at(result, "memory.anchors"));
    put_object(m, "The meter itself", facts, json_object_get(result, "self"));
    put_object(m, "What could not be had", reasons, json_object_get(result, "why"));
}

static int put_memory(struct sink *out, const json_t *result, cuvee_error *err)
{
    if (!json_array_size(cuvee__json_at(result, "series.sum_rss.t_s")) &&
        !json_array_size(cuvee__json_at(result, "series.footprint.t_s"))) {
        cuvee__html_paragraph(out, "Nothing was seen: the command was too short to be looked at.");
        return CUVEE_OK;
    }
    sink_put_str(out, "<div class=\"scroll\">\n");
    const int rc = cli__measure_plot_memory(result, out, false, err);
    sink_put_str(out, "</div>\n");
    cuvee__html_paragraph(
        out, "The processes upon each other, each page counted once (PSS), with swap, page tables "
             "and kernel stacks; what was read at an anchor stands until the next one. Grey: what "
             "it may have been meanwhile. The band is where the true peak lies. Dashed: the sum of "
             "RSS; dotted: the parent alone.");
    return rc;
}

int cli__measure_page(const json_t *result, struct sink *out, cuvee_error *err)
{
    struct buffer command = {0};
    char title[96], footer[160];
    if (cli__measure_result_command(result, &command) < 0) {
        cuvee__buffer_deinit(&command);
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a page");
    }
    const char *started = cuvee__json_text_at(result, "started");
    snprintf(title, sizeof title, "What %.64s%s really cost", command.ptr,
             command.len > 65 ? "..." : "");
    cuvee__html_open(out, title);
    cuvee__html_code(out, command.ptr);
    cuvee__buffer_deinit(&command);
    put_outcome(out, result);
    put_figures(out, result);
    cuvee__html_heading(out, "Memory over time");
    const int rc = put_memory(out, result, err);
    put_parts(out, result);
    cuvee__html_heading(out, "What others would have said");
    sink_put_str(out, "<div class=\"scroll\">\n");
    cli__measure_plot_claims(result, out, false);
    sink_put_str(out, "</div>\n");
    put_naive(out, result);
    put_phases(out, result);
    put_processes(out, result);
    put_details(out, result);
    snprintf(footer, sizeof footer, "cuvee measure %.32s%s%.40s",
             cuvee__json_text_at(result, "tool.version"), *started ? ", " : "", started);
    cuvee__html_close(out, footer);
    return rc;
}

/* ---- Markdown ---- */

int cli__measure_markdown(const json_t *result, struct sink *out, cuvee_error *err)
{
    struct naive_figure naive[CUVEE__NAIVE_FIGURES];
    struct buffer command = {0};
    const struct peak peak = peak_of(result);
    char text[96];
    if (cli__measure_result_command(result, &command) < 0) {
        cuvee__buffer_deinit(&command);
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a table");
    }
    sink_put_str(out, "| ");
    cuvee__markup_markdown(out, command.ptr);
    sink_put_str(out, " | |\n|---|---:|\n");
    cuvee__buffer_deinit(&command);
    for (size_t i = 0; i < cli__measure_n_figures; i++) {
        const struct measure_figure *f = &cli__measure_figures[i];
        cuvee__markup_printf(out, "| %s | %s |\n", f->name,
                             number(result, f->path, f->unit, text, sizeof text));
    }
    sink_put_str(out, "\n| others would have said | | of the truth | why it differs |\n"
                      "|---|---:|---:|---|\n");
    cli__measure_naive_methods(naive);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) {
        char share[48];
        double claim;
        if (!cli__measure_result_claim(result, &naive[i], &claim)) continue;
        const char *strike = is_wrong(&peak, claim) ? "~~" : "";
        cuvee__markup_printf(out, "| %s | %s%.1f MiB%s | %s | %s |\n", naive[i].method, strike,
                             claim / MIB, strike, share_of(&peak, claim, share, sizeof share),
                             naive[i].reason);
    }
    return CUVEE_OK;
}
