/* SPDX-License-Identifier: Apache-2.0
 *
 * The story's table of what an arm's memory is made of, and which of it its own meter saw. */
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/report_files.h"
#include "bench/report_parts.h"
#include "report/html.h"

/* Which phases a component is the memory between; the last one ends at the peak. */
static const struct {
    const char *name, *after, *until;
} components[] = {{"interpreter", NULL, "runtime-ready"},
                  {"libraries", "runtime-ready", "script-imported"},
                  {"weights", "script-imported", "model-loaded"},
                  {"buffers", "model-loaded", NULL}};
enum { N_COMPONENTS = sizeof components / sizeof *components };

/* The run that is shown of an arm, as an index; REPORT_NONE: there is none. */
static size_t run_of(const struct report *r, const struct report_arm *a)
{
    const json_t *runs = json_object_get(r->results, "runs"), *run,
                 *typical = cuvee__report_typical(r->results, a->name);
    size_t i;
    json_array_foreach(runs, i, run)
    {
        if (run == typical) return i;
    }
    return REPORT_NONE;
}

static size_t phase_of(const struct report *r, size_t run, const char *name)
{
    const json_t *phases = cuvee__json_at(json_array_get(json_object_get(r->results, "runs"), run),
                                          "phases"),
                 *phase;
    size_t i;
    json_array_foreach(phases, i, phase)
    {
        if (strcmp(cuvee__json_text_at(phase, "name"), name) == 0) return i;
    }
    return REPORT_NONE;
}

/* The meter waits for memory to stand still before it looks, so what came between marks that are
 * nearer than this came with the one before, or cannot be told from it. */
#define NEAR_S 0.1

static bool is_near(const struct report *r, size_t run, size_t from, size_t to)
{
    double begin, end;
    return cuvee__report_number(r, &begin, "runs.%zu.phases.%zu.t_s", run, from) &&
           cuvee__report_number(r, &end, "runs.%zu.phases.%zu.t_s", run, to) &&
           end - begin < NEAR_S;
}

/* How much came in the phases that a component belongs to. */
static void put_growth(const struct report *r, size_t run, const char *name, struct prose *p)
{
    double heap;
    if (strcmp(name, "host heap") == 0 &&
        cuvee__report_number(r, &heap, "runs.%zu.naive.reported_heap", run)) {
        cuvee__prose_say(p, "{bytes runs.%zu.naive.reported_heap}", run);
        return;
    }
    size_t i = 0;
    while (i < N_COMPONENTS && strcmp(components[i].name, name) != 0) i++;
    const bool has_phase = i < N_COMPONENTS && run != REPORT_NONE;
    const size_t from =
        has_phase && components[i].after ? phase_of(r, run, components[i].after) : 0;
    const size_t to = has_phase && components[i].until ? phase_of(r, run, components[i].until) : 0;
    if (!has_phase || from == REPORT_NONE || to == REPORT_NONE)
        cuvee__prose_text(p, "within the others");
    else if (!components[i].after)
        cuvee__prose_say(p, "{bytes runs.%zu.phases.%zu.footprint}", run, to);
    else if (!components[i].until)
        cuvee__prose_say(p, "{bytes runs.%zu.footprint.lower - runs.%zu.phases.%zu.footprint}", run,
                         run, from);
    else if (is_near(r, run, from, to))
        cuvee__prose_text(p, "with the row above");
    else
        cuvee__prose_say(p, "{bytes runs.%zu.phases.%zu.footprint - runs.%zu.phases.%zu.footprint}",
                         run, to, run, from);
}

static const json_t *seen_of(const struct report *r, const struct report_arm *a)
{
    return json_object_get(json_array_get(json_object_get(r->results, "arms"), a->at), "seen");
}

/* Of the arm whose own figure is furthest from the truth: the one that reported a heap; else the
 * reference. */
static const struct report_arm *arm_of_components(const struct report *r)
{
    const struct report_arm *found = NULL;
    for (size_t i = 0; i < r->n_arms; i++) {
        const struct report_arm *a = &r->arms[i];
        double heap;
        if (!a->has_runs || !json_array_size(seen_of(r, a))) continue;
        if (a->is_reference && !found) found = a;
        if (cuvee__report_number(r, &heap, "summary.arms.%zu.naive.reported_heap", a->sum) &&
            (!found || found->is_reference ||
             json_array_size(seen_of(r, a)) > json_array_size(seen_of(r, found))))
            found = a;
    }
    return found;
}

const char *const cuvee__report_component_columns[REPORT_COMPONENT_COLUMNS] = {
    "component", ">came with it", "seen by the naive meter?"};

size_t cuvee__report_components(const struct report *r, const struct report_arm **ret_arm)
{
    *ret_arm = arm_of_components(r);
    return *ret_arm ? json_array_size(seen_of(r, *ret_arm)) : 0;
}

void cuvee__report_put_component(const struct report *r, const struct report_arm *a, size_t i,
                                 size_t column, struct prose *p)
{
    const json_t *entry = json_array_get(seen_of(r, a), i), *seen = json_object_get(entry, "seen");
    const char *name = cuvee__json_text_at(entry, "component");
    if (column == 0)
        cuvee__prose_name(p, "arms.%zu.seen.%zu.component", a->at, i);
    else if (column == 1)
        put_growth(r, run_of(r, a), name, p);
    else if (json_is_string(seen))
        cuvee__prose_name(p, "arms.%zu.seen.%zu.seen", a->at, i);
    else
        cuvee__prose_text(p, json_is_true(seen) ? "yes" : "no");
}

void cuvee__report_put_components_words(const struct report_arm *a, struct prose *p)
{
    cuvee__prose_say(p,
                     "Of {name summary.arms.%zu.arm}: what came between its marks in the run that "
                     "is shown of it. The naive meter is the heap that the program reports. ",
                     a->sum);
    cuvee__prose_text(p, "Between two marks more may happen than what the name says, and memory "
                         "is read when it stands still after one.");
}

void cuvee__report_put_components(struct report *r)
{
    const struct report_arm *a;
    const size_t n = cuvee__report_components(r, &a);
    struct prose p = cuvee__report_prose(r, PROSE_HTML);
    struct html_table t;
    if (!n) return;
    cuvee__html_table_open(r->out, &t, cuvee__report_component_columns, REPORT_COMPONENT_COLUMNS);
    for (size_t i = 0; i < n; i++)
        for (size_t column = 0; column < REPORT_COMPONENT_COLUMNS; column++) {
            cuvee__html_cell_open(r->out, &t);
            cuvee__report_put_component(r, a, i, column, &p);
            cuvee__html_cell_close(r->out, &t);
        }
    cuvee__html_table_close(r->out, &t);
    sink_put_str(r->out, "<p class=\"caption\">");
    cuvee__report_put_components_words(a, &p);
    sink_put_str(r->out, "</p>\n");
}
