/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/advise_contest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"

static double number_or(const json_t *json, const char *path, double otherwise)
{
    cuvee__json_number_at(json, path, &otherwise);
    return otherwise;
}

/* The end of a figure's interval that is the worse one to count on; below six runs, of its range.
 */
static double at_least(const json_t *figure)
{
    return number_or(figure, "low", number_or(figure, "min", NAN));
}

static double at_most(const json_t *figure)
{
    return number_or(figure, "high", number_or(figure, "max", NAN));
}

/* ---- candidates ---- */

static bool is_script(const char *model)
{
    const size_t n = model ? strlen(model) : 0;
    return n > 3 && strcmp(model + n - 3, ".py") == 0;
}

/* Seconds of one item once the model is loaded. */
static double seconds_per_item(const json_t *arm, double items_per_s)
{
    /* The items of a run are the same in all runs of an arm: rate and time of any run give them. */
    const double n_items =
        number_or(arm, "items_per_s.median", NAN) * number_or(arm, "wall_s.median", NAN);
    const double work_s = at_most(json_object_get(arm, "work_s"));
    return isnan(work_s) || isnan(n_items) ? 1 / items_per_s : work_s / n_items;
}

static bool is_service(const struct advise_limits *limits)
{
    return !isnan(limits->items_per_s) || !isnan(limits->latency_p99_ms);
}

static const json_t *described(const json_t *results, const char *name)
{
    size_t idx;
    const json_t *arm;
    json_array_foreach(json_object_get(results, "arms"), idx, arm)
    {
        if (strcmp(cuvee__json_text_at(arm, "name"), name) == 0) return arm;
    }
    return NULL;
}

/* What holds for an arm however many workers it has. */
static void describe(struct candidate *c, const json_t *results, const char *arm,
                     const struct advise_limits *limits)
{
    const json_t *description = described(results, arm);
    c->arm = arm;
    c->title = cuvee__json_text_at(description, "title");
    c->precision = cuvee__json_text_at(description, "settings.precision");
    c->command = json_object_get(description, "command");
    c->workers = number_or(description, "settings.workers", NAN);
    c->threads = number_or(description, "settings.threads", NAN);
    c->traits = cuvee__advise_traits(arm);
    c->can_run = c->traits->runs_scripts || !is_script(limits->model);
    c->parts = c->traits->parts + (is_service(limits) && !c->traits->takes_callers) +
               (limits->team != ADVISE_ANY_TEAM && c->traits->team != limits->team);
}

static void set_amounts(struct candidate *c, double seconds_per_item,
                        const struct advise_limits *limits)
{
    c->memory_bytes = c->upper * (1 + ADVISE_HEADROOM);
    c->finish_s = c->load_s + limits->rows * seconds_per_item;
}

/* In a batch all items are there at once: when one of them was answered says nothing of a caller's
 * wait, so it is not among these. */
static void read_waits(struct candidate *c, const json_t *arm)
{
    c->single_p99_ms = number_or(arm, "scenarios.single.p99", NAN);
    c->served_p99_ms = number_or(arm, "scenarios.server.p99", NAN);
    c->served_rate = number_or(arm, "scenarios.server.rate", NAN);
    c->max_rate = number_or(arm, "max_rate.rate", NAN);
    c->probes = json_object_get(arm, "probes");
}

static void read_arm(struct candidate *c, const json_t *results, size_t idx,
                     const struct advise_limits *limits)
{
    const json_t *arm = json_array_get(cuvee__json_at(results, "summary.arms"), idx);
    describe(c, results, cuvee__json_text_at(arm, "arm"), limits);
    snprintf(c->from, sizeof c->from, "summary.arms.%zu", idx);
    c->n = number_or(arm, "n", 0);
    c->labels_differ = number_or(arm, "labels_differ", NAN);
    c->items_per_s = at_least(json_object_get(arm, "items_per_s"));
    c->items_per_core_hour = number_or(arm, "items_per_core_hour", NAN);
    c->upper = number_or(arm, "plan_bytes", NAN);
    c->steady = number_or(arm, "steady_median.median", NAN);
    c->load_s = number_or(arm, "load_s.median", 0);
    set_amounts(c, seconds_per_item(arm, c->items_per_s), limits);
    read_waits(c, arm);
}

