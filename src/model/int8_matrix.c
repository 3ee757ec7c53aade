/* SPDX-License-Identifier: Apache-2.0 */
#include "model/int8_matrix.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

int cuvee__int8_matrix_init(struct int8_matrix *q, size_t n, size_t k, struct input_stats *stats,
                            cuvee_error *err)
{
    const struct quantize_bounds bounds = CUVEE__QUANTIZE_BOUNDS;
    const size_t padded = cuvee__round_up(n, CUVEE__PANEL);
    *q = (struct int8_matrix){
        .shape = {.type = WEIGHT_INT8,
                  .n = n,
                  .k = k,
                  .activation_max = bounds.activation_max,
                  .run = CUVEE__MAX_RUN},
        .weights = cuvee__alloc_array(CUVEE__PANEL, k),
        .scales = cuvee__calloc(padded, sizeof *q->scales),
        .bias_shift = cuvee__calloc(padded, sizeof *q->bias_shift),
        .sums = cuvee__calloc(padded, sizeof *q->sums),
    };
    if (!q->weights || !q->scales || !q->bias_shift || !q->sums)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for integer weights");
    const int rc = cuvee__quantizer_create(k, &bounds, stats, &q->quantizer, err);
    if (rc == CUVEE_OK) q->shape.rotation = (uint32_t)cuvee__quantizer_rotation(q->quantizer);
    return rc;
}

void cuvee__int8_matrix_deinit(struct int8_matrix *q)
{
    cuvee__quantizer_free(q->quantizer);
    cuvee__free(q->weights);
    cuvee__free(q->scales);
    cuvee__free(q->bias_shift);
    cuvee__free(q->sums);
    *q = (struct int8_matrix){0};
}

int cuvee__int8_matrix_pack(struct int8_matrix *q, size_t first, size_t n_rows, const float *rows,
                            void *panel, cuvee_error *err)
{
    const size_t k = q->shape.k;
    const int rc = cuvee__quantize_rows(q->quantizer, n_rows, rows, k, q->weights,
                                        q->scales + first, q->bias_shift + first, err);
    if (rc < 0) return rc;
    for (size_t i = 0; i < n_rows; i++) {
        const size_t run = cuvee__int8_run(q->weights + i * k, k, q->shape.activation_max);
        q->shape.run = (uint32_t)cuvee__min(q->shape.run, run);
    }
    struct packed one = q->shape;
    one.n = n_rows;
    cuvee__pack_int8_rows(&one, panel, q->sums + first, 0, n_rows, q->weights, k);
    return CUVEE_OK;
}
