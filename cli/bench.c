/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee bench: several programs at the same work, each measured with all its processes, its answers
 * compared; and a report. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "bench/command.h"
#include "bench/experiment.h"
#include "bench/needs.h"
#include "bench/results.h"
#include "bench/summary.h"
#include "bench_begin.h"
#include "bench_places.h"
#include "bench_report.h"
#include "bench_setup.h"
#include "bench_talk.h"
#include "bench_tokens.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "interrupt.h"
#include "measure_limit.h"
#include "model_path.h"
#include "os/cpu.h"
#include "os/cpu_list.h"
#include "os/directory.h"
#include "os/file.h"

#define MAX_TIMEOUT_S  1e9 /* as `cuvee measure` has it */
#define QUICK_BUDGET_S 120.0

struct bench_options {
    struct bench_request plan;
    const char *model, *output, *cpus, *limit_mem, *python;
    double timeout_s, wait_s, within_s; /* within_s NAN: as long as it takes, or --quick's */
    int shape;                          /* -1: none */
    bool resume, dry_run, print_plan, quiet, without_texts;
};

#define AT(field) offsetof(struct bench_options, field)

static const struct option_spec options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .offset = AT(output),
     .completion = COMPLETE_DIRECTORY,
     .help = "Where results and report go; made when it is not there"},
    {.name = "quick",
     .kind = OPTION_FLAG,
     .offset = AT(plan.is_quick),
     .help = "100 reviews, once, in two minutes, without anything that must be downloaded"},
    {.name = "arms",
     .kind = OPTION_TEXT,
     .arg = "NAMES",
     .offset = AT(plan.arms),
     .help = "Only these, separated by commas. When the plan's reference is not among them, the "
             "first of them is the reference"},
    {.name = "resume",
     .kind = OPTION_FLAG,
     .offset = AT(resume),
     .help = "Go on with the experiment in DIR, on the same machine and with its plan; --sweep and "
             "--scenario add to it"},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .offset = AT(dry_run),
     .help =
         "Say what would run, what cannot and why, and what it may take: time, memory, downloads"},

    {.group = "The experiment",
     .name = "plan",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(plan.plan),
     .completion = COMPLETE_FILE,
     .help = "Another plan than the one that comes with cuvee"},
    {.name = "print-plan",
     .kind = OPTION_FLAG,
     .offset = AT(print_plan),
     .help = "Write the plan as it would run, to begin one of your own"},
    {.name = "input",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(plan.input),
     .completion = COMPLETE_FILE,
     .help = "Table of texts; default: 1000 wine reviews"},
    {.name = "column",
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .offset = AT(plan.column),
     .help = "Column of the text"},
    {.name = "gold",
     .kind = OPTION_TEXT,
     .arg = "NAME",
     .offset = AT(plan.gold),
     .help = "Column of the true label: the report has the accuracy of each arm"},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(plan.limit),
     .min = 1,
     .max = 1000000000,
     .help = "The first N rows"},
    {.name = "model",
     .letter = 'm',
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .offset = AT(model),
     .completion = COMPLETE_DIRECTORY,
     .help = "Hugging Face model directory; else $CUVEE_MODEL, else the default model"},
    {.name = "model-shape",
     .kind = OPTION_CHOICE,
     .arg = "NAME",
     .offset = AT(shape),
     .choices = cli__bench_shapes,
     .help = "distilbert-base, bert-base or bert-large with random weights: speed and memory are "
             "those of a real one. 200 rows, unless --limit says more"},
    {.name = "scenario",
     .kind = OPTION_TEXT,
     .arg = "NAMES",
     .offset = AT(plan.scenarios),
     .help = "offline: all texts are there; single: the next when the one before is answered; "
             "server: they arrive by chance. Of several, as offline,single,server, the first is "
             "compared in blocks; the others run once after them, on 300 texts"},
    {.name = "rate",
     .kind = OPTION_POSITIVE,
     .arg = "N",
     .offset = AT(plan.rate),
     .help = "Texts a second that arrive, of the scenario server"},
    {.name = "latency-bound",
     .kind = OPTION_POSITIVE,
     .arg = "MS",
     .offset = AT(plan.latency_bound_ms),
     .help = "Scenario server: also find the highest rate at which 99 of 100 answers take no "
             "longer; default 200 where there is no --rate"},
    {.name = "blocks",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(plan.blocks),
     .min = 1,
     .max = 1000,
     .help = "How often each arm runs; intervals need 6"},
    {.name = "no-sweep",
     .kind = OPTION_FLAG,
     .offset = AT(plan.without_sweep),
     .help = "Leave out the runs with too many workers and threads"},
    {.name = "sweep",
     .kind = OPTION_TEXT,
     .arg = "ARM",
     .offset = AT(plan.sweep),
     .help = "Run this arm with 1, 2, 4 and 8 workers, of one thread and of as many as its library "
             "takes, in the place of the plan's sweep; with --resume, to add it to DIR"},

    {.group = "The machine",
     .name = "cpus",
     .kind = OPTION_TEXT,
     .arg = "LIST",
     .offset = AT(cpus),
     .help = "Processors that arms may use, as 0,2-3"},
    {.name = "limit-mem",
     .kind = OPTION_TEXT,
     .arg = "SIZE",
     .offset = AT(limit_mem),
     .help = "Memory that an arm may use, as 500M"},
    {.name = "python",
     .kind = OPTION_TEXT,
     .arg = "PATH",
     .offset = AT(python),
     .completion = COMPLETE_FILE,
     .help = "Interpreter or venv of arms in Python; default: what 'cuvee bench setup' made, else "
             "python3"},
    {.name = "timeout",
     .kind = OPTION_POSITIVE,
     .arg = "SECONDS",
     .offset = AT(timeout_s),
     .help = "A run may take so long; default 1800"},
    {.name = "wait",
     .kind = OPTION_REAL,
     .arg = "SECONDS",
     .offset = AT(wait_s),
     .help = "Before each run, wait at most so long for others to be quiet; default 30, 0: not at "
             "all"},

    {.name = "within",
     .kind = OPTION_POSITIVE,
     .arg = "SECONDS",
     .offset = AT(within_s),
     .help = "All of it may take so long, report included: then no run begins, and the last one is "
             "ended; default: no limit, with --quick 120"},

    {.group = "Other",
     .name = "core-hour-price",
     .kind = OPTION_POSITIVE,
     .arg = "PRICE",
     .offset = AT(plan.core_hour_price),
     .help = "Of one core for an hour: the results have the price of a million texts"},
    {.name = "no-texts",
     .kind = OPTION_FLAG,
     .offset = AT(without_texts),
     .help = "Leave the texts out of DIR/answers, and write ~ for your home directory, so that DIR "
             "can be shared"},
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .offset = AT(quiet),
     .help = "No lines about runs and no summary; errors are still told"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "the experiment in small, now",
    "cuvee bench --quick -o quick",
    "the whole of it: what it would do, what it needs, and doing it",
    "cuvee bench --dry-run;  cuvee bench setup;  cuvee bench -o results",
    "three arms with your own texts and model",
    "cuvee bench --arms python-tuned,native-f32 --input a.csv --column body -o out",
    "go on after an interruption",
    "cuvee bench --resume -o results",
    NULL};

