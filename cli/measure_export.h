/* SPDX-License-Identifier: Apache-2.0
 *
 * A result of `cuvee measure` in the formats of other tools. */
#ifndef CUVEE_CLI_MEASURE_EXPORT_H
#define CUVEE_CLI_MEASURE_EXPORT_H

#include <jansson.h>

#include "cuvee/cuvee.h"
#include "report/markup.h"

enum measure_format {
    MEASURE_MARKDOWN,
    MEASURE_HTML,
    MEASURE_SVG,
    MEASURE_HYPERFINE,   /* --export-json of hyperfine 1.x */
    MEASURE_GOOGLE,      /* --benchmark_format=json of Google Benchmark */
    MEASURE_GITHUB,      /* github-action-benchmark, customSmallerIsBetter */
    MEASURE_CSV,         /* metric, value, unit, why */
    MEASURE_OPENMETRICS, /* text format 1.0 */
};

extern const char *const cli__measure_formats[]; /* their names, NULL-terminated */

/* Returns CUVEE_OK, CUVEE_E_NOMEM, CUVEE_E_LIMIT; CUVEE_E_UNSUPPORTED when the result lacks a
 * figure that the format cannot do without. */
int cli__measure_export(const json_t *result, enum measure_format format, struct sink *out,
                        cuvee_error *err);

#endif
