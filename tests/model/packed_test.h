/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of packed files share. */
#ifndef CUVEE_TESTS_PACKED_TEST_H
#define CUVEE_TESTS_PACKED_TEST_H

#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

/* Logits of a few texts (single, pair, empty, truncated), each alone; returns how many floats.
 * room is checked. */
size_t packed_test_logits(const cuvee_model *m, float *logits, size_t room);

/* A whole file; release with cuvee__free(). Fails the test when it cannot be read. */
unsigned char *packed_test_read(const char *path, size_t *ret_len);
void packed_test_write(const char *path, const void *bytes, size_t len);

/* Make the checksum in the header fit header and table again. */
void packed_test_fix_checksum(unsigned char *bytes, size_t len);

/* Remove the files of a directory, and it. */
void packed_test_remove_directory(const char *dir);

/* Bytes of this process's mappings of that file which no other process has mapped, from
 * /proc/self/smaps; of all of them: resident bytes, and those that are copies of the file's. */
size_t packed_test_private_bytes(const char *path, size_t *ret_rss, size_t *ret_copied);

#endif