static int run(const struct command *self, int argc, char **argv);

static const struct command *const inner[] = {&cli__command_bench_setup, &cli__command_bench_report,
                                              &cli__command_bench_compare,
                                              &cli__command_bench_drive, NULL};

const struct command cli__command_bench = {
    .name = "bench",
    .summary = "several programs at the same work, measured and compared",
    .synopsis = "cuvee bench [OPTION...] -o DIR\n"
                "cuvee bench setup [OPTION...] [DIR]\n"
                "cuvee bench report [OPTION...] DIR\n"
                "cuvee bench compare [OPTION...] A B\n"
                "cuvee bench drive [OPTION...]",
    .examples = examples,
    .notes = "Exit codes: 0 done, 1 an arm failed or answered wrongly, 2 usage, 3 input, plan or "
             "interpreter, 4 model, 5 output, 130 interrupted. What disturbs a run is in the "
             "report and never in "
             "the exit code.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .inner = inner,
    .run = run,
};

/* ---- parts of an experiment ---- */

struct bench {
    const struct bench_options *o;
    struct bench_places places;
    struct bench_input input;
    struct experiment experiment;
    struct bench_talk talk;
    char model_path[MODEL_PATH_ROOM];
    char dir[BENCH_PATH_ROOM];
    json_t *plan, *machine, *model;
    json_t *old;                  /* results of the experiment that goes on; NULL: none */
    const char *cpus, *limit_mem; /* of arms: as given, or as before; NULL: none */
    size_t n_cores;
};

