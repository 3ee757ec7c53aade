/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model_weights.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "kernels/pack.h"
#include "model/resolver.h"
#include "os/cpu.h"

struct loader {
    const struct config *config;
    struct resolver resolver;
    struct kernels kernels; /* the machine's best: widening is exact in every tier */
    float *scratch;         /* CUVEE__PANEL rows of the longest matrix row */
    struct model_weights *out;
    unsigned dtypes; /* bit 1 << enum dtype of each tensor that was read */
    cuvee_error *err;
};

static size_t element_bytes(enum dtype dtype)
{
    return dtype == DTYPE_F64 ? 8 : dtype == DTYPE_F32 ? 4 : 2;
}

static void narrow_f64(float *y, const unsigned char *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = cuvee__load_le64(x + 8 * i);
        double value;
        memcpy(&value, &bits, sizeof value);
        y[i] = (float)value; /* too large becomes infinity (IEC 60559), as in torch */
    }
}

void cuvee__tensor_widen(const struct kernels *k, const struct tensor *t, size_t first, size_t n,
                         float *y)
{
    const unsigned char *x = t->data + first * element_bytes(t->dtype);
    switch (t->dtype) {
    case DTYPE_F16:
        k->widen_f16(y, x, n);
        break;
    case DTYPE_BF16:
        k->widen_bf16(y, x, n);
        break;
    case DTYPE_F64:
        narrow_f64(y, x, n);
        break;
    default:
        memcpy(y, x, n * sizeof *y);
        break; /* F32; the resolver lets nothing else through */
    }
}

static int no_memory(const struct loader *l)
{
    return cuvee__fail(l->err, CUVEE_E_NOMEM, "%s: out of memory for weights", l->resolver.dir);
}

/* Find a tensor and count it. */
static int find(struct loader *l, enum role role, size_t layer, enum part part,
                struct expected_shape shape, const struct tensor **ret)
{
    const int rc = cuvee__resolver_find(&l->resolver, role, layer, part, shape, ret, l->err);
    if (rc < 0) return rc;
    l->out->n_parameters += (*ret)->n_elements;
    l->dtypes |= 1u << (*ret)->dtype;
    return CUVEE_OK;
}

/* n floats and zeros up to a whole panel; NULL when out of memory. */
static float *alloc_padded(size_t n)
{
    const size_t bytes =
        cuvee__round_up(n, CUVEE__PANEL) * sizeof(float); /* n is capped by config.h */
    float *y = cuvee__alloc_aligned(bytes);
    if (y) memset(y, 0, bytes);
    return y;
}

/* Copy a vector of n to y. */
static int read_vector(struct loader *l, enum role role, size_t layer, enum part part, size_t n,
                       float *y)
{
    const struct tensor *t;
    const int rc = find(l, role, layer, part, (struct expected_shape){.dims = {n}}, &t);
    if (rc < 0) return rc;
    cuvee__tensor_widen(&l->kernels, t, 0, n, y);
    return CUVEE_OK;
}

static int load_norm(struct loader *l, enum role role, size_t layer, struct norm *norm)
{
    const size_t n = l->config->hidden_size;
    norm->gamma = alloc_padded(n);
    norm->beta = alloc_padded(n);
    if (!norm->gamma || !norm->beta) return no_memory(l);
    const int rc = read_vector(l, role, layer, PART_WEIGHT, n, norm->gamma);
    return rc < 0 ? rc : read_vector(l, role, layer, PART_BIAS, n, norm->beta);
}

static int alloc_linear(const struct loader *l, size_t n, size_t k, struct linear *linear)
{
    size_t bytes;
    if (!cuvee__packed_bytes(WEIGHT_F32, n, k, &bytes)) return no_memory(l);
    linear->panels = cuvee__alloc_aligned(bytes);
    linear->w = (struct packed){.type = WEIGHT_F32, .n = n, .k = k, .panels = linear->panels};
    linear->bias = alloc_padded(n);
    return linear->panels && linear->bias ? CUVEE_OK : no_memory(l);
}

static int find_matrix(struct loader *l, enum role role, size_t layer, size_t n, size_t k,
                       const struct tensor **ret)
{
    return find(l, role, layer, PART_WEIGHT, (struct expected_shape){.dims = {n, k}}, ret);
}

/* Pack weight t and the bias of the same module into a linear layer of its shape, or a part of a
 * fused one. */
