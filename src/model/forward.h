/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the forward pass that tests look at. */
#ifndef CUVEE_MODEL_FORWARD_H
#define CUVEE_MODEL_FORWARD_H

#include <stddef.h>

#include "model/model.h"

/* As cuvee__forward(), but the last layer works on every token, also those that no head reads. The
 * logits have the same bits; it is slower. */
void cuvee__forward_untrimmed(const cuvee_model *m, const struct kernels *k, struct workspace *w,
                              const struct ragged_batch *batch, float *logits);

#endif
