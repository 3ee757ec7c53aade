/* SPDX-License-Identifier: Apache-2.0
 *
 * pool/ over the fake model: every text has exactly one row, the right one, whatever happens around
 * it. */
#define _GNU_SOURCE /* cpu_set_t */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cuvee/cuvee.h"
#include "fake_model.h"
#include "os/clock.h"
#include "os/thread.h"

/* ---- texts ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* n texts of 0 to 90 bytes, one in eight a pair; all kinds of outcome among them. One block. */
static cuvee_text *make_texts(size_t n, uint32_t seed)
{
    enum { MAX = 90 };
    cuvee_text *texts = malloc(n * (sizeof *texts + 2 * MAX));
    assert_non_null(texts);
    char *bytes = (char *)(texts + n);
    for (size_t i = 0; i < n; i++, bytes += 2 * MAX) {
        texts[i] = (cuvee_text){.ptr = bytes, .len = next_random(&seed) % (MAX + 1)};
        for (size_t k = 0; k < 2 * MAX; k++) bytes[k] = (char)('a' + next_random(&seed) % 26);
        if (next_random(&seed) % 8 == 0) {
            texts[i].pair_ptr = bytes + MAX;
            texts[i].pair_len = next_random(&seed) % (MAX + 1);
        }
        const uint32_t kind = next_random(&seed) % 32;
        if (kind == 0) memcpy(bytes, "NOMEM", 5);
        if (kind == 1) bytes[0] = '?';
        if (kind == 2) bytes[0] = '\xFF';
    }
    return texts;
}

static void check_row(const cuvee_result *r, size_t i, const struct fake_row *want)
{
    assert_int_equal(cuvee_result_status(r)[i], want->status);
    assert_int_equal(cuvee_result_labels(r)[i], want->label);
    assert_int_equal(cuvee_result_tokens(r)[i], want->tokens);
    assert_int_equal(cuvee_result_notes(r)[i], want->notes);
    assert_memory_equal(&cuvee_result_scores(r)[i], &want->score, sizeof want->score);
    assert_memory_equal(cuvee_result_all_scores(r) + i * FAKE_N_LABELS, want->all_scores,
                        sizeof want->all_scores);
}

static void check_result(const cuvee_result *r, const cuvee_text *texts, size_t n,
                         const cuvee_classify_options *options)
{
    assert_int_equal(cuvee_result_count(r), n);
    assert_int_equal(cuvee_result_n_labels(r), FAKE_N_LABELS);
    for (size_t i = 0; i < n; i++) {
        const struct fake_row want = fake_expect(&texts[i], options);
        check_row(r, i, &want);
    }
}

/* ---- pools ---- */

static cuvee_pool *open_pool(uint32_t n_workers, uint32_t batch_tokens, uint32_t max_queue)
{
    cuvee_model *model;
    cuvee_pool *pool;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.n_workers = n_workers;
    o.batch_tokens = batch_tokens;
    o.max_queue = max_queue;
    assert_int_equal(cuvee_model_open("fake", NULL, &model, NULL), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, &o, &pool, NULL), CUVEE_OK);
    cuvee_model_close(model); /* the pool keeps it */
    return pool;
}

/* Rows and calls that came back to done(). */
struct tally {
    _Atomic size_t n_done, n_ok, n_cancelled, n_other;
    _Atomic size_t n_calls, n_accepted; /* what was submitted */
};

static void count_rows(void *user, cuvee_result *result)
{
    struct tally *t = user;
    for (size_t i = 0; i < cuvee_result_count(result); i++) {
        const int32_t status = cuvee_result_status(result)[i];
        atomic_fetch_add(status == CUVEE_OK            ? &t->n_ok
                         : status == CUVEE_E_CANCELLED ? &t->n_cancelled
                                                       : &t->n_other,
                         1);
        if (status == CUVEE_E_CANCELLED && cuvee_result_labels(result)[i] != -1)
            atomic_fetch_add(&t->n_other, 1);
    }
    cuvee_result_free(result);
    atomic_fetch_add(&t->n_done, 1);
}

