/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine may be shared and its clock may drift by a factor of two within minutes, so every
 * forward pass is judged by the peak of its own moment and its own core: after each batch the
 * worker itself runs a few milliseconds of the peak loops (in the pool's on_batch callback, which
 * no batch's time includes). A batch's share of the limit is its limit at the mean of the peaks
 * before and after it, over its time. The median over all batches is the figure; beside it stand
 * the same by processor time of the worker (all that a busy machine can give), the best batch at
 * the best peak, and the share of the whole run with the wait of workers at its end.
 *
 * Precisions take turns, a block of texts each, so that their ratio is one of neighbours. */
#include "throughput.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/alloc.h"
#include "contest.h"
#include "limit.h"
#include "os/clock.h"
#include "peak.h"
#include "samples.h"

enum { MAX_RUNS = 8, MAX_WORKERS = 1024 };

static const double peak_window = 0.003; /* seconds; of each kind, after each batch */

/* One forward pass and the peaks right after it, on the same core. */
struct batch {
    uint64_t start_ns, ns, cpu_ns, tokenize_ns, callback_ns;
    double n_texts, n_tokens, peak_linear, peak_beside;
};

struct log {
    struct batch *items;
    size_t n, room;
    bool lost; /* out of memory */
};

/* A precision at a number of workers. */
struct run {
    struct contest contest;
    const char *tier;
    cuvee_model_info info;
    struct log *logs; /* (n_workers); each touched by its own worker only while a block runs */
    struct samples cpu_shares;
    struct samples shares, steady, ratios;  /* of batches; of blocks; of blocks, to run 0 */
    struct samples peaks_linear, peaks_beside; /* of a core, times workers */
    double wall_ns;                         /* of all blocks, without the peak loops */
    double limit_ns;                        /* of all blocks */
    double tokenize_ns, busy_ns;
    uint64_t n_texts, n_tokens;
    double best_peak_linear, best_peak_beside;
    size_t next_text, block_texts;
    struct log all; /* every batch of every block, for the best one at the end */
};

static void append(struct log *log, const struct batch *b)
{
    if (log->n == log->room) {
        const size_t room = log->room ? 2 * log->room : 256;
        struct batch *items = cuvee__realloc_array(log->items, room, sizeof *items);
        if (!items) {
            log->lost = true;
            return;
        }
        log->items = items;
        log->room = room;
    }
    log->items[log->n++] = *b;
}

static _Thread_local uint64_t cpu_mark; /* of this worker, after its last callback */

static void on_batch(void *user, const cuvee_batch_record *r)
{
    struct run *run = user;
    const uint64_t cpu_ns = bench_cpu_ns() - cpu_mark;
    const enum peak_kind kind = run->contest.precision->peak;
    const enum peak_kind beside = bench_peak_beside(kind, run->tier);
    const uint64_t start = cuvee__clock_ns();
    struct batch b = {
        .start_ns = r->start_ns,
        .ns = r->tokenize_ns + r->forward_ns,
        .cpu_ns = cpu_ns,
        .tokenize_ns = r->tokenize_ns,
        .n_texts = r->n_texts,
        .n_tokens = r->n_tokens,
        .peak_beside = bench_peak(beside, run->tier, 1, peak_window),
    };
    b.peak_linear = kind == beside ? b.peak_beside : bench_peak(kind, run->tier, 1, peak_window);
    b.callback_ns = cuvee__clock_ns() - start;
    append(&run->logs[r->worker], &b);
    cpu_mark = bench_cpu_ns();
}

/* before: the batch before this one on the same worker, or NULL. */
static void judge_batch(struct run *run, const struct batch *before, struct batch *b)
{
    const double linear = b->peak_linear, beside = b->peak_beside;
    samples_add(&run->peaks_linear, linear * run->contest.n_workers);
    samples_add(&run->peaks_beside, beside * run->contest.n_workers);
    if (linear > run->best_peak_linear) run->best_peak_linear = linear;
    if (beside > run->best_peak_beside) run->best_peak_beside = beside;
    if (b->n_texts == 0) return;
    const struct work w = bench_work(&run->info, b->n_texts, b->n_tokens / b->n_texts);
    const double limit = bench_limit_ns(w, before ? 0.5 * (linear + before->peak_linear) : linear,
                                        before ? 0.5 * (beside + before->peak_beside) : beside);
    samples_add(&run->shares, limit / (double)b->ns);
    samples_add(&run->cpu_shares, limit / (double)b->cpu_ns);
    run->limit_ns += limit;
    run->busy_ns += (double)b->ns;
    run->tokenize_ns += (double)b->tokenize_ns;
    append(&run->all, b);
}

/* Texts per second while all workers were busy: without each worker's last batch, during which
 * others may idle or help. 0 when a worker had fewer than two. */
static double steady_rate(const struct run *run)
{
    double rate = 0.0;
    for (unsigned w = 0; w < run->contest.n_workers; w++) {
        const struct log *log = &run->logs[w];
        if (log->n < 2) return 0.0;
        double texts = 0.0;
        double ns = (double)(log->items[log->n - 1].start_ns - log->items[0].start_ns);
        for (size_t i = 0; i + 1 < log->n; i++) {
            texts += log->items[i].n_texts;
            ns -= (double)log->items[i].callback_ns;
        }
        rate += 1e9 * texts / ns;
    }
    return rate;
}

static int classify(const struct run *run, const struct texts *texts, size_t first, size_t n,
                    cuvee_error *err)
{
    cuvee_result *result = NULL;
    const int rc = cuvee_classify(run->contest.pool, texts->items + first, n, NULL, &result, err);
    cuvee_result_free(result);
    return rc;
}

/* The next texts of the run, round again at the end; returns the block's rate in texts/s. */
static double run_block(struct run *run, const struct texts *texts)
{
    cuvee_error err;
    if (run->next_text + run->block_texts > texts->n) run->next_text = 0;
    for (unsigned w = 0; w < run->contest.n_workers; w++) run->logs[w].n = 0;
    const uint64_t start = cuvee__clock_ns();
    if (classify(run, texts, run->next_text, run->block_texts, &err) != CUVEE_OK) {
        fprintf(stderr, "speed: %s\n", err.msg);
        return 0.0;
    }
    double wall = (double)(cuvee__clock_ns() - start);
    for (unsigned w = 0; w < run->contest.n_workers; w++) {
        struct log *log = &run->logs[w];
        for (size_t i = 0; i < log->n; i++) {
            judge_batch(run, i ? &log->items[i - 1] : NULL, &log->items[i]);
            wall -= (double)log->items[i].callback_ns / run->contest.n_workers;
        }
    }
    run->wall_ns += wall;
    for (size_t i = 0; i < run->block_texts; i++)
        run->n_tokens += texts->lengths[run->next_text + i];
    run->n_texts += run->block_texts;
    run->next_text += run->block_texts;
    const double steady = steady_rate(run), whole = 1e9 * (double)run->block_texts / wall;
    samples_add(&run->steady, steady > 0 ? steady : whole);
    return steady > 0 ? steady : whole;
}

/* Choose how many texts make a block of about `seconds`, by a trial that also warms everything. */
static int plan_blocks(struct run *run, const struct texts *texts, double seconds, cuvee_error *err)
{
    size_t n = 8 * (size_t)run->contest.n_workers;
    if (n > texts->n) n = texts->n;
    int rc = classify(run, texts, 0, n, err);
    const uint64_t start = cuvee__clock_ns();
    if (rc == CUVEE_OK) rc = classify(run, texts, 0, n, err);
    const double rate = (double)n / (double)(cuvee__clock_ns() - start);
    const double wanted = rate * seconds * 1e9;
    run->block_texts = wanted < (double)n          ? n
                       : wanted > (double)texts->n ? texts->n
                                                   : (size_t)wanted;
    return rc;
}

static int open_run(struct run *run, const struct throughput_options *o, const char *precision,
                    unsigned n_workers, cuvee_error *err)
{
    *run = (struct run){.tier = o->tier, .info = CUVEE_OPTIONS(cuvee_model_info)};
    run->contest.precision = bench_precision(precision);
    run->contest.n_workers = n_workers;
    run->logs = cuvee__calloc(MAX_WORKERS, sizeof *run->logs);
    if (!run->logs) return CUVEE_E_NOMEM;
    const int rc = bench_contest_open(&run->contest, o->model_dir, on_batch, run, err);
    return rc == CUVEE_OK ? cuvee_model_describe(run->contest.model, &run->info, err) : rc;
}

static void close_run(struct run *run)
{
    bench_contest_close(&run->contest);
    for (unsigned w = 0; run->logs && w < MAX_WORKERS; w++) cuvee__free(run->logs[w].items);
    cuvee__free(run->logs);
    cuvee__free(run->all.items);
    struct samples *const all[] = {&run->shares, &run->cpu_shares,   &run->steady,
                                   &run->ratios, &run->peaks_linear, &run->peaks_beside};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) samples_deinit(all[i]);
}

