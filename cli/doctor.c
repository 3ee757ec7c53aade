/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee doctor: what the library sees of this machine, what it takes of that, and why. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/json.h"
#include "commands.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "exit_code.h"
#include "json_text.h"
#include "model_path.h"
#include "os/file.h"

struct doctor_options {
    bool json;
};

static const struct option_spec options[] = {
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct doctor_options, json),
     .help = "Print one JSON object"},
    OPTION_SPEC_HELP,
    OPTION_SPEC_VERSION,
};

static const char *const examples[] = {"what this machine can do", "cuvee doctor",
                                       "why AVX-512 is not taken", "CUVEE_ISA=avx512 cuvee doctor",
                                       NULL};

static int run(const struct command *self, int argc, char **argv);

const struct command cli__command_doctor = {
    .name = "doctor",
    .summary = "show CPU, tier, cores, memory, cache, Python, model search path",
    .synopsis = "cuvee doctor [OPTION...]",
    .examples = examples,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .run = run,
};

struct findings {
    cuvee_machine_info machine;
    const char *trouble; /* why no tier can be taken; NULL = all is well */
    struct model_search search;
    cuvee_python_info python;
    const char *python_trouble; /* why there is no Python for scripts; NULL = there is one */
    struct cache_findings {
        char path[MODEL_PATH_ROOM];
        const char *trouble; /* why there is no such path, or why it cannot be read; NULL = none */
        bool exists, is_writable;
        uint64_t n_files, n_bytes;
    } cache;
};

static int count_file(void *user, const cuvee_cache_entry *entry)
{
    struct cache_findings *c = user;
    c->n_files++;
    c->n_bytes += entry->bytes;
    return 0;
}

/* Look at the cache directory, or where it would be made: the nearest directory above. */
static void look_at_cache(struct cache_findings *c, cuvee_error *err)
{
    char place[MODEL_PATH_ROOM];
    int rc = cuvee_cache_path(NULL, c->path, sizeof c->path, err);
    if (rc == CUVEE_OK) rc = cuvee_cache_visit(NULL, count_file, c, err);
    if (rc < 0) c->trouble = err->msg;
    if (!*c->path) return;
    c->exists = cuvee__path_is_directory(c->path);
    memcpy(place, c->path, sizeof place);
    for (char *slash; !cuvee__file_exists(place) && (slash = strrchr(place, '/'));) *slash = '\0';
    const char *nearest = *place ? place : "/";
    c->is_writable = cuvee__path_is_directory(nearest) && access(nearest, W_OK | X_OK) == 0;
}

static void print_list(const char *key, const char *const *items)
{
    printf("%s", key);
    for (; *items; items++) printf(" %s", *items);
    putchar('\n');
}

static void print_tier(const struct findings *f)
{
    if (f->trouble)
        printf("tier        none: %s\n", f->trouble);
    else
        printf("tier        %s, %s\n", f->machine.tier,
               cuvee__env_isa() ? "as CUVEE_ISA asks" : "the best of the usable ones");
}

static void print_cores(const cuvee_machine_info *m)
{
    printf("cores       %" PRIu32 " allowed by the affinity mask", m->allowed_cores);
    if (m->cgroup_cores > 0)
        printf(", %.4g by the cgroup quota", m->cgroup_cores);
    else
        printf(", no cgroup quota");
    printf(": %" PRIu32 " worker%s\n", m->default_workers, m->default_workers == 1 ? "" : "s");
}

static void print_cache(const struct cache_findings *c)
{
    if (c->trouble) /* names the path, if there is one */
        printf("cache       none: %s", c->trouble);
    else if (!c->exists)
        printf("cache       %s, not there yet, %s", c->path,
               c->is_writable ? "can be made" : "cannot be made");
    else
        printf("cache       %s, %" PRIu64 " packed model%s, %.1f MB, %s", c->path, c->n_files,
               c->n_files == 1 ? "" : "s", (double)c->n_bytes / 1e6,
               c->is_writable ? "writable" : "read-only");
    if (cuvee__env_cache_max()) printf("; CUVEE_CACHE_MAX is %s", cuvee__env_cache_max());
    putchar('\n');
}

static void print_python(const struct findings *f)
{
    const cuvee_python_info *p = &f->python;
    if (f->python_trouble)
        printf("python      none: %s\n", f->python_trouble);
    else
        printf("python      %s, %s, %s%s\n", p->python, p->version,
               *p->library ? "shared library " : "no shared library", p->library);
    if (*p->metacall)
        printf("metacall    %s\n", p->metacall);
    else
        printf("metacall    none: %s\n", p->metacall_trouble);
    if (p->host) printf("scripts     --python-host auto takes %s: %s\n", p->host, p->why);
}

