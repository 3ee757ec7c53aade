/* SPDX-License-Identifier: Apache-2.0
 *
 * From an image to a model that points into it. The file may come from anywhere, so whatever is an
 * offset, a count, an id or a string is checked here or by the parts that are opened; the only
 * thing taken as it comes is the value of a weight. Time does not depend on how many those are. */
#include "model/image.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "model/resolver.h"

_Static_assert(sizeof(struct image_config) == 128, "no gaps");

struct opener {
    const struct packed_file *image;
    const char *path;
    size_t next; /* section */
    cuvee_model *m;
    cuvee_error *err;
};

static int damaged(const struct opener *o, const char *what)
{
    return cuvee__fail(o->err, CUVEE_E_FORMAT, "%s: packed file: %s", o->path, what);
}

/* ---- sections ---- */

/* The next section must be this one; the numbers in `want` that count are what, dims. */
static int next(struct opener *o, struct packed_section want, const struct packed_section **ret)
{
    const size_t i = o->next++;
    if (i >= o->image->header->n_sections) return damaged(o, "a section is missing");
    const struct packed_section *s = &o->image->sections[i];
    if (s->kind != want.kind || s->role != want.role || s->layer != want.layer ||
        s->part != want.part || s->dims[0] != want.dims[0] || s->dims[1] != want.dims[1])
        return cuvee__fail(o->err, CUVEE_E_FORMAT,
                           "%s: packed file: section %zu is not what the configuration asks for "
                           "(kind %" PRIu32 ", role %" PRIu32 " of layer %" PRIu32 ")",
                           o->path, i, want.kind, want.role, want.layer);
    *ret = s;
    return CUVEE_OK;
}

static int next_bytes(struct opener *o, struct packed_section want, uint64_t bytes,
                      const struct packed_section **ret)
{
    const int rc = next(o, want, ret);
    if (rc < 0 || (*ret)->bytes == bytes) return rc;
    return cuvee__fail(o->err, CUVEE_E_FORMAT,
                       "%s: packed file: section %zu has %" PRIu64 " bytes, needs %" PRIu64,
                       o->path, o->next - 1, (*ret)->bytes, bytes);
}

static const void *at(const struct opener *o, const struct packed_section *s)
{
    return o->image->bytes + s->offset;
}

/* n is capped by config.h. */
static size_t padded_bytes(size_t n)
{
    return cuvee__round_up(n, CUVEE__PANEL) * sizeof(float);
}

static struct packed_section wanted(enum image_kind kind, enum role role, size_t layer)
{
    return (struct packed_section){.kind = kind, .role = role, .layer = (uint32_t)layer};
}

static int open_vector(struct opener *o, enum role role, size_t layer, enum part part, size_t n,
                       const float **ret)
{
    struct packed_section want = wanted(IMAGE_VECTOR, role, layer);
    const struct packed_section *s;
    want.part = part;
    want.dims[0] = n;
    const int rc = next_bytes(o, want, padded_bytes(n), &s);
    if (rc == CUVEE_OK) *ret = at(o, s);
    return rc;
}

static int open_norm(struct opener *o, enum role role, size_t layer, struct norm *norm)
{
    const size_t n = o->m->config.hidden_size;
    const int rc = open_vector(o, role, layer, PART_WEIGHT, n, &norm->gamma);
    return rc < 0 ? rc : open_vector(o, role, layer, PART_BIAS, n, &norm->beta);
}

/* ---- matrices ---- */

/* What follows the panels of an int8 matrix; `matrix` is their section. */
static int open_int8(struct opener *o, const struct packed_section *matrix, struct packed *w)
{
    const size_t n_bytes = padded_bytes(w->n);
    const struct packed_section *s;
    struct packed_section want = *matrix;
    int rc;
    w->activation_max = matrix->extra[0];
    w->run = matrix->extra[1];
    w->rotation = matrix->extra[2];
    if (w->activation_max < 1 || w->activation_max > 255 || w->run > 8 ||
        (w->run & (w->run - 1)) != 0 || w->rotation < 1 || w->rotation > w->k ||
        (w->rotation & (w->rotation - 1)) != 0 || w->k % w->rotation != 0)
        return damaged(o, "bounds of integer weights are impossible");
    want.kind = IMAGE_SCALES;
    if ((rc = next_bytes(o, want, n_bytes, &s)) < 0) return rc;
    w->scales = at(o, s);
    want.kind = IMAGE_SUMS;
    if ((rc = next_bytes(o, want, n_bytes, &s)) < 0) return rc;
    w->sums = at(o, s);
    want.kind = IMAGE_INPUT_SCALES;
    if ((rc = next(o, want, &s)) < 0) return rc;
    if (s->bytes && s->bytes != w->k * sizeof(float))
        return damaged(o, "input scales do not fit their matrix");
    if (s->bytes) w->input_scales = at(o, s);
    return CUVEE_OK;
}

