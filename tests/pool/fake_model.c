/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_model.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/model.h"
#include "model/team.h"
#include "python/script.h"

static _Atomic size_t violations, n_models;

static void require(bool ok)
{
    if (!ok) atomic_fetch_add(&violations, 1);
}

size_t fake_violations(void)
{
    return atomic_load(&violations);
}

size_t fake_n_models(void)
{
    return atomic_load(&n_models);
}

/* ---- gate ---- */

static pthread_mutex_t gate_mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_closed;
static size_t n_at_gate;

static void gate_set(bool closed)
{
    pthread_mutex_lock(&gate_mu);
    gate_closed = closed;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_mu);
}

void fake_gate_close(void)
{
    gate_set(true);
}

void fake_gate_open(void)
{
    gate_set(false);
}

void fake_gate_wait(size_t n)
{
    pthread_mutex_lock(&gate_mu);
    while (n_at_gate != n) pthread_cond_wait(&gate_changed, &gate_mu);
    pthread_mutex_unlock(&gate_mu);
}

static bool is_large;

void fake_model_is_large(bool large)
{
    is_large = large;
}

static void pass_gate(void)
{
    pthread_mutex_lock(&gate_mu);
    n_at_gate++;
    pthread_cond_broadcast(&gate_changed);
    while (gate_closed) pthread_cond_wait(&gate_changed, &gate_mu);
    n_at_gate--;
    pthread_mutex_unlock(&gate_mu);
}

/* ---- tokenizer ---- */

struct encoder {
    _Atomic int n_users;
};

static const char one_tokenizer;

size_t cuvee__tokenizer_n_special(const struct tokenizer *t, bool pair)
{
    (void)t;
    return pair ? 3 : 2;
}

const char *cuvee__tokenizer_string(const struct tokenizer *t, int32_t id)
{
    (void)t;
    return id == 1 ? "[CLS]" : id == 2 ? "[SEP]" : "byte";
}

int cuvee__encoder_create(const struct tokenizer *t, struct encoder **ret_encoder, cuvee_error *err)
{
    require((const void *)t == &one_tokenizer);
    struct encoder *e = cuvee__calloc(1, sizeof *e);
    if (!e) return cuvee__fail(err, CUVEE_E_NOMEM, "fake encoder");
    *ret_encoder = e;
    return CUVEE_OK;
}

void cuvee__encoder_free(struct encoder *e)
{
    cuvee__free(e);
}

static size_t put(int32_t *ids, int32_t *types, size_t n, int32_t id, int32_t type)
{
    ids[n] = id;
    types[n] = type;
    return n + 1;
}

int cuvee__encode(struct encoder *e, const cuvee_text *text, size_t max_length, unsigned truncation,
                  int32_t *ids, int32_t *type_ids, struct encoding *ret)
{
    require(atomic_fetch_add(&e->n_users, 1) == 0);
    require(max_length <= FAKE_MAX_LENGTH);
    int rc = CUVEE_OK;
    const size_t n_special = text->pair_ptr ? 3 : 2;
    size_t a = text->len, b = text->pair_len;
    ret->truncated = a + b > max_length - n_special;
    ret->replaced = text->len && memchr(text->ptr, 0xFF, text->len);
    if (text->len >= 5 && memcmp(text->ptr, "NOMEM", 5) == 0) rc = CUVEE_E_NOMEM;
    if (ret->truncated && truncation == CUVEE_TRUNCATE_ERROR) rc = CUVEE_E_TOO_LONG;
    while (a + b > max_length - n_special) *(a >= b ? &a : &b) -= 1;
    if (rc == CUVEE_OK) {
        const size_t skip = truncation == CUVEE_TRUNCATE_LEFT ? text->len - a : 0;
        size_t n = put(ids, type_ids, 0, 1, 0);
        for (size_t i = 0; i < a; i++)
            n = put(ids, type_ids, n, (unsigned char)text->ptr[skip + i] + 10, 0);
        n = put(ids, type_ids, n, 2, 0);
        for (size_t i = 0; i < b; i++)
            n = put(ids, type_ids, n, (unsigned char)text->pair_ptr[i] + 10, 1);
        if (text->pair_ptr) n = put(ids, type_ids, n, 2, 1);
        ret->n = n;
    }
    atomic_fetch_sub(&e->n_users, 1);
    return rc;
}

