/* SPDX-License-Identifier: Apache-2.0
 *
 * From a model directory to an image, section by section: a tensor is found, widened a panel of
 * rows at a time, packed and written, and its mapped pages are let go. So packing needs little
 * memory, whatever the size of the model. */
#include "model/image.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/calibrate.h"
#include "model/int8_matrix.h"
#include "model/resolver.h"
#include "os/cpu.h"

struct packer {
    const struct pack_request *request;
    struct packed_writer *writer;
    const struct config *config;
    struct resolver resolver;
    struct kernels kernels; /* the machine's best: widening is exact in every tier */
    float *rows;            /* CUVEE__PANEL rows of the longest matrix row */
    float *panel;           /* the same, packed */
    const struct tensor *last_key; /* the weight, of the layer that was packed last */
    size_t n_words;         /* rows of the word table */
    uint64_t n_parameters;  /* elements of all tensors that were read */
    unsigned dtypes;        /* bit 1 << enum dtype of each of them */
    cuvee_error *err;
};

/* ---- tensors ---- */

static int no_memory(const struct packer *p)
{
    return cuvee__fail(p->err, CUVEE_E_NOMEM, "%s: out of memory for weights", p->request->dir);
}

/* Find a tensor and count it. */
static int find(struct packer *p, enum role role, size_t layer, enum part part,
                struct expected_shape shape, const struct tensor **ret)
{
    const int rc = cuvee__resolver_find(&p->resolver, role, layer, part, shape, ret, p->err);
    if (rc < 0) return rc;
    p->n_parameters += (*ret)->n_elements;
    p->dtypes |= 1u << (*ret)->dtype;
    return CUVEE_OK;
}

static int find_matrix(struct packer *p, enum role role, size_t layer, size_t n, size_t k,
                       const struct tensor **ret)
{
    return find(p, role, layer, PART_WEIGHT, (struct expected_shape){.dims = {n, k}}, ret);
}

/* ---- sections ---- */

static struct packed_section section(enum image_kind kind, enum role role, size_t layer,
                                     enum part part)
{
    return (struct packed_section){
        .kind = kind, .role = role, .layer = (uint32_t)layer, .part = part};
}

/* Append a vector of n, with zeros up to a whole panel, to the current section; shift (NULL =
 * zeros) is added. */
static int append_vector(struct packer *p, enum role role, size_t layer, enum part part, size_t n,
                         const float *shift)
{
    const struct tensor *t;
    const int rc = find(p, role, layer, part, (struct expected_shape){.dims = {n}}, &t);
    if (rc < 0) return rc;
    const size_t padded = cuvee__round_up(n, CUVEE__PANEL);
    memset(p->rows + n, 0, (padded - n) * sizeof(float));
    cuvee__tensor_widen(&p->kernels, t, 0, n, p->rows);
    for (size_t i = 0; shift && i < n; i++) p->rows[i] += shift[i];
    return cuvee__packed_append(p->writer, p->rows, padded * sizeof(float), p->err);
}

static int pack_vector(struct packer *p, enum role role, size_t layer, enum part part, size_t n)
{
    struct packed_section s = section(IMAGE_VECTOR, role, layer, part);
    s.dims[0] = n;
    const int rc = cuvee__packed_begin(p->writer, &s, p->err);
    return rc < 0 ? rc : append_vector(p, role, layer, part, n, NULL);
}

static int pack_norm(struct packer *p, enum role role, size_t layer)
{
    const size_t n = p->config->hidden_size;
    const int rc = pack_vector(p, role, layer, PART_WEIGHT, n);
    return rc < 0 ? rc : pack_vector(p, role, layer, PART_BIAS, n);
}

/* As it is stored. A megabyte at a time is in the footprint. */
static int pack_table(struct packer *p, enum role role, struct expected_shape shape)
{
    const struct tensor *t;
    int rc = find(p, role, 0, PART_WEIGHT, shape, &t);
    if (rc < 0) return rc;
    struct packed_section s = section(IMAGE_TABLE, role, 0, PART_WEIGHT);
    s.type = t->dtype;
    s.dims[0] = t->dims[0];
    s.dims[1] = t->dims[1];
    if (role == ROLE_WORD) p->n_words = t->dims[0];
    rc = cuvee__packed_begin(p->writer, &s, p->err);
    const size_t step = (size_t)1 << 20;
    for (size_t off = 0; off < t->n_bytes && rc == CUVEE_OK; off += step) {
        const size_t n = cuvee__min(step, t->n_bytes - off);
        rc = cuvee__packed_append(p->writer, t->data + off, n, p->err);
        cuvee__tensor_release(p->resolver.checkpoint, t);
    }
    return rc;
}