static int open_linear(struct opener *o, enum role role, size_t layer, size_t n, size_t k,
                       struct linear *linear)
{
    struct packed_section want = wanted(IMAGE_MATRIX, role, layer);
    const struct packed_section *s;
    size_t bytes;
    want.dims[0] = n;
    want.dims[1] = k;
    int rc = next(o, want, &s);
    if (rc < 0) return rc;
    if (s->type > IMAGE_LAST_WEIGHT_TYPE ||
        !cuvee__packed_bytes((enum weight_type)s->type, n, k, &bytes) || s->bytes != bytes)
        return damaged(o, "a matrix has the wrong type or size");
    linear->w = (struct packed){
        .type = (enum weight_type)s->type, .n = n, .k = k, .panels = at(o, s)};
    if (linear->w.type == WEIGHT_INT8 && (rc = open_int8(o, s, &linear->w)) < 0) return rc;
    return open_vector(o, role, layer, PART_BIAS, n, &linear->bias);
}

/* n_rows: what it must have; 0 = at least those of the vocabulary. */
static int open_table(struct opener *o, enum role role, const char *name, size_t n_rows,
                      struct tensor *t)
{
    const struct config *c = &o->m->config;
    struct packed_section want = wanted(IMAGE_TABLE, role, 0);
    const struct packed_section *s;
    size_t n_elements, bytes;
    if (!n_rows && o->next < o->image->header->n_sections) {
        const uint64_t rows = o->image->sections[o->next].dims[0];
        if (rows < c->vocab_size || rows > CUVEE__MAX_VOCAB_SIZE)
            return damaged(o, "the word table does not have the vocabulary's rows");
        n_rows = (size_t)rows;
    }
    want.dims[0] = n_rows;
    want.dims[1] = c->hidden_size;
    int rc = next(o, want, &s);
    if (rc < 0) return rc;
    if (s->type >= DTYPE_OTHER || !cuvee__mul(n_rows, c->hidden_size, &n_elements) ||
        !cuvee__mul(n_elements, cuvee__dtype_bytes((enum dtype)s->type), &bytes) ||
        s->bytes != bytes)
        return damaged(o, "an embedding table has the wrong type or size");
    *t = (struct tensor){
        .name = name,
        .dtype = (enum dtype)s->type,
        .n_dims = 2,
        .dims = {n_rows, c->hidden_size},
        .n_elements = n_elements,
        .n_bytes = bytes,
        .data = at(o, s),
    };
    return CUVEE_OK;
}

/* ---- the walk ---- */

static int open_embeddings(struct opener *o)
{
    const struct config *c = &o->m->config;
    struct model_weights *w = &o->m->weights;
    int rc;
    if ((rc = open_table(o, ROLE_WORD, "words", 0, &w->tables[0])) < 0) return rc;
    rc = open_table(o, ROLE_POSITION, "positions", c->max_positions, &w->tables[1]);
    if (rc < 0) return rc;
    if (c->n_types) {
        if ((rc = open_table(o, ROLE_TYPE, "types", c->n_types, &w->tables[2])) < 0) return rc;
        w->type = &w->tables[2];
    }
    w->word = &w->tables[0];
    w->position = &w->tables[1];
    return open_norm(o, ROLE_EMBED_NORM, 0, &w->embed_norm);
}

static int open_layer(struct opener *o, size_t i, struct layer *layer)
{
    const size_t d = o->m->config.hidden_size, f = o->m->config.intermediate_size;
    const size_t d_padded = cuvee__round_up(d, CUVEE__PANEL);
    int rc;
    if ((rc = open_linear(o, ROLE_QUERY, i, 3 * d_padded, d, &layer->qkv)) < 0) return rc;
    if ((rc = open_linear(o, ROLE_ATTENTION_OUT, i, d, d, &layer->attention_out)) < 0) return rc;
    if ((rc = open_norm(o, ROLE_ATTENTION_NORM, i, &layer->attention_norm)) < 0) return rc;
    if ((rc = open_linear(o, ROLE_FFN_UP, i, f, d, &layer->ffn_up)) < 0) return rc;
    if ((rc = open_linear(o, ROLE_FFN_DOWN, i, d, f, &layer->ffn_down)) < 0) return rc;
    return open_norm(o, ROLE_FFN_NORM, i, &layer->ffn_norm);
}

