/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/sha256.h"

enum kind { TEXT, WHOLE, REAL, LIST, TEXTS, OBJECT, COUNT };
#define COUNT_OR_CORES COUNT

/* What a p99 needs to be known with 95 % (1 - 0.99^n), and one more. */
enum { ALSO_ITEMS = 300 };

struct key {
    const char *name;
    enum kind kind;
    bool is_needed;
};

static const struct key plan_keys[] = {
    {"schema", TEXT, true},
    {"name", TEXT, true},
    {"question", TEXT, true},
    {"scenario", TEXT, false},
    {"reference", TEXT, true},
    {"metric", TEXT, false},
    {"blocks", WHOLE, false},
    {"seed", WHOLE, false},
    {"minimum_effect", REAL, false},
    {"vary", TEXTS, false},
    {"input", OBJECT, true},
    {"model", TEXT, false},
    {"arms", LIST, true},
    {"sweep", OBJECT, false},
    {"answers", TEXT, false},
    {"rate", REAL, false},
    {"latency_bound_ms", REAL, false},
    {"also", TEXTS, false},
    {"also_items", WHOLE, false},
    {"core_hour_price", REAL, false},
};
static const struct key input_keys[] = {
    {"path", TEXT, true}, {"column", TEXT, true}, {"limit", WHOLE, false}, {"gold", TEXT, false}};
static const struct key sweep_keys[] = {{"arm", TEXT, true},
                                        {"workers", LIST, true},
                                        {"threads", LIST, true},
                                        {"blocks", WHOLE, false}};
static const struct key arm_keys[] = {
    {"name", TEXT, true},         {"title", TEXT, true},          {"command", TEXTS, true},
    {"settings", OBJECT, false},  {"environment", OBJECT, false}, {"needs", TEXTS, false},
    {"score_bound", REAL, false}, {"labels_bound", WHOLE, false}, {"items", WHOLE, false},
    {"timeout_s", REAL, false},   {"seen", LIST, false},          {"scenarios", TEXTS, false},
    {"expect", OBJECT, false},
};
static const struct key setting_keys[] = {{"workers", COUNT_OR_CORES, false},
                                          {"threads", COUNT_OR_CORES, false},
                                          {"batch", WHOLE, false},
                                          {"precision", TEXT, false},
                                          {"runtime", TEXT, false}};

static const char *const scenarios[] = {"offline", "single", "server", NULL};

#define N(table) (sizeof(table) / sizeof *(table))

static bool is_texts(const json_t *value)
{
    const size_t n = json_array_size(value);
    for (size_t i = 0; i < n; i++)
        if (!json_is_string(json_array_get(value, i))) return false;
    return json_is_array(value);
}

static bool is_kind(const json_t *value, enum kind kind)
{
    switch (kind) {
    case TEXT:
        return json_is_string(value);
    case WHOLE:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case REAL:
        return json_is_number(value) && json_number_value(value) >= 0;
    case LIST:
        return json_is_array(value);
    case TEXTS:
        return is_texts(value);
    case COUNT:
        return is_kind(value, WHOLE) || strcmp(cuvee__json_text_at(value, ""), "cores") == 0;
    default:
        return json_is_object(value);
    }
}

static const char *kind_name(enum kind kind)
{
    static const char *const names[] = {
        "a text",          "a whole number", "a number of 0 or more", "a list",
        "a list of texts", "an object",      "a number or \"cores\""};
    return names[kind];
}

/* where: "arm 'x'", "the plan", for messages. */
static int check_keys(const json_t *object, const char *where, const struct key *keys,
                      size_t n_keys, cuvee_error *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object)) return cuvee__fail(err, CUVEE_E_FORMAT, "%s: no object", where);
    json_object_foreach((json_t *)(uintptr_t)object, name, value) /* takes no const */
    {
        size_t i = 0;
        while (i < n_keys && strcmp(keys[i].name, name) != 0) i++;
        if (i == n_keys)
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s: nothing is known of a key '%s'", where,
                               name);
        if (!is_kind(value, keys[i].kind))
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s: '%s' is not %s", where, name,
                               kind_name(keys[i].kind));
    }
    for (size_t i = 0; i < n_keys; i++)
        if (keys[i].is_needed && !json_object_get(object, keys[i].name))
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s: '%s' is missing", where, keys[i].name);
    return CUVEE_OK;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0) words++;
    return *words != NULL;
}

