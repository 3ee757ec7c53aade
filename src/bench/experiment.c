/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/experiment.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/plan.h"
#include "bench/rates.h"
#include "bench/results.h"
#include "bench/scenarios.h"
#include "bench/schedule.h"
#include "os/clock.h"
#include "os/file.h"

enum { PATH_ROOM = 4400, MAX_FAILURES = 2 };

/* Shares of the budget: after the first no run begins, after the second none goes on; the rest is
 * for the report. */
#define BEGIN_SHARE 0.84
#define END_SHARE   0.96

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for an experiment");
}

/* ---- what has run ---- */

/* Is it one of an arm's runs in a block, warm-up (-1) included? What was interrupted was none, and
 * a sweep, a search or another scenario has no blocks. */
static bool is_run_in(const json_t *run, const char *arm, long block)
{
    return cuvee__json_text_is(run, "arm", arm) &&
           !cuvee__json_text_is(run, "status", "interrupted") &&
           !cuvee__json_text_is(run, "kind", "sweep") &&
           !cuvee__json_text_is(run, "kind", "rate") &&
           !cuvee__json_text_is(run, "kind", "scenario") &&
           json_integer_value(json_object_get(run, "block")) == block;
}

static const json_t *find_run(const json_t *results, const char *arm, long block)
{
    const json_t *runs = json_object_get(results, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (is_run_in(json_array_get(runs, i), arm, block)) return json_array_get(runs, i);
    return NULL;
}

static bool has_run(const json_t *results, const char *arm, long block)
{
    return find_run(results, arm, block) != NULL;
}

static bool is_success(const json_t *run)
{
    return cuvee__json_text_is(run, "status", "ok");
}

static bool is_contaminated(const json_t *run)
{
    return json_array_size(json_object_get(run, "flags")) > 0;
}

/* Failures of an arm that never succeeded. */
static size_t count_failures(const json_t *results, const char *arm)
{
    const json_t *runs = json_object_get(results, "runs");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        if (!cuvee__json_text_is(run, "arm", arm) ||
            cuvee__json_text_is(run, "status", "interrupted"))
            continue;
        if (is_success(run)) return 0;
        n++;
    }
    return n;
}

/* ---- entries: arms that can run, and the reference's twin ---- */

static json_t *entry(const struct experiment *e, size_t i)
{
    return json_array_get(json_object_get(e->results, "arms"), i);
}

static size_t n_entries(const struct experiment *e)
{
    return json_array_size(json_object_get(e->results, "arms"));
}

static const char *reference_of(const struct experiment *e)
{
    return cuvee__json_text_at(e->setup.plan, "reference");
}

/* The arm of the plan that an entry runs. */
static const json_t *arm_of(const struct experiment *e, const json_t *an_entry)
{
    return json_is_true(json_object_get(an_entry, "twin"))
               ? cuvee__plan_arm(e->setup.plan, reference_of(e))
               : cuvee__plan_arm(e->setup.plan, cuvee__json_text_at(an_entry, "name"));
}

static bool is_skipped(const json_t *an_entry)
{
    return json_is_string(json_object_get(an_entry, "skipped"));
}

static bool can_run(const json_t *an_entry)
{
    return !is_skipped(an_entry) && !json_is_string(json_object_get(an_entry, "given_up"));
}

static long n_blocks(const struct experiment *e)
{
    return (long)json_integer_value(json_object_get(e->setup.plan, "blocks"));
}

/* Does it run in this block? Slow ones do in three, spread evenly. */
static bool runs_in(const struct experiment *e, const json_t *an_entry, long block)
{
    if (!can_run(an_entry)) return false;
    const json_t *own = json_object_get(an_entry, "blocks");
    if (!own) return true;
    const long wanted = (long)json_integer_value(own), all = n_blocks(e);
    for (long i = 0; i < wanted; i++)
        if (block == (wanted > 1 ? i * (all - 1) / (wanted - 1) : 0)) return true;
    return false;
}

