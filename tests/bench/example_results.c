/* SPDX-License-Identifier: Apache-2.0 */
#include "example_results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json_at.h"
#include "base/random.h"
#include "bench/prose.h"
#include "report/stats.h"

enum { MAX_BLOCKS = 32 };

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
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:[s,s,s,s], s:{s:s, s:s, s:i, "
                     "s:s}, s:s}",
                     "schema", "bench-plan/1", "name", "Wine reviews, one model, many ways",
                     "question", "Which way to classify reviews is fastest, and what does it hold?",
                     "scenario", "offline", "reference", "python-single", "metric", "items_per_s",
                     "blocks", n_blocks, "seed", 7, "minimum_effect", 0.03, "vary", "batch",
                     "workers", "runtime", "precision", "input", "path", input, "column",
                     "description", "limit", n_items, "gold", "sentiment", "model",
                     "models/sentiment-en");
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
    char id[96], measure[128], series[128], answers[128];
    snprintf(id, sizeof id, "%03d", (int)json_array_size(runs));
    snprintf(measure, sizeof measure, "series/%s.json", id);
    snprintf(series, sizeof series, "series/%s.jsonl", id);
    snprintf(answers, sizeof answers, "answers/%s.jsonl", id);
    json_t *head = json_pack("{s:s, s:s, s:i, s:s, s:n, s:o, s:b, s:{s:s, s:s, s:s}}", "id", id,
                             "arm", s->name, "block", block, "kind", kind, "again_of", "flags",
                             flag ? json_pack("[s]", flag) : json_array(), "counts", counts,
                             "files", "measure", measure, "series", series, "answers", answers);
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

/* ---- summary ---- */

/* What the runs of an arm have at a path. */
static size_t collect(const json_t *runs, const char *arm, const char *path, double *x)
{
    const json_t *run;
    size_t i, n = 0;
    json_array_foreach(runs, i, run)
    {
        if (strcmp(cuvee__json_text_at(run, "arm"), arm) != 0 ||
            !json_is_true(json_object_get(run, "counts")) || n == MAX_BLOCKS)
            continue;
        n += cuvee__json_number_at(run, path, &x[n]);
    }
    return n;
}

static json_t *spread(double *x, size_t n)
{
    struct stats_interval range;
    if (!n) return json_null();
    cuvee__stats_sort(x, n);
    json_t *o = json_pack("{s:f, s:f, s:f, s:n, s:n}", "median", cuvee__stats_median(x, n), "min",
                          x[0], "max", x[n - 1], "low", "high");
    if (cuvee__stats_quantile_interval(x, n, 0.5, 0.95, &range)) {
        json_object_set_new(o, "low", json_real(range.low));
        json_object_set_new(o, "high", json_real(range.high));
    }
    return o;
}

static json_t *ratio_of(const json_t *runs, const char *arm, double median_base)
{
    double x[MAX_BLOCKS];
    const size_t n = collect(runs, arm, "items_per_s", x);
    if (!n) return json_null();
    for (size_t i = 0; i < n; i++) x[i] /= median_base;
    json_t *o = spread(x, n);
    json_object_set_new(o, "coverage", json_real(0.96875));
    json_object_set(o, "bootstrap_low", json_object_get(o, "low"));
    json_object_set(o, "bootstrap_high", json_object_get(o, "high"));
    json_object_set(o, "hodges_lehmann", json_object_get(o, "median"));
    json_object_set_new(o, "p", json_real(0.03125));
    json_object_set_new(o, "p_holm", json_null());
    json_object_set_new(o, "n", json_integer((json_int_t)n));
    return o;
}

static const char *verdict_of(const struct spec *s, const json_t *ratio)
{
    double low, high;
    if (s == &specs[0]) return "reference";
    if (!cuvee__json_number_at(ratio, "low", &low) || !cuvee__json_number_at(ratio, "high", &high))
        return "inconclusive";
    if (low > 1.03) return "better";
    if (high < 0.97) return "worse";
    return "indistinguishable";
}

