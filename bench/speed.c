/* SPDX-License-Identifier: Apache-2.0
 *
 * speed: how fast a model runs here, as a share of what this machine could do at best. One run, one
 * JSON object, one table; docs/benchmarks.md says how to read them, bench/run-speed runs all
 * shapes.
 *
 * First what needs a quiet process (memory and cold start of children), then throughput, latency
 * and stages. With --results the object goes into DIR/speed-CPU-TIER.json beside those of other
 * shapes. */
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "contest.h"
#include "latency.h"
#include "os/program.h"
#include "peak.h"
#include "processes.h"
#include "samples.h"
#include "stages.h"
#include "texts.h"
#include "throughput.h"

enum { MAX_PRECISIONS = 3, N_COLD_STARTS = 15, N_PROCESSES = 8, STAGE_TEXTS = 64 };

struct options {
    const char *model, *name, *lengths, *reviews, *precisions, *parts, *program, *json, *results;
    const char *commit;
    size_t n_texts;
    double seconds;
    unsigned n_rounds;
    const char *precision[MAX_PRECISIONS + 1]; /* precisions, cut apart */
};

static const char usage_text[] =
    "usage: speed --model DIR [option value]...\n"
    "  --name NAME          of the shape, in the results; default the directory's\n"
    "  --lengths real|N     review texts, or N tokens each made of vocabulary words (55)\n"
    "  --reviews FILE       CSV with a column 'description' (examples/wine-reviews.csv)\n"
    "  --texts N            different texts at most (1000)\n"
    "  --precisions LIST    of f32,bf16,int8 (all)\n"
    "  --seconds S          of throughput for each precision (20)\n"
    "  --rounds N           precisions take turns so often (5)\n"
    "  --parts LIST         of memory,cold,throughput,latency,stages (all)\n"
    "  --program FILE       cuvee, for cold starts (beside this program's folder)\n"
    "  --commit TEXT        kept in the results\n"
    "  --json FILE          write the object of this run\n"
    "  --results DIR        put it into DIR/speed-CPU-TIER.json\n";

static bool parse(struct options *o, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } texts[] = {{"--model", &o->model},     {"--name", &o->name},
                 {"--lengths", &o->lengths}, {"--reviews", &o->reviews},
                 {"--parts", &o->parts},     {"--precisions", &o->precisions},
                 {"--json", &o->json},       {"--program", &o->program},
                 {"--commit", &o->commit},   {"--results", &o->results}};
    for (int i = 1; i + 1 < argc; i += 2) {
        size_t t = 0;
        while (t < sizeof texts / sizeof texts[0] && strcmp(argv[i], texts[t].name) != 0) t++;
        if (t < sizeof texts / sizeof texts[0])
            *texts[t].value = argv[i + 1];
        else if (strcmp(argv[i], "--texts") == 0)
            o->n_texts = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            o->seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--rounds") == 0)
            o->n_rounds = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else
            return false;
    }
    return argc % 2 == 1 && o->model && o->n_texts && o->n_rounds && o->seconds > 0;
}

/* True when the comma-separated list holds word. */
static bool lists(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ',') && (p[n] == '\0' || p[n] == ',')) return true;
    return false;
}

static void cut_precisions(struct options *o)
{
    static const char *const names[] = {"f32", "bf16", "int8"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct contest c = {.precision = bench_precision(names[i])};
        cuvee_error err;
        if (!lists(o->precisions, names[i])) continue;
        /* Opened once here, so that what the library lacks is left out everywhere, and files that
         * are made on first use are there before anything is measured. */
        if (bench_contest_open(&c, o->model, NULL, NULL, &err) == CUVEE_OK)
            o->precision[n++] = names[i];
        else
            fprintf(stderr, "speed: %s left out: %s\n", names[i], err.msg);
        bench_contest_close(&c);
    }
}

/* ---- parts ---- */

static json_t *footprint_json(const struct footprint *f)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "pss_bytes", (json_int_t)f->pss,
                     "private_bytes", (json_int_t)f->private_bytes, "private_dirty_bytes",
                     (json_int_t)f->private_dirty, "rss_bytes", (json_int_t)f->rss,
                     "arena_bytes_per_process", (json_int_t)f->arena_bytes, "packed_file_bytes",
                     (json_int_t)f->model_bytes);
}