/* Panels of a matrix, or of the part of a fused one that begins at output column first; ends at a
 * panel border, padded with zeros. int8: where integers go through, for that type. */
static int append_panels(struct packer *p, enum weight_type type, const struct tensor *t,
                         size_t first, struct int8_matrix *int8)
{
    const size_t n = t->dims[0], k = t->dims[1];
    int rc = CUVEE_OK;
    for (size_t row = 0; row < n && rc == CUVEE_OK; row += CUVEE__PANEL) {
        const struct packed one = {.type = type, .n = cuvee__min(CUVEE__PANEL, n - row), .k = k};
        size_t bytes;
        if (!cuvee__packed_bytes(type, one.n, k, &bytes)) return no_memory(p);
        cuvee__tensor_widen(&p->kernels, t, row * k, one.n * k, p->rows);
        if (type == WEIGHT_INT8)
            rc = cuvee__int8_matrix_pack(int8, first + row, one.n, p->rows, p->panel, p->err);
        else
            cuvee__pack_rows(&one, p->panel, 0, one.n, p->rows, k);
        if (rc == CUVEE_OK) rc = cuvee__packed_append(p->writer, p->panel, bytes, p->err);
    }
    if (rc == CUVEE_E_FORMAT) /* a weight that is not finite; the quantiser knows no names */
        cuvee__error_prefix(p->err, "%s: tensor '%s'", p->request->dir, t->name);
    cuvee__tensor_release(p->resolver.checkpoint, t);
    return rc;
}

/* The transpose of one head's rows of the key weight: n_heads such blocks, see struct
 * model_weights. */
static int append_transposed(struct packer *p, enum weight_type type, const struct tensor *key,
                             size_t head, float *block)
{
    const size_t d = p->config->hidden_size, head_size = d / p->config->n_heads;
    cuvee__tensor_widen(&p->kernels, key, head * head_size * d, head_size * d, block);
    int rc = CUVEE_OK;
    for (size_t row = 0; row < d && rc == CUVEE_OK; row += CUVEE__PANEL) {
        const struct packed one = {
            .type = type, .n = cuvee__min(CUVEE__PANEL, d - row), .k = head_size};
        size_t bytes;
        if (!cuvee__packed_bytes(type, one.n, one.k, &bytes)) return no_memory(p);
        for (size_t j = 0; j < one.n; j++)
            for (size_t i = 0; i < head_size; i++)
                p->rows[j * head_size + i] = block[i * d + row + j];
        cuvee__pack_rows(&one, p->panel, 0, one.n, p->rows, head_size);
        rc = cuvee__packed_append(p->writer, p->panel, bytes, p->err);
    }
    return rc;
}

static int pack_absorbed_key(struct packer *p, const struct tensor *key)
{
    const struct config *c = p->config;
    const size_t head_size = c->hidden_size / c->n_heads;
    const bool is_narrow = p->request->precision != CUVEE_PRECISION_F32;
    if (!cuvee__can_absorb(c)) return CUVEE_OK;
    struct packed_section s = section(IMAGE_ABSORBED_KEY, ROLE_KEY, c->n_layers - 1, PART_WEIGHT);
    s.type = is_narrow ? WEIGHT_BF16 : WEIGHT_F32;
    s.dims[0] = c->n_heads * cuvee__round_up(c->hidden_size, CUVEE__PANEL);
    s.dims[1] = head_size;
    float *block = cuvee__alloc_array(head_size, c->hidden_size * sizeof *block);
    if (!block) return no_memory(p);
    int rc = cuvee__packed_begin(p->writer, &s, p->err);
    for (size_t h = 0; h < c->n_heads && rc == CUVEE_OK; h++)
        rc = append_transposed(p, (enum weight_type)s.type, key, h, block);
    cuvee__free(block);
    return rc;
}

/* The head runs once per text: it costs nothing to keep it exact. */
static enum weight_type weight_type_of(const struct packer *p, enum role role)
{
    if (role == ROLE_HEAD_DENSE || role == ROLE_HEAD_OUT) return WEIGHT_F32;
    switch (p->request->precision) {
    case CUVEE_PRECISION_BF16:
        return WEIGHT_BF16;
    case CUVEE_PRECISION_INT8:
        return WEIGHT_INT8;
    default:
        return WEIGHT_F32;
    }
}

