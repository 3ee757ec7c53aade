/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the labels as they are printed: the model's, or those of --labels-map. */
#ifndef CUVEE_CLI_LABELS_MAP_H
#define CUVEE_CLI_LABELS_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

struct label_names {
    const char **names; /* (n) */
    size_t *first;      /* (n) the first label of the same name: a map may give one to several */
    size_t n;
    void *map; /* what some of the names belong to */
};

/* map_path may be NULL. Labels that the map leaves out keep their names; one that the model lacks
 * is an error, so that a slip is seen. Returns CUVEE_OK or CUVEE_E_*. */
int cli__label_names_open(struct label_names *l, const cuvee_model *model, const char *map_path,
                          cuvee_error *err);
/* The model may have more labels than before (a script's): add them, under their own names unless
 * the map has others. Returns CUVEE_OK or CUVEE_E_NOMEM. */
int cli__label_names_grow(struct label_names *l, const cuvee_model *model, cuvee_error *err);
void cli__label_names_close(struct label_names *l);
#endif
