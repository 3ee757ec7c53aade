/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_mark.h"

#include <string.h>

#include "console.h"
#include "exit_code.h"
#include "measure_meter.h"
#include "os/mark.h"

static const struct option_spec options[] = {OPTION_SPEC_HELP, OPTION_SPEC_VERSION};

static const char *const examples[] = {"in a script: this phase is done",
                                       "./load-tables; cuvee measure mark loaded",
                                       "what the program itself takes for its memory, in bytes",
                                       "cuvee measure mark heap=94371840", NULL};

const struct command cli__command_measure_mark = {
    .name = "measure mark",
    .summary = "say which phase of a script has ended",
    .synopsis = "cuvee measure mark NAME",
    .examples = examples,
    .notes = "The result has the name, the time and the memory at that moment. Where nothing "
             "measures (no MEASURE_FD, or not its pipe any more) nothing happens, and that is no "
             "error. Exit codes: 0, or 125 for a name that is empty, longer than 63 bytes, or has "
             "control characters.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
};

static bool has_control_character(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == 0x7F) return true;
    return false;
}

int cli__measure_mark(int argc, char **argv)
{
    const struct command *const self = &cli__command_measure_mark;
    struct operands operands;
    int rc;
    if (!cli__options_parse(self, argc, argv, NULL, &operands, &rc))
        return rc ? MEASURE_EXIT_FAILED : rc;
    const char *const name = operands.n ? operands.items[0] : "";
    rc = EXIT_OK;
    if (strspn(name, " ") == strlen(name))
        rc = cli__usage_error(self, "a mark needs a name");
    else if (strlen(name) > CUVEE__MARK_BYTES)
        rc = cli__usage_error(self, "the name of a mark has at most %d bytes", CUVEE__MARK_BYTES);
    else if (has_control_character(name))
        rc = cli__usage_error(self, "the name of a mark is one line, without control characters");
    if (rc) return MEASURE_EXIT_FAILED;
    cuvee__mark(name);
    return EXIT_OK;
}
