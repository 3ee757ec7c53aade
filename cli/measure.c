/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee measure: what a command and all that it starts really cost. The meter follows them; this
 * reads what it says. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "commands.h"
#include "console.h"
#include "did_you_mean.h"
#include "exit_code.h"
#include "measure/account.h"
#include "measure_attach.h"
#include "measure_cache.h"
#include "measure_diff.h"
#include "measure_doctor.h"
#include "measure_limit.h"
#include "measure_mark.h"
#include "measure_meter.h"
#include "measure_outputs.h"
#include "measure_report.h"
#include "measure_runs.h"
#include "measure_self_test.h"
#include "measure_summary.h"
#include "os/cpu_list.h"

struct measure_options {
    const char *output, *series, *html, *markdown, *fail_if;
    double interval_ms, budget_percent, timeout_s;
    const char *cpus, *limit_mem, *cache;
    uint64_t memory_limit;   /* bytes, of limit_mem; 0: none */
    int64_t repeat, mark_fd; /* mark_fd 0: any */
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
    {.name = "repeat",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(repeat),
     .min = 1,
     .max = MEASURE_MAX_RUNS,
     .help = "Run the command so often, until it fails; the files are of the last run, with the "
             "figures of all"},
    {.name = "cpus",
     .kind = OPTION_TEXT,
     .arg = "LIST",
     .offset = AT(cpus),
     .help = "Processors that the command may use, as 0,2-3"},
    {.name = "cache",
     .kind = OPTION_TEXT,
     .arg = "MODE",
     .offset = AT(cache),
     .help = "keep, warm:FILE or cold:FILE: before each run, read the file, or have the system "
             "drop it from memory; default keep"},
    {.name = "mark-fd",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(mark_fd),
     .min = 3,
     .max = 1023,
     .help = "The descriptor that marks are written to; default any that is free, its number is in "
             "MEASURE_FD"},
    {.name = "limit-mem",
     .kind = OPTION_TEXT,
     .arg = "SIZE",
     .offset = AT(limit_mem),
     .help = "Memory that the whole tree may use, page cache included, as 500M; the kernel ends "
             "what needs more. Needs a control group"},
    {.name = "interval",
     .kind = OPTION_REAL,
     .arg = "MS",
     .offset = AT(interval_ms),
     .help = "Milliseconds between looks; default 10"},
    {.name = "pss-budget",
     .kind = OPTION_REAL,
     .arg = "PERCENT",
     .offset = AT(budget_percent),
     .help = "Processor time for looking and reading PSS, of one core; a third of it where "
             "no processor has time to spare; default 1"},
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

/* First words that are no command of the user's. */
static const char *const verb_names[] = {"attach", "diff", "doctor", "mark", "report", "self-test"};

static const struct command *const inner[] = {
    &cli__command_measure_report, &cli__command_measure_mark, &cli__command_measure_doctor,
    &cli__command_measure_self_test, NULL};

const struct command cli__command_measure = {
    .name = "measure",
    .summary = "the true time, CPU and memory of a command's whole process tree",
    .synopsis = "cuvee measure [OPTION...] -- COMMAND [ARGUMENT...]\n"
                "cuvee measure attach [OPTION...] PID|CGROUP|UNIT\n"
                "cuvee measure diff A.json B.json\n"
                "cuvee measure report [OPTION...] RESULT.json\n"
                "cuvee measure mark NAME\n"
                "cuvee measure doctor [--json]\n"
                "cuvee measure self-test",
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

/* ---- the command ---- */

static volatile pid_t meter_pid;

/* A terminal's Ctrl-C reaches the meter and the command by itself; other signals are passed on. */
static void pass_on(int number)
{
    if (meter_pid > 0) kill(meter_pid, number);
}

static int exit_of(const struct account *a, const struct measure_limit *limit)
{
    /* Not ours to end: a timeout is how long was asked for. */
    if (a->is_attached) return cli__measure_limit_check(limit, a);
    if (a->was_timeout) return MEASURE_EXIT_TIMEOUT;
    if (!a->has_status) return MEASURE_EXIT_FAILED;
    if (WIFSIGNALED(a->status)) return 128 + WTERMSIG(a->status);
    return WEXITSTATUS(a->status) ? WEXITSTATUS(a->status) : cli__measure_limit_check(limit, a);
}

static int tell(const cuvee_error *err)
{
    cli__console_say("cuvee measure: %s", err->msg);
    return MEASURE_EXIT_FAILED;
}

/* Why the meter gave up. */
static void tell_meter(int status, const struct measure_options *o, const char *what,
                       const struct account *a)
{
    if (status == METER_CANNOT_TRACK && a->limit.note[0]) {
        cli__console_say("cuvee measure: --limit-mem: %s", a->limit.note);
        return;
    }
    if (status == METER_CANNOT_TRACK) {
        const bool is_group = o->track == TRACK_CGROUP && !a->group.is_used;
        const struct account_source *asked = is_group   ? &a->group
                                             : o->exact ? &a->trace
                                                        : &a->events;
        cli__console_say("cuvee measure: %s: %s",
                         is_group   ? "cgroup"
                         : o->exact ? "--exact"
                                    : "events",
                         asked->note);
        return;
    }
    const char *meant = NULL;
    if (status == MEASURE_EXIT_NOT_FOUND && !strchr(what, '/'))
        meant =
            cli__did_you_mean(span_of(what), verb_names, sizeof verb_names / sizeof *verb_names);
    if (meant) {
        cli__console_say("cuvee measure: %s: not found; did you mean 'cuvee measure %s'?", what,
                         meant);
        return;
    }
    cli__console_say("cuvee measure: %s: %s", what,
                     status == MEASURE_EXIT_NOT_FOUND ? "not found"
                     : status == MEASURE_EXIT_CANNOT  ? "cannot be executed"
                     : o->attached ? "no process is there, or none that may be followed"
                                   : "cannot be followed");
}

/* One run. *ret_is_whole: there are figures; else what went wrong was told. Returns an exit code.
 */
static int run_once(const struct measure_options *o, char **command, size_t n_command,
                    const struct measure_limit *limit, struct account *a, bool *ret_is_whole)
{
    const struct meter_setup setup = {.interval_ms = o->interval_ms,
                                      .budget_percent = o->budget_percent,
                                      .timeout_s = o->timeout_s,
                                      .track = tracks[o->track],
                                      .exact = o->exact,
                                      .cpus = o->cpus,
                                      .memory_limit = o->memory_limit,
                                      .mark_fd = (int)o->mark_fd,
                                      .attached = o->attached};
    struct meter_run run;
    cuvee_error err = {0};
    int meter_status = 0;
    *ret_is_whole = false;
    int rc = cli__meter_start(&setup, command, n_command, &run, &err);
    if (rc < 0) return tell(&err);
    meter_pid = run.pid;
    const struct sigaction forward = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
    sigaction(SIGTERM, &forward, NULL);
    sigaction(SIGHUP, &forward, NULL);
    rc = cli__meter_hear(&run, a, &meter_status, &err);
    meter_pid = 0;
    if (meter_status) {
        tell_meter(meter_status, o, command[0], a);
        return meter_status == METER_CANNOT_TRACK ? MEASURE_EXIT_FAILED : meter_status;
    }
    if (rc == CUVEE_OK) rc = cuvee__account_end(a, &err);
    if (rc < 0) return tell(&err);
    *ret_is_whole = true;
    return exit_of(a, limit);
}

/* All runs; outputs are of the last one. */
static int measure(const struct measure_options *o, char **command, size_t n_command,
                   const struct measure_limit *limit, struct measure_cache *cache,
                   struct measure_outputs *outputs)
{
    struct account a = {0};
    struct measure_runs runs = {0};
    cuvee_error err = {0};
    bool is_whole = true;
    int exit_code = EXIT_OK, rc = CUVEE_OK;
    for (int64_t i = 0; i < o->repeat && !exit_code && rc == CUVEE_OK; i++) {
        cuvee__account_deinit(&a);
        is_whole = false;
        if ((rc = cli__measure_cache_prepare(cache, &err)) < 0) break;
        cli__measure_outputs_follow(outputs, &a);
        exit_code = run_once(o, command, n_command, limit, &a, &is_whole);
        if (is_whole) rc = cli__measure_runs_add(&runs, &a, exit_code, &err);
        if (a.was_interrupted) break;
    }
    if (is_whole && rc == CUVEE_OK) {
        outputs->cache = cache->file ? cache : NULL;
        outputs->runs = o->repeat > 1 ? &runs : NULL;
        rc = cli__measure_outputs_write(outputs, &a, (const char *const *)command, o->redact, &err);
        if (rc == CUVEE_OK && !o->quiet) {
            if (o->repeat > 1) cli__measure_runs_summary(&runs);
            cli__measure_summary(&a, o->explain);
        }
    }
    if (rc < 0) exit_code = tell(&err);
    cuvee__account_deinit(&a);
    cli__measure_runs_deinit(&runs);
    return exit_code;
}

/* cuvee measure diff A.json B.json; without -- in front, so diff(1) can be measured. */
static int run_diff(const struct command *self, int n, char **paths)
{
    cuvee_error err = {0};
    if (n != 2) {
        cli__usage_error(self, "diff takes two results, as 'cuvee measure -o FILE' writes them");
        return MEASURE_EXIT_FAILED;
    }
    if (cli__measure_diff(paths[0], paths[1], &err) < 0) return tell(&err);
    return cli__stdout_finish() == EXIT_OK ? EXIT_OK : MEASURE_EXIT_FAILED;
}

/* Those that have options of their own. */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {{"report", cli__measure_report},
             {"mark", cli__measure_mark},
             {"doctor", cli__measure_doctor},
             {"self-test", cli__measure_self_test}};

/* What of the options cannot be, or not together. NULL: all can; else, why not is in text. */
static const char *find_misuse(struct measure_options *o, const struct operands *operands,
                               struct measure_limit *limit, struct measure_cache *cache, char *text,
                               size_t room)
{
    const bool is_attach = o->attached != NULL;
    struct cpu_list cpus;
    cuvee_error err = {0};
    text[0] = '\0';
    if (is_attach && operands->n != 1) return "attach takes one process, control group or unit";
    if (is_attach && (o->exact || o->track == TRACK_CGROUP))
        return "attach moves and traces nothing; not with --exact or --track cgroup";
    if (is_attach && (o->cpus || o->limit_mem || o->cache || o->mark_fd))
        return "--cpus, --limit-mem, --cache and --mark-fd are for a command";
    if (cli__measure_cache_parse(o->cache, cache, &err) < 0)
        snprintf(text, room, "--cache %s", err.msg);
    else if (o->cpus && !cuvee__cpu_list_parse(o->cpus, &cpus))
        snprintf(text, room, "--cpus '%s': as '0' or '0,2-3'", o->cpus);
    else if (o->cpus && !cuvee__cpu_list_is_allowed(&cpus))
        snprintf(text, room, "--cpus %s: none of them may be used here", o->cpus);
    else if (!cli__measure_limit_parse_memory(o->limit_mem, &o->memory_limit))
        snprintf(text, room, "--limit-mem '%s': bytes, as '500M' or '2G'", o->limit_mem);
    else if (!cli__measure_limit_parse(o->fail_if, limit))
        snprintf(text, room, "--fail-if '%s': as 'footprint>1G', 'wall>10' or 'cpu>5'", o->fail_if);
    if (text[0]) return text;
    if (o->repeat > 1 && (is_attach || o->series))
        return "--repeat is for a command, and not with --series";
    if (!operands->n) return "no command; it comes after --";
    if (!(o->interval_ms >= 1 && o->interval_ms <= 60000)) return "--interval: from 1 to 60000 ms";
    if (!(o->budget_percent > 0 && o->budget_percent <= 100))
        return "--pss-budget: above 0, at most 100 percent";
    if (!(o->timeout_s >= 0 && o->timeout_s < 1e9)) return "--timeout: seconds";
    return NULL;
}

static int run(const struct command *self, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "diff") == 0) return run_diff(self, argc - 2, argv + 2);
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 1, argv + 1);
    struct measure_options o = {.interval_ms = 10, .budget_percent = 1, .repeat = 1};
    struct attach_target target;
    if (argc > 1 && strcmp(argv[1], "attach") == 0) {
        o.attached = &target;
        argc--;
        argv++;
    }
    struct operands operands;
    struct measure_limit limit;
    struct measure_cache cache = {0};
    struct measure_outputs outputs = {0};
    cuvee_error err = {0};
    char text[640];
    int rc;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &rc))
        return rc ? MEASURE_EXIT_FAILED : rc;
    const char *misuse = find_misuse(&o, &operands, &limit, &cache, text, sizeof text);
    if (misuse) {
        cli__usage_error(self, "%s", misuse);
        return MEASURE_EXIT_FAILED;
    }
    if (o.attached && cli__measure_attach_find(operands.items[0], &target, &err) < 0)
        return tell(&err);
    const struct measure_paths paths = {o.output, o.series, o.html, o.markdown};
    if (cli__measure_outputs_open(&outputs, &paths, &err) < 0) return tell(&err);
    rc = measure(&o, operands.items, (size_t)operands.n, &limit, &cache, &outputs);
    cli__measure_outputs_close(&outputs);
    return rc;
}
