/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "bench/command.h"
#include "bench/quiet.h"
#include "bench/record.h"
#include "bench/settled.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/perf_counters.h"
#include "os/subprocess.h"

enum { PATH_ROOM = 4400 };
#define MAX_RESULT_BYTES ((size_t)64 << 20)
/* An arm is over when its command is; what it started may take this long to go. */
#define GRACE_S         1.0
#define LEAST_TIMEOUT_S 0.1

/* The files of a run, relative to the results' directory. */
struct run_files {
    char measure[128], series[128], log[128];
};

bool cuvee__is_oversubscribed(const json_t *settings, size_t n_cores)
{
    const json_t *threads = json_object_get(settings, "threads");
    const double workers = fmax(1, json_number_value(json_object_get(settings, "workers")));
    if (!threads) return workers > (double)n_cores;
    const double each = json_number_value(threads);
    return workers * (each > 0 ? each : (double)n_cores) > (double)n_cores;
}

static size_t least(size_t n, size_t most)
{
    return most && most < n ? most : n;
}

size_t cuvee__arm_items(const struct bench_setup *setup, const json_t *arm)
{
    const json_int_t own = json_integer_value(json_object_get(arm, "items"));
    return least(least(setup->input->n_items, (size_t)own), setup->max_items);
}

const char *cuvee__answers_path(const struct bench_setup *setup, const char *name, char *path,
                                size_t room)
{
    snprintf(path, room, "%s/answers/%s.jsonl", setup->dir, name);
    return path;
}

static const char *in_dir(const struct bench_setup *setup, const char *file, char *path)
{
    snprintf(path, PATH_ROOM, "%s/%s", setup->dir, file);
    return path;
}

/* ---- the command that measures ---- */

static int add_all(struct word_list *list, const char *const *words, cuvee_error *err)
{
    int rc = CUVEE_OK;
    while (rc == CUVEE_OK && *words) rc = cuvee__words_add(list, *words++, err);
    return rc;
}

static double timeout_of(const struct bench_setup *setup, const struct run_request *request)
{
    double own = 0;
    cuvee__json_number_at(request->arm, "timeout_s", &own);
    if (!(own > 0)) own = setup->timeout_s;
    if (!setup->deadline_ns) return own;
    const uint64_t now = cuvee__clock_ns();
    const double left = setup->deadline_ns > now ? (double)(setup->deadline_ns - now) / 1e9 : 0;
    return fmax(LEAST_TIMEOUT_S, fmin(own, left));
}

/* Was it the time for all that ended it, and not its own? */
static bool is_past_deadline(const struct bench_setup *setup)
{
    return setup->deadline_ns && cuvee__clock_ns() >= setup->deadline_ns;
}

static int build_measure(const struct bench_setup *setup, const struct run_request *request,
                         const struct run_files *files, const struct word_list *command,
                         struct word_list *ret, cuvee_error *err)
{
    char measure[PATH_ROOM], series[PATH_ROOM], timeout[32], cache[PATH_ROOM + 8];
    snprintf(timeout, sizeof timeout, "%.3f", timeout_of(setup, request));
    const char *const fixed[] = {setup->cuvee,
                                 "measure",
                                 "--quiet",
                                 "--output",
                                 in_dir(setup, files->measure, measure),
                                 "--series",
                                 in_dir(setup, files->series, series),
                                 "--timeout",
                                 timeout,
                                 NULL};
    int rc = add_all(ret, fixed, err);
    if (rc == CUVEE_OK && setup->cpus)
        rc = add_all(ret, (const char *const[]){"--cpus", setup->cpus, NULL}, err);
    if (rc == CUVEE_OK && setup->memory_limit)
        rc = add_all(ret, (const char *const[]){"--limit-mem", setup->memory_limit, NULL}, err);
    snprintf(cache, sizeof cache, "warm:%s/model.safetensors", setup->model);
    if (rc == CUVEE_OK && cuvee__file_exists(cache + 5))
        rc = add_all(ret, (const char *const[]){"--cache", cache, NULL}, err);
    if (rc == CUVEE_OK) rc = cuvee__words_add(ret, "--", err);
    if (rc == CUVEE_OK) rc = add_all(ret, (const char *const *)command->words, err);
    return rc;
}

/* ---- what came of it ---- */

static int set_text(json_t *record, const char *key, const char *text)
{
    return json_object_set_new(record, key, text ? cuvee__json_string(text) : json_null());
}

static int set_status(json_t *record, const char *status, const char *why)
{
    return set_text(record, "status", status) | set_text(record, "why", why);
}

