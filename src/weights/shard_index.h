/* SPDX-License-Identifier: Apache-2.0
 *
 * model.safetensors.index.json: which shard holds which tensor. */
#ifndef CUVEE_WEIGHTS_SHARD_INDEX_H
#define CUVEE_WEIGHTS_SHARD_INDEX_H

#include <jansson.h>
#include <stddef.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

#define CUVEE__MAX_INDEX_BYTES 25000000
#define CUVEE__MAX_SHARDS 1024

struct shard_index {
    json_t *json;         /* owns the strings below */
    json_t *weight_map;   /* tensor name -> file name, checked: all are plain file names */
    const char **files;   /* (n_files) the different file names, in order of strcmp() */
    size_t n_files;
};

/* Check the text of an index.
 *   path  for messages.        ret  may hold anything; deinit it after success only.
 * Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__shard_index_parse(struct span text, const char *path, struct shard_index *ret,
                             cuvee_error *err);
/* {0} is fine. */
void cuvee__shard_index_deinit(struct shard_index *x);

/* Position of a file name of the weight map in files. */
size_t cuvee__shard_index_file(const struct shard_index *x, const char *file);

#endif
