/* SPDX-License-Identifier: Apache-2.0
 *
 * A Python script as a model: chooses a host and stands behind model/external.h. */
#ifndef CUVEE_PYTHON_SCRIPT_H
#define CUVEE_PYTHON_SCRIPT_H

#include "cuvee/cuvee.h"
#include "model/external.h"
#include "python/interpreter.h"

/* The name of the host that CUVEE_PYTHON_AUTO takes for this Python, and why. When Python, once it
 * is embedded, turns out to look for its packages elsewhere, it is process all the same. */
const char *cuvee__script_auto_host(const struct interpreter *python, const char **ret_why);

/* options: complete. Returns CUVEE_OK, CUVEE_E_IO (no such file, no Python), CUVEE_E_SCRIPT,
 * CUVEE_E_UNSUPPORTED, CUVEE_E_NOMEM. Blocks until the script is loaded. */
int cuvee__script_open(const char *path, const cuvee_model_options *options,
                       struct external_model **ret_model, cuvee_error *err);

#endif