/* The last line of a log, which is where programs say what went wrong. */
static const char *last_words(const char *path, char *text, size_t room)
{
    struct file_map log = {0};
    *text = '\0';
    if (cuvee__file_map_open(&log, path, NULL) < 0) return text;
    size_t end = log.len;
    while (end && strchr(" \r\n", log.ptr[end - 1])) end--;
    size_t begin = end;
    while (begin && log.ptr[begin - 1] != '\n') begin--;
    if (end > begin)
        snprintf(text, room, "%.*s", (int)(end - begin < room ? end - begin : room - 1),
                 (const char *)log.ptr + begin);
    cuvee__file_map_close(&log);
    return text;
}

/* Of a command that did not end well by itself. */
static void describe_failure(const json_t *measured, int exit_status, const char *log_path,
                             char *why, size_t room)
{
    char how[80], words[400];
    double number;
    if (!measured)
        snprintf(how, sizeof how, "could not be measured");
    else if (cuvee__json_number_at(measured, "exit.signal", &number))
        snprintf(how, sizeof how, "ended by signal %d, %s", (int)number, strsignal((int)number));
    else
        snprintf(how, sizeof how, "exit code %d", exit_status);
    last_words(log_path, words, sizeof words);
    snprintf(why, room, "%s%s%s", how, *words ? ": " : "", words);
}

/* How the command ended: false, with the status set, when its answers do not count. */
static bool has_ended_well(const struct bench_setup *setup, const json_t *measured, int exit_status,
                           const char *log_path, json_t *record, int *ret_rc)
{
    char why[640];
    double leader = 0, tree = 0;
    cuvee__json_number_at(measured, "time.wall_leader_s", &leader);
    cuvee__json_number_at(measured, "time.wall_tree_s", &tree);
    const bool has_left = tree > leader + GRACE_S;
    const char *status = "failed";
    if (*setup->stop || json_is_true(cuvee__json_at(measured, "exit.interrupted"))) {
        status = "interrupted";
        snprintf(why, sizeof why, "by the user");
    } else if (json_is_true(cuvee__json_at(measured, "exit.timeout")) && is_past_deadline(setup)) {
        status = "interrupted"; /* which says nothing of the arm */
        snprintf(why, sizeof why, "the time for the whole experiment was up");
    } else if (json_is_true(cuvee__json_at(measured, "exit.timeout")) && !has_left) {
        status = "timeout";
        snprintf(why, sizeof why, "had not ended after %.3g s", tree);
    } else if (has_left) {
        status = "left children";
        snprintf(why, sizeof why, "its command ended after %.1f s, what it started after %.1f s",
                 leader, tree);
    } else if (!measured || exit_status != 0) {
        describe_failure(measured, exit_status, log_path, why, sizeof why);
    } else {
        return true;
    }
    *ret_rc = set_status(record, status, why);
    return false;
}

/* "index" of an answer counts from 0, so do these words. */
static int compare(const struct bench_setup *setup, const struct run_request *request,
                   const struct answers *own, const struct answers *expected, json_t *record)
{
    double score_bound = 1e-3, labels_bound = 0;
    cuvee__json_number_at(request->arm, "score_bound", &score_bound);
    cuvee__json_number_at(request->arm, "labels_bound", &labels_bound);
    const struct answers_difference d =
        expected ? cuvee__answers_compare(own, expected) : (struct answers_difference){0};
    const bool agree = (double)d.n_labels <= labels_bound && d.score <= score_bound;
    json_t *answers = json_pack(
        "{s:I, s:I, s:f, s:b, s:o}", "n", (json_int_t)own->n, "labels_differ",
        (json_int_t)d.n_labels, "score_max", d.score, "agree", agree, "accuracy",
        setup->input->gold.n ? json_real(cuvee__answers_accuracy(own, &setup->input->gold))
                             : json_null());
    if (!answers || json_object_set_new(record, "answers", answers) < 0) return -1;
    if (!expected && json_object_set_new(answers, "agree", json_null()) < 0) return -1;
    if (agree) return set_status(record, "ok", NULL);
    char why[240];
    snprintf(why, sizeof why,
             "%zu of %zu labels differ (%.0f are allowed), scores by up to %.4g (%.4g is allowed); "
             "first item %zu",
             d.n_labels, d.n, labels_bound, d.score, score_bound, d.first);
    return set_status(record, "wrong", why);
}

