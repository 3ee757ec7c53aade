/* SPDX-License-Identifier: Apache-2.0 */
#include "os/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

int cuvee__spawn(const char *const *argv, char *const *environment, const struct spawn_file *files,
                 size_t n_files, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int e = posix_spawn_file_actions_init(&actions);
    if (e) return e;
    if ((e = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return e;
    }
    e = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    for (size_t i = 0; !e && i < n_files; i++)
        e = posix_spawn_file_actions_adddup2(&actions, files[i].ours, files[i].theirs);
    if (!e) e = posix_spawnattr_setsigmask(&attributes, &none);
    if (!e) e = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    /* The prototype is older than const; the strings are not written to. */
    char *const *args = (char *const *)(uintptr_t)argv;
    if (!e) e = posix_spawnp(ret_pid, argv[0], &actions, &attributes, args, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return e;
}

int cuvee__exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
