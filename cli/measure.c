/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee measure: what a command and all that it starts really cost. The meter follows them; this
 * reads what it says. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "measure/account.h"
#include "measure_attach.h"
#include "measure_diff.h"
#include "measure_outputs.h"
#include "measure_report.h"
#include "measure_summary.h"
#include "os/file.h"
#include "os/program.h"

extern char **environ;

/* As timeout(1), env(1) and time(1) have them; a usage error is 125 too. */
enum { EXIT_TIMEOUT = 124, EXIT_FAILED = 125, EXIT_CANNOT = 126, EXIT_NOT_FOUND = 127 };

/* Of the meter: the source that was asked for cannot be had. */
enum { CANNOT_TRACK = 124 };

struct measure_options {
    const char *output, *series, *html, *markdown, *fail_if;
    double interval_ms, budget_percent, timeout_s;
    int track;
    bool exact, explain, redact, quiet;

    const struct attach_target *attached; /* NULL: a command is started */
};

#define AT(field) offsetof(struct measure_options, field)

enum { TRACK_CGROUP = 1 }; /* of tracks[] */
static const char *const tracks[] = {"auto", "cgroup", "events", "poll", NULL};

static const struct option_spec options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(output),
     .completion = COMPLETE_FILE,
     .help = "Write the result as JSON"},
    {.name = "series",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(series),
     .completion = COMPLETE_FILE,
     .help = "Write the tree over time as JSON lines, while the command runs"},
    {.name = "html",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(html),
     .completion = COMPLETE_FILE,
     .help = "Write a page with plots"},
    {.name = "md",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(markdown),
     .completion = COMPLETE_FILE,
     .help = "Write the summary as Markdown tables"},
    {.name = "explain",
     .kind = OPTION_FLAG,
     .offset = AT(explain),
     .help = "Say of each naive figure why it differs"},
    {.name = "fail-if",
     .kind = OPTION_TEXT,
     .arg = "WHAT>LIMIT",
     .offset = AT(fail_if),
     .help = "Exit with 1 when footprint (upper bound, as 1G), wall or cpu (seconds) passes the "
             "limit"},
    {.name = "timeout",
     .kind = OPTION_REAL,
     .arg = "SECONDS",
     .offset = AT(timeout_s),
     .help = "End the whole tree after so long, exit with 124"},
    {.name = "interval",
     .kind = OPTION_REAL,
     .arg = "MS",
     .offset = AT(interval_ms),
     .help = "Milliseconds between looks; default 10"},
    {.name = "pss-budget",
     .kind = OPTION_REAL,
     .arg = "PERCENT",
     .offset = AT(budget_percent),
     .help = "Processor time for reading PSS, of one core; default 1"},
    {.name = "track",
     .kind = OPTION_CHOICE,
     .arg = "HOW",
     .offset = AT(track),
     .choices = tracks,
     .help = "Where the list of processes comes from: a control group, events of the kernel, or "
             "looking at /proc"},
    {.name = "exact",
     .kind = OPTION_FLAG,
     .offset = AT(exact),
     .help = "Trace the command (ptrace), so that no process is missed however short it lives"},
    {.name = "redact",
     .kind = OPTION_FLAG,
     .offset = AT(redact),
     .help = "Leave the command's arguments out of the result"},
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .offset = AT(quiet),
     .help = "No summary"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "memory and time of a program and all that it starts",
    "cuvee measure -- python3 serve.py",
    "the same for a script, which fails when it takes too much",
    "cuvee measure -q -o cost.json --fail-if 'footprint>1G' -- ./job",
    "why others say something else",
    "cuvee measure --explain -- make -j4",
    "a service that is running already, for a minute",
    "cuvee measure attach --timeout 60 postgresql",
    "two results beside each other",
    "cuvee measure diff before.json after.json",
    "a result as a page with plots",
    "cuvee measure report cost.json --html cost.html",
    NULL};

static int run(const struct command *self, int argc, char **argv);

