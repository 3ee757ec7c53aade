/* SPDX-License-Identifier: Apache-2.0
 *
 * The subcommands, one file each. */
#ifndef CUVEE_CLI_COMMANDS_H
#define CUVEE_CLI_COMMANDS_H

#include "options.h"

extern const struct command cli__command_classify;
extern const struct command cli__command_tokenize;
extern const struct command cli__command_info;
extern const struct command cli__command_pack;
extern const struct command cli__command_cache;
extern const struct command cli__command_measure;
extern const struct command cli__command_bench;
extern const struct command cli__command_advise;
extern const struct command cli__command_bench_drive;
extern const struct command cli__command_bench_report;
extern const struct command cli__command_bench_setup;
extern const struct command cli__command_bench_compare;
extern const struct command cli__command_doctor;
extern const struct command cli__command_completions;

/* Within bench. argv[0] is its name; each returns an exit code. */
int cli__bench_compare(int argc, char **argv);
int cli__bench_drive(int argc, char **argv);

/* All of them in the order of the help, then NULL. */
extern const struct command *const cli__commands[];
/* The program itself: what stands before a subcommand. */
extern const struct command cli__command_program;

#endif
