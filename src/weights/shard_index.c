/* SPDX-License-Identifier: Apache-2.0
 *
 * See shard_index.h. File names come from a downloaded file, so only plain names are let through:
 * nothing in the index can reach outside the model directory. "metadata" is ignored: its total_size
 * is often wrong. */
#include "weights/shard_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"

static bool is_plain_name(const char *name, size_t len)
{
    return len > 0 && strlen(name) == len && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_map(struct shard_index *x, cuvee_error *err)
{
    x->weight_map = json_object_get(x->json, "weight_map");
    if (!json_object_size(x->weight_map))
        return cuvee__fail(err, CUVEE_E_FORMAT, "no weight_map, or not an object, or empty");
    x->files = cuvee__alloc_array(json_object_size(x->weight_map), sizeof *x->files);
    if (!x->files) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    const char *tensor;
    json_t *file;
    size_t n = 0;
    json_object_foreach(x->weight_map, tensor, file) {
        if (!json_is_string(file))
            return cuvee__fail(err, CUVEE_E_FORMAT, "tensor '%s': its file is not a string",
                               tensor);
        const char *name = json_string_value(file);
        if (!is_plain_name(name, json_string_length(file)))
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "tensor '%s': '%s' is not a plain file name in the same directory",
                               tensor, name);
        x->files[n++] = name;
    }
    qsort(x->files, n, sizeof *x->files, compare_strings);
    for (size_t i = 0; i < n; i++)
        if (!i || strcmp(x->files[i], x->files[x->n_files - 1]) != 0)
            x->files[x->n_files++] = x->files[i];
    if (x->n_files > CUVEE__MAX_SHARDS)
        return cuvee__fail(err, CUVEE_E_LIMIT, "%zu shards, limit is %d", x->n_files,
                           CUVEE__MAX_SHARDS);
    return CUVEE_OK;
}

int cuvee__shard_index_parse(struct span text, const char *path, struct shard_index *ret,
                             cuvee_error *err)
{
    struct shard_index x = {0};
    int rc = cuvee__json_parse(text, path, &x.json, err);
    if (rc < 0) return rc;
    rc = read_map(&x, err);
    if (rc < 0) {
        cuvee__error_prefix(err, "%s", path);
        cuvee__shard_index_deinit(&x);
        return rc;
    }
    *ret = x;
    return CUVEE_OK;
}

void cuvee__shard_index_deinit(struct shard_index *x)
{
    cuvee__free(x->files);
    json_decref(x->json);
    *x = (struct shard_index){0};
}

size_t cuvee__shard_index_file(const struct shard_index *x, const char *file)
{
    const char **found = bsearch(&file, x->files, x->n_files, sizeof *x->files, compare_strings);
    return (size_t)(found - x->files);
}