/* ---- one run ---- */

/* Keep the answers of a run in a block or in another scenario, of an arm's first success whenever
 * it was, and of the reference to compare with. */
static int keep_answers(struct experiment *e, const struct run_request *request, json_t *run,
                        struct answers *answers, cuvee_error *err)
{
    char kept[PATH_ROOM], scratch[PATH_ROOM];
    const char *name = request->name;
    const bool is_scenario = strcmp(request->kind, "scenario") == 0;
    const bool is_block =
        is_scenario || strcmp(request->kind, "timed") == 0 || strcmp(request->kind, "again") == 0;
    cuvee__answers_path(&e->setup, name, kept, sizeof kept);
    snprintf(scratch, sizeof scratch, "%s/scratch/answers.jsonl", e->setup.dir);
    const bool is_first = !is_scenario && !cuvee__file_exists(kept); /* that is of fewer items */
    if (!is_first)
        snprintf(kept, sizeof kept, "%s/answers/runs/%04zu-%s.jsonl", e->setup.dir, request->id,
                 name);
    if ((is_first || is_block) && rename(scratch, kept) != 0)
        return cuvee__fail(err, CUVEE_E_IO, "%s: cannot be written", kept);
    if ((is_first || is_block) &&
        json_object_set_new(json_object_get(run, "files"), "answers",
                            json_string(kept + strlen(e->setup.dir) + 1)) < 0)
        return no_memory(err);
    if (!is_scenario && e->expected.n == 0 && strcmp(name, reference_of(e)) == 0) {
        e->expected = *answers;
        *answers = (struct answers){0};
    }
    return CUVEE_OK;
}

/* Of the runs of an entry in a block the first undisturbed success counts, else the first. */
static int choose_counted(const json_t *results, const char *name, long block, cuvee_error *err)
{
    const json_t *runs = json_object_get(results, "runs");
    json_t *counted = NULL;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        json_t *run = json_array_get(runs, i);
        if (!is_run_in(run, name, block)) continue;
        if (json_object_set_new(run, "counts", json_false()) < 0) return no_memory(err);
        if (is_success(run) && (!counted || (is_contaminated(counted) && !is_contaminated(run))))
            counted = run;
    }
    return counted && json_object_set_new(counted, "counts", json_true()) < 0 ? no_memory(err)
                                                                              : CUVEE_OK;
}

/* request->block: below 0 of runs that warm up. */
static int keep_run(struct experiment *e, const struct run_request *request, json_t *run,
                    cuvee_error *err)
{
    if (json_array_append(json_object_get(e->results, "runs"), run) < 0) return no_memory(err);
    const int rc = request->block < 0
                       ? CUVEE_OK
                       : choose_counted(e->results, request->name, request->block, err);
    return rc == CUVEE_OK ? cuvee__results_write(e->results, e->setup.dir, err) : rc;
}

int cuvee__experiment_run_once(struct experiment *e, struct run_request *request, json_t **ret_run,
                               cuvee_error *err)
{
    json_t *run = NULL;
    struct answers answers = {0};
    request->id = json_array_size(json_object_get(e->results, "runs"));
    if (*e->schedule && !request->schedule && !request->scenario) {
        request->schedule = e->schedule;
        request->rate = e->rate;
    }
    if (e->on_begin) e->on_begin(e->arg, request->name, request->block, request->kind);
    int rc = cuvee__bench_run(&e->setup, request, e->expected.n ? &e->expected : NULL, &run,
                              &answers, err);
    if (rc < 0) return rc;
    if (is_success(run) && (!e->setup.max_items || strcmp(request->kind, "scenario") == 0))
        rc = keep_answers(e, request, run, &answers, err);
    if (rc == CUVEE_OK) rc = keep_run(e, request, run, err);
    e->has_left_out |= cuvee__json_text_is(run, "status", "interrupted");
    if (rc == CUVEE_OK && e->on_end) e->on_end(e->arg, run);
    cuvee__answers_deinit(&answers);
    *ret_run = run; /* the list holds it */
    json_decref(run);
    return rc;
}

