/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee advise: what to run, from the results of an experiment and what the reader can afford. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "bench/advise.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_at.h"
#include "bench/results.h"
#include "bench_begin.h"
#include "bench_places.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "json_text.h"
#include "model_path.h"
#include "quantity.h"

struct advise_options {
    const char *results, *memory, *finish_within, *model;
    double latency_p99_ms, rate, core_hour_price;
    int64_t rows;
    int team; /* as enum advise_team */
    bool json;
};

#define AT(field) offsetof(struct advise_options, field)

static const char *const teams[] = {"any", "python", "c", "go", NULL};

static const struct option_spec options[] = {
    {.name = "results",
     .kind = OPTION_TEXT,
     .arg = "DIR",
     .offset = AT(results),
     .completion = COMPLETE_DIRECTORY,
     .help = "What 'cuvee bench -o DIR' wrote; default: a short measurement now, of two minutes"},
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = AT(json),
     .help = "Print one JSON object (docs/formats.md, advice/1)"},
    {.group = "What there is",
     .name = "memory",
     .kind = OPTION_TEXT,
     .arg = "SIZE",
     .offset = AT(memory),
     .help = "Memory of the whole, as 512M"},
    {.name = "latency-p99",
     .kind = OPTION_POSITIVE,
     .arg = "MS",
     .offset = AT(latency_p99_ms),
     .help = "Milliseconds in which 99 of 100 answers must come"},
    {.name = "rows",
     .kind = OPTION_NUMBER,
     .arg = "N",
     .offset = AT(rows),
     .min = 1,
     .max = INT64_MAX,
     .help = "Rows to be classified"},
    {.name = "finish-within",
     .kind = OPTION_TEXT,
     .arg = "TIME",
     .offset = AT(finish_within),
     .help = "In which the rows must be done: seconds, or as 30m, 2h, 1d"},
    {.name = "rate",
     .kind = OPTION_POSITIVE,
     .arg = "N",
     .offset = AT(rate),
     .help = "Items that arrive each second, on average"},
    {.name = "core-hour-price",
     .kind = OPTION_POSITIVE,
     .arg = "PRICE",
     .offset = AT(core_hour_price),
     .help = "Of one core for an hour: cheap is then what counts, not fast"},
    {.group = "What it is for",
     .name = "model",
     .letter = 'm',
     .kind = OPTION_TEXT,
     .arg = "MODEL",
     .offset = AT(model),
     .completion = COMPLETE_FILE,
     .help = "A script (NAME.py) or a model directory, if not that of the results"},
    {.name = "team",
     .kind = OPTION_CHOICE,
     .arg = "NAME",
     .offset = AT(team),
     .choices = teams,
     .help = "any, python, c or go: what those who will run it know; another language counts as "
             "one more part"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "what to run here, from a short measurement",
    "cuvee advise",
    "what to run where there is half a gigabyte",
    "cuvee advise --results out --memory 512M",
    "a million rows by tomorrow, by people who know Python",
    "cuvee advise --results out --rows 1000000 --finish-within 12h --team python",
    "a function in Python, for a service with 20 requests a second",
    "cuvee advise --results out -m classify.py --rate 20",
    NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_advise = {
    .name = "advise",
    .summary = "what to run, from measured figures and your limits",
    .synopsis = "cuvee advise [--results DIR] [OPTION...]",
    .examples = examples,
    .notes = "Exit codes: 0; 1 when nothing that was measured fits: the nearest miss is told; 2 "
             "usage; 3 results that cannot be read; without --results also those of 'cuvee bench'.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};

/* ---- text ---- */

static const char *text_of(const json_t *json, const char *path)
{
    return cuvee__json_text_at(json, path);
}

/* Words of a text, in lines of at most 78 columns that begin with `indent` blanks. */
static void print_wrapped(const char *text, int indent)
{
    int column = 0;
    while (*text) {
        const int n = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + n > 78) {
            putchar('\n');
            column = 0;
        }
        if (column == 0)
            column = printf("%*s%.*s", indent, "", n, text);
        else
            column += printf(" %.*s", n, text);
        text += n;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_list(const char *heading, const json_t *list)
{
    size_t idx;
    const json_t *item;
    if (json_array_size(list) == 0) return;
    printf("\n%s\n", heading);
    json_array_foreach(list, idx, item)
    {
        print_wrapped(text_of(item, "text"), 2);
    }
}

static void print_arm(const char *heading, const json_t *candidate)
{
    double workers = NAN, threads = NAN, parts = 0;
    printf("%-15s%s", heading, text_of(candidate, "arm"));
    if (*text_of(candidate, "precision")) printf(", %s", text_of(candidate, "precision"));
    if (cuvee__json_number_at(candidate, "workers", &workers))
        printf(", %.0f worker%s", workers, workers == 1 ? "" : "s");
    if (cuvee__json_number_at(candidate, "threads", &threads) && threads > 0)
        printf(" of %.0f thread%s", threads, threads == 1 ? "" : "s");
    else if (threads <= 0) /* false of NAN */
        printf(" of as many threads as it likes");
    if (cuvee__json_number_at(candidate, "operations.parts", &parts))
        printf(", %.0f part%s to run", parts, parts == 1 ? "" : "s");
    putchar('\n');
}

/* So that a shell reads it back. */
static void print_command(const json_t *command)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=:,+@%";
    size_t idx;
    const json_t *item;
    printf("\nRun\n ");
    json_array_foreach(command, idx, item)
    {
        const char *text = json_string_value(item);
        if (*text && strspn(text, plain) == strlen(text)) {
            printf(" %s", text);
            continue;
        }
        printf(" '");
        for (; *text; text++) printf(*text == '\'' ? "'\\''" : "%c", *text);
        putchar('\'');
    }
    putchar('\n');
}

static void print_others(const json_t *list)
{
    size_t idx;
    const json_t *item;
    if (json_array_size(list) == 0) return;
    printf("\nNot these\n");
    json_array_foreach(list, idx, item)
    {
        char line[512];
        snprintf(line, sizeof line, "%s %s", text_of(item, "arm"), text_of(item, "text"));
        print_wrapped(line, 2);
    }
}

static void print_advice(const json_t *advice)
{
    const json_t *chosen = json_object_get(advice, "recommended");
    const json_t *second = json_object_get(advice, "runner_up");
    if (json_is_object(chosen)) {
        print_arm("Recommended", chosen);
        if (*text_of(chosen, "title")) print_wrapped(text_of(chosen, "title"), 15);
        if (json_is_object(second)) print_arm("Runner-up", second);
    } else {
        printf("Nothing fits\n");
    }
    print_list("Why", json_object_get(advice, "reasons"));
    if (json_is_array(json_object_get(advice, "command")))
        print_command(json_object_get(advice, "command"));
    else if (json_is_object(chosen))
        printf("\nRun\n  your script, in a loop of a Python program of your own\n");
    print_list("What would change it, the nearest first", json_object_get(advice, "changes"));
    printf("\nPlain Python?\n");
    print_wrapped(text_of(advice, "plain_python.text"), 2);
    print_others(json_object_get(advice, "others"));
    print_list("Careful", json_object_get(advice, "warnings"));
}

/* ---- the run ---- */

/* Of options that the table cannot check. False after a message. */
static bool read_limits(const struct command *self, const struct advise_options *o,
                        struct advise_limits *ret)
{
    double bytes = NAN, seconds = NAN;
    const char *memory = o->memory, *time = o->finish_within;
    if (memory && (!cli__quantity_bytes(&memory, &bytes) || *memory || !(bytes >= 1))) {
        cli__usage_error(self, "--memory needs a size such as 512M, not '%s'", o->memory);
        return false;
    }
    if (time && (!cli__quantity_seconds(&time, &seconds) || *time || !(seconds > 0))) {
        cli__usage_error(self, "--finish-within needs a time such as 30m, not '%s'",
                         o->finish_within);
        return false;
    }
    if (time && o->rows == 0) {
        cli__usage_error(self, "--finish-within needs --rows: how many there are");
        return false;
    }
    *ret = (struct advise_limits){.memory_bytes = bytes,
                                  .latency_p99_ms = o->latency_p99_ms,
                                  .rows = o->rows ? (double)o->rows : NAN,
                                  .finish_within_s = seconds,
                                  .items_per_s = o->rate,
                                  .core_hour_price = o->core_hour_price,
                                  .model = o->model,
                                  .team = (enum advise_team)o->team};
    return true;
}

/* The id that an experiment with as many cores would have here; NULL: not known. Borrowed. */
static const char *machine_id(const json_t *results, json_t **ret_machine)
{
    double cores;
    if (!cuvee__json_number_at(results, "machine.cores", &cores)) return NULL;
    *ret_machine = cli__bench_machine((size_t)cores);
    return *ret_machine ? cuvee__json_text_at(*ret_machine, "id") : NULL;
}

static bool is_script(const char *model)
{
    const size_t n = strlen(model);
    return n > 3 && strcmp(model + n - 3, ".py") == 0;
}

/* Results of our own: the experiment in small, into a new directory, which is left to the user.
 * Returns an exit code, after a message when it is not EXIT_OK. */
static int probe(const struct advise_options *o, char *dir)
{
    /* argv is not const */
    static char bench[] = "bench", quick[] = "--quick", quiet[] = "--quiet", output[] = "-o",
                m[] = "-m", scenario[] = "--scenario", names[] = "offline,single,server",
                bound[] = "--latency-bound";
    char model[MODEL_PATH_ROOM], bound_ms[32];
    char *argv[12] = {bench, quick, quiet, output, dir};
    int n = 5;
    snprintf(model, sizeof model, "%s", o->model ? o->model : "");
    snprintf(bound_ms, sizeof bound_ms, "%.9g", o->latency_p99_ms);
    if (o->model && !is_script(o->model)) {
        argv[n++] = m;
        argv[n++] = model;
    }
    if (!isnan(o->latency_p99_ms) || !isnan(o->rate)) { /* somebody waits */
        argv[n++] = scenario;
        argv[n++] = names;
    }
    if (!isnan(o->latency_p99_ms)) {
        argv[n++] = bound;
        argv[n++] = bound_ms;
    }
    if (!mkdtemp(dir)) {
        cli__console_say("cuvee advise: %s: cannot be made: %s", dir, strerror(errno));
        return EXIT_OUTPUT;
    }
    cli__console_say("cuvee advise: measuring, for two minutes at most; figures go to %s, for "
                     "--results",
                     dir);
    const int rc = cli__command_bench.run(&cli__command_bench, n, argv);
    /* An arm that failed is not in the contest; the others are. */
    if (rc == EXIT_OK || rc == EXIT_ROWS) return EXIT_OK;
    rmdir(dir); /* if nothing came to be in it */
    return rc;
}

static int run(const struct command *self, int argc, char **argv)
{
    char own_results[] = "/tmp/cuvee-advise-XXXXXX";
    struct advise_options o = {.latency_p99_ms = NAN, .rate = NAN, .core_hour_price = NAN};
    struct advise_limits limits;
    struct operands none;
    cuvee_error err = {0};
    static struct bench_places places; /* as large as five paths */
    json_t *results = NULL, *advice = NULL, *machine = NULL;
    int rc = EXIT_OK;
    if (!cli__options_parse(self, argc, argv, &o, &none, &rc)) return rc;
    if (!read_limits(self, &o, &limits)) return EXIT_USAGE;
    if (!o.results) {
        if ((rc = probe(&o, own_results)) != EXIT_OK) return rc;
        o.results = own_results;
    }
    if (cli__bench_places_find(NULL, &places, NULL) == CUVEE_OK) {
        limits.python = places.python;
        limits.arms = places.arms;
        limits.library = places.library;
    }
    if (cuvee__results_read(o.results, &results, &err) < 0 ||
        (limits.machine_id = machine_id(results, &machine),
         cuvee__advise(results, &limits, &advice, &err) < 0)) {
        cli__console_say("cuvee advise: %s", err.msg);
        rc = EXIT_INPUT;
    } else {
        const bool fits = json_is_true(json_object_get(advice, "fits"));
        if (o.json) {
            rc = cli__json_print("advise", advice);
            advice = NULL;
        } else {
            print_advice(advice);
        }
        if (rc == EXIT_OK) rc = cli__stdout_finish();
        if (rc == EXIT_OK && !fits) rc = EXIT_ROWS;
    }
    json_decref(machine);
    json_decref(advice);
    json_decref(results);
    return rc;
}
