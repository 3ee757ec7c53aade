/* SPDX-License-Identifier: Apache-2.0
 *
 * getopt_long driven by the option table. Values are checked here, strictly: what is not exactly a
 * number in range, or one of the choices, is refused with the range or the choices in the
 * message. */
#define _GNU_SOURCE /* getopt_long */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "console.h"
#include "did_you_mean.h"
#include "exit_code.h"
#include "help.h"

#define LONG_ONLY 256 /* getopt_long's val of option i is LONG_ONLY + i: no letter is as large */

int cli__usage_error(const struct command *command, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const bool is_sub = command->name[0] != '\0';
    cli__console_say("cuvee%s%s: %s", is_sub ? " " : "", command->name, text);
    cli__console_say("try 'cuvee%s%s --help'", is_sub ? " " : "", command->name);
    return EXIT_USAGE;
}

static const struct option_spec *by_letter(const struct command *command, int letter)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].letter == letter && letter) return &command->options[i];
    return NULL;
}

static int read_number(const struct command *command, const struct option_spec *spec,
                       const char *value, int64_t *out)
{
    if (spec->word && strcmp(value, spec->word) == 0) {
        *out = spec->max;
        return EXIT_OK;
    }
    char *end = NULL;
    errno = 0;
    const long long n = strtoll(value, &end, 10);
    /* strtoll skips blanks and takes '+': neither is a number here. */
    const bool starts_well = (value[0] >= '0' && value[0] <= '9') || value[0] == '-';
    if (starts_well && end != value && !*end && !errno && n >= spec->min && n <= spec->max) {
        *out = n;
        return EXIT_OK;
    }
    char range[96];
    if (spec->max == INT64_MAX)
        snprintf(range, sizeof range, "a whole number, %" PRId64 " or more", spec->min);
    else
        snprintf(range, sizeof range, "a whole number from %" PRId64 " to %" PRId64, spec->min,
                 spec->max);
    return cli__usage_error(command, "--%s needs %s%s%s, not '%s'", spec->name, range,
                            spec->word ? ", or " : "", spec->word ? spec->word : "", value);
}

static int read_choice(const struct command *command, const struct option_spec *spec,
                       const char *value, int *out)
{
    char list[256] = "";
    for (int i = 0; spec->choices[i]; i++) {
        if (strcmp(value, spec->choices[i]) == 0) {
            *out = i;
            return EXIT_OK;
        }
        const size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", spec->choices[i]);
    }
    return cli__usage_error(command, "--%s needs one of %s, not '%s'", spec->name, list, value);
}

static int read_real(const struct command *command, const struct option_spec *spec,
                     const char *value, double *out)
{
    char *end = NULL;
    const double x = strtod(value, &end);
    /* Digits only: strtod would take blanks, "inf", "nan" and hexadecimal as well. */
    if (!*value || value[strspn(value, "0123456789+-.eE")] || end == value || *end || !isfinite(x))
        return cli__usage_error(command, "--%s needs a number, not '%s'", spec->name, value);
    *out = x;
    return EXIT_OK;
}

static int read_positive(const struct command *command, const struct option_spec *spec,
                         const char *value, double *out)
{
    const int rc = read_real(command, spec, value, out);
    if (rc || *out > 0) return rc;
    return cli__usage_error(command, "--%s needs a number above 0, not '%s'", spec->name, value);
}

static int read_byte(const struct command *command, const struct option_spec *spec,
                     const char *value, char *out)
{
    if (strcmp(value, "\\t") == 0 || strcmp(value, "tab") == 0) {
        *out = '\t';
        return EXIT_OK;
    }
    const unsigned char c = (unsigned char)value[0];
    if (!c || value[1] || c >= 0x80 || c == '"' || c == '\n' || c == '\r')
        return cli__usage_error(command,
                                "--%s needs one ASCII character (no quote, no line end), or \\t "
                                "for a tab, not '%s'",
                                spec->name, value);
    *out = value[0];
    return EXIT_OK;
}

/* Put the value of one option into its field. Returns an exit code, or -1 when the program has
 * answered and ends well. */