static const cuvee_text plain[10] = {{"a", 1, NULL, 0}, {"b", 1, NULL, 0}, {"c", 1, NULL, 0},
                                     {"d", 1, NULL, 0}, {"e", 1, NULL, 0}, {"f", 1, NULL, 0},
                                     {"g", 1, NULL, 0}, {"h", 1, NULL, 0}, {"i", 1, NULL, 0},
                                     {"j", 1, NULL, 0}};

static int submit(cuvee_pool *pool, size_t n, struct tally *t)
{
    return cuvee_submit(pool, plain, n, NULL, count_rows, t, NULL);
}

/* ---- tests ---- */

static void rows_do_not_depend_on_batching(void **state)
{
    (void)state;
    enum { N = 700 };
    static const uint32_t budgets[] = {1, 7, 64, 0, 65536};
    cuvee_text *texts = make_texts(N, 1);
    for (uint32_t n_workers = 1; n_workers <= 8; n_workers++)
        for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
            cuvee_pool *pool = open_pool(n_workers, budgets[b], 0);
            cuvee_result *r;
            assert_int_equal(cuvee_classify(pool, texts, N, NULL, &r, NULL), CUVEE_OK);
            check_result(r, texts, N, NULL);
            cuvee_result_free(r);
            cuvee_pool_free(pool);
        }
    free(texts);
}

/* Each thread calls with random slices of its texts and random options. */
struct crowd {
    cuvee_pool *pool;
    struct tally *tally; /* of those who submit */
    uint32_t seed;
    pthread_t thread;
};

static void *call_many_times(void *arg)
{
    struct crowd *c = arg;
    enum { N = 60, N_CALLS = 40 };
    cuvee_text *texts = make_texts(N, c->seed);
    uint32_t seed = c->seed + 99;
    for (size_t k = 0; k < N_CALLS; k++) {
        const size_t first = next_random(&seed) % N, n = next_random(&seed) % (N - first + 1);
        cuvee_classify_options o = CUVEE_OPTIONS(cuvee_classify_options);
        o.max_length = next_random(&seed) % 2 ? 0 : 4 + next_random(&seed) % 61;
        o.truncation = next_random(&seed) % 3;
        o.activation = next_random(&seed) % 4;
        cuvee_result *r;
        assert_int_equal(cuvee_classify(c->pool, texts + first, n, &o, &r, NULL), CUVEE_OK);
        check_result(r, texts + first, n, &o);
        cuvee_result_free(r);
    }
    free(texts);
    return NULL;
}

static void many_callers_at_once(void **state)
{
    (void)state;
    static const uint32_t bounds[] = {0, 16, 1}; /* no one waits for room, some do, all do */
    for (size_t b = 0; b < 3; b++) {
        cuvee_pool *pool = open_pool(3, 128, bounds[b]);
        struct crowd c[8];
        for (uint32_t i = 0; i < 8; i++) {
            c[i] = (struct crowd){.pool = pool, .seed = 100 * (uint32_t)b + i + 1};
            assert_int_equal(pthread_create(&c[i].thread, NULL, call_many_times, &c[i]), 0);
        }
        for (size_t i = 0; i < 8; i++) pthread_join(c[i].thread, NULL);
        cuvee_pool_free(pool);
    }
}

