/* SPDX-License-Identifier: Apache-2.0
 *
 * Items of one call took the same time because it is one time, so calls are what is looked at: the
 * items of a worker with the same batch; where an arm names no batches, items in a row that took
 * exactly as long. Calls are in order by the numbers of their batches. An arm that sorts its items
 * by length has a trend in them that is not one of its speed, and where each worker makes few calls
 * all of them are its first: nothing is said of these. */
#include "bench/settled.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "report/steady.h"

struct call {
    double batch, worker, ms;
    size_t first, n_items;
};

static int order_of(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_worker(const void *x, const void *y)
{
    const struct call *a = x, *b = y;
    const int worker = order_of(a->worker, b->worker), batch = order_of(a->batch, b->batch);
    return worker ? worker : batch ? batch : (a->first > b->first) - (a->first < b->first);
}

static int by_batch(const void *x, const void *y)
{
    const struct call *a = x, *b = y;
    const int batch = order_of(a->batch, b->batch);
    return batch ? batch : order_of(a->worker, b->worker);
}

static bool is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

/* A call of each item first. False: of some it is not said what it took. */
static bool take_items(const struct answers *a, struct call *ret)
{
    double unnamed = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (!(a->ms[i] > 0) || !isfinite(a->ms[i])) return false;
        if (i && isnan(a->batch[i]) && !is_same(a->ms[i], a->ms[i - 1])) unnamed++;
        ret[i] = (struct call){isnan(a->batch[i]) ? unnamed : a->batch[i],
                               isnan(a->worker[i]) ? -1 : a->worker[i], a->ms[i], i, 1};
    }
    return true;
}

/* Items that belong together, which stand side by side, become one. Returns how many are left. */
static size_t join(struct call *calls, size_t n)
{
    size_t n_calls = 0;
    for (size_t i = 0; i < n; i++) {
        struct call *last = n_calls ? &calls[n_calls - 1] : NULL;
        if (last && is_same(last->batch, calls[i].batch) &&
            is_same(last->worker, calls[i].worker)) {
            last->ms = fmax(last->ms, calls[i].ms);
            last->n_items++;
        } else {
            calls[n_calls++] = calls[i];
        }
    }
    return n_calls;
}

/* Each worker took its items as they stand in the input. */
static bool is_in_order(const struct call *calls, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (is_same(calls[i].worker, calls[i - 1].worker) && calls[i].first < calls[i - 1].first)
            return false;
    return true;
}

static size_t count_workers(const struct call *calls, size_t n)
{
    size_t n_workers = n > 0;
    for (size_t i = 1; i < n; i++) n_workers += !is_same(calls[i].worker, calls[i - 1].worker);
    return n_workers;
}

/* Of at least STEADY_MIN calls in their order; room for n times. NULL: out of memory. */
static json_t *judge(const struct call *calls, size_t n, double *ms)
{
    struct steady_state state;
    size_t n_items = 0;
    for (size_t i = 0; i < n; i++) ms[i] = calls[i].ms;
    if (cuvee__steady_state(ms, n, &state, NULL) < 0) return NULL;
    for (size_t i = 0; i < state.after; i++) n_items += calls[i].n_items;
    return json_pack("{s:s, s:I, s:I, s:f, s:f, s:n}", "word",
                     state.word == STEADY_NEVER ? "never" : "settled", "calls", (json_int_t)n,
                     "after", (json_int_t)n_items, "shift", state.change.shift, "p",
                     state.change.p, "why");
}

static json_t *not_asked(size_t n_calls, const char *why)
{
    return json_pack("{s:s, s:I, s:n, s:n, s:n, s:s}", "word", "unknown", "calls",
                     (json_int_t)n_calls, "after", "shift", "p", "why", why);
}

int cuvee__settled_take(json_t *record, const struct answers *answers)
{
    struct call *calls = cuvee__alloc_array(answers->n + 1, sizeof *calls);
    double *ms = cuvee__alloc_array(answers->n + 1, sizeof *ms);
    json_t *settled = NULL;
    if (calls && ms && !take_items(answers, calls)) {
        settled = not_asked(0, "the arm does not say what each item took");
    } else if (calls && ms) {
        qsort(calls, answers->n, sizeof *calls, by_worker);
        const size_t n = join(calls, answers->n);
        const bool is_plain = is_in_order(calls, n);
        const size_t n_workers = count_workers(calls, n);
        qsort(calls, n, sizeof *calls, by_batch);
        settled = !is_plain ? not_asked(n, "the arm takes items in an order of its own")
                  : n < STEADY_MIN * n_workers ? not_asked(n, "too few calls of each worker")
                                               : judge(calls, n, ms);
    }
    cuvee__free(calls);
    cuvee__free(ms);
    return settled ? json_object_set_new(record, "settled", settled) : -1;
}
