/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of table/ share: a directory of their own, and rows as one string that can be
 * compared. */
#ifndef CUVEE_TESTS_TABLE_TEST_H
#define CUVEE_TESTS_TABLE_TEST_H

#include <stddef.h>

#include "base/bytes.h"
#include "table/reader.h"

/* Group set-up and tear-down: make an empty directory and go there; remove it. */
int table_test_enter(void **state);
int table_test_leave(void **state);

void write_file(const char *path, const void *bytes, size_t n);
/* The whole file, NUL-terminated; release with cuvee__free. */
char *read_file(const char *path);

/* Append the rows of a block, one a line: LINE:text, LINE!error or LINE!error:text, then as they
 * apply |pair, ~replaced, [field][field]. Control characters and backslashes are escaped as in
 * C. */
void describe_rows(struct buffer *out, const struct row_block *b);

/* Open and read to the end; blocks hold max_rows. The description, with "E code message" where
 * reading failed; release with cuvee__free. Checks what must be true of any block. */
char *read_rows(const char *path, const struct reader_options *options, size_t max_rows);

#endif