/* What follows the panels of an int8 matrix. */
static int pack_int8_parts(struct packer *p, struct packed_section s, const struct int8_matrix *q)
{
    const size_t bytes = cuvee__round_up(q->shape.n, CUVEE__PANEL) * sizeof(float);
    const float *input_scales = cuvee__quantizer_input_scales(q->quantizer);
    s.kind = IMAGE_SCALES;
    int rc = cuvee__packed_put(p->writer, &s, q->scales, bytes, p->err);
    s.kind = IMAGE_SUMS;
    if (rc == CUVEE_OK) rc = cuvee__packed_put(p->writer, &s, q->sums, bytes, p->err);
    s.kind = IMAGE_INPUT_SCALES;
    if (rc == CUVEE_OK)
        rc = cuvee__packed_put(p->writer, &s, input_scales,
                               input_scales ? q->shape.k * sizeof(float) : 0, p->err);
    return rc;
}

/* What is packed into one matrix: n_roles matrices (n,k) one below the other, each from a panel
 * border. It is known by the first role. */
struct linear_plan {
    const enum role *roles;
    size_t n_roles, layer, n, k;
    struct input_stats *stats; /* of the inputs, for int8; or NULL */
};

static int write_linear(struct packer *p, const struct linear_plan *l,
                        const struct tensor *const *tensors, struct int8_matrix *int8)
{
    const size_t step = cuvee__round_up(l->n, CUVEE__PANEL);
    struct packed_section s = section(IMAGE_MATRIX, l->roles[0], l->layer, PART_WEIGHT);
    s.type = weight_type_of(p, l->roles[0]);
    s.dims[0] = l->n_roles == 1 ? l->n : l->n_roles * step;
    s.dims[1] = l->k;
    int rc = cuvee__packed_begin(p->writer, &s, p->err);
    for (size_t i = 0; i < l->n_roles && rc == CUVEE_OK; i++)
        rc = append_panels(p, (enum weight_type)s.type, tensors[i], i * step, int8);
    if (s.type == WEIGHT_INT8 && rc == CUVEE_OK) {
        struct packed_section *written = cuvee__packed_current(p->writer);
        written->extra[0] = int8->shape.activation_max;
        written->extra[1] = int8->shape.run; /* known when all rows are packed */
        written->extra[2] = int8->shape.rotation;
        rc = pack_int8_parts(p, s, int8);
    }

    const size_t rows = s.dims[0];
    s = section(IMAGE_VECTOR, l->roles[0], l->layer, PART_BIAS);
    s.dims[0] = rows;
    if (rc == CUVEE_OK) rc = cuvee__packed_begin(p->writer, &s, p->err);
    for (size_t i = 0; i < l->n_roles && rc == CUVEE_OK; i++)
        rc = append_vector(p, l->roles[i], l->layer, PART_BIAS, l->n,
                           int8->bias_shift ? int8->bias_shift + i * step : NULL);
    return rc;
}

/* All tensors are found, and with them the shapes proved, before anything is written. */
static int pack_linear(struct packer *p, const struct linear_plan *l)
{
    const struct tensor *tensors[3];
    struct int8_matrix int8 = {0};
    int rc = CUVEE_OK;
    for (size_t i = 0; i < l->n_roles && rc == CUVEE_OK; i++)
        rc = find_matrix(p, l->roles[i], l->layer, l->n, l->k, &tensors[i]);
    if (rc < 0) return rc;
    if (l->n_roles == 3) p->last_key = tensors[1];
    if (weight_type_of(p, l->roles[0]) == WEIGHT_INT8) {
        const size_t padded = l->n_roles * cuvee__round_up(l->n, CUVEE__PANEL);
        rc = cuvee__int8_matrix_init(&int8, l->n_roles == 1 ? l->n : padded, l->k, l->stats,
                                     p->err);
    }
    if (rc == CUVEE_OK) rc = write_linear(p, l, tensors, &int8);
    cuvee__int8_matrix_deinit(&int8);
    return rc;
}

static int pack_single(struct packer *p, enum role role, size_t layer, size_t n, size_t k,
                       struct input_stats *stats)
{
    const struct linear_plan l = {&role, 1, layer, n, k, stats};
    return pack_linear(p, &l);
}

