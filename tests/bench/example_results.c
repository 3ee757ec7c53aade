/* SPDX-License-Identifier: Apache-2.0 */
#include "example_results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_at.h"
#include "base/random.h"
#include "bench/summary.h"

static const double mib = 1048576;

struct spec {
    const char *name, *title, *precision, *runtime;
    int workers, threads, batch;
    double wall_s, load_s, cores, mib, spread; /* spread: upper bound / lower bound */
    double rss, parent, heap_mib;              /* sum of RSS / truth; parent's share; 0: no heap */
    double ms;                                 /* median of an item's latency */
    const char *skipped, *fails;
    int labels_differ;
    double noise;
    bool twin, disturbed;
};

/* Of the shape that such runs have on two cores, with a model of 22.7 M parameters. */
static const struct spec specs[] = {
    {"python-single", "one pipeline, lists of 8, as published", "f32", "torch", 1, 2, 8, 23.6, 2.9,
     1.9, 1004, 1.004, 1.03, 0.99, 0, 22, NULL, NULL, 0, 0.008, false, false},
    {"python-single-again", "one pipeline, lists of 8, as published", "f32", "torch", 1, 2, 8, 23.6,
     2.9, 1.9, 1004, 1.004, 1.03, 0.99, 0, 22, NULL, NULL, 0, 0.008, true, false},
    {"python-tuned", "real batches of 32, sorted by length", "f32", "torch", 1, 2, 32, 18.9, 2.9,
     1.95, 1102, 1.01, 1.03, 0.99, 0, 560, NULL, NULL, 0, 0.01, false, false},
    {"python-multi", "8 processes, a model each, as published", "f32", "torch", 8, 2, 16, 227, 31,
     2.0, 4810, 1.06, 1.64, 0.09, 0, 3300, NULL, NULL, 0, 0.03, false, false},
    {"python-multi-capped", "2 processes of 1 thread", "f32", "torch", 2, 1, 16, 26.1, 4.1, 1.94,
     1530, 1.02, 1.42, 0.22, 0, 480, NULL, NULL, 0, 0.012, false, false},
    {"python-shared", "8 processes, weights in shared memory", "f32", "torch", 8, 1, 16, 41.7, 9.3,
     1.97, 2210, 1.04, 2.3, 0.16, 0, 1400, NULL, NULL, 0, 0.02, false, false},
    {"onnxruntime", "ONNX Runtime, real batches of 32", "f32", "onnxruntime", 1, 2, 32, 16.2, 1.1,
     1.93, 402, 1.01, 1.02, 0.99, 0, 490, NULL, NULL, 0, 0.01, false, true},
    {"embed", "one Python within C, callers share it", "f32", "torch", 2, 2, 32, 18.4, 2.8, 1.95,
     1080, 1.01, 1.02, 0.99, 94, 540, NULL, NULL, 0, 0.01, false, false},
    {"metacall", "the same through MetaCall", "f32", "torch", 2, 2, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0,
     "needs library:metacall, which is not installed", NULL, 0, 0, false, false},
    {"openvino", "OpenVINO, real batches of 32", "f32", "openvino", 1, 2, 32, 9, 2, 1, 300, 1, 1, 1,
     0, 100, NULL, "signal 11 ended the command", 0, 0.01, false, false},
    {"native-f32", "libcuvee, every core a worker", "f32", "cuvee", 2, 1, 32, 5.62, 0.04, 1.98, 128,
     1.003, 1.02, 0.99, 11, 150, NULL, NULL, 0, 0.006, false, false},
    {"native-int8", "the same with 8-bit weights", "int8", "cuvee", 2, 1, 32, 2.41, 0.03, 1.97, 61,
     1.003, 1.04, 0.99, 10, 66, NULL, NULL, 9, 0.006, false, false},
    {"native-8proc", "8 processes, one model", "f32", "cuvee", 8, 1, 32, 5.94, 0.05, 1.98, 171,
     1.05, 4.8, 0.02, 0, 1200, NULL, NULL, 0, 0.01, false, false},
    {"an-arm-of-the-reader-whose-name-is-long-enough-to-need-room",
     "<script>alert(\"x\")</script> & it's | *his* `own` _idea_ of [a](pipeline)", "f32",
     "<b>rt</b>", 3, 1, 8, 23.1, 1.7, 1.4, 640, 1.3, 1.5, 0.7, 0, 31, NULL, NULL, 3, 0.05, false,
     false},
    {"out-of-order", "answers change places", "f32", "torch", 4, 1, 32, 21.5, 2.1, 1.9, 1350, 1.02,
     1.5, 0.4, 0, 700, NULL, NULL, 41, 0.02, false, false},
};
enum { N_SPECS = sizeof specs / sizeof *specs };