static int fill_linear(struct loader *l, enum role role, size_t layer, const struct tensor *t,
                       struct linear dst)
{
    const size_t n = dst.w.n, k = dst.w.k;
    for (size_t row = 0; row < n; row += CUVEE__PANEL) {
        const size_t rows = cuvee__min(CUVEE__PANEL, n - row);
        cuvee__tensor_widen(&l->kernels, t, row * k, rows * k, l->scratch);
        cuvee__pack_rows(&dst.w, dst.panels, row, rows, l->scratch, k);
    }
    cuvee__tensor_release(l->resolver.checkpoint, t);
    return read_vector(l, role, layer, PART_BIAS, n, dst.bias);
}

/* The tensor is found, and with it the shape proved, before memory of that shape is asked for. */
static int load_linear(struct loader *l, enum role role, size_t layer, size_t n, size_t k,
                       struct linear *linear)
{
    const struct tensor *t;
    int rc = find_matrix(l, role, layer, n, k, &t);
    if (rc == CUVEE_OK) rc = alloc_linear(l, n, k, linear);
    return rc < 0 ? rc : fill_linear(l, role, layer, t, *linear);
}

/* See model_weights.h. t: the last layer's key weight. */
static int load_absorbed_key(struct loader *l, const struct tensor *t)
{
    const size_t d = l->config->hidden_size, n_heads = l->config->n_heads, head_size = d / n_heads;
    const size_t d_padded = cuvee__round_up(d, CUVEE__PANEL);
    struct linear *key = &l->out->absorbed_key;
    if (head_size % CUVEE__PANEL) return CUVEE_OK;
    int rc = alloc_linear(l, n_heads * d_padded, head_size, key);
    float *rows = cuvee__alloc_array(head_size, d * sizeof *rows);
    if (!rows && rc == CUVEE_OK) rc = no_memory(l);
    for (size_t h = 0; rc == CUVEE_OK && h < n_heads; h++) {
        const struct packed head = cuvee__packed_columns(&key->w, h * d_padded, d);
        cuvee__tensor_widen(&l->kernels, t, h * head_size * d, head_size * d, rows);
        cuvee__pack_f32_transposed(&head, key->panels + h * d_padded * head_size, rows, d);
    }
    cuvee__free(rows);
    return rc;
}

static int load_qkv(struct loader *l, size_t layer, struct linear *qkv)
{
    static const enum role roles[3] = {ROLE_QUERY, ROLE_KEY, ROLE_VALUE};
    const size_t d = l->config->hidden_size, d_padded = cuvee__round_up(d, CUVEE__PANEL);
    const struct tensor *tensors[3];
    int rc = CUVEE_OK;
    for (size_t i = 0; i < 3 && rc == CUVEE_OK; i++)
        rc = find_matrix(l, roles[i], layer, d, d, &tensors[i]);
    if (rc == CUVEE_OK) rc = alloc_linear(l, 3 * d_padded, d, qkv);
    if (rc == CUVEE_OK && layer + 1 == l->config->n_layers) rc = load_absorbed_key(l, tensors[1]);
    for (size_t i = 0; i < 3 && rc == CUVEE_OK; i++) {
        const struct linear part = {
            .w = cuvee__packed_columns(&qkv->w, i * d_padded, d),
            .panels = qkv->panels + i * d_padded * d,
            .bias = qkv->bias + i * d_padded,
        };
        rc = fill_linear(l, roles[i], layer, tensors[i], part);
    }
    return rc;
}

static int load_layer(struct loader *l, size_t i, struct layer *layer)
{
    const size_t d = l->config->hidden_size, f = l->config->intermediate_size;
    int rc;
    if ((rc = load_qkv(l, i, &layer->qkv)) < 0) return rc;
    if ((rc = load_linear(l, ROLE_ATTENTION_OUT, i, d, d, &layer->attention_out)) < 0) return rc;
    if ((rc = load_norm(l, ROLE_ATTENTION_NORM, i, &layer->attention_norm)) < 0) return rc;
    if ((rc = load_linear(l, ROLE_FFN_UP, i, f, d, &layer->ffn_up)) < 0) return rc;
    if ((rc = load_linear(l, ROLE_FFN_DOWN, i, d, f, &layer->ffn_down)) < 0) return rc;
    return load_norm(l, ROLE_FFN_NORM, i, &layer->ffn_norm);
}