/* ---- the walk ---- */

static int pack_layer_with(struct packer *p, size_t i, struct layer_stats *stats)
{
    static const enum role qkv[] = {ROLE_QUERY, ROLE_KEY, ROLE_VALUE};
    const size_t d = p->config->hidden_size, f = p->config->intermediate_size;
    const struct linear_plan fused = {qkv, 3, i, d, d, stats ? &stats->qkv : NULL};
    struct input_stats *out = stats ? &stats->attention_out : NULL;
    struct input_stats *up = stats ? &stats->ffn_up : NULL;
    struct input_stats *down = stats ? &stats->ffn_down : NULL;
    int rc;
    if ((rc = pack_linear(p, &fused)) < 0) return rc;
    if ((rc = pack_single(p, ROLE_ATTENTION_OUT, i, d, d, out)) < 0) return rc;
    if ((rc = pack_norm(p, ROLE_ATTENTION_NORM, i)) < 0) return rc;
    if ((rc = pack_single(p, ROLE_FFN_UP, i, f, d, up)) < 0) return rc;
    if ((rc = pack_single(p, ROLE_FFN_DOWN, i, d, f, down)) < 0) return rc;
    return pack_norm(p, ROLE_FFN_NORM, i);
}

static int pack_layer(struct packer *p, size_t i)
{
    const struct pack_request *r = p->request;
    struct layer_stats stats = {0};
    if (r->precision != CUVEE_PRECISION_INT8 || !r->reference) return pack_layer_with(p, i, NULL);
    int rc = cuvee__calibrate(r->reference, r->calibration, r->n_calibration, i, &stats, p->err);
    if (rc == CUVEE_OK) rc = pack_layer_with(p, i, &stats);
    cuvee__layer_stats_deinit(&stats);
    return rc;
}

static int pack_embeddings(struct packer *p)
{
    const struct config *c = p->config;
    const struct expected_shape words = {{c->vocab_size, c->hidden_size}, .more_rows_fine = true};
    const struct expected_shape positions = {{c->max_positions, c->hidden_size}, false};
    const struct expected_shape types = {{c->n_types, c->hidden_size}, false};
    int rc;
    if ((rc = pack_table(p, ROLE_WORD, words)) < 0) return rc;
    /* Read even where the config says sinusoidal: what is stored is what the model was trained
     * with. */
    if ((rc = pack_table(p, ROLE_POSITION, positions)) < 0) return rc;
    if (c->n_types && (rc = pack_table(p, ROLE_TYPE, types)) < 0) return rc;
    return pack_norm(p, ROLE_EMBED_NORM, 0);
}

static void tell_progress(const struct packer *p, size_t n_layers)
{
    const struct pack_request *r = p->request;
    if (r->on_pack) r->on_pack(r->on_pack_user, n_layers, p->config->n_layers);
}

static int pack_weights(struct packer *p)
{
    const struct config *c = p->config;
    tell_progress(p, 0);
    int rc = pack_embeddings(p);
    for (size_t i = 0; i < c->n_layers && rc == CUVEE_OK; i++) {
        rc = pack_layer(p, i);
        if (rc == CUVEE_OK) tell_progress(p, i + 1);
    }
    if (rc == CUVEE_OK) rc = pack_absorbed_key(p, p->last_key);
    const size_t d = c->hidden_size;
    if (rc == CUVEE_OK) rc = pack_single(p, ROLE_HEAD_DENSE, 0, d, d, NULL);
    if (rc == CUVEE_OK) rc = pack_single(p, ROLE_HEAD_OUT, 0, c->n_labels, d, NULL);
    return rc < 0 ? rc : cuvee__resolver_finish(&p->resolver, p->err);
}

/* Its ids must have rows in the word table, which may be longer than config.json says. */
static int pack_tokenizer(struct packer *p)
{
    const struct packed_section s = {.kind = IMAGE_TOKENIZER};
    struct tokenizer *tokenizer = NULL;
    struct buffer image = {0};
    int rc = cuvee__tokenizer_open(p->request->dir, p->n_words, &tokenizer, p->err);
    if (rc == CUVEE_OK) rc = cuvee__tokenizer_image_write(tokenizer, &image, p->err);
    cuvee__tokenizer_close(tokenizer);
    if (rc == CUVEE_OK) rc = cuvee__packed_put(p->writer, &s, image.ptr, image.len, p->err);
    cuvee__buffer_deinit(&image);
    return rc;
}