static void read_point(struct candidate *c, const json_t *results, size_t idx,
                       const struct advise_limits *limits)
{
    const json_t *point = json_array_get(cuvee__json_at(results, "summary.sweep"), idx);
    describe(c, results, cuvee__json_text_at(results, "plan.sweep.arm"), limits);
    snprintf(c->from, sizeof c->from, "summary.sweep.%zu", idx);
    c->n = number_or(point, "n", 0);
    c->workers = number_or(point, "workers", NAN);
    c->threads = number_or(point, "threads", NAN);
    c->items_per_s = at_least(json_object_get(point, "items_per_s"));
    c->items_per_core_hour = number_or(point, "items_per_s.median", NAN) * 3600 /
                             number_or(results, "machine.cores", NAN);
    c->upper = number_or(point, "upper.max", NAN);
    c->steady = NAN;
    c->load_s = 0; /* it is in the rate */
    set_amounts(c, 1 / c->items_per_s, limits);
    read_waits(c, NULL);
}

/* A sweep compares no answers: they are those of the arm itself. */
static double labels_of_arm(const struct contest *c, const char *arm)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->list[i].arm, arm) == 0) return c->list[i].labels_differ;
    return NAN;
}

static bool is_twin(const json_t *results, const char *arm)
{
    return json_is_true(json_object_get(described(results, arm), "twin"));
}

static bool has_served(const struct candidate *c)
{
    return !isnan(c->served_p99_ms) || json_array_size(c->probes) > 0;
}

int cuvee__contest_init(struct contest *c, const json_t *results,
                        const struct advise_limits *limits, cuvee_error *err)
{
    const json_t *arms = cuvee__json_at(results, "summary.arms");
    const json_t *sweep = cuvee__json_at(results, "summary.sweep");
    *c = (struct contest){NULL, 0};
    if (strcmp(cuvee__json_text_at(results, "schema"), "bench/1") != 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "these are no results of 'cuvee bench' (bench/1)");
    c->list =
        cuvee__alloc_array(json_array_size(arms) + json_array_size(sweep) + 1, sizeof *c->list);
    if (!c->list) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for advice");
    for (size_t i = 0; i < json_array_size(arms); i++) {
        struct candidate *own = &c->list[c->n];
        read_arm(own, results, i, limits);
        if (own->n > 0 && own->items_per_s > 0 && !is_twin(results, own->arm)) c->n++;
    }
    for (size_t i = 0; c->n > 0 && i < json_array_size(sweep); i++) {
        struct candidate *own = &c->list[c->n];
        read_point(own, results, i, limits);
        own->labels_differ = labels_of_arm(c, own->arm);
        if (own->n > 0 && own->items_per_s > 0) c->n++;
    }
    bool is_any_served = false;
    for (size_t i = 0; i < c->n; i++) is_any_served |= has_served(&c->list[i]);
    for (size_t i = 0; i < c->n; i++) c->list[i].should_have_served = is_any_served;
    if (c->n == 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "no arm of these results has a run that counts");
    return CUVEE_OK;
}

void cuvee__contest_deinit(struct contest *c)
{
    cuvee__free(c->list);
    *c = (struct contest){NULL, 0};
}

/* ---- limits ---- */

double cuvee__contest_limit(const struct advise_limits *limits, enum advise_limit which)
{
    switch (which) {
    case ADVISE_MEMORY:
        return limits->memory_bytes;
    case ADVISE_LATENCY:
        return limits->latency_p99_ms;
    case ADVISE_FINISH:
        return limits->finish_within_s;
    case ADVISE_RATE:
        return limits->items_per_s;
    case ADVISE_N_LIMITS:
        break;
    }
    return NAN;
}

