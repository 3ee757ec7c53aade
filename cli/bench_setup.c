/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_setup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "os/directory.h"
#include "os/file.h"
#include "os/subprocess.h"

enum { SETUP_SAYS_MS = 10000 };

/* ---- the environment ---- */

struct setup_options {
    bool dry_run;
};

static const struct option_spec options[] = {
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct setup_options, dry_run),
     .help = "Say what would be downloaded, and how much, and end"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {"what would be downloaded", "cuvee bench setup --dry-run",
                                       "into a folder of your own",
                                       "cuvee bench setup ./venv;  cuvee bench --python ./venv -o "
                                       "results",
                                       NULL};

const struct command cli__command_bench_setup = {
    .name = "bench setup",
    .summary = "the Python environment of the experiment's arms",
    .synopsis = "cuvee bench setup [OPTION...] [DIR]",
    .examples = examples,
    .notes =
        "Default for DIR: $XDG_DATA_HOME/cuvee/bench-venv, else "
        "~/.local/share/cuvee/bench-venv, where 'cuvee bench' looks. Downloads several GB, and "
        "says so first; does nothing when all is there.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .operands = COMPLETE_DIRECTORY,
};

int cli__bench_setup(int argc, char **argv)
{
    const struct command *const self = &cli__command_bench_setup;
    struct setup_options o = {0};
    struct operands operands;
    struct bench_places places;
    cuvee_error err = {0};
    char script[BENCH_PATH_ROOM + 16];
    int exit_code = EXIT_OK;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if (cli__bench_places_find(NULL, &places, &err) < 0) {
        cli__console_say("cuvee bench setup: %s", err.msg);
        return EXIT_INPUT;
    }
    char *dir = operands.n ? operands.items[0] : places.venv, *words[5] = {0};
    snprintf(script, sizeof script, "%s/make-venv", places.arms);
    if (!cuvee__file_exists(script)) {
        cli__console_say("cuvee bench setup: %s is not there", script);
        return EXIT_INPUT;
    }
    static char sh[] = "sh", dry[] = "--dry-run";
    size_t n = 0;
    words[n++] = sh;
    words[n++] = script;
    if (o.dry_run) words[n++] = dry;
    words[n] = dir;
    if (!o.dry_run && cuvee__directory_make(dir, &err) < 0) {
        cli__console_say("cuvee bench setup: %s", err.msg);
        return EXIT_OUTPUT;
    }
    execvp(sh, words);
    cli__console_say("cuvee bench setup: sh: %s", strerror(errno));
    return EXIT_INPUT;
}

int cli__bench_setup_says(const struct bench_places *places, struct buffer *ret, cuvee_error *err)
{
    char script[BENCH_PATH_ROOM + 16];
    int status = 0;
    snprintf(script, sizeof script, "%s/make-venv", places->arms);
    const char *const argv[] = {"sh", script, "--dry-run", places->venv, NULL};
    int rc = cuvee__subprocess_capture(argv, SETUP_SAYS_MS, ret, &status, err);
    if (rc == CUVEE_OK && (status != 0 || !ret->len))
        rc = cuvee__fail(err, CUVEE_E_IO, "%s does not say what it would download", script);
    return rc == CUVEE_OK ? cuvee__buffer_append_char(ret, '\0') : rc;
}

/* ---- models ---- */

const char *const cli__bench_shapes[] = {"distilbert-base", "bert-base", "bert-large", NULL};

/* As scripts/make-random-model wants them. */
static const char *const shape_options[][12] = {
    {"--family", "distilbert", "--layers", "6", NULL},
    {"--family", "bert", "--layers", "12", NULL},
    {"--family", "bert", "--layers", "24", "--hidden", "1024", "--heads", "16", "--intermediate",
     "4096", NULL},
};

static void shape_path(size_t shape, const struct bench_places *places, char *path, size_t room)
{
    const char *slash = strrchr(places->venv, '/');
    snprintf(path, room, "%.*s/bench-models/%s", (int)(slash - places->venv), places->venv,
             cli__bench_shapes[shape]);
}

bool cli__bench_shape_is_made(size_t shape, const struct bench_places *places, char *path,
                              size_t room)
{
    char weights[BENCH_PATH_ROOM + 32];
    shape_path(shape, places, path, room);
    snprintf(weights, sizeof weights, "%s/model.safetensors", path);
    return cuvee__file_exists(weights);
}

double cli__bench_shape_work(size_t shape)
{
    static const double work[] = {4, 8, 28.4};
    return work[shape];
}

double cli__bench_shape_bytes(size_t shape)
{
    static const double parameters[] = {67e6, 109.5e6, 335e6};
    return 4 * parameters[shape];
}

int cli__bench_shape(size_t shape, const struct bench_places *places, char *path, size_t room,
                     cuvee_error *err)
{
    static const char *const no_variables[] = {NULL};
    char script[BENCH_PATH_ROOM], weights[BENCH_PATH_ROOM + 32], log[BENCH_PATH_ROOM + 32];
    const char *argv[16];
    int status = 0;
    size_t n = 0;
    if (cli__bench_shape_is_made(shape, places, path, room)) return CUVEE_OK;
    snprintf(weights, sizeof weights, "%s/model.safetensors", path);
    if (!cli__bench_find_data("scripts/make-random-model", "make-random-model", script,
                              sizeof script))
        return cuvee__fail(err, CUVEE_E_IO,
                           "make-random-model, which came with cuvee, is not there");
    const int rc = cuvee__directory_make(path, err);
    if (rc < 0) return rc;
    argv[n++] = places->python;
    argv[n++] = script;
    for (const char *const *option = shape_options[shape]; *option; option++) argv[n++] = *option;
    argv[n++] = path;
    argv[n] = NULL;
    snprintf(log, sizeof log, "%s/make.log", path);
    cli__console_say("cuvee bench: making a model of random weights in %s", path);
    const int ran = cuvee__subprocess_run(argv, no_variables, log, NULL, &status, err);
    if (ran < 0) return ran;
    if (status == 0 && cuvee__file_exists(weights)) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_IO,
                       "the model could not be made (it needs numpy, which 'cuvee bench setup' "
                       "installs): see %s",
                       log);
}
