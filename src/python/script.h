/* SPDX-License-Identifier: Apache-2.0
 *
 * A Python script as a model: chooses a host and stands behind model/external.h. */
#ifndef CUVEE_PYTHON_SCRIPT_H
#define CUVEE_PYTHON_SCRIPT_H

#include "cuvee/cuvee.h"
#include "model/external.h"

/* options: complete. Returns CUVEE_OK, CUVEE_E_IO (no such file, no Python), CUVEE_E_SCRIPT,
 * CUVEE_E_UNSUPPORTED, CUVEE_E_NOMEM. Blocks until the script is loaded. */
int cuvee__script_open(const char *path, const cuvee_model_options *options,
                       struct external_model **ret_model, cuvee_error *err);

#endif
