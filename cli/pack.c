/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee pack: a model directory into one file that is mapped as it lies. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "calibration.h"
#include "classify.h"
#include "commands.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "exit_code.h"
#include "inputs.h"
#include "model_path.h"
#include "progress.h"

#define DEFAULT_CALIBRATION_ROWS 1000

struct pack_options {
    struct model_request model;
    const char *output, *calibrate, *column;
    int precision, input_format;
    int64_t limit;
    bool quiet;
};

#define AT(field) offsetof(struct pack_options, field)

static const struct option_spec options[] = {
    {.name = "model", .letter = 'm', .kind = OPTION_TEXT, .arg = "DIR", .offset = AT(model.path),
     .completion = COMPLETE_DIRECTORY,
     .help = "Hugging Face model directory; else $CUVEE_MODEL, else the default model"},
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT, .arg = "FILE", .offset = AT(output),
     .completion = COMPLETE_FILE, .help = "Where the packed model goes, whole or not at all"},
    /* Without "auto": a file has a precision. */
    {.name = "precision", .kind = OPTION_CHOICE, .arg = "NAME", .offset = AT(precision),
     .choices = cli__precisions + 1, .help = "f32 (default), bf16 or int8"},

    {.group = "Calibration", .name = "calibrate", .kind = OPTION_TEXT, .arg = "FILE",
     .offset = AT(calibrate), .completion = COMPLETE_FILE,
     .help = "Texts like those to come: int8 is fitted to them, and the labels that differ from "
             "f32 are counted"},
    {.name = "column", .kind = OPTION_TEXT, .arg = "NAME|INDEX", .offset = AT(column),
     .help = "Column of the text, or JSONL key; default 'text', else the only column"},
    OPTION_SPEC_INPUT_FORMAT(AT(input_format)),
    {.name = "limit", .kind = OPTION_NUMBER, .arg = "N", .offset = AT(limit), .min = 1,
     .max = 1000000, .help = "Use the first N rows; default 1000"},

    {.group = "Other", .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = AT(quiet),
     .help = "No summary; errors are still told"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "a model as one file, mapped by every process that runs it",
    "cuvee pack ./emotion -o emotion.cuvee",
    "8-bit weights, fitted to texts of one's own",
    "cuvee pack ./emotion -o emotion.cuvee --precision int8 --calibrate texts.csv",
    "run it",
    "cuvee classify posts.jsonl -m emotion.cuvee",
    NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_pack = {
    .name = "pack",
    .summary = "pack a model directory into one file",
    .synopsis = "cuvee pack [MODEL] -o FILE [OPTION...]",
    .examples = examples,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .operands = COMPLETE_FILE,
    .run = run,
};

static int tell(const cuvee_error *err, int exit_code)
{
    cli__console_say("cuvee pack: %s", err->msg);
    return exit_code;
}

/* ---- where the file goes ---- */

/* The directory that `file` is in, with its slash; "./" without one. */
static void directory_of(const char *file, char ret[MODEL_PATH_ROOM])
{
    const char *slash = strrchr(file, '/');
    snprintf(ret, MODEL_PATH_ROOM, "%.*s", slash ? (int)(slash - file) + 1 : 2,
             slash ? file : "./");
}

/* Nothing but trying tells: permissions, read-only file systems, /proc. */
static int try_directory(const char *directory, const char *file, cuvee_error *err)
{
    char name[MODEL_PATH_ROOM + 16];
    snprintf(name, sizeof name, "%s.cuvee-XXXXXX", directory);
    const int fd = mkstemp(name);
    if (fd < 0) return cuvee__fail_os(err, errno, "%s", file);
    close(fd);
    unlink(name);
    return CUVEE_OK;
}

/* A slip such as -o MODEL/model.safetensors would cost the model. */
static bool is_part_of_model(const char *file, const char *directory, const char *model)
{
    struct stat a, b;
    const size_t n = strlen(file), n_suffix = strlen(".cuvee");
    if (n > n_suffix && strcmp(file + n - n_suffix, ".cuvee") == 0) return false;
    return stat(directory, &a) == 0 && stat(model, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Find out before any work whether the file can be written. It is renamed to its place, which would
 * put it in the place of a device or a link as well: the one is refused, the other followed. */
static int find_target(const char *file, const char *model, char ret_path[MODEL_PATH_ROOM],
                       cuvee_error *err)
{
    struct stat st;
    char directory[MODEL_PATH_ROOM], real[PATH_MAX];
    const bool exists = stat(file, &st) == 0;
    if (exists && !S_ISREG(st.st_mode))
        return cuvee__fail(err, CUVEE_E_IO,
                           "%s is no regular file; a packed model is mapped, and needs one", file);
    const char *target = exists && realpath(file, real) ? real : file;
    if (strlen(target) >= MODEL_PATH_ROOM) return cuvee__fail_os(err, ENAMETOOLONG, "%s", file);
    snprintf(ret_path, MODEL_PATH_ROOM, "%s", target);
    directory_of(target, directory);
    if (exists && is_part_of_model(target, directory, model))
        return cuvee__fail(err, CUVEE_E_IO, "%s is a part of the model itself", file);
    return try_directory(directory, file, err);
}

/* Reading a model does not fail in these ways, and everything else about the file was looked at
 * before. */
static bool is_output_failure(int rc, const cuvee_error *err)
{
    const int e = err->os_errno;
    return rc == CUVEE_E_IO && (e == ENOSPC || e == EDQUOT || e == EFBIG || e == EROFS);
}

/* ---- pack ---- */

static int tell_result(const char *model, const char *file, cuvee_error *err)
{
    char count[32];
    cuvee_model *packed = NULL;
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    int rc = cuvee_model_open(file, NULL, &packed, err);
    if (rc == CUVEE_OK) rc = cuvee_model_describe(packed, &info, err);
    if (rc == CUVEE_OK)
        cli__console_say("packed %s into %s: %s, %s bytes", model, file, info.precision,
                         cli__print_count(count, info.packed_bytes));
    cuvee_model_close(packed);
    return rc < 0 ? tell(err, EXIT_MODEL) : EXIT_OK;
}

static int pack(const struct pack_options *o, const char *model, const char *file,
                const struct calibration *calibration, cuvee_error *err)
{
    cuvee_pack_options pack = CUVEE_OPTIONS(cuvee_pack_options);
    pack.precision = (uint32_t)o->precision + 1;
    /* Only int8 has anything to fit. */
    if (pack.precision == CUVEE_PRECISION_INT8) {
        pack.calibration = calibration->texts;
        pack.n_calibration = calibration->n;
    }
    if (!o->quiet) pack.on_pack = cli__show_packing;
    const int rc = cuvee_model_pack(model, file, &pack, err);
    cli__console_bar("");
    if (rc < 0) return tell(err, is_output_failure(rc, err) ? EXIT_OUTPUT : EXIT_MODEL);
    int exit_code = o->quiet ? EXIT_OK : tell_result(model, file, err);
    if (!exit_code && calibration->n && !o->quiet &&
        cli__calibration_compare(calibration, model, file, err) < 0)
        exit_code = tell(err, EXIT_MODEL);
    return exit_code;
}

static int read_calibration(const struct pack_options *o, struct calibration *c, cuvee_error *err)
{
    const struct reader_options reader = {.format = cli__input_format(o->input_format),
                                          .column = o->column};
    if (!o->calibrate) return EXIT_OK;
    const int rc = cli__calibration_read(c, o->calibrate, &reader, (size_t)o->limit, err);
    if (rc == CUVEE_OK) return EXIT_OK;
    return tell(err, rc == CUVEE_E_ARGUMENT ? EXIT_USAGE : EXIT_INPUT);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct pack_options o = {.limit = DEFAULT_CALIBRATION_ROWS};
    struct operands operands;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if ((exit_code = cli__model_request_operand(self, &operands, &o.model))) return exit_code;
    if (!o.output) return cli__usage_error(self, "--output FILE is missing");
    if (cli__is_stdout(o.output))
        return cli__usage_error(self, "a packed model cannot go to standard output");
    if (o.column && !o.calibrate) return cli__usage_error(self, "--column is for --calibrate");

    cuvee_error err = {0};
    char model[MODEL_PATH_ROOM], file[MODEL_PATH_ROOM];
    struct calibration calibration = {0};
    if ((exit_code = cli__model_find(o.model.path, model, &err))) return tell(&err, exit_code);
    if (find_target(o.output, model, file, &err) < 0) return tell(&err, EXIT_OUTPUT);
    exit_code = read_calibration(&o, &calibration, &err);
    if (!exit_code) exit_code = pack(&o, model, file, &calibration, &err);
    cli__calibration_deinit(&calibration);
    return exit_code;
}
