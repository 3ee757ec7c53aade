/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/dispatcher.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"

/* ---- results ---- */

/* What all rows of one job in this call point into, in one block that goes with the result: the
 * call's strings, then its scores. NULL when there is no memory. */
static struct script_chunk *keep(cuvee_result *result, const struct external_rows *rows)
{
    struct script_columns *s = result->script;
    const size_t scores_off = cuvee__round_up(rows->bytes.len, sizeof(double));
    struct script_chunk *c =
        cuvee__malloc(sizeof *c + scores_off + rows->n_all * sizeof *rows->all);
    if (!c) return NULL;
    memcpy(c->bytes, rows->bytes.ptr, rows->bytes.len);
    if (rows->n_all) memcpy(c->bytes + scores_off, rows->all, rows->n_all * sizeof *rows->all);
    c->next = atomic_load(&s->chunks);
    while (!atomic_compare_exchange_weak(&s->chunks, &c->next, c)) {
    }
    return c;
}

static bool has_more(const struct external_rows *rows)
{
    return rows->n_all > 0 || rows->bytes.len > 1;
}

/* Row i of the call. chunk: NULL when the call had nothing beyond labels and scores. */
static void write_row(const struct dispatcher *d, size_t i, const struct script_chunk *chunk)
{
    const struct external_rows *rows = &d->rows;
    const struct place *place = &d->places[i];
    cuvee_result *result = place->job->result;
    struct script_row *more = &result->script->rows[place->row];
    if (chunk) {
        const char *strings = (const char *)chunk->bytes;
        const size_t scores_off = cuvee__round_up(rows->bytes.len, sizeof(double));
        const cuvee_label_score *all = (const void *)(chunk->bytes + scores_off);
        if (rows->extras[i]) more->extra = strings + rows->extras[i];
        if (rows->messages[i]) more->message = strings + rows->messages[i];
        more->n_all = rows->n_row_all[i];
        if (more->n_all) more->all = all + rows->first_all[i];
    }
    if (rows->status[i] != CUVEE_OK) {
        cuvee__result_fail(result, place->row, rows->status[i]);
        return;
    }
    result->labels[place->row] = (int32_t)rows->labels[i];
    result->scores[place->row] = (float)rows->scores[i];
    result->script->scores[place->row] = rows->scores[i];
}

static void write_rows(const struct dispatcher *d)
{
    const struct script_chunk *chunk = NULL;
    const struct job *of = NULL;
    for (size_t i = 0; i < d->n_texts; i++) {
        struct job *job = d->places[i].job;
        if (d->rows.n != d->n_texts) {
            cuvee__result_fail(job->result, d->places[i].row, CUVEE_E_NOMEM);
            continue;
        }
        if (job != of) chunk = has_more(&d->rows) ? keep(job->result, &d->rows) : NULL;
        of = job;
        if (!chunk && has_more(&d->rows))
            cuvee__result_fail(job->result, d->places[i].row, CUVEE_E_NOMEM);
        else
            write_row(d, i, chunk);
    }
}

/* ---- calls ---- */

/* One call with the texts so far; then there are none. */
static void run_batch(struct dispatcher *d)
{
    if (d->n_texts == 0) return;
    struct batch_counters *c = d->counters;
    cuvee_batch_record record = {.worker = d->worker,
                                 .n_texts = (uint32_t)d->n_texts,
                                 .n_members = 1,
                                 .start_ns = cuvee__clock_ns()};
    record.batch = atomic_fetch_add_explicit(&c->n_batches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->n_texts, d->n_texts, memory_order_relaxed);
    d->external->ops->call(d->external, d->caller, d->texts, d->n_texts,
                           (uint64_t)d->deadline_ms * CUVEE__NS_PER_MS, &d->rows);
    record.forward_ns = cuvee__clock_ns() - record.start_ns;
    write_rows(d);
    if (d->on_batch) d->on_batch(d->on_batch_user, &record);
    d->n_texts = 0;
}