static json_t *measure_memory(const struct options *o, const char *self)
{
    json_t *all = json_array();
    for (size_t i = 0; o->precision[i]; i++) {
        const char *const argv[] = {self, "--child", o->model, o->precision[i], NULL};
        struct footprint alone = {0}, together = {0};
        fprintf(stderr, "  memory of 1 and %d processes, %s\n", N_PROCESSES, o->precision[i]);
        if (!bench_footprint(argv, 1, &alone) || !bench_footprint(argv, N_PROCESSES, &together)) {
            fprintf(stderr, "speed: no memory figures: a child failed\n");
            continue;
        }
        json_array_append_new(all,
                              json_pack("{s:s, s:i, s:o, s:o}", "precision", o->precision[i],
                                        "processes", N_PROCESSES, "alone", footprint_json(&alone),
                                        "together", footprint_json(&together)));
    }
    return all;
}

static json_t *measure_cold(const struct options *o)
{
    json_t *all = json_array();
    for (size_t i = 0; o->precision[i]; i++) {
        /* f32 is what a directory gives unasked. */
        const bool is_f32 = strcmp(o->precision[i], "f32") == 0;
        const char *const argv[] = {
            o->program,      "classify", "--quiet", "-m", o->model, is_f32 ? NULL : "--precision",
            o->precision[i], NULL};
        struct samples ms = {0};
        fprintf(stderr, "  cold start, %s\n", o->precision[i]);
        for (int n = 0; n < N_COLD_STARTS; n++) {
            const uint64_t ns = bench_first_byte_ns(argv, "Ripe, long and lovely.\n");
            if (ns) samples_add(&ms, 1e-6 * (double)ns);
        }
        if (ms.n == 0)
            fprintf(stderr, "speed: %s gives no answer\n", o->program);
        else
            json_array_append_new(
                all, json_pack("{s:s, s:I, s:f, s:f, s:f}", "precision", o->precision[i], "times",
                               (json_int_t)ms.n, "ms_best", samples_quantile(&ms, 0.0), "ms_p50",
                               samples_median(&ms), "ms_worst", samples_quantile(&ms, 1.0)));
        samples_deinit(&ms);
    }
    return all;
}

static int make_texts(const struct options *o, struct texts *texts, cuvee_error *err)
{
    cuvee_model *model = NULL;
    int rc = cuvee_model_open(o->model, NULL, &model, err);
    if (rc != CUVEE_OK) return rc;
    if (strcmp(o->lengths, "real") == 0)
        rc = bench_texts_of_reviews(texts, model, o->reviews, o->n_texts, err);
    else
        rc = bench_texts_of_words(texts, model, o->model, o->n_texts, strtoul(o->lengths, NULL, 10),
                                  err);
    cuvee_model_close(model);
    return rc;
}

static json_t *measure_stages(const struct options *o, const struct texts *texts,
                              unsigned n_threads)
{
    json_t *all = json_object();
    struct texts some = *texts; /* borrowed; n_tokens is more than enough */
    if (some.n > STAGE_TEXTS) some.n = STAGE_TEXTS;
    for (size_t i = 0; o->precision[i]; i++) {
        fprintf(stderr, "  stages, %s\n", o->precision[i]);
        json_t *stages = bench_stages(o->model, o->precision[i], &some, n_threads);
        if (stages) json_object_set_new(all, o->precision[i], stages);
    }
    return all;
}

static json_t *measure_peaks(const char *tier, unsigned n, double *ret_bandwidth)
{
    static const char *const names[] = {"f32", "bf16", "int8"};
    json_t *peaks = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const enum peak_kind kind = bench_precision(names[i])->peak;
        struct samples s = {0};
        for (int w = 0; w < 20; w++) samples_add(&s, bench_peak(kind, tier, n, 0.02));
        json_object_set_new(peaks, names[i],
                            json_pack("{s:s, s:f, s:f}", "loop", bench_peak_method(kind, tier),
                                      "gops_best", samples_quantile(&s, 1.0), "gops_median",
                                      samples_median(&s)));
        samples_deinit(&s);
    }
    struct samples bandwidth = {0};
    for (int w = 0; w < 5; w++) samples_add(&bandwidth, bench_bandwidth(n, 0.1));
    *ret_bandwidth = samples_quantile(&bandwidth, 1.0);
    samples_deinit(&bandwidth);
    json_object_set_new(peaks, "memory_read_gbs_best", json_real(*ret_bandwidth));
    return peaks;
}