static int tell(const cuvee_error *err, int exit_code)
{
    cli__console_say("cuvee bench: %s", err->msg);
    return exit_code;
}

/* Processors that arms may use: the list, as far as we may use it ourselves. */
static int count_cores(struct bench *b, cuvee_error *err)
{
    struct cpu_list list;
    b->n_cores = cuvee__cpu_default_workers();
    if (!b->cpus) return CUVEE_OK;
    if (!cuvee__cpu_list_parse(b->cpus, &list) || !cuvee__cpu_list_is_allowed(&list))
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "--cpus %s: no list of processors of this machine", b->cpus);
    size_t n = 0;
    for (unsigned cpu = 0; cpu < CUVEE__CPU_LIST_MAX; cpu++) n += cpu_list_has(&list, cpu);
    if (n < b->n_cores) b->n_cores = n;
    return CUVEE_OK;
}

static int make_directories(struct bench *b, cuvee_error *err)
{
    static const char *const below[] = {"runs",    "series",       "logs",
                                        "answers", "answers/runs", "scratch"};
    int rc = cuvee__directory_make(b->o->output, err);
    char *real = rc == CUVEE_OK ? cuvee__path_resolve(b->o->output) : NULL;
    if (rc == CUVEE_OK && !real)
        rc = cuvee__fail(err, CUVEE_E_IO, "%s: cannot be used", b->o->output);
    if (rc == CUVEE_OK) snprintf(b->dir, sizeof b->dir, "%s", real);
    cuvee__free(real);
    for (size_t i = 0; rc == CUVEE_OK && i < sizeof below / sizeof *below; i++) {
        char path[BENCH_PATH_ROOM + 16];
        snprintf(path, sizeof path, "%s/%s", b->dir, below[i]);
        rc = cuvee__directory_make(path, err);
    }
    return rc;
}

/* What has run already, or a document without runs. */
static int begin_results(struct bench *b, json_t **ret, cuvee_error *err)
{
    const struct results_begin begin = {.plan = b->plan,
                                        .machine = b->machine,
                                        .model = b->model,
                                        .input = &b->input,
                                        .python = b->places.python,
                                        .cpus = b->cpus,
                                        .memory_limit = b->limit_mem};
    json_t *fresh = NULL;
    int rc = cuvee__results_begin(&begin, &fresh, err);
    if (rc < 0 || !b->old) {
        *ret = fresh;
        return rc;
    }
    rc = cuvee__results_resume(b->old, fresh, err);
    json_decref(fresh);
    if (rc == CUVEE_OK) *ret = json_incref(b->old);
    return rc;
}

/* Of what has run in DIR already. Nobody's results are written over. */
static int read_old(struct bench *b, cuvee_error *err)
{
    char path[BENCH_PATH_ROOM + 16];
    if (!b->o->output) return CUVEE_OK;
    snprintf(path, sizeof path, "%.4400s/results.json", b->o->output);
    if (!cuvee__file_exists(path)) return CUVEE_OK;
    if (b->o->resume) return cuvee__results_read(b->o->output, &b->old, err);
    if (b->o->dry_run || b->o->print_plan) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_ARGUMENT,
                       "%s has results already: take another directory, or --resume", b->o->output);
}

/* What goes on has the limits that it began with. */
static void take_limits(struct bench *b)
{
    b->cpus = b->o->cpus ? b->o->cpus : json_string_value(cuvee__json_at(b->old, "limits.cpus"));
    b->limit_mem = b->o->limit_mem ? b->o->limit_mem
                                   : json_string_value(cuvee__json_at(b->old, "limits.memory"));
}

