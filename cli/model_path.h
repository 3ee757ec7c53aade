/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the model is (-m, else $CUVEE_MODEL, else the first default directory that exists), and
 * opening it as the options say. */
#ifndef CUVEE_CLI_MODEL_PATH_H
#define CUVEE_CLI_MODEL_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"
#include "options.h"

#define MODEL_PATH_ROOM 4200 /* PATH_MAX and a name */
#define MAX_MODEL_PLACES 5

struct model_place {
    const char *origin; /* "-m", "$CUVEE_MODEL", ... */
    char path[MODEL_PATH_ROOM];
    bool exists; /* a directory or a file is there */
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

/* Path of the model that is taken. Returns an exit code: EXIT_OK, or EXIT_MODEL with err filled. */
int cli__model_find(const char *option, char ret_path[MODEL_PATH_ROOM], cuvee_error *err);

/* What a command line says about the model; {0} = nothing. */
struct model_request {
    const char *path;  /* -m, or the operand of a subcommand that is about a model */
    int precision;     /* index into cli__precisions */
    const char *cache; /* --cache */
    bool no_cache;
    /* For scripts. */
    int python_host; /* index into cli__python_hosts */
    const char *python, *script_args;
    int64_t max_batch, concurrency;
    int64_t recycle_calls, recycle_mb;

    bool hides_progress;
};

/* Take the operand, which says the same as -m, if there is one. Returns EXIT_OK, or EXIT_USAGE
 * after a message when there are both. */
int cli__model_request_operand(const struct command *command, const struct operands *operands,
                               struct model_request *request);

/* Returns EXIT_OK, or EXIT_USAGE after a message about options that contradict each other. */
int cli__model_request_check(const struct command *command, const struct model_request *request);

/* Show on a terminal how far packing is, as cuvee_model_options.on_pack; user is not used. Take the
 * line away with cli__console_bar(""). */
void cli__show_packing(void *user, size_t done, size_t total);

/* Search, then open; packing is shown unless the request says no. Returns an exit code: EXIT_OK;
 * EXIT_MODEL or EXIT_USAGE with err filled. */
int cli__model_open(const struct model_request *request, cuvee_model **ret_model,
                    cuvee_error *err);

/* Warn when the model could not be kept in the cache: the next start will pack it again. */
void cli__model_tell_note(const char *command, const cuvee_model_info *info);
/* The same for those who have no info at hand. */
void cli__model_tell_note_of(const char *command, const cuvee_model *model);

#endif