static const struct command *const inner[] = {&cli__command_measure_report, NULL};

const struct command cli__command_measure = {
    .name = "measure",
    .summary = "the true time, CPU and memory of a command's whole process tree",
    .synopsis = "cuvee measure [OPTION...] -- COMMAND [ARGUMENT...]\n"
                "cuvee measure attach [OPTION...] PID|CGROUP|UNIT\n"
                "cuvee measure diff A.json B.json\n"
                "cuvee measure report [OPTION...] RESULT.json",
    .examples = examples,
    .notes = "Output of the command is left alone. Exit codes: the command's own; 128 + n when "
             "signal n ended it, 1 by --fail-if, 124 by --timeout, 125 for a failure of ours, 126 "
             "and 127 when the command cannot be executed or found.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = INT32_MAX,
    .operands = COMPLETE_FILE,
    .inner = inner,
    .run = run,
};

/* ---- --fail-if ---- */

struct limit {
    enum { LIMIT_NONE, LIMIT_FOOTPRINT, LIMIT_WALL, LIMIT_CPU } kind;
    double most; /* bytes or seconds */
};

static bool parse_limit(const char *text, struct limit *ret)
{
    static const char *const names[] = {"", "footprint>", "wall>", "cpu>"};
    *ret = (struct limit){LIMIT_NONE, 0};
    if (!text) return true;
    for (int k = LIMIT_FOOTPRINT; k <= LIMIT_CPU; k++) {
        const size_t n = strlen(names[k]);
        if (strncmp(text, names[k], n) != 0) continue;
        char *end;
        double most = strtod(text + n, &end);
        if (end == text + n || !(most >= 0)) return false;
        const char *const units = "KMGT", *unit = *end ? strchr(units, *end) : NULL;
        if (unit && k == LIMIT_FOOTPRINT) {
            for (const char *u = units; u <= unit; u++) most *= 1024;
            end++;
        }
        ret->kind = k;
        ret->most = most;
        return *end == '\0';
    }
    return false;
}

static bool is_passed(const struct account *a, const struct limit *limit)
{
    switch (limit->kind) {
    case LIMIT_FOOTPRINT:
        return a->has_peak && (double)a->upper * 1024 > limit->most;
    case LIMIT_WALL:
        return (double)a->wall_leader_us / 1e6 > limit->most;
    case LIMIT_CPU:
        return (double)a->cpu_us / 1e6 > limit->most;
    default:
        return false;
    }
}

/* ---- the meter ---- */

static int find_meter(char *path, size_t room, cuvee_error *err)
{
    static const char *const places[] = {"/cuvee-meter", "/../libexec/cuvee/cuvee-meter"};
    char program[4096];
    if (!cuvee__program_directory(program, sizeof program))
        return cuvee__fail(err, CUVEE_E_IO,
                           "/proc is not there, and without it nothing can be seen");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const int n = snprintf(path, room, "%s%s", program, places[i]);
        if (n > 0 && (size_t)n < room && cuvee__file_exists(path)) return CUVEE_OK;
    }
    return cuvee__fail(err, CUVEE_E_IO, "cuvee-meter is not beside this program");
}

static volatile pid_t meter_pid;

/* A terminal's Ctrl-C reaches the meter and the command by itself; other signals are passed on. */
static void pass_on(int number)
{
    if (meter_pid > 0) kill(meter_pid, number);
}

