/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee measure diff A.json B.json: two results beside each other, on standard output. */
#ifndef CUVEE_CLI_MEASURE_DIFF_H
#define CUVEE_CLI_MEASURE_DIFF_H

#include "cuvee/cuvee.h"

/* Both files are what `cuvee measure -o` wrote. A figure that one of them does not have is shown as
 * a dash. Returns CUVEE_OK, or with err as base/json.h and os/file.h, CUVEE_E_FORMAT for JSON that
 * is no result. */
int cli__measure_diff(const char *path_a, const char *path_b, cuvee_error *err);

#endif
