/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading config.json. Strict where a wrong value would change scores, silent about the many keys
 * that only matter for training. A key that is null counts as absent where Transformers writes null
 * for "not set", and is an error where a size is needed. */
#include "model/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "os/file.h"

/* What every step needs. */
struct source {
    const char *path; /* of config.json, for messages */
    const json_t *root;
    cuvee_error *err;
};

/* NULL when the key is absent or null. */
static json_t *optional(const struct source *s, const char *key)
{
    json_t *value = json_object_get(s->root, key);
    return json_is_null(value) ? NULL : value;
}

static int wrong_type(const struct source *s, const char *key, const char *need)
{
    return cuvee__fail(s->err, CUVEE_E_FORMAT, "%s: key '%s' must be %s", s->path, key, need);
}

/* An optional string without NUL bytes; *ret stays as it was when there is none. */
static int read_string(const struct source *s, const char *key, const char **ret)
{
    const json_t *value = optional(s, key);
    if (!value) return CUVEE_OK;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return wrong_type(s, key, "a string");
    *ret = json_string_value(value);
    return CUVEE_OK;
}

static int read_size(const struct source *s, const struct size_key *key, size_t limit, size_t *ret)
{
    const char *name = key->name;
    if (key->alias && json_object_get(s->root, key->alias)) name = key->alias;
    const json_t *value = name ? json_object_get(s->root, name) : NULL;
    if (!value) {
        *ret = key->fallback;
        return CUVEE_OK;
    }
    if (!json_is_integer(value)) return wrong_type(s, name, "an integer");
    const json_int_t n = json_integer_value(value);
    if (n < 1)
        return cuvee__fail(s->err, CUVEE_E_FORMAT,
                           "%s: key '%s' is %" JSON_INTEGER_FORMAT ", must be at least 1", s->path,
                           name, n);
    if ((uint64_t)n > limit)
        return cuvee__fail(s->err, CUVEE_E_LIMIT,
                           "%s: key '%s' is %" JSON_INTEGER_FORMAT ", limit is %zu", s->path,
                           name, n, limit);
    *ret = (size_t)n;
    return CUVEE_OK;
}

static int read_sizes(const struct source *s, struct config *c)
{
    const struct family *f = c->family;
    const struct {
        const struct size_key *key;
        size_t limit;
        size_t *ret;
    } sizes[] = {
        {&f->hidden_size, CUVEE__MAX_HIDDEN_SIZE, &c->hidden_size},
        {&f->n_layers, CUVEE__MAX_LAYERS, &c->n_layers},
        {&f->n_heads, CUVEE__MAX_HIDDEN_SIZE, &c->n_heads},
        {&f->intermediate_size, CUVEE__MAX_INTERMEDIATE_SIZE, &c->intermediate_size},
        {&f->vocab_size, CUVEE__MAX_VOCAB_SIZE, &c->vocab_size},
        {&f->max_positions, CUVEE__MAX_POSITIONS, &c->max_positions},
        {&f->n_types, CUVEE__MAX_TYPES, &c->n_types},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int rc = read_size(s, sizes[i].key, sizes[i].limit, sizes[i].ret);
        if (rc < 0) return rc;
    }
    if (c->hidden_size % c->n_heads)
        return cuvee__fail(s->err, CUVEE_E_FORMAT, "%s: key '%s' is %zu, does not divide '%s' %zu",
                           s->path, f->n_heads.name, c->n_heads, f->hidden_size.name,
                           c->hidden_size);
    return CUVEE_OK;
}

static int read_norm_eps(const struct source *s, struct config *c)
{
    double eps = c->family->eps_fallback;
    const char *key = c->family->eps_key;
    const json_t *value = key ? json_object_get(s->root, key) : NULL;
    if (value) {
        if (!json_is_number(value)) return wrong_type(s, key, "a number");
        eps = json_number_value(value);
    }
    /* As float it must stay above zero: a row of equal values would divide by it. */
    if ((float)eps <= 0.0f || eps > 1.0)
        return cuvee__fail(s->err, CUVEE_E_FORMAT, "%s: key '%s' is %g, must be in (0, 1]", s->path,
                           key ? key : "eps", eps);
    c->norm_eps = (float)eps;
    return CUVEE_OK;
}

