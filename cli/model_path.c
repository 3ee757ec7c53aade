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
#include "console.h"
#include "exit_code.h"
#include "os/file.h"
#include "os/program.h"

#define DEFAULT_MODEL "sentiment-en"

const char *const cli__python_hosts[] = {"auto", "embed", "process", "metacall", NULL};
const char *const cli__precisions[] = {"auto", "f32", "bf16", "int8", NULL};

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
    place->exists = cuvee__file_exists(place->path);
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

int cli__model_find(const char *option, char ret_path[MODEL_PATH_ROOM], cuvee_error *err)
{
    struct model_search *s = cuvee__calloc(1, sizeof *s);
    int rc = CUVEE_OK;
    if (!s)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    else {
        cli__model_search(option, s);
        if (s->taken)
            memcpy(ret_path, s->taken->path, sizeof s->taken->path);
        else
            rc = cuvee__fail(err, CUVEE_E_IO,
                             "no model found: give one with -m or CUVEE_MODEL ('cuvee doctor' "
                             "shows where it was sought)");
    }
    cuvee__free(s);
    return rc ? EXIT_MODEL : EXIT_OK;
}

int cli__model_request_operand(const struct command *command, const struct operands *operands,
                               struct model_request *request)
{
    if (!operands->n) return EXIT_OK;
    if (request->path)
        return cli__usage_error(command, "two models: '%s' and --model '%s'", operands->items[0],
                                request->path);
    if (!operands->items[0][0]) return cli__usage_error(command, "the name of the model is empty");
    request->path = operands->items[0];
    return EXIT_OK;
}

int cli__model_request_check(const struct command *command, const struct model_request *request)
{
    if (!request->no_cache || !request->cache) return EXIT_OK;
    return cli__usage_error(command, "--no-cache and --cache contradict each other");
}

enum { MAX_SCRIPT_WORDS = 64 };

struct script_words {
    char *copy;
    const char *words[MAX_SCRIPT_WORDS];
    size_t n;
};

/* Words between blanks. False: too many, or no memory. */
static bool split_words(const char *text, struct script_words *ret)
{
    *ret = (struct script_words){0};
    if (!text) return true;
    ret->copy = cuvee__strndup(text, strlen(text));
    if (!ret->copy) return false;
    for (char *at = ret->copy;;) {
        at += strspn(at, " \t\n");
        if (!*at) return true;
        if (ret->n == MAX_SCRIPT_WORDS) break;
        ret->words[ret->n++] = at;
        at += strcspn(at, " \t\n");
        if (*at) *at++ = '\0';
    }
    cuvee__free(ret->copy);
    ret->copy = NULL;
    return false;
}

void cli__show_packing(void *user, size_t done, size_t total)
{
    char line[64];
    (void)user;
    if (!cli__console_is_terminal()) return;
    snprintf(line, sizeof line, "packing the model: layer %zu of %zu",
             done < total ? done + 1 : total, total);
    cli__console_bar(line);
}

int cli__model_open(const struct model_request *request, cuvee_model **ret_model,
                    cuvee_error *err)
{
    char path[MODEL_PATH_ROOM];
    const int exit_code = cli__model_find(request->path, path, err);
    if (exit_code) return exit_code;
    cuvee_model_options o = CUVEE_OPTIONS(cuvee_model_options);
    o.precision = (uint32_t)request->precision;
    o.cache_dir = request->cache;
    if (request->no_cache) o.flags |= CUVEE_MODEL_NO_CACHE;
    o.python_host = (uint32_t)request->python_host;
    o.python = request->python;
    o.max_batch = (uint32_t)request->max_batch;
    o.concurrency = (uint32_t)request->concurrency;
    o.recycle_calls = (uint64_t)request->recycle_calls;
    o.recycle_bytes = (uint64_t)request->recycle_mb * 1000000;
    struct script_words args;
    if (!split_words(request->script_args, &args)) {
        cuvee__fail(err, CUVEE_E_ARGUMENT, "--script-args: more than %d words", MAX_SCRIPT_WORDS);
        return EXIT_USAGE;
    }
    o.script_args = args.words;
    o.n_script_args = args.n;
    if (!request->hides_progress) o.on_pack = cli__show_packing;
    const int rc = cuvee_model_open(path, &o, ret_model, err);
    cli__console_bar("");
    cuvee__free(args.copy);
    /* A wrong argument can only be a value that the user gave, such as CUVEE_CACHE_MAX. */
    if (rc == CUVEE_E_ARGUMENT) return EXIT_USAGE;
    return rc ? EXIT_MODEL : EXIT_OK;
}

void cli__model_tell_note(const char *command, const cuvee_model_info *info)
{
    if (info->cache_note) cli__console_say("cuvee %s: not cached: %s", command, info->cache_note);
}

void cli__model_tell_note_of(const char *command, const cuvee_model *model)
{
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    if (cuvee_model_describe(model, &info, NULL) == CUVEE_OK) cli__model_tell_note(command, &info);
}