/* ---- model ---- */

struct cuvee_model {
    _Atomic int n_holds;
};

int cuvee__model_open_with(const char *path, const cuvee_model_options *options,
                           cuvee_model **ret_model, cuvee_error *err)
{
    (void)options;
    if (strcmp(path, FAKE_BROKEN_PATH) == 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s/config.json: broken", path);
    cuvee_model *m = cuvee__calloc(1, sizeof *m);
    if (!m) return cuvee__fail(err, CUVEE_E_NOMEM, "fake model");
    atomic_store(&m->n_holds, 1);
    atomic_fetch_add(&n_models, 1);
    *ret_model = m;
    return CUVEE_OK;
}

/* There are no scripts here. */
int cuvee__script_open(const char *path, const cuvee_model_options *options,
                       struct external_model **ret_model, cuvee_error *err)
{
    (void)options;
    (void)ret_model;
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s", path);
}

int cuvee__model_wrap(struct external_model *external, cuvee_model **ret_model, cuvee_error *err)
{
    (void)external;
    (void)ret_model;
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "no scripts");
}

struct external_model *cuvee__model_external(const cuvee_model *m)
{
    (void)m;
    return NULL;
}

void cuvee__model_acquire(cuvee_model *m)
{
    atomic_fetch_add(&m->n_holds, 1);
}

void cuvee__model_release(cuvee_model *m)
{
    if (!m || atomic_fetch_sub(&m->n_holds, 1) > 1) return;
    atomic_fetch_sub(&n_models, 1);
    cuvee__free(m);
}

const struct tokenizer *cuvee__model_tokenizer(const cuvee_model *m)
{
    (void)m;
    return (const struct tokenizer *)&one_tokenizer;
}

size_t cuvee__model_max_length(const cuvee_model *m)
{
    (void)m;
    return FAKE_MAX_LENGTH;
}

size_t cuvee__model_n_labels(const cuvee_model *m)
{
    (void)m;
    return FAKE_N_LABELS;
}

const char *cuvee__model_label(const cuvee_model *m, size_t i)
{
    (void)m;
    static const char *const labels[FAKE_N_LABELS] = {"red", "white", "rosé"};
    return labels[i];
}

void cuvee__model_describe(const cuvee_model *m, cuvee_model_info *info)
{
    (void)m;
    info->family = "fake";
    info->precision = "bf16"; /* not the default: the pool must ask */
    info->n_labels = FAKE_N_LABELS;
    info->n_layers = info->hidden_size = is_large ? 4096 : 0;
    info->lowercase = 1;
}

int cuvee__model_sha256(const cuvee_model *m, char ret_hex[65], cuvee_error *err)
{
    (void)m, (void)err;
    memset(ret_hex, '0', 64);
    ret_hex[64] = '\0';
    return CUVEE_OK;
}

/* ---- forward pass ---- */

struct workspace {
    size_t max_tokens, max_texts;
    _Atomic int n_users;
};

int cuvee__workspace_create(const cuvee_model *m, size_t max_tokens, size_t max_texts,
                            struct workspace **ret_workspace, cuvee_error *err)
{
    (void)m;
    struct workspace *w = cuvee__calloc(1, sizeof *w);
    if (!w) return cuvee__fail(err, CUVEE_E_NOMEM, "fake workspace");
    w->max_tokens = max_tokens;
    w->max_texts = max_texts;
    *ret_workspace = w;
    return CUVEE_OK;
}

void cuvee__workspace_free(struct workspace *w)
{
    cuvee__free(w);
}

size_t cuvee__workspace_bytes(const struct workspace *w)
{
    return sizeof *w;
}

/* FNV-1a over the ids and types of one text. */
static uint64_t hash_text(const int32_t *ids, const int32_t *types, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint64_t)(ids[i] * 2 + types[i])) * 1099511628211u;
    return h;
}

static void logits_of(const int32_t *ids, const int32_t *types, size_t n, float *logits)
{
    const uint64_t h = hash_text(ids, types, n);
    for (size_t j = 0; j < FAKE_N_LABELS; j++)
        logits[j] = (float)(h >> (20 * j) & 0xFFFFF) / 100000.0f - 5.0f;
    for (size_t i = 0; i < n; i++)
        if (ids[i] == '?' + 10) logits[1] = NAN;
}

