/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rates.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/needs.h"
#include "bench/plan.h"
#include "bench/schedule.h"
#include "table/writer.h"

enum { PATH_ROOM = 4400 };
#define CLOSE_ENOUGH    1.08 /* between the highest rate that met and the lowest that did not */
#define PATIENCE_S      120  /* a probe may take so long, to know a rate that is met better */
#define MORE_PATIENCE_S 600  /* and so long while no rate is known that is met */

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
    double n_items;  /* of a probe; 0: not known yet */
    int n, n_failed; /* probes so far */
    bool is_hopeless;
};

static double next_rate(const struct search *s, double first)
{
    if (s->n == s->n_failed && (!s->high || first < s->high)) return first;
    if (!s->high) return 2 * s->low;
    if (!s->low) return s->high / 2;
    return sqrt(s->low * s->high);
}

static bool is_found(const struct search *s)
{
    return s->low > 0 && s->high > 0 && s->high / s->low < CLOSE_ENOUGH;
}

/* What a probe has told, whether it ran just now or in an earlier part of the experiment. */
static void learn(struct search *s, const json_t *run)
{
    double rate = 0, p99;
    cuvee__json_number_at(run, "rate", &rate);
    cuvee__json_number_at(run, "n_items", &s->n_items);
    s->n++;
    if (!cuvee__json_text_is(run, "status", "ok")) {
        s->n_failed++;
        return;
    }
    /* Of a few answers no 99th of 100 is known. */
    s->is_hopeless |= !cuvee__json_number_at(run, "latency_ms.p99", &p99);
    if (json_is_true(json_object_get(run, "met")))
        s->low = fmax(s->low, rate);
    else
        s->high = s->high > 0 ? fmin(s->high, rate) : rate;
}

static int probe(struct experiment *e, const struct search *s, const json_t *arm, double rate,
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
                                  .scenario = "server",
                                  .again_of = -1,
                                  .rate = rate,
                                  .schedule = path};
    if ((rc = cuvee__experiment_run_once(e, &request, &run, err)) < 0) return rc;
    if (!cuvee__json_text_is(run, "status", "ok")) return CUVEE_OK;
    const bool met = cuvee__json_number_at(run, "latency_ms.p99", &p99) && p99 <= s->bound_ms;
    if (json_object_set_new(run, "met", json_boolean(met)) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a run");
    return CUVEE_OK;
}

static bool is_probe_of(const json_t *run, const char *arm)
{
    return cuvee__json_text_is(run, "kind", "rate") && cuvee__json_text_is(run, "arm", arm) &&
           !cuvee__json_text_is(run, "status", "interrupted");
}

static void learn_from_probes(struct search *s, const json_t *results, const char *arm)
{
    const json_t *runs = json_object_get(results, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (is_probe_of(json_array_get(runs, i), arm)) learn(s, json_array_get(runs, i));
}

/* Whether half of an arm's answers are too late although nobody has to wait for the one before:
 * they are at any rate, then. */
static bool is_late_alone(const json_t *results, const char *arm, double bound_ms)
{
    const json_t *runs = json_object_get(results, "runs");
    double p50;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        if (cuvee__json_text_is(run, "arm", arm) && cuvee__json_text_is(run, "status", "ok") &&
            cuvee__json_text_is(run, "scenario", "single") &&
            cuvee__json_number_at(run, "latency_ms.p50", &p50) && p50 > bound_ms)
            return true;
    }
    return false;
}

/* Did it run with all items there? */
static bool is_of_batch(const json_t *results, const json_t *run)
{
    return json_object_get(run, "scenario")
               ? cuvee__json_text_is(run, "scenario", "offline")
               : cuvee__json_text_is(results, "plan.scenario", "offline") &&
                     json_is_true(json_object_get(run, "counts"));
}

