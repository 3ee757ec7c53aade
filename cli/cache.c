/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee cache: the packed models that are kept in the user's cache directory. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "commands.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "did_you_mean.h"
#include "exit_code.h"
#include "json_text.h"
#include "model_path.h"
#include "progress.h"

struct cache_options {
    const char *cache;
    bool json;
};

#define AT(field) offsetof(struct cache_options, field)

static const struct option_spec options[] = {
    OPTION_SPEC_CACHE(AT(cache)),
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json),
     .help = "list: print one JSON object"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {"what is kept, the longest unused first",
                                       "cuvee cache list",
                                       "give the disk space back",
                                       "cuvee cache clear",
                                       "where it is",
                                       "cuvee cache path",
                                       NULL};

static const char *const actions[] = {"list", "clear", "path", NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_cache = {
    .name = "cache",
    .summary = "list or clear the packed models that are kept",
    .synopsis = "cuvee cache list|clear|path [OPTION...]",
    .examples = examples,
    .notes = "A model directory is packed when it is first used, and kept here for the next time. "
             "It is safe to clear the cache at any time, also while models are in use.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .max_operands = 1,
    .words = actions,
    .run = run,
};

static int tell(const cuvee_error *err)
{
    cli__console_say("cuvee cache: %s", err->msg);
    return err->code == CUVEE_E_ARGUMENT ? EXIT_USAGE : EXIT_MODEL;
}

/* ---- list ---- */

struct listing {
    json_t *entries; /* NULL: print lines */
    uint64_t n, n_bytes;
};

static void print_entry(const cuvee_cache_entry *e)
{
    char count[32], day[32] = "?";
    const time_t used = (time_t)e->used_s;
    struct tm tm;
    if (localtime_r(&used, &tm)) strftime(day, sizeof day, "%Y-%m-%d %H:%M", &tm);
    printf("%-4s  %13s  %s  %s\n", *e->precision ? e->precision : "-",
           cli__print_count(count, e->bytes), day,
           *e->source ? e->source : "(damaged, or made by another version)");
}

static int visit_entry(void *user, const cuvee_cache_entry *e)
{
    struct listing *listing = user;
    listing->n++;
    listing->n_bytes += e->bytes;
    if (listing->entries)
        json_array_append_new(
            listing->entries,
            json_pack("{s:o, s:o, s:s, s:I, s:I}", "path", cuvee__json_string(e->path), "source",
                      cuvee__json_string(e->source), "precision", e->precision, "bytes",
                      (json_int_t)e->bytes, "used_s", (json_int_t)e->used_s));
    else
        print_entry(e);
    return 0;
}

static int list(const struct cache_options *o, const char *path, cuvee_error *err)
{
    struct listing listing = {.entries = o->json ? json_array() : NULL};
    if (cuvee_cache_visit(o->cache, visit_entry, &listing, err) < 0) {
        json_decref(listing.entries);
        return tell(err);
    }
    if (o->json)
        return cli__json_print(
            "cache", json_pack("{s:o, s:I, s:o}", "path", cuvee__json_string(path), "bytes",
                               (json_int_t)listing.n_bytes, "models", listing.entries));
    const int exit_code = cli__stdout_finish();
    char count[32];
    if (!exit_code)
        cli__console_say("%" PRIu64 " packed model%s, %s bytes in %s", listing.n,
                         listing.n == 1 ? "" : "s", cli__print_count(count, listing.n_bytes), path);
    return exit_code;
}

/* ---- clear, path ---- */

static int clear(const struct cache_options *o, const char *path, cuvee_error *err)
{
    uint64_t n = 0, n_bytes = 0;
    if (cuvee_cache_clear(o->cache, &n, &n_bytes, err) < 0) return tell(err);
    char count[32];
    cli__console_say("removed %" PRIu64 " packed model%s, %s bytes, from %s", n, n == 1 ? "" : "s",
                     cli__print_count(count, n_bytes), path);
    return EXIT_OK;
}

static int refuse_action(const struct command *self, const char *name)
{
    const char *close = cli__did_you_mean(span_of(name), actions, 3);
    return close ? cli__usage_error(self, "unknown action '%s'; did you mean '%s'?", name, close)
                 : cli__usage_error(self, "unknown action '%s': list, clear or path", name);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct cache_options o = {0};
    struct operands operands;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, &o, &operands, &exit_code)) return exit_code;
    if (!operands.n) return cli__usage_error(self, "say what to do: list, clear or path");

    const char *action = operands.items[0];
    const bool is_list = strcmp(action, "list") == 0, is_clear = strcmp(action, "clear") == 0;
    if (!is_list && !is_clear && strcmp(action, "path") != 0) return refuse_action(self, action);
    if (o.json && !is_list) return cli__usage_error(self, "--json is for list");

    cuvee_error err = {0};
    char path[MODEL_PATH_ROOM];
    if (cuvee_cache_path(o.cache, path, sizeof path, &err) < 0) return tell(&err);
    if (is_list) return list(&o, path, &err);
    if (is_clear) return clear(&o, path, &err);
    puts(path);
    return cli__stdout_finish();
}