/* The one that is asked for: by an option, by what went before, by the plan. */
static int find_model(struct bench *b, cuvee_error *err)
{
    const struct bench_options *o = b->o;
    char expanded[BENCH_PATH_ROOM];
    const char *before = cuvee__json_text_at(b->old, "model.path");
    const char *names[] = {o->model, cli__bench_expand(before, expanded, sizeof expanded),
                           cuvee__json_text_at(b->plan, "model")};
    const char *name = NULL;
    for (size_t i = 0; i < 3 && !name; i++)
        if (names[i] && *names[i]) name = names[i];
    if (o->shape >= 0 && o->dry_run) { /* does nothing: what is not there is not made */
        b->talk.to_be_made = !cli__bench_shape_is_made((size_t)o->shape, &b->places, b->model_path,
                                                       sizeof b->model_path);
        return CUVEE_OK;
    }
    if (o->shape >= 0)
        return cli__bench_shape((size_t)o->shape, &b->places, b->model_path, sizeof b->model_path,
                                err);
    return cli__model_find(name, b->model_path, err);
}

static int read_answers(struct bench *b, cuvee_error *err)
{
    const char *path = cuvee__json_text_at(b->plan, "answers");
    if (!*path) return CUVEE_OK;
    b->experiment.has_given_answers = true;
    return cuvee__answers_read_first(path, b->input.n_items, &b->experiment.expected, err);
}

/* A slip in a command is told now, not when its turn comes. */
static int check_commands(const struct bench *b, cuvee_error *err)
{
    const struct bench_setup setup = {.dir = b->dir,
                                      .cuvee = b->places.cuvee,
                                      .library = b->places.library,
                                      .python = b->places.python,
                                      .arms = b->places.arms,
                                      .model = b->model_path,
                                      .plan = b->plan,
                                      .input = &b->input};
    return cuvee__command_check_all(&setup, err);
}

/* What a failure before the first run ends with. */
static int exit_of(int rc, int otherwise)
{
    switch (rc) {
    case CUVEE_OK:
        return EXIT_OK;
    case CUVEE_E_ARGUMENT:
        return EXIT_USAGE;
    case CUVEE_E_NOMEM:
        return EXIT_MODEL;
    default:
        return otherwise;
    }
}

/* What is asked, of what, by whom: as far as the plan. Returns as prepare(). */
static int settle_plan(struct bench *b, cuvee_error *err)
{
    struct bench_request request = b->o->plan;
    int rc = read_old(b, err);
    take_limits(b);
    if (rc == CUVEE_OK) rc = count_cores(b, err);
    if (rc == CUVEE_OK) rc = cli__bench_places_find(b->o->python, &b->places, err);
    request.resumed = json_object_get(b->old, "plan");
    if (rc == CUVEE_OK) rc = cli__bench_plan(&request, b->n_cores, &b->plan, err);
    return exit_of(rc, EXIT_INPUT);
}

static int read_model(struct bench *b, cuvee_error *err)
{
    if (find_model(b, err) != EXIT_OK) return EXIT_MODEL;
    if (!b->talk.to_be_made)
        return exit_of(cli__bench_model(b->model_path, &b->model, err), EXIT_MODEL);
    b->model = json_pack("{s:o}", "path", cuvee__json_string(b->model_path));
    return EXIT_OK;
}

static int read_input(struct bench *b, cuvee_error *err)
{
    const json_t *input = json_object_get(b->plan, "input");
    const char *gold = cuvee__json_text_at(input, "gold");
    int rc = cuvee__bench_input_read(cuvee__json_text_at(input, "path"),
                                     cuvee__json_text_at(input, "column"), *gold ? gold : NULL,
                                     (size_t)json_integer_value(json_object_get(input, "limit")),
                                     &b->input, err);
    if (rc == CUVEE_OK) rc = read_answers(b, err);
    if (rc == CUVEE_OK) rc = check_commands(b, err);
    return exit_of(rc, EXIT_INPUT);
}

/* All that must be there before the first run. Returns an exit code; err is filled when it is not
 * EXIT_OK. */
