/* SPDX-License-Identifier: Apache-2.0
 *
 * One table of options per subcommand. Parsing, --help, the shell completions and the test of the
 * man pages all read it, so they cannot disagree. */
#ifndef CUVEE_CLI_OPTIONS_H
#define CUVEE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_BYTE,     /* char: one ASCII character, or \t */
    OPTION_NUMBER,   /* int64_t, min .. max, or `word` which stands for max */
    OPTION_REAL,     /* double, finite */
    OPTION_POSITIVE, /* double, finite, above 0 */
    OPTION_CHOICE,   /* int: index into choices */
    OPTION_HELP,     /* print the help and end */
    OPTION_VERSION   /* print the version and end */
};

enum option_completion { COMPLETE_NOTHING, COMPLETE_FILE, COMPLETE_DIRECTORY };

/* Choices of --input-format (inputs.c). */
extern const char *const cli__input_formats[];
/* Choices of --precision (model_path.c), in the order of enum cuvee_precision. */
extern const char *const cli__precisions[];
/* Choices of --python-host (model_path.c), in the order of enum cuvee_python_host. */
extern const char *const cli__python_hosts[];

struct option_spec {
    const char *name; /* long name, without dashes */
    char letter;      /* short name; 0 = none */
    enum option_kind kind;
    const char *arg;  /* name of the argument in the help; NULL for flags */
    const char *help; /* one or two plain sentences, no final period */
    size_t offset;    /* of the field in the subcommand's options struct */
    int64_t min, max;
    const char *word;
    const char *const *choices; /* NULL-terminated */
    enum option_completion completion;
    const char *group; /* heading above this option in the help; NULL = none */
};

#define OPTION_SPEC_HELP                                                                           \
    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "Show this help"}
#define OPTION_SPEC_VERSION                                                                        \
    {.name = "version", .letter = 'V', .kind = OPTION_VERSION, .help = "Show the version"}
#define OPTION_SPEC_MODEL(field_offset)                                                            \
    {                                                                                              \
        .name = "model", .letter = 'm', .kind = OPTION_TEXT, .arg = "MODEL",                       \
        .offset = (field_offset), .completion = COMPLETE_FILE,                                     \
        .help = "Hugging Face model directory, packed file or Python script; else $CUVEE_MODEL, "  \
                "else the default model"                                                           \
    }
#define OPTION_SPEC_PRECISION(field_offset)                                                        \
    {.name = "precision", .kind = OPTION_CHOICE, .arg = "NAME", .offset = (field_offset),          \
     .choices = cli__precisions,                                                                   \
     .help = "auto, f32, bf16 or int8; auto: f32 for a directory, its own for a packed file"}
#define OPTION_SPEC_CACHE(field_offset)                                                            \
    {.name = "cache", .kind = OPTION_TEXT, .arg = "DIR", .offset = (field_offset),                 \
     .completion = COMPLETE_DIRECTORY,                                                             \
     .help = "Where packed models are kept; else $CUVEE_CACHE, else ~/.cache/cuvee"}
#define OPTION_SPEC_NO_CACHE(field_offset)                                                         \
    {.name = "no-cache", .kind = OPTION_FLAG, .offset = (field_offset),                            \
     .help = "Pack a model directory into memory; read and write no cache"}
#define OPTION_SPEC_PYTHON_HOST(heading, field_offset)                                             \
    {.group = (heading), .name = "python-host", .kind = OPTION_CHOICE, .arg = "NAME",              \
     .offset = (field_offset), .choices = cli__python_hosts,                                       \
     .help = "auto, embed (in this process), process (a worker process for each call at a time) "  \
             "or metacall"}
#define OPTION_SPEC_PYTHON(field_offset)                                                           \
    {.name = "python", .kind = OPTION_TEXT, .arg = "PATH", .offset = (field_offset),               \
     .completion = COMPLETE_FILE,                                                                  \
     .help = "Interpreter or venv; default $VIRTUAL_ENV, else python3"}
#define OPTION_SPEC_SCRIPT_ARGS(field_offset)                                                      \
    {.name = "script-args", .kind = OPTION_TEXT, .arg = "WORDS", .offset = (field_offset),         \
     .help = "What the script has in sys.argv, separated by blanks"}
#define OPTION_SPEC_MAX_BATCH(field_offset)                                                        \
    {.name = "max-batch", .kind = OPTION_NUMBER, .arg = "N", .offset = (field_offset), .min = 1,   \
     .max = 65536, .help = "Texts of one process_batch(); default the script's MAX_BATCH, else 32"}
#define OPTION_SPEC_CONCURRENCY(field_offset)                                                      \
    {.name = "concurrency", .kind = OPTION_NUMBER, .arg = "N", .offset = (field_offset), .min = 1, \
     .max = 1024,                                                                                  \
     .help = "Calls at the same time; default the script's MAX_CONCURRENCY, else 1"}
#define OPTION_SPEC_INPUT_FORMAT(field_offset)                                                     \
    {.name = "input-format", .kind = OPTION_CHOICE, .arg = "FORMAT", .offset = (field_offset),     \
     .choices = cli__input_formats,                                                                \
     .help = "auto, csv, jsonl, or text with a row a line; auto: by suffix, else by content"}
#define MAX_OPTIONS 48

struct command {
    const char *name;    /* "classify"; "" for the program itself */
    const char *summary; /* a phrase for lists */
    const char *synopsis;
    const char *const *examples; /* pairs: what it does, the line; NULL-terminated */
    const char *notes;           /* paragraph after the options; NULL = none */
    const struct option_spec *options;
    size_t n_options;
    int max_operands; /* arguments that are no options */
    enum option_completion operands;
    const char *const *words; /* what the first operand may be, NULL-terminated; NULL = anything */
    /* Commands within this one, for completions: named "outer inner"; NULL-terminated. */
    const struct command *const *inner;
    bool is_hidden; /* not in help and completions */
    int (*run)(const struct command *self, int argc, char **argv);
};

struct operands {
    char **items; /* (n) borrows argv */
    int n;
};

/* Read argv (argv[0] is the subcommand) into *target, which holds the defaults. Returns true to go
 * on. False: the user has got an answer (help, version) or a message (a mistake), and the program
 * ends with *ret_exit. */
bool cli__options_parse(const struct command *command, int argc, char **argv, void *target,
                        struct operands *ret_operands, int *ret_exit);

/* Say on stderr what is wrong with the use of a command, and where its help is. Returns
 * EXIT_USAGE. */
int cli__usage_error(const struct command *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