static int judge_answers(const struct bench_setup *setup, const struct run_request *request,
                         const struct answers *expected, json_t *record,
                         struct answers *ret_answers, cuvee_error *err)
{
    char path[PATH_ROOM];
    cuvee_error why = {0};
    snprintf(path, sizeof path, "%s/scratch/answers.jsonl", setup->dir);
    int rc = cuvee__answers_read(path, cuvee__arm_items(setup, request->arm), ret_answers, &why);
    if (rc == CUVEE_E_NOMEM) return cuvee__fail(err, rc, "%s", why.msg);
    if (rc < 0) return set_status(record, "no answers", why.msg);
    rc = compare(setup, request, ret_answers, expected, record);
    if (rc == 0) {
        double *ms = cuvee__alloc_array(ret_answers->n, sizeof *ms);
        if (!ms) return -1;
        size_t n = 0;
        for (size_t i = 0; i < ret_answers->n; i++)
            if (!isnan(ret_answers->ms[i])) ms[n++] = ret_answers->ms[i];
        rc = cuvee__record_latency(record, ms, n);
        cuvee__free(ms);
    }
    return rc == 0 ? cuvee__settled_take(record, ret_answers) : rc;
}

/* ---- a run ---- */

static json_t *begin_record(const struct run_request *request, const struct run_files *files)
{
    json_t *record =
        json_pack("{s:I, s:s, s:I, s:s, s:o, s:n, s:n, s:b, s:n, s:n, s:{s:s, s:s, s:s}}", "id",
                  (json_int_t)request->id, "arm", request->name, "block",
                  (json_int_t)request->block, "kind", request->kind, "again_of",
                  request->again_of < 0 ? json_null() : json_integer(request->again_of), "status",
                  "why", "counts", 0, "latency_ms", "answers", "files", "measure", files->measure,
                  "series", files->series, "log", files->log);
    int rc = record ? 0 : -1;
    if (strcmp(request->kind, "sweep") == 0)
        rc |= json_object_set_new(record, "settings",
                                  json_pack("{s:I, s:I}", "workers", (json_int_t)request->workers,
                                            "threads", (json_int_t)request->threads));
    if (request->scenario)
        rc |= json_object_set_new(record, "scenario", json_string(request->scenario));
    if (request->rate > 0) rc |= json_object_set_new(record, "rate", json_real(request->rate));
    if (rc == 0) return record;
    json_decref(record);
    return NULL;
}

static json_t *read_measured(const struct bench_setup *setup, const struct run_files *files)
{
    char path[PATH_ROOM];
    struct buffer text = {.cap_bytes = MAX_RESULT_BYTES};
    json_t *measured = NULL;
    if (cuvee__file_read(in_dir(setup, files->measure, path), &text, NULL) == CUVEE_OK)
        (void)cuvee__json_parse(buffer_span(&text), path, &measured, NULL);
    cuvee__buffer_deinit(&text);
    return measured;
}

/* ---- counters of the processor ---- */

/* A line of cache on all processors that this runs on. */
#define LINE_BYTES 64.0

/* Of a sweep only: they cost something at each change of threads. */
static int take_counters(const struct perf_counters *c, const char *why, json_t *record)
{
    static const struct {
        const char *key;
        enum perf_counter which;
    } counted[] = {{"cache_references", PERF_CACHE_REFERENCES},
                   {"cache_misses", PERF_CACHE_MISSES}};
    double x = NAN;
    int rc = 0;
    for (size_t i = 0; i < 2; i++) {
        if (!cuvee__perf_counters_read(c, counted[i].which, &x)) x = NAN;
        rc |= json_object_set_new(record, counted[i].key, cuvee__json_real(x));
    }
    if (isnan(x) && !*why) why = "they had no turn";
    return rc | set_text(record, "counters_why", *why ? why : NULL) |
           json_object_set_new(record, "missed_bytes", cuvee__json_real(x * LINE_BYTES));
}

static int run_counted(const struct run_request *request, const struct word_list *measure,
                       const struct word_list *environment, const char *log,
                       const volatile int *stop, json_t *record, int *ret_status, cuvee_error *err)
{
    const bool is_counted = strcmp(request->kind, "sweep") == 0;
    struct perf_counters counters;
    char why[160];
    if (is_counted) cuvee__perf_counters_open(&counters, why, sizeof why);
    int rc =
        cuvee__subprocess_run((const char *const *)measure->words,
                              (const char *const *)environment->words, log, stop, ret_status, err);
    if (!is_counted) return rc;
    if (rc == CUVEE_OK && take_counters(&counters, why, record) < 0)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a run");
    cuvee__perf_counters_close(&counters);
    return rc;
}