const char *cuvee__plan_scenario(struct span name)
{
    for (const char *const *word = scenarios; *word; word++)
        if (span_is(name, *word)) return *word;
    return NULL;
}

static bool is_positive(const json_t *plan, const char *key)
{
    return json_number_value(json_object_get(plan, key)) > 0;
}

/* It is part of file names. */
static bool is_name(const char *text)
{
    return *text && strlen(text) < 48 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
               strlen(text);
}

static int check_arm(const json_t *plan, size_t i, cuvee_error *err)
{
    const json_t *arm = json_array_get(json_object_get(plan, "arms"), i);
    const char *name = cuvee__json_text_at(arm, "name");
    char where[96];
    if (*name)
        snprintf(where, sizeof where, "arm '%.60s'", name);
    else
        snprintf(where, sizeof where, "arm %zu", i + 1);
    int rc = check_keys(arm, where, arm_keys, N(arm_keys), err);
    if (rc < 0) return rc;
    if (!is_name(name))
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s: a name is letters, digits and '-', at most 47 of them", where);
    if (cuvee__plan_arm(plan, name) != arm)
        return cuvee__fail(err, CUVEE_E_FORMAT, "two arms are named '%s'", name);
    if (json_array_size(json_object_get(arm, "command")) == 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: 'command' is empty", where);
    const json_t *settings = json_object_get(arm, "settings");
    if (settings && (rc = check_keys(settings, where, setting_keys, N(setting_keys), err)) < 0)
        return rc;
    const char *variable;
    json_t *value;
    json_object_foreach(
        json_object_get(arm, "environment"), variable,
        value) if (!json_is_string(value)) return cuvee__fail(err, CUVEE_E_FORMAT,
                                                              "%s: environment: '%s' is not a text",
                                                              where, variable);
    return CUVEE_OK;
}

static int check_counts(const json_t *list, const char *what, json_int_t least, cuvee_error *err)
{
    const size_t n = json_array_size(list);
    for (size_t i = 0; i < n; i++)
        if (!json_is_integer(json_array_get(list, i)) ||
            json_integer_value(json_array_get(list, i)) < least)
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "the sweep: '%s' has what is no whole number of %d or more", what,
                               (int)least);
    return n ? CUVEE_OK : cuvee__fail(err, CUVEE_E_FORMAT, "the sweep: '%s' is empty", what);
}

static int check_sweep(const json_t *plan, cuvee_error *err)
{
    const json_t *sweep = json_object_get(plan, "sweep");
    if (!sweep) return CUVEE_OK;
    int rc = check_keys(sweep, "the sweep", sweep_keys, N(sweep_keys), err);
    if (rc == CUVEE_OK) rc = check_counts(json_object_get(sweep, "workers"), "workers", 1, err);
    /* 0: as many as the library takes by itself. */
    if (rc == CUVEE_OK) rc = check_counts(json_object_get(sweep, "threads"), "threads", 0, err);
    if (rc == CUVEE_OK && !cuvee__plan_arm(plan, cuvee__json_text_at(sweep, "arm")))
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "the sweep: there is no arm '%s'",
                         cuvee__json_text_at(sweep, "arm"));
    return rc;
}

/* Those that are measured besides the one whose blocks are compared. */
static int check_also(const json_t *plan, cuvee_error *err)
{
    const json_t *also = json_object_get(plan, "also");
    for (size_t i = 0; i < json_array_size(also); i++) {
        const char *name = json_string_value(json_array_get(also, i));
        if (!is_one_of(name, scenarios))
            return cuvee__fail(err, CUVEE_E_FORMAT, "'also': '%s' is not offline, single or server",
                               name);
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(also, i), json_array_get(also, k)))
                return cuvee__fail(err, CUVEE_E_FORMAT, "'also' names '%s' twice", name);
        if (cuvee__json_text_is(plan, "scenario", name))
            return cuvee__fail(err, CUVEE_E_FORMAT, "'also' names '%s', which is the 'scenario'",
                               name);
        if (strcmp(name, "server") == 0 && !is_positive(plan, "rate") &&
            !is_positive(plan, "latency_bound_ms"))
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "scenario server needs a 'rate' or a 'latency_bound_ms' above 0");
    }
    return CUVEE_OK;
}

