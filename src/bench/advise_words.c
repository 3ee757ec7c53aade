/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/advise_words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/prose.h"
#include "bench/verdict.h"

struct words {
    json_t *advice;
    const json_t *results;
    const struct contest *contest;
    const struct advise_limits *limits;
    const struct candidate *chosen, *second;
    cuvee_error *err;
    int rc; /* the first failure; then nothing more is said */
};

const char *cuvee__advise_limit_name(enum advise_limit which)
{
    static const char *const names[] = {"memory", "latency_p99", "finish_within", "rate"};
    return names[which];
}

/* A sentence from a template of bench/prose.h, whose paths are of the advice. NULL: not possible.
 */
__attribute__((format(printf, 2, 3))) static json_t *sentence(struct words *w, const char *template,
                                                              ...)
{
    char text[1024];
    struct prose_sentence s;
    json_t *made = NULL;
    va_list ap;
    if (w->rc < 0) return NULL;
    va_start(ap, template);
    const int n = vsnprintf(text, sizeof text, template, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        w->rc = cuvee__fail(w->err, CUVEE_E_LIMIT, "a sentence of the advice is too long");
    if (w->rc == CUVEE_OK) w->rc = cuvee__prose_begin(&s, w->advice, w->err);
    if (w->rc < 0) return NULL;
    cuvee__prose_say(&s.prose, "%s", text);
    w->rc = cuvee__prose_end(&s, &made, w->err);
    return w->rc == CUVEE_OK ? made : NULL;
}

static void check(struct words *w, int failed)
{
    if (failed < 0 && w->rc == CUVEE_OK)
        w->rc = cuvee__fail(w->err, CUVEE_E_NOMEM, "out of memory for advice");
}

/* Takes value. */
static void put(struct words *w, const char *list, json_t *value)
{
    json_t *to = json_object_get(w->advice, list);
    if (!to) check(w, json_object_set_new(w->advice, list, to = json_array()));
    if (value) check(w, json_array_append_new(to, value));
}

static bool has(const struct words *w, const char *path)
{
    double x;
    return cuvee__json_number_at(w->advice, path, &x);
}

static void reason(struct words *w, json_t *made)
{
    put(w, "reasons", made);
}

/* ---- reasons ---- */

static json_t *say_rate(struct words *w)
{
    if (cuvee__contest_is_served(w->chosen, w->limits))
        return sentence(w,
                        "Asked are {per_s limits.items_per_s} a second; at {per_s "
                        "recommended.figures.rate}, which came by chance, all but one answer of a "
                        "hundred still took no longer than {ms %s}.",
                        has(w, "limits.latency_p99_ms") ? "limits.latency_p99_ms"
                                                        : "rules.latency_bound_ms");
    return sentence(w, "Asked are {per_s limits.items_per_s} a second; it can be asked for "
                       "{per_s recommended.figures.rate}, {percent rules.busy} of what it "
                       "can do, since arrivals come in bursts and a queue must be able to "
                       "empty.");
}

static void say_needs(struct words *w)
{
    if (has(w, "recommended.figures.memory_bytes"))
        reason(w, sentence(w,
                           "Memory: {bytes recommended.figures.memory_bytes}%s, which is the "
                           "largest upper bound of any run, {bytes recommended.figures.upper}, "
                           "and {percent rules.headroom} more.",
                           has(w, "limits.memory_bytes") ? " of the {bytes limits.memory_bytes} "
                                                           "that are there"
                                                         : ""));
    if (has(w, "recommended.figures.steady"))
        reason(w, sentence(w, "Its average is {bytes recommended.figures.steady}; a limit is hit "
                              "by the peak."));
    reason(w, sentence(w, "Speed: {per_s recommended.figures.items_per_s} items a second at "
                          "least."));
    if (has(w, "limits.items_per_s")) reason(w, say_rate(w));
    if (has(w, "recommended.figures.finish_s"))
        reason(w,
               sentence(w, "{count limits.rows} rows take {s recommended.figures.finish_s}%s.",
                        has(w, "limits.finish_within_s") ? " of {s limits.finish_within_s}" : ""));
    if (has(w, "limits.latency_p99_ms"))
        reason(w, sentence(w, "One answer of a hundred takes longer than {ms "
                              "recommended.figures.latency_p99_ms}; {ms limits.latency_p99_ms} are "
                              "allowed."));
    if (has(w, "recommended.figures.price_per_million"))
        reason(w, sentence(w, "A million texts cost {ratio "
                              "recommended.figures.price_per_million}."));
}

/* Against the fastest of those that fit. */
static void say_rank(struct words *w)
{
    const struct candidate *fastest = w->chosen;
    for (size_t i = 0; i < w->contest->n; i++) {
        const struct candidate *c = &w->contest->list[i];
        if (cuvee__contest_fits(c, w->limits) && c->items_per_s > fastest->items_per_s) fastest = c;
    }
    const bool is_same = strcmp(fastest->arm, w->chosen->arm) == 0;
    if (is_same) {
        reason(w, sentence(w, "No other arm that fits is faster."));
        return;
    }
    check(w, json_object_set_new(w->advice, "fastest",
                                 json_pack("{s:s, s:s, s:f}", "arm", fastest->arm, "from",
                                           fastest->from, "items_per_s", fastest->items_per_s)));
    const bool is_simpler = w->chosen->parts < fastest->parts;
    const bool is_truer = w->chosen->labels_differ < fastest->labels_differ;
    reason(w, sentence(w,
                       "{name fastest.arm} does {ratio fastest.items_per_s / "
                       "recommended.figures.items_per_s} times as much in the same time, but %s.",
                       is_simpler ? "has more parts, and that much is not needed"
                       : is_truer ? "gives other labels, and that much is not needed"
                                  : "costs more, or is not needed"));
}

static void say_operations(struct words *w)
{
    reason(w, sentence(w, "To run: {name recommended.operations.text} {name "
                          "recommended.operations.breaks}"));
    if (w->chosen->labels_differ > 0)
        reason(w, sentence(w, "Labels that differ from the reference's: {count "
                              "recommended.figures.labels_differ}; see that this is acceptable."));
}

/* Of an advice without a recommendation. */
static void say_miss(struct words *w)
{
    static const char *const missed[] = {
        "The nearest miss is {name nearest_miss.arm}: it takes {bytes "
        "nearest_miss.figures.memory_bytes}, {ratio nearest_miss.use.memory} times the {bytes "
        "limits.memory_bytes} that are there.",
        "The nearest miss is {name nearest_miss.arm}: one answer of a hundred takes longer than "
        "{ms nearest_miss.figures.latency_p99_ms}, {ratio nearest_miss.use.latency_p99} times the "
        "{ms limits.latency_p99_ms} that are allowed.",
        "The nearest miss is {name nearest_miss.arm}: {count limits.rows} rows take {s "
        "nearest_miss.figures.finish_s}, {ratio nearest_miss.use.finish_within} times the {s "
        "limits.finish_within_s} that there are.",
        "The nearest miss is {name nearest_miss.arm}: it can be asked for {per_s "
        "nearest_miss.figures.rate} items a second; the {per_s limits.items_per_s} that are asked "
        "are {ratio nearest_miss.use.rate} times as many."};
    const struct candidate *nearest = cuvee__contest_nearest_miss(w->contest, w->limits);
    reason(w, sentence(w, "Nothing that was measured fits."));
    if (nearest)
        reason(w, sentence(w, "%s", missed[cuvee__contest_tightest(nearest, w->limits)]));
    else
        reason(w, sentence(w, "No arm runs this model and has figures for all of the limits."));
}

/* ---- plain Python ---- */

static const struct candidate *best_plain(const struct contest *c)
{
    const struct candidate *best = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *own = &c->list[i];
        if (own->traits->is_plain_python && own->can_run &&
            (!best || own->items_per_s > best->items_per_s))
            best = own;
    }
    return best;
}

