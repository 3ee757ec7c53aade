/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/advise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "bench/advise_words.h"
#include "bench/plan.h"

static const char *team_name(enum advise_team team)
{
    static const char *const names[] = {NULL, "python", "c", "go"};
    return names[team];
}

static json_t *limits_to_json(const struct advise_limits *l)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?}", "memory_bytes",
        cuvee__json_real(l->memory_bytes), "latency_p99_ms", cuvee__json_real(l->latency_p99_ms),
        "rows", cuvee__json_real(l->rows), "finish_within_s", cuvee__json_real(l->finish_within_s),
        "items_per_s", cuvee__json_real(l->items_per_s), "core_hour_price",
        cuvee__json_real(l->core_hour_price), "model", l->model, "team", team_name(l->team));
}

static json_t *uses_to_json(const struct candidate *c, const struct advise_limits *limits)
{
    json_t *uses = json_object();
    int rc = uses ? 0 : -1;
    for (int k = 0; rc == 0 && k < ADVISE_N_LIMITS; k++) {
        const enum advise_limit which = (enum advise_limit)k;
        if (!isnan(cuvee__contest_limit(limits, which)))
            rc = json_object_set_new(uses, cuvee__advise_limit_name(which),
                                     cuvee__json_real(cuvee__contest_use(c, limits, which)));
    }
    return uses;
}

static json_t *candidate_to_json(const struct candidate *c, const struct advise_limits *limits)
{
    if (!c) return json_null();
    const double price = limits->core_hour_price * 1e6 / c->items_per_core_hour;
    json_t *figures =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "memory_bytes",
                  cuvee__json_real(c->memory_bytes), "upper", cuvee__json_real(c->upper), "steady",
                  cuvee__json_real(c->steady), "items_per_s", cuvee__json_real(c->items_per_s),
                  "rate", cuvee__json_real(cuvee__contest_amount(c, limits, ADVISE_RATE)),
                  "rate_is_measured", cuvee__contest_is_served(c, limits), "latency_p99_ms",
                  cuvee__json_real(cuvee__contest_amount(c, limits, ADVISE_LATENCY)), "finish_s",
                  cuvee__json_real(c->finish_s), "items_per_core_hour",
                  cuvee__json_real(c->items_per_core_hour), "price_per_million",
                  cuvee__json_real(price), "labels_differ", cuvee__json_real(c->labels_differ));
    json_t *operations = json_pack("{s:i, s:s, s:s}", "parts", c->parts, "text",
                                   c->traits->parts_text, "breaks", c->traits->breaks_text);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "arm", c->arm, "title",
                     c->title, "from", c->from, "workers", cuvee__json_real(c->workers), "threads",
                     cuvee__json_real(c->threads), "precision", c->precision, "n",
                     cuvee__json_real(c->n), "figures", figures, "operations", operations, "use",
                     uses_to_json(c, limits));
}

/* ---- the command ---- */

static int add_text(json_t *list, const char *text)
{
    return json_array_append_new(list, json_string(text));
}

/* Of what `cuvee classify` does too: that, on the input and the model of the experiment or the
 * reader's. */
static json_t *classify_command(const struct candidate *c, const json_t *results,
                                const struct advise_limits *limits)
{
    char threads[24];
    const char *column = cuvee__json_text_at(results, "input.column");
    const char *model = limits->model ? limits->model : cuvee__json_text_at(results, "model.path");
    json_t *list =
        json_pack("[s,s,s]", "cuvee", "classify", cuvee__json_text_at(results, "input.path"));
    int rc = list ? 0 : -1;
    if (*column) rc |= add_text(list, "--column") | add_text(list, column);
    rc |= add_text(list, "-m") | add_text(list, model);
    if (c->traits->host) {
        rc |= add_text(list, "--python-host") | add_text(list, c->traits->host);
    } else if (*c->precision) {
        rc |= add_text(list, "--precision") | add_text(list, c->precision);
    }
    if (!isnan(c->workers) && !isnan(c->threads)) {
        /* What runs within Python has threads of its own. */
        snprintf(threads, sizeof threads, "%.0f", c->workers * (c->traits->host ? 1 : c->threads));
        rc |= add_text(list, "--threads") | add_text(list, threads);
    }
    rc |= add_text(list, "-o") | add_text(list, "labels.jsonl");
    if (rc == 0) return list;
    json_decref(list);
    return NULL;
}

/* ---- the command of an arm, with what its words stand for ---- */

enum { NUMBER = 24, N_VALUES = 17 };

struct arm_values {
    struct plan_value values[N_VALUES];
    char numbers[5][NUMBER];
};

static const char *or_word(const char *value, const char *word)
{
    return value && *value ? value : word;
}

static const char *print_count(char text[NUMBER], double x, const char *word)
{
    if (isnan(x)) return word;
    snprintf(text, NUMBER, "%.0f", x);
    return text;
}

