/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee tokenize: what the model sees of a text, one JSON object a line. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "exit_code.h"
#include "inputs.h"
#include "interrupt.h"
#include "json_text.h"
#include "model_path.h"
#include "table/reader.h"

#define BLOCK_ROWS 64
#define BLOCK_BYTES ((size_t)64 << 10)

struct tokenize_options {
    struct model_request model;
    const char *column;
    int input_format;
};

#define AT(field) offsetof(struct tokenize_options, field)

static const struct option_spec options[] = {
    OPTION_SPEC_MODEL(AT(model.path)),
    OPTION_SPEC_CACHE(AT(model.cache)),
    OPTION_SPEC_NO_CACHE(AT(model.no_cache)),
    OPTION_SPEC_INPUT_FORMAT(AT(input_format)),
    {.name = "column", .kind = OPTION_TEXT, .arg = "NAME", .offset = AT(column),
     .help = "Column or JSONL key of the text; default 'text'"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "tokens of one text",
    "echo 'Ripe, long and lovely.' | cuvee tokenize",
    "the longest texts of a file, in tokens",
    "cuvee tokenize posts.jsonl | jq '.ids | length' | sort -n | tail",
    NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_tokenize = {
    .name = "tokenize",
    .summary = "show token ids, one JSON object a line",
    .synopsis = "cuvee tokenize [FILE|-] [OPTION...]",
    .examples = examples,
    .notes = "Each line out is {\"ids\": [...], \"tokens\": [...], \"truncated\": false}, or "
             "{\"error\": \"...\"} for a row that has no text.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .operands = COMPLETE_FILE,
    .run = run,
};

static json_t *tokens_to_json(const cuvee_tokens *t)
{
    json_t *ids = json_array(), *strings = json_array();
    for (size_t i = 0; i < t->n; i++) {
        json_array_append_new(ids, json_integer(t->ids[i]));
        json_array_append_new(strings, json_string(t->strings[i]));
    }
    return json_pack("{s:o, s:o, s:b}", "ids", ids, "tokens", strings, "truncated", t->truncated);
}

/* One row to one line. Returns an exit code. */
static int print_row(const cuvee_model *model, const struct row_block *block, const struct row *row,
                     size_t *n_errors, cuvee_error *err)
{
    const struct span text = block_span(block, row->text), error = block_span(block, row->error);
    json_t *line = NULL;
    if (error.len) {
        line = json_pack("{s:s%}", "error", error.ptr, error.len);
        ++*n_errors;
    } else {
        const cuvee_text in = {.ptr = text.ptr, .len = text.len};
        cuvee_tokens *tokens = NULL;
        if (cuvee_tokenize(model, &in, NULL, &tokens, err) < 0) return EXIT_MODEL;
        line = tokens_to_json(tokens);
        cuvee_tokens_free(tokens);
    }
    char *printed = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (!printed) {
        snprintf(err->msg, sizeof err->msg, "out of memory");
        return EXIT_MODEL;
    }
    puts(printed);
    cli__json_text_free(printed);
    return ferror(stdout) ? EXIT_OUTPUT : EXIT_OK;
}

static int tokenize_rows(struct reader *reader, const cuvee_model *model, size_t *n_errors,
                         cuvee_error *err)
{
    struct row_block block = {0};
    bool end = false;
    int exit_code = EXIT_OK;
    while (!end && !exit_code && !cli__interrupt_seen()) {
        cuvee__row_block_clear(&block);
        const int rc = cuvee__reader_fill(reader, &block, BLOCK_ROWS, BLOCK_BYTES,
                                          cli__interrupt_stop(), &end, err);
        cuvee_error row_err;
        for (size_t i = 0; i < block.n_rows && !exit_code; i++) {
            exit_code = print_row(model, &block, &block.rows[i], n_errors, &row_err);
            if (exit_code == EXIT_MODEL) *err = row_err;
        }
        if (!exit_code && rc < 0) exit_code = EXIT_INPUT;
        /* Each block goes out: when input pauses, what was read is shown. */
        if (!exit_code && fflush(stdout) != 0) exit_code = EXIT_OUTPUT;
    }
    cuvee__row_block_deinit(&block);
    return exit_code;
}

static int tell(const cuvee_error *err, int exit_code)
{
    cli__console_say("cuvee tokenize: %s", err->msg);
    return exit_code;
}

static int tokenize_file(const char *path, const struct tokenize_options *o)
{
    cuvee_error err = {0};
    cuvee_model *model = NULL;
    struct reader *reader = NULL;
    size_t n_errors = 0;
    const struct reader_options reader_options = {.format = cli__input_format(o->input_format),
                                                  .column = o->column,
                                                  .stop = cli__interrupt_stop()};
    int exit_code = cli__model_open(&o->model, &model, &err);
    if (exit_code) return tell(&err, exit_code);
    cli__model_tell_note_of("tokenize", model);
    const int rc = cuvee__reader_open(path, &reader_options, &reader, &err);
    if (rc < 0 && rc != CUVEE_E_CANCELLED)
        exit_code = tell(&err, rc == CUVEE_E_ARGUMENT ? EXIT_USAGE : EXIT_INPUT);
    if (rc == CUVEE_OK) {
        exit_code = tokenize_rows(reader, model, &n_errors, &err);
        if (exit_code == EXIT_OUTPUT)
            exit_code = cli__stdout_finish();
        else if (exit_code)
            tell(&err, exit_code);
    }
    cuvee__reader_close(reader);
    cuvee_model_close(model);
    if (!exit_code && cli__interrupt_seen()) return EXIT_INTERRUPTED;
    return !exit_code && n_errors ? EXIT_ROWS : exit_code;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct tokenize_options o = {0};
    struct operands operands;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if ((exit_code = cli__model_request_check(self, &o.model))) return exit_code;
    if (!operands.n && isatty(STDIN_FILENO))
        cli__inputs_hint("tokenize");
    cli__interrupt_open();
    exit_code = tokenize_file(operands.n ? operands.items[0] : "-", &o);
    cli__interrupt_close();
    return exit_code;
}
