/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_report.h"

#include <errno.h>
#include <stddef.h>

#include "console.h"
#include "exit_code.h"
#include "measure_export.h"
#include "measure_meter.h"
#include "measure_result.h"
#include "options.h"
#include "table/writer.h"

struct report_options {
    int format; /* -1: not given */
    const char *output, *html, *markdown;
};

#define AT(field) offsetof(struct report_options, field)

static const struct option_spec options[] = {
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_CHOICE,
     .arg = "FORMAT",
     .offset = AT(format),
     .choices = cli__measure_formats,
     .help = "markdown (the default), html, svg, hyperfine, google-benchmark, github, csv or "
             "openmetrics"},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(output),
     .completion = COMPLETE_FILE,
     .help = "Where that goes; default: standard output"},
    {.name = "html",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(html),
     .completion = COMPLETE_FILE,
     .help = "Write a page with plots"},
    {.name = "md",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(markdown),
     .completion = COMPLETE_FILE,
     .help = "Write Markdown tables"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "a page with plots, from a result", "cuvee measure report cost.json --html cost.html",
    "for a dashboard", "cuvee measure report cost.json -f openmetrics", NULL};

const struct command cli__command_measure_report = {
    .name = "measure report",
    .summary = "a saved result as a page, a table, or for other tools",
    .synopsis = "cuvee measure report [OPTION...] RESULT.json",
    .examples = examples,
    .notes = "RESULT.json is what 'cuvee measure -o FILE' wrote. Exit codes: 0, or 125.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .operands = COMPLETE_FILE,
};

/* path NULL: standard output. */
static int write_as(const json_t *result, enum measure_format format, const char *path,
                    cuvee_error *err)
{
    struct sink m = {0};
    int rc = cli__measure_export(result, format, &m, err);
    if (rc == CUVEE_OK) rc = cuvee__output_write_whole(path, buffer_span(&m.bytes), err);
    cuvee__buffer_deinit(&m.bytes);
    return rc;
}

int cli__measure_report(int argc, char **argv)
{
    const struct command *const self = &cli__command_measure_report;
    struct report_options o = {.format = -1};
    struct operands operands;
    cuvee_error err = {0};
    json_t *result = NULL;
    int rc = EXIT_OK;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &rc))
        return rc ? MEASURE_EXIT_FAILED : rc;
    if (operands.n != 1) {
        cli__usage_error(self, "name a result, as 'cuvee measure -o FILE' writes it");
        return MEASURE_EXIT_FAILED;
    }
    /* Without a word about where, it is a table to be read here. */
    const bool has_main = o.format >= 0 || o.output || (!o.html && !o.markdown);
    rc = cli__measure_result_read(operands.items[0], &result, &err);
    if (rc == CUVEE_OK && has_main)
        rc = write_as(result, o.format < 0 ? MEASURE_MARKDOWN : (enum measure_format)o.format,
                      o.output, &err);
    if (rc == CUVEE_OK && o.html) rc = write_as(result, MEASURE_HTML, o.html, &err);
    if (rc == CUVEE_OK && o.markdown) rc = write_as(result, MEASURE_MARKDOWN, o.markdown, &err);
    json_decref(result);
    const bool is_unread = rc == CUVEE_E_IO && err.os_errno == EPIPE; /* as in `| head` */
    if (rc == CUVEE_OK || is_unread) return EXIT_OK;
    cli__console_say("cuvee measure report: %s", err.msg);
    return MEASURE_EXIT_FAILED;
}
