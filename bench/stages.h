/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the time of a forward pass goes. */
#ifndef BENCH_STAGES_H
#define BENCH_STAGES_H

#include <jansson.h>

#include "texts.h"

/* Run the texts on n_threads at once (1 to 64; each runs all of them) and return a JSON object:
 * stage -> share of the time of the forward pass; or NULL after a message on stderr. */
json_t *bench_stages(const char *model_dir, const char *precision, const struct texts *texts,
                     unsigned n_threads);

#endif