struct advise_limits cuvee__contest_with_limit(const struct advise_limits *limits,
                                               enum advise_limit which, double value)
{
    struct advise_limits other = *limits;
    if (which == ADVISE_MEMORY) other.memory_bytes = value;
    if (which == ADVISE_LATENCY) other.latency_p99_ms = value;
    if (which == ADVISE_FINISH) other.finish_within_s = value;
    if (which == ADVISE_RATE) other.items_per_s = value;
    return other;
}

/* Of the rates that were tried, or given, the least p99 at this one or a higher. NAN: none. */
static double p99_at_rate(const struct candidate *c, double rate)
{
    double least = c->served_rate >= rate ? c->served_p99_ms : NAN;
    for (size_t i = 0; i < json_array_size(c->probes); i++) {
        const json_t *probe = json_array_get(c->probes, i);
        if (number_or(probe, "rate", NAN) >= rate)
            least = fmin(least, number_or(probe, "p99_ms", NAN)); /* fmin passes NAN over */
    }
    return least;
}

/* The highest of them at which 99 of 100 answers came within so long. 0: at none. */
static double rate_within(const struct candidate *c, double p99_ms)
{
    double most = c->served_p99_ms <= p99_ms ? c->served_rate : 0;
    for (size_t i = 0; i < json_array_size(c->probes); i++) {
        const json_t *probe = json_array_get(c->probes, i);
        if (number_or(probe, "p99_ms", NAN) <= p99_ms)
            most = fmax(most, number_or(probe, "rate", 0));
    }
    return most;
}

bool cuvee__contest_is_served(const struct candidate *c, const struct advise_limits *limits)
{
    return isnan(limits->latency_p99_ms) ? !isnan(c->max_rate) : has_served(c);
}

double cuvee__contest_amount(const struct candidate *c, const struct advise_limits *limits,
                             enum advise_limit which)
{
    switch (which) {
    case ADVISE_MEMORY:
        return c->memory_bytes;
    case ADVISE_FINISH:
        return c->finish_s;
    case ADVISE_LATENCY:
        if (!isnan(limits->items_per_s) && (has_served(c) || c->should_have_served))
            return p99_at_rate(c, limits->items_per_s);
        return isnan(c->single_p99_ms) ? c->served_p99_ms : c->single_p99_ms;
    case ADVISE_RATE:
        if (!cuvee__contest_is_served(c, limits)) {
            const bool is_unknown = c->should_have_served && !isnan(limits->latency_p99_ms);
            return is_unknown ? NAN : c->items_per_s * ADVISE_BUSY;
        }
        return isnan(limits->latency_p99_ms) ? c->max_rate : rate_within(c, limits->latency_p99_ms);
    case ADVISE_N_LIMITS:
        break;
    }
    return NAN;
}

double cuvee__contest_use(const struct candidate *c, const struct advise_limits *limits,
                          enum advise_limit which)
{
    const double limit = cuvee__contest_limit(limits, which);
    if (isnan(limit)) return 0;
    const double amount = cuvee__contest_amount(c, limits, which);
    return which == ADVISE_RATE ? limit / amount : amount / limit;
}

enum advise_limit cuvee__contest_tightest(const struct candidate *c,
                                          const struct advise_limits *limits)
{
    enum advise_limit tightest = ADVISE_MEMORY;
    double most = -1;
    for (int k = 0; k < ADVISE_N_LIMITS; k++) {
        const double use = cuvee__contest_use(c, limits, (enum advise_limit)k);
        if (isnan(use)) return (enum advise_limit)k;
        if (use > most) {
            most = use;
            tightest = (enum advise_limit)k;
        }
    }
    return tightest;
}

bool cuvee__contest_fits(const struct candidate *c, const struct advise_limits *limits)
{
    return c->can_run && cuvee__contest_use(c, limits, cuvee__contest_tightest(c, limits)) <= 1;
}

/* ---- the choice ---- */

/* What is asked for, and no more of it is of use: then all that fit are equally good. */
static bool is_bounded(const struct advise_limits *limits)
{
    return !isnan(limits->finish_within_s) || !isnan(limits->items_per_s);
}

