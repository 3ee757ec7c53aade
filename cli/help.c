/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <string.h>

#include "base/checked.h"
#include "console.h"
#include "cuvee/cuvee.h"

#define HELP_COLUMN 26 /* where the words about an option start */
#define MAX_COLUMNS 80

/* Print text as a paragraph between two columns; the cursor stands at column `at`. Ends the
 * line. */
static void print_wrapped(const char *text, size_t indent, size_t at, size_t columns, FILE *to)
{
    if (at >= indent && at > 0) {
        fputc('\n', to);
        at = 0;
    }
    bool is_first = true;
    while (*text) {
        const size_t n = strcspn(text, " \n");
        if (!is_first && at + 1 + n > columns) {
            fputc('\n', to);
            at = 0;
            is_first = true;
        }
        if (is_first)
            fprintf(to, "%*s", (int)(indent - at), "");
        else
            fputc(' ', to);
        fwrite(text, 1, n, to);
        at = (is_first ? indent : at + 1) + n;
        is_first = false;
        text += n;
        if (*text == '\n') {
            fputc('\n', to);
            at = 0;
            is_first = true;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', to);
}

static void print_option(const struct option_spec *spec, size_t columns, FILE *to)
{
    char left[80];
    char letter[8] = "";
    if (spec->letter) snprintf(letter, sizeof letter, "-%c, ", spec->letter);
    const int at = snprintf(left, sizeof left, "  %s--%s%s%s", letter, spec->name,
                            spec->arg ? " " : "", spec->arg ? spec->arg : "");
    fputs(left, to);
    /* Two blanks at least between the option and its words. */
    const bool fits = at + 2 <= HELP_COLUMN;
    print_wrapped(spec->help, HELP_COLUMN, fits ? (size_t)at : HELP_COLUMN, columns, to);
}

void cli__help_print(const struct command *command, FILE *to)
{
    const size_t columns =
        cuvee__max(HELP_COLUMN + 24, cuvee__min(MAX_COLUMNS, (size_t)cli__console_columns()));
    fprintf(to, "cuvee%s%s: %s\n\nExamples\n", *command->name ? " " : "", command->name,
            command->summary);
    for (const char *const *e = command->examples; *e; e += 2)
        fprintf(to, "  # %s\n  %s\n", e[0], e[1]);

    fputs("\nUsage\n", to);
    print_wrapped(command->synopsis, 2, 0, columns, to);
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option_spec *spec = &command->options[i];
        if (i == 0 && !spec->group) fputs("\nOptions\n", to);
        if (spec->group) fprintf(to, "\n%s\n", spec->group);
        print_option(spec, columns, to);
    }
    if (command->notes) {
        fputc('\n', to);
        print_wrapped(command->notes, 0, 0, columns, to);
    }
}

void cli__version_print(void)
{
    puts(cuvee_build_info());
}