static const char *what_is_missed(enum advise_limit which, bool is_unknown)
{
    static const char *const missed[] = {"takes more memory than there is", "answers too late",
                                         "takes too long for the rows",
                                         "cannot take that many items a second"};
    static const char *const unknown[] = {"has no figure of its memory",
                                          "has no p99 of a caller's wait in these results",
                                          "has no figure of its time", "has no figure of its rate"};
    return is_unknown ? unknown[which] : missed[which];
}

static const char *missed_by(const struct candidate *c, const struct advise_limits *limits)
{
    const enum advise_limit which = cuvee__contest_tightest(c, limits);
    return what_is_missed(which, isnan(cuvee__contest_use(c, limits, which)));
}

static void say_plain(struct words *w)
{
    const struct candidate *plain = best_plain(w->contest);
    const bool is_right = w->chosen && w->chosen->traits->is_plain_python;
    json_t *made = NULL;
    if (plain)
        check(w, json_object_set_new(w->advice, "plain",
                                     json_pack("{s:s, s:f}", "arm", plain->arm, "items_per_s",
                                               plain->items_per_s)));
    if (is_right)
        made = sentence(w, "Plain Python is the right choice: one process, nothing to add, and "
                           "what else was measured is not needed or not worth its parts.");
    else if (!plain)
        made = sentence(w, "Plain Python was not measured.");
    else if (!cuvee__contest_fits(plain, w->limits))
        made = sentence(w, "Plain Python is not enough: {name plain.arm} %s.",
                        missed_by(plain, w->limits));
    else
        made = sentence(w,
                        "Plain Python would do: {name plain.arm} fits, but {name "
                        "recommended.arm} does {ratio recommended.figures.items_per_s / "
                        "plain.items_per_s} times as much in the same time%s.",
                        w->chosen->parts <= plain->parts ? " with no more parts" : "");
    if (made) check(w, json_object_set_new(made, "right", json_boolean(is_right)));
    check(w, json_object_set_new(w->advice, "plain_python", made ? made : json_null()));
}

