/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of a model directory: read whole (small ones) or mapped read-only (weights). Only regular
 * files; a directory, FIFO or device is refused without opening it for reading, so nothing
 * blocks. */
#ifndef CUVEE_OS_FILE_H
#define CUVEE_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* True when path names something that exists (of any kind). */
bool cuvee__file_exists(const char *path);

/* True when path is that of a Python script: it ends in .py and is no directory. */
bool cuvee__path_is_script(const char *path);

/* True when path is a directory. */
bool cuvee__path_is_directory(const char *path);

/* True when the directory has a file whose name ends in suffix; ret_name then holds the first of
 * them in order of strcmp(). Names that do not fit in room are passed over. */
bool cuvee__directory_find(const char *dir, const char *suffix, char *ret_name, size_t room);

/* The path without symbolic links, from the root on; release with cuvee__free(). NULL when there
 * is none, or no memory. */
char *cuvee__path_resolve(const char *path);

/* The file was used just now: sets its time of change. Failure (a read-only file system) is
 * harmless. */
void cuvee__file_touch(const char *path);

/* Remove the name; mappings stay. False when it was not there or could not be removed. */
bool cuvee__file_remove(const char *path);

/* Number of this process, for names of temporary files. */
long cuvee__process_id(void);

/* Append the whole file to out, whose cap_bytes is the limit.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_FORMAT (not a regular file), CUVEE_E_LIMIT,
 * CUVEE_E_NOMEM. */
int cuvee__file_read(const char *path, struct buffer *out, cuvee_error *err);

/* A read-only shared mapping of a whole regular file. Start with {0}. */
struct file_map {
    const unsigned char *ptr; /* NULL for an empty file */
    size_t len;
};

/* Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_FORMAT (not a regular file), CUVEE_E_NOMEM. */
int cuvee__file_map_open(struct file_map *map, const char *path, cuvee_error *err);
void cuvee__file_map_close(struct file_map *map);

/* Hints for bytes off .. off + len of the mapping: will be read soon / will not be needed again.
 * The second takes the pages out of this process's footprint; they come back from the page cache if
 * touched. */
void cuvee__file_map_prefetch(const struct file_map *map, size_t off, size_t len);
void cuvee__file_map_release(const struct file_map *map, size_t off, size_t len);

/* Hints for the size of its pages: what is read from end to end again and again is found faster
 * through large ones (2 MB; the kernel has them where the file was written or is read in pieces of
 * that size); of what is read here and there they would bring in too much. */
void cuvee__file_map_large_pages(const struct file_map *map, size_t off, size_t len);
void cuvee__file_map_small_pages(const struct file_map *map, size_t off, size_t len);

#endif
