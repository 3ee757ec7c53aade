/* SPDX-License-Identifier: Apache-2.0 */
#include "classify_pipeline.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "os/clock.h"
#include "os/thread.h"

#define MIN_SLOTS 16
#define MAX_SLOTS 2048 /* x SLOT_MAX_ROWS = 65536 texts, the queue of a default pool */
#define BYTES_IN_FLIGHT ((size_t)16 << 20)
/* Signals do not end a wait on a condition: look at the stop flag that often. */
#define LOOK_NS UINT64_C(50000000)

struct pipeline {
    cuvee_pool *pool; /* the next four: set by create, then constant */
    const cuvee_classify_options *options;
    struct pipeline_hooks hooks;
    size_t n_slots;
    struct slot *slots; /* (n_slots) a ring; who owns which follows from the counters */

    struct mutex mutex;  /* guards the rest, and is_done and result of slots in flight */
    struct cond changed; /* filler and deliverer wait on it, for each other and for results */
    /* Slot i of the stream is slots[i % n_slots]; n_delivered .. n_posted - 1 are in flight. */
    uint64_t n_posted, n_delivered;
    size_t bytes_in_flight;
    bool is_finishing; /* no more posts */
    int rc;            /* what delivery failed with */
    cuvee_error err;
    struct thread thread;
};

/* Enough rows that every worker finds full batches, even of the shortest texts, while the next are
 * read. */
static size_t count_slots(const cuvee_pool *pool)
{
    cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
    if (cuvee_pool_describe(pool, &info, NULL) < 0) return MIN_SLOTS;
    const size_t n_rows = 2 * (size_t)info.n_workers * info.batch_tokens;
    return cuvee__max(MIN_SLOTS, cuvee__min(MAX_SLOTS, n_rows / SLOT_MAX_ROWS));
}

static void fail_delivery(struct pipeline *p, int rc, const cuvee_error *err)
{
    cuvee__mutex_lock(&p->mutex);
    p->rc = rc;
    p->err = *err;
    cuvee__cond_broadcast(&p->changed);
    cuvee__mutex_unlock(&p->mutex);
    p->hooks.failed(p->hooks.user);
}

static void release_slot(struct slot *slot)
{
    cuvee_result_free(slot->result);
    slot->result = NULL;
    slot->is_done = false;
    /* One very long text must not leave every slot as large as itself. */
    if (slot->block.bytes.room > 4 * SLOT_MAX_BYTES) cuvee__buffer_deinit(&slot->block.bytes);
    cuvee__row_block_clear(&slot->block);
}

/* The next slot in order, once it is done; NULL when all are delivered and no more will come. Calls
 * idle() before a wait. */
static struct slot *wait_for_next(struct pipeline *p)
{
    bool told_idle = false;
    cuvee__mutex_lock(&p->mutex);
    for (;;) {
        struct slot *next = &p->slots[p->n_delivered % p->n_slots];
        const bool is_empty = p->n_delivered == p->n_posted;
        if ((!is_empty && next->is_done) || (is_empty && p->is_finishing)) {
            cuvee__mutex_unlock(&p->mutex);
            return is_empty ? NULL : next;
        }
        if (told_idle || p->rc) {
            cuvee__cond_wait(&p->changed, &p->mutex);
            continue;
        }
        cuvee__mutex_unlock(&p->mutex);
        cuvee_error err;
        const int rc = p->hooks.idle(p->hooks.user, &err);
        if (rc < 0) fail_delivery(p, rc, &err);
        told_idle = true;
        cuvee__mutex_lock(&p->mutex);
    }
}

static void *delivery_main(void *arg)
{
    struct pipeline *p = arg;
    struct slot *slot;
    while ((slot = wait_for_next(p))) {
        /* Only this thread sets rc, so it may read it without the lock. */
        if (!p->rc) {
            cuvee_error err;
            const int rc = p->hooks.deliver(p->hooks.user, slot, &err);
            if (rc < 0) fail_delivery(p, rc, &err);
        }
        release_slot(slot);
        cuvee__mutex_lock(&p->mutex);
        p->bytes_in_flight -= slot->n_bytes;
        p->n_delivered++;
        cuvee__cond_broadcast(&p->changed);
        cuvee__mutex_unlock(&p->mutex);
    }
    return NULL;
}

static void slot_done(void *user, cuvee_result *result)
{
    struct slot *slot = user;
    struct pipeline *p = slot->pipeline;
    cuvee__mutex_lock(&p->mutex);
    slot->result = result;
    slot->is_done = true;
    cuvee__cond_broadcast(&p->changed);
    cuvee__mutex_unlock(&p->mutex);
}

static void free_parts(struct pipeline *p)
{
    for (size_t i = 0; p->slots && i < p->n_slots; i++)
        cuvee__row_block_deinit(&p->slots[i].block);
    cuvee__free(p->slots);
    cuvee__free(p);
}

