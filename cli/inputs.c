/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "console.h"
#include "options.h"

const char *const cli__input_formats[] = {"auto", "csv", "jsonl", "text", NULL};

enum table_format cli__input_format(int choice)
{
    static const enum table_format formats[] = {TABLE_AUTO, TABLE_CSV, TABLE_JSONL, TABLE_TEXT};
    return formats[choice];
}

void cli__inputs_hint(const char *command)
{
    cli__console_say("cuvee %s: reading texts from the terminal; Ctrl-D ends", command);
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int stat_input(const char *path, struct stat *ret_file)
{
    return is_stdin(path) ? fstat(STDIN_FILENO, ret_file) : stat(path, ret_file);
}

bool cli__inputs_have(const struct inputs *in, const struct stat *file)
{
    struct stat st;
    for (size_t i = 0; S_ISREG(file->st_mode) && i < in->n_paths; i++)
        if (stat_input(in->paths[i], &st) == 0 && st.st_dev == file->st_dev &&
            st.st_ino == file->st_ino)
            return true;
    return false;
}

/* A slip in the last of many files is better known now than after an hour. */
static int check_files(struct inputs *in, cuvee_error *err)
{
    bool all_regular = true;
    in->total_bytes = 0;
    for (size_t i = 0; i < in->n_paths; i++) {
        struct stat st;
        const char *path = in->paths[i];
        if (stat_input(path, &st) != 0 || (!is_stdin(path) && access(path, R_OK) != 0))
            return cuvee__fail_os(err, errno, "cannot open %s", path);
        if (S_ISDIR(st.st_mode))
            return cuvee__fail(err, CUVEE_E_IO, "%s is a directory, not a file", path);
        all_regular = all_regular && S_ISREG(st.st_mode);
        in->total_bytes += (uint64_t)st.st_size;
    }
    if (!all_regular) in->total_bytes = 0;
    return CUVEE_OK;
}

/* The reader's names are copied: the writer needs them after the first file is closed. */
static int copy_columns(struct inputs *in, cuvee_error *err)
{
    const size_t n = cuvee__reader_n_columns(in->reader);
    if (n == 0) return CUVEE_OK;
    in->columns = cuvee__alloc_array(n, sizeof *in->columns);
    if (!in->columns) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for column names");
    for (size_t i = 0; i < n; i++) {
        const struct span name = cuvee__reader_column(in->reader, i);
        if (cuvee__buffer_append(&in->column_bytes, name.ptr, name.len) < 0)
            return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for column names");
        in->columns[i].len = name.len;
    }
    size_t off = 0; /* now that the bytes stay where they are */
    for (size_t i = 0; i < n; i++) {
        in->columns[i].ptr = in->column_bytes.ptr + off;
        off += in->columns[i].len;
    }
    in->n_columns = n;
    return CUVEE_OK;
}

static int check_columns(const struct inputs *in, cuvee_error *err)
{
    const size_t n = cuvee__reader_n_columns(in->reader);
    if (n != in->n_columns)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s has %zu columns, %s has %zu: --keep-columns needs files with the "
                           "same columns",
                           cli__inputs_name(in), n, in->paths[0], in->n_columns);
    for (size_t i = 0; i < n; i++) {
        const struct span here = cuvee__reader_column(in->reader, i), first = in->columns[i];
        if (span_equal(here, first)) continue;
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "column %zu of %s is '%.*s', of %s '%.*s': --keep-columns needs files "
                           "with the same columns",
                           i, cli__inputs_name(in), (int)here.len, here.ptr, in->paths[0],
                           (int)first.len, first.ptr);
    }
    return CUVEE_OK;
}

static int open_current(struct inputs *in, cuvee_error *err)
{
    int rc = cuvee__reader_open(in->paths[in->i_path], &in->options, &in->reader, err);
    if (rc < 0 || !in->options.keep_columns) return rc;
    return in->i_path == 0 ? copy_columns(in, err) : check_columns(in, err);
}

int cli__inputs_open(struct inputs *in, cuvee_error *err)
{
    const int rc = check_files(in, err);
    return rc < 0 ? rc : open_current(in, err);
}

int cli__inputs_next(struct inputs *in, bool *ret_any, cuvee_error *err)
{
    in->closed_bytes += cuvee__reader_bytes_read(in->reader);
    cuvee__reader_close(in->reader);
    in->reader = NULL;
    *ret_any = in->i_path + 1 < in->n_paths;
    if (!*ret_any) return CUVEE_OK;
    in->i_path++;
    return open_current(in, err);
}

void cli__inputs_close(struct inputs *in)
{
    cuvee__reader_close(in->reader);
    in->reader = NULL;
    cuvee__free(in->columns);
    cuvee__buffer_deinit(&in->column_bytes);
}

const char *cli__inputs_name(const struct inputs *in)
{
    return in->paths[in->i_path];
}

uint64_t cli__inputs_bytes_read(const struct inputs *in)
{
    return in->closed_bytes + (in->reader ? cuvee__reader_bytes_read(in->reader) : 0);
}
