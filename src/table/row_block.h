/* SPDX-License-Identifier: Apache-2.0
 *
 * Building a row block: how the readers of the formats add rows, and take back what they began. */
#ifndef CUVEE_TABLE_ROW_BLOCK_H
#define CUVEE_TABLE_ROW_BLOCK_H

#include "table/reader.h"

/* A point to go back to: what a row appended is dropped when the row cannot be finished now. */
struct block_mark {
    size_t bytes_len, n_rows, n_fields;
};

struct block_mark cuvee__block_mark(const struct row_block *b);
void cuvee__block_rewind(struct row_block *b, struct block_mark mark);

/* Append text with invalid UTF-8 replaced; adds the number of replacements to *n_replaced. These
 * three return CUVEE_OK or CUVEE_E_NOMEM. */
int cuvee__block_add_text(struct row_block *b, struct span text, struct piece *ret_piece,
                          uint32_t *n_replaced);
int cuvee__block_add_field(struct row_block *b, struct piece field);
int cuvee__block_add_row(struct row_block *b, const struct row *row);

/* Make row an error row: its error becomes "line N: ..." with N = row->line. One line of valid
 * UTF-8, whatever the arguments hold. */
int cuvee__block_set_error(struct row_block *b, struct row *row, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with a message that is complete. */
int cuvee__block_set_message(struct row_block *b, struct row *row, const cuvee_error *why);

#endif