int cli__pipeline_create(cuvee_pool *pool, const cuvee_classify_options *options,
                         const struct pipeline_hooks *hooks, struct pipeline **ret_pipeline,
                         cuvee_error *err)
{
    int rc = CUVEE_E_NOMEM;
    struct pipeline *p = cuvee__calloc(1, sizeof *p);
    if (!p) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for the rows in flight");
    p->pool = pool;
    p->options = options;
    p->hooks = *hooks;
    p->n_slots = count_slots(pool);
    p->slots = cuvee__calloc(p->n_slots, sizeof *p->slots);
    if (!p->slots) {
        cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for the rows in flight");
        goto fail;
    }
    for (size_t i = 0; i < p->n_slots; i++) p->slots[i].pipeline = p;
    if ((rc = cuvee__mutex_init(&p->mutex, err)) < 0) goto fail;
    if ((rc = cuvee__cond_init(&p->changed, err)) < 0) goto fail_mutex;
    if ((rc = cuvee__thread_start(&p->thread, "cuvee-writer", delivery_main, p, err)) < 0)
        goto fail_cond;
    *ret_pipeline = p;
    return CUVEE_OK;
fail_cond:
    cuvee__cond_deinit(&p->changed);
fail_mutex:
    cuvee__mutex_deinit(&p->mutex);
fail:
    free_parts(p);
    return rc;
}

struct slot *cli__pipeline_claim(struct pipeline *p, const volatile int *stop)
{
    struct slot *slot = NULL;
    cuvee__mutex_lock(&p->mutex);
    while (!slot && !*stop && !p->rc) {
        const uint64_t n_in_flight = p->n_posted - p->n_delivered;
        if (n_in_flight < p->n_slots && p->bytes_in_flight < BYTES_IN_FLIGHT)
            slot = &p->slots[p->n_posted % p->n_slots];
        else
            cuvee__cond_wait_until(&p->changed, &p->mutex, cuvee__clock_ns() + LOOK_NS);
    }
    cuvee__mutex_unlock(&p->mutex);
    return slot;
}

/* The texts of the rows that have one. Their bytes stay where they are until the slot is
 * released. */
static void gather_texts(struct slot *slot)
{
    const struct row_block *block = &slot->block;
    slot->n_texts = 0;
    for (size_t i = 0; i < block->n_rows; i++) {
        const struct row *row = &block->rows[i];
        if (row->error.len) continue;
        const struct span text = block_span(block, row->text);
        cuvee_text *out = &slot->texts[slot->n_texts++];
        *out = (cuvee_text){.ptr = text.ptr, .len = text.len};
        if (!row->has_pair) continue;
        out->pair_ptr = block->bytes.ptr ? block->bytes.ptr + row->pair.off : "";
        out->pair_len = row->pair.len;
    }
}

int cli__pipeline_post(struct pipeline *p, struct slot *slot, cuvee_error *err)
{
    gather_texts(slot);
    slot->n_bytes = slot->block.bytes.len;
    slot->is_done = slot->n_texts == 0;
    int rc = CUVEE_OK;
    if (slot->n_texts) {
        /* A full queue empties by itself: the pool works on what is in it. */
        while ((rc = cuvee_submit(p->pool, slot->texts, slot->n_texts, p->options, slot_done, slot,
                                  err)) == CUVEE_E_BUSY) {
            cuvee__mutex_lock(&p->mutex);
            cuvee__cond_wait_until(&p->changed, &p->mutex, cuvee__clock_ns() + LOOK_NS);
            cuvee__mutex_unlock(&p->mutex);
        }
        if (rc < 0) return rc;
    }
    cuvee__mutex_lock(&p->mutex);
    p->n_posted++;
    p->bytes_in_flight += slot->n_bytes;
    cuvee__cond_broadcast(&p->changed);
    cuvee__mutex_unlock(&p->mutex);
    return CUVEE_OK;
}

bool cli__pipeline_drain(struct pipeline *p, const volatile int *stop)
{
    cuvee__mutex_lock(&p->mutex);
    while (p->n_delivered < p->n_posted && !*stop && !p->rc)
        cuvee__cond_wait_until(&p->changed, &p->mutex, cuvee__clock_ns() + LOOK_NS);
    const bool is_drained = p->n_delivered == p->n_posted && !p->rc;
    cuvee__mutex_unlock(&p->mutex);
    return is_drained;
}

int cli__pipeline_finish(struct pipeline *p, cuvee_error *err)
{
    cuvee__mutex_lock(&p->mutex);
    p->is_finishing = true;
    cuvee__cond_broadcast(&p->changed);
    cuvee__mutex_unlock(&p->mutex);
    cuvee__thread_join(&p->thread);
    if (p->rc && err) *err = p->err;
    return p->rc;
}

void cli__pipeline_free(struct pipeline *p)
{
    if (!p) return;
    cuvee__cond_deinit(&p->changed);
    cuvee__mutex_deinit(&p->mutex);
    free_parts(p);
}