bool cuvee__act_find(const char *name, enum act *ret_act, const char **ret_name)
{
    static const struct {
        const char *name;
        enum act act;
    } acts[] = {
        {"gelu", ACT_GELU},
        {"gelu_python", ACT_GELU},
        {"gelu_new", ACT_GELU_TANH},
        {"gelu_fast", ACT_GELU_TANH},
        {"gelu_pytorch_tanh", ACT_GELU_TANH},
        {"gelu_accurate", ACT_GELU_TANH},
        {"quick_gelu", ACT_QUICK_GELU},
        {"relu", ACT_RELU},
        {"silu", ACT_SILU},
        {"swish", ACT_SILU},
        {"tanh", ACT_TANH},
    };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].name, name) != 0) continue;
        *ret_act = acts[i].act;
        *ret_name = acts[i].name;
        return true;
    }
    return false;
}

static int read_act(const struct source *s, struct config *c)
{
    const char *name = "gelu";
    const int rc = read_string(s, c->family->act_key, &name);
    if (rc < 0) return rc;
    if (cuvee__act_find(name, &c->act, &c->act_name)) return CUVEE_OK;
    return cuvee__fail(
        s->err, CUVEE_E_UNSUPPORTED,
        "%s: key '%s': activation '%s' is not supported (gelu, gelu_new, quick_gelu, relu, "
        "silu, tanh and their synonyms are)",
        s->path, c->family->act_key, name);
}

static int read_problem(const struct source *s, struct config *c)
{
    const char *name = "single_label_classification";
    const int rc = read_string(s, "problem_type", &name);
    if (rc < 0) return rc;
    if (strcmp(name, "single_label_classification") == 0)
        c->problem = PROBLEM_SINGLE_LABEL;
    else if (strcmp(name, "multi_label_classification") == 0)
        c->problem = PROBLEM_MULTI_LABEL;
    else if (strcmp(name, "regression") == 0)
        c->problem = PROBLEM_REGRESSION;
    else
        return cuvee__fail(s->err, CUVEE_E_FORMAT,
                           "%s: key 'problem_type' is '%s', must be single_label_classification, "
                           "multi_label_classification or regression",
                           s->path, name);
    return CUVEE_OK;
}

/* "0", "1", ... as Python writes an int: no sign, no leading zero. False for anything else, or >=
 * n. */
static bool parse_label_id(const char *key, size_t n, size_t *ret)
{
    size_t id = 0;
    if (!*key || (key[0] == '0' && key[1])) return false;
    for (const char *p = key; *p; p++) {
        if (*p < '0' || *p > '9') return false;
        id = id * 10 + (size_t)(*p - '0');
        if (id >= n) return false; /* also keeps id from wrapping */
    }
    *ret = id;
    return true;
}

/* id2label has n keys and they differ, so when each is a number below n, each number is there once.
 * The names point into the JSON. */
static int find_label_names(const struct source *s, json_t *id2label, struct config *c)
{
    const char *key;
    const json_t *value;
    json_object_foreach(id2label, key, value)
    {
        size_t id;
        if (!parse_label_id(key, c->n_labels, &id))
            return cuvee__fail(s->err, CUVEE_E_FORMAT,
                               "%s: key 'id2label' has '%s'; its %zu keys must be \"0\" to \"%zu\"",
                               s->path, key, c->n_labels, c->n_labels - 1);
        if (!json_is_string(value) ||
            strlen(json_string_value(value)) != json_string_length(value))
            return cuvee__fail(s->err, CUVEE_E_FORMAT,
                               "%s: key 'id2label': label %zu must be a string", s->path, id);
        c->labels[id] = json_string_value(value);
    }
    return CUVEE_OK;
}

