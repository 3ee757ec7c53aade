/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"

/* ---- the results ---- */

__attribute__((format(printf, 2, 0))) static const json_t *find(const struct report *r,
                                                                const char *path, va_list ap)
{
    char at[CUVEE__PROSE_PATH];
    const int n = vsnprintf(at, sizeof at, path, ap);
    return n >= 0 && (size_t)n < sizeof at ? cuvee__json_at(r->results, at) : NULL;
}

bool cuvee__report_number(const struct report *r, double *ret, const char *path, ...)
{
    va_list ap;
    va_start(ap, path);
    const json_t *value = find(r, path, ap);
    va_end(ap);
    if (!json_is_number(value)) return false;
    *ret = json_number_value(value);
    return true;
}

const char *cuvee__report_text(const struct report *r, const char *path, ...)
{
    va_list ap;
    va_start(ap, path);
    const char *text = json_string_value(find(r, path, ap));
    va_end(ap);
    return text ? text : "";
}

static size_t find_summary(const json_t *results, const char *name)
{
    const json_t *list = cuvee__json_at(results, "summary.arms"), *arm;
    size_t i;
    json_array_foreach(list, i, arm)
    {
        if (strcmp(cuvee__json_text_at(arm, "arm"), name) == 0) return i;
    }
    return REPORT_NONE;
}

void cuvee__report_init(struct report *r, const json_t *results, const char *dir, struct sink *out)
{
    const json_t *list = json_object_get(results, "arms"), *arm;
    const char *reference = cuvee__json_text_at(results, "summary.reference");
    size_t i;
    *r = (struct report){.results = results, .dir = dir, .out = out};
    json_array_foreach(list, i, arm)
    {
        if (r->n_arms == REPORT_MAX_ARMS) break;
        struct report_arm *a = &r->arms[r->n_arms++];
        double n = 0;
        a->name = cuvee__json_text_at(arm, "name");
        a->title = cuvee__json_text_at(arm, "title");
        a->skipped = cuvee__json_text_at(arm, "skipped");
        a->at = i;
        a->sum = find_summary(results, a->name);
        a->series = (int)i;
        a->is_twin = json_is_true(json_object_get(arm, "twin"));
        a->is_reference = strcmp(a->name, reference) == 0;
        a->has_runs = a->sum != REPORT_NONE &&
                      cuvee__report_number(r, &n, "summary.arms.%zu.n", a->sum) && n > 0;
    }
}

const struct report_arm *cuvee__report_find(const struct report *r, const char *name)
{
    for (size_t i = 0; i < r->n_arms; i++)
        if (strcmp(r->arms[i].name, name) == 0) return &r->arms[i];
    return NULL;
}

struct prose cuvee__report_prose(const struct report *r, enum prose_form form)
{
    return (struct prose){.results = r->results, .out = r->out, .form = form};
}

int cuvee__report_end(const struct report *r, cuvee_error *err)
{
    switch (r->out->rc) {
    case CUVEE_OK:
        return CUVEE_OK;
    case CUVEE_E_NOMEM:
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for the report");
    default:
        return cuvee__fail(err, r->out->rc, "the report could not be written");
    }
}

const char *cuvee__report_bytes_range(double low, double high, char *text, size_t room)
{
    char first[CUVEE__PROSE_SHOWN], second[CUVEE__PROSE_SHOWN];
    cuvee__prose_format(PROSE_BYTES, low, first, sizeof first);
    cuvee__prose_format(PROSE_BYTES, high, second, sizeof second);
    const size_t n = strcspn(first, " ");
    if (strcmp(first, second) == 0)
        snprintf(text, room, "%s", second);
    else if (strcmp(first + n, second + strcspn(second, " ")) == 0) /* the same unit */
        snprintf(text, room, "%.*s to %s", (int)n, first, second);
    else
        snprintf(text, room, "%s to %s", first, second);
    return text;
}

/* ---- cells ---- */

