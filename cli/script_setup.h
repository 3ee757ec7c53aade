/* SPDX-License-Identifier: Apache-2.0
 *
 * What the whole process does before a Python script is loaded into it. The library changes nothing
 * of the kind: only the command line knows that the process is its own. */
#ifndef CUVEE_CLI_SCRIPT_SETUP_H
#define CUVEE_CLI_SCRIPT_SETUP_H

#include <stdbool.h>

#include "model_path.h"

/* The model that a request leads to is a Python script. */
bool cli__is_script(const struct model_request *request);

/* Standard output becomes standard error, so that a print() is no data; who writes data has a
 * descriptor of its own by now. Variables that limit threads of packages are set, unless the user
 * set them, and malloc gets few arenas: each thread that calls Python would grow its own. */
void cli__script_prepare(const struct model_request *request);

#endif
