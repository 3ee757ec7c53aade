/* SPDX-License-Identifier: Apache-2.0
 *
 * Precisions take turns text by text, each between windows of the peak loops on all cores; the
 * ratio to the limit is the median over texts of time / limit at the peaks around it. */
#include "latency.h"

#include <stdbool.h>
#include <stdio.h>

#include "contest.h"
#include "limit.h"
#include "os/clock.h"
#include "peak.h"
#include "samples.h"
#include "texts.h"

enum { MAX_CONTESTS = 4, N_TEXTS = 16, MIN_TIMES = 11, MAX_TIMES = 300 };

static const unsigned lengths[] = {8, 55, 128, 512};
static const double peak_window = 0.004;

struct entry {
    struct contest contest;
    struct samples ms, over_limit, limit_ms;
};

static int time_text(struct entry *e, const cuvee_model_info *info, const char *tier,
                     const struct texts *texts, size_t i, cuvee_error *err)
{
    const enum peak_kind kind = e->contest.precision->peak;
    const unsigned n = e->contest.n_workers;
    cuvee_result *result = NULL;
    const enum peak_kind beside = bench_peak_beside(kind, tier);
    const double beside_before = bench_peak(beside, tier, n, peak_window);
    const double before = kind == beside ? beside_before : bench_peak(kind, tier, n, peak_window);
    const uint64_t start = cuvee__clock_ns();
    const int rc = cuvee_classify(e->contest.pool, &texts->items[i], 1, NULL, &result, err);
    const double ns = (double)(cuvee__clock_ns() - start);
    cuvee_result_free(result);
    const double after = bench_peak(kind, tier, n, peak_window);
    const double beside_after = kind == beside ? after : bench_peak(beside, tier, n, peak_window);
    const double limit =
        bench_limit_ns(bench_work(info, 1, texts->lengths[i]), 0.5 * (before + after),
                       0.5 * (beside_before + beside_after));
    samples_add(&e->ms, 1e-6 * ns);
    samples_add(&e->limit_ms, 1e-6 * limit);
    if (limit > 0) samples_add(&e->over_limit, ns / limit);
    return rc;
}

static int run_length(const struct latency_options *o, struct entry *entries, size_t n,
                      unsigned n_tokens, cuvee_error *err)
{
    struct texts texts = {0};
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    cuvee_model *model = entries[0].contest.model;
    int rc = bench_texts_of_words(&texts, model, o->model_dir, N_TEXTS, n_tokens, err);
    if (rc == CUVEE_OK) rc = cuvee_model_describe(model, &info, err);
    const uint64_t end = cuvee__clock_ns() + (uint64_t)(1e9 * o->seconds * (double)n);
    for (size_t times = 0; rc == CUVEE_OK && times < MAX_TIMES; times++) {
        if (times >= MIN_TIMES && cuvee__clock_ns() > end) break;
        for (size_t i = 0; rc == CUVEE_OK && i < n; i++)
            rc = time_text(&entries[i], &info, o->tier, &texts, times % N_TEXTS, err);
    }
    bench_texts_deinit(&texts);
    return rc;
}

static json_t *report(const struct latency_options *o, struct entry *e, unsigned n_tokens)
{
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    if (cuvee_model_describe(e->contest.model, &info, NULL) != CUVEE_OK) return NULL;
    const double bytes = bench_weight_bytes(&info, e->contest.precision->bytes);
    json_t *j = json_pack(
        "{s:s, s:i, s:i, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "precision",
        e->contest.precision->name, "workers", (int)e->contest.n_workers, "tokens", (int)n_tokens,
        "times", (json_int_t)e->ms.n, "ms_best", samples_quantile(&e->ms, 0.0), "ms_p50",
        samples_median(&e->ms), "ms_p99", samples_quantile(&e->ms, 0.99), "limit_ms",
        samples_median(&e->limit_ms), "over_limit_median", samples_median(&e->over_limit),
        "weights_from_memory_ms", o->bandwidth_gbs > 0 ? 1e-6 * bytes / o->bandwidth_gbs : 0.0);
    e->ms.n = e->over_limit.n = e->limit_ms.n = 0;
    return j;
}

json_t *bench_latency(const struct latency_options *o)
{
    struct entry entries[MAX_CONTESTS] = {{.ms = {0}}};
    size_t n = 0;
    cuvee_error err = {0};
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && o->precisions[i] && n < MAX_CONTESTS; i++) {
        entries[n].contest.precision = bench_precision(o->precisions[i]);
        rc = bench_contest_open(&entries[n++].contest, o->model_dir, NULL, NULL, &err);
        if (rc == CUVEE_E_UNSUPPORTED) {
            bench_contest_close(&entries[--n].contest);
            rc = CUVEE_OK;
        }
    }
    json_t *all = json_array();
    for (size_t l = 0; rc == CUVEE_OK && n && l < sizeof lengths / sizeof lengths[0]; l++) {
        fprintf(stderr, "  one text of %u tokens\n", lengths[l]);
        rc = run_length(o, entries, n, lengths[l], &err);
        for (size_t i = 0; i < n; i++)
            json_array_append_new(all, report(o, &entries[i], lengths[l]));
    }
    if (rc != CUVEE_OK) {
        fprintf(stderr, "speed: %s\n", err.msg);
        json_decref(all);
        all = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        bench_contest_close(&entries[i].contest);
        samples_deinit(&entries[i].ms);
        samples_deinit(&entries[i].over_limit);
        samples_deinit(&entries[i].limit_ms);
    }
    return all;
}