static double merit(const struct candidate *c, const struct advise_limits *limits)
{
    if (!isnan(limits->core_hour_price)) return c->items_per_core_hour;
    return is_bounded(limits) ? 1 : c->items_per_s;
}

/* Labels that nobody compared count as many. */
static double labels_differ(const struct candidate *c)
{
    return isnan(c->labels_differ) ? INFINITY : c->labels_differ;
}

/* Both are good enough. */
static bool is_preferred(const struct candidate *a, const struct candidate *b)
{
    if (a->parts != b->parts) return a->parts < b->parts;
    if (labels_differ(a) != labels_differ(b)) return labels_differ(a) < labels_differ(b);
    if (a->items_per_s != b->items_per_s) return a->items_per_s > b->items_per_s;
    return a->upper < b->upper;
}

static bool is_eligible(const struct candidate *c, const struct advise_limits *limits,
                        const char *without)
{
    return (!without || strcmp(c->arm, without) != 0) && cuvee__contest_fits(c, limits);
}

const struct candidate *cuvee__contest_choose(const struct contest *c,
                                              const struct advise_limits *limits,
                                              const char *without)
{
    double best = 0;
    const struct candidate *chosen = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (is_eligible(&c->list[i], limits, without))
            best = fmax(best, merit(&c->list[i], limits));
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *own = &c->list[i];
        if (is_eligible(own, limits, without) && merit(own, limits) * ADVISE_WORTH >= best &&
            (!chosen || is_preferred(own, chosen)))
            chosen = own;
    }
    return chosen;
}

const struct candidate *cuvee__contest_nearest_miss(const struct contest *c,
                                                    const struct advise_limits *limits)
{
    double least = INFINITY;
    const struct candidate *nearest = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *own = &c->list[i];
        const double use = cuvee__contest_use(own, limits, cuvee__contest_tightest(own, limits));
        if (own->can_run && use < least) {
            least = use;
            nearest = own;
        }
    }
    return nearest;
}

/* Where a candidate begins or ceases to fit is the only place where the choice can change. */
static void try_change(const struct contest *c, const struct advise_limits *limits,
                       const struct candidate *chosen, enum advise_limit which, double value,
                       struct change *ret)
{
    const double limit = cuvee__contest_limit(limits, which);
    const double from = isnan(limit) ? cuvee__contest_amount(chosen, limits, which) : limit;
    for (int side = -1; side <= 1; side += 2) {
        const double tried = value * (1 + side * 1e-9);
        /* A lesser one than asked is found below a threshold, a greater one above. */
        if (!isnan(limit) && (tried < limit) != (side < 0)) continue;
        const struct advise_limits other = cuvee__contest_with_limit(limits, which, tried);
        const struct candidate *to = cuvee__contest_choose(c, &other, NULL);
        const double distance = fabs(log(value / from));
        if (to && strcmp(to->arm, chosen->arm) == 0) continue;
        /* That another arm does it is worth more to know than that none does. */
        const bool is_worth_more = to && !ret->to, is_worth_less = !to && ret->to;
        if (is_worth_less || (!is_worth_more && !(distance < ret->distance))) continue;
        *ret = (struct change){which, value, side < 0, distance, to};
    }
}

bool cuvee__contest_change(const struct contest *c, const struct advise_limits *limits,
                           const struct candidate *chosen, enum advise_limit which,
                           struct change *ret)
{
    struct change found = {which, NAN, false, INFINITY, NULL};
    if (which == ADVISE_FINISH && isnan(limits->rows)) return false;
    if (isnan(cuvee__contest_amount(chosen, limits, which))) return false;
    for (size_t i = 0; i < c->n; i++) {
        const double value = cuvee__contest_amount(&c->list[i], limits, which);
        if (c->list[i].can_run && value > 0) try_change(c, limits, chosen, which, value, &found);
    }
    if (isinf(found.distance)) return false;
    *ret = found;
    return true;
}
