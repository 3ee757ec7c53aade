/* SPDX-License-Identifier: Apache-2.0
 *
 * Row blocks on their way: filled by the main thread, classified by the pool, handed on in input
 * order by a thread of their own.
 *
 *     main thread            workers of the pool       the pipeline's thread
 *     claim -> fill -> post  -> classify -> done       -> deliver, in order; the slot is free
 *
 * The number of slots and a budget of bytes bound what is in flight, so memory does not grow with
 * the input. The thread of its own is what lets finished rows out while the main thread waits for
 * input. */
#ifndef CUVEE_CLI_CLASSIFY_PIPELINE_H
#define CUVEE_CLI_CLASSIFY_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "table/reader.h"

#define SLOT_MAX_ROWS 32
#define SLOT_MAX_BYTES ((size_t)64 << 10)

struct pipeline;

struct slot {
    /* The filler's: */
    struct row_block block;
    uint64_t first_index;   /* `index` of the first row */
    const char *source;     /* input file */
    uint64_t n_input_bytes; /* read up to the end of this block, over all files */
    bool fields_are_json;   /* keep_columns: a row's one field is its JSON object */
    /* The pipeline's: */
    struct pipeline *pipeline;
    cuvee_text texts[SLOT_MAX_ROWS]; /* of the rows without an error, in order */
    size_t n_texts;
    size_t n_bytes;
    cuvee_result *result; /* rows are those of texts; NULL when there are none */
    bool is_done;
};

struct pipeline_hooks {
    /* Take the rows of a slot; slots come in the order in which they were posted. Anything but
     * CUVEE_OK ends the delivery: what comes later is dropped. */
    int (*deliver)(void *user, const struct slot *slot, cuvee_error *err);
    /* Nothing more to deliver for the moment. */
    int (*idle)(void *user, cuvee_error *err);
    /* Delivery has ended before its time: wake the main thread if it waits for input. */
    void (*failed)(void *user);
    void *user;
};

/* Start. pool and options are kept until the pipeline is freed; hooks are copied. */
int cli__pipeline_create(cuvee_pool *pool, const cuvee_classify_options *options,
                         const struct pipeline_hooks *hooks, struct pipeline **ret_pipeline,
                         cuvee_error *err);

/* A slot to fill, its block empty. Waits for one; NULL when *stop is set or delivery has ended. */
struct slot *cli__pipeline_claim(struct pipeline *p, const volatile int *stop);
/* Send the claimed slot on its way. A slot that stays empty need not be posted. */
int cli__pipeline_post(struct pipeline *p, struct slot *slot, cuvee_error *err);
/* Nothing more will be posted: wait until all is delivered. False when *stop is set or delivery has
 * ended before. */
bool cli__pipeline_drain(struct pipeline *p, const volatile int *stop);
/* Wait until all that was posted is delivered or dropped, and end. Returns what deliver or idle
 * failed with. */
int cli__pipeline_finish(struct pipeline *p, cuvee_error *err);
/* After finish, and after the pool is freed: a callback may be in its last instructions until
 * then. */
void cli__pipeline_free(struct pipeline *p);

#endif