/* ---- what would change it ---- */

static const char *change_template(const struct change *change)
{
    static const char *const below[] = {
        "With less memory than {bytes changes.%zu.value}: ",
        "If an answer must come in less than {ms changes.%zu.value}: ",
        "If the rows must be done in less than {s changes.%zu.value}: ",
        "If no more than {per_s changes.%zu.value} items a second are asked: "};
    static const char *const above[] = {
        "With {bytes changes.%zu.value} of memory or more: ",
        "If an answer may take {ms changes.%zu.value} or longer: ",
        "If there are {s changes.%zu.value} or more for the rows: ",
        "If more than {per_s changes.%zu.value} items a second are asked: "};
    return change->is_below ? below[change->which] : above[change->which];
}

static void add_change(struct words *w, const struct change *change)
{
    char start[256], template[512];
    const size_t idx = json_array_size(json_object_get(w->advice, "changes"));
    put(w, "changes",
        json_pack("{s:s, s:f, s:b, s:f, s:s?}", "limit", cuvee__advise_limit_name(change->which),
                  "value", change->value, "below", change->is_below, "distance", change->distance,
                  "arm", change->to ? change->to->arm : NULL));
    snprintf(start, sizeof start, "%s%s", change_template(change),
             change->to ? "{name changes.%zu.arm}." : "nothing fits.");
    /* The placeholders of the index are ours: each is the same number. */
    size_t len = 0;
    for (const char *p = start; *p && len + 24 < sizeof template;) {
        if (strncmp(p, "%zu", 3) == 0) {
            len += (size_t)snprintf(template + len, sizeof template - len, "%zu", idx);
            p += 3;
        } else {
            template[len++] = *p++;
        }
    }
    template[len] = '\0';
    json_t *made = sentence(w, "%s", template);
    json_t *entry = json_array_get(json_object_get(w->advice, "changes"), idx);
    if (made) check(w, json_object_update_new(entry, made));
}