static bool signals_are_blocked(void)
{
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    return sigismember(&now, SIGINT) == 1 && sigismember(&now, SIGTERM) == 1;
}

static void run(const struct ragged_batch *batch, const struct workspace *w, float *logits)
{
    require(batch->n_texts >= 1 && batch->n_texts <= w->max_texts);
    require(batch->n_tokens <= w->max_tokens);
    require(batch->starts[0] == 0 && batch->starts[batch->n_texts] == batch->n_tokens);
    pass_gate();
    for (size_t i = 0; i < batch->n_texts; i++) {
        const size_t first = batch->starts[i], n = batch->starts[i + 1] - first;
        require(n >= 1 && n <= FAKE_MAX_LENGTH);
        require(batch->ids[first] == 1 && batch->ids[first + n - 1] == 2);
        logits_of(batch->ids + first, batch->type_ids + first, n, logits + i * FAKE_N_LABELS);
    }
}

/* One chunk, for the leader or a helper. */
void cuvee__forward_share(const struct forward_job *job, struct workspace *own,
                          const _Atomic bool *leave)
{
    require(atomic_fetch_add(&own->n_users, 1) == 0);
    require(strcmp(job->kernels->name, "ref") == 0);
    require(signals_are_blocked());
    require(job->n_expected >= 1 && (own == job->workspace) == !leave);
    if (!job->team) {
        run(&job->batch, job->workspace, job->logits);
    } else if (!leave || !atomic_load(leave)) {
        size_t chunk;
        while (cuvee__team_claim(job->team, job->first_stage, 1, &chunk)) {
            run(&job->batch, job->workspace, job->logits);
            cuvee__team_done(job->team, job->first_stage, 1);
        }
        cuvee__team_wait(job->team, job->first_stage);
    }
    atomic_fetch_sub(&own->n_users, 1);
}

int32_t cuvee__model_scores(const cuvee_model *m, unsigned activation, const float *logits,
                            float *scores)
{
    (void)m;
    int32_t best = 0;
    for (size_t j = 0; j < FAKE_N_LABELS; j++) {
        if (!isfinite(logits[j])) {
            scores[j] = NAN;
            best = -1;
            continue;
        }
        scores[j] = logits[j] + 100.0f * (float)activation; /* tells the activations apart */
        if (best >= 0 && scores[j] > scores[best]) best = (int32_t)j;
    }
    return best;
}

struct fake_row fake_expect(const cuvee_text *text, const cuvee_classify_options *options)
{
    struct fake_row row = {.label = -1};
    struct encoder e = {0};
    struct encoding enc;
    int32_t ids[FAKE_MAX_LENGTH], types[FAKE_MAX_LENGTH];
    float logits[FAKE_N_LABELS];
    const cuvee_classify_options none = CUVEE_OPTIONS(cuvee_classify_options);
    if (!options) options = &none;
    const size_t max_length = options->max_length ? options->max_length : FAKE_MAX_LENGTH;
    row.status = cuvee__encode(&e, text, max_length, options->truncation, ids, types, &enc);
    if (row.status < 0) return row;
    row.tokens = (uint32_t)enc.n;
    row.notes = (enc.truncated ? CUVEE_NOTE_TRUNCATED : 0) |
                (enc.replaced ? CUVEE_NOTE_REPLACED : 0);
    logits_of(ids, types, enc.n, logits);
    row.label = cuvee__model_scores(NULL, options->activation, logits, row.all_scores);
    if (row.label < 0) {
        memset(row.all_scores, 0, sizeof row.all_scores);
        row.status = CUVEE_E_NONFINITE;
    } else {
        row.score = row.all_scores[row.label];
    }
    return row;
}

/* ---- kernels ---- */

static const char *const only_ref[] = {"ref", NULL};

int cuvee__kernels_choose(struct kernels *k, const char *cap, cuvee_error *err)
{
    if (cap && strcmp(cap, "ref") != 0)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "kernel tier '%s' is unknown", cap);
    memset(k, 0, sizeof *k);
    k->name = "ref";
    return CUVEE_OK;
}

const char *const *cuvee__kernels_built(void)
{
    return only_ref;
}

const char *const *cuvee__kernels_usable(void)
{
    return only_ref;
}
