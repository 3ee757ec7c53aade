/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee bench drive: an arm of an experiment for everything that libcuvee runs, through cuvee.h
 * alone. `cuvee classify` is made for files; this knows the scenarios: all items are there, one at
 * a time, and arrivals by a schedule. Marks say when the model could answer, and when it did. */
#include "bench_drive.h"

#include <stdint.h>

#include "base/error.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "os/clock.h"
#include "os/mark.h"
#include "script_setup.h"

enum { BATCH = 32, MAX_PROCESSES = 256 };

/* In the order of enum drive_scenario. */
static const char *const scenarios[] = {"offline", "single", "server", NULL};

#define AT(field) offsetof(struct drive_options, field)

static const struct option_spec options[] = {
    OPTION_SPEC_MODEL(AT(model.path)),
    OPTION_SPEC_PRECISION(AT(model.precision)),
    OPTION_SPEC_CACHE(AT(model.cache)),
    OPTION_SPEC_NO_CACHE(AT(model.no_cache)),
    {.name = "input",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(input),
     .completion = COMPLETE_FILE,
     .help = "CSV file with the items"},
    {.name = "column",
     .kind = OPTION_TEXT,
     .arg = "NAME|INDEX",
     .offset = AT(column),
     .help = "Column of the text"},
    {.name = "items",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(items),
     .min = 1,
     .max = INT32_MAX,
     .help = "Take the first N; default all"},
    {.name = "answers",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(answers),
     .completion = COMPLETE_FILE,
     .help = "Where answers go, JSON Lines in the order of the items"},
    {.name = "scenario",
     .kind = OPTION_CHOICE,
     .arg = "NAME",
     .offset = AT(scenario),
     .choices = scenarios,
     .help = "offline (all items are there), single (the next one when the one before is "
             "answered), server (each at its time in --schedule)"},
    {.name = "schedule",
     .kind = OPTION_TEXT,
     .arg = "FILE",
     .offset = AT(schedule),
     .completion = COMPLETE_FILE,
     .help = "A line for each item: seconds after loading"},
    {.name = "batch",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(batch),
     .min = 1,
     .max = 65536,
     .help = "offline: texts of one submission; default 32"},
    {.name = "workers",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(workers),
     .min = 1,
     .max = 1024,
     .help = "Of each process; default one for each core that may be used"},
    {.name = "processes",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(processes),
     .min = 1,
     .max = MAX_PROCESSES,
     .help = "So many processes, each with its part of the items; no scripts"},
    {.name = "part",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(part),
     .min = 1,
     .max = MAX_PROCESSES,
     .help = "The N-th of --processes; given to processes by the one that starts them"},
    OPTION_SPEC_PYTHON_HOST("Python scripts (-m SCRIPT.py)", AT(model.python_host)),
    OPTION_SPEC_PYTHON(AT(model.python)),
    OPTION_SPEC_SCRIPT_ARGS(AT(model.script_args)),
    OPTION_SPEC_MAX_BATCH(AT(model.max_batch)),
    OPTION_SPEC_CONCURRENCY(AT(model.concurrency)),
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "the reviews through eight workers, their answers as an experiment wants them",
    "cuvee bench drive --input reviews.csv --column description --answers a.jsonl --workers 8",
    "eight processes, one copy of the weights",
    "cuvee bench drive --input reviews.csv --column description --answers a.jsonl --processes 8 "
    "--workers 1",
    NULL};

