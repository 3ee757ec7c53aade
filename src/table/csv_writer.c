/* SPDX-License-Identifier: Apache-2.0 */
#include "table/csv_writer.h"

static bool needs_quotes(struct span cell)
{
    for (size_t i = 0; i < cell.len; i++)
        if (cell.ptr[i] == ',' || cell.ptr[i] == '"' || cell.ptr[i] == '\n' || cell.ptr[i] == '\r')
            return true;
    return false;
}

void cuvee__csv_put_cell(struct sink *out, struct span cell)
{
    if (!needs_quotes(cell)) {
        sink_put_span(out, cell);
        return;
    }
    sink_put_char(out, '"');
    while (cell.len) {
        const char *quote = memchr(cell.ptr, '"', cell.len);
        const size_t n = quote ? (size_t)(quote - cell.ptr) + 1 : cell.len;
        sink_put(out, cell.ptr, n);
        if (quote) sink_put_char(out, '"');
        cell.ptr += n;
        cell.len -= n;
    }
    sink_put_char(out, '"');
}
