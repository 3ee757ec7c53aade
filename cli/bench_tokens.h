/* SPDX-License-Identifier: Apache-2.0
 *
 * How many tokens the items of an experiment have. Items a second say little to those whose texts
 * are longer; tokens a second do. Padding is not counted: it is work, but nobody's. */
#ifndef CUVEE_CLI_BENCH_TOKENS_H
#define CUVEE_CLI_BENCH_TOKENS_H

#include <jansson.h>

/* Add `n_tokens` to each arm of results: of the items that it is given, as the model sees them,
 * special ones included. What cannot be counted (a script, a file that is gone) is left out, since
 * no figure depends on it.
 *   model_path  of the experiment's model, or NULL: where the results say, if its files and the
 *               input's are those that were measured. */
void cli__bench_tokens(json_t *results, const char *model_path);

#endif
