/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the time of a forward pass goes. */
#ifndef BENCH_STAGES_H
#define BENCH_STAGES_H

#include <jansson.h>

#include "texts.h"

/* Classify the texts and return a JSON object: stage -> share of all workers' busy time; or NULL
 * after a message on stderr. */
json_t *bench_stages(const char *model_dir, const char *precision, const struct texts *texts);

#endif
