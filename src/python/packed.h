/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts and results as bytes, for hosts that are not in the same process or cannot pass objects;
 * packed.py is the other side. What is read here may be nonsense: every length and offset is
 * checked. */
#ifndef CUVEE_PYTHON_PACKED_H
#define CUVEE_PYTHON_PACKED_H

#include <stddef.h>

#include "base/bytes.h"
#include "python/host.h"

/* Bytes that n texts take. CUVEE_OK or CUVEE_E_LIMIT. */
int cuvee__packed_size(const cuvee_text *texts, size_t n, size_t *ret_size);
/* Write them: n + 1 offsets, then the texts. */
void cuvee__packed_write(char *at, const cuvee_text *texts, size_t n);

/* The results of n texts into rows first .. first + n - 1.
 * Returns CUVEE_OK (also: rows have failed), CUVEE_E_IO (nonsense), CUVEE_E_NOMEM. */
int cuvee__packed_read_answer(struct span text, size_t n, struct script_labels *labels,
                              struct external_rows *rows, size_t first);

/* What told() says, as the reason why these rows have failed: a line, then the traceback. */
void cuvee__packed_read_exception(struct span text, int status, struct external_rows *rows,
                                  size_t first, size_t n);

/* What facts() says, and LABELS into setup->labels. CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_LIMIT,
 * CUVEE_E_NOMEM. */
int cuvee__packed_read_facts(struct span text, const struct host_setup *setup,
                             struct script_facts *facts, cuvee_error *err);

/* What told() says, as CUVEE_E_SCRIPT: "path: what: line (place)". what may be "".
 * Or CUVEE_E_NOMEM, CUVEE_E_FORMAT. */
int cuvee__packed_read_failure(struct span text, const char *path, const char *what,
                               cuvee_error *err);

#endif