/* ---- results ---- */

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void print_table(const char *name, const json_t *shape)
{
    size_t i;
    json_t *row;
    const char *key;
    printf("\n%s: %s\n", name, json_string_value(json_object_get(shape, "what")));
    json_array_foreach(json_object_get(shape, "throughput"), i, row)
    {
        if (i == 0)
            printf("  %-5s %7s %9s %9s %9s %8s %7s %7s %7s %7s\n", "", "workers", "texts/s",
                   "tokens/s", "limit", "speed", "share", "cpu", "best", "run");
        printf("  %-5s %7.0f %9.2f %9.0f %9.2f %7.2fx %6.1f%% %6.1f%% %6.1f%% %6.1f%%\n",
               json_string_value(json_object_get(row, "precision")), number(row, "workers"),
               number(row, "texts_per_s"), number(row, "tokens_per_s"),
               number(row, "limit_texts_per_s"), number(row, "speed_over_first_median"),
               100 * number(row, "share_of_limit_median"),
               100 * number(row, "share_of_limit_cpu_median"),
               100 * number(row, "share_of_limit_best"),
               100 * number(row, "share_of_limit_whole_run"));
    }
    json_array_foreach(json_object_get(shape, "latency"), i, row)
        printf("  %-5s one text of %3.0f tokens: p50 %8.2f ms, p99 %8.2f ms, limit %8.2f ms, "
               "%.2f x\n",
               json_string_value(json_object_get(row, "precision")), number(row, "tokens"),
               number(row, "ms_p50"), number(row, "ms_p99"), number(row, "limit_ms"),
               number(row, "over_limit_median"));
    json_array_foreach(json_object_get(shape, "cold_start"), i, row)
        printf("  %-5s start to first label: p50 %.1f ms, best %.1f ms\n",
               json_string_value(json_object_get(row, "precision")), number(row, "ms_p50"),
               number(row, "ms_best"));
    json_array_foreach(json_object_get(shape, "memory"), i, row)
    {
        const json_t *alone = json_object_get(row, "alone"),
                     *all = json_object_get(row, "together");
        printf("  %-5s memory, MB (PSS / written): 1 process %.1f / %.1f, %.0f processes %.1f / "
               "%.1f\n",
               json_string_value(json_object_get(row, "precision")),
               1e-6 * number(alone, "pss_bytes"), 1e-6 * number(alone, "private_dirty_bytes"),
               number(row, "processes"), 1e-6 * number(all, "pss_bytes"),
               1e-6 * number(all, "private_dirty_bytes"));
    }
    json_object_foreach(json_object_get(shape, "stages"), key, row)
    {
        const char *stage;
        json_t *share;
        printf("  %-5s", key);
        json_object_foreach(row, stage, share)
            printf(" %s %.1f%%,", stage, 100 * json_number_value(share));
        printf("\n");
    }
}

/* "AMD EPYC 7571" -> "amd-epyc-7571". */
static void make_slug(const char *cpu, char *slug, size_t room)
{
    size_t n = 0;
    for (const char *p = *cpu ? cpu : "unknown"; *p && n + 1 < room; p++) {
        if (isalnum((unsigned char)*p))
            slug[n++] = (char)tolower((unsigned char)*p);
        else if (n && slug[n - 1] != '-')
            slug[n++] = '-';
    }
    while (n && slug[n - 1] == '-') n--;
    slug[n] = '\0';
}

