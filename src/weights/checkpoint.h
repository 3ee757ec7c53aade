/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint: the named tensors of a model directory, one model.safetensors or shards by
 * model.safetensors.index.json, mapped read-only. All names, shapes and byte ranges are checked at
 * open. */
#ifndef CUVEE_WEIGHTS_CHECKPOINT_H
#define CUVEE_WEIGHTS_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

enum dtype { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_F64, DTYPE_OTHER };

#define CUVEE__MAX_DIMS 8

struct tensor {
    const char *name;
    enum dtype dtype;
    const char *dtype_name; /* as in the file */
    size_t n_dims;
    size_t dims[CUVEE__MAX_DIMS];
    size_t n_elements;
    size_t n_bytes;
    size_t file;     /* index of the shard */
    size_t offset;   /* of the data in that file */
    const unsigned char *data; /* n_bytes, no alignment */
};

struct checkpoint;

int cuvee__checkpoint_open(const char *dir, struct checkpoint **ret_checkpoint, cuvee_error *err);
void cuvee__checkpoint_close(struct checkpoint *c);

size_t cuvee__checkpoint_count(const struct checkpoint *c);
const struct tensor *cuvee__checkpoint_at(const struct checkpoint *c, size_t i);
/* NULL when there is none of that name. */
const struct tensor *cuvee__checkpoint_find(const struct checkpoint *c, const char *name);

size_t cuvee__checkpoint_n_files(const struct checkpoint *c);
const char *cuvee__checkpoint_file_path(const struct checkpoint *c, size_t file);
uint64_t cuvee__checkpoint_total_bytes(const struct checkpoint *c);

/* This process will not need the tensor's pages again soon: keeps the footprint small while
 * packing. */
void cuvee__tensor_release(const struct checkpoint *c, const struct tensor *t);
/* The same of all there is: faults bring in what lies beside a tensor, too. */
void cuvee__checkpoint_release(const struct checkpoint *c);

/* SHA-256 over all files in shard order. */
int cuvee__checkpoint_sha256(const struct checkpoint *c, char ret_hex[65], cuvee_error *err);

#endif
