/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee bench: so far only what its arms run. */
#include <string.h>

#include "commands.h"

static int run(const struct command *self, int argc, char **argv);

static const struct command *const inner[] = {&cli__command_bench_drive, NULL};

const struct command cli__command_bench = {
    .name = "bench",
    .summary = "several programs at the same work",
    .synopsis = "cuvee bench drive OPTION...",
    .max_operands = 1,
    .inner = inner,
    .is_hidden = true,
    .run = run,
};

static int run(const struct command *self, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "drive") == 0) return cli__bench_drive(argc - 1, argv + 1);
    return cli__usage_error(self, "a subcommand is missing");
}
