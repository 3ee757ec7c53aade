/* SPDX-License-Identifier: Apache-2.0
 *
 * Holding an open model and answering questions about it; model_open.c opens one. */
#include "model/model.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/external.h"
#include "model/model_parts.h"
#include "os/file.h"

void cuvee__model_reset(cuvee_model *m)
{
    cuvee__weights_deinit(&m->weights); /* before the image, which all of these point into */
    cuvee__tokenizer_close(m->tokenizer);
    cuvee__config_deinit(&m->config);
    cuvee__file_map_close(&m->map);
    cuvee__checkpoint_close(m->checkpoint);
    cuvee__free(m->packed_path);
    cuvee__free(m->cache_note);
    m->tokenizer = NULL;
    m->checkpoint = NULL;
    m->packed_path = m->cache_note = NULL;
    m->weights_dtype = NULL;
    m->source_sha256[0] = '\0';
}

int cuvee__model_wrap(struct external_model *external, cuvee_model **ret_model, cuvee_error *err)
{
    cuvee_model *m = cuvee__calloc(1, sizeof *m);
    if (!m) {
        external->ops->close(external);
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a model");
    }
    atomic_init(&m->n_holds, 1);
    m->external = external;
    *ret_model = m;
    return CUVEE_OK;
}

struct external_model *cuvee__model_external(const cuvee_model *m)
{
    return m->external;
}

void cuvee__model_acquire(cuvee_model *m)
{
    atomic_fetch_add_explicit(&m->n_holds, 1, memory_order_relaxed);
}

void cuvee__model_release(cuvee_model *m)
{
    if (!m) return;
    /* Release: our reads are done. Acquire by the last one: so are everybody's. */
    if (atomic_fetch_sub_explicit(&m->n_holds, 1, memory_order_acq_rel) > 1) return;
    if (m->external)
        m->external->ops->close(m->external);
    else
        cuvee__model_reset(m);
    cuvee__free(m->path);
    cuvee__free(m);
}

const struct tokenizer *cuvee__model_tokenizer(const cuvee_model *m)
{
    return m->tokenizer;
}

size_t cuvee__model_max_length(const cuvee_model *m)
{
    return m->max_length;
}

size_t cuvee__model_n_labels(const cuvee_model *m)
{
    if (m->external) return m->external->ops->n_labels(m->external);
    return m->config.n_labels;
}

const char *cuvee__model_label(const cuvee_model *m, size_t i)
{
    if (m->external)
        return i < cuvee__model_n_labels(m) ? m->external->ops->label(m->external, i) : NULL;
    return i < m->config.n_labels ? m->config.labels[i] : NULL;
}

static void describe_external(const struct external_model *external, cuvee_model_info *info)
{
    *info = (cuvee_model_info){.struct_size = info->struct_size,
                               .n_labels = (uint32_t)external->ops->n_labels(external)};
    external->ops->describe(external, info);
}

void cuvee__model_describe(const cuvee_model *m, cuvee_model_info *info)
{
    const struct config *c = &m->config;
    if (m->external) {
        describe_external(m->external, info);
        return;
    }
    *info = (cuvee_model_info){
        .struct_size = info->struct_size,
        .path = m->path,
        .family = c->family->model_type,
        .architecture = c->family->architecture,
        .weights_dtype = m->weights_dtype,
        .tokenizer = cuvee__tokenizer_kind(m->tokenizer),
        .activation = c->act_name,
        .problem_type = cuvee__problem_name(c->problem),
        .n_parameters = m->n_parameters,
        .weights_file_bytes = m->weights_file_bytes,
        .n_layers = (uint32_t)c->n_layers, /* config.h caps all of these */
        .hidden_size = (uint32_t)c->hidden_size,
        .n_heads = (uint32_t)c->n_heads,
        .intermediate_size = (uint32_t)c->intermediate_size,
        .vocab_size = (uint32_t)c->vocab_size,
        .max_length = (uint32_t)m->max_length,
        .n_labels = (uint32_t)c->n_labels,
        .lowercase = cuvee__tokenizer_lowercases(m->tokenizer),
        .precision = cuvee__precision_name(m->image.header->precision),
        .packed_path = m->packed_path,
        .cache_note = m->cache_note,
        .source_sha256 = m->source_sha256[0] ? m->source_sha256 : NULL,
        .packed_bytes = m->image.header->file_bytes,
        .packed_layout = m->image.header->layout,
    };
}

int cuvee__model_sha256(const cuvee_model *m, char ret_hex[65], cuvee_error *err)
{
    if (m->external) {
        cuvee_model_info info = {0};
        describe_external(m->external, &info);
        memcpy(ret_hex, info.source_sha256, 65);
        return CUVEE_OK;
    }
    if (m->checkpoint) return cuvee__checkpoint_sha256(m->checkpoint, ret_hex, err);
    memcpy(ret_hex, m->image.header->origin.weights, 64);
    ret_hex[64] = '\0';
    return CUVEE_OK;
}
