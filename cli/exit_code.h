/* SPDX-License-Identifier: Apache-2.0
 *
 * Exit codes of every subcommand. Scripts rely on them: add, never renumber. */
#ifndef CUVEE_CLI_EXIT_CODE_H
#define CUVEE_CLI_EXIT_CODE_H

enum exit_code {
    EXIT_OK = 0,            /* also when the reader of our output went away */
    EXIT_ROWS = 1,          /* done, with more error rows than --max-errors; advise: nothing fits */
    EXIT_USAGE = 2,         /* an option, or CUVEE_ISA */
    EXIT_INPUT = 3,         /* an input file, a missing column */
    EXIT_MODEL = 4,         /* the model, or memory and threads to run it */
    EXIT_OUTPUT = 5,        /* an output file */
    EXIT_INTERRUPTED = 130, /* SIGINT or SIGTERM */
};

#endif
