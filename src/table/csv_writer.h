/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_TABLE_CSV_WRITER_H
#define CUVEE_TABLE_CSV_WRITER_H

#include "base/sink.h"

/* Append one cell, quoted when it holds a comma, a quote or a line end (RFC 4180). No delimiter
 * after it. */
void cuvee__csv_put_cell(struct sink *out, struct span cell);

#endif
