/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/worker.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    size_t n_slices;
    while ((n_slices = cuvee__queue_take(w->queue, w->slices)) > 0) {
        cuvee__batcher_run(&w->batcher, w->slices, n_slices);
        for (size_t i = 0; i < n_slices; i++)
            cuvee__job_complete(w->slices[i].job, w->slices[i].n);
    }
    return NULL;
}

int cuvee__worker_start(struct worker *w, struct queue *queue, cuvee_error *err)
{
    int rc = cuvee__batcher_init(&w->batcher, err);
    if (rc < 0) return rc;
    const size_t n_slices = queue_max_take(w->batcher.batch_tokens);
    w->queue = queue;
    w->slices = cuvee__alloc_array(n_slices, sizeof *w->slices);
    if (!w->slices) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a worker");
    w->batcher.bytes += n_slices * sizeof *w->slices;

    char name[16];
    snprintf(name, sizeof name, "cuvee-%u", (unsigned)w->batcher.worker);
    rc = cuvee__thread_start(&w->thread, name, worker_main, w, err);
    w->is_started = rc == CUVEE_OK;
    return rc;
}

void cuvee__worker_deinit(struct worker *w)
{
    if (w->is_started) cuvee__thread_join(&w->thread);
    cuvee__batcher_deinit(&w->batcher);
    cuvee__free(w->slices);
}
