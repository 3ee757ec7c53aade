/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee: finds the subcommand and runs it. Each subcommand reads its own options (options.h) and
 * gives the exit code back (exit_code.h). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "console.h"
#include "did_you_mean.h"
#include "exit_code.h"
#include "help.h"
#include "os/mark.h"

const struct command *const cli__commands[] = {
    &cli__command_classify,    &cli__command_tokenize, &cli__command_info,
    &cli__command_pack,        &cli__command_cache,    &cli__command_measure,
    &cli__command_bench,       &cli__command_advise,   &cli__command_doctor,
    &cli__command_completions, NULL};

static const struct option_spec program_options[] = {OPTION_SPEC_HELP, OPTION_SPEC_VERSION};

static const char *const program_examples[] = {
    "label a column of a CSV file",
    "cuvee classify reviews.csv --column description -o labels.csv",
    "label lines of text as they arrive",
    "tail -f feedback.txt | cuvee classify --input-format text",
    "what the model sees, what it is, and what this machine can do",
    "cuvee tokenize notes.txt;  cuvee info;  cuvee doctor",
    "a model as one file, mapped by every process that runs it",
    "cuvee pack ./emotion -o emotion.cuvee",
    "what a program and all that it starts really cost",
    "cuvee measure -- python3 serve.py",
    NULL};

const struct command cli__command_program = {
    .name = "",
    .summary = "text classification with transformers on ordinary CPUs",
    .synopsis = "cuvee COMMAND [ARGUMENT...]",
    .examples = program_examples,
    .options = program_options,
    .n_options = sizeof program_options / sizeof *program_options,
};

static void print_program_help(FILE *to)
{
    cli__help_print(&cli__command_program, to);
    fputs("\nCommands\n", to);
    for (const struct command *const *c = cli__commands; *c; c++)
        if (!(*c)->is_hidden) fprintf(to, "  %-24s%s\n", (*c)->name, (*c)->summary);
    fputs("\n'cuvee COMMAND --help' tells more, and so does 'man cuvee'.\n", to);
}

static const struct command *find_command(const char *name)
{
    for (const struct command *const *c = cli__commands; *c; c++)
        if (strcmp((*c)->name, name) == 0) return *c;
    return NULL;
}

static int refuse_command(const char *name)
{
    const char *names[16];
    size_t n = 0;
    for (const struct command *const *c = cli__commands; *c; c++)
        if (!(*c)->is_hidden) names[n++] = (*c)->name;
    const char *close = cli__did_you_mean(span_of(name), names, n);
    return close ? cli__usage_error(&cli__command_program,
                                    "unknown command '%s'; did you mean '%s'?", name, close)
                 : cli__usage_error(&cli__command_program, "unknown command '%s'", name);
}

/* cuvee help [COMMAND] */
static int run_help(int argc, char **argv)
{
    if (argc < 2) {
        print_program_help(stdout);
        return cli__stdout_finish();
    }
    const struct command *command = find_command(argv[1]);
    if (!command) return refuse_command(argv[1]);
    cli__help_print(command, stdout);
    return cli__stdout_finish();
}

/* A standard descriptor that the caller closed would go to the next file that is opened, and rows
 * end up in the metrics, messages in the rows. /dev/null takes its place, opened the wrong way
 * round: to use it stays an error. */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    cuvee__mark_open(); /* before we open anything */
    fill_standard_descriptors();
    cli__console_open();
    /* A closed pipe and a file as large as is allowed are errors of write(), which end the work in
     * order, not signals that kill it. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);

    if (argc < 2) {
        print_program_help(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0) return run_help(argc - 1, argv + 1);
    if (name[0] == '-') {
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return run_help(1, argv);
        struct operands none;
        int rc = EXIT_OK;
        if (cli__options_parse(&cli__command_program, 2, argv, NULL, &none, &rc))
            rc = cli__usage_error(&cli__command_program, "a command is missing");
        return rc;
    }
    const struct command *command = find_command(name);
    return command ? command->run(command, argc - 1, argv + 1) : refuse_command(name);
}