const char *const cuvee__report_headings[REPORT_COLUMNS] = {
    [REPORT_ITEMS] = ">items/s",
    [REPORT_RATIO] = ">x reference",
    [REPORT_VERDICT] = "verdict",
    [REPORT_WALL] = ">wall",
    [REPORT_PEAK] = ">peak memory",
    [REPORT_LOAD] = ">load",
    [REPORT_CORES] = ">cores",
    [REPORT_CPU] = ">CPU-s/1k",
    [REPORT_P50] = ">p50",
    [REPORT_P90] = ">p90",
    [REPORT_P99] = ">p99",
    [REPORT_DIFFER] = ">labels differ",
    [REPORT_ACCURACY] = ">accuracy",
    [REPORT_RUNS] = ">runs",
    [REPORT_STEADY] = "steady",
    [REPORT_TYPICAL] = ">run shown",
    [REPORT_ASKED] = ">workers x threads",
    [REPORT_ALIVE] = ">alive",
    [REPORT_PLAN] = ">peak of all runs",
    [REPORT_FIRST] = ">first answer",
    [REPORT_MOSTLY] = ">most of the time",
    [REPORT_INTEGRAL] = ">MiB x s",
    [REPORT_TOKENS] = ">tokens/s",
    [REPORT_SINGLE_P50] = ">alone: p50",
    [REPORT_SINGLE_P99] = ">alone: p99",
    [REPORT_SERVED_P50] = ">at the rate: p50",
    [REPORT_SERVED_P99] = ">at the rate: p99",
    [REPORT_RATE] = ">highest rate",
    [REPORT_HOUR] = ">per core-hour",
    [REPORT_PRICE] = ">price of a million"};

static const struct {
    const char *path; /* of summary.arms.N; NULL: made of several */
    enum prose_unit unit;
} cells[REPORT_COLUMNS] = {[REPORT_ITEMS] = {"items_per_s.median", PROSE_PER_SECOND},
                           [REPORT_LOAD] = {"load_s.median", PROSE_SECONDS},
                           [REPORT_CORES] = {"cores_used.median", PROSE_RATIO},
                           [REPORT_CPU] = {"cpu_s_per_1000", PROSE_RATIO},
                           [REPORT_P50] = {"latency_ms.p50", PROSE_MILLIS},
                           [REPORT_P90] = {"latency_ms.p90", PROSE_MILLIS},
                           [REPORT_P99] = {"latency_ms.p99", PROSE_MILLIS},
                           [REPORT_DIFFER] = {"labels_differ", PROSE_COUNT},
                           [REPORT_ACCURACY] = {"accuracy", PROSE_PERCENT},
                           [REPORT_PLAN] = {"plan_bytes", PROSE_BYTES},
                           [REPORT_FIRST] = {"first_s.median", PROSE_SECONDS},
                           [REPORT_MOSTLY] = {"steady_median.median", PROSE_BYTES},
                           [REPORT_INTEGRAL] = {"integral_MiB_s.median", PROSE_COUNT},
                           [REPORT_TOKENS] = {"tokens_per_s", PROSE_COUNT},
                           [REPORT_ALIVE] = {"threads_max.median", PROSE_COUNT},
                           [REPORT_TYPICAL] = {"typical", PROSE_COUNT},
                           [REPORT_SINGLE_P50] = {"scenarios.single.p50", PROSE_MILLIS},
                           [REPORT_SINGLE_P99] = {"scenarios.single.p99", PROSE_MILLIS},
                           [REPORT_SERVED_P50] = {"scenarios.server.p50", PROSE_MILLIS},
                           [REPORT_SERVED_P99] = {"scenarios.server.p99", PROSE_MILLIS},
                           [REPORT_RATE] = {"max_rate.rate", PROSE_PER_SECOND},
                           [REPORT_HOUR] = {"items_per_core_hour", PROSE_COUNT},
                           [REPORT_PRICE] = {"price_per_million", PROSE_RATIO}};

