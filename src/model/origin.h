/* SPDX-License-Identifier: Apache-2.0
 *
 * What a packed file was made of: hashes of the contents of a model directory, and, for the cache,
 * the identity of its files, which takes no reading. */
#ifndef CUVEE_MODEL_ORIGIN_H
#define CUVEE_MODEL_ORIGIN_H

#include "cuvee/cuvee.h"
#include "weights/checkpoint.h"
#include "weights/packed_file.h"

/* Hash all files that count. Fills source and weights. */
int cuvee__origin_hash(const char *dir, const struct checkpoint *checkpoint,
                       struct packed_origin *ret, cuvee_error *err);

/* Name, device, inode, size and time of change of all files that may count, with the precision and
 * the layout, as a hash. Fills key. */
int cuvee__origin_key(const char *dir, unsigned precision, struct packed_origin *ret,
                      cuvee_error *err);

#endif