static int load_embeddings(struct loader *l)
{
    const struct config *c = l->config;
    struct model_weights *w = l->out;
    const struct expected_shape words = {{c->vocab_size, c->hidden_size}, .more_rows_fine = true};
    const struct expected_shape positions = {{c->max_positions, c->hidden_size}, false};
    const struct expected_shape types = {{c->n_types, c->hidden_size}, false};
    int rc;
    if ((rc = find(l, ROLE_WORD, 0, PART_WEIGHT, words, &w->word)) < 0) return rc;
    /* Read even where the config says sinusoidal: what is stored is what the model was trained
     * with. */
    if ((rc = find(l, ROLE_POSITION, 0, PART_WEIGHT, positions, &w->position)) < 0) return rc;
    if (c->n_types && (rc = find(l, ROLE_TYPE, 0, PART_WEIGHT, types, &w->type)) < 0) return rc;
    return load_norm(l, ROLE_EMBED_NORM, 0, &w->embed_norm);
}

static int load_all(struct loader *l)
{
    const struct config *c = l->config;
    struct model_weights *w = l->out;
    const size_t longest_row = cuvee__max(c->hidden_size, c->intermediate_size);
    l->scratch = cuvee__alloc_array(CUVEE__PANEL * longest_row, sizeof *l->scratch);
    w->layers = cuvee__calloc(c->n_layers, sizeof *w->layers);
    if (!l->scratch || !w->layers) return no_memory(l);
    w->n_layers = c->n_layers;

    int rc = load_embeddings(l);
    for (size_t i = 0; i < c->n_layers && rc == CUVEE_OK; i++) rc = load_layer(l, i, &w->layers[i]);
    if (rc < 0) return rc;
    if ((rc = load_linear(l, ROLE_HEAD_DENSE, 0, c->hidden_size, c->hidden_size, &w->head_dense)) <
        0)
        return rc;
    if ((rc = load_linear(l, ROLE_HEAD_OUT, 0, c->n_labels, c->hidden_size, &w->head_out)) < 0)
        return rc;
    return cuvee__resolver_finish(&l->resolver, l->err);
}

static const char *dtype_text(unsigned dtypes)
{
    switch (dtypes) {
    case 1u << DTYPE_F32:
        return "f32";
    case 1u << DTYPE_F16:
        return "f16";
    case 1u << DTYPE_BF16:
        return "bf16";
    case 1u << DTYPE_F64:
        return "f64";
    default:
        return "mixed";
    }
}

int cuvee__weights_load(const struct config *config, const struct checkpoint *checkpoint,
                        const char *dir, struct model_weights *ret, cuvee_error *err)
{
    struct model_weights w = {0};
    struct loader l = {.config = config, .out = &w, .err = err};
    cuvee__kernels_init(&l.kernels, cuvee__cpu_isa());
    int rc = cuvee__resolver_init(&l.resolver, config->family, checkpoint, dir, err);
    if (rc == CUVEE_OK) rc = load_all(&l);
    if (rc == CUVEE_OK) {
        w.dtype = dtype_text(l.dtypes);
        *ret = w;
    } else {
        cuvee__weights_deinit(&w);
    }
    cuvee__free(l.scratch);
    cuvee__resolver_deinit(&l.resolver);
    return rc;
}

static void deinit_linear(struct linear *linear)
{
    cuvee__free(linear->panels);
    cuvee__free(linear->bias);
}

static void deinit_norm(struct norm *norm)
{
    cuvee__free(norm->gamma);
    cuvee__free(norm->beta);
}

void cuvee__weights_deinit(struct model_weights *w)
{
    for (size_t i = 0; i < w->n_layers; i++) {
        struct layer *layer = &w->layers[i];
        deinit_linear(&layer->qkv);
        deinit_linear(&layer->attention_out);
        deinit_norm(&layer->attention_norm);
        deinit_linear(&layer->ffn_up);
        deinit_linear(&layer->ffn_down);
        deinit_norm(&layer->ffn_norm);
    }
    cuvee__free(w->layers);
    deinit_norm(&w->embed_norm);
    deinit_linear(&w->absorbed_key);
    deinit_linear(&w->head_dense);
    deinit_linear(&w->head_out);
    *w = (struct model_weights){0};
}