static void full_queue_is_busy(void **state)
{
    (void)state;
    struct tally t = {0};
    cuvee_pool *pool = open_pool(1, 0, 4);
    fake_gate_close();
    assert_int_equal(submit(pool, 1, &t), CUVEE_OK);
    fake_gate_wait(1); /* the worker has it: the queue is empty */
    assert_int_equal(submit(pool, 3, &t), CUVEE_OK);
    assert_int_equal(submit(pool, 2, &t), CUVEE_E_BUSY);
    assert_int_equal(submit(pool, 1, &t), CUVEE_OK);
    cuvee_error err;
    assert_int_equal(cuvee_submit(pool, plain, 1, NULL, count_rows, &t, &err), CUVEE_E_BUSY);
    assert_int_equal(err.code, CUVEE_E_BUSY);
    assert_non_null(strstr(err.msg, "no room"));
    assert_int_equal(submit(pool, 0, &t), CUVEE_E_BUSY);

    cuvee_classify_options o = CUVEE_OPTIONS(cuvee_classify_options);
    o.timeout_ms = 1;
    cuvee_result *r = NULL;
    assert_int_equal(cuvee_classify(pool, plain, 1, &o, &r, &err), CUVEE_E_TIMEOUT);
    assert_non_null(strstr(err.msg, "1 ms"));
    assert_null(r);

    fake_gate_open();
    o.timeout_ms = INT64_MAX; /* as good as for ever */
    assert_int_equal(cuvee_classify(pool, plain, 10, &o, &r, NULL), CUVEE_OK);
    check_result(r, plain, 10, NULL);
    cuvee_result_free(r);
    cuvee_pool_free(pool);
    assert_int_equal(t.n_done, 3);
    assert_int_equal(t.n_ok, 5);
}

static void cancel_drops_what_waits(void **state)
{
    (void)state;
    struct tally t = {0};
    cuvee_pool *pool = open_pool(1, 8, 0); /* 3 tokens a text: two in a batch */
    fake_gate_close();
    assert_int_equal(submit(pool, 10, &t), CUVEE_OK);
    fake_gate_wait(1);
    assert_int_equal(submit(pool, 5, &t), CUVEE_OK);
    assert_int_equal(submit(pool, 0, &t), CUVEE_OK);
    cuvee_pool_cancel(pool);
    assert_int_equal(t.n_done, 2); /* those of which nothing is in work end inside */
    assert_int_equal(t.n_cancelled, 5);
    cuvee_pool_cancel(pool); /* nothing waits */
    fake_gate_open();
    cuvee_result *r;
    assert_int_equal(cuvee_classify(pool, plain, 10, NULL, &r, NULL), CUVEE_OK);
    check_result(r, plain, 10, NULL);
    cuvee_result_free(r);
    cuvee_pool_free(pool);
    assert_int_equal(t.n_done, 3);
    assert_int_equal(t.n_ok, 2);
    assert_int_equal(t.n_cancelled, 13);
    assert_int_equal(t.n_other, 0);
}

static void *classify_ten(void *pool)
{
    cuvee_result *r;
    assert_int_equal(cuvee_classify(pool, plain, 10, NULL, &r, NULL), CUVEE_OK);
    size_t n_cancelled = 0;
    for (size_t i = 0; i < 10; i++) n_cancelled += cuvee_result_status(r)[i] == CUVEE_E_CANCELLED;
    cuvee_result_free(r);
    return (void *)n_cancelled;
}

static void cancel_wakes_a_blocked_caller(void **state)
{
    (void)state;
    struct tally t = {0};
    cuvee_pool *pool = open_pool(1, 0, 10);
    fake_gate_close();
    assert_int_equal(submit(pool, 1, &t), CUVEE_OK);
    fake_gate_wait(1);
    pthread_t thread;
    pthread_create(&thread, NULL, classify_ten, pool);
    int rc; /* once its texts wait there is no room for one more */
    while ((rc = submit(pool, 1, &t)) == CUVEE_OK) {
        cuvee_pool_cancel(pool); /* too early, or the texts of the thread with it: both are fine */
        sched_yield();
    }
    assert_int_equal(rc, CUVEE_E_BUSY);
    cuvee_pool_cancel(pool);
    void *n_cancelled;
    fake_gate_open();
    pthread_join(thread, &n_cancelled);
    cuvee_pool_free(pool);
    assert_int_equal(t.n_ok, 1);
}

/* Everybody submits, somebody cancels: still one row for each text, one done() for each call. */
static void *submit_many_times(void *arg)
{
    struct crowd *c = arg;
    for (size_t k = 0; k < 300; k++) {
        const size_t n = next_random(&c->seed) % 11;
        if (submit(c->pool, n, c->tally) != CUVEE_OK) continue;
        atomic_fetch_add(&c->tally->n_accepted, n);
        atomic_fetch_add(&c->tally->n_calls, 1);
    }
    return NULL;
}