/* A file of results: what is the same for all shapes, and the shapes by name. */
static bool merge(const struct options *o, const cuvee_machine_info *machine, const char *name,
                  json_t *shape)
{
    struct buffer path = {0};
    char slug[128];
    make_slug(machine->cpu, slug, sizeof slug);
    if (cuvee__buffer_printf(&path, "%s/speed-%s-%s.json", o->results, slug, machine->tier))
        return false;
    json_t *all = json_load_file(path.ptr, 0, NULL);
    if (!json_is_object(all)) all = json_object();
    if (!json_object_get(all, "shapes")) json_object_set_new(all, "shapes", json_object());
    json_object_set_new(all, "machine",
                        json_pack("{s:s, s:s, s:i, s:f}", "cpu", machine->cpu, "tier",
                                  machine->tier, "cores", (int)machine->default_workers,
                                  "memory_gb", 1e-9 * (double)machine->memory_bytes));
    json_object_set(json_object_get(all, "shapes"), name, shape);
    const bool good = json_dump_file(all, path.ptr, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    fprintf(stderr, good ? "  results are in %s\n" : "speed: cannot write %s\n", path.ptr);
    json_decref(all);
    cuvee__buffer_deinit(&path);
    return good;
}

static json_t *measure(const struct options *o, const cuvee_machine_info *machine, const char *self)
{
    struct texts texts = {0};
    cuvee_error err;
    double bandwidth = 0.0;
    char date[32], what[128];
    const time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &(struct tm){0}));
    json_t *shape = json_pack("{s:s, s:s, s:s}", "commit", o->commit, "date", date, "build",
                              cuvee_build_info());
    json_object_set_new(shape, "peaks",
                        measure_peaks(machine->tier, machine->default_workers, &bandwidth));
    if (lists(o->parts, "memory")) json_object_set_new(shape, "memory", measure_memory(o, self));
    if (lists(o->parts, "cold")) json_object_set_new(shape, "cold_start", measure_cold(o));
    if (make_texts(o, &texts, &err) != CUVEE_OK) {
        fprintf(stderr, "speed: %s\n", err.msg);
        json_decref(shape);
        bench_texts_deinit(&texts);
        return NULL;
    }
    snprintf(what, sizeof what, "%zu texts, %.1f tokens on average (%s), tier %s, %u cores",
             texts.n, (double)texts.n_tokens / (double)texts.n,
             strcmp(o->lengths, "real") == 0 ? "reviews" : "all alike", machine->tier,
             machine->default_workers);
    json_object_set_new(shape, "what", json_string(what));
    if (lists(o->parts, "throughput")) {
        const struct throughput_options options = {o->model,   o->precision, machine->tier,
                                                   o->seconds, o->n_rounds,  true};
        json_object_set_new(shape, "throughput", bench_throughput(&options, &texts));
    }
    if (lists(o->parts, "latency")) {
        const struct latency_options options = {o->model, o->precision, machine->tier,
                                                o->seconds / 4, bandwidth};
        json_object_set_new(shape, "latency", bench_latency(&options));
    }
    if (lists(o->parts, "stages"))
        json_object_set_new(shape, "stages", measure_stages(o, &texts, machine->default_workers));
    bench_texts_deinit(&texts);
    return shape;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--child") == 0) return bench_serve_child(argv[2], argv[3]);
    char here[4096], self[4200], program[4200];
    struct options o = {.lengths = "55",
                        .reviews = "examples/wine-reviews.csv",
                        .n_texts = 1000,
                        .precisions = "f32,bf16,int8",
                        .seconds = 20,
                        .n_rounds = 5,
                        .parts = "memory,cold,throughput,latency,stages",
                        .commit = "unknown"};
    cuvee_machine_info machine = CUVEE_OPTIONS(cuvee_machine_info);
    cuvee_error err;
    if (!parse(&o, argc, argv)) {
        fputs(usage_text, stderr);
        return 2;
    }
    if (cuvee_machine_describe(NULL, &machine, &err) != CUVEE_OK) {
        fprintf(stderr, "speed: %s\n", err.msg);
        return 1;
    }
    if (!cuvee__program_directory(here, sizeof here)) return 1;
    snprintf(self, sizeof self, "%s/speed", here);
    snprintf(program, sizeof program, "%s/../cuvee", here);
    if (!o.program) o.program = program;
    const char *slash = strrchr(o.model, '/');
    if (!o.name) o.name = slash ? slash + 1 : o.model;
    fprintf(stderr, "%s, tier %s, %u cores: %s, %s\n", machine.cpu, machine.tier,
            machine.default_workers, o.name, o.lengths);
    cut_precisions(&o);
    json_t *shape = o.precision[0] ? measure(&o, &machine, self) : NULL;
    if (!shape) return 1;
    bool good = true;
    if (o.json) good = json_dump_file(shape, o.json, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    if (o.results) good = merge(&o, &machine, o.name, shape) && good;
    print_table(o.name, shape);
    json_decref(shape);
    return good ? 0 : 1;
}
