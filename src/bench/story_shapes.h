/* SPDX-License-Identifier: Apache-2.0
 *
 * An experiment's answers in the shapes that the story's programs write: for each arm, of the run
 * that is shown of it (nearest to its median time; else its first success), in DIR/answers:
 *
 *   ARM-detailed.json   metadata: run, why that one, totals, counts of labels, model, times,
 *                       batches; results: of each item index, text, label, score, batch, worker,
 *                       time_ms
 *   ARM.csv             the same results
 *   ARM-batches.json    of each batch: number, items, time_ms, memory_bytes, worker
 *   ARM-process.json    of each phase: operation, duration_s, memory_bytes, batch_size, worker; and
 *                       the processes, where the run's measurement is there
 *   ARM-summary.txt     the same for people
 *
 * Texts come from the input file, if it is still what it was when it was read. */
#ifndef CUVEE_BENCH_STORY_SHAPES_H
#define CUVEE_BENCH_STORY_SHAPES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

/* with_texts false: texts are left out (null, empty cells). Arms without answers are passed over;
 * *ret_n: how many were written.
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_FORMAT (the name of an arm is none), CUVEE_E_NOMEM; what
 * the reader of the input says. */
int cuvee__story_shapes(const json_t *results, const char *dir, bool with_texts, size_t *ret_n,
                        cuvee_error *err);

#endif
