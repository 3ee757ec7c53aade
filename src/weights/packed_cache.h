/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of packed files, one for each state of a model directory: KEY.cuvee. The key names
 * the identity of the source files, so a changed model has a new key, and its old file is one that
 * nobody uses any more; the longest unused ones go when the directory would pass its cap.
 *
 * Readers take no lock. Who writes holds `lock` in the directory, writes KEY.tmp, and renames it;
 * so any other *.tmp was left by a process that died, and two processes never pack at once. */
#ifndef CUVEE_WEIGHTS_PACKED_CACHE_H
#define CUVEE_WEIGHTS_PACKED_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

#define CUVEE__CACHE_DEFAULT_BYTES ((uint64_t)8 << 30)

/* *ret: the directory's path, release with cuvee__free().
 *   option  NULL = CUVEE_CACHE, XDG_CACHE_HOME, HOME, in this order.
 * Returns CUVEE_OK, CUVEE_E_IO (none of them), CUVEE_E_NOMEM. */
int cuvee__cache_dir(const char *option, char **ret, cuvee_error *err);

/* Cap in bytes; 0 = no cache.
 *   option  0 = CUVEE_CACHE_MAX, else the default. */
int cuvee__cache_max(uint64_t option, uint64_t *ret, cuvee_error *err);

/* dir/name; NULL when out of memory. */
char *cuvee__cache_file(const char *dir, const char *name);

/* Make the directory and take its lock; while it is held: */
int cuvee__cache_lock(const char *dir, int *ret_lock, cuvee_error *err);
/* - remove what dead writers left; */
int cuvee__cache_remove_partial(const char *dir, cuvee_error *err);
/* - remove the longest unused files until `bytes` more fit below the cap. *ret_fits: they do. */
int cuvee__cache_make_room(const char *dir, uint64_t bytes, uint64_t max_bytes, bool *ret_fits,
                           cuvee_error *err);

/* As their namesakes in cuvee.h; dir is the cache directory itself. */
int cuvee__cache_visit(const char *dir,
                       int (*visit)(void *user, const cuvee_cache_entry *entry), void *user,
                       cuvee_error *err);
int cuvee__cache_clear(const char *dir, uint64_t *ret_n, uint64_t *ret_bytes, cuvee_error *err);

#endif
