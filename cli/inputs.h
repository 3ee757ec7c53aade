/* SPDX-License-Identifier: Apache-2.0
 *
 * The input files of a run, one after the other through one reader at a time. */
#ifndef CUVEE_CLI_INPUTS_H
#define CUVEE_CLI_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "table/reader.h"

struct inputs {
    const char *const *paths; /* (n_paths) "-" is standard input; borrows */
    size_t n_paths;
    struct reader_options options;
    uint64_t total_bytes; /* of all files; 0 when one of them is no regular file */

    size_t i_path;         /* the file that `reader` reads */
    struct reader *reader; /* NULL before the first and after the last */
    uint64_t closed_bytes; /* size of the files before */
    /* With keep_columns: the columns of the first file; all must have the same. */
    struct buffer column_bytes;
    struct span *columns;
    size_t n_columns;
};

/* What a choice of --input-format means. */
enum table_format cli__input_format(int choice);
/* Tell a person who gave no file that `command` reads from the keyboard. */
void cli__inputs_hint(const char *command);

/* Check that the files can be read, and open the first. Start with {0} and the first three fields.
 * Returns CUVEE_OK or CUVEE_E_*, the file named. */
int cli__inputs_open(struct inputs *in, cuvee_error *err);
/* Go on to the next file; *ret_any = false after the last. */
int cli__inputs_next(struct inputs *in, bool *ret_any, cuvee_error *err);
void cli__inputs_close(struct inputs *in);

/* Is this one of the files? Of regular files only. */
bool cli__inputs_have(const struct inputs *in, const struct stat *file);

/* Path of the current file as given. */
const char *cli__inputs_name(const struct inputs *in);
/* Bytes read so far from all files. */
uint64_t cli__inputs_bytes_read(const struct inputs *in);

#endif
