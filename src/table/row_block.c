/* SPDX-License-Identifier: Apache-2.0
 *
 * A block is three arrays that grow and never shrink: bytes, rows, fields. Rows point into the
 * bytes by offset, so growing moves nothing that a row knows of. */
#include "table/row_block.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"

void cuvee__row_block_clear(struct row_block *b)
{
    b->bytes.len = b->n_rows = b->n_fields = 0;
}

void cuvee__row_block_deinit(struct row_block *b)
{
    cuvee__buffer_deinit(&b->bytes);
    cuvee__free(b->rows);
    cuvee__free(b->fields);
    *b = (struct row_block){0};
}

struct block_mark cuvee__block_mark(const struct row_block *b)
{
    return (struct block_mark){b->bytes.len, b->n_rows, b->n_fields};
}

void cuvee__block_rewind(struct row_block *b, struct block_mark mark)
{
    b->bytes.len = mark.bytes_len;
    b->n_rows = mark.n_rows;
    b->n_fields = mark.n_fields;
}

int cuvee__block_add_text(struct row_block *b, struct span text, struct piece *ret_piece,
                          uint32_t *n_replaced)
{
    const size_t off = b->bytes.len;
    uint64_t n = 0;
    /* An empty text too must be a piece of a buffer that exists: NULL would mean "no text" further
     * on. */
    int rc = cuvee__buffer_reserve(&b->bytes, text.len ? text.len : 1);
    if (rc == CUVEE_OK) rc = cuvee__utf8_append_valid(&b->bytes, text.ptr, text.len, &n);
    if (rc < 0) return CUVEE_E_NOMEM;
    *ret_piece = (struct piece){off, b->bytes.len - off};
    *n_replaced += (uint32_t)n; /* a record has at most TABLE_MAX_RECORD_BYTES bytes */
    return CUVEE_OK;
}

int cuvee__block_add_field(struct row_block *b, struct piece field)
{
    if (b->n_fields == b->room_fields) {
        const size_t room = b->room_fields ? b->room_fields * 2 : 64;
        struct piece *fields = cuvee__realloc_array(b->fields, room, sizeof *fields);
        if (!fields) return CUVEE_E_NOMEM;
        b->fields = fields;
        b->room_fields = room;
    }
    b->fields[b->n_fields++] = field;
    return CUVEE_OK;
}

int cuvee__block_add_row(struct row_block *b, const struct row *row)
{
    if (b->n_rows == b->room_rows) {
        const size_t room = b->room_rows ? b->room_rows * 2 : 64;
        struct row *rows = cuvee__realloc_array(b->rows, room, sizeof *rows);
        if (!rows) return CUVEE_E_NOMEM;
        b->rows = rows;
        b->room_rows = room;
    }
    b->rows[b->n_rows++] = *row;
    return CUVEE_OK;
}

int cuvee__block_set_message(struct row_block *b, struct row *row, const cuvee_error *why)
{
    uint32_t n_replaced = 0; /* in the message, not in the user's data */
    return cuvee__block_add_text(b, span_of(why->msg), &row->error, &n_replaced);
}

int cuvee__block_set_error(struct row_block *b, struct row *row, const char *fmt, ...)
{
    char reason[sizeof((cuvee_error *)0)->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    cuvee_error why; /* for its tidying: no control characters, no character cut at the end */
    cuvee__fail(&why, CUVEE_E_FORMAT, "line %" PRIu64 ": %s", row->line, reason);
    return cuvee__block_set_message(b, row, &why);
}
