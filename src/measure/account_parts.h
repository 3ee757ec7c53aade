/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the account share: account.c reads records, account_bounds.c knows how large
 * the tree may have been between two of them, account_end.c concludes. */
#ifndef CUVEE_MEASURE_ACCOUNT_PARTS_H
#define CUVEE_MEASURE_ACCOUNT_PARTS_H

#include "base/checked.h"
#include "measure/account.h"

/* RSS of a tick comes from counters of each processor that lag behind by so much. */
#define ACCOUNT_RSS_SLACK_KB 512

static inline uint64_t over(uint64_t now, uint64_t before)
{
    return now - cuvee__min(now, before);
}

/* For qsort(). */
int cuvee__account_compare(const void *x, const void *y);

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
