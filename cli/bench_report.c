/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "bench/report.h"
#include "bench/results.h"
#include "bench/share.h"
#include "bench/story_shapes.h"
#include "bench/summary.h"
#include "bench_tokens.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "table/writer.h"

enum { PATH_ROOM = 4400 };

static const char *const formats[] = {"files", "text", "markdown", "html", "github", NULL};
enum report_format { REPORT_FILES, REPORT_TEXT, REPORT_MARKDOWN, REPORT_HTML, REPORT_GITHUB };

struct report_options {
    int format;
    const char *output;
    bool without_texts;
};

static const struct option_spec options[] = {
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_CHOICE,
     .arg = "FORMAT",
     .offset = offsetof(struct report_options, format),
     .choices = formats,
     .help = "files (the default: report.html, report.md and plots in DIR), or one of text, "
             "markdown, html, and github for github-action-benchmark"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = offsetof(struct report_options, output),
     .completion = COMPLETE_FILE,
     .help = "Where one of the latter goes; default: standard output"},
    {.name = "no-texts",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct report_options, without_texts),
     .help = "Leave the texts out of DIR/answers, and write ~ for your home directory, so that DIR "
             "can be shared"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {"make the report anew", "cuvee bench report results",
                                       "the table alone", "cuvee bench report results -f text",
                                       NULL};

const struct command cli__command_bench_report = {
    .name = "bench report",
    .summary = "the report of an experiment, made anew from its results",
    .synopsis = "cuvee bench report [OPTION...] DIR",
    .examples = examples,
    .notes = "DIR is what 'cuvee bench -o DIR' wrote. What is said is computed anew from the runs, "
             "and results.json keeps it.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .operands = COMPLETE_DIRECTORY,
};

static int make(const json_t *results, const char *dir, enum report_format format, struct sink *out,
                cuvee_error *err)
{
    const struct report_terminal terminal = {.width = (size_t)cli__console_columns(),
                                             .is_utf8 = cli__console_is_utf8()};
    switch (format) {
    case REPORT_TEXT:
        return cuvee__report_terminal(results, &terminal, out, err);
    case REPORT_MARKDOWN:
        return cuvee__report_markdown(results, out, err);
    case REPORT_GITHUB:
        return cuvee__report_github(results, out, err);
    default:
        return cuvee__report_html(results, dir, out, err);
    }
}

/* path NULL: standard output. */
static int write_as(const json_t *results, const char *dir, enum report_format format,
                    const char *path, cuvee_error *err)
{
    struct sink text = {0};
    int rc = make(results, dir, format, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__output_write_whole(path, buffer_span(&text.bytes), err);
    cuvee__buffer_deinit(&text.bytes);
    return rc;
}

static int write_plots(const json_t *results, const char *dir, cuvee_error *err)
{
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && i < CUVEE__REPORT_PLOTS; i++) {
        struct sink text = {0};
        char path[PATH_ROOM];
        bool is_there = false;
        rc = cuvee__report_plot(results, dir, i, &text, &is_there, err);
        snprintf(path, sizeof path, "%s/%s.svg", dir, cuvee__report_plot_names[i]);
        if (rc == CUVEE_OK && is_there)
            rc = cuvee__output_write_whole(path, buffer_span(&text.bytes), err);
        cuvee__buffer_deinit(&text.bytes);
    }
    return rc;
}

static int write_all(const json_t *results, const char *dir, bool with_texts, cuvee_error *err)
{
    char html[PATH_ROOM], markdown[PATH_ROOM];
    size_t n_shapes;
    snprintf(html, sizeof html, "%s/report.html", dir);
    snprintf(markdown, sizeof markdown, "%s/report.md", dir);
    int rc = cuvee__results_write(results, dir, err);
    if (rc == CUVEE_OK) rc = write_as(results, dir, REPORT_HTML, html, err);
    if (rc == CUVEE_OK) rc = write_as(results, dir, REPORT_MARKDOWN, markdown, err);
    if (rc == CUVEE_OK) rc = write_plots(results, dir, err);
    return rc == CUVEE_OK ? cuvee__story_shapes(results, dir, with_texts, &n_shapes, err) : rc;
}

int cli__bench_report_write(const json_t *results, const char *dir, bool is_shared,
                            cuvee_error *err)
{
    json_t *copy = NULL;
    if (!is_shared) return write_all(results, dir, true, err);
    int rc = cuvee__share_json(results, &copy, err);
    if (rc == CUVEE_OK) rc = cuvee__share_files(copy, dir, err); /* pages are made of them too */
    if (rc == CUVEE_OK) rc = write_all(copy, dir, false, err);
    json_decref(copy);
    return rc;
}

/* On standard output, or into one file. */
static int write_one(const json_t *results, const char *dir, const struct report_options *o,
                     cuvee_error *err)
{
    json_t *copy = NULL;
    int rc = o->without_texts ? cuvee__share_json(results, &copy, err) : CUVEE_OK;
    if (rc == CUVEE_OK)
        rc = write_as(copy ? copy : results, dir, (enum report_format)o->format, o->output, err);
    json_decref(copy);
    return rc;
}

void cli__bench_report_show(const json_t *results)
{
    struct sink text = {0};
    const struct report_terminal terminal = {.width = (size_t)cli__console_columns(),
                                             .is_utf8 = cli__console_is_utf8(),
                                             .has_colour = *cli__console_style(STYLE_BOLD) != 0};
    if (cuvee__report_terminal(results, &terminal, &text, NULL) == CUVEE_OK)
        cli__console_write(buffer_span(&text.bytes));
    cuvee__buffer_deinit(&text.bytes);
}

int cli__bench_report(int argc, char **argv)
{
    const struct command *const self = &cli__command_bench_report;
    struct report_options o = {0};
    struct operands operands;
    cuvee_error err = {0};
    json_t *results = NULL;
    int exit_code = EXIT_OK;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if (operands.n != 1)
        return cli__usage_error(self, "name a directory that 'cuvee bench -o DIR' wrote");
    if (o.output && o.format == REPORT_FILES)
        return cli__usage_error(self, "--output needs a --format: one file can be one thing");
    const char *dir = operands.items[0];
    int rc = cuvee__results_read(dir, &results, &err);
    exit_code = EXIT_INPUT;
    if (rc == CUVEE_OK) cli__bench_tokens(results, NULL);
    if (rc == CUVEE_OK) rc = cuvee__summary_make(results, &err);
    if (rc == CUVEE_OK) {
        exit_code = EXIT_OUTPUT;
        rc = o.format == REPORT_FILES ? cli__bench_report_write(results, dir, o.without_texts, &err)
                                      : write_one(results, dir, &o, &err);
    }
    json_decref(results);
    if (rc == CUVEE_OK) return EXIT_OK;
    cli__console_say("cuvee bench report: %s", err.msg);
    return exit_code;
}
