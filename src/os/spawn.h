/* SPDX-License-Identifier: Apache-2.0
 *
 * Start a program, for child.h and subprocess.h; and what its end means. */
#ifndef CUVEE_OS_SPAWN_H
#define CUVEE_OS_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* A descriptor of ours and the number that it has in the program. */
struct spawn_file {
    int ours, theirs;
};

/* Start argv[0] (looked up on PATH when it has no slash) with standard input empty, these
 * descriptors, in order, and no signal blocked: threads of ours have all of them blocked, which a
 * child would inherit.
 *   environment  NULL-terminated
 * Returns 0 or an errno. */
int cuvee__spawn(const char *const *argv, char *const *environment, const struct spawn_file *files,
                 size_t n_files, pid_t *ret_pid);

/* What wait() gave, as a shell has it: the exit status, or 128 + n when signal n ended it. */
int cuvee__exit_status(int wait_status);

#endif
