/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/results.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "bench/experiment.h"
#include "bench/needs.h"
#include "bench/plan.h"
#include "os/file.h"
#include "table/writer.h"

enum { PATH_ROOM = 4400 };
/* A run is 3 kB: a hundred thousand of them. */
#define MAX_RESULTS_BYTES ((size_t)300 << 20)

static json_t *gold_of(const json_t *plan)
{
    return json_object_get(json_object_get(plan, "input"), "gold");
}

/* An entry of `arms`. */
static json_t *make_entry(const json_t *arm, const char *name, const char *reason, bool is_twin)
{
    json_t *settings = json_object_get(arm, "settings"), *seen = json_object_get(arm, "seen");
    return json_pack("{s:s, s:O, s:O, s:O, s:O, s:o, s:b}", "name", name, "title",
                     json_object_get(arm, "title"), "command", json_object_get(arm, "command"),
                     "settings", settings ? settings : json_null(), "seen",
                     seen ? seen : json_null(), "skipped",
                     *reason ? cuvee__json_string(reason) : json_null(), "twin", is_twin);
}

static int add_entries(const struct results_begin *b, json_t *arms, cuvee_error *err)
{
    const json_t *planned = json_object_get(b->plan, "arms");
    const char *reference = cuvee__json_text_at(b->plan, "reference");
    for (size_t i = 0; i < json_array_size(planned); i++) {
        const json_t *arm = json_array_get(planned, i);
        const char *name = cuvee__json_text_at(arm, "name");
        char reason[512], twin[64];
        const int rc = cuvee__needs_missing(
            arm, b->python, cuvee__json_text_at(b->plan, "scenario"), reason, sizeof reason, err);
        if (rc < 0) return rc;
        snprintf(twin, sizeof twin, "%.50s%s", name, CUVEE__TWIN_SUFFIX);
        if (json_array_append_new(arms, make_entry(arm, name, reason, false)) < 0 ||
            (strcmp(name, reference) == 0 &&
             json_integer_value(json_object_get(b->plan, "blocks")) > 1 &&
             json_array_append_new(arms, make_entry(arm, twin, reason, true)) < 0))
            return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results");
    }
    return CUVEE_OK;
}

int cuvee__results_begin(const struct results_begin *b, json_t **ret, cuvee_error *err)
{
    char hash[65], now[32];
    json_t *arms = json_array();
    int rc = cuvee__plan_hash(b->plan, hash, err);
    if (rc == CUVEE_OK && !arms) rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results");
    if (rc == CUVEE_OK) rc = add_entries(b, arms, err);
    json_t *results = NULL;
    if (rc == CUVEE_OK) {
        results = json_pack(
            "{s:s, s:{s:s}, s:s, s:n, s:s, s:O, s:s, s:O, s:{s:s?, s:s?}, s:{s:O, s:s, s:I, s:O, "
            "s:o}, s:O, s:O, s:[]}",
            "schema", "bench/1", "tool", "version", cuvee_version(), "started",
            cuvee__utc_now(now, sizeof now), "ended", "state", "running", "plan", b->plan,
            "plan_sha256", hash, "machine", b->machine, "limits", "cpus", b->cpus, "memory",
            b->memory_limit, "input", "path", cuvee__json_at(b->plan, "input.path"), "sha256",
            b->input->sha256, "n_items", (json_int_t)b->input->n_items, "column",
            cuvee__json_at(b->plan, "input.column"), "gold",
            b->input->gold.n ? json_incref(gold_of(b->plan)) : json_null(), "model", b->model,
            "arms", arms, "runs");
        if (!results) rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results");
    }
    json_decref(arms);
    if (rc == CUVEE_OK) *ret = results;
    return rc;
}

int cuvee__results_read(const char *dir, json_t **ret, cuvee_error *err)
{
    char path[PATH_ROOM];
    struct buffer text = {.cap_bytes = MAX_RESULTS_BYTES};
    json_t *results = NULL;
    snprintf(path, sizeof path, "%s/results.json", dir);
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(buffer_span(&text), path, &results, err);
    cuvee__buffer_deinit(&text);
    if (rc < 0) return rc;
    if (strcmp(cuvee__json_text_at(results, "schema"), "bench/1") != 0) {
        json_decref(results);
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: no results of 'cuvee bench' (bench/1)", path);
    }
    *ret = results;
    return CUVEE_OK;
}