int cuvee__experiment_run_quiet(struct experiment *e, struct run_request *request,
                                const char *again, cuvee_error *err)
{
    json_t *run = NULL;
    for (int i = 0; i <= (e->repeats ? CUVEE__AGAIN_MAX : 0); i++) {
        if (cuvee__experiment_is_over(e)) break;
        const int rc = cuvee__experiment_run_once(e, request, &run, err);
        if (rc < 0) return rc;
        if (!is_success(run) || !is_contaminated(run)) break;
        if (i == 0) request->again_of = (long)request->id;
        request->kind = again;
    }
    return CUVEE_OK;
}

/* A run of an entry in a block, and again while it is disturbed. */
static int run_entry(struct experiment *e, const json_t *an_entry, long block, cuvee_error *err)
{
    struct run_request request = {.arm = arm_of(e, an_entry),
                                  .name = cuvee__json_text_at(an_entry, "name"),
                                  .kind = "timed",
                                  .block = block,
                                  .again_of = -1};
    return cuvee__experiment_run_quiet(e, &request, "again", err);
}

/* ---- the parts of an experiment ---- */

bool cuvee__experiment_is_over(const struct experiment *e)
{
    const double elapsed_s = (double)(cuvee__clock_ns() - e->begin_ns) / 1e9;
    return *e->setup.stop || (e->budget_s > 0 && elapsed_s > e->budget_s * BEGIN_SHARE);
}

bool cuvee__experiment_may_begin(struct experiment *e)
{
    const bool is_over = cuvee__experiment_is_over(e);
    e->has_left_out |= is_over;
    return !is_over;
}

bool cuvee__experiment_takes(const struct experiment *e, size_t i, const json_t **ret_arm)
{
    const json_t *an_entry = entry(e, i);
    if (!can_run(an_entry) || json_is_true(json_object_get(an_entry, "twin"))) return false;
    *ret_arm = arm_of(e, an_entry);
    return true;
}

static int give_up(struct experiment *e, json_t *an_entry, cuvee_error *err)
{
    const char *name = cuvee__json_text_at(an_entry, "name");
    if (count_failures(e->results, name) < MAX_FAILURES) return CUVEE_OK;
    const int rc = json_object_set_new(an_entry, "given_up",
                                       json_string("it failed twice and never succeeded"));
    return rc < 0 ? no_memory(err) : CUVEE_OK;
}

/* The reference first: its answers are what others are compared with, and its time is the measure
 * of slowness. */
static int warm_up_entry(struct experiment *e, json_t *an_entry, double *baseline_s,
                         cuvee_error *err)
{
    struct run_request request = {.arm = arm_of(e, an_entry),
                                  .name = cuvee__json_text_at(an_entry, "name"),
                                  .kind = "warm-up",
                                  .block = -1,
                                  .again_of = -1};
    json_t *run = NULL;
    double wall_s = 0;
    const int rc = cuvee__experiment_run_once(e, &request, &run, err);
    if (rc < 0 || !is_success(run) || !cuvee__json_number_at(run, "wall_s", &wall_s)) return rc;
    if (strcmp(request.name, reference_of(e)) == 0) *baseline_s = wall_s;
    if (*baseline_s > 0 && wall_s > CUVEE__SLOW_ARM_RATIO * *baseline_s &&
        n_blocks(e) > CUVEE__SLOW_ARM_BLOCKS &&
        json_object_set_new(an_entry, "blocks", json_integer(CUVEE__SLOW_ARM_BLOCKS)) < 0)
        return no_memory(err);
    return rc;
}