static int open_absorbed_key(struct opener *o)
{
    const struct config *c = &o->m->config;
    const size_t head_size = c->hidden_size / c->n_heads;
    const size_t n = c->n_heads * cuvee__round_up(c->hidden_size, CUVEE__PANEL);
    struct packed_section want = wanted(IMAGE_ABSORBED_KEY, ROLE_KEY, c->n_layers - 1);
    const struct packed_section *s;
    size_t bytes;
    if (!cuvee__can_absorb(c)) return CUVEE_OK;
    want.dims[0] = n;
    want.dims[1] = head_size;
    const int rc = next(o, want, &s);
    if (rc < 0) return rc;
    if (s->type > WEIGHT_BF16 || s->type > IMAGE_LAST_WEIGHT_TYPE ||
        !cuvee__packed_bytes((enum weight_type)s->type, n, head_size, &bytes) || s->bytes != bytes)
        return damaged(o, "the absorbed key has the wrong type or size");
    o->m->weights.absorbed_key.w = (struct packed){
        .type = (enum weight_type)s->type, .n = n, .k = head_size, .panels = at(o, s)};
    return CUVEE_OK;
}

/* Every pass reads all matrices, but few rows of the tables, which come first. */
static void advise_pages(const struct opener *o)
{
    const struct model_weights *w = &o->m->weights;
    const struct file_map *map = &o->m->map;
    size_t end = 0;
    for (size_t i = 0; i < sizeof w->tables / sizeof *w->tables; i++)
        if (w->tables[i].data)
            end = cuvee__max(end,
                             (size_t)(w->tables[i].data - o->image->bytes) + w->tables[i].n_bytes);
    if (!map->ptr || end > map->len) return;
    cuvee__file_map_small_pages(map, 0, end);
    cuvee__file_map_large_pages(map, end, map->len - end);
}

static int open_weights(struct opener *o)
{
    const struct config *c = &o->m->config;
    struct model_weights *w = &o->m->weights;
    w->layers = cuvee__calloc(c->n_layers, sizeof *w->layers);
    if (!w->layers) return cuvee__fail(o->err, CUVEE_E_NOMEM, "%s: out of memory", o->path);
    w->n_layers = c->n_layers;
    int rc = open_embeddings(o);
    for (size_t i = 0; i < c->n_layers && rc == CUVEE_OK; i++) rc = open_layer(o, i, &w->layers[i]);
    if (rc == CUVEE_OK) rc = open_absorbed_key(o);
    if (rc == CUVEE_OK)
        rc = open_linear(o, ROLE_HEAD_DENSE, 0, c->hidden_size, c->hidden_size, &w->head_dense);
    if (rc == CUVEE_OK)
        rc = open_linear(o, ROLE_HEAD_OUT, 0, c->n_labels, c->hidden_size, &w->head_out);
    if (rc == CUVEE_OK) advise_pages(o);
    return rc;
}

static int open_tokenizer(struct opener *o)
{
    const struct packed_section *s;
    int rc = next(o, (struct packed_section){.kind = IMAGE_TOKENIZER}, &s);
    if (rc < 0) return rc;
    const struct span bytes = {at(o, s), (size_t)s->bytes};
    rc = cuvee__tokenizer_image_open(bytes, o->m->weights.word->dims[0], &o->m->tokenizer, o->err);
    if (rc < 0) cuvee__error_prefix(o->err, "%s: packed file", o->path);
    return rc;
}

static int open_labels(struct opener *o)
{
    struct config *c = &o->m->config;
    const struct packed_section *s;
    const int rc = next(o, (struct packed_section){.kind = IMAGE_LABELS}, &s);
    if (rc < 0) return rc;
    const char *text = at(o, s), *end = text + s->bytes;
    if (cuvee__utf8_valid_prefix(text, (size_t)s->bytes) != s->bytes)
        return damaged(o, "labels are no UTF-8");
    c->labels = cuvee__calloc(c->n_labels, sizeof *c->labels);
    if (!c->labels) return cuvee__fail(o->err, CUVEE_E_NOMEM, "%s: out of memory", o->path);
    for (size_t i = 0; i < c->n_labels; i++) {
        const char *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;
        if (!nul) return damaged(o, "there are fewer labels than the configuration says");
        c->labels[i] = text;
        text = nul + 1;
    }
    return text == end ? CUVEE_OK : damaged(o, "there are more labels than the configuration says");
}

