/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee-meter --out FD [--interval US] [--budget SHARE] [--timeout US] -- COMMAND ARG...
 *
 * Started by `cuvee measure`; not for people. Starts the command, follows it to the end of its last
 * process. Exit status 0: the records say what happened; 125: the command could not be followed. */
#define _GNU_SOURCE /* pipe2, wait4, syscall */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure/meter/meter.h"

enum { FAILED = 125, CANNOT_EXECUTE = 126, NOT_FOUND = 127, KILL_AFTER_US = 500000 };

static struct meter meter = {
    .interval_us = 10000, .budget = 0.01, .out = -1, .mark_fd = -1, .perf_fd = -1};

static uint64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t meter_now_us(const struct meter *m)
{
    return clock_us(CLOCK_MONOTONIC) - m->start_us;
}

static uint64_t microseconds(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec;
}

/* ---- start ---- */

/* Processor time of a process and all that come from it, counted by the kernel; -1 where that is
 * not allowed. */
static int open_perf(pid_t pid)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_SW_TASK_CLOCK,
        .disabled = 1,
        .inherit = 1,
        .enable_on_exec = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* In the child: nothing of the meter's is left. Waits until it may go. */
static void become(char **command, int go, int failure, int marks, const sigset_t *signals)
{
    char text[16], byte;
    sigprocmask(SIG_SETMASK, signals, NULL);
    sigaction(SIGPIPE, &(const struct sigaction){.sa_handler = SIG_DFL}, NULL);
    /* Marks go to a descriptor that is passed on; its number is in the environment. */
    fcntl(marks, F_SETFD, 0);
    snprintf(text, sizeof text, "%d", marks);
    setenv("MEASURE_FD", text, 1);
    if (read(go, &byte, 1) != 1) _exit(FAILED);
    execvp(command[0], command);
    const int e = errno;
    if (write(failure, &e, sizeof e) < 0) _exit(FAILED);
    _exit(e == ENOENT ? NOT_FOUND : CANNOT_EXECUTE);
}

/* Returns 0, or the exit status that says why not. */
static int start(struct meter *m, char **command, const sigset_t *signals)
{
    int go[2], failure[2], marks[2], e = 0;
    if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0 || pipe2(marks, O_CLOEXEC) < 0)
        return FAILED;
    const pid_t pid = fork();
    if (pid < 0) return FAILED;
    if (pid == 0) become(command, go[0], failure[1], marks[1], signals);
    close(go[0]);
    close(failure[1]);
    close(marks[1]);
    fcntl(marks[0], F_SETFL, O_NONBLOCK);
    m->mark_fd = marks[0];
    m->leader = pid;
    m->perf_fd = open_perf(pid);
    m->start_us = clock_us(CLOCK_MONOTONIC);
    meter_say(m, "K %s\nL %d\n", m->perf_fd >= 0 ? "perf" : "none", pid);
    const char byte = 0;
    if (write(go[1], &byte, 1) != 1) return FAILED;
    close(go[1]);
    /* Closed by a good exec. */
    const ssize_t n = read(failure[0], &e, sizeof e);
    close(failure[0]);
    if (n != (ssize_t)sizeof e) return 0;
    waitpid(pid, NULL, 0);
    return e == ENOENT ? NOT_FOUND : CANNOT_EXECUTE;
}

/* ---- events ---- */

static void reap(struct meter *m)
{
    int status;
    struct rusage usage;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
        const unsigned long long t = meter_now_us(m), max_rss = (unsigned long long)usage.ru_maxrss;
        const unsigned long long user = microseconds(&usage.ru_utime);
        const unsigned long long system = microseconds(&usage.ru_stime);
        if (pid == m->leader) {
            m->leader_is_gone = true;
            meter_say(m, "X %llu %d %llu %llu %llu\n", t, status, max_rss, user, system);
        } else {
            meter_say(m, "W %llu %d %d %llu %llu %llu\n", t, (int)pid, status, max_rss, user,
                      system);
        }
    }
}

/* Marks are lines; what comes in pieces is put together. */
static void read_marks(struct meter *m)
{
    static char line[256];
    static size_t n_line;
    char bytes[512];
    ssize_t n;
    while ((n = read(m->mark_fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] != '\n') {
                const unsigned char c = (unsigned char)bytes[i];
                if (n_line < sizeof line - 1)
                    line[n_line++] = c < ' ' || c == 0x7F ? '?' : bytes[i];
                continue;
            }
            line[n_line] = '\0';
            n_line = 0;
            meter_say(m, "M %llu %s\n", (unsigned long long)meter_now_us(m), line);
            meter_want_anchor(m, "mark");
            meter_discover(m, false);
            meter_refresh(m);
            meter_anchor_if_due(m, true);
        }
    }
    if (n == 0) {
        close(m->mark_fd);
        m->mark_fd = -1;
    }
}

static void end_tree(struct meter *m, const char *why, int signal)
{
    if (!m->is_ending) meter_say(m, "Q %llu %s\n", (unsigned long long)meter_now_us(m), why);
    m->is_ending = true;
    meter_discover(m, true);
    meter_signal_all(m, signal);
}

