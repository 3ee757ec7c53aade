/* SPDX-License-Identifier: Apache-2.0
 *
 * A contest: the model in one precision, behind a pool of its own. */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "cuvee/cuvee.h"
#include "peak.h"

struct precision {
    const char *name; /* "f32" */
    unsigned value;   /* enum cuvee_precision */
    enum peak_kind peak;
    double bytes; /* of a weight */
};

/* NULL for an unknown name. */
const struct precision *bench_precision(const char *name);

struct contest {
    const struct precision *precision;
    unsigned n_workers; /* 0 at open = one per core; afterwards what the pool has */
    cuvee_model *model;
    cuvee_pool *pool;
};

/* Open the model and start the pool. on_batch, user: see cuvee_pool_options; may be NULL.
 * CUVEE_E_UNSUPPORTED when the library does not have that precision. */
int bench_contest_open(struct contest *c, const char *model_dir,
                       void (*on_batch)(void *user, const cuvee_batch_record *record), void *user,
                       cuvee_error *err);
void bench_contest_close(struct contest *c);

/* Size of the packed file that the model is a view of; 0 without one. */
uint64_t bench_packed_bytes(const cuvee_model *model);

#endif