const struct command cli__command_bench_drive = {
    .name = "bench drive",
    .summary = "an arm for everything that libcuvee runs",
    .synopsis = "cuvee bench drive --input FILE --column NAME --answers FILE [OPTION...]",
    .examples = examples,
    .notes = "Exit codes: 0 every item has an answer, 2 usage, 3 input, 4 model or an item that "
             "failed, 5 output.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

static int tell(const cuvee_error *err, int exit_code)
{
    cli__console_say("cuvee bench drive: %s", err->msg);
    return exit_code;
}

static int usage_or(int rc, int exit_code)
{
    return rc == CUVEE_E_ARGUMENT ? EXIT_USAGE : exit_code;
}

static int check(const struct command *self, struct drive_options *o)
{
    if (!o->input || !o->column || !o->answers)
        return cli__usage_error(self, "--input, --column and --answers must be given");
    if (o->scenario == DRIVE_SERVER && !o->schedule)
        return cli__usage_error(self, "--scenario server needs a --schedule");
    if (o->part > o->processes) return cli__usage_error(self, "--part is one of --processes");
    if (o->processes > 1 && o->scenario == DRIVE_SINGLE)
        return cli__usage_error(self, "--scenario single is one item at a time, in one process");
    if (o->processes > 1 && cli__is_script(&o->model))
        return cli__usage_error(self, "--processes is for models, not for scripts");
    return cli__model_request_check(self, &o->model);
}

/* The native engine's pool writes no marks of its own, a script's host does. */
struct loaded {
    cuvee_model *model;
    cuvee_pool *pool;
    bool is_script, is_part;
};

static void loaded_deinit(struct loaded *l)
{
    cuvee_pool_free(l->pool);
    cuvee_model_close(l->model);
}

static int load(const struct drive_options *o, uint64_t n_items, struct loaded *l, cuvee_error *err)
{
    l->is_part = o->part > 0;
    l->is_script = cli__is_script(&o->model);
    if (l->is_script) cli__script_prepare(&o->model);
    struct model_request request = o->model;
    request.hides_progress = true;
    const int exit_code = cli__model_open(&request, &l->model, err);
    if (exit_code) return exit_code;
    cuvee_pool_options pool = CUVEE_OPTIONS(cuvee_pool_options);
    pool.n_workers = (uint32_t)o->workers;
    /* An arrival that finds the queue full would be no answer: all of them fit. */
    pool.max_queue = (uint32_t)n_items;
    const int rc = cuvee_pool_create(l->model, &pool, &l->pool, err);
    return rc ? usage_or(rc, EXIT_MODEL) : EXIT_OK;
}

static void tell_first(void *user)
{
    const struct loaded *l = user;
    if (l->is_part)
        cli__drive_part_say(DRIVE_FIRST);
    else if (!l->is_script)
        cuvee__mark("first-result");
}

/* A part begins when all parts are there. */
static int start(const struct loaded *l, uint64_t *ret_start_ns, cuvee_error *err)
{
    *ret_start_ns = cuvee__clock_ns();
    if (l->is_part) {
        cli__drive_part_say(DRIVE_LOADED);
        if (cli__drive_part_start(ret_start_ns)) return EXIT_OK;
        cuvee__fail(err, CUVEE_E_IO, "the process that started this one is gone");
        return EXIT_MODEL;
    }
    if (!l->is_script) cuvee__mark("model-loaded");
    return EXIT_OK;
}

static int drive(const struct drive_options *o, cuvee_error *err)
{
    struct drive_items items = {0};
    struct loaded l = {0};
    uint64_t start_ns = 0;
    int exit_code = EXIT_OK, rc = cli__drive_items_open(o, &items, err);
    if (rc) exit_code = usage_or(rc, EXIT_INPUT);
    if (!exit_code) exit_code = load(o, items.n, &l, err);
    if (!exit_code) exit_code = start(&l, &start_ns, err);
    if (!exit_code && cli__drive_pace(l.pool, o, &items, start_ns, tell_first, &l, err))
        exit_code = EXIT_MODEL;
    if (!exit_code && cli__drive_answers_write(o->answers, o, &items, l.model, err))
        exit_code = EXIT_OUTPUT;
    loaded_deinit(&l);
    cli__drive_items_close(&items);
    return exit_code;
}

int cli__bench_drive(int argc, char **argv)
{
    const struct command *const self = &cli__command_bench_drive;
    struct drive_options o = {.batch = BATCH, .processes = 1};
    struct operands operands;
    cuvee_error err = {0};
    int rc;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &rc)) return rc;
    if ((rc = check(self, &o))) return rc;
    if (o.processes > 1 && !o.part) return cli__drive_parts(&o, argc, argv);
    if (o.part) cli__drive_part_open();
    rc = drive(&o, &err);
    return rc ? tell(&err, rc) : EXIT_OK;
}
