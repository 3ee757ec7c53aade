/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "model_path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/error.h"
#include "exit_code.h"
#include "os/file.h"
#include "os/program.h"

#define DEFAULT_MODEL "sentiment-en"

static void add_place(struct model_search *s, const char *origin, const char *directory,
                      const char *below)
{
    struct model_place *place = &s->places[s->n_places];
    const int n = snprintf(place->path, sizeof place->path, "%s%s", directory, below);
    if (n < 0 || (size_t)n >= sizeof place->path) return; /* no such path can be opened */
    /* A path that was put together is shown to people: without its "/../". */
    char real[PATH_MAX];
    if (*below && realpath(place->path, real))
        snprintf(place->path, sizeof place->path, "%s", real);
    for (size_t i = 0; i < s->n_places; i++)
        if (strcmp(s->places[i].path, place->path) == 0) return;
    s->n_places++;
    place->origin = origin;
    place->exists = cuvee__path_is_directory(place->path);
}

void cli__model_search(const char *option, struct model_search *ret_search)
{
    struct model_search *s = ret_search;
    *s = (struct model_search){0};
    if (option) add_place(s, "-m", option, "");
    if (cuvee__env_model()) add_place(s, "$CUVEE_MODEL", cuvee__env_model(), "");
    const size_t n_named = s->n_places;

    char program[4096];
    if (cuvee__program_directory(program, sizeof program)) {
        add_place(s, "source tree", program, "/../../models/" DEFAULT_MODEL);
        add_place(s, "beside the program", program, "/../share/cuvee/models/" DEFAULT_MODEL);
    }
    add_place(s, "installed", CUVEE_DATA_DIR, "/models/" DEFAULT_MODEL);

    /* The first that was named, else the first that is there. */
    for (size_t i = 0; i < s->n_places && !s->taken; i++)
        if (i < n_named || s->places[i].exists) s->taken = &s->places[i];
}

int cli__model_open(const char *option, cuvee_model **ret_model, cuvee_error *err)
{
    struct model_search *s = cuvee__calloc(1, sizeof *s);
    int rc = CUVEE_OK;
    if (!s)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    else {
        cli__model_search(option, s);
        rc = s->taken ? cuvee_model_open(s->taken->path, NULL, ret_model, err)
                      : cuvee__fail(err, CUVEE_E_IO,
                                    "no model found: give one with -m or CUVEE_MODEL ('cuvee "
                                    "doctor' shows where it was sought)");
    }
    cuvee__free(s);
    return rc ? EXIT_MODEL : EXIT_OK;
}
