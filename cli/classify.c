/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee classify: its options, and what can be said about them before any file is opened. */
#include "classify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "inputs.h"

static const char *const output_formats[] = {"json", "jsonl", "csv", NULL};
static const enum table_format write_formats[] = {TABLE_JSON, TABLE_JSONL, TABLE_CSV};
/* In the order of enum cuvee_activation and enum cuvee_truncation. */
static const char *const activations[] = {"auto", "softmax", "sigmoid", "none", NULL};
static const char *const truncations[] = {"right", "left", "error", NULL};

#define AT(field) offsetof(struct classify_options, field)

static const struct option_spec options[] = {
    OPTION_SPEC_MODEL(AT(model.path)),
    OPTION_SPEC_PRECISION(AT(model.precision)),
    OPTION_SPEC_CACHE(AT(model.cache)),
    OPTION_SPEC_NO_CACHE(AT(model.no_cache)),
    {.name = "activation",
     .kind = OPTION_CHOICE,
     .arg = "NAME",
     .offset = AT(activation),
     .choices = activations,
     .help = "auto, softmax, sigmoid, or none for logits; auto: as the model's config says"},
    {.name = "max-length",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(max_length),
     .min = 1,
     .max = UINT32_MAX,
     .help = "Tokens of one text, special tokens included; at most the model's"},
    {.name = "truncate",
     .kind = OPTION_CHOICE,
     .arg = "WHERE",
     .offset = AT(truncate),
     .choices = truncations,
     .help = "What to do with a text that is too long: cut it right (default) or left, or make it "
             "an error row"},

    {.group = "Input",
     .name = "column",
     .kind = OPTION_TEXT,
     .arg = "NAME|INDEX",
     .offset = AT(column),
     .help = "Column of the text, by name or 0-based index; in JSONL a key. Default: 'text', else "
             "the only column"},
    {.name = "pair-column",
     .kind = OPTION_TEXT,
     .arg = "NAME|INDEX",
     .offset = AT(pair_column),
     .help = "Column of a second text: classify pairs"},
    OPTION_SPEC_INPUT_FORMAT(AT(input_format)),
    {.name = "delimiter",
     .kind = OPTION_BYTE,
     .arg = "C",
     .offset = AT(delimiter),
     .help = "CSV delimiter, \\t for a tab; default ',', in .tsv files a tab"},
    {.name = "no-header",
     .kind = OPTION_FLAG,
     .offset = AT(no_header),
     .help = "CSV: the first row is data; columns have indexes only"},
    {.name = "encoding",
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .offset = AT(encoding),
     .help = "Encoding as iconv names it; default UTF-8, or what a byte-order mark says"},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(limit),
     .min = 0,
     .max = INT64_MAX,
     .help = "Stop after N rows over all files"},

    {.group = "Output",
     .name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(output),
     .completion = COMPLETE_FILE,
     .help = "Where results go, whole or not at all; default standard output"},
    {.name = "format",
     .kind = OPTION_CHOICE,
     .arg = "FORMAT",
     .offset = AT(format),
     .choices = output_formats,
     .help = "json, jsonl or csv; default by the suffix of FILE, else jsonl"},
    {.name = "top-k",
     .kind = OPTION_NUMBER,
     .arg = "N|all",
     .offset = AT(top_k),
     .min = 1,
     .max = INT64_MAX,
     .word = "all",
     .help = "Add 'scores': the N best labels with their scores"},
    {.name = "threshold",
     .kind = OPTION_REAL,
     .arg = "X",
     .offset = AT(threshold),
     .help = "Add 'labels': all with a score of X or more, for multi-label models"},
    {.name = "labels-map",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(labels_map),
     .completion = COMPLETE_FILE,
     .help = "Rename labels: a JSON object such as {\"NEGATIVE\": \"neg\"}"},
    {.name = "keep-columns",
     .kind = OPTION_FLAG,
     .offset = AT(keep_columns),
     .help = "Pass input columns through; a name that is taken gets the prefix in_"},
    {.name = "no-text", .kind = OPTION_FLAG, .offset = AT(no_text), .help = "Leave the texts out"},
    {.name = "max-errors",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(max_errors),
     .min = 0,
     .max = INT64_MAX,
     .help = "Exit with 1 when more than N rows are errors (default 0)"},

    {.group = "Work",
     .name = "threads",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(threads),
     .min = 1,
     .max = 1024,
     .help = "Workers; default one for each core that may be used"},
    {.name = "batch-tokens",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(batch_tokens),
     .min = 1,
     .max = 65536,
     .help = "Tokens of one forward pass; default 512"},
    {.name = "metrics",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(metrics),
     .completion = COMPLETE_FILE,
     .help = "Write a JSON record of every batch and worker"},
    OPTION_SPEC_PYTHON_HOST("Python scripts (-m SCRIPT.py)", AT(model.python_host)),
    OPTION_SPEC_PYTHON(AT(model.python)),
    OPTION_SPEC_SCRIPT_ARGS(AT(model.script_args)),
    OPTION_SPEC_MAX_BATCH(AT(model.max_batch)),
    OPTION_SPEC_CONCURRENCY(AT(model.concurrency)),
    {.name = "deadline",
     .kind = OPTION_REAL,
     .arg = "SECONDS",
     .offset = AT(deadline_s),
     .help = "A call may take so long, then its texts are error rows"},
    {.name = "recycle-calls",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(model.recycle_calls),
     .min = 1,
     .max = INT64_MAX,
     .help = "Replace a worker process after N calls"},
    {.name = "recycle-mb",
     .kind = OPTION_NUMBER,
     .arg = "MB",
     .offset = AT(model.recycle_mb),
     .min = 1,
     .max = 1 << 30,
     .help = "Replace a worker process that holds so much memory after a call"},
    {.group = "Other",
     .name = "quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .offset = AT(quiet),
     .help = "No progress and no summary; errors are still told"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "label a column of a CSV file, results beside it",
    "cuvee classify reviews.csv --column description -o labels.csv",
    "JSON Lines in and out, all columns kept, all scores",
    "cuvee classify posts.jsonl --keep-columns --top-k all > labelled.jsonl",
    "one text",
    "echo 'Ripe, long and lovely.' | cuvee classify",
    "a function in Python as the model",
    "cuvee classify reviews.csv --column description -m script.py",
    "another model, everything in one JSON document",
    "cuvee classify *.csv -m ./emotion --threshold 0.5 -o emotions.json",
    NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_classify = {
    .name = "classify",
    .summary = "label every row of CSV, JSONL or plain text",
    .synopsis = "cuvee classify [FILE...|-] [OPTION...]",
    .examples = examples,
    .notes = "Without FILE, or with -, standard input is read. Exit codes: 0 done, 1 more error "
             "rows than --max-errors, 2 usage, 3 input, 4 model, 5 output, 130 interrupted.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = INT32_MAX,
    .operands = COMPLETE_FILE,
    .run = run,
};

static bool has_suffix(const char *path, const char *suffix)
{
    const size_t n = strlen(path), n_suffix = strlen(suffix);
    return n > n_suffix && strcasecmp(path + n - n_suffix, suffix) == 0;
}

static enum table_format format_of_output(const struct classify_options *o)
{
    if (o->format >= 0) return write_formats[o->format];
    if (o->output && has_suffix(o->output, ".json")) return TABLE_JSON;
    if (o->output && has_suffix(o->output, ".csv")) return TABLE_CSV;
    return TABLE_JSONL;
}

bool cli__is_stdout(const char *path)
{
    return !path || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const standard_input[] = {"-"};
    struct classify_options o = {.format = -1, .limit = INT64_MAX, .threshold = NAN};
    struct operands operands;
    int rc;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &rc)) return rc;
    if ((rc = cli__model_request_check(self, &o.model))) return rc;

    if (o.deadline_s < 0 || o.deadline_s > 1e6)
        return cli__usage_error(self, "--deadline: from 0 to 1000000 seconds");

    o.read_format = cli__input_format(o.input_format);
    o.write_format = format_of_output(&o);
    o.paths = operands.n ? (const char *const *)operands.items : standard_input;
    o.n_paths = operands.n ? (size_t)operands.n : 1;
    if (o.metrics && cli__is_stdout(o.metrics) && cli__is_stdout(o.output))
        return cli__usage_error(self, "--metrics and the results both go to standard output");
    if (o.metrics && o.output && strcmp(o.metrics, o.output) == 0)
        return cli__usage_error(self, "--metrics and -o name the same file");
    if (!operands.n && isatty(STDIN_FILENO)) {
        /* A person who forgot the file sees why nothing happens, and may type: text, unless an
         * option speaks of columns. */
        cli__inputs_hint("classify");
        const bool has_columns = o.column || o.pair_column || o.delimiter || o.no_header;
        if (o.read_format == TABLE_AUTO && !has_columns) o.read_format = TABLE_TEXT;
    }
    return cli__classify_run(self, &o);
}
