/* SPDX-License-Identifier: Apache-2.0
 *
 * One safetensors file: 8 bytes of length N (little-endian), N bytes of JSON that name, type and
 * place every tensor, then the data to the end of the file. Parsing reads the header only, never
 * the data. */
#ifndef CUVEE_WEIGHTS_SAFETENSORS_H
#define CUVEE_WEIGHTS_SAFETENSORS_H

#include <stddef.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"
#include "weights/checkpoint.h"

/* What huggingface_hub reads at most; the reference crate's 100 MB would be a gigabyte once
 * parsed. */
#define CUVEE__MAX_HEADER_BYTES 25000000

#define CUVEE__MAX_TENSOR_NAME 512 /* bytes; also keeps names whole in error messages */

struct safetensors {
    struct tensor *tensors; /* (n_tensors) in order of strcmp() */
    size_t n_tensors;
    char *names; /* what the tensors' names point into */
};

/* Check the whole header of `file` and list its tensors; they point into `file`, which must outlive
 * them.
 *   path  for messages.        ret  may hold anything; deinit it after success only.
 * Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__safetensors_parse(struct span file, const char *path, struct safetensors *ret,
                             cuvee_error *err);
/* {0} is fine. */
void cuvee__safetensors_deinit(struct safetensors *s);

/* NULL when there is none of that name. */
struct tensor *cuvee__safetensors_find(const struct safetensors *s, const char *name);

#endif
