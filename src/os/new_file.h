/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that is written to its end before anybody sees it: under a name of its own beside the
 * place where it will be, or in this process's memory without any name. */
#ifndef CUVEE_OS_NEW_FILE_H
#define CUVEE_OS_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "os/file.h"

/* Start with CUVEE__NO_NEW_FILE. */
struct new_file {
    int fd;     /* -1: none */
    char *path; /* while it has a name that is not yet the final one */
    unsigned char *memory;
    size_t room, len; /* of memory */
    /* What was written last and is not in the file yet: a piece of one chunk of the file. */
    unsigned char *chunk;
    uint64_t chunk_off;           /* of the chunk, in the file */
    size_t chunk_from, chunk_end; /* of the piece, in the chunk */
};

#define CUVEE__NO_NEW_FILE {.fd = -1}

/* Create a file that must not exist yet. is_private: for this user alone, else as the umask says.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM. */
int cuvee__new_file_create(struct new_file *f, const char *path, bool is_private,
                           cuvee_error *err);

/* The same in memory. */
int cuvee__new_file_create_in_memory(struct new_file *f, cuvee_error *err);

/* Write n bytes at an offset; what is left out reads as zero. Bytes that follow each other go to
 * the file in large, aligned pieces, for the page cache to keep them in large pages; so a failure
 * may be told by a later call. Returns CUVEE_OK, CUVEE_E_IO (a full disk, a limit of the process),
 * CUVEE_E_NOMEM. */
int cuvee__new_file_write(struct new_file *f, uint64_t offset, const void *bytes, size_t n,
                          cuvee_error *err);

/* Give the file its final name, once its bytes are on the disk. Not for files in memory. */
int cuvee__new_file_publish(struct new_file *f, const char *path, cuvee_error *err);

/* Map what was written, read-only. A file in memory becomes the mapping. */
int cuvee__new_file_map(struct new_file *f, struct file_map *ret_map, cuvee_error *err);

/* Close; a file that was not published is removed (mappings stay). CUVEE__NO_NEW_FILE is fine. */
void cuvee__new_file_close(struct new_file *f);

#endif