/* Turn names that belong to others (NULL: LABEL_0, LABEL_1, ...) into the config's own: pointers
 * and text in one block. */
static int own_label_names(const struct source *s, struct config *c)
{
    size_t text_bytes = 0;
    char name[32];
    for (size_t i = 0; i < c->n_labels; i++)
        text_bytes += c->labels[i] ? strlen(c->labels[i]) + 1 : sizeof name;
    const char **labels = cuvee__malloc(c->n_labels * sizeof *labels + text_bytes);
    if (!labels) return cuvee__fail(s->err, CUVEE_E_NOMEM, "%s: out of memory", s->path);
    char *text = (char *)(labels + c->n_labels);
    for (size_t i = 0; i < c->n_labels; i++) {
        snprintf(name, sizeof name, "LABEL_%zu", i);
        const char *from = c->labels[i] ? c->labels[i] : name;
        const size_t bytes = strlen(from) + 1;
        labels[i] = memcpy(text, from, bytes);
        text += bytes;
    }
    cuvee__free(c->labels);
    c->labels = labels;
    return CUVEE_OK;
}

static int read_labels(const struct source *s, struct config *c)
{
    static const struct size_key count_key = {"num_labels", 0, NULL};
    json_t *id2label = optional(s, "id2label");
    if (id2label && !json_is_object(id2label)) return wrong_type(s, "id2label", "an object");
    int rc = read_size(s, &count_key, CUVEE__MAX_LABELS, &c->n_labels);
    if (rc < 0) return rc;

    const size_t n_names = json_object_size(id2label);
    if (id2label && c->n_labels && n_names != c->n_labels)
        return cuvee__fail(s->err, CUVEE_E_FORMAT,
                           "%s: key 'id2label' has %zu labels, 'num_labels' is %zu", s->path,
                           n_names, c->n_labels);
    if (id2label && n_names == 0)
        return cuvee__fail(s->err, CUVEE_E_FORMAT, "%s: key 'id2label' is empty", s->path);
    if (n_names > CUVEE__MAX_LABELS)
        return cuvee__fail(s->err, CUVEE_E_LIMIT, "%s: key 'id2label' has %zu labels, limit is %u",
                           s->path, n_names, CUVEE__MAX_LABELS);
    if (id2label)
        c->n_labels = n_names;
    else if (!c->n_labels)
        c->n_labels = 2; /* Transformers leaves both out for two unnamed labels */

    c->labels = cuvee__calloc(c->n_labels, sizeof *c->labels);
    if (!c->labels) return cuvee__fail(s->err, CUVEE_E_NOMEM, "%s: out of memory", s->path);
    if (id2label && (rc = find_label_names(s, id2label, c)) < 0) return rc;
    return own_label_names(s, c);
}

/* model_type chooses the body, architectures[0] the head. */
static int read_family(const struct source *s, struct config *c)
{
    const char *model_type = NULL;
    const int rc = read_string(s, "model_type", &model_type);
    if (rc < 0) return rc;
    if (!model_type)
        return cuvee__fail(s->err, CUVEE_E_FORMAT, "%s: key 'model_type' is missing", s->path);
    c->family = cuvee__family_find(model_type);
    if (!c->family)
        return cuvee__fail(s->err, CUVEE_E_UNSUPPORTED,
                           "%s: model_type '%s' is not supported%s; supported: %s", s->path,
                           model_type,
                           optional(s, "auto_map") ? " (and its own Python code is never run)" : "",
                           cuvee__families_supported());

    const json_t *list = optional(s, "architectures");
    const json_t *first = json_array_get(list, 0);
    if (!first)
        return cuvee__fail(s->err, CUVEE_E_UNSUPPORTED,
                           "%s: key 'architectures' names no classifier; supported: %s", s->path,
                           cuvee__families_supported());
    if (!json_is_string(first)) return wrong_type(s, "architectures", "a list of strings");
    if (strcmp(json_string_value(first), c->family->architecture) != 0)
        return cuvee__fail(
            s->err, CUVEE_E_UNSUPPORTED,
            "%s: architecture '%s' of model_type '%s' is not supported; supported: %s", s->path,
            json_string_value(first), model_type, cuvee__families_supported());
    return CUVEE_OK;
}

