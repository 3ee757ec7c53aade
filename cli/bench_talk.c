/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_talk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/plan.h"
#include "bench/scenarios.h"
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
    double wall, rate = 0;
    cuvee__json_number_at(run, "rate", &rate);
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
        snprintf(block, sizeof block, "%.*f/s", rate < 10 ? 2 : rate < 100 ? 1 : 0, rate);
    else if (strcmp(kind, "warm-up") != 0)
        snprintf(block, sizeof block, "block %d",
                 (int)json_integer_value(json_object_get(run, "block")) + 1);
    cli__console_say("%-9s %-24s %10s  %14s  %s%s%s%s%s", block, cuvee__json_text_at(run, "arm"),
                     seconds, memory, status, *why ? ": " : "", why,
                     json_array_size(flags) ? "; disturbed: " : "",
                     json_array_size(flags) ? json_string_value(json_array_get(flags, 0)) : "");
}

/* What a run of an arm is expected to take, from the plan, on so many items; 0: it does not say.
 * Short of what the machine waits to be quiet. */
static double run_s(const struct bench_talk *t, const json_t *arm, double n_items)
{
    double load = 0, item = 0;
    cuvee__json_number_at(arm, "expect.load_s", &load);
    cuvee__json_number_at(arm, "expect.item_s", &item);
    return load + item * n_items * t->work;
}

/* Slow ones run three times, as far as the plan lets one know. */
static double blocks_of(const struct bench_talk *t, double own_s, double reference_s)
{
    const double all = json_number_value(json_object_get(t->experiment->setup.plan, "blocks"));
    return reference_s > 0 && own_s > CUVEE__SLOW_ARM_RATIO * reference_s
               ? fmin(all, CUVEE__SLOW_ARM_BLOCKS)
               : all;
}

/* Of each arm that can run: a run to warm up, its blocks, those of the twin. */
static double blocks_s(const struct bench_talk *t)
{
    const struct experiment *e = t->experiment;
    const json_t *entries = json_object_get(e->results, "arms"), *arm;
    const char *reference = cuvee__json_text_at(e->setup.plan, "reference");
    const json_t *other = cuvee__plan_arm(e->setup.plan, reference);
    const double reference_s = run_s(t, other, (double)cuvee__arm_items(&e->setup, other));
    double sum = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (!cuvee__experiment_takes(e, i, &arm)) continue;
        const double own = run_s(t, arm, (double)cuvee__arm_items(&e->setup, arm));
        const double blocks = blocks_of(t, own, reference_s);
        sum += own * (1 + blocks * (arm == other && blocks > 1 ? 2 : 1));
    }
    return sum;
}

/* Each worker has its part of the items, one thread for each core or more: what is done is that of
 * all cores, at its best. */
static double sweep_s(const struct bench_talk *t)
{
    const struct experiment *e = t->experiment;
    const json_t *sweep = json_object_get(e->setup.plan, "sweep");
    const json_t *arm = cuvee__plan_arm(e->setup.plan, cuvee__json_text_at(sweep, "arm"));
    const json_int_t blocks = json_integer_value(json_object_get(sweep, "blocks"));
    const double n = (double)(json_array_size(json_object_get(sweep, "workers")) *
                              json_array_size(json_object_get(sweep, "threads")));
    if (!cuvee__experiment_swept(e)) return 0;
    /* The arm itself is the worst of its points; half of that is their mean, at most. */
    return n * (double)(blocks > 0 ? blocks : 1) / 2 *
           run_s(t, arm, (double)cuvee__arm_items(&e->setup, arm));
}

/* Half of the runs in other scenarios are one by one, half are at about half the throughput. */
static double scenarios_s(const struct bench_talk *t)
{
    const struct experiment *e = t->experiment;
    const size_t n_entries = json_array_size(json_object_get(e->results, "arms"));
    const double n_items = (double)cuvee__plan_also_items(e->setup.plan);
    const json_t *arm;
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < n_entries; i++)
        if (cuvee__experiment_takes(e, i, &arm)) {
            const double own = (double)cuvee__arm_items(&e->setup, arm);
            sum += run_s(t, arm, 1.5 * fmin(own, n_items));
            n++;
        }
    return n ? sum / (double)n * (double)cuvee__scenarios_n_runs(e) : 0;
}

