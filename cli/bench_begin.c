/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_begin.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/sha256.h"
#include "bench/plan.h"
#include "bench_places.h"
#include "console.h"
#include "measure/host.h"
#include "os/directory.h"
#include "os/file.h"

enum { RANDOM_MODEL_ROWS = 200 };
#define LATENCY_BOUND_MS 200.0 /* what people take for at once, roughly */
#define MAX_PLAN_BYTES   ((size_t)16 << 20)

/* ---- plan ---- */

static int set_text(json_t *object, const char *key, const char *text)
{
    return text ? json_object_set_new(object, key, cuvee__json_string(text)) : 0;
}

static int set_positive(json_t *object, const char *key, double value)
{
    return value > 0 ? json_object_set_new(object, key, json_real(value)) : 0;
}

static int set_whole(json_t *object, const char *key, int64_t value)
{
    return value ? json_object_set_new(object, key, json_integer(value)) : 0;
}

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
}

/* A list of them, each known and named once. */
static int split_scenarios(const char *names, json_t *list, cuvee_error *err)
{
    for (const char *at = names;; at++) {
        const size_t n = strcspn(at, ",");
        const char *word = cuvee__plan_scenario((struct span){at, n});
        if (!word)
            return cuvee__fail(err, CUVEE_E_ARGUMENT,
                               "--scenario needs offline, single or server, or several of them "
                               "separated by commas, not '%s'",
                               names);
        for (size_t i = 0; i < json_array_size(list); i++)
            if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
                return cuvee__fail(err, CUVEE_E_ARGUMENT, "--scenario names '%s' twice", word);
        if (json_array_append_new(list, json_string(word)) < 0) return no_memory(err);
        at += n;
        if (!*at) return CUVEE_OK;
    }
}

/* Does somebody wait for answers at a rate, in the blocks or after them? */
static bool is_served(const json_t *plan)
{
    const json_t *also = json_object_get(plan, "also");
    bool is = cuvee__json_text_is(plan, "scenario", "server");
    for (size_t i = 0; i < json_array_size(also); i++)
        is |= strcmp(json_string_value(json_array_get(also, i)), "server") == 0;
    return is;
}

/* The first is the one that is compared; the others are run besides. */
static int set_scenarios(json_t *plan, const char *names, cuvee_error *err)
{
    json_t *list = json_array();
    double x;
    int rc = list ? split_scenarios(names, list, err) : no_memory(err);
    if (rc == CUVEE_OK && json_object_set(plan, "scenario", json_array_get(list, 0)) < 0)
        rc = no_memory(err);
    if (rc == CUVEE_OK) json_array_remove(list, 0);
    json_object_del(plan, "also");
    if (rc == CUVEE_OK && json_array_size(list) && json_object_set(plan, "also", list) < 0)
        rc = no_memory(err);
    json_decref(list);
    if (rc < 0) return rc;
    if (cuvee__json_text_is(plan, "scenario", "server") && !cuvee__json_number_at(plan, "rate", &x))
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "--scenario server needs a --rate: texts a second that arrive");
    if (is_served(plan) && !cuvee__json_number_at(plan, "rate", &x) &&
        !cuvee__json_number_at(plan, "latency_bound_ms", &x) &&
        json_object_set_new(plan, "latency_bound_ms", json_real(LATENCY_BOUND_MS)) < 0)
        return no_memory(err);
    return CUVEE_OK;
}

/* The curve of the story: from one worker to as many as it had. */
static int set_sweep(json_t *plan, const char *arm, cuvee_error *err)
{
    if (!cuvee__plan_arm(plan, arm)) {
        const int rc = cuvee__plan_fail_arm(plan, arm, err);
        cuvee__error_prefix(err, "--sweep");
        return rc;
    }
    json_t *sweep = json_pack("{s:o, s:[i,i,i,i], s:[i,i], s:i}", "arm", cuvee__json_string(arm),
                              "workers", 1, 2, 4, 8, "threads", 0, 1, "blocks", 1);
    return json_object_set_new(plan, "sweep", sweep) < 0 ? no_memory(err) : CUVEE_OK;
}