static int warm_up(struct experiment *e, cuvee_error *err)
{
    double baseline_s = 0;
    int rc = CUVEE_OK;
    cuvee__json_number_at(find_run(e->results, reference_of(e), -1), "wall_s", &baseline_s);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; rc == CUVEE_OK && i < n_entries(e); i++) {
            json_t *an_entry = entry(e, i);
            const char *name = cuvee__json_text_at(an_entry, "name");
            const bool is_reference = strcmp(name, reference_of(e)) == 0;
            if (is_reference != (pass == 0) || is_skipped(an_entry) ||
                json_is_true(json_object_get(an_entry, "twin")) || has_run(e->results, name, -1))
                continue;
            if (!cuvee__experiment_may_begin(e)) return rc;
            rc = warm_up_entry(e, an_entry, &baseline_s, err);
        }
    return rc;
}

static int run_block(struct experiment *e, long block, cuvee_error *err)
{
    size_t order[CUVEE__PLAN_MAX_ARMS + 1];
    const size_t n = n_entries(e);
    const json_t *seed = json_object_get(e->setup.plan, "seed");
    int rc = CUVEE_OK;
    cuvee__schedule_block((uint64_t)json_integer_value(seed), (uint64_t)block, order, n);
    for (size_t k = 0; rc == CUVEE_OK && k < n; k++) {
        json_t *an_entry = entry(e, order[k]);
        const char *name = cuvee__json_text_at(an_entry, "name");
        if (!runs_in(e, an_entry, block) || has_run(e->results, name, block)) continue;
        if (!cuvee__experiment_may_begin(e)) break;
        rc = run_entry(e, an_entry, block, err);
        if (rc == CUVEE_OK) rc = give_up(e, an_entry, err);
    }
    return rc;
}

/* After a warm-up with one item the order matters for one thing: nobody can be compared before the
 * reference has answered. */
static int run_reference_first(struct experiment *e, cuvee_error *err)
{
    for (size_t i = 0; i < n_entries(e); i++) {
        const json_t *an_entry = entry(e, i);
        const char *name = cuvee__json_text_at(an_entry, "name");
        if (strcmp(name, reference_of(e)) == 0 && !is_skipped(an_entry) &&
            !has_run(e->results, name, 0))
            return run_entry(e, an_entry, 0, err);
    }
    return CUVEE_OK;
}

static bool has_swept(const struct experiment *e, long block, long workers, long threads)
{
    const json_t *runs = json_object_get(e->results, "runs");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        double w = 0, t = 0;
        if (cuvee__json_text_is(run, "kind", "sweep") &&
            !cuvee__json_text_is(run, "status", "interrupted") &&
            json_integer_value(json_object_get(run, "block")) == block &&
            cuvee__json_number_at(run, "settings.workers", &w) && (long)w == workers &&
            cuvee__json_number_at(run, "settings.threads", &t) && (long)t == threads)
            return true;
    }
    return false;
}

static int sweep_once(struct experiment *e, const json_t *an_entry, long block, long workers,
                      long threads, cuvee_error *err)
{
    struct run_request request = {.arm = arm_of(e, an_entry),
                                  .name = cuvee__json_text_at(an_entry, "name"),
                                  .kind = "sweep",
                                  .block = block,
                                  .again_of = -1,
                                  .workers = workers,
                                  .threads = threads};
    json_t *run = NULL;
    if (has_swept(e, block, workers, threads) || !cuvee__experiment_may_begin(e)) return CUVEE_OK;
    return cuvee__experiment_run_once(e, &request, &run, err);
}

const json_t *cuvee__experiment_swept(const struct experiment *e)
{
    const char *name = cuvee__json_text_at(e->setup.plan, "sweep.arm");
    for (size_t i = 0; i < n_entries(e); i++)
        if (cuvee__json_text_is(entry(e, i), "name", name))
            return can_run(entry(e, i)) ? entry(e, i) : NULL;
    return NULL;
}

