/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"
#include "os/environment.h"
#include "os/pipe_write.h"
#include "os/proc_files.h"
#include "os/spawn.h"

enum {
    LOOK_MS = 1000, /* how often it is looked whether the child has ended: see is_gone() */
    ENDS = 3,       /* that the child has of the pipes */
    /* Where its ends lie in this process: not where posix_spawn puts them. */
    LEAST_FD = CUVEE__CHILD_PASSED_FD + CUVEE__CHILD_MAX_PASSED,
    REAP_STEP_MS = 2,
};

/* ---- start ---- */

/* fd is taken: it moves out of the way of the child's numbers. */
static int move_up(int fd)
{
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, LEAST_FD);
    close(fd);
    return moved;
}

static int spawn(struct child *child, const struct child_setup *setup, const int *ends,
                 char **environment)
{
    struct spawn_file files[1 + ENDS + CUVEE__CHILD_MAX_PASSED] = {{STDERR_FILENO, STDOUT_FILENO}};
    size_t n = 1;
    for (int i = 0; i < ENDS; i++) files[n++] = (struct spawn_file){ends[i], CUVEE__CHILD_FD + i};
    for (int i = 0; i < setup->n_passed; i++)
        files[n++] = (struct spawn_file){setup->passed[i], CUVEE__CHILD_PASSED_FD + i};
    return cuvee__spawn(setup->argv, environment, files, n, &child->pid);
}

static void close_fds(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0) close(fds[i]);
}

/* Two ends of a pipe, the child's moved up. */
static int open_pipe(int *ours, int *theirs, bool child_reads)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) return errno;
    *ours = fds[child_reads ? 1 : 0];
    *theirs = move_up(fds[child_reads ? 0 : 1]);
    return *theirs < 0 ? errno : 0;
}

int cuvee__child_start(struct child *child, const struct child_setup *setup, cuvee_error *err)
{
    int ends[ENDS] = {-1, -1, -1};
    *child = (struct child){.to = -1, .from = -1, .life = -1};
    char **environment = cuvee__environment_with(setup->variables, true);
    if (!environment) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a process");
    int e = open_pipe(&child->to, &ends[0], true);
    if (!e) e = open_pipe(&child->from, &ends[1], false);
    if (!e) e = open_pipe(&child->life, &ends[2], true);
    if (!e) e = spawn(child, setup, ends, environment);
    close_fds(ends, ENDS);
    cuvee__free(environment);
    if (!e) return CUVEE_OK;
    close_fds((int[]){child->to, child->from, child->life}, ENDS);
    child->pid = 0;
    return cuvee__fail_os(err, e, "%s", setup->argv[0]);
}

/* ---- messages ---- */

bool cuvee__child_send(const struct child *child, const void *message, size_t n)
{
    return cuvee__pipe_write(child->to, message, n);
}

/* Its end closes its end of the pipe, unless it has forked a child that lives on and holds that,
 * too. */
static bool is_gone(const struct child *child)
{
    siginfo_t info = {.si_pid = 0};
    const int rc = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return (rc == 0 && info.si_pid == child->pid) || (rc < 0 && errno == ECHILD);
}

int cuvee__child_receive(const struct child *child, void *message, size_t n, uint64_t deadline_ns)
{
    for (size_t have = 0; have < n;) {
        const uint64_t now = deadline_ns == UINT64_MAX ? 0 : cuvee__clock_ns();
        if (now >= deadline_ns) return CUVEE_E_TIMEOUT;
        const uint64_t ms = (deadline_ns - now) / CUVEE__NS_PER_MS + 1;
        struct pollfd wait = {.fd = child->from, .events = POLLIN};
        const int found = poll(&wait, 1, ms > LOOK_MS ? LOOK_MS : (int)ms);
        /* What it said before it ended is there by now. */
        if (found == 0 && is_gone(child) && poll(&wait, 1, 0) == 0) return CUVEE_E_IO;
        if (found <= 0) continue;
        const ssize_t got = read(child->from, (char *)message + have, n - have);
        if (got == 0 || (got < 0 && errno != EINTR)) return CUVEE_E_IO;
        if (got > 0) have += (size_t)got;
    }
    return CUVEE_OK;
}

/* ---- end ---- */

static bool reap(struct child *child, int flags, int *ret_status)
{
    int status = 0;
    const pid_t pid = waitpid(child->pid, &status, flags);
    if (pid == 0 || (pid < 0 && errno == EINTR)) return false;
    /* Somebody else waited for it, or SIGCHLD is ignored: gone all the same. */
    if (pid > 0 && ret_status) *ret_status = cuvee__exit_status(status);
    return true;
}

void cuvee__child_end(struct child *child, uint64_t deadline_ns, int *ret_status)
{
    if (ret_status) *ret_status = 0;
    if (!child->pid) return;
    close(child->to);
    bool is_gone = false;
    while (!(is_gone = reap(child, WNOHANG, ret_status)) && cuvee__clock_ns() < deadline_ns) {
        /* Its end closes the pipe that it writes to, or that was closed before. */
        struct pollfd wait = {.fd = child->from, .events = 0};
        if (poll(&wait, 1, REAP_STEP_MS) > 0) poll(NULL, 0, 1);
    }
    if (!is_gone) {
        kill(child->pid, SIGKILL);
        while (!reap(child, 0, ret_status)) {
        }
    }
    close(child->from);
    close(child->life);
    *child = (struct child){.to = -1, .from = -1, .life = -1};
}

void cuvee__child_kill(pid_t pid)
{
    kill(pid, SIGKILL);
}

uint64_t cuvee__child_resident_bytes(const struct child *child)
{
    struct proc_stat stat;
    if (!cuvee__proc_stat_read(child->pid, &stat)) return 0;
    return stat.resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