static void cancel_in_a_crowd(void **state)
{
    (void)state;
    struct tally t = {0};
    cuvee_pool *pool = open_pool(3, 16, 64);
    struct crowd c[6];
    for (uint32_t i = 0; i < 6; i++) {
        c[i] = (struct crowd){.pool = pool, .tally = &t, .seed = i + 1};
        pthread_create(&c[i].thread, NULL, submit_many_times, &c[i]);
    }
    for (size_t i = 0; i < 200; i++, sched_yield()) cuvee_pool_cancel(pool);
    for (size_t i = 0; i < 6; i++) pthread_join(c[i].thread, NULL);
    cuvee_pool_free(pool);
    assert_int_equal(t.n_done, t.n_calls);
    assert_int_equal(t.n_ok + t.n_cancelled, t.n_accepted);
    assert_int_equal(t.n_other, 0);
}

static void free_finishes_what_was_accepted(void **state)
{
    (void)state;
    for (uint32_t n_workers = 1; n_workers <= 4; n_workers++) {
        struct tally t = {0};
        cuvee_pool *pool = open_pool(n_workers, 16, 0);
        for (size_t i = 0; i < 200; i++) assert_int_equal(submit(pool, i % 11, &t), CUVEE_OK);
        cuvee_pool_free(pool);
        assert_int_equal(t.n_done, 200);
        assert_int_equal(t.n_ok, 18 * 55 + 1);
    }
    assert_int_equal(fake_n_models(), 0);
    cuvee_pool_free(NULL);
    cuvee_pool_cancel(NULL);
}

static void no_texts(void **state)
{
    (void)state;
    struct tally t = {0};
    cuvee_pool *pool = open_pool(2, 0, 0);
    cuvee_result *r;
    assert_int_equal(cuvee_classify(pool, NULL, 0, NULL, &r, NULL), CUVEE_OK);
    assert_int_equal(cuvee_result_count(r), 0);
    cuvee_result_free(r);
    assert_int_equal(submit(pool, 0, &t), CUVEE_OK);
    cuvee_pool_free(pool);
    assert_int_equal(t.n_done, 1);
}

static void status_and_notes(void **state)
{
    (void)state;
    char long_text[100];
    memset(long_text, 'x', sizeof long_text);
    const cuvee_text texts[] = {{"fine", 4, NULL, 0},   {NULL, 0, NULL, 0},
                                {"NOMEM", 5, NULL, 0},  {"what?", 5, NULL, 0},
                                {"\xFF", 1, NULL, 0},   {long_text, 100, NULL, 0},
                                {"one", 3, "two", 3},   {"one", 3, "", 0}};
    cuvee_pool *pool = open_pool(1, 0, 0);
    cuvee_classify_options o = CUVEE_OPTIONS(cuvee_classify_options);
    o.truncation = CUVEE_TRUNCATE_ERROR;
    cuvee_result *r;
    assert_int_equal(cuvee_classify(pool, texts, 8, &o, &r, NULL), CUVEE_OK);
    check_result(r, texts, 8, &o);
    const int32_t want[] = {0, 0, CUVEE_E_NOMEM, CUVEE_E_NONFINITE, 0, CUVEE_E_TOO_LONG, 0, 0};
    assert_memory_equal(cuvee_result_status(r), want, sizeof want);
    assert_int_equal(cuvee_result_tokens(r)[1], 2); /* an empty text is a text */
    assert_int_equal(cuvee_result_tokens(r)[7], 6);
    assert_int_equal(cuvee_result_notes(r)[4], CUVEE_NOTE_REPLACED);
    cuvee_result_free(r);

    o.truncation = CUVEE_TRUNCATE_LEFT;
    assert_int_equal(cuvee_classify(pool, texts, 8, &o, &r, NULL), CUVEE_OK);
    check_result(r, texts, 8, &o);
    assert_int_equal(cuvee_result_notes(r)[5], CUVEE_NOTE_TRUNCATED);
    cuvee_result_free(r);
    cuvee_pool_free(pool);
}

enum { MAX_RECORDS = 4096 };

