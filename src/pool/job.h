/* SPDX-License-Identifier: Apache-2.0
 *
 * A job is one cuvee_submit() or cuvee_classify(): the texts, the options, and the result that
 * fills up while workers take its texts in slices. Result and job are one allocation each, made
 * before the job is queued, so a job that was accepted cannot fail for want of memory. */
#ifndef CUVEE_POOL_JOB_H
#define CUVEE_POOL_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/checked.h"
#include "cuvee/cuvee.h"

struct script_columns;

/* Columns over n texts; they lie behind the struct, in the same block. */
struct cuvee_result {
    size_t n_texts, n_labels;
    float *all_scores; /* (n_texts, n_labels) */
    float *scores;     /* (n_texts), as all that follow */
    int32_t *labels;
    int32_t *status;
    uint32_t *tokens;
    uint32_t *notes;
    struct script_columns *script; /* NULL for models of ours */
};

/* What a script told about a text beyond label and score; NULL, 0: nothing. */
struct script_row {
    const char *extra, *message;
    const cuvee_label_score *all;
    size_t n_all;
};

/* The strings and scores of one call of a script. */
struct script_chunk {
    struct script_chunk *next;
    _Alignas(16) unsigned char bytes[];
};

struct script_columns {
    double *scores;          /* (n_texts) */
    struct script_row *rows; /* (n_texts); they point into chunks */
    _Atomic(struct script_chunk *) chunks;
};

/* All zero; NULL when out of memory. is_script: with those columns, and no all_scores. */
cuvee_result *cuvee__result_create(size_t n_texts, size_t n_labels, bool is_script);
void cuvee__result_free(cuvee_result *result);

/* Row i becomes a failure: its status, and no label. */
void cuvee__result_fail(cuvee_result *result, size_t i, int status);

struct job {
    /* Set by create, then constant. */
    cuvee_classify_options options; /* max_length resolved: never 0 */
    size_t n_texts;
    size_t cost; /* sum of job_text_cost() */
    cuvee_done *done;
    void *user;
    cuvee_result *result; /* the block is; a row is written by whoever took its text */

    /* The queue's, under its mutex, until the last text is taken. */
    struct job *next;
    size_t n_taken; /* texts 0 .. n_taken - 1 have left the queue */

    _Atomic size_t n_open; /* texts without a row; acq_rel, so whoever gets it to 0 sees all rows */

    cuvee_text texts[]; /* (n_texts) */
};

/* A text's least cost: bounds the number of texts in a batch by batch_tokens / JOB_MIN_COST. */
#define JOB_MIN_COST 4

/* Guess of a text's tokens from its bytes, for sharing out work before anything is tokenised.
 * English has 4.3 bytes a token with a 30,000 word vocabulary, Chinese 3; too high a guess makes a
 * batch smaller, too low a one makes two of it. Nothing else depends on it. */
static inline size_t job_text_cost(const struct job *job, size_t i)
{
    const cuvee_text *t = &job->texts[i];
    const size_t guess = t->len / 4 + t->pair_len / 4 + 2; /* [CLS] and [SEP]; cannot wrap */
    return cuvee__max(JOB_MIN_COST, cuvee__min(job->options.max_length, guess));
}

/* Copies the texts array (not the bytes) and the options; allocates the whole result.
 * NULL when out of memory. */
struct job *cuvee__job_create(const cuvee_text *texts, size_t n_texts, size_t n_labels,
                              bool is_script, const cuvee_classify_options *options,
                              cuvee_done *done, void *user);

/* For a job that was never queued; frees its result too. NULL is fine. */
void cuvee__job_free(struct job *job);

/* n more rows are written. With the last one the job ends: it is freed, then done() gets the
 * result, on this thread. A job of no texts ends with its first call, n = 0. Hold no lock. */
void cuvee__job_complete(struct job *job, size_t n);

/* End the texts that nobody took with CUVEE_E_CANCELLED. The job must have left the queue. */
void cuvee__job_cancel_rest(struct job *job);

#endif