/* ---- configuration ---- */

static bool is_string(const char *field, size_t bytes)
{
    return memchr(field, '\0', bytes) != NULL;
}

static bool in_range(size_t n, size_t least, size_t most)
{
    return n >= least && n <= most;
}

/* The same bounds as of config.json. */
static bool sizes_fit(const struct image_config *s)
{
    return in_range(s->hidden_size, 1, CUVEE__MAX_HIDDEN_SIZE) &&
           in_range(s->n_layers, 1, CUVEE__MAX_LAYERS) &&
           in_range(s->n_heads, 1, s->hidden_size) && s->hidden_size % s->n_heads == 0 &&
           in_range(s->intermediate_size, 1, CUVEE__MAX_INTERMEDIATE_SIZE) &&
           in_range(s->vocab_size, 1, CUVEE__MAX_VOCAB_SIZE) &&
           in_range(s->max_positions, 1, CUVEE__MAX_POSITIONS) &&
           in_range(s->n_types, 0, CUVEE__MAX_TYPES) && s->problem <= PROBLEM_REGRESSION &&
           in_range(s->n_labels, 1, CUVEE__MAX_LABELS) && s->norm_eps > 0.0f &&
           s->norm_eps <= 1.0f;
}

static int open_names(struct opener *o, const struct image_config *s)
{
    static const char *const dtypes[] = {"f32", "f16", "bf16", "f64", "mixed"};
    struct config *c = &o->m->config;
    if (!is_string(s->model_type, sizeof s->model_type) || !is_string(s->act, sizeof s->act) ||
        !is_string(s->weights_dtype, sizeof s->weights_dtype))
        return damaged(o, "a name in the configuration has no end");
    c->family = cuvee__family_find(s->model_type);
    if (!c->family) return damaged(o, "unknown family of models");
    if (!cuvee__act_find(s->act, &c->act, &c->act_name)) return damaged(o, "unknown activation");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(s->weights_dtype, dtypes[i]) == 0) o->m->weights_dtype = dtypes[i];
    return o->m->weights_dtype ? CUVEE_OK : damaged(o, "unknown type of the stored weights");
}

static int open_config(struct opener *o)
{
    const size_t n = o->image->header->n_sections;
    const struct packed_section *last = n ? &o->image->sections[n - 1] : NULL;
    if (!last || last->kind != IMAGE_CONFIG || last->bytes != sizeof(struct image_config))
        return damaged(o, "the configuration is missing");
    const struct image_config *s = at(o, last);
    struct config *c = &o->m->config;
    const int rc = open_names(o, s);
    if (rc < 0) return rc;
    const bool has_types = c->family->modules[ROLE_TYPE] != NULL;
    if (!sizes_fit(s) || (s->n_types > 0) != has_types)
        return damaged(o, "a size in the configuration is out of range");
    c->hidden_size = s->hidden_size;
    c->n_layers = s->n_layers;
    c->n_heads = s->n_heads;
    c->intermediate_size = s->intermediate_size;
    c->vocab_size = s->vocab_size;
    c->max_positions = s->max_positions;
    c->n_types = s->n_types;
    c->norm_eps = s->norm_eps;
    c->problem = (enum problem)s->problem;
    c->n_labels = s->n_labels;
    o->m->n_parameters = s->n_parameters;
    o->m->weights_file_bytes = s->weights_file_bytes;
    return CUVEE_OK;
}

int cuvee__image_open(const struct packed_file *image, const char *path, cuvee_model *m,
                      cuvee_error *err)
{
    struct opener o = {.image = image, .path = path, .m = m, .err = err};
    const struct packed_section *source;
    int rc;
    if ((rc = open_config(&o)) < 0) return rc;
    if ((rc = next(&o, (struct packed_section){.kind = PACKED_SOURCE}, &source)) < 0) return rc;
    if ((rc = open_weights(&o)) < 0) return rc;
    if ((rc = open_tokenizer(&o)) < 0) return rc;
    if ((rc = open_labels(&o)) < 0) return rc;
    return o.next + 1 == image->header->n_sections ? CUVEE_OK
                                                   : damaged(&o, "there are sections too many");
}