static bool is_waited_for(const json_t *plan)
{
    return json_array_size(json_object_get(plan, "also")) ||
           !cuvee__json_text_is(plan, "scenario", "offline");
}

static int override_input(json_t *plan, const struct bench_request *r)
{
    json_t *input = json_object_get(plan, "input");
    int rc = set_text(input, "path", r->input) | set_text(input, "column", r->column) |
             set_text(input, "gold", r->gold) | set_whole(input, "limit", r->limit);
    /* Of another input nobody knows the labels. */
    if (r->input && !r->gold) json_object_del(input, "gold");
    if (r->is_random_model) json_object_del(input, "gold");
    if (r->input || r->is_random_model) json_object_del(plan, "answers");
    if (r->is_random_model && !r->limit)
        rc |= json_object_set_new(input, "limit", json_integer(RANDOM_MODEL_ROWS));
    return rc;
}

static int override(json_t *plan, const struct bench_request *r, cuvee_error *err)
{
    int rc = override_input(plan, r) | set_whole(plan, "blocks", r->blocks) |
             set_positive(plan, "rate", r->rate) |
             set_positive(plan, "core_hour_price", r->core_hour_price) |
             set_positive(plan, "latency_bound_ms", r->latency_bound_ms);
    if (rc < 0) return no_memory(err);
    if (r->scenarios && (rc = set_scenarios(plan, r->scenarios, err)) < 0) return rc;
    if ((r->rate > 0 || r->latency_bound_ms > 0) && !is_served(plan))
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "--%s is for --scenario server",
                           r->rate > 0 ? "rate" : "latency-bound");
    if (r->is_quick && !r->limit && is_waited_for(plan) && /* of 100 there is no p99 */
        json_object_set_new(json_object_get(plan, "input"), "limit",
                            json_integer((json_int_t)cuvee__plan_also_items(plan))) < 0)
        return no_memory(err);
    if (r->without_sweep || !cuvee__json_text_is(plan, "scenario", "offline"))
        json_object_del(plan, "sweep");
    return r->sweep ? set_sweep(plan, r->sweep, err) : CUVEE_OK;
}

/* A file that a plan names: as it stands, else beside the plan, else among what came with cuvee. */
static int find_named(json_t *object, const char *key, const char *plan_path, cuvee_error *err)
{
    const char *name = cuvee__json_text_at(object, key), *slash = strrchr(plan_path, '/');
    char path[BENCH_PATH_ROOM], source[300], installed[300];
    if (!*name || cuvee__file_exists(name)) return CUVEE_OK;
    snprintf(path, sizeof path, "%.*s%.300s", slash ? (int)(slash - plan_path + 1) : 0, plan_path,
             name);
    snprintf(source, sizeof source, "examples/%.280s", name);
    snprintf(installed, sizeof installed, "examples/%.280s", name);
    if (!cuvee__file_exists(path) && !cli__bench_find_data(source, installed, path, sizeof path))
        return cuvee__fail(err, CUVEE_E_IO, "%s: not found", name);
    return json_object_set_new(object, key, cuvee__json_string(cli__bench_shorten(path))) < 0
               ? cuvee__fail(err, CUVEE_E_NOMEM, "out of memory")
               : CUVEE_OK;
}

/* Files that it names may have been named from another directory, and are then sought anew, or by
 * "~". */
static int copy_plan(const json_t *resumed, json_t **ret, cuvee_error *err)
{
    json_t *plan = json_deep_copy(resumed);
    json_t *const objects[] = {json_object_get(plan, "input"), plan};
    static const char *const keys[] = {"path", "answers"};
    int rc = plan ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        char expanded[BENCH_PATH_ROOM];
        const char *name =
            cli__bench_expand(cuvee__json_text_at(objects[i], keys[i]), expanded, sizeof expanded);
        const char *slash = strrchr(name, '/');
        if (slash && !cuvee__file_exists(name)) name = slash + 1;
        if (*name) rc = json_object_set_new(objects[i], keys[i], cuvee__json_string(name));
    }
    if (rc == 0) {
        *ret = plan;
        return CUVEE_OK;
    }
    json_decref(plan);
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
}