/* Keys that would change the forward pass into one that we do not have. */
static int refuse_variants(const struct source *s)
{
    const json_t *quantized = optional(s, "quantization_config");
    if (quantized) {
        const char *method = json_string_value(json_object_get(quantized, "quant_method"));
        return cuvee__fail(s->err, CUVEE_E_UNSUPPORTED,
                           "%s: weights are quantized (%s), need f32, f16 or bf16", s->path,
                           method ? method : "quantization_config");
    }
    const char *positions = "absolute";
    const int rc = read_string(s, "position_embedding_type", &positions);
    if (rc < 0) return rc;
    if (strcmp(positions, "absolute") != 0)
        return cuvee__fail(s->err, CUVEE_E_UNSUPPORTED,
                           "%s: position_embedding_type '%s' is not supported, only 'absolute'",
                           s->path, positions);
    static const char *const decoder_keys[] = {"is_decoder", "add_cross_attention",
                                               "is_encoder_decoder"};
    for (size_t i = 0; i < sizeof decoder_keys / sizeof *decoder_keys; i++) {
        const json_t *value = optional(s, decoder_keys[i]);
        if (value && !json_is_boolean(value))
            return wrong_type(s, decoder_keys[i], "true or false");
        if (json_is_true(value))
            return cuvee__fail(s->err, CUVEE_E_UNSUPPORTED,
                               "%s: key '%s' is true, only encoders are supported", s->path,
                               decoder_keys[i]);
    }
    return CUVEE_OK;
}

static int read_all(const struct source *s, struct config *c)
{
    if (!json_is_object(s->root))
        return cuvee__fail(s->err, CUVEE_E_FORMAT, "%s: must be a JSON object", s->path);
    int rc;
    if ((rc = read_family(s, c)) < 0) return rc;
    if ((rc = refuse_variants(s)) < 0) return rc;
    if ((rc = read_sizes(s, c)) < 0) return rc;
    if ((rc = read_norm_eps(s, c)) < 0) return rc;
    if ((rc = read_act(s, c)) < 0) return rc;
    if ((rc = read_problem(s, c)) < 0) return rc;
    return read_labels(s, c);
}

int cuvee__config_read(const char *dir, struct config *ret, cuvee_error *err)
{
    struct buffer path = {0}, text = {.cap_bytes = CUVEE__MAX_CONFIG_BYTES};
    struct config c = {0};
    json_t *root = NULL;
    int rc = cuvee__buffer_printf(&path, "%s/config.json", dir);
    if (rc < 0) {
        cuvee__fail(err, rc, "%s: out of memory", dir);
        goto done;
    }
    if ((rc = cuvee__file_read(path.ptr, &text, err)) < 0) goto done;
    if ((rc = cuvee__json_parse(buffer_span(&text), path.ptr, &root, err)) < 0) goto done;
    rc = read_all(&(struct source){path.ptr, root, err}, &c);
    if (rc < 0) {
        cuvee__config_deinit(&c);
        goto done;
    }
    *ret = c;
done:
    json_decref(root);
    cuvee__buffer_deinit(&text);
    cuvee__buffer_deinit(&path);
    return rc;
}

void cuvee__config_deinit(struct config *c)
{
    cuvee__free(c->labels);
    *c = (struct config){0};
}

const char *cuvee__problem_name(enum problem p)
{
    static const char *const names[] = {
        [PROBLEM_SINGLE_LABEL] = "single_label",
        [PROBLEM_MULTI_LABEL] = "multi_label",
        [PROBLEM_REGRESSION] = "regression",
    };
    return names[p];
}