static void add_text(struct dispatcher *d, struct job *job, size_t row)
{
    static const char message[] = "a script takes one text, not a pair";
    const cuvee_text *text = &job->texts[row];
    if (text->pair_ptr) {
        job->result->script->rows[row].message = message;
        cuvee__result_fail(job->result, row, CUVEE_E_UNSUPPORTED);
        return;
    }
    const int64_t deadline_ms = job->options.deadline_ms;
    if (d->n_texts == d->external->max_batch || (d->n_texts && deadline_ms != d->deadline_ms))
        run_batch(d);
    d->deadline_ms = deadline_ms;
    d->places[d->n_texts] = (struct place){job, row};
    d->texts[d->n_texts++] = *text;
}

static void run_take(struct dispatcher *d)
{
    const struct take *t = &d->take;
    for (size_t s = 0; s < t->n_slices; s++)
        for (size_t i = 0; i < t->slices[s].n; i++)
            add_text(d, t->slices[s].job, t->slices[s].first + i);
    run_batch(d);
    for (size_t s = 0; s < t->n_slices; s++) cuvee__job_complete(t->slices[s].job, t->slices[s].n);
}

static void tell_opened(struct dispatcher *d, int rc, const cuvee_error *err)
{
    cuvee__mutex_lock(&d->mu);
    d->is_opened = true;
    d->open_rc = rc;
    d->open_error = *err;
    cuvee__cond_signal(&d->opened);
    cuvee__mutex_unlock(&d->mu);
}

static void *dispatcher_main(void *arg)
{
    struct dispatcher *d = arg;
    cuvee_error err = {0};
    const int rc = d->external->ops->open_caller(d->external, &d->caller, &err);
    tell_opened(d, rc, &err);
    if (rc < 0) return NULL;
    while (cuvee__queue_take(d->queue, &d->take)) run_take(d);
    d->external->ops->close_caller(d->external, d->caller);
    return NULL;
}

/* ---- life ---- */

static int allocate(struct dispatcher *d, cuvee_error *err)
{
    const size_t max_batch = d->external->max_batch;
    const size_t n_slices = queue_max_take(max_batch * JOB_MIN_COST);
    d->texts = cuvee__alloc_array(max_batch, sizeof *d->texts);
    d->places = cuvee__alloc_array(max_batch, sizeof *d->places);
    d->take.slices = cuvee__alloc_array(n_slices, sizeof *d->take.slices);
    if (!d->texts || !d->places || !d->take.slices)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a batch of %zu texts", max_batch);
    int rc = cuvee__mutex_init(&d->mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&d->opened, err);
    if (rc < 0) cuvee__mutex_deinit(&d->mu);
    d->has_sync = rc == CUVEE_OK;
    return rc;
}

int cuvee__dispatcher_start(struct dispatcher *d, cuvee_error *err)
{
    int rc = allocate(d, err);
    if (rc < 0) return rc;
    char name[16];
    snprintf(name, sizeof name, "cuvee-call-%u", (unsigned)d->worker);
    rc = cuvee__thread_start(&d->thread, name, dispatcher_main, d, err);
    if (rc < 0) return rc;
    d->is_started = true;
    cuvee__mutex_lock(&d->mu);
    while (!d->is_opened) cuvee__cond_wait(&d->opened, &d->mu);
    cuvee__mutex_unlock(&d->mu);
    if (d->open_rc < 0 && err) *err = d->open_error;
    return d->open_rc;
}

void cuvee__dispatcher_end(struct dispatcher *d)
{
    if (d->is_started) cuvee__thread_join(&d->thread);
    if (d->has_sync) {
        cuvee__cond_deinit(&d->opened);
        cuvee__mutex_deinit(&d->mu);
    }
    cuvee__external_rows_deinit(&d->rows);
    cuvee__free(d->texts);
    cuvee__free(d->places);
    cuvee__free(d->take.slices);
}