static int take(const struct command *command, const struct option_spec *spec, const char *value,
                void *target)
{
    void *const field = (char *)target + spec->offset;
    switch (spec->kind) {
    case OPTION_FLAG: *(bool *)field = true; return EXIT_OK;
    case OPTION_TEXT:
        if (!*value) return cli__usage_error(command, "--%s needs a value", spec->name);
        *(const char **)field = value;
        return EXIT_OK;
    case OPTION_BYTE: return read_byte(command, spec, value, field);
    case OPTION_NUMBER: return read_number(command, spec, value, field);
    case OPTION_REAL: return read_real(command, spec, value, field);
    case OPTION_POSITIVE: return read_positive(command, spec, value, field);
    case OPTION_CHOICE: return read_choice(command, spec, value, field);
    case OPTION_HELP: cli__help_print(command, stdout); return -1;
    case OPTION_VERSION: cli__version_print(); return -1;
    }
    return EXIT_OK;
}

/* An option that is not there: say so in words that help.
 *   arg    as typed
 *   found  what getopt_long knows of it: a letter, a long option that takes no value, or 0 */
static int refuse(const struct command *command, const char *arg, int found)
{
    const char *names[MAX_OPTIONS];
    if (found >= LONG_ONLY)
        return cli__usage_error(command, "--%s takes no value",
                                command->options[found - LONG_ONLY].name);
    if (found) return cli__usage_error(command, "unknown option '-%c'", found);

    const size_t n = strcspn(arg + 2, "=");
    size_t n_prefixed = 0;
    char list[256] = "";
    for (size_t i = 0; i < command->n_options; i++) {
        names[i] = command->options[i].name;
        if (strncmp(names[i], arg + 2, n) != 0) continue;
        const size_t len = strlen(list);
        snprintf(list + len, sizeof list - len, "%s--%s", n_prefixed++ ? ", " : "", names[i]);
    }
    const int width = (int)n + 2;
    if (n_prefixed > 1)
        return cli__usage_error(command, "option '%.*s' could be any of %s", width, arg, list);
    const char *close = cli__did_you_mean((struct span){arg + 2, n}, names, command->n_options);
    if (close)
        return cli__usage_error(command, "unknown option '%.*s'; did you mean '--%s'?", width, arg,
                                close);
    return cli__usage_error(command, "unknown option '%.*s'", width, arg);
}

/* getopt_long takes any start of a name that only one option has. Not we: a script that relies on
 * that breaks when the next option is added. arg is what was typed, "--name" or "--name=value". */
static bool is_whole_name(const char *arg, const char *name)
{
    const size_t n = strcspn(arg + 2, "=");
    return n == strlen(name) && memcmp(arg + 2, name, n) == 0;
}

/* The table in getopt's own terms. */
static void build_tables(const struct command *command, struct option *longs, char *letters)
{
    *letters++ = ':'; /* a missing argument is told apart from an unknown option */
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option_spec *spec = &command->options[i];
        longs[i] = (struct option){.name = spec->name,
                                   .has_arg = spec->arg ? required_argument : no_argument,
                                   .val = LONG_ONLY + (int)i};
        if (!spec->letter) continue;
        *letters++ = spec->letter;
        if (spec->arg) *letters++ = ':';
    }
    longs[command->n_options] = (struct option){0};
    *letters = '\0';
}

bool cli__options_parse(const struct command *command, int argc, char **argv, void *target,
                        struct operands *ret_operands, int *ret_exit)
{
    struct option longs[MAX_OPTIONS + 1];
    char letters[2 * MAX_OPTIONS + 2];
    assert(command->n_options <= MAX_OPTIONS);
    build_tables(command, longs, letters);

    optind = 1;
    opterr = 0;
    int c;
    while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        /* The option as typed: the last argument used, or the one before when that is the value. */
        const char *typed = argv[optind - 1];
        if (optarg && optarg == typed) typed = argv[optind - 2];
        const int found = c == ':' ? optopt : c;
        const struct option_spec *spec = found >= LONG_ONLY ? &command->options[found - LONG_ONLY]
                                                            : by_letter(command, found);
        int rc;
        if (c == '?' || (found >= LONG_ONLY && !is_whole_name(typed, spec->name)))
            rc = refuse(command, typed, c == '?' ? optopt : 0);
        else if (c == ':')
            rc = cli__usage_error(command, "--%s needs a value: %s", spec->name, spec->arg);
        else
            rc = take(command, spec, optarg, target);
        if (rc) {
            *ret_exit = rc < 0 ? cli__stdout_finish() : rc;
            return false;
        }
    }
    *ret_operands = (struct operands){argv + optind, argc - optind};
    if (ret_operands->n > command->max_operands) {
        *ret_exit = cli__usage_error(command, "unexpected argument '%s'",
                                     ret_operands->items[command->max_operands]);
        return false;
    }
    return true;
}