/* The most that an arm did in a batch, items a second once it had loaded; 0: not known. */
static double throughput_of(const json_t *results, const char *arm)
{
    const json_t *runs = json_object_get(results, "runs");
    double most = 0, items, work_s;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        if (cuvee__json_text_is(run, "arm", arm) && cuvee__json_text_is(run, "status", "ok") &&
            is_of_batch(results, run) && cuvee__json_number_at(run, "n_items", &items) &&
            (cuvee__json_number_at(run, "work_s", &work_s) ||
             cuvee__json_number_at(run, "wall_s", &work_s)) &&
            work_s > 0)
            most = fmax(most, items / work_s);
    }
    return most;
}

/* One more probe of an arm, where it needs one. */
static int probe_arm(struct experiment *e, const json_t *arm, double bound_ms, cuvee_error *err)
{
    const char *name = cuvee__json_text_at(arm, "name");
    double rate = 0;
    const double throughput = throughput_of(e->results, name);
    /* At more than that a queue grows for as long as they arrive; a short probe may end before the
     * bound shows it. */
    struct search s = {.bound_ms = bound_ms, .high = throughput};
    s.is_hopeless = is_late_alone(e->results, name, bound_ms);
    cuvee__json_number_at(e->setup.plan, "rate", &rate);
    if (!(rate > 0)) rate = throughput > 0 ? throughput / 2 : 1;
    learn_from_probes(&s, e->results, name);
    if (s.n >= CUVEE__RATE_PROBES || s.n_failed > 1 || s.is_hopeless || is_found(&s))
        return CUVEE_OK;
    rate = next_rate(&s, rate);
    if (s.n_items / rate > (s.low > 0 ? PATIENCE_S : MORE_PATIENCE_S)) return CUVEE_OK;
    if (!cuvee__experiment_may_begin(e)) return CUVEE_OK;
    return probe(e, &s, arm, rate, err);
}

/* All arms by turns, so that something is known of each when the time is up. */
int cuvee__rates_find(struct experiment *e, cuvee_error *err)
{
    const size_t n = json_array_size(json_object_get(e->results, "arms"));
    double bound_ms = 0;
    int rc = CUVEE_OK;
    if (!cuvee__json_number_at(e->setup.plan, "latency_bound_ms", &bound_ms) || bound_ms <= 0)
        return CUVEE_OK;
    for (int round = 0; round < CUVEE__RATE_PROBES; round++)
        for (size_t i = 0; rc == CUVEE_OK && i < n; i++) {
            const json_t *arm;
            if (cuvee__experiment_takes(e, i, &arm) && cuvee__arm_has_scenario(arm, "server"))
                rc = probe_arm(e, arm, bound_ms, err);
        }
    return rc;
}

json_t *cuvee__rates_probes(const json_t *results, const char *arm)
{
    const json_t *runs = json_object_get(results, "runs");
    json_t *probes = json_array();
    for (size_t i = 0; probes && i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        json_t *met = json_object_get(run, "met");
        if (!is_probe_of(run, arm) || !met) continue;
        const json_t *p99 = cuvee__json_at(run, "latency_ms.p99");
        if (json_array_append_new(
                probes, json_pack("{s:O, s:o, s:O}", "rate", json_object_get(run, "rate"), "p99_ms",
                                  p99 ? json_deep_copy(p99) : json_null(), "met", met)) < 0) {
            json_decref(probes);
            return NULL;
        }
    }
    return probes;
}

json_t *cuvee__rates_summary(const json_t *probes, const json_t *plan)
{
    const json_t *best = NULL;
    double best_rate = 0;
    for (size_t i = 0; i < json_array_size(probes); i++) {
        const json_t *p = json_array_get(probes, i);
        const double rate = json_number_value(json_object_get(p, "rate"));
        if (!json_is_true(json_object_get(p, "met")) || rate <= best_rate) continue;
        best_rate = rate;
        best = p;
    }
    if (!best) return json_null();
    return json_pack("{s:f, s:O, s:O, s:I}", "rate", best_rate, "p99_ms",
                     json_object_get(best, "p99_ms"), "bound_ms",
                     json_object_get(plan, "latency_bound_ms"), "n",
                     (json_int_t)json_array_size(probes));
}
