/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/worker.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/cpu.h"

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct take *t = &w->take;
    struct queue *q = w->batcher.queue;
    if (w->is_pinned) cuvee__cpu_pin_thread(w->batcher.worker);
    while (cuvee__queue_take(q, t)) {
        if (t->n_slices == 0) {
            cuvee__forward_share(&t->seat.job, w->batcher.workspace, &q->has_texts);
            continue;
        }
        cuvee__batcher_run(&w->batcher, t->slices, t->n_slices);
        for (size_t i = 0; i < t->n_slices; i++)
            cuvee__job_complete(t->slices[i].job, t->slices[i].n);
    }
    return NULL;
}

int cuvee__worker_start(struct worker *w, cuvee_error *err)
{
    int rc = cuvee__batcher_init(&w->batcher, err);
    if (rc < 0) return rc;
    rc = cuvee__team_init(&w->crew.team, err);
    if (rc < 0) return rc;
    w->has_team = true;
    const size_t n_slices = queue_max_take(w->batcher.batch_tokens);
    w->batcher.crew = &w->crew;
    w->take.helps = true;
    w->take.slices = cuvee__alloc_array(n_slices, sizeof *w->take.slices);
    if (!w->take.slices) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a worker");
    w->batcher.bytes += n_slices * sizeof *w->take.slices;

    char name[16];
    snprintf(name, sizeof name, "cuvee-%u", (unsigned)w->batcher.worker);
    rc = cuvee__thread_start(&w->thread, name, worker_main, w, err);
    w->is_started = rc == CUVEE_OK;
    return rc;
}

void cuvee__worker_join(struct worker *w)
{
    if (w->is_started) cuvee__thread_join(&w->thread);
}

void cuvee__worker_deinit(struct worker *w)
{
    if (w->has_team) cuvee__team_deinit(&w->crew.team);
    cuvee__batcher_deinit(&w->batcher);
    cuvee__free(w->take.slices);
}
