/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the model is: -m, else $CUVEE_MODEL, else the first default directory that exists. */
#ifndef CUVEE_CLI_MODEL_PATH_H
#define CUVEE_CLI_MODEL_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

#define MODEL_PATH_ROOM 4200 /* PATH_MAX and a name */
#define MAX_MODEL_PLACES 5

struct model_place {
    const char *origin; /* "-m", "$CUVEE_MODEL", ... */
    char path[MODEL_PATH_ROOM];
    bool exists; /* a directory is there */
};

struct model_search {
    struct model_place places[MAX_MODEL_PLACES]; /* in the order of search */
    size_t n_places;
    const struct model_place *taken; /* NULL: none */
};

/* Look where a model may be. option is the argument of -m or NULL. The first place that was named
 * by the user is taken whether it exists or not, so that a slip is an error and not another
 * model. */
void cli__model_search(const char *option, struct model_search *ret_search);

/* Search, then open. Returns an exit code: EXIT_OK, or EXIT_MODEL with err filled. */
int cli__model_open(const char *option, cuvee_model **ret_model, cuvee_error *err);

#endif
