/* SPDX-License-Identifier: Apache-2.0
 *
 * A result of `cuvee measure` as pictures. */
#ifndef CUVEE_CLI_MEASURE_PLOT_H
#define CUVEE_CLI_MEASURE_PLOT_H

#include <jansson.h>
#include <stdbool.h>

#include "cuvee/cuvee.h"
#include "report/markup.h"

/* Memory over time, the processes upon each other; with the bracket of the peak, what naive methods
 * saw, and marks. is_alone: an SVG file, not part of a page. A result without a series gives a plot
 * without curves. Returns CUVEE_OK, CUVEE_E_NOMEM; what cannot be written is told by out->rc. */
int cli__measure_plot_memory(const json_t *result, struct sink *out, bool is_alone,
                             cuvee_error *err);

/* What naive methods claim, and the peak, as bars. */
void cli__measure_plot_claims(const json_t *result, struct sink *out, bool is_alone);

#endif