static double normal(uint64_t *rng)
{
    return sqrt(-2 * log(random_real(rng))) * cos(2 * 3.14159265358979 * random_real(rng));
}

static double noisy(uint64_t *rng, double x, double noise)
{
    return x * exp(noise * normal(rng));
}

/* ---- plan and machine ---- */

static json_t *settings_of(const struct spec *s)
{
    return json_pack("{s:i, s:i, s:i, s:s, s:s}", "workers", s->workers, "threads", s->threads,
                     "batch", s->batch, "precision", s->precision, "runtime", s->runtime);
}

/* Of the story's table; which of them the arm's own heap figure has. */
static json_t *seen_of(const struct spec *s)
{
    json_t *list = json_array();
    if (strcmp(s->runtime, "torch") == 0) {
        json_array_append_new(list, json_pack("{s:s, s:b}", "component", "interpreter", "seen", 0));
        json_array_append_new(list, json_pack("{s:s, s:b}", "component", "libraries", "seen", 0));
    }
    json_array_append_new(list, json_pack("{s:s, s:b}", "component", "weights", "seen", 0));
    json_array_append_new(list, json_pack("{s:s, s:b}", "component", "buffers", "seen", 0));
    if (strcmp(s->name, "embed") == 0)
        json_array_append_new(list, json_pack("{s:s, s:b}", "component", "bridge", "seen", 0));
    if (s->heap_mib > 0)
        json_array_append_new(list, json_pack("{s:s, s:b}", "component", "host heap", "seen", 1));
    return list;
}

static json_t *arms(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < N_SPECS; i++) {
        const struct spec *s = &specs[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:[s,s,s], s:s?, s:o, s:b}", "name", s->name, "title",
                            s->title, "settings", settings_of(s), "command", "cuvee-arm", "--arm",
                            s->name, "skipped", s->skipped, "seen", seen_of(s), "twin", s->twin));
    }
    return list;
}

static json_t *plan(int n_blocks, int n_items, const char *input)
{
    json_t *sweep = json_pack("{s:s, s:[i,i,i,i], s:[i], s:i}", "arm", "python-multi", "workers", 1,
                              2, 4, 8, "threads", 2, "blocks", 3);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:[s,s,s,s], s:{s:s, s:s, s:i, "
                     "s:s}, s:s, s:o}",
                     "schema", "bench-plan/1", "name", "Wine reviews, one model, many ways",
                     "question", "Which way to classify reviews is fastest, and what does it hold?",
                     "scenario", "offline", "reference", "python-single", "metric", "items_per_s",
                     "blocks", n_blocks, "seed", 7, "minimum_effect", 0.03, "vary", "batch",
                     "workers", "runtime", "precision", "input", "path", input, "column",
                     "description", "limit", n_items, "gold", "sentiment", "model",
                     "models/sentiment-en", "sweep", sweep);
}

static json_t *machine(void)
{
    return json_pack("{s:s, s:[i,i], s:s, s:s, s:i, s:n, s:s, s:s, s:i, s:I, s:s, s:s}", "kernel",
                     "6.1.0-example", "cpus_allowed", 0, 1, "model", "Example CPU at 2.60GHz",
                     "thp", "madvise", "page", 4096, "no_page_mapcount", "virt", "kvm", "cgroup",
                     "v2", "cores", 2, "memory", (json_int_t)8 << 30, "isa", "avx512vnni", "id",
                     "0f3b9c1e5a7d4286");
}

/* ---- runs ---- */

static json_t *phase(const char *name, double t_s, double bytes)
{
    return json_pack("{s:s, s:f, s:f}", "name", name, "t_s", t_s, "footprint", floor(bytes));
}

static void add_latency(json_t *run, const struct spec *s, int n_items, uint64_t *rng)
{
    const bool has_p99 = n_items >= 299;
    const double p50 = noisy(rng, s->ms, 0.03);
    json_t *latency =
        json_pack("{s:i, s:f, s:f, s:o}", "n", n_items, "p50", p50, "p90", p50 * 1.7, "p99",
                  has_p99 ? json_real(p50 * 2.6) : json_null());
    json_object_set_new(run, "latency_ms", latency);
}