static void print_text(const struct findings *f)
{
    const cuvee_machine_info *m = &f->machine;
    printf("cuvee       %s\n", cuvee_version());
    printf("build       %s\n", cuvee_build_info());
    printf("cpu         %s\n", *m->cpu ? m->cpu : "unknown");
    print_list("built      ", m->tiers_built);
    print_list("usable     ", m->tiers_usable);
    print_tier(f);
    print_cores(m);
    printf("memory      %.1f GB", (double)m->memory_bytes / 1e9);
    if (m->memory_limit_bytes)
        printf(", cgroup limit %.1f GB", (double)m->memory_limit_bytes / 1e9);
    putchar('\n');
    print_cache(&f->cache);
    print_python(f);
    puts("models      the first that is named, else the first that is there:");
    for (size_t i = 0; i < f->search.n_places; i++) {
        const struct model_place *place = &f->search.places[i];
        printf("  %s %-18s %s%s\n", place == f->search.taken ? "->" : "  ", place->origin,
               place->path, place->exists ? "" : "  (not there)");
    }
    if (!f->search.taken) puts("  none found: give one with -m or CUVEE_MODEL");
}

static json_t *list_to_json(const char *const *items)
{
    json_t *list = json_array();
    for (; *items; items++) json_array_append_new(list, json_string(*items));
    return list;
}

static json_t *string_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *cache_to_json(const struct cache_findings *c)
{
    return json_pack("{s:o, s:o, s:b, s:b, s:I, s:I, s:o}", "path", cuvee__json_string(c->path),
                     "trouble", string_or_null(c->trouble), "exists", c->exists, "writable",
                     c->is_writable, "models", (json_int_t)c->n_files, "bytes",
                     (json_int_t)c->n_bytes, "max", string_or_null(cuvee__env_cache_max()));
}

/* A text that may be empty. */
static json_t *path_or_null(const char *text)
{
    return *text ? cuvee__json_string(text) : json_null();
}

static json_t *python_to_json(const struct findings *f)
{
    const cuvee_python_info *p = &f->python;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "path", path_or_null(p->python),
                     "version", path_or_null(p->version), "library", path_or_null(p->library),
                     "trouble", string_or_null(f->python_trouble), "metacall",
                     path_or_null(p->metacall), "metacall_trouble",
                     path_or_null(p->metacall_trouble), "auto_host", string_or_null(p->host),
                     "auto_why", string_or_null(p->why));
}

static json_t *findings_to_json(const struct findings *f)
{
    const cuvee_machine_info *m = &f->machine;
    json_t *places = json_array();
    for (size_t i = 0; i < f->search.n_places; i++) {
        const struct model_place *p = &f->search.places[i];
        json_array_append_new(places, json_pack("{s:s, s:o, s:b, s:b}", "origin", p->origin, "path",
                                                cuvee__json_string(p->path), "exists", p->exists,
                                                "taken", p == f->search.taken));
    }
    json_t *o = json_object();
    json_object_set_new(o, "version", json_string(cuvee_version()));
    json_object_set_new(o, "build", json_string(cuvee_build_info()));
    json_object_set_new(o, "cpu", json_string(m->cpu));
    json_object_set_new(o, "tiers_built", list_to_json(m->tiers_built));
    json_object_set_new(o, "tiers_usable", list_to_json(m->tiers_usable));
    json_object_set_new(o, "tier", string_or_null(f->trouble ? NULL : m->tier));
    json_object_set_new(o, "trouble", string_or_null(f->trouble));
    json_object_set_new(o, "cuvee_isa", string_or_null(cuvee__env_isa()));
    json_object_set_new(o, "allowed_cores", json_integer(m->allowed_cores));
    json_object_set_new(o, "cgroup_cores", json_real(m->cgroup_cores));
    json_object_set_new(o, "default_workers", json_integer(m->default_workers));
    json_object_set_new(o, "memory_bytes", json_integer((json_int_t)m->memory_bytes));
    json_object_set_new(o, "memory_limit_bytes", json_integer((json_int_t)m->memory_limit_bytes));
    json_object_set_new(o, "cache", cache_to_json(&f->cache));
    json_object_set_new(o, "python", python_to_json(f));
    json_object_set_new(o, "models", places);
    return o;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct doctor_options o = {0};
    struct operands none;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, &o, &none, &exit_code)) return exit_code;

    cuvee_error err = {0}, cache_err = {0}, python_err = {0};
    struct findings *f = cuvee__calloc(1, sizeof *f);
    if (!f) {
        cli__console_say("cuvee doctor: out of memory");
        return EXIT_MODEL;
    }
    f->machine.struct_size = sizeof f->machine;
    const int rc = cuvee_machine_describe(NULL, &f->machine, &err);
    if (rc < 0) f->trouble = err.msg;
    cli__model_search(NULL, &f->search);
    look_at_cache(&f->cache, &cache_err);
    f->python.struct_size = sizeof f->python;
    if (cuvee_python_describe(NULL, &f->python, &python_err) < 0)
        f->python_trouble = python_err.msg;
    if (o.json)
        exit_code = cli__json_print("doctor", findings_to_json(f));
    else {
        print_text(f);
        exit_code = cli__stdout_finish();
    }
    if (!exit_code && f->trouble) exit_code = EXIT_USAGE;
    cuvee__free(f);
    return exit_code;
}
