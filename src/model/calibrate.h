/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of the inputs of one layer's products, over texts that are like those to come. */
#ifndef CUVEE_MODEL_CALIBRATE_H
#define CUVEE_MODEL_CALIBRATE_H

#include "model/model.h"
#include "model/quantize.h"

struct layer_stats {
    struct input_stats qkv, attention_out, ffn_up, ffn_down;
};

/* Run the model over n texts (0: over our own) and watch one layer: a layer at a time, since the
 * statistics of all of them would take more memory than the model. Release with deinit, also after
 * failure.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__calibrate(const cuvee_model *m, const cuvee_text *texts, size_t n, size_t layer,
                     struct layer_stats *ret, cuvee_error *err);
void cuvee__layer_stats_deinit(struct layer_stats *s); /* zeroed is fine */

#endif
