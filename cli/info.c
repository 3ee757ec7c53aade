/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee info: what is inside a model. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "commands.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "exit_code.h"
#include "json_text.h"
#include "model_path.h"
#include "progress.h"

struct info_options {
    struct model_request model;
    bool json, verify;
};

#define AT(field) offsetof(struct info_options, field)

static const struct option_spec options[] = {
    OPTION_SPEC_MODEL(AT(model.path)),
    OPTION_SPEC_PRECISION(AT(model.precision)),
    OPTION_SPEC_CACHE(AT(model.cache)),
    OPTION_SPEC_NO_CACHE(AT(model.no_cache)),
    {.name = "verify", .kind = OPTION_FLAG, .offset = AT(verify),
     .help = "Compare every byte of the packed file with its checksum"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "Print one JSON object"},
    OPTION_SPEC_PYTHON_HOST(NULL, AT(model.python_host)),
    OPTION_SPEC_PYTHON(AT(model.python)),
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {"what is inside a model",
                                       "cuvee info ./emotion",
                                       "is this packed file whole?",
                                       "cuvee info emotion.cuvee --verify",
                                       "its labels, for a script",
                                       "cuvee info --json | jq -r '.labels[]'",
                                       NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_info = {
    .name = "info",
    .summary = "describe a model: family, shape, labels, limits, hashes",
    .synopsis = "cuvee info [MODEL] [OPTION...]",
    .examples = examples,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .operands = COMPLETE_FILE,
    .run = run,
};

static json_t *labels_to_json(const cuvee_model *model, const cuvee_model_info *info)
{
    json_t *labels = json_array();
    for (size_t i = 0; i < info->n_labels; i++)
        json_array_append_new(labels, json_string(cuvee_model_label(model, i)));
    return labels;
}

static json_t *string_or_null(const char *text)
{
    return text ? cuvee__json_string(text) : json_null();
}

static json_t *script_to_json(const cuvee_model *model, const cuvee_model_info *info)
{
    json_t *o = json_object();
    json_object_set_new(o, "path", cuvee__json_string(info->path));
    json_object_set_new(o, "python_host", json_string(info->script_host));
    json_object_set_new(o, "python", cuvee__json_string(info->python));
    json_object_set_new(o, "python_version", json_string(info->python_version));
    json_object_set_new(o, "labels", labels_to_json(model, info));
    json_object_set_new(o, "max_batch", json_integer(info->max_batch));
    json_object_set_new(o, "max_concurrency", json_integer(info->max_concurrency));
    json_t *told = info->script_info ? json_loads(info->script_info, JSON_DECODE_ANY, NULL) : NULL;
    json_object_set_new(o, "info", told ? told : json_null());
    json_object_set_new(o, "source_sha256", json_string(info->source_sha256));
    return o;
}

static void print_script(const cuvee_model *model, const cuvee_model_info *info)
{
    printf("script      %s\n", info->path);
    printf("host        %s, Python %s (%s)\n", info->script_host, info->python_version,
           info->python);
    printf("labels      %s", info->n_labels ? "" : "not told");
    for (size_t i = 0; i < info->n_labels; i++)
        printf("%s%s", i ? ", " : "", cuvee_model_label(model, i));
    printf("\nlimits      %" PRIu32 " texts a call, %" PRIu32 " call%s at a time\n",
           info->max_batch, info->max_concurrency, info->max_concurrency == 1 ? "" : "s");
    if (info->script_info) printf("info        %s\n", info->script_info);
    printf("sha256      %s\n", info->source_sha256);
}

static json_t *info_to_json(const cuvee_model *model, const cuvee_model_info *info,
                            const char *hash)
{
    if (info->script_host) return script_to_json(model, info);
    json_t *o = json_object();
    json_object_set_new(o, "path", cuvee__json_string(info->path));
    json_object_set_new(o, "family", json_string(info->family));
    json_object_set_new(o, "architecture", json_string(info->architecture));
    json_object_set_new(o, "layers", json_integer(info->n_layers));
    json_object_set_new(o, "hidden_size", json_integer(info->hidden_size));
    json_object_set_new(o, "heads", json_integer(info->n_heads));
    json_object_set_new(o, "intermediate_size", json_integer(info->intermediate_size));
    json_object_set_new(o, "hidden_activation", json_string(info->activation));
    json_object_set_new(o, "problem_type", json_string(info->problem_type));
    json_object_set_new(o, "labels", labels_to_json(model, info));
    json_object_set_new(o, "weights_dtype", json_string(info->weights_dtype));
    json_object_set_new(o, "parameters", json_integer((json_int_t)info->n_parameters));
    json_object_set_new(o, "weights_bytes", json_integer((json_int_t)info->weights_file_bytes));
    json_object_set_new(o, "tokenizer", json_string(info->tokenizer));
    json_object_set_new(o, "lowercase", json_boolean(info->lowercase));
    json_object_set_new(o, "vocab_size", json_integer(info->vocab_size));
    json_object_set_new(o, "max_length", json_integer(info->max_length));
    json_object_set_new(o, "model_sha256", json_string(hash));
    json_object_set_new(o, "precision", json_string(info->precision));
    json_object_set_new(o, "packed_path", string_or_null(info->packed_path));
    json_object_set_new(o, "packed_bytes", json_integer((json_int_t)info->packed_bytes));
    json_object_set_new(o, "packed_layout", json_integer(info->packed_layout));
    json_object_set_new(o, "source_sha256", string_or_null(info->source_sha256));
    json_object_set_new(o, "cache_note", string_or_null(info->cache_note));
    return o;
}

static void print_packed(const cuvee_model_info *info)
{
    char count[32];
    printf("precision   %s\n", info->precision);
    printf("packed      %s, %s bytes, layout %" PRIu32 "\n",
           info->packed_path ? info->packed_path : "in memory",
           cli__print_count(count, info->packed_bytes), info->packed_layout);
    if (info->source_sha256) printf("source      %s\n", info->source_sha256);
    if (info->cache_note) printf("cache       not cached: %s\n", info->cache_note);
}

static void print_text(const cuvee_model *model, const cuvee_model_info *info, const char *hash)
{
    char count[32];
    if (info->script_host) {
        print_script(model, info);
        return;
    }
    printf("model       %s\n", info->path);
    printf("family      %s (%s)\n", info->family, info->architecture);
    printf("shape       %" PRIu32 " layers x %" PRIu32 " wide, %" PRIu32 " heads, ", info->n_layers,
           info->hidden_size, info->n_heads);
    printf("feed-forward %" PRIu32 " (%s)\n", info->intermediate_size, info->activation);
    printf("labels      %" PRIu32 ", %s:", info->n_labels, info->problem_type);
    for (size_t i = 0; i < info->n_labels; i++)
        printf("%s %s", i ? "," : "", cuvee_model_label(model, i));
    printf("\nparameters  %s, stored as %s", cli__print_count(count, info->n_parameters),
           info->weights_dtype);
    printf(" in %s bytes\n", cli__print_count(count, info->weights_file_bytes));
    printf("tokenizer   %s, %s, %s entries\n", info->tokenizer,
           info->lowercase ? "lower case" : "cased", cli__print_count(count, info->vocab_size));
    printf("limits      %" PRIu32 " tokens a text, special tokens included\n", info->max_length);
    printf("sha256      %s\n", hash);
    print_packed(info);
}

/* A model directory that could not be kept as a file has nothing that could be damaged. */
static int verify(const cuvee_model_info *info, cuvee_error *err)
{
    if (info->packed_path) return cuvee_model_verify(info->packed_path, err);
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s: %s: no file to verify", info->path,
                       info->script_host ? "a script" : "packed in memory");
}

/* What takes time is done before anything is printed. */
static int look(const cuvee_model *model, bool use_verify, cuvee_model_info *ret_info,
                char hash[65], cuvee_error *err)
{
    int rc = cuvee_model_describe(model, ret_info, err);
    if (rc == CUVEE_OK && use_verify) rc = verify(ret_info, err);
    if (rc == CUVEE_OK) rc = cuvee_model_sha256(model, hash, err);
    return rc < 0 ? EXIT_MODEL : EXIT_OK;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct info_options o = {0};
    struct operands operands;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if ((exit_code = cli__model_request_operand(self, &operands, &o.model))) return exit_code;
    if ((exit_code = cli__model_request_check(self, &o.model))) return exit_code;

    cuvee_error err = {0};
    cuvee_model *model = NULL;
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    char hash[65];
    exit_code = cli__model_open(&o.model, &model, &err);
    if (!exit_code) exit_code = look(model, o.verify, &info, hash, &err);
    if (exit_code)
        cli__console_say("cuvee info: %s", err.msg);
    else if (o.json)
        exit_code = cli__json_print("info", info_to_json(model, &info, hash));
    else {
        print_text(model, &info, hash);
        if (o.verify) puts("verified    every byte is as it was packed");
        exit_code = cli__stdout_finish();
    }
    cuvee_model_close(model);
    return exit_code;
}
