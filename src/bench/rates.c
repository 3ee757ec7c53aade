/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rates.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/plan.h"
#include "bench/schedule.h"
#include "table/writer.h"

enum { PATH_ROOM = 4400 };
#define CLOSE_ENOUGH 1.08 /* between the highest rate that met and the lowest that did not */

/* ---- arrivals ---- */

static int write_lines(const char *path, const double *at_s, size_t n, cuvee_error *err)
{
    struct output_file *file = NULL;
    int rc = cuvee__output_open(path, &file, err);
    for (size_t i = 0; rc == CUVEE_OK && i < n; i++) {
        char line[40];
        const int len = snprintf(line, sizeof line, "%.6f\n", at_s[i]);
        rc = cuvee__output_write(file, line, (size_t)len, err);
    }
    if (rc == CUVEE_OK) rc = cuvee__output_commit(file, err);
    cuvee__output_close(file, false);
    return rc;
}

int cuvee__arrivals_write(const struct bench_setup *setup, double per_second, char *path,
                          size_t room, cuvee_error *err)
{
    const size_t n = setup->input->n_items;
    const json_t *seed = json_object_get(setup->plan, "seed");
    double *at_s = cuvee__alloc_array(n + 1, sizeof *at_s);
    if (!at_s) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for arrivals");
    cuvee__schedule_arrivals((uint64_t)json_integer_value(seed), per_second, at_s, n);
    snprintf(path, room, "%s/scratch/schedule.txt", setup->dir);
    const int rc = write_lines(path, at_s, n, err);
    cuvee__free(at_s);
    return rc;
}

/* ---- the search ---- */

struct search {
    double low, high; /* the highest rate that met, the lowest that did not; 0: none yet */
    double bound_ms;
};

static double next_rate(const struct search *s, double first)
{
    if (!s->low && !s->high) return first;
    if (!s->high) return 2 * s->low;
    if (!s->low) return s->high / 2;
    return sqrt(s->low * s->high);
}

static bool is_found(const struct search *s)
{
    return s->low > 0 && s->high > 0 && s->high / s->low < CLOSE_ENOUGH;
}

static int probe(struct experiment *e, struct search *s, const json_t *arm, double rate,
                 cuvee_error *err)
{
    char path[PATH_ROOM];
    double p99;
    json_t *run = NULL;
    int rc = cuvee__arrivals_write(&e->setup, rate, path, sizeof path, err);
    if (rc < 0) return rc;
    struct run_request request = {.arm = arm,
                                  .name = cuvee__json_text_at(arm, "name"),
                                  .kind = "rate",
                                  .again_of = -1,
                                  .rate = rate,
                                  .schedule = path};
    if ((rc = cuvee__experiment_run_once(e, &request, &run, err)) < 0) return rc;
    const bool met = strcmp(cuvee__json_text_at(run, "status"), "ok") == 0 &&
                     cuvee__json_number_at(run, "latency_ms.p99", &p99) && p99 <= s->bound_ms;
    if (met)
        s->low = rate;
    else
        s->high = rate;
    if (json_object_set_new(run, "met", json_boolean(met)) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a run");
    return CUVEE_OK;
}

/* What earlier probes of an experiment that goes on have found. Returns how many there were. */
static int take_probes(const json_t *results, const char *arm, struct search *s)
{
    const json_t *runs = json_object_get(results, "runs");
    int n = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i), *met = json_object_get(run, "met");
        double rate;
        if (!met || strcmp(cuvee__json_text_at(run, "arm"), arm) != 0 ||
            !cuvee__json_number_at(run, "rate", &rate))
            continue;
        n++;
        if (json_is_true(met))
            s->low = fmax(s->low, rate);
        else
            s->high = s->high ? fmin(s->high, rate) : rate;
    }
    return n;
}

int cuvee__rates_find(struct experiment *e, cuvee_error *err)
{
    const json_t *entries = json_object_get(e->results, "arms");
    double bound_ms = 0, first = 1;
    int rc = CUVEE_OK;
    if (!cuvee__json_number_at(e->setup.plan, "latency_bound_ms", &bound_ms) || bound_ms <= 0)
        return CUVEE_OK;
    cuvee__json_number_at(e->setup.plan, "rate", &first);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *name = cuvee__json_text_at(entry, "name");
        struct search s = {.bound_ms = bound_ms};
        if (json_is_string(json_object_get(entry, "skipped")) ||
            json_is_string(json_object_get(entry, "given_up")) ||
            json_is_true(json_object_get(entry, "twin")))
            continue;
        for (int n = take_probes(e->results, name, &s);
             rc == CUVEE_OK && n < CUVEE__RATE_PROBES && !is_found(&s) && !*e->setup.stop; n++)
            rc = probe(e, &s, cuvee__plan_arm(e->setup.plan, name), next_rate(&s, first), err);
    }
    return rc;
}

json_t *cuvee__rates_summary(const json_t *results, const char *arm)
{
    const json_t *runs = json_object_get(results, "runs"), *best = NULL;
    double best_rate = 0;
    json_int_t n = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        double rate;
        if (!json_object_get(run, "met") || strcmp(cuvee__json_text_at(run, "arm"), arm) != 0 ||
            !cuvee__json_number_at(run, "rate", &rate))
            continue;
        n++;
        if (!json_is_true(json_object_get(run, "met")) || rate <= best_rate) continue;
        best_rate = rate;
        best = run;
    }
    if (!best) return json_null();
    return json_pack("{s:f, s:O, s:I}", "rate", best_rate, "p99_ms",
                     cuvee__json_at(best, "latency_ms.p99"), "n", n);
}