static int check(const json_t *plan, cuvee_error *err)
{
    static const char *const metrics[] = {"items_per_s", "cpu_s", "footprint", NULL};
    int rc = check_keys(plan, "the plan", plan_keys, N(plan_keys), err);
    if (rc < 0) return rc;
    if (strcmp(cuvee__json_text_at(plan, "schema"), "bench-plan/1") != 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "'schema' is not \"bench-plan/1\"");
    if (!is_one_of(cuvee__json_text_at(plan, "scenario"), scenarios))
        return cuvee__fail(err, CUVEE_E_FORMAT, "'scenario' is not offline, single or server");
    if (cuvee__json_text_is(plan, "scenario", "server") && !is_positive(plan, "rate"))
        return cuvee__fail(err, CUVEE_E_FORMAT, "scenario server needs a 'rate' above 0");
    if (!is_one_of(cuvee__json_text_at(plan, "metric"), metrics))
        return cuvee__fail(err, CUVEE_E_FORMAT, "'metric' is not items_per_s, cpu_s or footprint");
    const json_int_t blocks = json_integer_value(json_object_get(plan, "blocks"));
    if (blocks < 1 || blocks > CUVEE__PLAN_MAX_BLOCKS)
        return cuvee__fail(err, CUVEE_E_FORMAT, "'blocks' is not from 1 to %d",
                           CUVEE__PLAN_MAX_BLOCKS);
    if ((rc = check_also(plan, err)) < 0) return rc;
    rc = check_keys(json_object_get(plan, "input"), "input", input_keys, N(input_keys), err);
    const size_t n_arms = json_array_size(json_object_get(plan, "arms"));
    if (rc == CUVEE_OK && (n_arms < 1 || n_arms > CUVEE__PLAN_MAX_ARMS))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%zu arms, not from 1 to %d", n_arms,
                           CUVEE__PLAN_MAX_ARMS);
    for (size_t i = 0; rc == CUVEE_OK && i < n_arms; i++) rc = check_arm(plan, i, err);
    if (rc == CUVEE_OK && !cuvee__plan_arm(plan, cuvee__json_text_at(plan, "reference")))
        return cuvee__fail(err, CUVEE_E_FORMAT, "'reference': there is no arm '%s'",
                           cuvee__json_text_at(plan, "reference"));
    return rc == CUVEE_OK ? check_sweep(plan, err) : rc;
}

/* What is left out. Returns 0, or -1 when out of memory. */
static int fill(json_t *plan)
{
    json_t *defaults =
        json_pack("{s:s, s:s, s:i, s:i, s:f, s:[]}", "scenario", "offline", "metric", "items_per_s",
                  "blocks", 12, "seed", 1, "minimum_effect", 0.03, "vary");
    const int rc = defaults ? json_object_update_missing(plan, defaults) : -1;
    json_decref(defaults);
    return rc;
}

int cuvee__plan_parse(struct span text, const char *name, json_t **ret_plan, cuvee_error *err)
{
    json_t *plan = NULL;
    int rc = cuvee__json_parse(text, name, &plan, err);
    if (rc < 0) return rc;
    if (!json_is_object(plan))
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "no object");
    else if (fill(plan) < 0)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    else
        rc = check(plan, err);
    if (rc < 0) {
        cuvee__error_prefix(err, "%s", name);
        json_decref(plan);
        return rc;
    }
    *ret_plan = plan;
    return CUVEE_OK;
}

static json_t *find_arm(const json_t *arms, const char *name)
{
    for (size_t i = 0; i < json_array_size(arms); i++) {
        json_t *arm = json_array_get(arms, i);
        if (strcmp(cuvee__json_text_at(arm, "name"), name) == 0) return arm;
    }
    return NULL;
}

json_t *cuvee__plan_arm(const json_t *plan, const char *name)
{
    return find_arm(json_object_get(plan, "arms"), name);
}

/* ---- choosing arms ---- */

