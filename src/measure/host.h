/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_MEASURE_HOST_H
#define CUVEE_MEASURE_HOST_H

#include <jansson.h>

/* The machine that a result is of: kernel, processors that may be used, processor, huge pages, size
 * of a page, virtual machine, control groups. What cannot be read is null, with its reason in `why`
 * under "host." and the key. root: of the files of the system; "" for the real ones. */
json_t *cuvee__host_to_json(const char *root, json_t *why);

#endif
