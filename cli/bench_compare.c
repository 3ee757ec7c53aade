/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee bench compare: two experiments beside each other. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/compare.h"
#include "bench/results.h"
#include "bench/summary.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "json_text.h"

struct compare_options {
    bool json;
};

static const struct option_spec options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct compare_options, json),
     .help = "Print one JSON object"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {"before and after a change",
                                       "cuvee bench compare results-before results-after", NULL};

const struct command cli__command_bench_compare = {
    .name = "bench compare",
    .summary = "two experiments beside each other",
    .synopsis = "cuvee bench compare [OPTION...] A B",
    .examples = examples,
    .notes = "A and B are what 'cuvee bench -o DIR' wrote. Their runs never met in one block: what "
             "drifted between them is in every difference.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 2,
    .operands = COMPLETE_DIRECTORY,
};

/* The results of a directory, with a summary of this program's making. */
static int read_results(const char *dir, json_t **ret, cuvee_error *err)
{
    int rc = cuvee__results_read(dir, ret, err);
    return rc == CUVEE_OK ? cuvee__summary_make(*ret, err) : rc;
}

static int print_table(const json_t *comparison)
{
    struct sink text = {0};
    cuvee__compare_print(comparison, &text);
    if (text.rc == CUVEE_OK) fwrite(text.bytes.ptr, 1, text.bytes.len, stdout);
    cuvee__buffer_deinit(&text.bytes);
    return cli__stdout_finish();
}

int cli__bench_compare(int argc, char **argv)
{
    const struct command *const self = &cli__command_bench_compare;
    struct compare_options o = {0};
    struct operands operands;
    cuvee_error err = {0};
    json_t *a = NULL, *b = NULL, *comparison = NULL;
    int exit_code = EXIT_OK;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if (operands.n != 2)
        return cli__usage_error(self, "name two directories that 'cuvee bench -o DIR' wrote");
    int rc = read_results(operands.items[0], &a, &err);
    if (rc == CUVEE_OK) rc = read_results(operands.items[1], &b, &err);
    if (rc == CUVEE_OK) rc = cuvee__compare(a, b, &comparison, &err);
    if (rc < 0) {
        cli__console_say("cuvee bench compare: %s", err.msg);
        exit_code = EXIT_INPUT;
    } else if (o.json) {
        exit_code = cli__json_print("bench compare", json_incref(comparison));
    } else {
        exit_code = print_table(comparison);
    }
    json_decref(comparison);
    json_decref(a);
    json_decref(b);
    return exit_code;
}