struct log {
    _Atomic size_t n;
    cuvee_batch_record records[MAX_RECORDS];
};

static void log_batch(void *user, const cuvee_batch_record *record)
{
    struct log *log = user;
    const size_t i = atomic_fetch_add(&log->n, 1);
    if (i < MAX_RECORDS) log->records[i] = *record;
}

static cuvee_pool *open_logged_pool(uint32_t n_workers, uint32_t batch_tokens, struct log *log)
{
    cuvee_model *model;
    cuvee_pool *pool;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.n_workers = n_workers;
    o.batch_tokens = batch_tokens;
    o.on_batch = log_batch;
    o.on_batch_user = log;
    assert_int_equal(cuvee_model_open("fake", NULL, &model, NULL), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, &o, &pool, NULL), CUVEE_OK);
    cuvee_model_close(model);
    return pool;
}

static void batches_keep_the_budget(void **state)
{
    (void)state;
    enum { N = 500 };
    static const uint32_t budgets[] = {1, 16, 63, 64, 65, 200, 512};
    cuvee_text *texts = make_texts(N, 5);
    static struct log log;
    for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
        atomic_store(&log.n, 0);
        cuvee_pool *pool = open_logged_pool(2, budgets[b], &log);
        cuvee_result *r;
        assert_int_equal(cuvee_classify(pool, texts, N, NULL, &r, NULL), CUVEE_OK);
        cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
        assert_int_equal(cuvee_pool_describe(pool, &info, NULL), CUVEE_OK);
        cuvee_pool_free(pool); /* the last record may come after the last row */

        uint64_t n_texts = 0, n_tokens = 0, want_texts = 0, want_tokens = 0;
        assert_true(log.n <= MAX_RECORDS);
        static bool seen[MAX_RECORDS];
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < log.n; i++) {
            const cuvee_batch_record *rec = &log.records[i];
            assert_true(rec->n_tokens <= budgets[b] || rec->n_texts == 1);
            assert_true(rec->n_texts >= 1 && rec->worker < 2);
            assert_true(rec->batch < log.n && !seen[rec->batch]);
            assert_true(rec->start_ns > 0);
            seen[rec->batch] = true;
            n_texts += rec->n_texts;
            n_tokens += rec->n_tokens;
        }
        for (size_t i = 0; i < N; i++) {
            const int32_t status = cuvee_result_status(r)[i];
            want_texts += status == CUVEE_OK || status == CUVEE_E_NONFINITE;
            want_tokens += cuvee_result_tokens(r)[i];
        }
        assert_int_equal(n_texts, want_texts);
        assert_int_equal(n_tokens, want_tokens);
        assert_int_equal(info.n_texts, want_texts);
        assert_int_equal(info.n_tokens, want_tokens);
        assert_int_equal(info.n_batches, log.n);
        assert_int_equal(info.batch_tokens, budgets[b]);
        assert_int_equal(info.n_workers, 2);
        assert_true(info.arena_bytes > budgets[b] * 8);
        assert_string_equal(info.isa, "ref");
        assert_string_equal(info.precision, "bf16");
        if (budgets[b] == 512) assert_true(log.n < N / 4); /* texts do share forward passes */
        cuvee_result_free(r);
    }
    free(texts);
}

/* Masks of the workers that ran a batch. */
struct masks {
    _Atomic bool is_known[CPU_SETSIZE];
    cpu_set_t of[CPU_SETSIZE]; /* by worker; written by that worker alone */
};

static void keep_mask(void *user, const cuvee_batch_record *record)
{
    struct masks *m = user;
    sched_getaffinity(0, sizeof m->of[0], &m->of[record->worker]);
    m->is_known[record->worker] = true;
}