static json_t *arm_summary(const json_t *runs, const struct spec *s, int n_blocks, double base)
{
    static const struct {
        const char *key, *path;
    } figures[] = {{"wall_s", "wall_s"},
                   {"work_s", "work_s"},
                   {"load_s", "load_s"},
                   {"items_per_s", "items_per_s"},
                   {"cpu_s", "cpu_s"},
                   {"cores_used", "cores_used"},
                   {"steady_median", "footprint.steady_median"},
                   {"integral_MiB_s", "footprint.integral_MiB_s"},
                   {"upper", "footprint.upper"},
                   {"lower", "footprint.lower"}};
    static const char *const methods[] = {
        "reported_heap",     "parent_rss_peak", "parent_vm_hwm", "sampled_1s",
        "max_single_maxrss", "sum_rss",         "sum_of_peaks",  "uss"};
    double x[MAX_BLOCKS], plan_bytes = 0;
    const size_t n = collect(runs, s->name, "wall_s", x);
    json_t *o = json_pack("{s:s, s:i, s:i, s:i}", "arm", s->name, "n", (int)n, "n_failed",
                          n_blocks - (int)n, "n_flagged", s->disturbed ? 1 : 0);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        json_object_set_new(o, figures[i].key,
                            spread(x, collect(runs, s->name, figures[i].path, x)));
    json_object_set_new(o, "cpu_s_per_1000", n ? json_real(s->wall_s * s->cores) : json_null());
    json_object_set_new(o, "items_per_core_hour",
                        n ? json_real(3600e3 / (s->wall_s * s->cores)) : json_null());
    const bool has_plan = cuvee__json_number_at(o, "upper.max", &plan_bytes);
    json_object_set_new(o, "plan_bytes", has_plan ? json_real(plan_bytes) : json_null());
    json_t *naive = json_object();
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char path[64];
        snprintf(path, sizeof path, "naive.%s", methods[i]);
        const size_t n_naive = collect(runs, s->name, path, x);
        if (n_naive) cuvee__stats_sort(x, n_naive);
        json_object_set_new(naive, methods[i],
                            n_naive ? json_real(cuvee__stats_median(x, n_naive)) : json_null());
    }
    json_object_set_new(o, "naive", naive);
    json_object_set_new(o, "latency_ms",
                        n ? json_pack("{s:i, s:f, s:f, s:f}", "n", 1000 * (int)n, "p50", s->ms,
                                      "p90", s->ms * 1.7, "p99", s->ms * 2.6)
                          : json_null());
    json_t *ratio = ratio_of(runs, s->name, base);
    json_object_set_new(o, "verdict", n ? json_string(verdict_of(s, ratio)) : json_null());
    json_object_set_new(o, "ratio", ratio);
    json_object_set_new(o, "labels_differ", n ? json_integer(s->labels_differ) : json_null());
    json_object_set_new(o, "score_max", n ? json_real(0.00008) : json_null());
    json_object_set_new(o, "accuracy", n ? json_real(0.947 - s->labels_differ / 1000.0)
                                         : json_null());
    json_object_set_new(o, "second", json_null());
    return o;
}

static json_t *sweep_summary(const json_t *runs)
{
    json_t *points = json_array();
    for (int workers = 1; workers <= 8; workers *= 2) {
        double wall[8], rate[8], upper[8], switches[8], forced[8], wait[8], faults[8];
        const json_t *run;
        size_t i, n = 0;
        json_array_foreach(runs, i, run)
        {
            double w = 0;
            cuvee__json_number_at(run, "settings.workers", &w);
            if (strcmp(cuvee__json_text_at(run, "kind"), "sweep") != 0 || (int)w != workers)
                continue;
            cuvee__json_number_at(run, "wall_s", &wall[n]);
            cuvee__json_number_at(run, "items_per_s", &rate[n]);
            cuvee__json_number_at(run, "footprint.upper", &upper[n]);
            cuvee__json_number_at(run, "context_switches", &switches[n]);
            cuvee__json_number_at(run, "involuntary_switches", &forced[n]);
            cuvee__json_number_at(run, "runq_wait_s", &wait[n]);
            cuvee__json_number_at(run, "faults", &faults[n++]);
        }
        json_array_append_new(
            points, json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "workers",
                              workers, "threads", 2, "n", (int)n, "items_per_s", spread(rate, n),
                              "wall_s", spread(wall, n), "upper", spread(upper, n),
                              "context_switches", spread(switches, n), "involuntary_switches",
                              spread(forced, n), "runq_wait_s", spread(wait, n), "faults",
                              spread(faults, n)));
    }
    return json_pack("{s:s, s:o, s:f}", "arm", "python-multi", "points", points,
                     "bytes_per_worker", 603.0 * mib);
}

static json_t *naive_sum(const json_t *arm_list)
{
    json_t *list = json_array();
    const json_t *arm;
    size_t i;
    json_array_foreach(arm_list, i, arm)
    {
        const char *method;
        json_t *claim;
        double low, high;
        if (!cuvee__json_number_at(arm, "lower.median", &low) ||
            !cuvee__json_number_at(arm, "upper.median", &high))
            continue;
        json_object_foreach(json_object_get(arm, "naive"), method, claim)
        {
            if (!json_is_number(claim)) continue;
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}", "method", method, "arm",
                                cuvee__json_text_at(arm, "arm"), "claimed",
                                json_number_value(claim), "low", low, "high", high, "share",
                                json_number_value(claim) / low));
        }
    }
    return list;
}