static int prepare(struct bench *b, cuvee_error *err)
{
    int exit_code = settle_plan(b, err);
    if (exit_code || b->o->print_plan) return exit_code;
    if ((exit_code = read_model(b, err))) return exit_code;
    if ((exit_code = read_input(b, err))) return exit_code;
    if (!(b->machine = cli__bench_machine(b->n_cores)))
        return exit_of(cuvee__fail(err, CUVEE_E_NOMEM, "out of memory"), EXIT_MODEL);
    int rc = begin_results(b, &b->experiment.results, err);
    if (rc < 0) return exit_of(rc, EXIT_INPUT);
    rc = cli__bench_check_arms(b->experiment.results, err);
    if (b->o->dry_run) return EXIT_OK; /* which says of each what it lacks */
    if (rc < 0) return EXIT_INPUT;
    return make_directories(b, err) < 0 ? EXIT_OUTPUT : EXIT_OK;
}

static void set_up(struct bench *b)
{
    const struct bench_options *o = b->o;
    struct experiment *e = &b->experiment;
    e->setup = (struct bench_setup){.dir = b->dir,
                                    .cuvee = b->places.cuvee,
                                    .library = b->places.library,
                                    .python = b->places.python,
                                    .arms = b->places.arms,
                                    .model = b->model_path,
                                    .plan = json_object_get(e->results, "plan"),
                                    .input = &b->input,
                                    .cpus = b->cpus,
                                    .memory_limit = b->limit_mem,
                                    .n_cores = b->n_cores,
                                    .timeout_s = o->timeout_s,
                                    .max_wait_s = o->plan.is_quick ? fmin(1, o->wait_s) : o->wait_s,
                                    .stop = cli__interrupt_stop()};
    e->warms_up_briefly = o->plan.is_quick;
    e->repeats = !o->plan.is_quick;
    e->budget_s = !isnan(o->within_s) ? o->within_s : o->plan.is_quick ? QUICK_BUDGET_S : 0;
    b->talk.experiment = e;
    b->talk.n_runs = cuvee__experiment_n_runs(e);
    b->talk.work = o->shape >= 0 ? cli__bench_shape_work((size_t)o->shape) : 1;
    if (o->quiet) return;
    e->on_begin = cli__bench_talk_begin;
    e->on_end = cli__bench_talk_end;
    e->arg = &b->talk;
}

/* Did a run of an arm fail? What the user interrupted did not. */
static bool has_failures(const json_t *results)
{
    const json_t *runs = json_object_get(results, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const char *status = cuvee__json_text_at(json_array_get(runs, i), "status");
        if (strcmp(status, "ok") != 0 && strcmp(status, "interrupted") != 0) return true;
    }
    return false;
}

/* What would have to be downloaded before the arms that are skipped can run; ret->ptr NULL:
 * nothing. */
static void ask_for_downloads(const struct bench *b, struct buffer *ret)
{
    const json_t *entries = json_object_get(b->experiment.results, "arms");
    bool is_missing = false;
    for (size_t i = 0; i < json_array_size(entries); i++)
        is_missing |= strstr(cuvee__json_text_at(json_array_get(entries, i), "skipped"),
                             CUVEE__NEEDS_SETUP) != NULL;
    if (!is_missing || cli__bench_setup_says(&b->places, ret, NULL) == CUVEE_OK) return;
    static const char cannot_say[] = "(it cannot say: 'cuvee bench setup --dry-run' tells why)";
    cuvee__buffer_deinit(ret);
    if (cuvee__buffer_append(ret, cannot_say, sizeof cannot_say) < 0) cuvee__buffer_deinit(ret);
}

static int perform_dry(struct bench *b)
{
    struct buffer downloads = {.cap_bytes = 1 << 16};
    ask_for_downloads(b, &downloads);
    b->talk.downloads = downloads.ptr;
    b->talk.model_bytes = b->talk.to_be_made ? cli__bench_shape_bytes((size_t)b->o->shape)
                                             : cli__bench_f32_bytes(b->model_path, b->model);
    const int rc = cli__bench_talk_plan(&b->talk);
    cuvee__buffer_deinit(&downloads);
    return rc;
}

