/* SPDX-License-Identifier: Apache-2.0
 *
 * Two meters at once: one as `cuvee measure` starts it, on a small program that stays long enough
 * to be looked at, and one with --exact. What they found out is shown, so this cannot say other
 * things than a real run. */
#include "measure_doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "console.h"
#include "exit_code.h"
#include "json_text.h"
#include "measure/host.h"
#include "measure_meter.h"

struct doctor_options {
    bool json;
};

static const struct option_spec options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct doctor_options, json),
     .help = "Print one JSON object"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {
    "where each figure comes from on this machine", "cuvee measure doctor",
    "and in a group that may be divided further",
    "systemd-run --user --scope -p Delegate=yes cuvee measure doctor", NULL};

const struct command cli__command_measure_doctor = {
    .name = "measure doctor",
    .summary = "which source each figure has on this machine, and why no better one",
    .synopsis = "cuvee measure doctor [OPTION...]",
    .examples = examples,
    .notes = "Measures a small program, and with --exact; that takes less than a tenth of a "
             "second. Exit codes: 0, also when sources are missing; 125 when nothing can be "
             "measured here.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

enum { MAX_FINDINGS = 12, MAX_MISSING = 3 };

struct missing {
    const char *source, *why;
};

struct finding {
    const char *figure;                  /* in JSON and in text */
    const char *source;                  /* NULL: cannot be had */
    const char *quality;                 /* what it is worth */
    struct missing missing[MAX_MISSING]; /* (n_missing) better ones */
    size_t n_missing;
};

/* Borrows its texts from the accounts. */
struct findings {
    struct finding all[MAX_FINDINGS]; /* (n) */
    size_t n;
};

static struct finding *add(struct findings *f, const char *figure, const char *source,
                           const char *quality)
{
    struct finding *new = &f->all[f->n++];
    *new = (struct finding){.figure = figure, .source = source, .quality = source ? quality : NULL};
    return new;
}

static void miss(struct finding *f, const char *source, const char *why)
{
    f->missing[f->n_missing++] = (struct missing){source, *why ? why : "nothing was said of it"};
}

/* ---- what was found ---- */

static void find_membership(struct findings *f, const struct account *a)
{
    bool is_complete;
    const char *source = cuvee__account_membership(a, &is_complete);
    struct finding *who =
        add(f, "membership", source,
            is_complete ? "complete" : "what lives for less than a tick may be missed");
    if (!a->group.is_used) miss(who, "cgroup", a->group.note);
    if (!a->group.is_used && !a->events.is_used) miss(who, "events", a->events.note);
    struct finding *counts = add(f, "counted", a->events.is_used ? "events" : NULL,
                                 "every fork, exec and exit, however short");
    if (!a->events.is_used) miss(counts, "events", a->events.note);
}

static void find_trace(struct findings *f, const struct account *exact)
{
    struct finding *trace =
        add(f, "exact", exact->trace.is_used ? "ptrace" : NULL, "no process is missed");
    if (!exact->trace.is_used) miss(trace, "ptrace", exact->trace.note);
}

static void find_memory(struct findings *f, const struct account *a)
{
    struct finding *footprint =
        add(f, "footprint", a->has_peak ? "smaps_rollup" : NULL, "each page once");
    if (!a->has_peak)
        miss(footprint, "smaps_rollup",
             a->n_anchors && !a->anchors[0].n_processes ? "/proc/PID/smaps_rollup cannot be read"
                                                        : "not read: the machine is too busy");
    const bool is_charged = a->has_charge && a->charge.is_used;
    struct finding *bound = add(f, "upper_bound", is_charged ? "charge" : "faults",
                                is_charged ? "by the group's charge, faults and RSS of each tick"
                                           : "by faults and RSS of each tick");
    struct finding *charged =
        add(f, "charged", is_charged ? a->charge.note : NULL, "with page cache and kernel memory");
    if (is_charged) return;
    miss(bound, "charge", a->charge.note);
    miss(charged, "cgroup", a->charge.note);
}

static void find_cpu(struct findings *f, const struct account *a)
{
    struct finding *cpu = add(
        f, "cpu", a->has_cpu ? a->cpu_source : NULL,
        a->cpu_is_exact ? "exact" : "a lower bound: children that nobody waits for are sampled");
    const bool by_group = a->has_tree_cpu && strcmp(a->cpu_source, "perf") != 0;
    if (!by_group)
        miss(cpu, "cgroup",
             a->group.is_used ? "the group has no figures of processor time" : a->group.note);
    if (!a->has_tree_cpu) miss(cpu, "perf", a->perf.note);
}

static void find_contention(struct findings *f, const struct account *a)
{
    struct finding *wait =
        add(f, "runq_wait", a->has_wait ? "schedstat" : NULL, "of live threads, now and then");
    if (!a->has_wait) miss(wait, "schedstat", "/proc/PID/schedstat cannot be read");
    struct finding *pressure = add(f, "pressure",
                                   !a->has_pressure         ? NULL
                                   : a->pressure_is_of_tree ? "cgroup"
                                                            : "machine",
                                   a->pressure_is_of_tree ? "of the tree" : "of the whole machine");
    if (!a->has_pressure)
        miss(pressure, "machine", "the kernel does not keep pressure figures");
    else if (!a->pressure_is_of_tree)
        miss(pressure, "cgroup",
             a->group.is_used ? "the group has no pressure figures" : a->group.note);
    struct finding *switches =
        add(f, "switches", a->has_switches ? "rusage" : NULL, "of what was waited for");
    if (!a->has_switches) miss(switches, "rusage", "the command's end was not seen");
    struct finding *io =
        add(f, "io", a->has_io ? "io" : NULL, "bytes from and to storage, of what was waited for");
    if (!a->has_io) miss(io, "io", "/proc/PID/io cannot be read");
    struct finding *steal =
        add(f, "steal", a->has_machine_cpu ? "stat" : NULL, "of the whole machine");
    if (!a->has_machine_cpu) miss(steal, "stat", "/proc/stat cannot be read");
}

static void find_all(struct findings *f, const struct account *a, const struct account *exact)
{
    *f = (struct findings){.n = 0};
    find_membership(f, a);
    find_trace(f, exact);
    find_memory(f, a);
    find_cpu(f, a);
    find_contention(f, a);
}

/* ---- saying it ---- */

static void print_text(const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->all[i];
        printf("%-12s", x->figure);
        if (x->source)
            printf("%s, %s\n", x->source, x->quality);
        else
            puts("none");
        for (size_t k = 0; k < x->n_missing; k++)
            printf("%-12snot %s: %s\n", "", x->missing[k].source, x->missing[k].why);
    }
}

