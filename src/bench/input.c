/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/input.h"

#include "base/error.h"
#include "base/sha256.h"
#include "os/file.h"
#include "table/reader.h"

#define BLOCK_ROWS  ((size_t)4096)
#define BLOCK_BYTES ((size_t)1 << 20)

static int hash_file(const char *path, char ret_hex[65], cuvee_error *err)
{
    struct file_map map = {0};
    struct sha256 h;
    const int rc = cuvee__file_map_open(&map, path, err);
    if (rc < 0) return rc;
    cuvee__sha256_init(&h);
    cuvee__sha256_update(&h, map.ptr, map.len);
    cuvee__sha256_final_hex(&h, ret_hex);
    cuvee__file_map_close(&map);
    return CUVEE_OK;
}

/* The rows of one column. labels NULL: they are only counted. */
static int read_column(const char *path, const char *column, size_t limit,
                       struct label_list *labels, size_t *ret_n, cuvee_error *err)
{
    const struct reader_options options = {.column = column};
    struct reader *reader = NULL;
    struct row_block block = {0};
    bool end = false;
    size_t n = 0;
    int rc = cuvee__reader_open(path, &options, &reader, err);
    while (rc == CUVEE_OK && !end && (!limit || n < limit)) {
        cuvee__row_block_clear(&block);
        const size_t wanted = limit && limit - n < BLOCK_ROWS ? limit - n : BLOCK_ROWS;
        rc = cuvee__reader_fill(reader, &block, wanted, BLOCK_BYTES, NULL, &end, err);
        for (size_t i = 0; rc == CUVEE_OK && i < block.n_rows; i++, n++) {
            const struct row *row = &block.rows[i];
            const struct span why = block_span(&block, row->error);
            if (why.len)
                rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: %.*s", path, (int)why.len, why.ptr);
            else if (labels)
                rc = cuvee__labels_add(labels, block_span(&block, row->text), err);
        }
    }
    cuvee__row_block_deinit(&block);
    cuvee__reader_close(reader);
    *ret_n = n;
    return rc;
}

int cuvee__bench_input_read(const char *path, const char *column, const char *gold, size_t limit,
                            struct bench_input *ret, cuvee_error *err)
{
    struct bench_input in = {0};
    size_t n_gold = 0;
    int rc = hash_file(path, in.sha256, err);
    if (rc == CUVEE_OK) rc = read_column(path, column, limit, NULL, &in.n_items, err);
    if (rc == CUVEE_OK && gold) rc = read_column(path, gold, limit, &in.gold, &n_gold, err);
    if (rc == CUVEE_OK && in.n_items == 0)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: there are no rows", path);
    if (rc < 0)
        cuvee__bench_input_deinit(&in);
    else
        *ret = in;
    return rc;
}

void cuvee__bench_input_deinit(struct bench_input *in)
{
    cuvee__labels_deinit(&in->gold);
}