/* The same plan, or one with more in it; that is then the old one's. */
static int take_plan(json_t *old, const json_t *fresh, cuvee_error *err)
{
    char hash[65];
    json_t *plan = json_object_get(old, "plan");
    if (cuvee__json_text_is(old, "plan_sha256", cuvee__json_text_at(fresh, "plan_sha256")))
        return json_object_set(old, "plan", json_object_get(fresh, "plan")) < 0
                   ? cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results")
                   : CUVEE_OK;
    int rc = cuvee__plan_hash(plan, hash, err);
    if (rc < 0) return rc;
    if (!cuvee__json_text_is(old, "plan_sha256", hash)) /* it was changed by hand */
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "the experiment cannot go on: it began with another plan");
    rc = cuvee__plan_extend(plan, json_object_get(fresh, "plan"), err);
    if (rc == CUVEE_OK) rc = cuvee__plan_hash(plan, hash, err);
    if (rc == CUVEE_OK && json_object_set_new(old, "plan_sha256", json_string(hash)) < 0)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results");
    return rc;
}

/* Files are known by their hashes, and may be elsewhere by now. */
static int take_places(json_t *old, const json_t *fresh, cuvee_error *err)
{
    json_t *const path = json_object_get(json_object_get(fresh, "input"), "path"),
                  *const answers = json_object_get(json_object_get(fresh, "plan"), "answers"),
                  *const plan = json_object_get(old, "plan");
    if (json_object_set(json_object_get(plan, "input"), "path", path) < 0 ||
        json_object_set(json_object_get(old, "input"), "path", path) < 0 ||
        (answers && json_object_set(plan, "answers", answers) < 0) ||
        json_object_set(old, "model", json_object_get(fresh, "model")) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results");
    return CUVEE_OK;
}

static bool is_same_text(const json_t *a, const json_t *b, const char *path)
{
    return strcmp(cuvee__json_text_at(a, path), cuvee__json_text_at(b, path)) == 0;
}

/* What differs may be a surprise to who sits before the same box: --cpus, or a new kernel. */
static int fail_machine(const json_t *old, const json_t *fresh, cuvee_error *err)
{
    static const struct {
        const char *path, *what;
    } parts[] = {{"machine.model", "processor"}, {"machine.kernel", "kernel"}};
    static const char began[] = "the experiment cannot go on: it began on another machine";
    double before = 0, now = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!is_same_text(old, fresh, parts[i].path))
            return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s, with the %s '%s'; this one has '%s'",
                               began, parts[i].what, cuvee__json_text_at(old, parts[i].path),
                               cuvee__json_text_at(fresh, parts[i].path));
    if (cuvee__json_number_at(old, "machine.cores", &before) &&
        cuvee__json_number_at(fresh, "machine.cores", &now) && before != now)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "the experiment cannot go on: arms had %.0f of the processors, and now "
                           "%.0f (--cpus)",
                           before, now);
    return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s", began);
}

int cuvee__results_resume(json_t *old, const json_t *fresh, cuvee_error *err)
{
    static const struct {
        const char *path, *what;
    } same[] = {{"input.sha256", "input"},
                {"model.sha256", "model"},
                {"machine.id", NULL}, /* before the limits: it says more of processors */
                {"limits.cpus", "list of processors (--cpus)"},
                {"limits.memory", "limit of memory (--limit-mem)"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (is_same_text(old, fresh, same[i].path)) continue;
        if (!same[i].what) return fail_machine(old, fresh, err);
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "the experiment cannot go on: it began with another %s", same[i].what);
    }
    const int rc = take_plan(old, fresh, err);
    return rc == CUVEE_OK ? take_places(old, fresh, err) : rc;
}

int cuvee__results_write(const json_t *results, const char *dir, cuvee_error *err)
{
    char path[PATH_ROOM];
    struct output_file *file = NULL;
    snprintf(path, sizeof path, "%s/results.json", dir);
    int rc = cuvee__output_open(path, &file, err);
    if (rc == CUVEE_OK)
        rc = cuvee__output_write_json(file, results, JSON_INDENT(1) | JSON_REAL_PRECISION(12), err);
    if (rc == CUVEE_OK) rc = cuvee__output_write(file, "\n", 1, err);
    if (rc == CUVEE_OK) rc = cuvee__output_commit(file, err);
    cuvee__output_close(file, false);
    return rc;
}

const char *cuvee__utc_now(char *text, size_t room)
{
    struct tm utc;
    const time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(text, room, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}
