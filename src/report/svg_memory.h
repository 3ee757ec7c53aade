/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory over time, of a result of `cuvee measure -o` (measure/1): the processes upon each other,
 * the bracket of the peak as a band, what naive methods saw dashed, the marks of the program. */
#ifndef CUVEE_REPORT_SVG_MEMORY_H
#define CUVEE_REPORT_SVG_MEMORY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/sink.h"
#include "cuvee/cuvee.h"

/* Of whatever is there; what is missing is not drawn. is_alone: it is a file of its own, not part
 * of a page. Returns CUVEE_OK, CUVEE_E_NOMEM; what goes wrong with the text is out's. */
int cuvee__svg_memory(struct sink *out, const json_t *result, const char *title, bool is_alone,
                      cuvee_error *err);

#endif