static void on_signal(struct meter *m, int signals_fd)
{
    struct signalfd_siginfo info;
    while (read(signals_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(m);
        else if (info.ssi_code == SI_KERNEL) /* a terminal's Ctrl-C: the tree has it, too */
            end_tree(m, "interrupted", 0);
        else
            end_tree(m, "interrupted", (int)info.ssi_signo);
    }
}

static void on_tick(struct meter *m, int timer_fd)
{
    uint64_t expirations = 0;
    if (read(timer_fd, &expirations, sizeof expirations) < 0) return;
    if (expirations > 1) {
        const uint64_t late_us = (expirations - 1) * m->interval_us;
        m->late += expirations - 1;
        if (late_us > m->worst_late_us) m->worst_late_us = late_us;
    }
    meter_tick(m);
    const uint64_t now = meter_now_us(m);
    if (m->timeout_us && now > m->timeout_us)
        end_tree(m, "timeout", now > m->timeout_us + KILL_AFTER_US ? SIGKILL : SIGTERM);
}

static bool is_over(struct meter *m)
{
    if (!m->leader_is_gone) return false;
    meter_discover(m, true);
    meter_refresh(m);
    return m->n == 0;
}

static void follow(struct meter *m, int signals_fd, int timer_fd)
{
    uint64_t flushed_us = 0;
    meter_add(m, m->leader);
    meter_want_anchor(m, "start");
    while (!is_over(m)) {
        struct pollfd fds[] = {{.fd = signals_fd, .events = POLLIN},
                               {.fd = timer_fd, .events = POLLIN},
                               {.fd = m->mark_fd, .events = POLLIN}};
        if (poll(fds, 3, -1) < 0 && errno != EINTR) break;
        if (fds[2].revents) read_marks(m);
        if (fds[0].revents) on_signal(m, signals_fd);
        if (fds[1].revents) on_tick(m, timer_fd);
        const uint64_t now = meter_now_us(m);
        if (now - flushed_us > 1000000u) {
            flushed_us = now;
            meter_flush(m);
        }
    }
    if (m->mark_fd >= 0) read_marks(m);
    reap(m);
}

static void say_end(struct meter *m)
{
    struct proc_stat self = {0};
    long long tree_us = -1;
    uint64_t ns;
    cuvee__proc_stat_read(getpid(), &self);
    if (m->perf_fd >= 0 && read(m->perf_fd, &ns, sizeof ns) == (ssize_t)sizeof ns)
        tree_us = (long long)(ns / 1000);
    meter_say(m, "Z %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %lld\n",
              (unsigned long long)meter_now_us(m),
              (unsigned long long)clock_us(CLOCK_PROCESS_CPUTIME_ID),
              (unsigned long long)(self.resident_pages * m->page_kb), (unsigned long long)m->ticks,
              (unsigned long long)m->late, (unsigned long long)m->worst_late_us,
              (unsigned long long)m->anchors, (unsigned long long)m->torn,
              (unsigned long long)m->unserved, (unsigned long long)m->lost, tree_us);
    meter_flush(m);
}

/* ---- the program ---- */

static bool read_options(struct meter *m, int argc, char **argv, char ***ret_command)
{
    int i = 1;
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--out") == 0)
            m->out = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--interval") == 0)
            m->interval_us = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--budget") == 0)
            m->budget = strtod(value, NULL);
        else if (strcmp(argv[i], "--timeout") == 0)
            m->timeout_us = strtoull(value, NULL, 10);
        else
            return false;
    }
    *ret_command = argv + i + 1;
    return i + 1 < argc && m->out >= 0 && m->interval_us >= 1000;
}

int main(int argc, char **argv)
{
    struct meter *m = &meter;
    char **command;
    if (!read_options(m, argc, argv, &command)) {
        fputs("cuvee-meter: started by 'cuvee measure', not by people\n", stderr);
        return FAILED;
    }
    /* What the command's own ru_maxrss starts from: it inherits our size across exec. */
    struct proc_stat self = {0};
    cuvee__proc_stat_read(getpid(), &self);
    m->page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    m->credit_us = 250000;
    fcntl(m->out, F_SETFD, FD_CLOEXEC);

    sigset_t ours, before;
    sigemptyset(&ours);
    for (const int *s = (const int[]){SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0}; *s; s++)
        sigaddset(&ours, *s);
    sigprocmask(SIG_BLOCK, &ours, &before);
    sigaction(SIGPIPE, &(const struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const int signals_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    const int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (signals_fd < 0 || timer_fd < 0) return FAILED;

    meter_say(m, "V %d %ld %llu %llu\n", CUVEE__RECORD_VERSION, sysconf(_SC_PAGESIZE),
              (unsigned long long)(self.resident_pages * m->page_kb),
              (unsigned long long)m->interval_us);
    const int failed = start(m, command, &before);
    if (failed) return failed;
    const struct timespec interval = {.tv_sec = (time_t)(m->interval_us / 1000000u),
                                      .tv_nsec = (long)(m->interval_us % 1000000u) * 1000};
    const struct itimerspec every = {interval, interval};
    timerfd_settime(timer_fd, 0, &every, NULL);
    follow(m, signals_fd, timer_fd);
    say_end(m);
    return 0;
}
