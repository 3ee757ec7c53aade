/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee-meter --out FD [--interval US] [--budget SHARE] [--timeout US] [--exact 1]
 *             [--track auto|cgroup|events|poll] [--cpus LIST] [--limit-mem BYTES]
 *             [--mark-fd N] [--attach PID | --group DIRECTORY] -- COMMAND ARG...
 *
 * Started by `cuvee measure`; not for people. Starts the command, or finds what is there already,
 * and follows it to the end of its last process. Exit status 0: the records say what happened; 125:
 * it could not be followed; 124: not in the way that was asked for, the records say why. */
#define _GNU_SOURCE /* pipe2, syscall */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/sched/types.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure/meter/meter.h"
#include "os/cpu_list.h"

enum {
    CANNOT_TRACK = 124,
    FAILED = 125,
    CANNOT_EXECUTE = 126,
    NOT_FOUND = 127,
    KILL_AFTER_US = 500000
};

static struct meter meter = {.interval_us = 10000,
                             .budget = 0.01,
                             .out = -1,
                             .mark_fd = -1,
                             .perf_fd = -1,
                             .events_fd = -1,
                             .last_pid_fd = -1,
                             .group = {.procs = -1,
                                       .usage = -1,
                                       .peak = -1,
                                       .swap_peak = -1,
                                       .stat = -1,
                                       .kernel = -1,
                                       .cpu_time = -1}};

static uint64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t meter_now_us(const struct meter *m)
{
    return monotonic_us() - m->start_us;
}

/* ---- start ---- */

/* Looks are short: the scheduler (EEVDF, since 6.12) lets who asks for little go sooner. Elsewhere
 * this changes nothing. After the command was forked, which is not to have it. */
static void ask_for_short_slices(void)
{
    const struct sched_attr attr = {.size = sizeof attr, .sched_runtime = 300000 /* ns */};
    syscall(SYS_sched_setattr, 0, &attr, 0);
}

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
static void become(const struct meter *m, char **command, const int go[2], int failure, int marks,
                   const sigset_t *signals)
{
    char text[16], byte;
    struct cpu_list cpus;
    if (m->cpus && (!cuvee__cpu_list_parse(m->cpus, &cpus) || !cuvee__cpu_list_apply(&cpus)))
        _exit(FAILED);
    sigprocmask(SIG_SETMASK, signals, NULL);
    sigaction(SIGPIPE, &(const struct sigaction){.sa_handler = SIG_DFL}, NULL);
    close(go[1]); /* else the other end would never see one */
    /* Marks go to a descriptor that is passed on; its number is in the environment. */
    int go_on = go[0];
    if (m->wanted_mark_fd && m->wanted_mark_fd != marks) {
        /* What may be in the way is needed until exec. */
        go_on = fcntl(go_on, F_DUPFD_CLOEXEC, m->wanted_mark_fd + 1);
        failure = fcntl(failure, F_DUPFD_CLOEXEC, m->wanted_mark_fd + 1);
        marks = dup2(marks, m->wanted_mark_fd);
    }
    fcntl(marks, F_SETFD, 0);
    snprintf(text, sizeof text, "%d", marks);
    setenv("MEASURE_FD", text, 1);
    if (read(go_on, &byte, 1) != 1) _exit(FAILED);
    execvp(command[0], command);
    const int e = errno;
    if (write(failure, &e, sizeof e) < 0) _exit(FAILED);
    _exit(e == ENOENT ? NOT_FOUND : CANNOT_EXECUTE);
}

/* The sources that can be had before there is a command. False: not what was asked for. */
static bool open_sources(struct meter *m)
{
    const bool any = m->track == TRACK_AUTO;
    if (any || m->track == TRACK_CGROUP) {
        if (!meter_group_make(m) && !any) return false;
    } else {
        meter_say(m, "U group 0 not asked for\nU charge 0 no control group of the tree's own\n");
    }
    if (m->is_exact) return true; /* sees more than events */
    if (any || m->track == TRACK_EVENTS) return meter_events_open(m) || any;
    meter_say(m, "U events 0 not asked for\n");
    return true;
}

/* And those that begin with it: it has been forked, and waits. */
static bool start_sources(struct meter *m)
{
    const bool any = m->track == TRACK_AUTO;
    if (m->memory_limit && !meter_group_limit(m, m->memory_limit)) return false;
    if (*m->group.tree && !meter_group_enter(m, m->leader) && !any) return false;
    if (m->events_fd >= 0 && !meter_events_test(m, m->leader) && !any) return false;
    if (m->is_exact && !meter_trace_seize(m, m->leader)) return false;
    const char *source = meter_group_cpu_source(m);
    if (!source && (m->perf_fd = open_perf(m->leader)) >= 0) source = "perf";
    if (!source)
        meter_say(m, "U perf 0 perf_event_open is not allowed here: %s\n", strerror(errno));
    meter_say(m, "K %s\n", source ? source : "none");
    meter_start_pressure(m);
    return true;
}