static void add_memory(json_t *run, const struct spec *s, double wall_s, uint64_t *rng)
{
    const double lower = floor(noisy(rng, s->mib, 0.004) * mib), upper = floor(lower * s->spread);
    json_object_set_new(run, "footprint",
                        json_pack("{s:f, s:f, s:f, s:f}", "lower", lower, "upper", upper,
                                  "steady_median", floor(lower * 0.93), "integral_MiB_s",
                                  lower / mib * 0.9 * wall_s));
    json_t *naive = json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "parent_rss_peak", floor(lower * s->parent),
        "parent_vm_hwm", floor(lower * s->parent * 1.01), "sampled_1s",
        floor(lower * s->parent * 0.98), "max_single_maxrss",
        floor(lower * (s->workers > 2 ? s->rss / s->workers : 1.02)), "sum_rss",
        floor(lower * s->rss), "sum_of_peaks", floor(lower * s->rss * 1.01), "uss",
        floor(lower * (s->rss > 2 ? 0.31 : 0.94)));
    json_object_set_new(naive, "reported_heap",
                        s->heap_mib > 0 ? json_real(floor(s->heap_mib * mib)) : json_null());
    json_object_set_new(run, "naive", naive);
    json_t *phases = json_array();
    json_array_append_new(phases, phase("runtime-ready", s->load_s * 0.1, lower * 0.1));
    json_array_append_new(phases, phase("script-imported", s->load_s * 0.6, lower * 0.3));
    json_array_append_new(phases, phase("model-loaded", s->load_s, lower * 0.8));
    json_array_append_new(phases, phase("first-result", s->load_s + s->ms / 1000, lower * 0.9));
    json_object_set_new(run, "phases", phases);
}

static json_t *good_run(const struct spec *s, int n_items, double slow, uint64_t *rng)
{
    const double wall_s = noisy(rng, s->wall_s, s->noise) * slow;
    const double crowd = (double)(s->workers * s->threads) / 2;
    json_t *run = json_pack(
        "{s:s, s:n, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "status", "ok", "why", "n_items",
        n_items, "wall_s", wall_s, "work_s", wall_s - s->load_s, "load_s", s->load_s, "first_s",
        s->load_s + s->ms / 1000, "items_per_s", n_items / wall_s, "cpu_s", wall_s * s->cores,
        "cores_used", s->cores);
    json_t *contention = json_pack(
        "{s:i, s:i, s:f, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:[f,f]}", "processes",
        s->workers > 2 ? s->workers + 1 : 1, "threads_max", s->workers * s->threads + 1,
        "runq_wait_s", wall_s * (crowd - 1) * 0.6, "context_switches",
        (int)(wall_s * 900 * crowd), "involuntary_switches", (int)(wall_s * 210 * crowd * crowd),
        "faults", s->mib * 256, "foreign_cpu_s", wall_s * 0.004, "steal_s", 0.0, "psi_memory_s",
        0.0, "psi_io_s", 0.0, "calibration_ms", 50.1, 50.2);
    json_object_update(run, contention);
    json_decref(contention);
    add_memory(run, s, wall_s, rng);
    json_object_set_new(run, "harness_s", json_real(wall_s + 0.002));
    json_object_set_new(run, "cpu_rusage_s", json_real(wall_s * s->cores * 0.999));
    json_object_set_new(run, "charged", json_real(floor(s->mib * 1.15) * mib));
    add_latency(run, s, n_items, rng);
    json_object_set_new(
        run, "answers",
        json_pack("{s:i, s:i, s:f, s:b, s:f}", "n", n_items, "labels_differ", s->labels_differ,
                  "score_max", s->labels_differ ? 0.21 : 0.00008, "agree", s->labels_differ < 20,
                  "accuracy", 0.947 - s->labels_differ / 1000.0));
    if (s->labels_differ >= 20) {
        json_object_set_new(run, "status", json_string("wrong"));
        json_object_set_new(run, "why", json_string("41 labels are others than the reference's, "
                                                    "from line 17 on"));
    }
    return run;
}

static void add_run(json_t *runs, const struct spec *s, json_t *run, int block, const char *kind,
                    bool counts, const char *flag)
{
    char measure[128], series[128];
    const int id = (int)json_array_size(runs);
    snprintf(measure, sizeof measure, "runs/%04d-%.100s.json", id, s->name);
    snprintf(series, sizeof series, "series/%04d-%.100s.ndjson", id, s->name);
    json_t *head = json_pack("{s:i, s:s, s:i, s:s, s:n, s:o, s:b, s:{s:s, s:s}}", "id", id, "arm",
                             s->name, "block", block, "kind", kind, "again_of", "flags",
                             flag ? json_pack("[s]", flag) : json_array(), "counts", counts,
                             "files", "measure", measure, "series", series);
    json_object_update(head, run);
    json_decref(run);
    json_array_append_new(runs, head);
}