static int read_plan(const struct bench_request *r, char path[BENCH_PATH_ROOM], json_t **ret,
                     cuvee_error *err)
{
    const char *name = r->is_quick ? "quick" : "story";
    struct buffer text = {.cap_bytes = MAX_PLAN_BYTES};
    char source[64], installed[64];
    snprintf(source, sizeof source, "bench/plans/%s.json", name);
    snprintf(installed, sizeof installed, "plans/%s.json", name);
    if (r->plan)
        snprintf(path, BENCH_PATH_ROOM, "%s", r->plan);
    else if (!cli__bench_find_data(source, installed, path, BENCH_PATH_ROOM))
        return cuvee__fail(err, CUVEE_E_IO,
                           "the plan that comes with cuvee is not there (share/cuvee/%s)",
                           installed);
    if (r->resumed && !r->plan) return copy_plan(r->resumed, ret, err);
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__plan_parse(buffer_span(&text), path, ret, err);
    cuvee__buffer_deinit(&text);
    return rc;
}

int cli__bench_plan(const struct bench_request *request, size_t n_cores, json_t **ret_plan,
                    cuvee_error *err)
{
    char path[BENCH_PATH_ROOM];
    json_t *plan = NULL;
    int rc = read_plan(request, path, &plan, err);
    if (rc < 0) return rc;
    if (request->arms) {
        json_object_del(plan, "sweep");
        rc = cuvee__plan_select(plan, request->arms, err);
    }
    if (rc == CUVEE_OK) rc = override(plan, request, err);
    if (rc == CUVEE_OK) rc = find_named(json_object_get(plan, "input"), "path", path, err);
    if (rc == CUVEE_OK) rc = find_named(plan, "answers", path, err);
    if (rc == CUVEE_OK) rc = cuvee__plan_settle(plan, n_cores, err);
    if (rc < 0)
        json_decref(plan);
    else
        *ret_plan = plan;
    return rc;
}

/* ---- arms ---- */

static const json_t *first_that_runs(const json_t *arms)
{
    for (size_t i = 0; i < json_array_size(arms); i++)
        if (!*cuvee__json_text_at(json_array_get(arms, i), "skipped"))
            return json_array_get(arms, i);
    return NULL;
}

int cli__bench_check_arms(const json_t *results, cuvee_error *err)
{
    const json_t *arms = json_object_get(results, "arms");
    const char *reference = cuvee__json_text_at(results, "plan.reference");
    if (!first_that_runs(arms))
        return cuvee__fail(err, CUVEE_E_IO, "no arm can run here; %s: %s",
                           cuvee__json_text_at(json_array_get(arms, 0), "name"),
                           cuvee__json_text_at(json_array_get(arms, 0), "skipped"));
    for (size_t i = 0; i < json_array_size(arms); i++) {
        const json_t *arm = json_array_get(arms, i);
        const char *why = cuvee__json_text_at(arm, "skipped");
        if (!*why || !cuvee__json_text_is(arm, "name", reference)) continue;
        cli__console_say(
            "cuvee bench: the reference %s cannot run, so nothing will be compared: %s", reference,
            why);
        cli__console_say("cuvee bench: of --arms NAMES the first is the reference, as %s",
                         cuvee__json_text_at(first_that_runs(arms), "name"));
    }
    return CUVEE_OK;
}

/* ---- machine ---- */

