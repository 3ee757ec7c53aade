/* SPDX-License-Identifier: Apache-2.0
 *
 * Results that are given to others do not say where the home directory of their maker is, whose
 * name often is that of a person: it is written "~", as it stands in $HOME and without symbolic
 * links, wherever it is the whole of a path or its beginning. Nothing else is changed: of the
 * machine results have processor, kernel and sizes, but neither its name nor that of a user. */
#ifndef CUVEE_BENCH_SHARE_H
#define CUVEE_BENCH_SHARE_H

#include <jansson.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Append text, with "~" for the home directory. Returns CUVEE_OK, CUVEE_E_NOMEM, CUVEE_E_LIMIT. */
int cuvee__share_text(struct span text, struct buffer *out);

/* A copy of a document, keys and texts as above. *ret: release with json_decref().
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__share_json(const json_t *json, json_t **ret, cuvee_error *err);

/* The files that the runs of results name, below dir, are written anew where they have it: as text,
 * so a home whose name JSON must escape is not seen. Returns CUVEE_OK; as os/file.h and
 * table/writer.h. */
int cuvee__share_files(const json_t *results, const char *dir, cuvee_error *err);

#endif