int cuvee__plan_fail_arm(const json_t *plan, const char *name, cuvee_error *err)
{
    const json_t *arms = json_object_get(plan, "arms");
    char known[sizeof((cuvee_error *)0)->msg];
    size_t n = 0;
    known[0] = '\0';
    for (size_t i = 0; i < json_array_size(arms) && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                              cuvee__json_text_at(json_array_get(arms, i), "name"));
    return cuvee__fail(err, CUVEE_E_ARGUMENT, "there is no arm '%s'; there are %s", name, known);
}

int cuvee__plan_select(json_t *plan, const char *names, cuvee_error *err)
{
    json_t *chosen = json_array();
    bool has_reference = false;
    int rc = chosen ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    for (const char *at = names; rc == CUVEE_OK && *at;) {
        const size_t n = strcspn(at, ",");
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(n < 63 ? n : 63), at);
        json_t *arm = cuvee__plan_arm(plan, name);
        if (!arm)
            rc = cuvee__plan_fail_arm(plan, name, err);
        else if (find_arm(chosen, name))
            rc = cuvee__fail(err, CUVEE_E_ARGUMENT, "arm '%s' is named twice", name);
        else if (json_array_append(chosen, arm) < 0)
            rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
        has_reference |= strcmp(name, cuvee__json_text_at(plan, "reference")) == 0;
        at += n + (at[n] == ',');
    }
    if (rc == CUVEE_OK && json_array_size(chosen) == 0)
        rc = cuvee__fail(err, CUVEE_E_ARGUMENT, "no arm is named");
    if (rc == CUVEE_OK && !has_reference) {
        json_t *first = json_object_get(json_array_get(chosen, 0), "name");
        if (json_object_set(plan, "reference", first) < 0)
            rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    }
    if (rc == CUVEE_OK && json_object_set(plan, "arms", chosen) < 0)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    json_decref(chosen);
    return rc == CUVEE_OK ? check(plan, err) : rc; /* a sweep of an arm that is gone */
}

/* ---- settings ---- */

static int settle_arm(json_t *arm, size_t n_cores)
{
    json_t *settings = json_object_get(arm, "settings");
    static const char *const counts[] = {"workers", "threads"};
    for (size_t i = 0; i < 2; i++) {
        if (!json_is_string(json_object_get(settings, counts[i]))) continue;
        if (json_object_set_new(settings, counts[i], json_integer((json_int_t)n_cores)) < 0)
            return -1;
    }
    return 0;
}

static bool may_vary(const json_t *plan, const char *setting)
{
    const json_t *vary = json_object_get(plan, "vary");
    for (size_t i = 0; i < json_array_size(vary); i++)
        if (strcmp(json_string_value(json_array_get(vary, i)), setting) == 0) return true;
    return false;
}

/* An arm that does not say what a setting is has none of that kind. */
static int compare_settings(const json_t *plan, const json_t *reference, const json_t *arm,
                            cuvee_error *err)
{
    for (size_t i = 0; i < N(setting_keys); i++) {
        const char *name = setting_keys[i].name;
        const json_t *theirs = json_object_get(json_object_get(reference, "settings"), name),
                     *own = json_object_get(json_object_get(arm, "settings"), name);
        if (!own || !theirs || json_equal(own, theirs) || may_vary(plan, name)) continue;
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "arm '%s' has another '%s' than the reference '%s'; if that is what is "
                           "compared, list it in 'vary'",
                           cuvee__json_text_at(arm, "name"), name,
                           cuvee__json_text_at(reference, "name"));
    }
    return CUVEE_OK;
}