static int start_meter(const struct measure_options *o, char **command, size_t n_command,
                       int *ret_records, cuvee_error *err)
{
    char path[4200], out[16], interval[32], budget[32], timeout[32];
    int pipe_ends[2];
    pid_t pid;
    int rc = find_meter(path, sizeof path, err);
    if (rc < 0) return rc;
    char **argv = cuvee__calloc(n_command + 20, sizeof *argv);
    if (!argv) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
        cuvee__free(argv);
        return cuvee__fail_os(err, errno, "a pipe");
    }
    /* Not closed by the exec that starts the meter; the meter closes it for the command. */
    fcntl(pipe_ends[1], F_SETFD, 0);
    snprintf(out, sizeof out, "%d", pipe_ends[1]);
    snprintf(interval, sizeof interval, "%.0f", o->interval_ms * 1000);
    snprintf(budget, sizeof budget, "%.6f", o->budget_percent / 100);
    snprintf(timeout, sizeof timeout, "%.0f", o->timeout_s * 1e6);
    const char *fixed[17] = {
        path,        "--out", out,       "--interval",     interval,  "--budget",          budget,
        "--timeout", timeout, "--track", tracks[o->track], "--exact", o->exact ? "1" : "0"};
    size_t n_fixed = 13;
    if (o->attached) {
        fixed[n_fixed++] = o->attached->is_group ? "--group" : "--attach";
        fixed[n_fixed++] = o->attached->text;
    }
    fixed[n_fixed++] = "--";
    /* The prototype of posix_spawn() is older than const; the strings are not written to. */
    for (size_t i = 0; i < n_fixed; i++) argv[i] = (char *)(uintptr_t)fixed[i];
    if (!o->attached) memcpy(argv + n_fixed, command, n_command * sizeof *command);
    const int e = posix_spawn(&pid, path, NULL, NULL, argv, environ);
    cuvee__free(argv);
    close(pipe_ends[1]);
    if (e) {
        close(pipe_ends[0]);
        return cuvee__fail_os(err, e, "%s", path);
    }
    meter_pid = pid;
    *ret_records = pipe_ends[0];
    return CUVEE_OK;
}

