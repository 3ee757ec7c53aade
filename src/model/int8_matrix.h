/* SPDX-License-Identifier: Apache-2.0
 *
 * An int8 matrix while it is packed: rows go through the quantiser a panel at a time, and what the
 * file has beside the panels is kept until they are written. */
#ifndef CUVEE_MODEL_INT8_MATRIX_H
#define CUVEE_MODEL_INT8_MATRIX_H

#include "cuvee/cuvee.h"
#include "kernels/kernels.h"
#include "model/quantize.h"

struct int8_matrix {
    struct packed shape; /* without pointers; run: the least of the rows so far */
    struct quantizer *quantizer;
    int8_t *weights;     /* a panel's rows */
    float *scales;       /* (n), and so the next two: zeros up to whole panels */
    float *bias_shift;   /* to add to the bias */
    int32_t *sums;
};

/* n a multiple of CUVEE__PANEL, or the whole matrix. stats: of its inputs, are used up; NULL =
 * none. Returns as cuvee__quantizer_create(). Release with deinit, also after failure. */
int cuvee__int8_matrix_init(struct int8_matrix *q, size_t n, size_t k, struct input_stats *stats,
                            cuvee_error *err);
void cuvee__int8_matrix_deinit(struct int8_matrix *q); /* zeroed is fine */

/* Quantise n_rows <= CUVEE__PANEL rows of k values, output columns first .. of the matrix (first a
 * multiple of CUVEE__PANEL), into one panel. */
int cuvee__int8_matrix_pack(struct int8_matrix *q, size_t first, size_t n_rows, const float *rows,
                            void *panel, cuvee_error *err);

#endif