/* The best batch: its limit at the best peaks that were seen, over its time. */
static double best_share(struct run *run)
{
    double best = 0.0;
    for (size_t i = 0; i < run->all.n; i++) {
        const struct batch *b = &run->all.items[i];
        const struct work w = bench_work(&run->info, b->n_texts, b->n_tokens / b->n_texts);
        const double limit = bench_limit_ns(w, run->best_peak_linear, run->best_peak_beside);
        if (limit / (double)b->ns > best) best = limit / (double)b->ns;
    }
    return best;
}

static json_t *report(struct run *run)
{
    const double n = run->contest.n_workers, texts = (double)run->n_texts;
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        {"texts_per_s", 1e9 * texts / run->wall_ns},
        {"tokens_per_s", 1e9 * (double)run->n_tokens / run->wall_ns},
        {"limit_texts_per_s", 1e9 * texts * n / run->limit_ns},
        {"steady_texts_per_s_median", samples_median(&run->steady)},
        {"steady_texts_per_s_best", samples_quantile(&run->steady, 1.0)},
        {"speed_over_first_median", samples_median(&run->ratios)},
        {"share_of_limit_median", samples_median(&run->shares)},
        {"share_of_limit_cpu_median", samples_median(&run->cpu_shares)},
        {"share_of_limit_best", best_share(run)},
        {"share_of_limit_whole_run", run->limit_ns / n / run->wall_ns},
        {"tokenize_share", run->tokenize_ns / run->busy_ns},
        {"peak_linear_gops_median", samples_median(&run->peaks_linear)},
        {"peak_beside_gops_median", samples_median(&run->peaks_beside)},
    };
    json_t *j = json_pack("{s:s, s:i, s:I, s:I}", "precision", run->contest.precision->name,
                          "workers", (int)run->contest.n_workers, "texts", (json_int_t)run->n_texts,
                          "tokens", (json_int_t)run->n_tokens);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_set_new(j, numbers[i].key, json_real(numbers[i].value));
    return j;
}