/* What the plan expects of an arm's peak, in MiB; 0: it does not say. */
static double peak_mib(const struct bench_talk *t, const json_t *arm)
{
    double own = 0, models = 0;
    cuvee__json_number_at(arm, "expect.memory_MiB", &own);
    cuvee__json_number_at(arm, "expect.models", &models);
    return own + models * t->model_bytes / MIB;
}

static const char *print_mib(double mib, char *text, size_t room)
{
    snprintf(text, room, mib < 4096 ? "%.0f MiB" : "%.1f GiB", mib < 4096 ? mib : mib / 1024);
    return text;
}

static const char *print_dry(double x, const char *words)
{
    return x > 0 ? words : "-";
}

/* One run of each arm; why the others cannot. */
static void print_dry_arms(const struct bench_talk *t)
{
    const struct experiment *e = t->experiment;
    const json_t *entries = json_object_get(e->results, "arms"), *arm;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *name = cuvee__json_text_at(entry, "name");
        const char *skipped = cuvee__json_text_at(entry, "skipped");
        char seconds[32], memory[32];
        if (*skipped) {
            printf("  %-20s skipped: %s\n", name, skipped);
        } else if (!cuvee__experiment_takes(e, i, &arm)) {
            printf("  %-20s the reference once more in each block\n", name);
        } else {
            const double own_s = run_s(t, arm, (double)cuvee__arm_items(&e->setup, arm));
            cli__print_seconds(seconds, sizeof seconds, own_s);
            print_mib(peak_mib(t, arm), memory, sizeof memory);
            printf("  %-20s %8s  %8s  %s\n", name, print_dry(own_s, seconds),
                   print_dry(peak_mib(t, arm), memory), cuvee__json_text_at(entry, "title"));
        }
    }
}

/* The arm that takes most, and whether the machine has that. */
static void print_dry_memory(const struct bench_talk *t)
{
    const struct experiment *e = t->experiment;
    const json_t *entries = json_object_get(e->results, "arms"), *arm;
    const char *name = "";
    char memory[32], machine[32];
    double most = 0, has = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (!cuvee__experiment_takes(e, i, &arm) || peak_mib(t, arm) <= most) continue;
        most = peak_mib(t, arm);
        name = cuvee__json_text_at(arm, "name");
    }
    if (!(most > 0)) return;
    cuvee__json_number_at(e->results, "machine.memory", &has);
    printf("Most memory: about %s, for %s; this machine has %s%s.\n",
           print_mib(most, memory, sizeof memory), name,
           print_mib(has / MIB, machine, sizeof machine),
           has / MIB < most ? ", which is too little: leave it out with --arms" : "");
}

static void print_dry_downloads(const struct bench_talk *t)
{
    const char *at = t->downloads ? t->downloads : "";
    if (!*at) {
        printf("Nothing is downloaded.\n");
        return;
    }
    printf(
        "Downloads: none by itself; what is skipped for want of Python packages runs after 'cuvee "
        "bench setup', which says:\n");
    while (*at) {
        const int n = (int)strcspn(at, "\n");
        printf("    %.*s\n", n, at);
        at += n + (at[n] == '\n');
    }
}

int cli__bench_talk_plan(const struct bench_talk *talk)
{
    const struct experiment *e = talk->experiment;
    char duration[32];
    const double seconds = blocks_s(talk) + sweep_s(talk) + scenarios_s(talk);
    printf("%s\n\n", cuvee__json_text_at(e->setup.plan, "name"));
    printf("  input     %s, %zu rows\n", cuvee__json_text_at(e->setup.plan, "input.path"),
           e->setup.input->n_items);
    printf("  model     %s%s\n", e->setup.model,
           talk->to_be_made ? ", of random weights: it would be made first" : "");
    printf("  python    %s\n", e->setup.python);
    printf("  cores     %zu\n", e->setup.n_cores);
    printf("  runs      %zu, each alone on the machine, in random order; disturbed ones again\n\n",
           talk->n_runs);
    print_dry_arms(talk);
    printf("\n");
    if (seconds > 0)
        printf("Time: about %s on a machine with two cores, and what it waits for quiet.\n",
               cli__print_seconds(duration, sizeof duration, seconds));
    print_dry_memory(talk);
    print_dry_downloads(talk);
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
