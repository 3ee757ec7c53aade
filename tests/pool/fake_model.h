/* SPDX-License-Identifier: Apache-2.0
 *
 * A model that computes nothing: stands in for text/, kernels/ and model/ so that pool/ and api/
 * are tested alone, fast, and with what a real model cannot do on demand.
 *
 *   tokens   one per byte between specials: 1 bytes 2, or 1 bytes 2 bytes 2 for a pair; id = byte +
 *   10 scores   a hash of a text's own ids and types, so a token that goes astray shows in the bits
 *   "NOMEM"  at the start of a text: the tokenizer is out of memory;   '?' in it: a logit is NaN
 *   0xFF     in a text counts as replaced UTF-8
 *
 * Everything that a forward pass may rely on is checked there; see fake_violations(). */
#ifndef CUVEE_TESTS_FAKE_MODEL_H
#define CUVEE_TESTS_FAKE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

#define FAKE_MAX_LENGTH 64
#define FAKE_N_LABELS 3
#define FAKE_BROKEN_PATH "broken" /* cuvee_model_open() fails for it */

/* Breaches of contract seen so far: batch shapes, a workspace used by two threads at once, signals
 * not blocked. */
size_t fake_violations(void);

/* Models that are open. */
size_t fake_n_models(void);

/* Of models described from now on: so large that workers share even one text. At first: no. */
void fake_model_is_large(bool large);

/* While the gate is closed each forward pass stops in front of it. */
void fake_gate_close(void);
void fake_gate_open(void);
/* Sleep until n workers stand there. */
void fake_gate_wait(size_t n);

/* What the pool must give for a text, computed alone. */
struct fake_row {
    int status;
    int32_t label;
    float score;
    float all_scores[FAKE_N_LABELS];
    uint32_t tokens, notes;
};
struct fake_row fake_expect(const cuvee_text *text, const cuvee_classify_options *options);

#endif
