/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_self_test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/error.h"
#include "console.h"
#include "exit_code.h"
#include "measure_meter.h"
#include "measure_traps.h"

static const struct option_spec options[] = {OPTION_SPEC_HELP, OPTION_SPEC_VERSION};

static const char *const examples[] = {"what naive methods claim here, and what is true",
                                       "cuvee measure self-test", NULL};

const struct command cli__command_measure_self_test = {
    .name = "measure self-test",
    .summary = "measure programs whose true cost is known",
    .synopsis = "cuvee measure self-test",
    .examples = examples,
    .notes = "Needs 250 MiB of memory and a few seconds. Exit codes: 0 when every case holds, "
             "that is, the naive method is as wrong as expected and the truth was found; else 1; "
             "125 when nothing can be measured here.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

enum { PATH_BYTES = 4200 };

/* ---- cards ---- */

static bool can_strike(void)
{
    const char *term = cuvee__env_term();
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !cuvee__env_no_color();
}

static void print_figures(const struct trap *trap, const struct trap_figures *f)
{
    const char *unit = trap->is_time ? "s" : "MiB";
    const int decimals = trap->is_time ? 2 : 1;
    const bool strike = can_strike();
    printf("   claimed  %s%.*f %s%s (%s)\n", strike ? "\033[9m" : "", decimals, f->claimed, unit,
           strike ? "\033[0m" : "", f->method);
    printf("   true     ");
    if (isinf(f->upper))
        printf("at least %.*f %s\n", decimals, f->lower, unit);
    else if (f->upper - f->lower > 0.02 * f->lower + (trap->is_time ? 0 : 0.1))
        printf("between %.*f and %.*f %s\n", decimals, f->lower, decimals, f->upper, unit);
    else
        printf("%.*f %s\n", decimals, f->lower, unit);
    printf("   cause    %s\n", f->cause);
}

/* path: of the program that holds the cases. */
static void print_commands(const struct trap *trap, const char *path)
{
    printf("   command  cuvee measure --explain -- %s %s\n", path, trap->name);
    if (trap->apart) printf("            cuvee measure -- %s %s\n", path, trap->apart);
}

static void print_expected(const struct trap *trap)
{
    const int decimals = trap->is_time ? 1 : 0;
    printf("   WRONG    expected: %.*f to %.*f claimed, %.*f to %.*f true\n", decimals,
           trap->claimed_least, decimals, trap->claimed_most, decimals, trap->truth, decimals,
           trap->truth + trap->slack);
}

/* ---- runs ---- */

/* One case. Returns CUVEE_OK also when the case itself did not work: then `ret_trouble` says so. */
static int run_case(const char *name, struct account *a, const char **ret_trouble, cuvee_error *err)
{
    enum { NO_ROOM = 3 }; /* of cuvee-measure-cases */
    const struct meter_setup setup = METER_SETUP_DEFAULT;
    struct meter_run run;
    int rc = cli__meter_start_case(&setup, name, &run, err);
    if (rc == CUVEE_OK) rc = cli__meter_hear_case(&run, a, err);
    if (rc == CUVEE_OK && (!a->has_status || a->status))
        *ret_trouble = a->has_status && WIFEXITED(a->status) && WEXITSTATUS(a->status) == NO_ROOM
                           ? "there is not enough memory, or too many processes"
                           : "the program did not end as it should";
    return rc;
}

static int run_trap(const struct trap *trap, const char *path, bool *ret_holds, cuvee_error *err)
{
    enum { MAX_TRIES = 5 };
    struct account claim = {0}, apart = {0};
    struct trap_figures figures;
    const char *trouble = NULL;
    bool can_judge = false;
    int rc = CUVEE_OK;
    for (int try = 0; try < MAX_TRIES; try++) {
        cuvee__account_deinit(&claim);
        rc = run_case(trap->name, &claim, &trouble, err);
        if (rc == CUVEE_OK && trap->apart) rc = run_case(trap->apart, &apart, &trouble, err);
        can_judge = rc == CUVEE_OK && !trouble &&
                    cli__measure_trap_read(trap, &claim, trap->apart ? &apart : &claim, &figures);
        *ret_holds = can_judge && cli__measure_trap_holds(trap, &figures);
        /* On a busy machine an instant may last for so long that who samples sees it. */
        if (!can_judge || !trap->is_brief || figures.claimed <= trap->claimed_most) break;
    }
    if (rc == CUVEE_OK) {
        if (can_judge)
            print_figures(trap, &figures);
        else
            printf("   WRONG    not measured: %s\n", trouble ? trouble : "a figure is missing");
        if (can_judge && !*ret_holds) print_expected(trap);
        print_commands(trap, path);
    }
    cuvee__account_deinit(&claim);
    cuvee__account_deinit(&apart);
    return rc;
}

int cli__measure_self_test(int argc, char **argv)
{
    char path[PATH_BYTES];
    struct operands none;
    cuvee_error err = {0};
    int rc, n_held = 0;
    if (!cli__options_parse(&cli__command_measure_self_test, argc, argv, NULL, &none, &rc))
        return rc ? MEASURE_EXIT_FAILED : rc;
    rc = CUVEE_OK;
    if (!cli__meter_find_program("cuvee-measure-cases", path, sizeof path))
        rc = cuvee__fail(&err, CUVEE_E_IO, "cuvee-measure-cases is not beside this program");
    for (int i = 0; i < CUVEE__TRAPS && rc == CUVEE_OK; i++) {
        const struct trap *trap = &cli__measure_traps[i];
        bool holds = false;
        printf("%d  %s\n", i + 1, trap->title);
        fflush(stdout); /* the rest takes a second */
        rc = run_trap(trap, path, &holds, &err);
        n_held += holds;
        puts("");
    }
    if (rc < 0) {
        cli__console_say("cuvee measure self-test: %s", err.msg);
        return MEASURE_EXIT_FAILED;
    }
    printf("%d of %d hold\n", n_held, CUVEE__TRAPS);
    if (cli__stdout_finish() != EXIT_OK) return MEASURE_EXIT_FAILED;
    return n_held == CUVEE__TRAPS ? EXIT_OK : 1;
}