int cuvee__plan_settle(json_t *plan, size_t n_cores, cuvee_error *err)
{
    const int checked = check(plan, err); /* options may have changed it */
    if (checked < 0) return checked;
    const json_t *arms = json_object_get(plan, "arms");
    const json_t *reference = cuvee__plan_arm(plan, cuvee__json_text_at(plan, "reference"));
    for (size_t i = 0; i < json_array_size(arms); i++)
        if (settle_arm(json_array_get(arms, i), n_cores) < 0)
            return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    for (size_t i = 0; i < json_array_size(arms); i++) {
        const int rc = compare_settings(plan, reference, json_array_get(arms, i), err);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

static int hash_piece(const char *bytes, size_t n, void *hash)
{
    cuvee__sha256_update(hash, bytes, n);
    return 0;
}

static int keep_last_part(json_t *object, const char *key)
{
    const char *path = json_string_value(json_object_get(object, key));
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? json_object_set_new(object, key, json_string(slash + 1)) : 0;
}

int cuvee__plan_hash(const json_t *plan, char ret_hex[65], cuvee_error *err)
{
    struct sha256 h;
    json_t *bare = json_deep_copy(plan);
    cuvee__sha256_init(&h);
    const int failed = !bare || keep_last_part(json_object_get(bare, "input"), "path") < 0 ||
                       keep_last_part(bare, "answers") < 0 || keep_last_part(bare, "model") < 0 ||
                       json_dump_callback(bare, hash_piece, &h, JSON_COMPACT | JSON_SORT_KEYS) < 0;
    json_decref(bare);
    if (failed) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    cuvee__sha256_final_hex(&h, ret_hex);
    return CUVEE_OK;
}

/* ---- going on ---- */

/* Measured after the blocks, and in no verdict: they can be added to what has run. */
static const char *const later_keys[] = {"sweep", "also", "also_items", "rate", "latency_bound_ms"};

static int hash_without_later(const json_t *plan, char ret_hex[65], cuvee_error *err)
{
    json_t *bare = json_copy((json_t *)(uintptr_t)plan); /* takes no const */
    for (size_t i = 0; bare && i < N(later_keys); i++) json_object_del(bare, later_keys[i]);
    const int rc = bare ? cuvee__plan_hash(bare, ret_hex, err)
                        : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    json_decref(bare);
    return rc;
}

static int add_missing(json_t *list, const json_t *more)
{
    for (size_t i = 0; i < json_array_size(more); i++) {
        json_t *item = json_array_get(more, i);
        bool is_there = false;
        for (size_t k = 0; k < json_array_size(list); k++)
            is_there |= json_equal(json_array_get(list, k), item);
        if (!is_there && json_array_append(list, item) < 0) return -1;
    }
    return 0;
}

int cuvee__plan_extend(json_t *old, const json_t *fresh, cuvee_error *err)
{
    char own[65], other[65];
    int rc = hash_without_later(old, own, err);
    if (rc == CUVEE_OK) rc = hash_without_later(fresh, other, err);
    if (rc < 0) return rc;
    if (strcmp(own, other) != 0)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "the experiment cannot go on: it began with another plan");
    for (size_t i = 0; i < N(later_keys); i++) {
        json_t *theirs = json_object_get(fresh, later_keys[i]),
               *mine = json_object_get(old, later_keys[i]);
        if (!theirs) continue;
        if (mine && json_is_array(mine)) { /* of `also`: what is new */
            if (add_missing(mine, theirs) < 0)
                return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
            continue;
        }
        if (mine && !json_equal(mine, theirs))
            return cuvee__fail(err, CUVEE_E_ARGUMENT,
                               "the experiment cannot go on: it has another '%s' already",
                               later_keys[i]);
        if (json_object_set(old, later_keys[i], theirs) < 0)
            return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    }
    return CUVEE_OK;
}

size_t cuvee__plan_also_items(const json_t *plan)
{
    const json_int_t own = json_integer_value(json_object_get(plan, "also_items"));
    return own > 0 ? (size_t)own : ALSO_ITEMS;
}

/* ---- commands ---- */

int cuvee__plan_expand(const char *template, const struct plan_value *values, size_t n,
                       struct buffer *out, cuvee_error *err)
{
    int rc = CUVEE_OK;
    while (rc == CUVEE_OK && *template) {
        const size_t plain = strcspn(template, "{");
        rc = cuvee__buffer_append(out, template, plain);
        template += plain;
        if (rc < 0 || !*template) break;
        if (template[1] == '{') {
            rc = cuvee__buffer_append_char(out, '{');
            template += 2;
            continue;
        }
        const size_t len = strcspn(++template, "}");
        size_t i = 0;
        while (i < n &&
               !(strlen(values[i].name) == len && memcmp(values[i].name, template, len) == 0))
            i++;
        if (i == n || !template[len])
            return cuvee__fail(err, CUVEE_E_FORMAT, "nothing is known of '{%.*s%s'", (int)len,
                               template, template[len] ? "}" : "");
        rc = cuvee__buffer_append_str(out, values[i].value);
        template += len + 1;
    }
    return rc < 0 ? cuvee__fail(err, rc, "out of memory for a command") : CUVEE_OK;
}
