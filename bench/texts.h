/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts to classify: made of whole vocabulary words, all of one length in tokens, or the reviews of
 * a CSV file. */
#ifndef BENCH_TEXTS_H
#define BENCH_TEXTS_H

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Start with {0}. */
struct texts {
    cuvee_text *items; /* (n) */
    uint32_t *lengths; /* (n) tokens, special ones included */
    size_t n;
    uint64_t n_tokens;
    struct buffer bytes;
};

/* n texts of exactly n_tokens tokens, from vocab.txt of the model's directory. The words come from
 * a counter, the same on every machine. */
int bench_texts_of_words(struct texts *t, const cuvee_model *model, const char *model_dir, size_t n,
                         size_t n_tokens, cuvee_error *err);

/* n texts of the column `description`, from the first on and round again. */
int bench_texts_of_reviews(struct texts *t, const cuvee_model *model, const char *csv, size_t n,
                           cuvee_error *err);

void bench_texts_deinit(struct texts *t);

#endif