static int pack_labels(struct packer *p)
{
    const struct config *c = p->config;
    int rc = cuvee__packed_begin(p->writer, &(struct packed_section){.kind = IMAGE_LABELS}, p->err);
    for (size_t i = 0; i < c->n_labels && rc == CUVEE_OK; i++)
        rc = cuvee__packed_append(p->writer, c->labels[i], strlen(c->labels[i]) + 1, p->err);
    return rc;
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

static void copy_name(char *field, const char *name)
{
    memcpy(field, name, strlen(name)); /* constants of families.c and config.c; fields are zeroed */
}

static int pack_config(struct packer *p)
{
    const struct config *c = p->config;
    struct image_config s = {
        .hidden_size = (uint32_t)c->hidden_size, /* config.h caps all of these */
        .n_layers = (uint32_t)c->n_layers,
        .n_heads = (uint32_t)c->n_heads,
        .intermediate_size = (uint32_t)c->intermediate_size,
        .vocab_size = (uint32_t)c->vocab_size,
        .max_positions = (uint32_t)c->max_positions,
        .n_types = (uint32_t)c->n_types,
        .problem = c->problem,
        .n_labels = (uint32_t)c->n_labels,
        .norm_eps = c->norm_eps,
        .n_parameters = p->n_parameters,
        .weights_file_bytes = cuvee__checkpoint_total_bytes(p->resolver.checkpoint),
    };
    copy_name(s.model_type, c->family->model_type);
    copy_name(s.act, c->act_name);
    copy_name(s.weights_dtype, dtype_text(p->dtypes));
    return cuvee__packed_put(p->writer, &(struct packed_section){.kind = IMAGE_CONFIG}, &s,
                             sizeof s, p->err);
}

static int pack_source(struct packer *p)
{
    const char *source = p->request->source ? p->request->source : "";
    return cuvee__packed_put(p->writer, &(struct packed_section){.kind = PACKED_SOURCE}, source,
                             strlen(source), p->err);
}

static int pack_all(struct packer *p)
{
    const struct config *c = p->config;
    /* A panel of the longest rows, k padded to whole groups of 4; or the longest vector. */
    const size_t longest_row = cuvee__max(c->hidden_size, c->intermediate_size) + 3;
    const size_t floats = CUVEE__PANEL * cuvee__max(longest_row, c->n_labels / CUVEE__PANEL + 1);
    p->rows = cuvee__alloc_array(floats, sizeof *p->rows);
    p->panel = cuvee__alloc_array(floats, sizeof *p->panel);
    if (!p->rows || !p->panel) return no_memory(p);
    int rc;
    if ((rc = pack_source(p)) < 0) return rc;
    if ((rc = pack_weights(p)) < 0) return rc;
    if ((rc = pack_tokenizer(p)) < 0) return rc;
    if ((rc = pack_labels(p)) < 0) return rc;
    return pack_config(p);
}

int cuvee__image_pack(const struct pack_request *request, const struct pack_source *source,
                      struct packed_writer *w, cuvee_error *err)
{
    struct packer p = {.request = request, .writer = w, .config = &source->config, .err = err};
    if (weight_type_of(&p, ROLE_QUERY) > IMAGE_LAST_WEIGHT_TYPE)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s: precision %s is not there yet",
                           request->dir, cuvee__precision_name(request->precision));
    cuvee__kernels_init(&p.kernels, cuvee__cpu_isa());
    int rc = cuvee__resolver_init(&p.resolver, source->config.family, source->checkpoint,
                                  request->dir, err);
    if (rc == CUVEE_OK) rc = pack_all(&p);
    cuvee__free(p.rows);
    cuvee__free(p.panel);
    cuvee__resolver_deinit(&p.resolver);
    return rc;
}

int cuvee__pack_source_open(struct pack_source *s, const char *dir, cuvee_error *err)
{
    *s = (struct pack_source){0};
    const int rc = cuvee__config_read(dir, &s->config, err);
    return rc < 0 ? rc : cuvee__checkpoint_open(dir, &s->checkpoint, err);
}

void cuvee__pack_source_close(struct pack_source *s)
{
    cuvee__config_deinit(&s->config);
    cuvee__checkpoint_close(s->checkpoint);
    s->checkpoint = NULL;
}
