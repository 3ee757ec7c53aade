/* SPDX-License-Identifier: Apache-2.0 */
#include "model/calibrate.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/calibration_texts.h"
#include "model/model_parts.h"

struct watch {
    size_t layer;
    struct layer_stats *stats;
};

static void see(void *user, enum stage stage, size_t layer, const float *rows, size_t ld,
                size_t n_rows, size_t k)
{
    const struct watch *w = user;
    (void)k;
    if (layer != w->layer) return;
    if (stage == STAGE_QKV) cuvee__input_stats_add(&w->stats->qkv, n_rows, rows, ld);
    if (stage == STAGE_ATTENTION_OUT)
        cuvee__input_stats_add(&w->stats->attention_out, n_rows, rows, ld);
    if (stage == STAGE_FFN_UP) cuvee__input_stats_add(&w->stats->ffn_up, n_rows, rows, ld);
    if (stage == STAGE_FFN_DOWN) cuvee__input_stats_add(&w->stats->ffn_down, n_rows, rows, ld);
}

/* One text at a time: nobody waits for this, and the sums then come in one order. */
static int run(const cuvee_model *m, const cuvee_text *text, struct encoder *encoder,
               struct workspace *w, const struct kernels *k, int32_t *ids, float *logits)
{
    int32_t *type_ids = ids + m->max_length;
    struct encoding e;
    const int rc =
        cuvee__encode(encoder, text, m->max_length, CUVEE_TRUNCATE_RIGHT, ids, type_ids, &e);
    if (rc < 0) return rc;
    const uint32_t starts[2] = {0, (uint32_t)e.n};
    const struct ragged_batch batch = {1, e.n, ids, type_ids, starts};
    cuvee__forward(m, k, w, &batch, logits);
    return CUVEE_OK;
}

static int init_stats(const struct config *c, struct layer_stats *s, cuvee_error *err)
{
    int rc = cuvee__input_stats_init(&s->qkv, c->hidden_size, err);
    if (rc == CUVEE_OK) rc = cuvee__input_stats_init(&s->attention_out, c->hidden_size, err);
    if (rc == CUVEE_OK) rc = cuvee__input_stats_init(&s->ffn_up, c->hidden_size, err);
    return rc < 0 ? rc : cuvee__input_stats_init(&s->ffn_down, c->intermediate_size, err);
}

int cuvee__calibrate(const cuvee_model *m, const cuvee_text *texts, size_t n, size_t layer,
                     struct layer_stats *ret, cuvee_error *err)
{
    *ret = (struct layer_stats){0};
    struct watch watch = {layer, ret};
    const struct observer observer = {see, &watch};
    struct kernels kernels;
    struct encoder *encoder = NULL;
    struct workspace *w = NULL;
    int32_t *ids = cuvee__alloc_array(2 * m->max_length, sizeof *ids);
    float *logits = cuvee__alloc_array(m->config.n_labels, sizeof *logits);
    int rc = CUVEE_OK;
    if (!ids || !logits) rc = cuvee__fail(err, CUVEE_E_NOMEM, "calibration: out of memory");
    if (rc == CUVEE_OK) rc = cuvee__kernels_choose(&kernels, NULL, err);
    if (rc == CUVEE_OK) rc = init_stats(&m->config, ret, err);
    if (rc == CUVEE_OK) rc = cuvee__encoder_create(m->tokenizer, &encoder, err);
    if (rc == CUVEE_OK) rc = cuvee__workspace_create(m, m->max_length, 1, &w, err);
    if (rc == CUVEE_OK) {
        w->observer = &observer;
        w->last_layer = LAST_LAYER_FULL; /* else it would show few rows */
    }
    const size_t n_texts = n ? n : cuvee__n_calibration_texts;
    for (size_t i = 0; i < n_texts && rc == CUVEE_OK; i++) {
        const char *own = n ? NULL : cuvee__calibration_texts[i];
        const cuvee_text text = n ? texts[i] : (cuvee_text){.ptr = own, .len = strlen(own)};
        rc = run(m, &text, encoder, w, &kernels, ids, logits);
        if (rc < 0) cuvee__fail(err, rc, "calibration text %zu: %s", i, cuvee_code_name(rc));
    }
    if (rc == CUVEE_OK) {
        cuvee__input_stats_finish(&ret->qkv);
        cuvee__input_stats_finish(&ret->attention_out);
        cuvee__input_stats_finish(&ret->ffn_up);
        cuvee__input_stats_finish(&ret->ffn_down);
    }
    cuvee__workspace_free(w);
    cuvee__encoder_free(encoder);
    cuvee__free(ids);
    cuvee__free(logits);
    return rc;
}

void cuvee__layer_stats_deinit(struct layer_stats *s)
{
    cuvee__input_stats_deinit(&s->qkv);
    cuvee__input_stats_deinit(&s->attention_out);
    cuvee__input_stats_deinit(&s->ffn_up);
    cuvee__input_stats_deinit(&s->ffn_down);
}