json_t *cli__bench_machine(size_t n_cores)
{
    json_t *why = json_object(), *machine = why ? cuvee__host_to_json("", why) : NULL;
    cuvee_machine_info info = {.struct_size = sizeof info};
    char identity[512], hex[65];
    struct sha256 h;
    json_decref(why);
    if (!machine) return NULL;
    const int known = cuvee_machine_describe(NULL, &info, NULL);
    snprintf(identity, sizeof identity, "%s\n%zu\n%llu\n%s", info.cpu, n_cores,
             (unsigned long long)(info.memory_bytes >> 28), /* a kernel's update moves some of it */
             cuvee__json_text_at(machine, "kernel"));
    cuvee__sha256_init(&h);
    cuvee__sha256_update(&h, identity, strlen(identity));
    cuvee__sha256_final_hex(&h, hex);
    hex[16] = '\0';
    json_t *more = json_pack("{s:I, s:I, s:s, s:s}", "cores", (json_int_t)n_cores, "memory",
                             (json_int_t)info.memory_bytes, "isa",
                             known == CUVEE_OK && info.tier ? info.tier : "", "id", hex);
    const int rc = more ? json_object_update(machine, more) : -1;
    json_decref(more);
    if (rc == 0) return machine;
    json_decref(machine);
    return NULL;
}

/* ---- model ---- */

static int hash_file(struct sha256 *h, const char *path, uint64_t *bytes, cuvee_error *err)
{
    struct file_map map = {0};
    const int rc = cuvee__file_map_open(&map, path, err);
    if (rc < 0) return rc;
    cuvee__sha256_update(h, map.ptr, map.len);
    *bytes += map.len;
    cuvee__file_map_close(&map);
    return CUVEE_OK;
}

/* The files of the directory in order of their names: each name, then its bytes. */
static int hash_directory(struct sha256 *h, const char *dir, uint64_t *bytes, cuvee_error *err)
{
    struct directory_list list = {0};
    int rc = cuvee__directory_list(dir, &list, err);
    for (size_t i = 0; rc == CUVEE_OK && i < list.n; i++) {
        char path[BENCH_PATH_ROOM];
        snprintf(path, sizeof path, "%s/%s", dir, list.entries[i].name);
        cuvee__sha256_update(h, list.entries[i].name, strlen(list.entries[i].name) + 1);
        rc = hash_file(h, path, bytes, err);
    }
    cuvee__directory_list_deinit(&list);
    return rc;
}

/* Of the first tensor, which those that matter are like; enough for an estimate. */
static bool has_half_weights(const char *dir)
{
    enum { LOOK = 4096 };
    char path[BENCH_PATH_ROOM], head[LOOK + 1];
    struct file_map map = {0};
    snprintf(path, sizeof path, "%.4300s/model.safetensors", dir);
    if (cuvee__file_map_open(&map, path, NULL) < 0) return false;
    const size_t n = map.len < LOOK ? map.len : LOOK;
    memcpy(head, map.ptr, n);
    head[n] = '\0';
    cuvee__file_map_close(&map);
    const char *type = n > 8 ? strstr(head + 8, "\"dtype\":\"") : NULL; /* after the length */
    return type && (strncmp(type + 9, "F16\"", 4) == 0 || strncmp(type + 9, "BF16\"", 5) == 0);
}

double cli__bench_f32_bytes(const char *dir, const json_t *model)
{
    double bytes = 0;
    cuvee__json_number_at(model, "bytes", &bytes);
    return has_half_weights(dir) ? 2 * bytes : bytes;
}

int cli__bench_model(const char *path, json_t **ret, cuvee_error *err)
{
    struct sha256 h;
    char hex[65];
    uint64_t bytes = 0;
    cuvee__sha256_init(&h);
    const int rc = cuvee__path_is_directory(path) ? hash_directory(&h, path, &bytes, err)
                                                  : hash_file(&h, path, &bytes, err);
    if (rc < 0) return rc;
    cuvee__sha256_final_hex(&h, hex);
    *ret = json_pack("{s:o, s:s, s:I}", "path", cuvee__json_string(cli__bench_shorten(path)),
                     "sha256", hex, "bytes", (json_int_t)bytes);
    return *ret ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
}
