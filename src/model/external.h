/* SPDX-License-Identifier: Apache-2.0
 *
 * A model that is not ours: something that takes texts and gives labels, such as a Python script.
 * model/ carries it inside a cuvee_model; pool/ calls it instead of tokenizer and forward pass;
 * python/ implements it.
 *
 * DESIGN
 *   A *caller* is one thread's way into the model, made and used on that thread only: a pool has
 *   max_callers of them, whatever the cores. One call takes up to max_batch texts and gives columns
 *   back; labels are indexes into a table of the model that only grows, so that an index stays what
 *   it is and a label's string may be read while others are added. */
#ifndef CUVEE_MODEL_EXTERNAL_H
#define CUVEE_MODEL_EXTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Columns of one call, the caller's own: valid until its next call. Strings are offsets into
 * `bytes`, NUL-terminated there; 0 = none (so offset 0 is never a string). */
struct external_rows {
    size_t n, room;    /* rows; allocated */
    int32_t *status;   /* (n) CUVEE_OK, CUVEE_E_SCRIPT, CUVEE_E_TIMEOUT, CUVEE_E_CANCELLED,
                         CUVEE_E_NOMEM */
    uint32_t *labels;  /* (n) where the status is CUVEE_OK */
    double *scores;    /* (n) NaN: the model told none */
    size_t *extras;    /* (n) a JSON object's text */
    size_t *messages;  /* (n) why the status is not CUVEE_OK: one line, then perhaps a traceback */
    size_t *first_all; /* (n) scores of all labels of row i begin at all[first_all[i]] */
    size_t *n_row_all; /* (n) how many; 0: the model told only one */
    void *columns;     /* the block that all of the above lie in */
    cuvee_label_score *all;
    size_t n_all, room_all;
    struct buffer bytes; /* with room to spare for a message when there is no memory for one */
    size_t spare_at;     /* that message in bytes; 0 = not needed so far */
};

struct external_model {
    const struct external_ops *ops;
    size_t max_batch;   /* texts of one call, at least 1 */
    size_t max_callers; /* at least 1 */
};

struct external_ops {
    /* Last hold is gone; no caller is open. */
    void (*close)(struct external_model *m);
    size_t (*n_labels)(const struct external_model *m);
    /* i < n_labels; the string stays as long as the model. */
    const char *(*label)(const struct external_model *m, size_t i);
    /* Fills what it knows; the rest is zero. */
    void (*describe)(const struct external_model *m, cuvee_model_info *info);

    int (*open_caller)(struct external_model *m, void **ret_caller, cuvee_error *err);
    /* n is 1 .. max_batch. timeout_ns: for one try; 0 = none. Never fails as a whole: every row has
     * a status. */
    void (*call)(struct external_model *m, void *caller, const cuvee_text *texts, size_t n,
                 uint64_t timeout_ns, struct external_rows *rows);
    void (*close_caller)(struct external_model *m, void *caller);
    /* End the calls that are under way, as far as that can be done: their texts get
     * CUVEE_E_CANCELLED. Any thread. */
    void (*interrupt)(struct external_model *m);
};

/* Rows for n texts, all CUVEE_OK with label 0, score NaN and nothing else.
 * Returns CUVEE_OK or CUVEE_E_NOMEM, with rows->n = 0: that is how a call says so. */
int cuvee__external_rows_begin(struct external_rows *rows, size_t n);
void cuvee__external_rows_deinit(struct external_rows *rows);

/* Further keys of row i; without memory for them the row has failed, CUVEE_E_NOMEM. */
void cuvee__external_rows_extra(struct external_rows *rows, size_t i, struct span json);

/* Row i has failed with this status and message, and has nothing else. A message that finds no
 * memory is replaced by this one, which always has room. */
extern const char cuvee__lost_reason[];
void cuvee__external_rows_fail(struct external_rows *rows, size_t i, int status,
                               struct span message);
/* Rows first .. first + n - 1 have, and share the message. */
void cuvee__external_rows_fail_range(struct external_rows *rows, size_t first, size_t n, int status,
                                     struct span message);

/* One of all scores of row i; rows come in order. CUVEE_OK or CUVEE_E_NOMEM. */
int cuvee__external_rows_add_score(struct external_rows *rows, size_t i, uint32_t label,
                                   double score);

#endif
