/* SPDX-License-Identifier: Apache-2.0 */
#include "table/text_reader.h"

#include "base/error.h"
#include "table/row_block.h"

int cuvee__text_next(struct text_reader *t, struct input_stream *in, struct row_block *b,
                     cuvee_error *err)
{
    struct span line;
    const int rc = cuvee__input_line(in, 0, false, &line, err);
    if (rc != INPUT_LINE && rc != INPUT_TOO_LONG) return rc;
    const struct block_mark mark = cuvee__block_mark(b);
    struct row row = {.line = t->line, .first_field = b->n_fields};
    int added;
    if (rc == INPUT_LINE) {
        struct span text = line;
        if (text.ptr[text.len - 1] == '\n') {
            text.len--;
            if (text.len && text.ptr[text.len - 1] == '\r') text.len--;
        }
        row.has_text = true;
        added = cuvee__block_add_text(b, text, &row.text, &row.n_replaced);
    } else {
        added = cuvee__block_set_error(b, &row, "longer than %zu bytes", TABLE_MAX_RECORD_BYTES);
    }
    if (added == CUVEE_OK) added = cuvee__block_add_row(b, &row);
    if (added < 0) {
        cuvee__block_rewind(b, mark);
        return cuvee__fail(err, added, "out of memory");
    }
    t->line++;
    if (rc == INPUT_TOO_LONG) return cuvee__input_skip_line(in, false, err);
    cuvee__input_consume(in, line.len);
    return INPUT_LINE;
}
