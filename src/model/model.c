/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a model directory and answering questions about it. */
#include "model/model.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/model_parts.h"
#include "os/file.h"

static void free_model(cuvee_model *m)
{
    cuvee__weights_deinit(&m->weights); /* before the checkpoint: the tables point into it */
    cuvee__tokenizer_close(m->tokenizer);
    cuvee__checkpoint_close(m->checkpoint);
    cuvee__config_deinit(&m->config);
    cuvee__free(m->path);
    cuvee__free(m);
}

static int set_max_length(cuvee_model *m, cuvee_error *err)
{
    const size_t tokenizer_limit = cuvee__tokenizer_max_length(m->tokenizer);
    m->max_length = m->config.max_positions;
    if (tokenizer_limit) m->max_length = cuvee__min(m->max_length, tokenizer_limit);
    const size_t n_special = cuvee__tokenizer_n_special(m->tokenizer, true);
    if (m->max_length > n_special) return CUVEE_OK;
    return cuvee__fail(
        err, CUVEE_E_FORMAT,
        "%s: texts are limited to %zu tokens (max_position_embeddings, model_max_length), "
        "and a pair has %zu special ones",
        m->path, m->max_length, n_special);
}

static int open_parts(cuvee_model *m, cuvee_error *err)
{
    int rc;
    if ((rc = cuvee__config_read(m->path, &m->config, err)) < 0) return rc;
    if ((rc = cuvee__checkpoint_open(m->path, &m->checkpoint, err)) < 0) return rc;
    if ((rc = cuvee__weights_load(&m->config, m->checkpoint, m->path, &m->weights, err)) < 0)
        return rc;
    const size_t n_rows = m->weights.word->dims[0];
    if ((rc = cuvee__tokenizer_open(m->path, n_rows, &m->tokenizer, err)) < 0) return rc;
    return set_max_length(m, err);
}

int cuvee__model_open_with(const char *path, const cuvee_model_options *options,
                           cuvee_model **ret_model, cuvee_error *err)
{
    if (options && options->precision > CUVEE_PRECISION_F32)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s: this precision is not built", path);
    /* What does not exist, or must not be looked at, is told by config.json with the system's
     * reason. */
    if (cuvee__file_exists(path) && !cuvee__path_is_directory(path))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: not a directory; a model is one", path);
    cuvee_model *m = cuvee__calloc(1, sizeof *m);
    if (!m) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    atomic_init(&m->n_holds, 1);
    m->path = cuvee__strndup(path, strlen(path));
    const int rc =
        m->path ? open_parts(m, err) : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    if (rc < 0) {
        free_model(m);
        return rc;
    }
    *ret_model = m;
    return CUVEE_OK;
}

void cuvee__model_acquire(cuvee_model *m)
{
    atomic_fetch_add_explicit(&m->n_holds, 1, memory_order_relaxed);
}

void cuvee__model_release(cuvee_model *m)
{
    if (!m) return;
    /* Release: our reads are done. Acquire by the last one: so are everybody's. */
    if (atomic_fetch_sub_explicit(&m->n_holds, 1, memory_order_acq_rel) == 1) free_model(m);
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
    return m->config.n_labels;
}

const char *cuvee__model_label(const cuvee_model *m, size_t i)
{
    return i < m->config.n_labels ? m->config.labels[i] : NULL;
}

void cuvee__model_describe(const cuvee_model *m, cuvee_model_info *info)
{
    const struct config *c = &m->config;
    *info = (cuvee_model_info){
        .struct_size = info->struct_size,
        .path = m->path,
        .family = c->family->model_type,
        .architecture = c->family->architecture,
        .weights_dtype = m->weights.dtype,
        .tokenizer = cuvee__tokenizer_kind(m->tokenizer),
        .activation = c->act_name,
        .problem_type = cuvee__problem_name(c->problem),
        .n_parameters = m->weights.n_parameters,
        .weights_file_bytes = cuvee__checkpoint_total_bytes(m->checkpoint),
        .n_layers = (uint32_t)c->n_layers, /* config.h caps all of these */
        .hidden_size = (uint32_t)c->hidden_size,
        .n_heads = (uint32_t)c->n_heads,
        .intermediate_size = (uint32_t)c->intermediate_size,
        .vocab_size = (uint32_t)c->vocab_size,
        .max_length = (uint32_t)m->max_length,
        .n_labels = (uint32_t)c->n_labels,
        .lowercase = cuvee__tokenizer_lowercases(m->tokenizer),
        .precision = "f32",
    };
}

int cuvee__model_sha256(const cuvee_model *m, char ret_hex[65], cuvee_error *err)
{
    return cuvee__checkpoint_sha256(m->checkpoint, ret_hex, err);
}

int cuvee__model_pack(const char *dir, const char *file, const cuvee_pack_options *options,
                      cuvee_error *err)
{
    (void)options, (void)file;
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s: packing is not built", dir);
}

int cuvee__model_verify(const char *file, cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s: packing is not built", file);
}

int cuvee__model_cache_visit(const char *cache_dir,
                             int (*visit)(void *user, const cuvee_cache_entry *entry), void *user,
                             cuvee_error *err)
{
    (void)cache_dir, (void)visit, (void)user, (void)err;
    return CUVEE_OK;
}