/* Where answers go there is nothing yet. What cannot be removed, as a directory that an arm made
 * there, would be in the way of all others: it is put aside. */
static int clear_answers(const struct bench_setup *setup, size_t id, cuvee_error *err)
{
    char path[PATH_ROOM], aside[PATH_ROOM];
    snprintf(path, sizeof path, "%s/scratch/answers.jsonl", setup->dir);
    snprintf(aside, sizeof aside, "%s/scratch/before-run-%zu", setup->dir, id);
    if (cuvee__file_remove(path) || !cuvee__file_exists(path)) return CUVEE_OK;
    return rename(path, aside) == 0
               ? CUVEE_OK
               : cuvee__fail(err, CUVEE_E_IO, "%s: is in the way, and cannot be removed", path);
}

/* Run it between two spins. *ret_measured: NULL when there is no result. */
static int run_measured(const struct bench_setup *setup, const struct run_request *request,
                        const struct run_files *files, json_t *record, json_t **ret_measured,
                        int *ret_status, cuvee_error *err)
{
    struct word_list command = {0}, environment = {0}, measure = {0};
    char log[PATH_ROOM];
    int rc = cuvee__command_build(setup, request, &command, &environment, err);
    if (rc == CUVEE_OK) rc = build_measure(setup, request, files, &command, &measure, err);
    if (rc == CUVEE_OK) rc = clear_answers(setup, request->id, err);
    if (rc == CUVEE_OK) {
        if (setup->max_wait_s > 0)
            cuvee__quiet_wait(setup->n_cores, setup->max_wait_s, setup->stop);
        struct quiet_signs signs = {.n_cores = setup->n_cores,
                                    .spin_before_ms = cuvee__quiet_spin_ms()};
        const uint64_t begin_ns = cuvee__clock_ns();
        rc = run_counted(request, &measure, &environment, in_dir(setup, files->log, log),
                         setup->stop, record, ret_status, err);
        /* A second clock: what starting and ending the meter takes is in it. */
        const double harness_s = (double)(cuvee__clock_ns() - begin_ns) / 1e9;
        signs.spin_after_ms = cuvee__quiet_spin_ms();
        signs.measured = *ret_measured = rc == CUVEE_OK ? read_measured(setup, files) : NULL;
        const json_t *settings = json_object_get(record, "settings");
        if (!settings) settings = json_object_get(request->arm, "settings");
        signs.is_oversubscribed = cuvee__is_oversubscribed(settings, setup->n_cores);
        if (rc == CUVEE_OK &&
            (json_object_set_new(record, "flags", cuvee__quiet_flags(&signs)) < 0 ||
             json_object_set_new(record, "harness_s", json_real(harness_s)) < 0 ||
             json_object_set_new(record, "calibration_ms",
                                 json_pack("[f,f]", signs.spin_before_ms, signs.spin_after_ms)) <
                 0))
            rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a run");
    }
    cuvee__words_deinit(&command);
    cuvee__words_deinit(&environment);
    cuvee__words_deinit(&measure);
    return rc;
}

int cuvee__bench_run(const struct bench_setup *setup, const struct run_request *request,
                     const struct answers *expected, json_t **ret_record,
                     struct answers *ret_answers, cuvee_error *err)
{
    struct run_files files;
    char log[PATH_ROOM];
    json_t *measured = NULL;
    int exit_status = 0, failed = 0;
    snprintf(files.measure, sizeof files.measure, "runs/%04zu-%s.json", request->id, request->name);
    snprintf(files.series, sizeof files.series, "series/%04zu-%s.ndjson", request->id,
             request->name);
    snprintf(files.log, sizeof files.log, "logs/%04zu-%s.txt", request->id, request->name);
    *ret_answers = (struct answers){0};
    json_t *record = begin_record(request, &files);
    if (!record) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a run");
    int rc = run_measured(setup, request, &files, record, &measured, &exit_status, err);
    if (rc < 0) goto end;
    const size_t n_items = cuvee__arm_items(setup, request->arm);
    failed = json_object_set_new(record, "n_items", json_integer((json_int_t)n_items));
    failed |= cuvee__record_take(record, measured, n_items);
    if (!failed && has_ended_well(setup, measured, exit_status, in_dir(setup, files.log, log),
                                  record, &failed))
        failed = judge_answers(setup, request, expected, record, ret_answers, err);
    if (failed) rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a run");
end:
    json_decref(measured);
    if (rc < 0) {
        json_decref(record);
        cuvee__answers_deinit(ret_answers);
        return rc;
    }
    *ret_record = record;
    return CUVEE_OK;
}
