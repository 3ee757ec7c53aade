/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a text must take at least: its multiply-adds over the machine's peaks.
 *
 * Counted is the trimmed graph: all layers but the last for all tokens; the last one for the first
 * token of each text, with keys and values absorbed (docs/benchmarks.md has the formula). Linear
 * layers of the others run at the peak of the model's precision; attention and the last layer at
 * the peak of what lies beside (bench_peak_beside). Embedding, norms, activations, head and
 * tokenizer count nothing: they are overhead.
 */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "cuvee/cuvee.h"

/* G operations; a multiply-add counts 2. */
struct work {
    double linear, beside;
};

/* n_texts texts of n_tokens each (which may be a mean). */
struct work bench_work(const cuvee_model_info *info, double n_texts, double n_tokens);

/* Nanoseconds of one core (or all) with these peaks in G operations/s. */
double bench_limit_ns(struct work w, double peak_linear, double peak_beside);

/* Bytes of the linear layers that a pass over one text has to read. */
double bench_weight_bytes(const cuvee_model_info *info, double bytes_per_weight);

#endif
