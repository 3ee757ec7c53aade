/* SPDX-License-Identifier: Apache-2.0
 *
 * A result of `cuvee measure` for people. Everything comes from the result, so the page of a saved
 * one is the page that the run itself would have written. */
#ifndef CUVEE_CLI_MEASURE_PAGE_H
#define CUVEE_CLI_MEASURE_PAGE_H

#include <jansson.h>

#include "cuvee/cuvee.h"
#include "report/markup.h"

/* One HTML page that needs nothing else. Returns CUVEE_OK, CUVEE_E_NOMEM; what cannot be written is
 * told by out->rc. */
int cli__measure_page(const json_t *result, struct sink *out, cuvee_error *err);

/* The summary as two tables. */
int cli__measure_markdown(const json_t *result, struct sink *out, cuvee_error *err);

#endif