/* In square brackets: least and greatest, where there are too few pairs for an interval. */
static void ratio_cell(const struct report *r, size_t sum, char text[REPORT_CELL])
{
    char median[CUVEE__PROSE_SHOWN], low[CUVEE__PROSE_SHOWN], high[CUVEE__PROSE_SHOWN];
    double x[3];
    if (!cuvee__report_number(r, &x[0], "summary.arms.%zu.ratio.median", sum)) return;
    cuvee__prose_format(PROSE_RATIO, x[0], median, sizeof median);
    snprintf(text, REPORT_CELL, "%s", median);
    if (!cuvee__report_number(r, &x[1], "summary.arms.%zu.ratio.low", sum) ||
        !cuvee__report_number(r, &x[2], "summary.arms.%zu.ratio.high", sum) || !(x[1] < x[2]))
        return;
    const json_t *ratio =
        cuvee__json_at(json_array_get(cuvee__json_at(r->results, "summary.arms"), sum), "ratio");
    const bool is_range = json_is_true(json_object_get(ratio, "range"));
    snprintf(text, REPORT_CELL, is_range ? "%s [%s to %s]" : "%s (%s to %s)", median,
             cuvee__prose_format(PROSE_RATIO, x[1], low, sizeof low),
             cuvee__prose_format(PROSE_RATIO, x[2], high, sizeof high));
}

static void peak_cell(const struct report *r, size_t sum, char text[REPORT_CELL])
{
    double low, high;
    if (cuvee__report_number(r, &low, "summary.arms.%zu.lower.median", sum) &&
        cuvee__report_number(r, &high, "summary.arms.%zu.upper.median", sum))
        cuvee__report_bytes_range(low, high, text, REPORT_CELL);
}

/* Of an arm that was given fewer items than there are, of how many it is: its time is none to
 * compare. */
static void wall_cell(const struct report *r, size_t sum, char text[REPORT_CELL])
{
    char wall[CUVEE__PROSE_SHOWN], items[CUVEE__PROSE_SHOWN];
    double wall_s, own, all;
    if (!cuvee__report_number(r, &wall_s, "summary.arms.%zu.wall_s.median", sum)) return;
    cuvee__prose_format(PROSE_SECONDS, wall_s, wall, sizeof wall);
    if (cuvee__report_number(r, &own, "summary.arms.%zu.n_items", sum) &&
        cuvee__report_number(r, &all, "input.n_items") && own < all)
        snprintf(text, REPORT_CELL, "%s for %s", wall,
                 cuvee__prose_format(PROSE_COUNT, own, items, sizeof items));
    else
        snprintf(text, REPORT_CELL, "%s", wall);
}

static void runs_cell(const struct report *r, size_t sum, char text[REPORT_CELL])
{
    static const struct {
        const char *key, *format;
    } parts[] = {{"n", "%.0f"}, {"n_failed", ", %.0f failed"}, {"n_flagged", ", %.0f disturbed"}};
    const json_t *arm = json_array_get(cuvee__json_at(r->results, "summary.arms"), sum);
    const size_t n_far = json_array_size(json_object_get(arm, "outliers"));
    size_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double x = 0;
        if (!cuvee__report_number(r, &x, "summary.arms.%zu.%s", sum, parts[i].key) && i == 0)
            return;
        if (i && !(x > 0)) continue;
        /* Three numbers of any size are shorter than a cell. */
        n += (size_t)snprintf(text + n, REPORT_CELL - n, parts[i].format, fmin(x, 1e9));
    }
    if (n_far) snprintf(text + n, REPORT_CELL - n, ", %zu outlier%s", n_far, n_far > 1 ? "s" : "");
}

const char *cuvee__report_cell(const struct report *r, const struct report_arm *a,
                               enum report_column column, char text[REPORT_CELL])
{
    double x;
    *text = '\0';
    if (a->sum == REPORT_NONE || (!a->has_runs && column != REPORT_RUNS)) return text;
    if (column == REPORT_RATIO)
        ratio_cell(r, a->sum, text);
    else if (column == REPORT_WALL)
        wall_cell(r, a->sum, text);
    else if (column == REPORT_PEAK)
        peak_cell(r, a->sum, text);
    else if (column == REPORT_RUNS)
        runs_cell(r, a->sum, text);
    else if (column == REPORT_ASKED)
        cuvee__report_asked_cell(r, a, text);
    else if (column == REPORT_STEADY)
        cuvee__report_steady_cell(r, a, text);
    else if (column == REPORT_VERDICT)
        snprintf(text, REPORT_CELL, "%.40s",
                 cuvee__report_text(r, "summary.arms.%zu.verdict", a->sum));
    else if (cuvee__report_number(r, &x, "summary.arms.%zu.%s", a->sum, cells[column].path))
        cuvee__prose_format(cells[column].unit, x, text, REPORT_CELL);
    return text;
}

