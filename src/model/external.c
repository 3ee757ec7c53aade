/* SPDX-License-Identifier: Apache-2.0 */
#include "model/external.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

enum { FIRST_SCORES = 64 };

const char cuvee__lost_reason[] = "out of memory for the reason";

/* Columns of n rows in one block; what the old ones held is not needed again. */
static int make_room(struct external_rows *rows, size_t n)
{
    const size_t row_bytes = sizeof *rows->scores + sizeof *rows->status + sizeof *rows->labels +
                             sizeof *rows->extras + sizeof *rows->messages +
                             sizeof *rows->first_all + sizeof *rows->n_row_all;
    rows->room = 0;
    cuvee__free(rows->columns);
    rows->columns = cuvee__alloc_array(n, row_bytes);
    if (!rows->columns) return CUVEE_E_NOMEM;
    rows->scores = rows->columns;
    rows->extras = (size_t *)(void *)(rows->scores + n);
    rows->messages = rows->extras + n;
    rows->first_all = rows->messages + n;
    rows->n_row_all = rows->first_all + n;
    rows->status = (int32_t *)(void *)(rows->n_row_all + n);
    rows->labels = (uint32_t *)(void *)(rows->status + n);
    rows->room = n;
    return CUVEE_OK;
}

int cuvee__external_rows_begin(struct external_rows *rows, size_t n)
{
    rows->n = rows->n_all = 0;
    rows->bytes.len = rows->spare_at = 0;
    if (n > rows->room && make_room(rows, n) < 0) return CUVEE_E_NOMEM;
    if (cuvee__buffer_append_char(&rows->bytes, '\0') < 0) return CUVEE_E_NOMEM;
    if (cuvee__buffer_reserve(&rows->bytes, sizeof cuvee__lost_reason) < 0) return CUVEE_E_NOMEM;
    rows->n = n;
    for (size_t i = 0; i < n; i++) {
        rows->status[i] = CUVEE_OK;
        rows->labels[i] = 0;
        rows->scores[i] = (double)NAN;
        rows->extras[i] = rows->messages[i] = 0;
        rows->first_all[i] = rows->n_row_all[i] = 0;
    }
    return CUVEE_OK;
}

void cuvee__external_rows_deinit(struct external_rows *rows)
{
    cuvee__free(rows->columns);
    cuvee__free(rows->all);
    cuvee__buffer_deinit(&rows->bytes);
    *rows = (struct external_rows){0};
}

/* Where it lies then; 0 when it is empty, or finds no memory. */
static size_t put_string(struct external_rows *rows, struct span text)
{
    struct buffer *b = &rows->bytes;
    const size_t at = b->len;
    if (text.len == 0 || cuvee__buffer_reserve(b, text.len + 1 + sizeof cuvee__lost_reason) < 0)
        return 0;
    memcpy(b->ptr + at, text.ptr, text.len);
    b->ptr[at + text.len] = '\0';
    b->len = at + text.len + 1;
    return at;
}

/* There is room for it: see cuvee__external_rows_begin() and put_string(). */
static size_t put_spare(struct external_rows *rows)
{
    struct buffer *b = &rows->bytes;
    if (rows->spare_at) return rows->spare_at;
    rows->spare_at = b->len;
    memcpy(b->ptr + b->len, cuvee__lost_reason, sizeof cuvee__lost_reason);
    b->len += sizeof cuvee__lost_reason;
    return rows->spare_at;
}

void cuvee__external_rows_extra(struct external_rows *rows, size_t i, struct span json)
{
    rows->extras[i] = put_string(rows, json);
    if (json.len && !rows->extras[i])
        cuvee__external_rows_fail(rows, i, CUVEE_E_NOMEM, span_of("out of memory"));
}

void cuvee__external_rows_fail(struct external_rows *rows, size_t i, int status,
                               struct span message)
{
    cuvee__external_rows_fail_range(rows, i, 1, status, message);
}

void cuvee__external_rows_fail_range(struct external_rows *rows, size_t first, size_t n, int status,
                                     struct span message)
{
    size_t at = put_string(rows, message);
    if (!at && message.len) at = put_spare(rows);
    for (size_t i = first; i < first + n; i++) {
        rows->status[i] = status;
        rows->messages[i] = at;
        rows->extras[i] = rows->n_row_all[i] = 0;
    }
}

int cuvee__external_rows_add_score(struct external_rows *rows, size_t i, uint32_t label,
                                   double score)
{
    if (rows->n_all == rows->room_all) {
        const size_t room = cuvee__max(FIRST_SCORES, 2 * rows->room_all);
        cuvee_label_score *grown = cuvee__realloc_array(rows->all, room, sizeof *grown);
        if (!grown) return CUVEE_E_NOMEM;
        rows->all = grown;
        rows->room_all = room;
    }
    if (rows->n_row_all[i] == 0) rows->first_all[i] = rows->n_all;
    rows->all[rows->n_all++] = (cuvee_label_score){label, score};
    rows->n_row_all[i]++;
    return CUVEE_OK;
}
