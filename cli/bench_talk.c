/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_talk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_at.h"
#include "console.h"
#include "exit_code.h"
#include "json_text.h"
#include "os/clock.h"
#include "progress.h"

#define MIB 1048576.0

/* The line stands still until the run is over. */
void cli__bench_talk_begin(void *arg, const char *arm, long block, const char *kind)
{
    struct bench_talk *t = arg;
    char line[160], left[32] = "";
    if (!t->begin_ns) t->begin_ns = cuvee__clock_ns();
    if (!cli__console_is_terminal()) return;
    if (t->n_done && t->n_runs > t->n_done) {
        const double elapsed = (double)(cuvee__clock_ns() - t->begin_ns) / 1e9;
        cli__print_seconds(left, sizeof left,
                           elapsed / (double)t->n_done * (double)(t->n_runs - t->n_done));
    }
    (void)block;
    snprintf(line, sizeof line, "run %zu of %zu: %s (%s)%s%s%s", t->n_done + 1,
             t->n_runs > t->n_done ? t->n_runs : t->n_done + 1, arm, kind, *left ? ", about " : "",
             left, *left ? " left" : "");
    cli__console_bar(line);
}

static void print_memory(const json_t *run, char *text, size_t room)
{
    double lower, upper;
    *text = '\0';
    if (!cuvee__json_number_at(run, "footprint.lower", &lower)) return;
    const bool has_upper = cuvee__json_number_at(run, "footprint.upper", &upper);
    lower = round(lower / MIB);
    if (has_upper && round(upper / MIB) != lower)
        snprintf(text, room, "%.0f-%.0f MiB", lower, upper / MIB);
    else
        snprintf(text, room, "%.0f MiB", lower);
}

void cli__bench_talk_end(void *arg, const json_t *run)
{
    struct bench_talk *t = arg;
    char seconds[32] = "-", memory[48], block[24] = "warm-up";
    double wall;
    const char *status = cuvee__json_text_at(run, "status"), *why = cuvee__json_text_at(run, "why");
    const char *kind = cuvee__json_text_at(run, "kind");
    const json_t *flags = json_object_get(run, "flags");
    t->n_done++;
    cli__console_bar("");
    if (cuvee__json_number_at(run, "wall_s", &wall))
        cli__print_seconds(seconds, sizeof seconds, wall);
    print_memory(run, memory, sizeof memory);
    if (strcmp(kind, "sweep") == 0)
        snprintf(block, sizeof block, "%dx%d",
                 (int)json_integer_value(cuvee__json_at(run, "settings.workers")),
                 (int)json_integer_value(cuvee__json_at(run, "settings.threads")));
    else if (strcmp(kind, "scenario") == 0)
        snprintf(block, sizeof block, "%.20s", cuvee__json_text_at(run, "scenario"));
    else if (strcmp(kind, "rate") == 0)
        snprintf(block, sizeof block, "%.3g/s", json_number_value(json_object_get(run, "rate")));
    else if (strcmp(kind, "warm-up") != 0)
        snprintf(block, sizeof block, "block %d",
                 (int)json_integer_value(json_object_get(run, "block")) + 1);
    cli__console_say("%-9s %-24s %10s  %14s  %s%s%s%s%s", block, cuvee__json_text_at(run, "arm"),
                     seconds, memory, status, *why ? ": " : "", why,
                     json_array_size(flags) ? "; disturbed: " : "",
                     json_array_size(flags) ? json_string_value(json_array_get(flags, 0)) : "");
}

/* What the arms are expected to take, from the plan; 0: it does not say. */
static double expected_s(const struct experiment *e)
{
    const json_t *arms = json_object_get(e->setup.plan, "arms");
    const double blocks = json_number_value(json_object_get(e->setup.plan, "blocks"));
    double sum = 0;
    for (size_t i = 0; i < json_array_size(arms); i++) {
        const json_t *arm = json_array_get(arms, i),
                     *entry = json_array_get(json_object_get(e->results, "arms"), i);
        double load = 0, item = 0;
        cuvee__json_number_at(arm, "expect.load_s", &load);
        cuvee__json_number_at(arm, "expect.item_s", &item);
        (void)entry;
        sum += (load + item * (double)cuvee__arm_items(&e->setup, arm)) * blocks;
    }
    return sum;
}

int cli__bench_talk_plan(const struct bench_talk *talk)
{
    const struct experiment *e = talk->experiment;
    const json_t *entries = json_object_get(e->results, "arms");
    char duration[32];
    const double seconds = expected_s(e);
    printf("%s\n\n", cuvee__json_text_at(e->setup.plan, "name"));
    printf("  input     %s, %zu rows\n", cuvee__json_text_at(e->setup.plan, "input.path"),
           e->setup.input->n_items);
    printf("  model     %s\n", e->setup.model);
    printf("  python    %s\n", e->setup.python);
    printf("  cores     %zu\n", e->setup.n_cores);
    printf("  runs      %zu, each alone on the machine, in random order; disturbed ones again\n\n",
           talk->n_runs);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *skipped = cuvee__json_text_at(entry, "skipped");
        printf("  %-26s %s%s\n", cuvee__json_text_at(entry, "name"), *skipped ? "skipped: " : "",
               *skipped ? skipped : cuvee__json_text_at(entry, "title"));
    }
    if (seconds > 0)
        printf("\nOn a machine with two cores and the default model this takes about %s.\n",
               cli__print_seconds(duration, sizeof duration, seconds));
    return cli__stdout_finish();
}

int cli__bench_print_plan(const json_t *plan)
{
    char *text = json_dumps(plan, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    if (!text) {
        cli__console_say("cuvee bench: out of memory");
        return EXIT_MODEL;
    }
    puts(text);
    cli__json_text_free(text);
    return cli__stdout_finish();
}