static json_t *text_or_null(const char *text)
{
    return text ? cuvee__json_string(text) : json_null();
}

static json_t *to_json(const struct findings *f, const struct account *a)
{
    json_t *o = json_object(), *figures = json_object(), *why = json_object();
    json_object_set_new(o, "schema", json_string("measure-doctor/1"));
    json_object_set_new(o, "launcher_floor", json_integer((json_int_t)a->launcher_floor * 1024));
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->all[i];
        json_t *one = json_object(), *missing = json_object();
        json_object_set_new(one, "source", text_or_null(x->source));
        json_object_set_new(one, "quality", text_or_null(x->quality));
        for (size_t k = 0; k < x->n_missing; k++)
            json_object_set_new(missing, x->missing[k].source,
                                cuvee__json_string(x->missing[k].why));
        json_object_set_new(one, "missing", missing);
        json_object_set_new(figures, x->figure, one);
    }
    json_object_set_new(o, "figures", figures);
    json_object_set_new(o, "host", cuvee__host_to_json("", why));
    json_object_set_new(o, "why", why);
    return o;
}

/* ---- the two runs ---- */

static int start(const char *look, bool exact, struct meter_run *run, cuvee_error *err)
{
    struct meter_setup setup = METER_SETUP_DEFAULT;
    setup.exact = exact;
    setup.interval_ms = 1; /* some things are read at every tenth look only */
    return cli__meter_start_case(&setup, look, run, err);
}

/* On a busy machine: a figure that is not there may be one that nobody came to look at. */
static bool was_too_short(const struct account *a)
{
    enum { ENOUGH_TICKS = 20 };
    if (a->has_peak && a->has_wait && a->has_io) return false;
    return a->ticks < ENOUGH_TICKS || (!a->has_peak && a->n_torn);
}

static int look(struct account *a, struct account *exact, cuvee_error *err)
{
    struct meter_run plain, traced;
    cuvee_error ignored;
    int rc = start("look", false, &plain, err);
    if (rc < 0) return rc;
    const bool has_traced = start("look", true, &traced, &ignored) == CUVEE_OK;
    rc = cli__meter_hear_case(&plain, a, err);
    /* That it did not work is a finding, not a failure. */
    if (has_traced) cli__meter_hear_case(&traced, exact, &ignored);
    if (rc < 0 || !was_too_short(a)) return rc;
    cuvee__account_deinit(a);
    rc = start("look-longer", false, &plain, err);
    return rc < 0 ? rc : cli__meter_hear_case(&plain, a, err);
}

int cli__measure_doctor(int argc, char **argv)
{
    struct doctor_options o = {0};
    struct operands none;
    struct account a = {0}, exact = {0};
    struct findings findings;
    cuvee_error err = {0};
    int rc;
    if (!cli__options_parse(&cli__command_measure_doctor, argc, argv, &o, &none, &rc))
        return rc ? MEASURE_EXIT_FAILED : rc;
    rc = look(&a, &exact, &err);
    if (rc < 0) {
        cli__console_say("cuvee measure doctor: %s", err.msg);
    } else {
        find_all(&findings, &a, &exact);
        if (o.json)
            rc = cli__json_print("measure doctor", to_json(&findings, &a));
        else {
            print_text(&findings);
            rc = cli__stdout_finish();
        }
    }
    cuvee__account_deinit(&a);
    cuvee__account_deinit(&exact);
    return rc == EXIT_OK ? EXIT_OK : MEASURE_EXIT_FAILED;
}