static void run_with_masks(uint32_t n_workers, struct masks *masks)
{
    enum { N = 2000 };
    cuvee_model *model;
    cuvee_pool *pool;
    cuvee_result *r;
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    cuvee_text *texts = make_texts(N, 11);
    o.n_workers = n_workers;
    o.batch_tokens = 1;
    o.on_batch = keep_mask;
    o.on_batch_user = masks;
    assert_int_equal(cuvee_model_open("fake", NULL, &model, NULL), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, &o, &pool, NULL), CUVEE_OK);
    assert_int_equal(cuvee_classify(pool, texts, N, NULL, &r, NULL), CUVEE_OK);
    cuvee_result_free(r);
    cuvee_pool_free(pool);
    cuvee_model_close(model);
    free(texts);
}

static void a_worker_for_each_core_stays_there(void **state)
{
    (void)state;
    static struct masks each, more;
    cpu_set_t own, together;
    size_t n_known = 0;
    assert_int_equal(sched_getaffinity(0, sizeof own, &own), 0);
    const uint32_t n = (uint32_t)CPU_COUNT(&own);
    if (n < 2) skip(); /* one core has nothing to choose */
    run_with_masks(n, &each);
    run_with_masks(n + 1, &more);
    CPU_ZERO(&together);
    for (size_t i = 0; i <= n; i++) {
        if (each.is_known[i]) {
            assert_int_equal(CPU_COUNT(&each.of[i]), 1);
            CPU_OR(&together, &together, &each.of[i]);
            n_known++;
        }
        if (more.is_known[i]) assert_true(CPU_EQUAL(&more.of[i], &own));
    }
    assert_true(n_known > 0);
    assert_int_equal(CPU_COUNT(&together), n_known);
}

struct clocked {
    _Atomic uint64_t last_ns; /* when the callback of the batch before returned */
    _Atomic size_t n_batches, n_early;
};

static void clock_batch(void *user, const cuvee_batch_record *record)
{
    struct clocked *c = user;
    if (record->start_ns < c->last_ns) c->n_early++;
    c->n_batches++;
    c->last_ns = cuvee__clock_ns();
}

/* Writing rows and on_batch are not tokenizing. */
static void a_batch_starts_after_the_callback_of_the_last(void **state)
{
    (void)state;
    static char long_text[42]; /* 44 tokens, guessed at 12: one take makes several batches */
    cuvee_text texts[5];
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i < 5; i++) texts[i] = (cuvee_text){long_text, sizeof long_text, NULL, 0};
    struct clocked c = {0};
    cuvee_pool_options o = CUVEE_OPTIONS(cuvee_pool_options);
    o.n_workers = 1;
    o.batch_tokens = 64;
    o.on_batch = clock_batch;
    o.on_batch_user = &c;
    cuvee_model *model;
    cuvee_pool *pool;
    cuvee_result *r;
    assert_int_equal(cuvee_model_open("fake", NULL, &model, NULL), CUVEE_OK);
    assert_int_equal(cuvee_pool_create(model, &o, &pool, NULL), CUVEE_OK);
    cuvee_model_close(model);
    assert_int_equal(cuvee_classify(pool, texts, 5, NULL, &r, NULL), CUVEE_OK);
    cuvee_result_free(r);
    cuvee_pool_free(pool);
    assert_int_equal(c.n_batches, 5);
    assert_int_equal(c.n_early, 0);
}

/* Callers with different options share one forward pass. */
static void callers_share_a_batch(void **state)
{
    (void)state;
    static struct log log;
    struct tally t = {0};
    atomic_store(&log.n, 0);
    cuvee_pool *pool = open_logged_pool(1, 512, &log);
    fake_gate_close();
    assert_int_equal(submit(pool, 1, &t), CUVEE_OK);
    fake_gate_wait(1);
    cuvee_classify_options o = CUVEE_OPTIONS(cuvee_classify_options);
    for (o.activation = 0; o.activation < 4; o.activation++) {
        o.max_length = 3 + o.activation;
        assert_int_equal(cuvee_submit(pool, plain, 5, &o, count_rows, &t, NULL), CUVEE_OK);
    }
    fake_gate_open();
    cuvee_pool_free(pool);
    assert_int_equal(log.n, 2);
    assert_int_equal(log.records[1].n_texts, 20);
    assert_int_equal(t.n_ok, 21);
}

