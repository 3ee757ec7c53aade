/* SPDX-License-Identifier: Apache-2.0
 *
 * From the f32 weights of a linear layer to the integers of a WEIGHT_INT8 matrix.
 *
 * What is stored is not W but W rotated: y = W x = (W R^-1)(R x), R = (Hadamard transform of each
 * `rotation` inputs) x (a sign per input). An outlier among the inputs, or among the weights, is
 * spread over its block by R, so that the range of a row, which the integer steps have to cover,
 * falls from 8 to 15 standard deviations to about 6: worth nearly one bit on both sides
 * (docs/numerics.md, "int8"). The product applies R to its inputs before it quantises them:
 *
 *     t = x * input_scales;  each block of `rotation` values of t is replaced by its Walsh-Hadamard
 *     transform: for h = 1, 2, 4, .. rotation / 2: (t[i], t[i+h]) = (t[i] + t[i+h], t[i] - t[i+h])
 *     step = (max t - min t) / activation_max;  q = round((t - min t) / step)
 *     y = scale * (step * sum(q * weight) + min t * sum(weight)) + bias + bias_shift
 *
 * With statistics of the layer's inputs the weights are rounded one after the other, each making up
 * for the errors of those before it as far as their inputs go together (LDLQ, the same as GPTQ and
 * OPTQ: arxiv.org/abs/2210.17323, 2307.13304), and what is left of the error on average moves into
 * the bias. Without statistics each weight goes to the nearest step.
 *
 * Everything is plain sums in one order: the same statistics give the same bytes on every machine,
 * however the rows are spread over threads. */
#ifndef CUVEE_MODEL_QUANTIZE_H
#define CUVEE_MODEL_QUANTIZE_H

#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

/* ---- statistics of the inputs of one product, as an observer of forward.h sees them ---- */

struct input_stats {
    size_t k;
    uint64_t n_rows;
    double *sum;      /* (k) */
    double *gram;     /* (k,k) sum of x[i] x[j]; only j <= i is kept up */
    float *waiting;   /* rows that have not been added yet, a tile of columns after the other */
    size_t n_waiting;
};

/* k >= 1. Memory: k^2 doubles and 64 k floats. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__input_stats_init(struct input_stats *s, size_t k, cuvee_error *err);
/* Rows come in any portions: the sums depend on their order only. */
void cuvee__input_stats_add(struct input_stats *s, size_t n_rows, const float *x, size_t ldx);
/* Count the rows that still wait: after the last of them. */
void cuvee__input_stats_finish(struct input_stats *s);
void cuvee__input_stats_deinit(struct input_stats *s); /* zeroed is fine */

/* ---- weights ---- */

/* A machine without integer dot products adds products in 16 bits: those of k = 4g and 4g + 1, and
 * those of 4g + 2 and 4g + 3, of `run` groups g. That is exact when activation_max times the sum of
 * the weights of one sign among them is at most 32767. Weights that would break this are cut. Signs
 * and sizes are mixed, so even with steps for which that happens now and then the weights are finer
 * than if each of them had to leave room for the worst case. */
struct quantize_bounds {
    uint32_t activation_max; /* inputs are 0 .. this; 1 .. 255 */
    uint32_t weight_max;     /* 1 .. 127 */
    uint32_t run;            /* a power of two; 0 = no care is taken */
    uint32_t rotation;       /* largest block of the transform, a power of two; 1 = no rotation */
};

/* Even shares of the 16 bits: inputs and weights err by the same (docs/numerics.md). */
#define CUVEE__QUANTIZE_BOUNDS ((struct quantize_bounds){181, 127, 2, 128})

/* What all rows of one matrix share. */
struct quantizer;

/* Prepare for matrices of k inputs, k >= 1. stats: NULL = none; its gram is taken over on success,
 * so that statistics serve once. With n_rows = 0 they are as if not there.
 * Memory: k floats beside that. Time: k^3 / 6 multiplications.
 * Returns CUVEE_OK, CUVEE_E_NOMEM, CUVEE_E_ARGUMENT (bounds), CUVEE_E_FORMAT (statistics that are
 * not finite: the model overflows). */
int cuvee__quantizer_create(size_t k, const struct quantize_bounds *bounds,
                            struct input_stats *stats, struct quantizer **ret, cuvee_error *err);
void cuvee__quantizer_free(struct quantizer *q); /* NULL is fine */

/* What the product needs to know beside the weights. rotation: the largest power of two that
 * divides k, up to that of the bounds. input_scales: (k); NULL = ones, when nothing rotates. */
size_t cuvee__quantizer_rotation(const struct quantizer *q);
const float *cuvee__quantizer_input_scales(const struct quantizer *q);

/* Quantise n rows of W (row j at w + j * ldw). A row's result does not depend on the others.
 *   ret_weights     (n,k) row stride k, within +-weight_max
 *   ret_scales      (n)
 *   ret_bias_shift  (n) to add to the bias; zeros without statistics
 * Threads: any number at once on one quantizer.
 * Returns CUVEE_OK, CUVEE_E_NOMEM, CUVEE_E_FORMAT with the row and column of a weight that is not
 * finite. */
int cuvee__quantize_rows(const struct quantizer *q, size_t n, const float *w, size_t ldw,
                         int8_t *ret_weights, float *ret_scales, float *ret_bias_shift,
                         cuvee_error *err);

#endif
