/* SPDX-License-Identifier: Apache-2.0
 *
 * Items through a pool in one of three paces:
 *
 *   offline  submissions of some texts, a few of them for each worker on their way, so that no
 *            worker waits and none of them waits long
 *   single   a call that blocks, for each item
 *   server   each item at its time, whatever has become of those before it, and its latency from
 *            that time on: were it sent when the one before is answered, a stall would delay the
 *            arrivals too, and hide itself */
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "bench_drive.h"
#include "os/clock.h"
#include "os/thread.h"

enum { CALLS_OF_A_WORKER = 4 };

struct pace {
    struct drive_items *items;
    void (*first)(void *user);
    void *user;
    struct mutex mutex; /* guards the rest */
    struct cond ended;  /* a call has ended */
    size_t n_calls;     /* on their way */
    bool has_first;
    int rc; /* of the first item that failed */
    cuvee_error err;
};

/* One submission, from when it is due to its answers. */
struct call {
    struct pace *pace;
    size_t first, n;
    uint64_t batch, due_ns;
};

static void fail_item(struct pace *p, uint64_t index, int code, const char *message)
{
    if (!p->rc)
        p->rc = cuvee__fail(&p->err, code, "item %zu: %s", (size_t)index,
                            message ? message : cuvee_code_name(code));
}

/* The items first .. of a result. */
static void keep(struct pace *p, const struct call *call, const cuvee_result *result)
{
    const double ms = (double)(cuvee__clock_ns() - call->due_ns) / 1e6;
    const int32_t *status = cuvee_result_status(result);
    const double *exact = cuvee_result_exact_scores(result);
    for (size_t i = 0; i < call->n; i++) {
        struct drive_answer *a = &p->items->answers[call->first + i];
        if (status[i] != CUVEE_OK)
            fail_item(p, p->items->indexes[call->first + i], status[i],
                      cuvee_result_message(result, i));
        *a = (struct drive_answer){.label = cuvee_result_labels(result)[i],
                                   .score =
                                       exact ? exact[i] : (double)cuvee_result_scores(result)[i],
                                   .ms = ms,
                                   .batch = call->batch};
        /* A script's label may come without a score, and JSON has no NaN. */
        if (status[i] == CUVEE_OK && a->score != a->score)
            fail_item(p, p->items->indexes[call->first + i], CUVEE_E_SCRIPT, "no score");
    }
    if (!p->has_first) {
        p->has_first = true;
        p->first(p->user);
    }
}

static void done(void *user, cuvee_result *result)
{
    const struct call *call = user;
    struct pace *p = call->pace;
    cuvee__mutex_lock(&p->mutex);
    keep(p, call, result);
    p->n_calls--;
    cuvee__cond_signal(&p->ended);
    cuvee__mutex_unlock(&p->mutex);
    cuvee_result_free(result);
}

static void wait_for_calls(struct pace *p, size_t most)
{
    cuvee__mutex_lock(&p->mutex);
    while (p->n_calls > most) cuvee__cond_wait(&p->ended, &p->mutex);
    cuvee__mutex_unlock(&p->mutex);
}

static void count_call(struct pace *p, bool more)
{
    cuvee__mutex_lock(&p->mutex);
    if (more)
        p->n_calls++;
    else
        p->n_calls--;
    cuvee__mutex_unlock(&p->mutex);
}

static int submit(cuvee_pool *pool, struct call *call, cuvee_error *err)
{
    struct pace *p = call->pace;
    count_call(p, true); /* before: done() may come at once */
    const int rc =
        cuvee_submit(pool, p->items->texts + call->first, call->n, NULL, done, call, err);
    if (rc) count_call(p, false);
    return rc;
}

static int pace_single(cuvee_pool *pool, struct pace *p, cuvee_error *err)
{
    for (size_t k = 0; k < p->items->n; k++) {
        const struct call call = {p, k, 1, k, cuvee__clock_ns()};
        cuvee_result *result = NULL;
        const int rc = cuvee_classify(pool, p->items->texts + k, 1, NULL, &result, err);
        if (rc) return rc;
        keep(p, &call, result);
        cuvee_result_free(result);
    }
    return CUVEE_OK;
}

/* `batch` items a call; in server each has its time. */
static int pace_calls(cuvee_pool *pool, struct pace *p, size_t batch, uint64_t start_ns,
                      cuvee_error *err)
{
    cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
    int rc = cuvee_pool_describe(pool, &info, err);
    if (rc) return rc;
    const uint64_t *arrivals = p->items->arrivals;
    const size_t n_calls = (p->items->n + batch - 1) / batch;
    const size_t most = arrivals ? SIZE_MAX : CALLS_OF_A_WORKER * (size_t)info.n_workers;
    struct call *calls = cuvee__alloc_array(cuvee__max(n_calls, 1), sizeof *calls);
    if (!calls) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %zu calls", n_calls);
    for (size_t c = 0; !rc && c < n_calls; c++) {
        const size_t first = c * batch;
        if (arrivals)
            cuvee__clock_sleep_until(start_ns + arrivals[first]);
        else
            wait_for_calls(p, most - 1);
        calls[c] =
            (struct call){.pace = p,
                          .first = first,
                          .n = cuvee__min(batch, p->items->n - first),
                          .batch = c,
                          .due_ns = arrivals ? start_ns + arrivals[first] : cuvee__clock_ns()};
        rc = submit(pool, &calls[c], err);
    }
    wait_for_calls(p, 0);
    cuvee__free(calls);
    return rc;
}

int cli__drive_pace(cuvee_pool *pool, const struct drive_options *o, struct drive_items *items,
                    uint64_t start_ns, void (*first)(void *user), void *user, cuvee_error *err)
{
    struct pace p = {.items = items, .first = first, .user = user};
    int rc = cuvee__mutex_init(&p.mutex, err);
    if (rc) return rc;
    if ((rc = cuvee__cond_init(&p.ended, err)) == CUVEE_OK) {
        if (o->scenario == DRIVE_SINGLE)
            rc = pace_single(pool, &p, err);
        else
            rc = pace_calls(pool, &p, o->scenario == DRIVE_SERVER ? 1 : (size_t)o->batch, start_ns,
                            err);
        cuvee__cond_deinit(&p.ended);
    }
    cuvee__mutex_deinit(&p.mutex);
    if (!rc && p.rc) {
        rc = p.rc;
        *err = p.err;
    }
    return rc;
}