/* A done() that submits again: the usual pipeline. */
struct chain {
    cuvee_pool *pool;
    size_t n_left; /* touched by one done() at a time */
    struct mutex mu;
    struct cond over;
    bool is_over;
};

static void submit_again(void *user, cuvee_result *result)
{
    struct chain *c = user;
    cuvee_result_free(result);
    if (c->n_left-- > 0 &&
        cuvee_submit(c->pool, plain, 3, NULL, submit_again, c, NULL) == CUVEE_OK)
        return;
    cuvee__mutex_lock(&c->mu);
    c->is_over = true;
    cuvee__cond_signal(&c->over);
    cuvee__mutex_unlock(&c->mu);
}

static void done_may_submit(void **state)
{
    (void)state;
    struct chain c = {.pool = open_pool(2, 0, 8), .n_left = 500};
    assert_int_equal(cuvee__mutex_init(&c.mu, NULL), CUVEE_OK);
    assert_int_equal(cuvee__cond_init(&c.over, NULL), CUVEE_OK);
    assert_int_equal(cuvee_submit(c.pool, plain, 3, NULL, submit_again, &c, NULL), CUVEE_OK);
    cuvee__mutex_lock(&c.mu);
    while (!c.is_over) cuvee__cond_wait(&c.over, &c.mu);
    cuvee__mutex_unlock(&c.mu);
    cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
    assert_int_equal(cuvee_pool_describe(c.pool, &info, NULL), CUVEE_OK);
    assert_int_equal(info.n_texts, 501 * 3);
    cuvee_pool_free(c.pool);
    cuvee__cond_deinit(&c.over);
    cuvee__mutex_deinit(&c.mu);
}

/* Two blocks a call, both given back; the workers allocate nothing. */
static void memory_does_not_grow(void **state)
{
    (void)state;
    enum { N = 1000, N_CALLS = 100 };
    cuvee_text *texts = make_texts(N, 7);
    cuvee_pool *pool = open_pool(2, 0, 0);
    const uint64_t allocs = cuvee__alloc_count(), frees = cuvee__free_count();
    for (size_t i = 0; i < N_CALLS; i++) {
        cuvee_result *r;
        assert_int_equal(cuvee_classify(pool, texts, N, NULL, &r, NULL), CUVEE_OK);
        cuvee_result_free(r);
    }
    assert_int_equal(cuvee__alloc_count() - allocs, 2 * N_CALLS);
    assert_int_equal(cuvee__free_count() - frees, 2 * N_CALLS);
    cuvee_pool_free(pool);
    free(texts);
}

static int nothing_was_breached(void **state)
{
    (void)state;
    assert_int_equal(fake_violations(), 0);
    assert_int_equal(fake_n_models(), 0);
    assert_int_equal(cuvee__alloc_count(), cuvee__free_count());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(rows_do_not_depend_on_batching, nothing_was_breached),
        cmocka_unit_test_teardown(many_callers_at_once, nothing_was_breached),
        cmocka_unit_test_teardown(full_queue_is_busy, nothing_was_breached),
        cmocka_unit_test_teardown(cancel_drops_what_waits, nothing_was_breached),
        cmocka_unit_test_teardown(cancel_wakes_a_blocked_caller, nothing_was_breached),
        cmocka_unit_test_teardown(cancel_in_a_crowd, nothing_was_breached),
        cmocka_unit_test_teardown(free_finishes_what_was_accepted, nothing_was_breached),
        cmocka_unit_test_teardown(no_texts, nothing_was_breached),
        cmocka_unit_test_teardown(status_and_notes, nothing_was_breached),
        cmocka_unit_test_teardown(batches_keep_the_budget, nothing_was_breached),
        cmocka_unit_test_teardown(a_worker_for_each_core_stays_there, nothing_was_breached),
        cmocka_unit_test_teardown(a_batch_starts_after_the_callback_of_the_last,
                                  nothing_was_breached),
        cmocka_unit_test_teardown(callers_share_a_batch, nothing_was_breached),
        cmocka_unit_test_teardown(done_may_submit, nothing_was_breached),
        cmocka_unit_test_teardown(memory_does_not_grow, nothing_was_breached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