/* Read what it says until it has ended. ret_status: the meter's own exit status. */
static int hear(int records, struct account *a, int *ret_status, cuvee_error *err)
{
    char bytes[16384];
    int rc = CUVEE_OK, status = 0;
    for (ssize_t n; (n = read(records, bytes, sizeof bytes)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        if (rc == CUVEE_OK) rc = cuvee__account_feed(a, (struct span){bytes, (size_t)n}, err);
    }
    close(records);
    while (waitpid(meter_pid, &status, 0) < 0 && errno == EINTR) {
    }
    meter_pid = 0;
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
    return rc;
}

/* ---- the command ---- */

static int exit_of(const struct account *a, const struct limit *limit)
{
    if (a->is_attached) { /* not ours to end: a timeout is how long was asked for */
        if (!is_passed(a, limit)) return EXIT_OK;
        cli__console_say("cuvee measure: the limit of --fail-if was passed");
        return 1;
    }
    if (a->was_timeout) return EXIT_TIMEOUT;
    if (!a->has_status) return EXIT_FAILED;
    if (WIFSIGNALED(a->status)) return 128 + WTERMSIG(a->status);
    const int code = WEXITSTATUS(a->status);
    if (!code && is_passed(a, limit)) {
        cli__console_say("cuvee measure: the limit of --fail-if was passed");
        return 1;
    }
    return code;
}

static int tell(const cuvee_error *err)
{
    cli__console_say("cuvee measure: %s", err->msg);
    return EXIT_FAILED;
}

/* Why the meter gave up. */
static void tell_meter(int status, const struct measure_options *o, const char *what,
                       const struct account *a)
{
    if (status == CANNOT_TRACK) {
        const struct account_source *asked = o->exact           ? &a->trace
                                             : a->group.is_used ? &a->events
                                                                : &a->group;
        if (!asked->note[0] || asked->is_used) asked = &a->events;
        cli__console_say("cuvee measure: %s: %s", o->exact ? "--exact" : tracks[o->track],
                         asked->note);
        return;
    }
    cli__console_say("cuvee measure: %s: %s", what,
                     status == EXIT_NOT_FOUND ? "not found"
                     : status == EXIT_CANNOT  ? "cannot be executed"
                     : o->attached            ? "no process is there, or none that may be followed"
                                              : "cannot be followed");
}

static int measure(const struct measure_options *o, char **command, size_t n_command,
                   const struct limit *limit, struct measure_outputs *outputs)
{
    struct account a = {0};
    cuvee_error err = {0};
    int records = -1, meter_status = 0;
    int rc = start_meter(o, command, n_command, &records, &err);
    if (rc < 0) return tell(&err);
    const struct sigaction forward = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
    sigaction(SIGTERM, &forward, NULL);
    sigaction(SIGHUP, &forward, NULL);
    cli__measure_outputs_follow(outputs, &a);
    rc = hear(records, &a, &meter_status, &err);
    int exit_code;
    if (meter_status) {
        exit_code = meter_status == CANNOT_TRACK ? EXIT_FAILED : meter_status;
        tell_meter(meter_status, o, command[0], &a);
    } else {
        if (rc == CUVEE_OK) rc = cuvee__account_end(&a, &err);
        if (rc == CUVEE_OK)
            rc = cli__measure_outputs_write(outputs, &a, (const char *const *)command, o->redact,
                                            &err);
        if (rc == CUVEE_OK && !o->quiet) cli__measure_summary(&a, o->explain);
        exit_code = rc < 0 ? tell(&err) : exit_of(&a, limit);
    }
    cuvee__account_deinit(&a);
    return exit_code;
}

/* cuvee measure diff A.json B.json; without -- in front, so diff(1) can be measured. */
static int run_diff(const struct command *self, int n, char **paths)
{
    cuvee_error err = {0};
    if (n != 2) {
        cli__usage_error(self, "diff takes two results, as 'cuvee measure -o FILE' writes them");
        return EXIT_FAILED;
    }
    if (cli__measure_diff(paths[0], paths[1], &err) < 0) return tell(&err);
    return cli__stdout_finish() == EXIT_OK ? EXIT_OK : EXIT_FAILED;
}

static int run(const struct command *self, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "diff") == 0) return run_diff(self, argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "report") == 0) return cli__measure_report(argc - 1, argv + 1);
    const bool is_attach = argc > 1 && strcmp(argv[1], "attach") == 0;
    if (is_attach) {
        argc--;
        argv++;
    }
    struct measure_options o = {.interval_ms = 10, .budget_percent = 1};
    struct operands operands;
    struct limit limit;
    struct measure_outputs outputs = {0};
    cuvee_error err = {0};
    int rc;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &rc)) return rc ? EXIT_FAILED : rc;
    rc = EXIT_OK;
    struct attach_target target;
    if (is_attach && operands.n != 1)
        rc = cli__usage_error(self, "attach takes one process, control group or unit");
    else if (is_attach && (o.exact || o.track == TRACK_CGROUP))
        rc = cli__usage_error(self, "attach moves and traces nothing; not with --exact or "
                                    "--track cgroup");
    else if (!operands.n)
        rc = cli__usage_error(self, "no command; it comes after --");
    else if (!parse_limit(o.fail_if, &limit))
        rc = cli__usage_error(self, "--fail-if '%s': as 'footprint>1G', 'wall>10' or 'cpu>5'",
                              o.fail_if);
    else if (!(o.interval_ms >= 1 && o.interval_ms <= 60000))
        rc = cli__usage_error(self, "--interval: from 1 to 60000 ms");
    else if (!(o.budget_percent > 0 && o.budget_percent <= 100))
        rc = cli__usage_error(self, "--pss-budget: above 0, at most 100 percent");
    else if (!(o.timeout_s >= 0 && o.timeout_s < 1e9))
        rc = cli__usage_error(self, "--timeout: seconds");
    if (rc) return EXIT_FAILED;
    if (is_attach) {
        if (cli__measure_attach_find(operands.items[0], &target, &err) < 0) return tell(&err);
        o.attached = &target;
    }
    const struct measure_paths paths = {o.output, o.series, o.html, o.markdown};
    if (cli__measure_outputs_open(&outputs, &paths, &err) < 0) return tell(&err);
    rc = measure(&o, operands.items, (size_t)operands.n, &limit, &outputs);
    cli__measure_outputs_close(&outputs);
    return rc;
}
