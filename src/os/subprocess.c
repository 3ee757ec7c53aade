/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "os/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"
#include "os/environment.h"
#include "os/spawn.h"

extern char **environ;

static int read_all(int fd, uint64_t deadline_ns, struct buffer *out)
{
    for (;;) {
        const uint64_t now = cuvee__clock_ns();
        if (now >= deadline_ns) return CUVEE_E_TIMEOUT;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wait, 1, (int)((deadline_ns - now) / CUVEE__NS_PER_MS + 1));
        if (ready < 0 && errno != EINTR) return CUVEE_E_IO;
        if (ready <= 0) continue;
        char bytes[4096];
        const ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno != EINTR) return CUVEE_E_IO;
        if (n == 0) return CUVEE_OK;
        const int rc = n > 0 ? cuvee__buffer_append(out, bytes, (size_t)n) : CUVEE_OK;
        if (rc < 0) return rc;
    }
}

static int wait_for(pid_t pid, const volatile int *stop)
{
    int status = 0;
    bool was_told = false;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return -1; /* the host program waited for it, or ignores SIGCHLD */
        if (stop && *stop && !was_told) was_told = kill(pid, SIGTERM) == 0;
    }
    return cuvee__exit_status(status);
}

int cuvee__subprocess_capture(const char *const *argv, uint32_t timeout_ms, struct buffer *out,
                              int *ret_status, cuvee_error *err)
{
    const uint64_t deadline_ns = cuvee__clock_ns() + timeout_ms * CUVEE__NS_PER_MS;
    int fds[2];
    pid_t pid;
    if (pipe2(fds, O_CLOEXEC) < 0) return cuvee__fail_os(err, errno, "a pipe");
    const struct spawn_file out_end = {fds[1], STDOUT_FILENO};
    const int e = cuvee__spawn(argv, environ, &out_end, 1, &pid);
    close(fds[1]);
    if (e) {
        close(fds[0]);
        return cuvee__fail_os(err, e, "%s", argv[0]);
    }
    const int rc = read_all(fds[0], deadline_ns, out);
    close(fds[0]);
    if (rc < 0) kill(pid, SIGKILL);
    *ret_status = wait_for(pid, NULL);
    switch (rc) {
    case CUVEE_OK:
        return CUVEE_OK;
    case CUVEE_E_TIMEOUT:
        return cuvee__fail(err, rc, "%s: no answer within %u ms", argv[0], (unsigned)timeout_ms);
    case CUVEE_E_NOMEM:
        return cuvee__fail(err, rc, "%s: out of memory", argv[0]);
    case CUVEE_E_LIMIT:
        return cuvee__fail(err, rc, "%s: writes too much", argv[0]);
    default:
        return cuvee__fail(err, CUVEE_E_IO, "%s: cannot be read", argv[0]);
    }
}

int cuvee__subprocess_run(const char *const *argv, const char *const *variables,
                          const char *output_path, const volatile int *stop, int *ret_status,
                          cuvee_error *err)
{
    pid_t pid;
    char **environment = cuvee__environment_with(variables, false);
    if (!environment) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a process");
    const int fd = open(output_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        cuvee__free(environment);
        return cuvee__fail_os(err, errno, "%s", output_path);
    }
    const struct spawn_file files[] = {{fd, STDOUT_FILENO}, {fd, STDERR_FILENO}};
    const int e = cuvee__spawn(argv, environment, files, 2, &pid);
    close(fd);
    cuvee__free(environment);
    if (e) return cuvee__fail_os(err, e, "%s", argv[0]);
    *ret_status = wait_for(pid, stop);
    return CUVEE_OK;
}