json_t *bench_throughput(const struct throughput_options *o, const struct texts *texts)
{
    static struct run runs[MAX_RUNS];
    size_t n_runs = 0;
    cuvee_error err = {0};
    json_t *all = NULL;
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && o->precisions[i] && n_runs + 1 < MAX_RUNS; i++) {
        rc = open_run(&runs[n_runs++], o, o->precisions[i], 0, &err);
        if (rc == CUVEE_E_UNSUPPORTED) {
            fprintf(stderr, "speed: %s left out: %s\n", o->precisions[i], err.msg);
            close_run(&runs[--n_runs]);
            rc = CUVEE_OK;
        }
    }
    if (rc == CUVEE_OK && n_runs && o->scaling && runs[0].contest.n_workers > 1)
        rc = open_run(&runs[n_runs++], o, runs[0].contest.precision->name, 1, &err);
    for (size_t i = 0; rc == CUVEE_OK && i < n_runs; i++)
        rc = plan_blocks(&runs[i], texts, o->seconds / o->n_rounds, &err);
    for (unsigned round = 0; rc == CUVEE_OK && round < o->n_rounds; round++) {
        double first = 0.0;
        for (size_t i = 0; i < n_runs; i++) {
            const double rate = run_block(&runs[i], texts);
            if (i == 0) first = rate;
            if (first > 0) samples_add(&runs[i].ratios, rate / first);
            fprintf(stderr, "  round %u/%u  %-4s %u workers  %zu texts, %.2f texts/s\n", round + 1,
                    o->n_rounds, runs[i].contest.precision->name, runs[i].contest.n_workers,
                    runs[i].block_texts, rate);
        }
    }
    if (rc == CUVEE_OK) all = json_array();
    for (size_t i = 0; all && i < n_runs; i++) json_array_append_new(all, report(&runs[i]));
    if (rc != CUVEE_OK) fprintf(stderr, "speed: %s\n", err.msg);
    for (size_t i = 0; i < n_runs; i++) close_run(&runs[i]);
    return all;
}