static void add_block(json_t *runs, int block, int n_items, uint64_t *rng)
{
    size_t order[N_SPECS];
    for (size_t i = 0; i < N_SPECS; i++) {
        const size_t at = (size_t)random_below(rng, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (size_t i = 0; i < N_SPECS; i++) {
        const struct spec *s = &specs[order[i]];
        if (s->skipped) continue;
        if (s->fails) {
            add_run(runs, s, json_pack("{s:s, s:s}", "status", "failed", "why", s->fails), block,
                    "timed", false, NULL);
            continue;
        }
        const bool disturbed = s->disturbed && block < 2;
        const bool is_wrong = s->labels_differ >= 20;
        add_run(runs, s, good_run(s, n_items, disturbed ? 1.21 : 1, rng), block, "timed",
                !is_wrong && !(disturbed && block == 0),
                disturbed ? "others used 11.4 % of the processors" : NULL);
        if (disturbed && block == 0)
            add_run(runs, s, good_run(s, n_items, 1, rng), block, "again", true, NULL);
    }
}

static void add_sweep(json_t *runs, int n_items, uint64_t *rng)
{
    static const int workers[] = {1, 2, 4, 8};
    for (int i = 0; i < 4; i++)
        for (int block = 0; block < 3; block++) {
            struct spec s = specs[3];
            s.workers = workers[i];
            s.wall_s = i == 0 ? 24 : 23 + 3.2 * workers[i] * workers[i];
            s.mib = 260 + 569 * workers[i];
            json_t *run = good_run(&s, n_items, 1, rng);
            json_object_set_new(run, "settings", settings_of(&s));
            add_run(runs, &s, run, block, "sweep", false, NULL);
        }
}

json_t *example_results(uint64_t seed, int n_blocks, int n_items, const char *input)
{
    static const char sha[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    uint64_t rng = seed;
    json_t *runs = json_array();
    for (int block = 0; block < n_blocks; block++) add_block(runs, block, n_items, &rng);
    add_sweep(runs, n_items, &rng);
    json_t *results = json_pack(
        "{s:s, s:{s:s}, s:s, s:s, s:o, s:s, s:o, s:{s:s, s:s, s:i, s:s, s:s}, s:{s:s, s:s, s:i}, "
        "s:s, s:o, s:o}",
        "schema", "bench/1", "tool", "version", "0.1.0", "started", "2026-11-26T09:00:00Z", "ended",
        "2026-11-26T10:12:31Z", "plan", plan(n_blocks, n_items, input), "plan_sha256", sha,
        "machine", machine(), "input", "path", input, "sha256", sha, "n_items", n_items, "column",
        "description", "gold", "sentiment", "model", "path", "models/sentiment-en", "sha256", sha,
        "bytes", 91 << 20, "state", "complete", "arms", arms(), "runs", runs);
    if (results && cuvee__summary_make(results, NULL) == CUVEE_OK) return results;
    json_decref(results);
    return NULL;
}

/* ---- answers ---- */

static int write_answers_of(const char *path, const struct spec *s, int n_items, uint64_t *rng)
{
    FILE *f = fopen(path, "w");
    if (!f) return -1;
    double ms = 0;
    for (int i = 0; i < n_items; i++) {
        if (i % s->batch == 0) ms = noisy(rng, s->ms, 0.35) * (random_below(rng, 97) ? 1 : 3);
        fprintf(f,
                "{\"index\":%d,\"label\":\"%s\",\"score\":%.6f,\"batch\":%d,\"worker\":%d,"
                "\"ms\":%.3f}\n",
                i, random_below(rng, 20) ? "POSITIVE" : "NEGATIVE", 0.5 + random_real(rng) / 2,
                i / s->batch, i / s->batch % s->workers, ms);
    }
    return fclose(f) ? -1 : 0;
}

int example_write_answers(const json_t *results, const char *dir, uint64_t seed)
{
    uint64_t rng = seed;
    double n_items = 0;
    cuvee__json_number_at(results, "input.n_items", &n_items);
    for (size_t i = 0; i < N_SPECS; i++) {
        char path[4200];
        if (specs[i].skipped || specs[i].fails || specs[i].labels_differ >= 20) continue;
        snprintf(path, sizeof path, "%s/answers/%s.jsonl", dir, specs[i].name);
        if (write_answers_of(path, &specs[i], (int)n_items, &rng) < 0) return -1;
    }
    return 0;
}

/* ---- a directory ---- */

int example_directory_make(char *ret_dir)
{
    static const char *const below[] = {"answers", "runs"};
    snprintf(ret_dir, EXAMPLE_DIR_ROOM, "/tmp/cuvee-example-XXXXXX");
    if (!mkdtemp(ret_dir)) return -1;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        char path[EXAMPLE_DIR_ROOM + 16];
        snprintf(path, sizeof path, "%s/%s", ret_dir, below[i]);
        if (mkdir(path, 0700) < 0) return -1;
    }
    return 0;
}

char *example_read_text(const char *dir, const char *name)
{
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    char *text = f && fstat(fileno(f), &st) == 0 ? calloc(1, (size_t)st.st_size + 1) : NULL;
    if (!text || fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size) {
        perror(path);
        abort(); /* there is no test without it */
    }
    fclose(f);
    return text;
}

int example_directory_remove(const char *dir)
{
    char command[EXAMPLE_DIR_ROOM + 16];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    return system(command) == 0 ? 0 : -1;
}