/* All items as they lie in the reader's file, or in that of the experiment. */
static void fill_values(struct arm_values *v, const struct candidate *c, const json_t *results,
                        const struct advise_limits *l)
{
    const json_t *arm = cuvee__plan_arm(json_object_get(results, "plan"), c->arm);
    double items = l->rows, batch = NAN, cores = NAN;
    if (isnan(items)) cuvee__json_number_at(results, "input.n_items", &items);
    cuvee__json_number_at(arm, "settings.batch", &batch);
    cuvee__json_number_at(results, "machine.cores", &cores);
    const struct plan_value values[N_VALUES] = {
        {"cuvee", "cuvee"},
        {"library", or_word(l->library, "libcuvee.so")},
        {"python", or_word(l->python, "python3")},
        {"arms", or_word(l->arms, "{arms}")},
        {"model", or_word(l->model, cuvee__json_text_at(results, "model.path"))},
        {"input", cuvee__json_text_at(results, "input.path")},
        {"column", cuvee__json_text_at(results, "input.column")},
        {"answers", "labels.jsonl"},
        {"scenario", "offline"},
        {"schedule", "none"},
        {"items", print_count(v->numbers[0], items, "{items}")},
        {"workers", print_count(v->numbers[1], c->workers, "1")},
        {"threads", print_count(v->numbers[2], c->threads, "0")},
        {"batch", print_count(v->numbers[3], batch, "32")},
        {"precision", or_word(c->precision, "f32")},
        {"cores", print_count(v->numbers[4], cores, "1")},
        {"scratch", "."},
    };
    memcpy(v->values, values, sizeof values);
}

/* A word that stands for something unknown stays as it is. */
static int add_expanded(json_t *list, const char *prefix, const char *word,
                        const struct arm_values *v)
{
    struct buffer text = {0};
    int rc = cuvee__buffer_append_str(&text, prefix);
    if (rc == CUVEE_OK) rc = cuvee__plan_expand(word, v->values, N_VALUES, &text, NULL);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(&text, '\0');
    const int failed = rc == CUVEE_OK ? add_text(list, text.ptr) : add_text(list, word);
    cuvee__buffer_deinit(&text);
    return failed;
}

static json_t *arm_command(const struct candidate *c, const json_t *results,
                           const struct advise_limits *limits)
{
    struct arm_values v;
    const json_t *arm = cuvee__plan_arm(json_object_get(results, "plan"), c->arm), *word;
    json_t *variables = json_object_get(arm, "environment"), *value;
    json_t *list = json_array();
    const char *name;
    size_t i;
    fill_values(&v, c, results, limits);
    int rc = list ? 0 : -1;
    if (rc == 0 && json_object_size(variables)) rc = add_text(list, "env");
    json_object_foreach(variables, name, value)
    {
        char prefix[256];
        snprintf(prefix, sizeof prefix, "%.250s=", name);
        if (rc == 0) rc = add_expanded(list, prefix, json_string_value(value), &v);
    }
    json_array_foreach(c->command, i, word)
    {
        if (rc == 0 && json_is_string(word))
            rc = add_expanded(list, "", json_string_value(word), &v);
    }
    if (rc == 0) return list;
    json_decref(list);
    return NULL;
}

static bool is_script(const char *model)
{
    const size_t n = model ? strlen(model) : 0;
    return n > 3 && strcmp(model + n - 3, ".py") == 0;
}

static json_t *command_of(const struct candidate *c, const json_t *results,
                          const struct advise_limits *limits)
{
    if (!c) return json_null();
    /* A Python host runs scripts: without one of the reader's, the experiment's own is meant. */
    if (c->traits->is_classify && (!c->traits->host || limits->model))
        return classify_command(c, results, limits);
    /* What runs somebody's script without cuvee is a program of theirs. */
    return c->command && !is_script(limits->model) ? arm_command(c, results, limits) : json_null();
}

int cuvee__advise(const json_t *results, const struct advise_limits *limits, json_t **ret_advice,
                  cuvee_error *err)
{
    struct contest contest;
    json_t *advice = NULL;
    int rc = cuvee__contest_init(&contest, results, limits, err);
    if (rc < 0) goto done;
    const struct candidate *chosen = cuvee__contest_choose(&contest, limits, NULL);
    const struct candidate *second =
        chosen ? cuvee__contest_choose(&contest, limits, chosen->arm) : NULL;
    const struct candidate *nearest = chosen ? NULL : cuvee__contest_nearest_miss(&contest, limits);
    advice = json_pack(
        "{s:s, s:b, s:o, s:{s:f, s:f, s:f, s:O?}, s:o, s:o, s:o, s:o}", "schema", "advice/1",
        "fits", chosen != NULL, "limits", limits_to_json(limits), "rules", "headroom",
        ADVISE_HEADROOM, "busy", ADVISE_BUSY, "worth", ADVISE_WORTH, "latency_bound_ms",
        cuvee__json_at(results, "plan.latency_bound_ms"), "recommended",
        candidate_to_json(chosen, limits), "command", command_of(chosen, results, limits),
        "runner_up", candidate_to_json(second, limits), "nearest_miss",
        candidate_to_json(nearest, limits));
    rc = advice ? cuvee__advise_words(advice, results, &contest, limits, chosen, second, err)
                : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for advice");
done:
    cuvee__contest_deinit(&contest);
    if (rc < 0)
        json_decref(advice);
    else
        *ret_advice = advice;
    return rc;
}
