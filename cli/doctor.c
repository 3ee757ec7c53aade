/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee doctor: what the library sees of this machine, what it takes of that, and why. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "commands.h"
#include "console.h"
#include "cuvee/cuvee.h"
#include "exit_code.h"
#include "json_text.h"
#include "model_path.h"

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
    .summary = "show CPU, tier, cores, memory, model search path",
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
};

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
    puts("\nmodels      the first that is named, else the first that is there:");
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

static json_t *findings_to_json(const struct findings *f)
{
    const cuvee_machine_info *m = &f->machine;
    json_t *places = json_array();
    for (size_t i = 0; i < f->search.n_places; i++) {
        const struct model_place *p = &f->search.places[i];
        json_array_append_new(places, json_pack("{s:s, s:o, s:b, s:b}", "origin", p->origin, "path",
                                                cli__json_string(p->path), "exists", p->exists,
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
    json_object_set_new(o, "models", places);
    return o;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct doctor_options o = {0};
    struct operands none;
    int exit_code;
    if (!cli__options_parse(self, argc, argv, &o, &none, &exit_code)) return exit_code;

    cuvee_error err = {0};
    struct findings *f = cuvee__calloc(1, sizeof *f);
    if (!f) {
        cli__console_say("cuvee doctor: out of memory");
        return EXIT_MODEL;
    }
    f->machine.struct_size = sizeof f->machine;
    const int rc = cuvee_machine_describe(NULL, &f->machine, &err);
    if (rc < 0) f->trouble = err.msg;
    cli__model_search(NULL, &f->search);
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