static void say_first(struct meter *m)
{
    /* What the command's own ru_maxrss starts from: it inherits our size across exec. */
    struct proc_memory self = {0};
    cuvee__proc_memory_read(getpid(), &self);
    meter_say(m, "V %d %ld %llu %llu %llu %llu\n", CUVEE__RECORD_VERSION, sysconf(_SC_PAGESIZE),
              (unsigned long long)self.rss, (unsigned long long)m->interval_us,
              (unsigned long long)(m->rss_lag.process_pages * m->page_kb),
              (unsigned long long)(m->rss_lag.thread_pages * m->page_kb));
}

/* A command that was not executed: to its end, through all stops. */
static void see_off(struct meter *m)
{
    while (!m->leader_is_gone) {
        meter_reap(m);
        poll(NULL, 0, 1);
    }
}

/* Returns 0, or the exit status that says why not. */
static int start(struct meter *m, char **command, const sigset_t *signals)
{
    int go[2], failure[2], marks[2], e = 0;
    if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0 || pipe2(marks, O_CLOEXEC) < 0)
        return FAILED;
    say_first(m);
    if (!open_sources(m)) return CANNOT_TRACK;
    meter_open_last_pid(m);
    const pid_t pid = fork();
    if (pid < 0) return FAILED;
    if (pid == 0) become(m, command, go, failure[1], marks[1], signals);
    meter_test_last_pid(m, pid);
    ask_for_short_slices();
    close(go[0]);
    close(failure[1]);
    close(marks[1]);
    fcntl(marks[0], F_SETFL, O_NONBLOCK);
    m->mark_fd = marks[0];
    m->leader = pid;
    m->start_us = monotonic_us();
    m->is_starting = true;
    const bool can_start = start_sources(m);
    m->is_starting = false;
    meter_say(m, "L %d 0\n", pid);
    m->start_us = monotonic_us();
    meter_say_machine(m);
    const char byte = 0;
    if (can_start && write(go[1], &byte, 1) != 1) return FAILED;
    close(go[1]);
    /* Closed by a good exec. */
    const ssize_t n = read(failure[0], &e, sizeof e);
    close(failure[0]);
    if (n != (ssize_t)sizeof e && can_start) return 0;
    see_off(m);
    return !can_start ? CANNOT_TRACK : e == ENOENT ? NOT_FOUND : CANNOT_EXECUTE;
}

/* The same for what is there already. */
static int attach(struct meter *m)
{
    say_first(m);
    m->start_us = monotonic_us();
    m->leader = m->attached;
    m->is_starting = true;
    meter_say(m, "L %d 1\n", m->leader);
    if (m->existing && !meter_group_use(m, m->existing)) return FAILED;
    if (!m->existing)
        meter_say(m, "U group 0 the tree was there before us\n"
                     "U charge 0 the tree was there before us\n");
    const bool any = m->track == TRACK_AUTO;
    if ((m->track == TRACK_EVENTS || any) && !meter_events_open(m) && !any) return CANNOT_TRACK;
    /* A fork of our own, that ends at once, tests the sources. */
    meter_open_last_pid(m);
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid > 0) meter_test_last_pid(m, pid);
    const bool has_events = pid > 0 && m->events_fd >= 0 && meter_events_test(m, pid);
    if (pid > 0) waitpid(pid, NULL, 0);
    if (m->track == TRACK_EVENTS && !has_events) return CANNOT_TRACK;
    meter_events_drain(m);
    m->n_processes = m->n_exits = 0;
    const char *source = meter_group_cpu_source(m);
    meter_say(m, "K %s\n", source ? source : "none");
    meter_start_pressure(m);
    meter_say_machine(m);
    if (m->leader) meter_add(m, m->leader);
    if (m->existing)
        meter_discover(m, LOOK_AT_MEMBERS);
    else
        meter_discover_below(m);
    if (!m->n) return FAILED;
    meter_events_know(m);
    m->is_starting = false;
    m->leader_is_gone = true; /* nothing to wait for */
    return 0;
}

/* ---- events ---- */

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
            meter_discover(m, LOOK_IF_BORN);
            meter_refresh(m);
            meter_anchor_if_due(m, true);
        }
    }
    if (n == 0) {
        close(m->mark_fd);
        m->mark_fd = -1;
    }
}

static bool is_attached(const struct meter *m)
{
    return m->attached || m->existing;
}

