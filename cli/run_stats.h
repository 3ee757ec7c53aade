/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run of `cuvee classify` has done so far. */
#ifndef CUVEE_CLI_RUN_STATS_H
#define CUVEE_CLI_RUN_STATS_H

#include <stdatomic.h>
#include <stdint.h>

struct run_stats {
    /* Written by the thread that writes rows, shown by the progress bar while it runs: relaxed, may
     * lag. */
    _Atomic uint64_t n_rows;       /* records written, error rows too */
    _Atomic uint64_t n_error_rows;
    _Atomic uint64_t n_input_bytes; /* input that these rows came from */
    /* The writing thread's own until it has ended. */
    uint64_t n_truncated;
    uint64_t n_replaced; /* invalid UTF-8 sequences */
    uint64_t n_tokens;
    uint64_t *label_counts; /* (n_labels) rows whose best label it is */
};

static inline uint64_t stats_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void stats_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
