/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the account share: account.c reads records, account_processes.c knows who there
 * is, account_bounds.c how large the tree may have been between two records, account_end.c
 * concludes. */
#ifndef CUVEE_MEASURE_ACCOUNT_PARTS_H
#define CUVEE_MEASURE_ACCOUNT_PARTS_H

#include "base/checked.h"
#include "measure/account.h"

static inline uint64_t over(uint64_t now, uint64_t before)
{
    return now - cuvee__min(now, before);
}

/* By how much RSS of a tick may differ from what is there, of a process with so many threads. */
static inline uint64_t lag_of(const struct account *a, uint64_t threads)
{
    return a->lag + threads * a->thread_lag;
}

/* For qsort(). */
int cuvee__account_compare(const void *x, const void *y);

/* Room for one more item. NULL: out of memory, the items are as they were. */
void *cuvee__account_grow(void *items, size_t n, size_t *room, size_t item_bytes);

/* ---- account_processes.c ---- */

/* One that is here; NULL: none. Until the next one is born. */
struct account_process *cuvee__account_find(struct account *a, int pid);
/* The records B, C and G. Born: returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__account_born(struct account *a, const char *line);
void cuvee__account_renamed(struct account *a, const char *line);
void cuvee__account_gone(struct account *a, const char *line);

/* ---- account_bounds.c ---- */

/* The upper bound of a tick, from the last one on. */
void cuvee__bounds_keep(struct account *a, uint64_t bound);
/* The bounds since the last anchor are final. footprint is that of the anchor, UINT64_MAX: not
 * known; excess is what high-water marks say beyond. */
void cuvee__bounds_settle(struct account *a, uint64_t footprint, uint64_t excess);
/* Faults have come to the accounts of those that waited. */
void cuvee__bounds_settle_claims(struct account *a);

/* What a process has now; new_faults: since its last sample. */
struct usage {
    uint64_t rss, shared, new_faults, threads;
};

/* By how much it may have made the tree larger since its last sample (parent: NULL when it has one,
 * or when that is gone), and what it may have given back. */
uint64_t cuvee__bounds_growth(struct account *a, const struct account_process *p,
                              const struct account_process *parent, const struct usage *now);
uint64_t cuvee__bounds_shrinkage(const struct account *a, const struct account_process *p,
                                 const struct usage *now);

/* The record H: what the tree's own control group is charged. */
void cuvee__bounds_charge(struct account *a, const char *line);

/* ---- account_end.c ---- */

/* The stream has ended. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__account_conclude(struct account *a);

#endif