/* What we did not start we do not end. */
static void end_tree(struct meter *m, const char *why, int signal)
{
    if (!m->is_ending) meter_say(m, "Q %llu %s\n", (unsigned long long)meter_now_us(m), why);
    m->is_ending = true;
    if (is_attached(m) || !signal) return;
    meter_discover(m, LOOK_EVERYWHERE);
    meter_signal_all(m, signal);
}

static void on_signal(struct meter *m, int signals_fd)
{
    struct signalfd_siginfo info;
    while (read(signals_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            meter_reap(m);
        else if (info.ssi_code == SI_KERNEL) /* a terminal's Ctrl-C: the tree has it, too */
            end_tree(m, "interrupted", 0);
        else
            end_tree(m, "interrupted", (int)info.ssi_signo);
    }
}

/* Once, when the next tick is due, or the timeout. */
static void set_timer(const struct meter *m, int timer_fd)
{
    uint64_t due_us = m->due_us;
    if (m->timeout_us && due_us > m->timeout_us && !m->is_ending) due_us = m->timeout_us + 1;
    due_us += m->start_us;
    const struct itimerspec once = {.it_value = {.tv_sec = (time_t)(due_us / 1000000u),
                                                 .tv_nsec = (long)(due_us % 1000000u) * 1000}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &once, NULL);
}

static void on_tick(struct meter *m, int timer_fd)
{
    uint64_t expirations = 0;
    if (read(timer_fd, &expirations, sizeof expirations) < 0) return;
    meter_tick(m);
    const uint64_t now = meter_now_us(m);
    if (m->timeout_us && now > m->timeout_us)
        end_tree(m, "timeout", now > m->timeout_us + KILL_AFTER_US ? SIGKILL : SIGTERM);
    set_timer(m, timer_fd);
}

static bool is_over(struct meter *m)
{
    if (is_attached(m) && m->is_ending) return true;
    return m->leader_is_gone && meter_is_empty(m);
}

static void follow(struct meter *m, int signals_fd, int timer_fd)
{
    uint64_t flushed_us = 0;
    if (!is_attached(m)) meter_add(m, m->leader);
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
    meter_reap(m);
}

/* ---- the program ---- */

static bool read_track(const char *value, enum meter_track *ret)
{
    static const char *const names[] = {"auto", "cgroup", "events", "poll"};
    for (int i = TRACK_AUTO; i <= TRACK_POLL; i++) {
        if (strcmp(value, names[i]) != 0) continue;
        *ret = (enum meter_track)i;
        return true;
    }
    return false;
}

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
        else if (strcmp(argv[i], "--exact") == 0)
            m->is_exact = strcmp(value, "0") != 0;
        else if (strcmp(argv[i], "--cpus") == 0)
            m->cpus = value;
        else if (strcmp(argv[i], "--mark-fd") == 0)
            m->wanted_mark_fd = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--limit-mem") == 0)
            m->memory_limit = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--attach") == 0)
            m->attached = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--group") == 0)
            m->existing = value;
        else if (strcmp(argv[i], "--track") != 0 || !read_track(value, &m->track))
            return false;
    }
    *ret_command = argv + i + 1;
    return (i + 1 < argc || is_attached(m)) && m->out >= 0 && m->interval_us >= 1000;
}

static int measure(struct meter *m, char **command, const sigset_t *signals, int signals_fd,
                   int timer_fd)
{
    const int failed = is_attached(m) ? attach(m) : start(m, command, signals);
    if (failed) {
        meter_flush(m);
        return failed;
    }
    m->paid_us = meter_cpu_us();
    m->due_us = meter_now_us(m) + m->interval_us;
    set_timer(m, timer_fd);
    follow(m, signals_fd, timer_fd);
    meter_say_end(m);
    return 0;
}

int main(int argc, char **argv)
{
    struct meter *m = &meter;
    char **command;
    if (!read_options(m, argc, argv, &command)) {
        fputs("cuvee-meter: started by 'cuvee measure', not by people\n", stderr);
        return FAILED;
    }
    m->page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    m->rss_lag = cuvee__proc_rss_lag();
    m->credit_us = METER_CREDIT_US;
    m->tick_credit_us = METER_TICK_CREDIT_US;
    cuvee__cpu_list_own(&m->cpus_of_ours);
    struct rlimit files;
    m->most_open = getrlimit(RLIMIT_NOFILE, &files) < 0 ? 0 : (size_t)files.rlim_cur / 2;
    if (m->most_open > METER_KEPT_OPEN) m->most_open = METER_KEPT_OPEN;
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
    const int status = measure(m, command, &before, signals_fd, timer_fd);
    meter_group_remove(m);
    return status;
}
