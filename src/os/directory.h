/* SPDX-License-Identifier: Apache-2.0
 *
 * Directories: what is in them, making and locking them. */
#ifndef CUVEE_OS_DIRECTORY_H
#define CUVEE_OS_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

/* A regular file, seen through symbolic links. Name, device, inode, size and time of the last
 * change tell whether a file is still the same, without reading it. */
struct directory_entry {
    char name[256];
    uint64_t device, inode, bytes;
    int64_t changed_s; /* modification time */
    int64_t changed_ns;
};

struct directory_list {
    struct directory_entry *entries; /* (n) in order of strcmp() of their names */
    size_t n;
};

/* The regular files of a directory. Release with cuvee__directory_list_deinit().
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__directory_list(const char *dir, struct directory_list *ret, cuvee_error *err);
void cuvee__directory_list_deinit(struct directory_list *l);

/* Make a directory and those above it, for this user alone. One that is there is fine. */
int cuvee__directory_make(const char *dir, cuvee_error *err);

/* Wait until no other process (or other holder in this one) has the lock file, which is made when
 * needed, and take it. The system lets go of it when the process ends, however that happens. */
int cuvee__lock_acquire(const char *path, int *ret_lock, cuvee_error *err);
void cuvee__lock_release(int lock);

#endif