/* The nearest first. */
static void say_changes(struct words *w)
{
    struct change found[ADVISE_N_LIMITS];
    size_t n = 0;
    put(w, "changes", NULL);
    for (int k = 0; w->chosen && k < ADVISE_N_LIMITS; k++) {
        struct change change;
        if (!cuvee__contest_change(w->contest, w->limits, w->chosen, (enum advise_limit)k, &change))
            continue;
        size_t at = n++;
        for (; at > 0 && change.distance < found[at - 1].distance; at--) found[at] = found[at - 1];
        found[at] = change;
    }
    for (size_t i = 0; i < n; i++) add_change(w, &found[i]);
}

/* ---- the others ---- */

static bool is_first_of_its_arm(const struct contest *c, size_t idx)
{
    for (size_t i = 0; i < idx; i++)
        if (strcmp(c->list[i].arm, c->list[idx].arm) == 0) return false;
    return true;
}

static json_t *why_not(struct words *w, const struct candidate *c)
{
    if (!c->can_run) return sentence(w, "does not run a Python script");
    if (!cuvee__contest_fits(c, w->limits)) return sentence(w, "%s", missed_by(c, w->limits));
    if (c->parts > w->chosen->parts)
        return sentence(w, "has more parts: %s", c->traits->parts_text);
    if (c->labels_differ > w->chosen->labels_differ)
        return sentence(w, "fits, but gives other labels than the reference");
    return sentence(w, "fits, and is slower or no better");
}

/* Of arms that are not in the contest at all. */
static void say_absent(struct words *w)
{
    size_t idx;
    const json_t *arm;
    json_array_foreach(json_object_get(w->results, "arms"), idx, arm)
    {
        const char *name = cuvee__json_text_at(arm, "name");
        bool is_there = json_is_true(json_object_get(arm, "twin"));
        for (size_t i = 0; i < w->contest->n && !is_there; i++)
            is_there = strcmp(w->contest->list[i].arm, name) == 0;
        if (is_there) continue;
        json_t *made = sentence(w, json_is_string(json_object_get(arm, "skipped"))
                                       ? "was not measured: something that it needs is missing"
                                       : "has no run that counts");
        if (made) check(w, json_object_set_new(made, "arm", json_string(name)));
        put(w, "others", made);
    }
}

/* Of each arm that is neither the chosen nor the second: why. */
static void say_others(struct words *w)
{
    put(w, "others", NULL);
    for (size_t i = 0; i < w->contest->n; i++) {
        const struct candidate *c = &w->contest->list[i];
        if (!is_first_of_its_arm(w->contest, i) ||
            (w->chosen && strcmp(c->arm, w->chosen->arm) == 0) ||
            (w->second && strcmp(c->arm, w->second->arm) == 0))
            continue;
        json_t *made = why_not(w, c);
        if (made) check(w, json_object_set_new(made, "arm", json_string(c->arm)));
        put(w, "others", made);
    }
    say_absent(w);
}

/* ---- warnings ---- */

