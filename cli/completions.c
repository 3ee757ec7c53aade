/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee completions bash|zsh|fish: scripts for the shells, printed from the option tables. The
 * files in completions/ are what this prints; a test compares them. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "console.h"
#include "exit_code.h"
#include "help.h"

static int run(const struct command *self, int argc, char **argv);

static const struct option_spec options[] = {OPTION_SPEC_HELP, OPTION_SPEC_VERSION};

static const char *const examples[] = {"load the completions into this bash",
                                       "source <(cuvee completions bash)", NULL};

const struct command cli__command_completions = {
    .name = "completions",
    .summary = "print completions for bash, zsh or fish",
    .synopsis = "cuvee completions bash|zsh|fish",
    .examples = examples,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .is_hidden = true,
    .run = run,
};

static void print_words(const char *const *words)
{
    for (size_t i = 0; words[i]; i++) printf("%s%s", i ? " " : "", words[i]);
}

/* All that are not hidden, each with those within it. */
static void each_command(void (*print)(const struct command *))
{
    for (const struct command *const *c = cli__commands; *c; c++) {
        if ((*c)->is_hidden) continue;
        print(*c);
        for (const struct command *const *i = (*c)->inner; i && *i; i++) print(*i);
    }
}

/* The word that chooses it within another one; NULL for those that are not. */
static const char *inner_word(const struct command *c)
{
    const char *blank = strchr(c->name, ' ');
    return blank ? blank + 1 : NULL;
}

/* The name as one word: "measure-report". */
static void print_name(const struct command *c)
{
    for (const char *p = c->name; *p; p++) putchar(*p == ' ' ? '-' : *p);
}

/* ---- bash ---- */

static void bash_inner(const struct command *c)
{
    if (!inner_word(c)) return;
    printf("        '%s') command=", c->name);
    print_name(c);
    printf(" ;;\n");
}

static void bash_option_values(const struct command *c)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const struct option_spec *s = &c->options[i];
        if (!s->arg) continue;
        printf("        ");
        print_name(c);
        printf(":--%s", s->name);
        if (s->letter) {
            putchar('|');
            print_name(c);
            printf(":-%c", s->letter);
        }
        if (s->choices) {
            printf(") COMPREPLY=($(compgen -W '");
            print_words(s->choices);
            printf("' -- \"$cur\")); return ;;\n");
        } else if (s->completion == COMPLETE_DIRECTORY)
            printf(") COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n");
        else if (s->completion == COMPLETE_FILE)
            printf(") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n");
        else
            printf(") return ;;\n");
    }
}

static void bash_option_names(const struct command *c)
{
    printf("        ");
    print_name(c);
    printf(") options='");
    for (size_t i = 0; i < c->n_options; i++) {
        const struct option_spec *s = &c->options[i];
        printf("%s--%s", i ? " " : "", s->name);
        if (s->letter) printf(" -%c", s->letter);
    }
    printf("'");
    if (c->words) {
        printf(" words='");
        print_words(c->words);
        printf("'");
    }
    printf(" ;;\n");
}

static void print_bash(void)
{
    printf("# bash completion for cuvee; made by: cuvee completions bash\n"
           "_cuvee() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local command=${COMP_WORDS[1]} options= words=\n"
           "    COMPREPLY=()\n"
           "    if ((COMP_CWORD == 1)); then\n"
           "        COMPREPLY=($(compgen -W '");
    for (const struct command *const *c = cli__commands; *c; c++)
        if (!(*c)->is_hidden) printf("%s ", (*c)->name);
    printf("help --help --version' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    ((COMP_CWORD > 2)) && case \"$command ${COMP_WORDS[2]}\" in\n");
    each_command(bash_inner);
    printf("    esac\n"
           "    case $command:$prev in\n");
    each_command(bash_option_values);
    printf("    esac\n"
           "    case $command in\n");
    each_command(bash_option_names);
    printf("    esac\n"
           "    if [[ $cur == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
           "    elif [[ $words ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "    else\n"
           "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _cuvee cuvee\n");
}

/* ---- zsh ---- */