static int perform(struct bench *b, cuvee_error *err)
{
    struct experiment *e = &b->experiment;
    set_up(b);
    if (b->o->dry_run) return perform_dry(b);
    cli__bench_tokens(e->results, b->model_path);
    cli__interrupt_open();
    int rc = cuvee__experiment_run(e, err);
    cli__interrupt_close();
    const bool was_stopped = *e->setup.stop;
    if (rc == CUVEE_OK) rc = cuvee__summary_make(e->results, err);
    if (rc == CUVEE_OK) rc = cli__bench_report_write(e->results, b->dir, b->o->without_texts, err);
    if (rc < 0) tell(err, EXIT_OUTPUT);
    if (rc == CUVEE_OK && !b->o->quiet) cli__bench_report_show(e->results);
    if (rc < 0 || e->has_left_out)
        cli__console_say("cuvee bench: what has run is kept; 'cuvee bench --resume -o %s' goes on",
                         b->o->output);
    if (rc < 0) return EXIT_OUTPUT;
    if (was_stopped) return EXIT_INTERRUPTED;
    return has_failures(e->results) ? EXIT_ROWS : EXIT_OK;
}

static void release(struct bench *b)
{
    json_decref(b->plan);
    json_decref(b->machine);
    json_decref(b->model);
    json_decref(b->old);
    json_decref(b->experiment.results);
    cuvee__answers_deinit(&b->experiment.expected);
    cuvee__bench_input_deinit(&b->input);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {{"setup", cli__bench_setup},
             {"report", cli__bench_report},
             {"compare", cli__bench_compare},
             {"drive", cli__bench_drive}};

/* What the table of options cannot check. Returns EXIT_OK, or EXIT_USAGE after a message. */
static int check(const struct command *self, const struct bench_options *o)
{
    uint64_t bytes;
    if (!o->output && !o->dry_run && !o->print_plan)
        return cli__usage_error(self, "say where results go, with -o DIR");
    if (o->plan.is_quick && o->plan.plan)
        return cli__usage_error(self, "--quick has a plan of its own, so --plan contradicts it");
    if (o->shape >= 0 && o->model)
        return cli__usage_error(self, "--model and --model-shape contradict each other");
    if (o->shape >= 0 && o->plan.gold)
        return cli__usage_error(self, "--gold: a model of random weights labels by chance");
    if (o->plan.sweep && o->plan.without_sweep)
        return cli__usage_error(self, "--sweep and --no-sweep contradict each other");
    if (!cli__measure_limit_parse_memory(o->limit_mem, &bytes))
        return cli__usage_error(self, "--limit-mem needs a size such as 500M, not '%s'",
                                o->limit_mem);
    if (!(o->timeout_s < MAX_TIMEOUT_S))
        return cli__usage_error(self, "--timeout needs less than %.0f seconds", MAX_TIMEOUT_S);
    if (o->within_s >= MAX_TIMEOUT_S) /* false of NAN: not given */
        return cli__usage_error(self, "--within needs less than %.0f seconds", MAX_TIMEOUT_S);
    if (!(o->wait_s >= 0)) return cli__usage_error(self, "--wait needs a number of 0 or more");
    return EXIT_OK;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct bench_options o = {
        .plan = {.rate = NAN, .latency_bound_ms = NAN, .core_hour_price = NAN},
        .timeout_s = 1800,
        .wait_s = 30,
        .within_s = NAN,
        .shape = -1};
    struct operands operands;
    cuvee_error err = {0};
    int rc = EXIT_OK;
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++)
        if (strcmp(argv[1], parts[i].name) == 0) return parts[i].run(argc - 1, argv + 1);
    if (!cli__options_parse(self, argc, argv, &o, &operands, &rc)) return rc;
    if ((rc = check(self, &o))) return rc;
    o.plan.is_random_model = o.shape >= 0;
    struct bench *b = cuvee__calloc(1, sizeof *b);
    if (!b) {
        cuvee__fail(&err, CUVEE_E_NOMEM, "out of memory");
        return tell(&err, EXIT_MODEL);
    }
    b->o = &o;
    rc = prepare(b, &err);
    if (rc == EXIT_USAGE)
        cli__usage_error(self, "%s", err.msg);
    else if (rc != EXIT_OK)
        tell(&err, rc);
    else if (o.print_plan)
        rc = cli__bench_print_plan(b->plan);
    else
        rc = perform(b, &err);
    release(b);
    cuvee__free(b);
    return rc;
}