bool cuvee__report_has_column(const struct report *r, enum report_column column)
{
    char text[REPORT_CELL];
    for (size_t i = 0; i < r->n_arms; i++)
        if (r->arms[i].has_runs && *cuvee__report_cell(r, &r->arms[i], column, text)) return true;
    return false;
}

const enum report_column cuvee__report_waits[REPORT_WAITS] = {
    REPORT_SINGLE_P50, REPORT_SINGLE_P99, REPORT_SERVED_P50, REPORT_SERVED_P99, REPORT_RATE};

bool cuvee__report_put_waits_words(const struct report *r, struct prose *p)
{
    bool has_any = false;
    for (size_t i = 0; i < REPORT_WAITS; i++)
        has_any |= cuvee__report_has_column(r, cuvee__report_waits[i]);
    if (!has_any) return false;
    cuvee__prose_text(p, "How long a caller waits for an answer: half of them no longer than the "
                         "median, all but one of a hundred no longer than the other.");
    if (cuvee__report_has_column(r, REPORT_SINGLE_P50))
        cuvee__prose_text(p, " Alone: the next comes when the one before has its answer.");
    if (cuvee__report_has_column(r, REPORT_SERVED_P50))
        cuvee__prose_say(p, " At the rate: {per_s plan.rate} a second come by chance, whether or "
                            "not those before have theirs.");
    if (cuvee__report_has_column(r, REPORT_RATE))
        cuvee__prose_say(p,
                         " Highest rate: the most items a second, of the rates tried, at which all "
                         "but one of a hundred answers came within {ms plan.latency_bound_ms}.");
    return true;
}

size_t cuvee__report_margin(const struct report *r, double *ret)
{
    for (size_t i = 0; i < r->n_arms; i++) {
        const size_t sum = r->arms[i].sum;
        if (sum != REPORT_NONE &&
            cuvee__report_number(r, ret, "summary.arms.%zu.ratio.margin", sum) && *ret >= 1)
            return sum;
    }
    return REPORT_NONE;
}

/* ---- failures ---- */

static bool is_failure_of(const json_t *run, const char *arm)
{
    const char *status = cuvee__json_text_at(run, "status");
    return strcmp(cuvee__json_text_at(run, "arm"), arm) == 0 && *status &&
           strcmp(status, "ok") != 0 && strcmp(status, "interrupted") != 0;
}

bool cuvee__report_next_failure(const struct report *r, const struct report_arm *a, size_t *at,
                                const char **ret_status, const char **ret_why)
{
    const json_t *runs = json_object_get(r->results, "runs");
    for (; *at < json_array_size(runs); ++*at) {
        const json_t *run = json_array_get(runs, *at);
        bool is_new = is_failure_of(run, a->name);
        for (size_t i = 0; is_new && i < *at; i++) {
            const json_t *before = json_array_get(runs, i);
            is_new = !is_failure_of(before, a->name) ||
                     !json_equal(json_object_get(before, "why"), json_object_get(run, "why")) ||
                     !json_equal(json_object_get(before, "status"), json_object_get(run, "status"));
        }
        if (!is_new) continue;
        *ret_status = cuvee__json_text_at(run, "status");
        *ret_why = cuvee__json_text_at(run, "why");
        ++*at;
        return true;
    }
    return false;
}

bool cuvee__report_is_unreached(const struct report *r, const struct report_arm *a)
{
    const json_t *runs = json_object_get(r->results, "runs");
    if (*a->skipped || a->is_twin) return false;
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (cuvee__json_text_is(json_array_get(runs, i), "arm", a->name)) return false;
    return true;
}