/* Text inside '...[here]': quotes, brackets and colons mean something there. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void zsh_option(const struct option_spec *s)
{
    printf("                ");
    if (s->letter)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", s->letter, s->name, s->letter, s->arg ? "+" : "",
               s->name, s->arg ? "=" : "");
    else
        printf("'--%s%s[", s->name, s->arg ? "=" : "");
    zsh_text(s->help);
    putchar(']');
    if (s->arg) {
        putchar(':');
        zsh_text(s->arg);
        putchar(':');
        if (s->choices) {
            putchar('(');
            print_words(s->choices);
            putchar(')');
        } else if (s->completion == COMPLETE_DIRECTORY)
            printf("_files -/");
        else if (s->completion == COMPLETE_FILE)
            printf("_files");
    }
    printf("' \\\n");
}

static void zsh_inner(const struct command *c)
{
    if (!inner_word(c)) return;
    printf("    if [[ \"$command $words[2]\" = '%s' ]]; then\n        command=", c->name);
    print_name(c);
    printf("\n        shift words\n        ((CURRENT--))\n    fi\n");
}

static void zsh_command(const struct command *c)
{
    printf("        ");
    print_name(c);
    printf(")\n            _arguments -s -S \\\n");
    for (size_t i = 0; i < c->n_options; i++) zsh_option(&c->options[i]);
    if (c->words) {
        printf("                '1:action:(");
        print_words(c->words);
        printf(")' ;;\n");
    } else
        printf("                %s ;;\n", c->max_operands ? "'*:file:_files'" : "&& return");
}

static void print_zsh(void)
{
    printf("#compdef cuvee\n"
           "# zsh completion for cuvee; made by: cuvee completions zsh\n"
           "_cuvee() {\n"
           "    local -a commands=(\n");
    for (const struct command *const *c = cli__commands; *c; c++) {
        if ((*c)->is_hidden) continue;
        printf("        '%s:", (*c)->name);
        zsh_text((*c)->summary);
        printf("'\n");
    }
    printf("        'help:show the help of a command'\n"
           "    )\n"
           "    if ((CURRENT == 2)); then\n"
           "        _describe command commands\n"
           "        _arguments '--help[Show this help]' '--version[Show the version]'\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    shift words\n"
           "    ((CURRENT--))\n");
    each_command(zsh_inner);
    printf("    case $command in\n");
    each_command(zsh_command);
    printf("        help) _describe command commands ;;\n"
           "    esac\n"
           "}\n"
           "_cuvee \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_option(const struct command *c, const struct option_spec *s)
{
    const char *word = inner_word(c);
    printf("complete -c cuvee -n '__fish_seen_subcommand_from %s", word ? word : c->name);
    if (word) printf("; and __fish_seen_subcommand_from %.*s", (int)(word - c->name) - 1, c->name);
    printf("' -l %s", s->name);
    if (s->letter) printf(" -s %c", s->letter);
    if (s->choices) {
        printf(" -x -a '");
        print_words(s->choices);
        putchar('\'');
    } else if (s->completion == COMPLETE_DIRECTORY)
        printf(" -x -a '(__fish_complete_directories)'");
    else if (s->completion == COMPLETE_FILE)
        printf(" -r -F");
    else if (s->arg)
        printf(" -x");
    printf(" -d ");
    fish_text(s->help);
    putchar('\n');
}

static void fish_command(const struct command *c)
{
    for (size_t i = 0; i < c->n_options; i++) fish_option(c, &c->options[i]);
}

static void print_fish(void)
{
    printf("# fish completion for cuvee; made by: cuvee completions fish\n");
    for (const struct command *const *c = cli__commands; *c; c++) {
        if ((*c)->is_hidden) continue;
        printf("complete -c cuvee -n __fish_use_subcommand -f -a %s -d ", (*c)->name);
        fish_text((*c)->summary);
        putchar('\n');
    }
    printf("complete -c cuvee -n __fish_use_subcommand -f -a help -d 'show the help of a command'\n"
           "complete -c cuvee -n __fish_use_subcommand -l help -s h -d 'Show this help'\n"
           "complete -c cuvee -n __fish_use_subcommand -l version -s V -d 'Show the version'\n");
    for (const struct command *const *c = cli__commands; *c; c++) {
        if (!(*c)->words) continue;
        printf("complete -c cuvee -n '__fish_seen_subcommand_from %s' -f -a '", (*c)->name);
        print_words((*c)->words);
        printf("'\n");
    }
    each_command(fish_command);
}

static int run(const struct command *self, int argc, char **argv)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    struct operands operands;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, NULL, &operands, &exit_code)) return exit_code;
    for (size_t i = 0; operands.n && i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(operands.items[0], shells[i].shell) != 0) continue;
        shells[i].print();
        return cli__stdout_finish();
    }
    return cli__usage_error(self, "name a shell: bash, zsh or fish");
}