static void warn(struct words *w, json_t *made)
{
    put(w, "warnings", made);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void warn_of_model(struct words *w)
{
    const char *asked = w->limits->model, *measured = cuvee__json_text_at(w->results, "model.path");
    if (asked && strcmp(last_part(asked), last_part(measured)) != 0)
        warn(w, sentence(w, "The figures are of another model than that which is asked for: their "
                            "order may hold, their sizes will not. Measure yours with 'cuvee bench "
                            "-m'."));
}

/* What the results have of callers that wait. */
static void warn_of_latency(struct words *w)
{
    bool has_single = false, has_served = false;
    for (size_t i = 0; i < w->contest->n; i++) {
        const struct candidate *c = &w->contest->list[i];
        has_single |= !isnan(c->single_p99_ms);
        has_served |= !isnan(c->served_p99_ms) || json_array_size(c->probes) > 0;
    }
    if (isnan(w->limits->latency_p99_ms)) return;
    if (!has_single && !has_served)
        warn(w, sentence(w, "These results are of a batch, in which nobody waits for an answer: "
                            "a limit of latency needs 'cuvee bench --scenario "
                            "offline,single,server'."));
    else if (!has_served && !isnan(w->limits->items_per_s))
        warn(w, sentence(w, "Callers were measured one at a time; at a rate they wait for each "
                            "other too, which 'cuvee bench --scenario offline,server' "
                            "measures."));
    else if (!has_served)
        warn(w, sentence(w, "Callers were measured one at a time; several at once also wait for "
                            "each other."));
}

/* A command for a table is no service. */
static void warn_of_service(struct words *w)
{
    const bool is_service = !isnan(w->limits->items_per_s) || !isnan(w->limits->latency_p99_ms);
    if (w->chosen && is_service && w->chosen->traits->is_classify)
        warn(w, sentence(w, "The command labels a table with the same pool; callers of a service "
                            "reach it through libcuvee (cuvee_submit)."));
}

/* Of the chosen arm. */
static void warn_of_runs(struct words *w)
{
    char path[96];
    double n_flagged = 0;
    if (!w->chosen) return;
    if (w->chosen->n < VERDICT_MIN_INTERVAL)
        warn(w,
             sentence(w, "Runs that count: {count recommended.n}; too few for an interval, so the "
                         "worst of them was taken."));
    snprintf(path, sizeof path, "%s.n_flagged", w->chosen->from);
    if (cuvee__json_number_at(w->results, path, &n_flagged) && n_flagged > 0)
        warn(w, sentence(w, "The machine was not quiet in some of its runs."));
    if (w->second && w->second->parts == w->chosen->parts) {
        char low[96], high[96];
        double a, b;
        const bool is_faster = w->chosen->items_per_s >= w->second->items_per_s;
        const struct candidate *fast = is_faster ? w->chosen : w->second,
                               *slow = is_faster ? w->second : w->chosen;
        snprintf(low, sizeof low, "%s.items_per_s.min", fast->from);
        snprintf(high, sizeof high, "%s.items_per_s.max", slow->from);
        if (cuvee__json_number_at(w->results, low, &a) &&
            cuvee__json_number_at(w->results, high, &b) && a <= b)
            warn(w, sentence(w, "Its runs and those of {name runner_up.arm} overlap in speed."));
    }
}

static void say_warnings(struct words *w)
{
    const char *machine = cuvee__json_text_at(w->results, "machine.id");
    put(w, "warnings", NULL);
    if (w->limits->machine_id && strcmp(w->limits->machine_id, machine) != 0)
        warn(w, sentence(w, "The results come from another machine than this one."));
    if (strcmp(cuvee__json_text_at(w->results, "state"), "complete") != 0)
        warn(w, sentence(w, "The experiment did not come to its end."));
    warn_of_model(w);
    warn_of_latency(w);
    warn_of_service(w);
    warn_of_runs(w);
}

int cuvee__advise_words(json_t *advice, const json_t *results, const struct contest *c,
                        const struct advise_limits *limits, const struct candidate *chosen,
                        const struct candidate *second, cuvee_error *err)
{
    struct words w = {advice, results, c, limits, chosen, second, err, CUVEE_OK};
    put(&w, "reasons", NULL);
    if (chosen) {
        say_needs(&w);
        say_rank(&w);
        say_operations(&w);
    } else {
        say_miss(&w);
    }
    say_plain(&w);
    say_changes(&w);
    say_others(&w);
    say_warnings(&w);
    return w.rc;
}
