/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "measure_meter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/file.h"
#include "os/program.h"

extern char **environ;

bool cli__meter_find_program(const char *name, char *path, size_t room)
{
    static const char *const places[] = {"", "/../libexec/cuvee"};
    char program[4096];
    if (!cuvee__program_directory(program, sizeof program)) return false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const int n = snprintf(path, room, "%s%s/%s", program, places[i], name);
        if (n > 0 && (size_t)n < room && cuvee__file_exists(path)) return true;
    }
    return false;
}

int cli__meter_start(const struct meter_setup *setup, char *const *command, size_t n_command,
                     struct meter_run *ret_run, cuvee_error *err)
{
    char path[4200], out[16], interval[32], budget[32], timeout[32], limit[32], marks[16];
    int pipe_ends[2];
    pid_t pid;
    char directory[4096];
    if (!cuvee__program_directory(directory, sizeof directory))
        return cuvee__fail(err, CUVEE_E_IO,
                           "/proc is not there, and without it nothing can be seen");
    if (!cli__meter_find_program("cuvee-meter", path, sizeof path))
        return cuvee__fail(err, CUVEE_E_IO, "cuvee-meter is not beside this program");
    char **argv = cuvee__calloc(n_command + 26, sizeof *argv);
    if (!argv) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
        cuvee__free(argv);
        return cuvee__fail_os(err, errno, "a pipe");
    }
    /* Not closed by the exec that starts the meter; the meter closes it for the command. */
    fcntl(pipe_ends[1], F_SETFD, 0);
    snprintf(out, sizeof out, "%d", pipe_ends[1]);
    snprintf(interval, sizeof interval, "%.0f", setup->interval_ms * 1000);
    snprintf(budget, sizeof budget, "%.6f", setup->budget_percent / 100);
    snprintf(timeout, sizeof timeout, "%.0f", setup->timeout_s * 1e6);
    const char *fixed[23] = {path,
                             "--out",
                             out,
                             "--interval",
                             interval,
                             "--budget",
                             budget,
                             "--timeout",
                             timeout,
                             "--track",
                             setup->track,
                             "--exact",
                             setup->exact ? "1" : "0"};
    size_t n_fixed = 13;
    if (setup->attached) {
        fixed[n_fixed++] = setup->attached->is_group ? "--group" : "--attach";
        fixed[n_fixed++] = setup->attached->text;
    }
    if (setup->cpus) {
        fixed[n_fixed++] = "--cpus";
        fixed[n_fixed++] = setup->cpus;
    }
    if (setup->mark_fd) {
        snprintf(marks, sizeof marks, "%d", setup->mark_fd);
        fixed[n_fixed++] = "--mark-fd";
        fixed[n_fixed++] = marks;
    }
    if (setup->memory_limit) {
        snprintf(limit, sizeof limit, "%" PRIu64, setup->memory_limit);
        fixed[n_fixed++] = "--limit-mem";
        fixed[n_fixed++] = limit;
    }
    fixed[n_fixed++] = "--";
    /* The prototype of posix_spawn() is older than const; the strings are not written to. */
    for (size_t i = 0; i < n_fixed; i++) argv[i] = (char *)(uintptr_t)fixed[i];
    if (!setup->attached) memcpy(argv + n_fixed, command, n_command * sizeof *command);
    const int e = posix_spawn(&pid, path, NULL, NULL, argv, environ);
    cuvee__free(argv);
    close(pipe_ends[1]);
    if (e) {
        close(pipe_ends[0]);
        return cuvee__fail_os(err, e, "%s", path);
    }
    *ret_run = (struct meter_run){pid, pipe_ends[0]};
    return CUVEE_OK;
}

int cli__meter_hear(struct meter_run *run, struct account *a, int *ret_status, cuvee_error *err)
{
    char bytes[16384];
    int rc = CUVEE_OK, status = 0;
    for (ssize_t n; (n = read(run->records, bytes, sizeof bytes)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        if (rc == CUVEE_OK) rc = cuvee__account_feed(a, (struct span){bytes, (size_t)n}, err);
    }
    close(run->records);
    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR) {
    }
    *run = (struct meter_run){0, -1};
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : MEASURE_EXIT_FAILED;
    return rc;
}

int cli__meter_start_case(const struct meter_setup *setup, const char *name,
                          struct meter_run *ret_run, cuvee_error *err)
{
    char path[4200], word[32];
    char *const command[] = {path, word};
    if (!cli__meter_find_program("cuvee-measure-cases", path, sizeof path))
        return cuvee__fail(err, CUVEE_E_IO, "cuvee-measure-cases is not beside this program");
    snprintf(word, sizeof word, "%s", name);
    return cli__meter_start(setup, command, 2, ret_run, err);
}

int cli__meter_hear_case(struct meter_run *run, struct account *a, cuvee_error *err)
{
    int status;
    const int rc = cli__meter_hear(run, a, &status, err);
    if (rc < 0) return rc;
    if (status) return cuvee__fail(err, CUVEE_E_IO, "the meter cannot follow a program here");
    return cuvee__account_end(a, err);
}