static int run_sweep(struct experiment *e, cuvee_error *err)
{
    const json_t *sweep = json_object_get(e->setup.plan, "sweep");
    const json_t *workers = json_object_get(sweep, "workers"),
                 *threads = json_object_get(sweep, "threads");
    const json_t *swept = cuvee__experiment_swept(e);
    const json_int_t own_blocks = json_integer_value(json_object_get(sweep, "blocks"));
    int rc = CUVEE_OK;
    if (!swept) return CUVEE_OK;
    for (long block = 0; block < (own_blocks > 0 ? own_blocks : 1); block++)
        for (size_t w = 0; w < json_array_size(workers); w++)
            for (size_t t = 0; t < json_array_size(threads); t++) {
                rc = sweep_once(e, swept, block,
                                (long)json_integer_value(json_array_get(workers, w)),
                                (long)json_integer_value(json_array_get(threads, t)), err);
                if (rc < 0) return rc;
            }
    return rc;
}

/* Answers that were kept when the experiment was interrupted. */
static int take_kept_answers(struct experiment *e, cuvee_error *err)
{
    char path[PATH_ROOM];
    cuvee__answers_path(&e->setup, reference_of(e), path, sizeof path);
    if (e->expected.n || !cuvee__file_exists(path)) return CUVEE_OK;
    const json_t *arm = cuvee__plan_arm(e->setup.plan, reference_of(e));
    return cuvee__answers_read(path, cuvee__arm_items(&e->setup, arm), &e->expected, err);
}

static int schedule_arrivals(struct experiment *e, cuvee_error *err)
{
    if (!cuvee__json_text_is(e->setup.plan, "scenario", "server")) return CUVEE_OK;
    cuvee__json_number_at(e->setup.plan, "rate", &e->rate);
    return cuvee__arrivals_write(&e->setup, e->rate, e->schedule, sizeof e->schedule, err);
}

int cuvee__experiment_run(struct experiment *e, cuvee_error *err)
{
    char now[32];
    e->begin_ns = cuvee__clock_ns();
    if (e->budget_s > 0)
        e->setup.deadline_ns = e->begin_ns + (uint64_t)(e->budget_s * END_SHARE * 1e9);
    int rc = take_kept_answers(e, err);
    if (rc == CUVEE_OK) rc = schedule_arrivals(e, err);
    e->setup.max_items = e->warms_up_briefly ? 1 : 0;
    if (rc == CUVEE_OK) rc = warm_up(e, err);
    e->setup.max_items = 0;
    if (rc == CUVEE_OK && e->expected.n == 0 && !cuvee__experiment_is_over(e))
        rc = run_reference_first(e, err);
    for (long block = 0; rc == CUVEE_OK && block < n_blocks(e); block++)
        rc = run_block(e, block, err);
    if (rc == CUVEE_OK) rc = run_sweep(e, err);
    if (rc == CUVEE_OK) rc = cuvee__scenarios_run(e, err);
    if (rc < 0) return rc;
    const char *state = *e->setup.stop    ? "interrupted"
                        : e->has_left_out ? "out of time"
                                          : "complete";
    if (json_object_set_new(e->results, "state", json_string(state)) < 0 ||
        json_object_set_new(e->results, "ended", json_string(cuvee__utc_now(now, sizeof now))) < 0)
        return no_memory(err);
    return CUVEE_OK;
}

size_t cuvee__experiment_n_runs(const struct experiment *e)
{
    const json_t *sweep = json_object_get(e->setup.plan, "sweep");
    const json_int_t sweep_blocks = json_integer_value(json_object_get(sweep, "blocks"));
    size_t n = cuvee__scenarios_n_runs(e);
    if (cuvee__experiment_swept(e))
        n += json_array_size(json_object_get(sweep, "workers")) *
             json_array_size(json_object_get(sweep, "threads")) *
             (size_t)(sweep_blocks > 0 ? sweep_blocks : 1);
    for (size_t i = 0; i < n_entries(e); i++) {
        if (is_skipped(entry(e, i))) continue;
        for (long block = 0; block < n_blocks(e); block++) n += runs_in(e, entry(e, i), block);
        n += !json_is_true(json_object_get(entry(e, i), "twin"));
    }
    return n;
}