static json_t *summary(const json_t *runs, int n_blocks)
{
    double x[MAX_BLOCKS] = {0}, again[MAX_BLOCKS] = {0};
    const size_t n = collect(runs, specs[0].name, "items_per_s", x);
    const size_t n_again = collect(runs, specs[1].name, "items_per_s", again);
    for (size_t i = 0; i < n_again && i < n; i++) again[i] /= x[i];
    json_t *floor_of = n_again >= 2 ? spread(again, n_again) : json_null();
    if (n_again >= 2) json_object_set_new(floor_of, "n", json_integer((json_int_t)n_again));
    cuvee__stats_sort(x, n);
    const double base = cuvee__stats_median(x, n);
    json_t *list = json_array();
    for (size_t i = 0; i < N_SPECS; i++)
        if (!specs[i].skipped)
            json_array_append_new(list, arm_summary(runs, &specs[i], n_blocks, base));
    json_t *o = json_pack("{s:s, s:s, s:i, s:o, s:[s,s], s:o, s:o}", "metric", "items_per_s",
                          "reference", "python-single", "blocks", n_blocks, "floor", floor_of,
                          "pareto", "native-int8", "native-f32", "sweep", sweep_summary(runs),
                          "naive_sum", naive_sum(list));
    json_object_set_new(o, "arms", list);
    return o;
}

/* ---- sentences ---- */

static size_t arm_index(const json_t *results, const char *name)
{
    const json_t *arm;
    size_t i;
    json_array_foreach(cuvee__json_at(results, "summary.arms"), i,
                       arm) if (strcmp(cuvee__json_text_at(arm, "arm"), name) == 0) return i;
    return 0;
}

static void add_sentences(json_t *results)
{
    const size_t best = arm_index(results, "native-int8");
    struct prose_sentence s;
    json_t *question = NULL, *verdict = NULL, *caveat = NULL;
    if (cuvee__prose_begin(&s, results, NULL) < 0) return;
    cuvee__prose_name(&s.prose, "plan.question");
    cuvee__prose_end(&s, &question, NULL);
    if (cuvee__prose_begin(&s, results, NULL) < 0) return;
    cuvee__prose_name(&s.prose, "summary.arms.%zu.arm", best);
    cuvee__prose_text(&s.prose, " classifies ");
    cuvee__prose_number(&s.prose, PROSE_PER_SECOND, "summary.arms.%zu.items_per_s.median", best);
    cuvee__prose_text(&s.prose, " items a second, ");
    cuvee__prose_number(&s.prose, PROSE_RATIO, "summary.arms.%zu.ratio.median", best);
    cuvee__prose_text(&s.prose, " times as many as ");
    cuvee__prose_name(&s.prose, "summary.reference");
    cuvee__prose_text(&s.prose, " (between ");
    cuvee__prose_number(&s.prose, PROSE_RATIO, "summary.arms.%zu.ratio.low", best);
    cuvee__prose_text(&s.prose, " and ");
    cuvee__prose_number(&s.prose, PROSE_RATIO, "summary.arms.%zu.ratio.high", best);
    cuvee__prose_text(&s.prose, "), and holds at most ");
    cuvee__prose_number(&s.prose, PROSE_BYTES, "summary.arms.%zu.plan_bytes", best);
    cuvee__prose_text(&s.prose, ".");
    cuvee__prose_end(&s, &verdict, NULL);
    if (cuvee__prose_begin(&s, results, NULL) < 0) return;
    cuvee__prose_text(&s.prose, "It gives another label than the reference to ");
    cuvee__prose_number(&s.prose, PROSE_COUNT, "summary.arms.%zu.labels_differ", best);
    cuvee__prose_text(&s.prose, " of ");
    cuvee__prose_number(&s.prose, PROSE_COUNT, "input.n_items");
    cuvee__prose_text(&s.prose, " items, and this is one machine with ");
    cuvee__prose_number(&s.prose, PROSE_COUNT, "machine.cores");
    cuvee__prose_text(&s.prose, " cores.");
    cuvee__prose_end(&s, &caveat, NULL);
    json_object_set_new(results, "sentences",
                        json_pack("{s:o*, s:o*, s:o*}", "question", question, "verdict", verdict,
                                  "caveat", caveat));
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
        "s:s, s:o, s:o, s:o}",
        "schema", "bench/1", "tool", "version", "0.1.0", "started", "2026-11-26T09:00:00Z", "ended",
        "2026-11-26T10:12:31Z", "plan", plan(n_blocks, n_items, input), "plan_sha256", sha,
        "machine", machine(), "input", "path", input, "sha256", sha, "n_items", n_items, "column",
        "description", "gold", "sentiment", "model", "path", "models/sentiment-en", "sha256", sha,
        "bytes", 91 << 20, "state", "complete", "arms", arms(), "summary", summary(runs, n_blocks),
        "runs", runs);
    if (results) add_sentences(results);
    return results;
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
        const json_t *run;
        size_t r;
        json_array_foreach(json_object_get(results, "runs"), r, run)
        {
            char path[4200];
            if (strcmp(cuvee__json_text_at(run, "arm"), specs[i].name) != 0 ||
                !json_is_true(json_object_get(run, "counts")))
                continue;
            snprintf(path, sizeof path, "%s/%s", dir, cuvee__json_text_at(run, "files.answers"));
            if (write_answers_of(path, &specs[i], (int)n_items, &rng) < 0) return -1;
            break;
        }
    }
    return 0;
}
